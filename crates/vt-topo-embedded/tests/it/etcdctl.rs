//! What etcd's own client program does on the server.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::running::Running;

async fn server() -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Running::start(&folder.path().join("topo.db")).await;
    (running, folder)
}

/// A program in the background that prints lines; killed at the end.
struct Background(Child, BufReader<std::process::ChildStdout>);

impl Background {
    fn start(running: &Running, arguments: &[&str]) -> Background {
        let mut command = running.command(arguments);
        // etcdctl's lock and elect wait for the end of their input or a signal.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("etcdctl starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        Background(child, stdout)
    }

    async fn line(self) -> (Background, String) {
        let read = tokio::task::spawn_blocking(move || {
            let mut this = self;
            let mut line = String::new();
            this.1.read_line(&mut line).expect("a line");
            (this, line.trim_end().to_owned())
        });
        let read = tokio::time::timeout(Duration::from_secs(20), read);
        read.await.expect("a line in time").expect("no panic")
    }

    /// Interrupts the program, so that it cleans up after itself, and waits for its end.
    async fn interrupt(mut self) -> String {
        let id = self.0.id().to_string();
        std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill runs");
        let ended = tokio::task::spawn_blocking(move || {
            let mut rest = String::new();
            self.1.read_to_string(&mut rest).expect("text");
            self.0.wait().expect("the program ends");
            rest
        });
        let ended = tokio::time::timeout(Duration::from_secs(20), ended);
        ended.await.expect("an end in time").expect("no panic")
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_put_read_and_deleted() {
    let (server, _folder) = server().await;
    for (key, value) in [("/a/1", "one"), ("/a/2", "two"), ("/b", "three")] {
        assert_eq!(server.etcdctl(&["put", key, value]).await, "OK\n");
    }
    assert_eq!(server.etcdctl(&["get", "/a/1"]).await, "/a/1\none\n");
    assert_eq!(server.etcdctl(&["get", "none"]).await, "");
    let keys = server.etcdctl(&["get", "", "--prefix", "--keys-only"]).await;
    assert_eq!(keys.split_whitespace().collect::<Vec<_>>(), ["/a/1", "/a/2", "/b"]);
    let values = server.etcdctl(&["get", "/a/", "--prefix", "--print-value-only"]).await;
    assert_eq!(values, "one\ntwo\n");
    let last = ["get", "", "--prefix", "--order=DESCEND", "--sort-by=MODIFY", "--limit=1"];
    assert_eq!(server.etcdctl(&last).await, "/b\nthree\n");
    assert_eq!(server.etcdctl(&["get", "/a/2", "--from-key", "--limit=1"]).await, "/a/2\ntwo\n");
    let json = server.etcdctl(&["put", "/a/1", "uno", "--prev-kv", "-w", "json"]).await;
    assert!(json.contains("\"revision\":5"), "{json}");
    assert_eq!(server.etcdctl(&["get", "/a/1", "--rev=2"]).await, "/a/1\none\n");
    assert_eq!(server.etcdctl(&["del", "/a/", "--prefix", "--prev-kv"]).await.lines().count(), 5);
    assert_eq!(server.etcdctl(&["del", "/a/1"]).await, "0\n");
    server.etcdctl(&["compact", "5"]).await;
    let old = server.output(&["get", "/a/1", "--rev=2"], "").await;
    assert!(!old.status.success());
    let text = String::from_utf8_lossy(&old.stderr).into_owned();
    assert!(text.contains("required revision has been compacted"), "{text}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_compare_and_branch() {
    let (server, _folder) = server().await;
    server.etcdctl(&["put", "k", "1"]).await;
    let script = "value(\"k\") = \"1\"\nversion(\"none\") = \"0\"\n\nput k 2\nget k\n\nput k 3\n\n";
    let output = server.output(&["txn"], script).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text, "SUCCESS\n\nOK\n\nk\n2\n");
    let output = server.output(&["txn"], script).await;
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("FAILURE"));
    assert_eq!(server.etcdctl(&["get", "k"]).await, "k\n3\n");
    let twice = server.output(&["txn"], "\nput k 4\nput k 5\n\n\n").await;
    assert!(String::from_utf8_lossy(&twice.stderr).contains("duplicate key given"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_report_the_past_and_the_present() {
    let (server, _folder) = server().await;
    server.etcdctl(&["put", "/a", "1"]).await;
    server.etcdctl(&["put", "/a", "2"]).await;
    let mut watch = Background::start(&server, &["watch", "/", "--prefix", "--rev=2"]);
    let mut seen = Vec::new();
    for _ in 0..6 {
        let (back, line) = watch.line().await;
        watch = back;
        seen.push(line);
    }
    assert_eq!(seen, ["PUT", "/a", "1", "PUT", "/a", "2"]);
    server.etcdctl(&["put", "other", "x"]).await;
    server.etcdctl(&["del", "/a"]).await;
    let (watch, line) = watch.line().await;
    assert_eq!(line, "DELETE");
    drop(watch);
    server.etcdctl(&["compact", "3"]).await;
    let old = server.output(&["watch", "/", "--prefix", "--rev=1"], "").await;
    let text = String::from_utf8_lossy(&old.stderr).into_owned();
    assert!(text.contains("required revision has been compacted"), "{text}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_end_and_take_their_keys() {
    let (server, _folder) = server().await;
    let granted = server.etcdctl(&["lease", "grant", "2"]).await;
    let id = granted.split_whitespace().nth(1).expect("lease ID granted ...").to_owned();
    server.etcdctl(&["put", "/leased", "x", "--lease", &id]).await;
    let left = server.etcdctl(&["lease", "timetolive", &id, "--keys"]).await;
    assert!(left.contains("granted with TTL(2s)") && left.contains("/leased"), "{left}");
    assert!(server.etcdctl(&["lease", "list"]).await.contains(&id));
    let once = server.etcdctl(&["lease", "keep-alive", "--once", &id]).await;
    assert!(once.contains("keepalived with TTL(2)"), "{once}");
    let mut rounds = 0;
    while !server.etcdctl(&["get", "/leased"]).await.is_empty() {
        rounds += 1;
        assert!(rounds < 100, "the lease does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let gone = server.etcdctl(&["lease", "timetolive", &id]).await;
    assert!(gone.contains("already expired"), "{gone}");

    let granted = server.etcdctl(&["lease", "grant", "60"]).await;
    let id = granted.split_whitespace().nth(1).expect("lease ID granted ...").to_owned();
    server.etcdctl(&["put", "/leased", "x", "--lease", &id]).await;
    server.etcdctl(&["lease", "revoke", &id]).await;
    assert_eq!(server.etcdctl(&["get", "/leased"]).await, "");
    let unknown = server.output(&["put", "/leased", "x", "--lease", &id], "").await;
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("requested lease not found"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_and_elections_of_etcdctl_work() {
    let (server, _folder) = server().await;
    let first = Background::start(&server, &["lock", "/mutex"]);
    let (first, key) = first.line().await;
    assert!(key.starts_with("/mutex/"), "{key}");
    let second = Background::start(&server, &["lock", "/mutex"]);
    let (waited, line) = {
        let waiting = second.line();
        tokio::pin!(waiting);
        let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
        assert!(early.is_err(), "two hold one lock");
        first.interrupt().await;
        waiting.await
    };
    assert!(line.starts_with("/mutex/") && line != key, "{line}");
    waited.interrupt().await;

    let leader = Background::start(&server, &["elect", "office", "ann"]);
    let (leader, _key) = leader.line().await;
    let (leader, name) = leader.line().await;
    assert_eq!(name, "ann");
    leader.interrupt().await;
    assert_eq!(server.etcdctl(&["get", "", "--prefix", "--keys-only"]).await, "");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_is_healthy_and_has_one_member() {
    let (server, _folder) = server().await;
    let health = server.output(&["endpoint", "health"], "").await;
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&health.stdout),
        String::from_utf8_lossy(&health.stderr)
    );
    assert!(health.status.success() && text.contains("is healthy"), "{text}");
    let members = server.etcdctl(&["member", "list"]).await;
    assert!(members.contains("started, default, http://127.0.0.1:"), "{members}");
    let status = server.etcdctl(&["endpoint", "status"]).await;
    assert!(status.contains(", true, false, 1,"), "one member leads itself: {status}");
    assert_eq!(server.etcdctl(&["alarm", "list"]).await, "");
    server.stop().await;
}
