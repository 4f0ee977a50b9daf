//! The embedded server for a test, in this process.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vt_topo_embedded::{Config, ServeError, Server};
use vt_topo_etcd::EtcdStore;

use crate::etcd::quick;

pub(crate) struct Embedded {
    folder: tempfile::TempDir,
    listen: SocketAddr,
    running: Option<(CancellationToken, JoinHandle<Result<(), ServeError>>)>,
}

impl Embedded {
    pub(crate) async fn start() -> Embedded {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listen = "127.0.0.1:0".parse().expect("an address");
        let mut embedded = Embedded { folder, listen, running: None };
        embedded.run().await;
        embedded
    }

    /// Starts the server on the data that is there, on the same port after the first time.
    pub(crate) async fn run(&mut self) {
        let data_path = self.folder.path().join("topo.db");
        let config = Config { listen: self.listen, data_path };
        let until = Instant::now() + Duration::from_secs(30);
        let server = loop {
            match Server::bind(config.clone()).await {
                Ok(server) => break server,
                // The port may be somebody's for a moment.
                Err(ServeError::PortTaken(_)) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(err) => panic!("the server does not bind: {err}"),
            }
        };
        self.listen = server.local_addr();
        let shutdown = CancellationToken::new();
        self.running = Some((shutdown.clone(), tokio::spawn(server.run(shutdown))));
    }

    pub(crate) fn address(&self) -> String {
        self.listen.to_string()
    }

    pub(crate) fn store(&self, root: &str) -> EtcdStore {
        EtcdStore::new(&self.address(), root, quick()).expect("an address")
    }

    pub(crate) async fn halt(&mut self) {
        if let Some((shutdown, task)) = self.running.take() {
            shutdown.cancel();
            task.await.expect("no panic").expect("a clean end");
        }
    }

    pub(crate) async fn stop(mut self) {
        self.halt().await;
    }
}
