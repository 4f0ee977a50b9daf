//! The program vtorc: its watchers, its pages.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vt_base::Result;
use vt_reparent::{Cluster, Options};
use vt_rpc::dial::TabletDialer;
use vt_service::http::{Pages, bind};
use vt_service::{Stats, Tasks};
use vt_topo::TopoServer;

use crate::audit::{self, Audit};
use crate::board::Board;
use crate::{Config, api, roster};

/// The program, listening and ready to run.
pub struct Vtorc {
    config: Arc<Config>,
    cluster: Cluster,
    board: Board,
    audit: Option<audit::Writer>,
    http: TcpListener,
    stats: Stats,
}

impl Vtorc {
    /// Opens the listener; port 0 takes a free one.
    pub async fn build(config: Config, topo: Arc<TopoServer>) -> Result<Vtorc> {
        let http = bind("web pages", &config.http_address).await?;
        let options = Options {
            tablet_timeout: config.tablet_timeout,
            concurrency: config.workers,
            ..Options::default()
        };
        let dialer = TabletDialer::new(config.dial.clone());
        let stats = Stats::new("vtorc");
        let (audit, writer) = match config.audit_file.clone().map(Audit::to_file) {
            Some((audit, writer)) => (audit, Some(writer)),
            None => (Audit::default(), None),
        };
        let board = Board::new(&stats, audit);
        let cluster = Cluster { topo, dialer, options };
        Ok(Vtorc { config: Arc::new(config), cluster, board, audit: writer, http, stats })
    }

    /// Returns what is known, for one who looks from within this process.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Returns where the web pages are served.
    pub fn http_address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.http.local_addr()
    }

    /// Watches until the token is cancelled; recoveries under way then get a while to end.
    pub async fn run(self, shutdown: CancellationToken) -> Result<()> {
        let Vtorc { config, cluster, board, audit, http, stats } = self;
        let pages = pages(&stats, &board, &config);
        let tasks = Tasks::new();
        tasks.spawn("http", pages.serve(http, tasks.token().clone()));
        if let Some(audit) = audit {
            tasks.spawn("audit", audit.run(tasks.token().clone()));
        }
        let watch = roster::keep(config.clone(), cluster, board, tasks.child());
        tracing::info!(http = config.http_address, "vtorc watches");
        tasks.spawn("roster", watch);
        shutdown.cancelled().await;
        if !tasks.shutdown(config.shutdown_wait).await {
            tracing::warn!("recoveries were still running and were left");
        }
        Ok(())
    }
}

fn pages(stats: &Stats, board: &Board, config: &Config) -> Pages {
    let known = board.clone();
    let healthy = Arc::new(move || match known.has_discovered() {
        true => Ok(()),
        false => Err("the topology has not been read yet".to_owned()),
    });
    let known = board.clone();
    let status = Arc::new(move || api::status_page(&known));
    Pages::new("vtorc", stats, healthy, status).with(api::router(board, config))
}
