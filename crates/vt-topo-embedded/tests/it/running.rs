//! A running server, and etcdctl to ask it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vt_topo_embedded::{Config, ServeError, Server};

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    /// Starts a server on a free port.
    pub(crate) async fn start(data_path: &Path) -> Running {
        let listen = "127.0.0.1:0".parse().expect("an address");
        let server = Server::bind(Config { listen, data_path: data_path.to_owned() })
            .await
            .expect("the server binds");
        let address = server.local_addr();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(server.run(shutdown.clone()));
        Running { address, shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("no panic").expect("a clean end");
    }

    /// Returns an etcdctl command line for this server.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("etcdctl", "etcd-client"));
        command.env("ETCDCTL_API", "3").args(["--endpoints", &self.address.to_string()]);
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs etcdctl to its end; returns what it prints.
    pub(crate) async fn etcdctl(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments, "").await;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "etcdctl {arguments:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs etcdctl with a text on its standard input.
    pub(crate) async fn output(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let run = move || {
            let mut child = command.spawn().expect("etcdctl starts");
            let mut stdin = child.stdin.take().expect("a pipe");
            std::io::Write::write_all(&mut stdin, input.as_bytes()).expect("etcdctl reads");
            drop(stdin);
            child.wait_with_output().expect("etcdctl ends")
        };
        tokio::task::spawn_blocking(run).await.expect("no panic")
    }
}

/// Finds a program on PATH; a test that needs it cannot pass without.
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|at| at.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "this test needs the program {name} on PATH; on Debian and Ubuntu: \
             apt-get install {package}"
        )
    })
}
