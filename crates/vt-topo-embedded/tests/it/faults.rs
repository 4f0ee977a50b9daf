//! Restarts, and conditions under which the server cannot run.

use std::path::Path;

use vt_topo_embedded::{Config, ServeError, Server};

use crate::running::Running;

async fn bind(port: u16, data_path: &Path) -> Result<Server, ServeError> {
    let listen = ([127, 0, 0, 1], port).into();
    Server::bind(Config { listen, data_path: data_path.to_owned() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_keys_revisions_and_leases() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("deep/below/topo.db");
    let first = Running::start(&path).await;
    first.etcdctl(&["put", "a", "1"]).await;
    first.etcdctl(&["put", "b", "1"]).await;
    first.etcdctl(&["put", "a", "2"]).await;
    first.etcdctl(&["del", "b"]).await;
    let granted = first.etcdctl(&["lease", "grant", "60"]).await;
    let id = granted.split_whitespace().nth(1).expect("lease ID granted ...").to_owned();
    first.etcdctl(&["put", "leased", "x", "--lease", &id]).await;
    let before = first.etcdctl(&["get", "", "--prefix", "-w", "json"]).await;
    let members = first.etcdctl(&["member", "list"]).await;
    first.stop().await;

    let second = Running::start(&path).await;
    let after = second.etcdctl(&["get", "", "--prefix", "-w", "json"]).await;
    assert_eq!(before, after);
    let id_of = |list: &str| list.split(',').next().map(str::to_owned);
    assert_eq!(id_of(&members), id_of(&second.etcdctl(&["member", "list"]).await));
    // Nothing is told of what was before.
    let old = second.output(&["watch", "", "--prefix", "--rev=2"], "").await;
    assert!(String::from_utf8_lossy(&old.stderr).contains("compacted"));
    second.etcdctl(&["lease", "revoke", &id]).await;
    assert_eq!(second.etcdctl(&["get", "leased"]).await, "");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_use_and_a_port_taken_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("topo.db");
    let running = Running::start(&path).await;
    let err = bind(0, &path).await.err().expect("the file is in use");
    assert!(matches!(err, ServeError::InUse(_)), "{err}");
    assert!(err.to_string().contains("topo.db is in use by another process"), "{err}");
    let port = running.address.port();
    let err = bind(port, &folder.path().join("other.db")).await.err().expect("the port is taken");
    assert!(matches!(err, ServeError::PortTaken(_)), "{err}");
    running.stop().await;
    Running::start(&path).await.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_something_else_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("topo.db");
    std::fs::write(&path, "this is no database".repeat(1_000)).expect("a file");
    let err = bind(0, &path).await.err().expect("no database");
    assert!(matches!(err, ServeError::Data { .. }), "{err}");
    let under = path.join("file");
    let err = bind(0, &under).await.err().expect("no folder");
    assert!(matches!(err, ServeError::Data { .. }), "{err}");
}
