//! The client and its pool on a real mysqld.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Child;
use vt_base::{Code, Origin};
use vt_mysql::client::ROWS_EXCEEDED;
use vt_mysql::tls::{Verify, client_config};
use vt_mysql::{
    Address, Capabilities, Conn, ConnectParams, Pool, PoolConfig, Settings, TlsMode, status,
};
use vt_mysqld::{CnfOptions, Instance, Mysqld, Server};
use vt_value::QueryResult;

/// A mysqld of this test's own, which ends with it.
struct TestServer {
    mysqld: Mysqld,
    child: Child,
    _folder: tempfile::TempDir,
}

impl TestServer {
    async fn start() -> TestServer {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let instance = Instance::new(folder.path(), 100, port);
        let mysqld = Mysqld::new(instance, Server::find_in_environment().await.unwrap());
        mysqld.init(&CnfOptions::default(), Some("DO 1")).await.unwrap();
        mysqld.shutdown().await.unwrap();
        let child = mysqld.start_supervised(&[]).await.unwrap();
        TestServer { mysqld, child, _folder: folder }
    }

    /// Returns how to connect by Unix socket as root.
    fn root(&self) -> ConnectParams {
        self.mysqld.params("root")
    }

    fn tcp(&self, user: &str, password: &str) -> ConnectParams {
        let address = Address::tcp("127.0.0.1", self.mysqld.instance.mysql_port);
        let mut params = ConnectParams::new(address, user);
        params.password = password.to_owned();
        params
    }
}

