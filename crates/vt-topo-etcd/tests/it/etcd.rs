//! A real etcd for a test: on free ports, in a folder of its own, killed at the end.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vt_topo::Store;
use vt_topo_etcd::{EtcdOptions, EtcdStore};

/// The files of an etcd that speaks TLS.
pub(crate) struct EtcdTls {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

pub(crate) struct Etcd {
    client_port: u16,
    peer_port: u16,
    name: String,
    cluster: String,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Etcd {
    /// Starts an etcd and waits until it answers.
    pub(crate) async fn start() -> Etcd {
        let mut etcd = Etcd::prepared();
        etcd.run().await;
        etcd
    }

    /// Starts an etcd that takes only clients with a certificate; it need not answer yet.
    pub(crate) async fn start_tls(tls: &EtcdTls) -> Etcd {
        let mut etcd = Etcd::prepared();
        let mut command = etcd.command("https");
        command.arg("--client-cert-auth").arg("--trusted-ca-file").arg(&tls.ca);
        command.arg("--cert-file").arg(&tls.certificate).arg("--key-file").arg(&tls.key);
        etcd.child = Some(command.spawn().expect("etcd starts"));
        let until = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", etcd.client_port)).is_err() {
            assert!(Instant::now() < until, "etcd does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        etcd
    }

    /// Starts members of one cluster and waits until it answers.
    pub(crate) async fn start_cluster(count: usize) -> Vec<Etcd> {
        let mut members: Vec<Etcd> = (0..count).map(|_| Etcd::prepared()).collect();
        let names = |index: usize| format!("member{index}");
        let peers: Vec<String> = members
            .iter()
            .enumerate()
            .map(|(index, one)| format!("{}=http://127.0.0.1:{}", names(index), one.peer_port))
            .collect();
        for (index, member) in members.iter_mut().enumerate() {
            member.name = names(index);
            member.cluster = peers.join(",");
            member.child = Some(member.command("http").spawn().expect("etcd starts"));
        }
        members[0].answers().await;
        members
    }

    fn prepared() -> Etcd {
        let peer_port = free_port();
        Etcd {
            client_port: free_port(),
            peer_port,
            name: "default".to_owned(),
            cluster: format!("default=http://127.0.0.1:{peer_port}"),
            folder: tempfile::tempdir().expect("a temporary folder"),
            child: None,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.client_port)
    }

    fn command(&self, scheme: &str) -> Command {
        let client = format!("{scheme}://127.0.0.1:{}", self.client_port);
        let peer = format!("http://127.0.0.1:{}", self.peer_port);
        let mut command = Command::new(program("etcd"));
        command
            .env_clear()
            .arg("--data-dir")
            .arg(self.folder.path().join("data"))
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--name", &self.name, "--initial-cluster", &self.cluster])
            .args(["--logger", "zap", "--log-level", "error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Starts the program on the data that is there, on the same ports.
    pub(crate) async fn run(&mut self) {
        self.child = Some(self.command("http").spawn().expect("etcd starts"));
        self.answers().await;
    }

    /// Waits until the program answers; starts it again if it ends, for its port may have been
    /// somebody's for a moment.
    async fn answers(&mut self) {
        let store = self.store("/ready");
        let until = Instant::now() + Duration::from_secs(30);
        while let Err(err) = store.list("").await {
            assert!(Instant::now() < until, "etcd does not answer: {err}");
            let child = self.child.as_mut().expect("it was started");
            if child.try_wait().expect("its state").is_some() {
                self.child = Some(self.command("http").spawn().expect("etcd starts"));
            }
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
fn program(name: &str) -> PathBuf {
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
