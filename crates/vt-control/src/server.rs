//! The program vtctld: the service on gRPC, its pages on HTTP, its place in the election.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vt_base::Result;
use vt_rpc::dial::{DialConfig, TabletDialer};
use vt_rpc::server::ServerConfig;
use vt_rpc::vtctlservice::{vtctl_server::VtctlServer, vtctld_server::VtctldServer};
use vt_service::http::{Pages, bind, escape_html};
use vt_service::{Stats, Tasks};
use vt_topo::TopoServer;

use crate::grpc::VtctldService;
use crate::{Control, Options};

/// The election that every vtctld enters; its key tells which of them is the main one.
const ELECTION: &str = "vtctld";
/// How long to wait before the election is entered again after a failure.
const ELECTION_RETRY: Duration = Duration::from_secs(5);

/// What the program is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// `host:port` of gRPC.
    pub grpc_address: String,
    /// `host:port` of the web pages.
    pub http_address: String,
    /// How others are told to reach this process, `host:port`; the name in the election.
    pub advertised_address: String,
    pub options: Options,
    pub dial: DialConfig,
    pub server: ServerConfig,
    /// The largest message that is taken or sent, in bytes (`--grpc-max-message-size`).
    pub message_bytes_max: usize,
    /// How long commands under way may go on after the order to stop.
    pub shutdown_grace: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            grpc_address: "127.0.0.1:15999".to_owned(),
            http_address: "127.0.0.1:15000".to_owned(),
            advertised_address: "localhost:15999".to_owned(),
            options: Options::default(),
            dial: DialConfig::default(),
            server: ServerConfig::default(),
            message_bytes_max: vt_rpc::MESSAGE_BYTES_MAX,
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// The program, listening and ready to run.
pub struct Vtctld {
    config: Config,
    control: Control,
    grpc: TcpListener,
    http: TcpListener,
    stats: Stats,
    tasks: Tasks,
}

impl Vtctld {
    /// Opens the listeners; port 0 takes a free one.
    pub async fn build(config: Config, topo: Arc<TopoServer>) -> Result<Vtctld> {
        let grpc = bind("gRPC", &config.grpc_address).await?;
        let http = bind("web pages", &config.http_address).await?;
        let dialer = TabletDialer::new(config.dial.clone());
        let control = Control::new(topo, dialer, config.options.clone());
        Ok(Vtctld { config, control, grpc, http, stats: Stats::new("vtctld"), tasks: Tasks::new() })
    }

    /// Returns the commands, for one who runs them in this process.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Returns where gRPC is served.
    pub fn grpc_address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.grpc.local_addr()
    }

    /// Returns where the web pages are served.
    pub fn http_address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.http.local_addr()
    }

    /// Serves until the token is cancelled; commands under way then get a while to end.
    pub async fn run(self, shutdown: CancellationToken) -> Result<()> {
        let topo = self.control.topo.clone();
        let advertised = self.config.advertised_address.clone();
        self.tasks.spawn("election", stand(topo, advertised, self.tasks.token().clone()));
        let pages = pages(&self.stats, &self.control, &self.config);
        let http = self.http;
        let token = self.tasks.token().clone();
        self.tasks.spawn("http", pages.serve(http, token));
        let service = VtctldService::new(self.control.clone(), self.tasks.clone(), &self.stats);
        let max = self.config.message_bytes_max;
        let routes = tonic::service::Routes::new(
            VtctldServer::new(service.clone())
                .max_decoding_message_size(max)
                .max_encoding_message_size(max),
        )
        .add_service(
            VtctlServer::new(service).max_decoding_message_size(max).max_encoding_message_size(max),
        );
        tracing::info!(grpc = %self.config.grpc_address, http = %self.config.http_address, "vtctld serves");
        let served =
            vt_rpc::server::serve(self.grpc, routes, self.config.server.clone(), shutdown).await;
        if !self.tasks.shutdown(self.config.shutdown_grace).await {
            tracing::warn!("commands were still running and were left");
        }
        served
    }
}

/// Stands in the election until told to stop, and again after each loss.
async fn stand(topo: Arc<TopoServer>, id: String, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(err) = lead(&topo, &id, &stop).await {
            tracing::debug!(%err, "the election will be entered again");
            stop.run_until_cancelled(tokio::time::sleep(ELECTION_RETRY)).await;
        }
    }
}

/// Waits to lead, and leads until told to stop or the office is lost.
async fn lead(topo: &TopoServer, id: &str, stop: &CancellationToken) -> Result<()> {
    let candidate = topo.candidate(ELECTION, id)?;
    let Some(leadership) = stop.run_until_cancelled(candidate.lead()).await else {
        return Ok(());
    };
    let leadership = leadership?;
    tracing::info!(id, "leads the vtctld election");
    let lost = leadership.lost();
    tokio::select! {
        biased;
        () = stop.cancelled() => leadership.resign().await?,
        () = lost.cancelled() => {}
    }
    Ok(())
}

fn pages(stats: &Stats, control: &Control, config: &Config) -> Pages {
    let healthy = Arc::new(|| Ok(()));
    let advertised = config.advertised_address.clone();
    let status = Arc::new(move || {
        let server = escape_html(&advertised);
        format!(
            "<p>Commands: <code>vtctldclient --server {server} help</code></p>\n\
             <h2>Tablets</h2>\n<iframe src=\"/debug/tablets\" title=\"tablets\" \
             style=\"width:100%;height:20em;border:0\"></iframe>\n\
             <h2>Commands</h2>\n<p>{}</p>",
            crate::commands::names().join(" ")
        )
    });
    let tablets = control.clone();
    let router = axum::Router::new()
        .route("/debug/tablets", axum::routing::get(async move || tablets_page(&tablets).await));
    Pages::new("vtctld", stats, healthy, status).with(router)
}

/// Lists the tablets as `GetTablets` does.
async fn tablets_page(control: &Control) -> axum::response::Response {
    let text = match control.execute_vtctl_command(&["ListAllTablets".to_owned()]).await {
        Ok(text) => text,
        Err(err) => format!("cannot read the topology: {err}\n"),
    };
    vt_service::http::text_page(text)
}