fn text(result: &QueryResult, row: usize, column: usize) -> &str {
    std::str::from_utf8(result.rows.get(row).column(column).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_and_its_pool_on_a_real_server() {
    let mut server = TestServer::start().await;
    let mut conn = Conn::connect(server.root()).await.unwrap();
    for statement in [
        // A server of ours begins as a replica would.
        "set global super_read_only = 0",
        "set global read_only = 0",
        "create database d",
        "create user slow@'%' identified by 'pass wörd'",
        "create user blank@'%' identified by ''",
        "grant all on *.* to slow@'%'",
        "create table d.t (a int primary key auto_increment, b longblob)",
    ] {
        conn.query(statement, 0).await.unwrap();
    }
    results(&mut conn).await;
    errors(&mut conn).await;
    sessions(&server, &mut conn).await;
    logins(&server).await;
    kills(&server).await;
    pools(&mut server).await;
}

async fn results(conn: &mut Conn) {
    let result = conn.query("insert into d.t (b) values ('x'), ('y')", 0).await.unwrap();
    assert_eq!((result.rows_affected, result.insert_id), (2, 1));
    assert_eq!(&*result.info, "Records: 2  Duplicates: 0  Warnings: 0");
    let result = conn.query("select a, b, null from d.t order by a", 2).await.unwrap();
    assert_eq!((result.rows.len(), text(&result, 1, 1)), (2, "y"));
    assert_eq!(result.rows.get(0).column(2), None);
    assert_eq!((&*result.fields[0].org_table, &*result.fields[0].database), ("t", "d"));

    let again = conn.query("select a, b, null from d.t order by a", 2).await.unwrap();
    assert!(Arc::ptr_eq(&result.fields, &again.fields), "columns are decoded once");

    let error = conn.query("select a from d.t", 1).await.unwrap_err();
    assert_eq!((error.errno(), error.message()), (ROWS_EXCEEDED, "Row count exceeded 1"));

    let results = conn.query_multi("select 1; set @x = 2; select @x", 9).await.unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(text(&results[2], 0, 0), "2");

    let sql = "select * from information_schema.columns";
    let whole = conn.query(sql, 100_000).await.unwrap();
    let mut stream = conn.query_stream(sql, 16 << 10).await.unwrap();
    let mut rows = 0;
    while let Some(batch) = stream.next_batch().await.unwrap() {
        rows += batch.len();
    }
    drop(stream);
    assert_eq!(rows, whole.rows.len());
    assert!(!conn.is_broken());

    conn.query("set session session_track_gtids = own_gtid", 0).await.unwrap();
    let result = conn.query("delete from d.t where a = 1", 0).await.unwrap();
    assert!(result.session_state_changes.contains(':'), "{result:?}");
}

async fn errors(conn: &mut Conn) {
    for (sql, errno, sql_state, code) in [
        ("select nope", 1054, b"42S22", Code::NotFound),
        ("insert into d.t values (2, '')", 1062, b"23000", Code::AlreadyExists),
        ("selec 1", 1064, b"42000", Code::InvalidArgument),
        ("load data local infile '/etc/passwd' into table d.t", 3948, b"42000", Code::Unknown),
    ] {
        let error = conn.query(sql, 1).await.unwrap_err();
        let told = (error.errno(), error.sql_state(), error.code(), error.origin());
        assert_eq!(told, (errno, *sql_state, code, Origin::Mysql), "{sql}: {error}");
        assert!(!conn.is_broken());
    }
    let results = conn.query_multi("select 1; select nope; select 3", 9).await;
    assert_eq!(results.unwrap_err().errno(), 1054);
    conn.ping().await.unwrap();
}

async fn sessions(server: &TestServer, conn: &mut Conn) {
    conn.query("begin", 0).await.unwrap();
    assert_ne!(conn.status_flags() & status::IN_TRANSACTION, 0);
    conn.query("set @x = 5", 0).await.unwrap();
    conn.init_db("d").await.unwrap();
    conn.reset_connection().await.unwrap();
    assert_eq!(conn.status_flags() & status::IN_TRANSACTION, 0);
    let sql = "select @x, database(), @@character_set_client, connection_id()";
    let result = conn.query(sql, 1).await.unwrap();
    assert_eq!(result.rows.get(0).column(0), None);
    assert_eq!((text(&result, 0, 1), text(&result, 0, 2)), ("d", "utf8mb4"));
    assert_eq!(text(&result, 0, 3), conn.connection_id().to_string());

    let mut other = Conn::connect(server.root()).await.unwrap();
    other.change_user("slow", "pass wörd", Some("d")).await.unwrap();
    let result = other.query("select current_user(), database()", 1).await.unwrap();
    assert_eq!((text(&result, 0, 0), text(&result, 0, 1)), ("slow@%", "d"));
    let error = other.change_user("slow", "wrong", None).await.unwrap_err();
    assert_eq!((error.errno(), other.is_broken()), (1045, true));
}

async fn logins(server: &TestServer) {
    let mut params = server.tcp("slow", "wrong");
    let error = Conn::connect(params.clone()).await.err().unwrap();
    assert_eq!((error.errno(), error.code()), (1045, Code::PermissionDenied));
    // The first login sends the password under RSA, the second one finds its digest cached.
    "pass wörd".clone_into(&mut params.password);
    for _ in 0..2 {
        Conn::connect(params.clone()).await.unwrap().ping().await.unwrap();
    }
    Conn::connect(server.tcp("blank", "")).await.unwrap().ping().await.unwrap();

    let config = client_config(Verify::Nothing, None).unwrap();
    for tls in [TlsMode::Disabled, TlsMode::Required(config)] {
        for flags in [Capabilities::default(), Capabilities::COMPRESS, Capabilities::ZSTD] {
            params.tls = tls.clone();
            params.flags = flags;
            let mut conn = Conn::connect(params.clone()).await.unwrap();
            assert_eq!(conn.is_tls(), matches!(tls, TlsMode::Required(_)));
            assert!(conn.capabilities().has(flags));
            let result = conn.query("select repeat('x', 20000000)", 1).await.unwrap();
            assert_eq!(text(&result, 0, 0).len(), 20_000_000);
            let result = conn.query(format!("select length('{}')", "y".repeat(17 << 20)), 1).await;
            assert_eq!(text(&result.unwrap(), 0, 0), (17 << 20).to_string());
        }
    }
    params.address = Address::tcp("127.0.0.1", 1);
    let error = Conn::connect(params.clone()).await.err().unwrap();
    assert_eq!((error.errno(), error.code()), (2003, Code::Unavailable));
    params.address = Address::unix("/nowhere/mysql.sock");
    assert_eq!(Conn::connect(params).await.err().unwrap().errno(), 2002);
}

async fn kills(server: &TestServer) {
    let mut conn = Conn::connect(server.root()).await.unwrap();
    let kill = conn.kill_handle();
    let sleep = "select a, sleep(100) from d.t where a > 0";
    let (slept, killed) = tokio::join!(conn.query(sleep, 1), killed_when_running(server, false));
    killed.unwrap();
    assert_eq!(slept.unwrap_err().errno(), 1317);
    conn.ping().await.unwrap();
    assert_eq!(kill.id(), conn.connection_id());

    let (slept, killed) = tokio::join!(conn.query(sleep, 1), killed_when_running(server, true));
    killed.unwrap();
    assert_eq!(slept.unwrap_err().code(), Code::Unavailable);
    assert!(conn.is_broken());
    assert_eq!(conn.ping().await.unwrap_err().errno(), 2006);
}

/// Kills the query that sleeps, or its connection, once it can be seen to run.
async fn killed_when_running(server: &TestServer, connection: bool) -> vt_base::Result<()> {
    let mut side = Conn::connect(server.root()).await?;
    let find = "select id from information_schema.processlist where state = 'User sleep'";
    let id = loop {
        let found = side.query(find, 9).await?;
        if !found.rows.is_empty() {
            break text(&found, 0, 0).to_owned();
        }
    };
    let what = if connection { "" } else { "query" };
    side.query(format!("kill {what} {id}"), 0).await.map(|_| ())
}

async fn pools(server: &mut TestServer) {
    let config = PoolConfig {
        name: "test".to_owned(),
        capacity: 2,
        wait_timeout: Duration::from_secs(60),
        waiters_max: 0,
        idle_timeout: Duration::ZERO,
        max_lifetime: Duration::ZERO,
    };
    let pool = Pool::new(config, Arc::new(server.root()));
    let settings = Settings(vec!["set @@sql_safe_updates = 1".to_owned()].into());
    let read = "select @@sql_safe_updates, connection_id()";
    let mut conn = pool.get(Some(&settings)).await.unwrap();
    let with = conn.query(read, 1).await.unwrap();
    assert_eq!(text(&with, 0, 0), "1");
    drop(conn);
    let mut first = pool.get(None).await.unwrap();
    let mut second = pool.get(None).await.unwrap();
    let ids = [&mut first, &mut second].map(|conn| conn.connection_id());
    assert_ne!(ids[0], ids[1]);
    for conn in [&mut first, &mut second] {
        assert_eq!(text(&conn.query(read, 1).await.unwrap(), 0, 0), "0", "settings are taken off");
    }
    assert!(ids.iter().any(|id| id.to_string() == text(&with, 0, 1)), "by a reset");
    drop((first, second));

    // A connection whose query was abandoned does not come back.
    let mut conn = pool.get(None).await.unwrap();
    let abandoned = conn.query("select sleep(100)", 1);
    drop(tokio::time::timeout(Duration::from_millis(50), abandoned).await);
    assert!(conn.is_broken());
    drop(conn);
    assert_eq!(pool.stats().active, 1);

    // Connections that the server closed are not handed out.
    server.child.kill().await.unwrap();
    server.child = server.mysqld.start_supervised(&[]).await.unwrap();
    for _ in 0..2 {
        pool.get(None).await.unwrap().ping().await.unwrap();
    }
    assert_eq!(pool.close(Duration::from_secs(60)).await, 0);
}
