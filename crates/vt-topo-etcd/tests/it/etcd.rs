//! A real etcd for a test: on free ports, in a folder of its own, killed at the end.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vt_topo::Store;
use vt_topo_etcd::{EtcdOptions, EtcdStore};

pub(crate) struct Etcd {
    client_port: u16,
    peer_port: u16,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Etcd {
    /// Starts an etcd and waits until it answers.
    pub(crate) async fn start() -> Etcd {
        let mut etcd = Etcd {
            client_port: free_port(),
            peer_port: free_port(),
            folder: tempfile::tempdir().expect("a temporary folder"),
            child: None,
        };
        etcd.run().await;
        etcd
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.client_port)
    }

    /// Starts the program on the data that is there, on the same ports.
    pub(crate) async fn run(&mut self) {
        let client = format!("http://127.0.0.1:{}", self.client_port);
        let peer = format!("http://127.0.0.1:{}", self.peer_port);
        let child = Command::new(program("etcd"))
            .env_clear()
            .arg("--data-dir")
            .arg(self.folder.path().join("data"))
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("default={peer}")])
            .args(["--logger", "zap", "--log-level", "error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("etcd starts");
        self.child = Some(child);
        let store = self.store("/ready");
        let until = Instant::now() + Duration::from_secs(30);
        while let Err(err) = store.list("").await {
            assert!(Instant::now() < until, "etcd does not answer: {err}");
        }
    }

    /// Kills the program; its data stays.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn store(&self, root: &str) -> EtcdStore {
        EtcdStore::new(&self.address(), root, quick()).expect("an address")
    }

    /// Runs etcdctl against this server.
    pub(crate) fn etcdctl(&self, arguments: &[&str]) -> String {
        etcdctl(&self.address(), arguments)
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs etcdctl against a server, and returns what it prints.
pub(crate) fn etcdctl(address: &str, arguments: &[&str]) -> String {
    let output = Command::new(program("etcdctl"))
        .env("ETCDCTL_API", "3")
        .args(["--endpoints", address])
        .args(arguments)
        .output()
        .expect("etcdctl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Options for servers that tests kill: errors come soon.
pub(crate) fn quick() -> EtcdOptions {
    EtcdOptions {
        lease_ttl: Duration::from_secs(3),
        operation_timeout: Duration::from_secs(5),
        attempt_timeout: Duration::from_secs(2),
        tls: None,
    }
}

/// Finds a program on PATH; a test that needs it cannot pass without.
fn program(name: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|at| is_file(at));
    found.unwrap_or_else(|| {
        panic!(
            "this test needs the program {name} on PATH; on Debian and Ubuntu: \
             apt-get install etcd-server etcd-client"
        )
    })
}

fn is_file(path: &Path) -> bool {
    path.is_file()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}
