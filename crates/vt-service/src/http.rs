//! The web pages that every program serves, and room for its own.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};

use crate::Stats;

/// Says whether the program is fit to serve; the error is the reason why it is not.
pub type HealthCheck = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;
/// Writes the program's part of the status page, as HTML.
pub type StatusPart = Arc<dyn Fn() -> String + Send + Sync>;

/// The pages of a program.
pub struct Pages {
    router: Router,
}

impl Pages {
    /// Makes the pages that all programs have.
    pub fn new(program: &str, stats: &Stats, health: HealthCheck, status: StatusPart) -> Pages {
        let (vars, metrics) = (stats.clone(), stats.clone());
        let check = move || {
            let health = health.clone();
            async move { health_page(health()) }
        };
        let title = program.to_owned();
        let router = Router::new()
            .route("/debug/vars", get(async move || json_page(&vars.vars())))
            .route("/metrics", get(async move || text_page(metrics.prometheus())))
            .route("/healthz", get(check.clone()))
            .route("/debug/health", get(check))
            .route("/debug/status", get(async move || status_page(&title, &status())));
        Pages { router }
    }

    /// Adds a program's own pages.
    #[must_use]
    pub fn with(mut self, router: Router) -> Pages {
        self.router = self.router.merge(router);
        self
    }

    /// Serves on a listener until the token is cancelled.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) {
        let served = axum::serve(listener, self.router)
            .with_graceful_shutdown(shutdown.cancelled_owned())
            .await;
        if let Err(err) = served {
            tracing::error!(%err, "web pages ended");
        }
    }
}

/// Opens a listening socket; says which address is taken, and by the way what to do.
pub async fn bind(what: &str, address: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|err| {
        let hint = match err.kind() {
            std::io::ErrorKind::AddrInUse => {
                "; another process has it: stop that, or pass another port"
            }
            _ => "",
        };
        Error::new(Code::Unavailable, format!("cannot listen on {address} for {what}: {err}{hint}"))
    })
}

/// Returns a page of indented JSON.
pub fn json_page(value: &serde_json::Value) -> Response {
    let text = format!("{value:#}\n");
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Returns a page of plain text.
pub fn text_page(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn health_page(health: Result<(), String>) -> Response {
    match health {
        Ok(()) => "ok".into_response(),
        Err(reason) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("not ok: {reason}\n")).into_response()
        }
    }
}

fn status_page(program: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{program}</title>\
         <style>body{{font:14px sans-serif;margin:2em}}table{{border-collapse:collapse}}\
         td,th{{border:1px solid #ccc;padding:.25em .6em;text-align:left}}</style></head>\
         <body><h1>{program}</h1>\n{body}\n<p><a href=\"/debug/vars\">vars</a> \
         <a href=\"/metrics\">metrics</a> <a href=\"/debug/health\">health</a></p></body></html>\n"
    ))
}

/// Escapes text for a page.
pub fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
