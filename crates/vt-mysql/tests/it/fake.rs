//! A server whose statements are words that say what the answer shall be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vt_base::{Error, Result};
use vt_mysql::server::{Encode, Encoder, Listener, Snapshot};
use vt_mysql::*;
use vt_value::{Field, Fields, Rows, RowsBuilder, Type, TypedBytes};

/// What the handlers of a server count.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) begun: AtomicUsize,
    pub(crate) closed: AtomicUsize,
    pub(crate) sleeping: AtomicUsize,
    pub(crate) sleeps_ended: AtomicUsize,
}

/// A running server; stops when dropped.
pub(crate) struct Fake {
    pub(crate) port: u16,
    pub(crate) socket: std::path::PathBuf,
    pub(crate) counts: Arc<Counts>,
    pub(crate) stop: CancellationToken,
    pub(crate) config: Arc<ServerConfig>,
    serving: Option<JoinHandle<Result<()>>>,
    _folder: tempfile::TempDir,
}

impl Fake {
    pub(crate) async fn start(auth: Arc<dyn AuthServer>) -> Fake {
        Fake::start_with(auth, |_| {}).await
    }

    pub(crate) async fn start_with(
        auth: Arc<dyn AuthServer>,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Fake {
        let mut config = ServerConfig::new(auth);
        change(&mut config);
        let config = Arc::new(config);
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("fake.sock");
        let tcp = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let unix = Listener::unix(&socket).await.unwrap();
        let port = tcp.port().unwrap();
        let counts = Arc::new(Counts::default());
        let stop = CancellationToken::new();
        let handlers = Arc::new(Factory { counts: Arc::clone(&counts) });
        let serving =
            tokio::spawn(serve(vec![tcp, unix], Arc::clone(&config), handlers, stop.clone()));
        let serving = Some(serving);
        Fake { port, socket, counts, stop, config, serving, _folder: folder }
    }

    /// Returns what it takes to connect over TCP.
    pub(crate) fn params(&self, user: &str, password: &str) -> ConnectParams {
        let mut params = ConnectParams::new(Address::tcp("127.0.0.1", self.port), user);
        params.password = password.to_owned();
        params
    }

    pub(crate) async fn connect(&self) -> Conn {
        Conn::connect(self.params("anyone", "")).await.unwrap()
    }

    pub(crate) fn metrics(&self) -> Snapshot {
        self.config.metrics.snapshot()
    }

    /// Stops and waits until the last connection has ended.
    pub(crate) async fn finish(mut self) {
        self.stop.cancel();
        self.serving.take().unwrap().await.unwrap().unwrap();
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}

/// Waits for a condition, with a limit for the case that it never comes.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came: {what}");
}

struct Factory {
    counts: Arc<Counts>,
}

impl HandlerFactory for Factory {
    fn handler(&self) -> Box<dyn Handler> {
        self.counts.begun.fetch_add(1, Ordering::SeqCst);
        let counts = Arc::clone(&self.counts);
        Box::new(Words {
            counts,
            info: None,
            database: None,
            in_transaction: false,
            attributes: Vec::new(),
        })
    }
}

struct Words {
    counts: Arc<Counts>,
    info: Option<ConnInfo>,
    database: Option<String>,
    in_transaction: bool,
    attributes: Vec<(String, TypedBytes)>,
}

/// Counts a statement that never ends by itself, and that it ended all the same.
struct Sleeper(Arc<Counts>);

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.sleeps_ended.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) fn fields(names: &[&str]) -> Fields {
    names.iter().map(|name| Field::new(name, Type::VARCHAR)).collect()
}

fn one_row(values: &[&str]) -> Rows {
    let mut rows = RowsBuilder::default();
    rows.push(values.iter().map(Some));
    rows.finish()
}

impl Words {
    async fn one(&mut self, words: &[&str], out: &mut ResultWriter<'_>) -> Result<()> {
        match words {
            ["echo", ..] => self.row(&["word"; 8][..words.len() - 1], &words[1..], out).await,
            ["whoami"] => {
                let info = self.info.clone().unwrap();
                let database = self.database.clone().unwrap_or_default();
                let tls = info.is_tls.to_string();
                let groups = info.user.groups.join(",");
                let values = [&*info.user.login, &info.user.name, &groups, &database, &tls];
                self.row(&["login", "name", "groups", "database", "tls"], &values, out).await
            }
            ["attributes"] => {
                let mut pairs = self.info.clone().unwrap().attributes;
                pairs.extend(
                    self.attributes.drain(..).map(|(name, value)| {
                        (name, String::from_utf8(value.bytes.to_vec()).unwrap())
                    }),
                );
                out.start(&fields(&["name", "value"])).await?;
                for (name, value) in pairs {
                    out.rows(&one_row(&[&name, &value])).await?;
                }
                out.end(self.end()).await
            }
            ["rows", count, width] => {
                let (count, width) = (count.parse::<u64>().unwrap(), width.parse().unwrap());
                let filler = "x".repeat(width);
                out.start(&vec![Field::new("n", Type::INT64), Field::new("x", Type::TEXT)].into())
                    .await?;
                for number in 0..count {
                    out.rows(&one_row(&[&number.to_string(), &filler])).await?;
                }
                out.end(EndInfo { warnings: 3, ..self.end() }).await
            }
            ["insert", count] => {
                let mut end = self.end();
                end.affected_rows = count.parse().unwrap();
                end.insert_id = 77;
                end.info = format!("Records: {count}");
                end.session = vec![SessionChange::Gtids("uuid:1-5".to_owned())];
                out.ok(end).await
            }
            ["load"] | ["load", "badly"] => {
                out.request_file(b"rows").await?;
                let mut end = self.end();
                while let Some(part) = out.file_chunk().await? {
                    end.affected_rows += part.len() as u64;
                }
                if words.len() > 1 {
                    return Err(Error::mysql(1114, b"HY000", "The table 'a' is full"));
                }
                out.ok(end).await
            }
            ["begin"] | ["commit"] => {
                self.in_transaction = words == ["begin"];
                out.ok(self.end()).await
            }
            ["fail"] => Err(Error::mysql(1146, b"42S02", "Table 'a.b' doesn't exist")),
            ["fail", "midway"] => {
                out.start(&fields(&["word"])).await?;
                out.rows(&one_row(&["lost"])).await?;
                Err(Error::mysql(1317, b"70100", "Query execution was interrupted"))
            }
            ["panic"] => panic!("asked for"),
            ["nothing"] => Ok(()),
            ["sleep"] => {
                let _sleeper = Sleeper(Arc::clone(&self.counts));
                self.counts.sleeping.fetch_add(1, Ordering::SeqCst);
                std::future::pending().await
            }
            ["kill", "me"] => {
                self.info.as_ref().unwrap().kill.cancel();
                std::future::pending().await
            }
            _ => Err(Error::mysql(1064, b"42000", "You have an error in your SQL syntax")),
        }
    }

    async fn row(&self, names: &[&str], values: &[&str], out: &mut ResultWriter<'_>) -> Result<()> {
        out.start(&fields(names)).await?;
        out.rows(&one_row(values)).await?;
        out.end(self.end()).await
    }

    fn end(&self) -> EndInfo {
        EndInfo { status: self.status_flags(), ..EndInfo::default() }
    }

    fn begin(&mut self, info: &ConnInfo) -> Result<()> {
        if info.database.as_deref() == Some("nowhere") {
            return Err(Error::mysql(1049, b"42000", "Unknown database 'nowhere'"));
        }
        self.info = Some(info.clone());
        self.database = info.database.clone();
        self.in_transaction = false;
        Ok(())
    }
}

#[async_trait]
impl Handler for Words {
    async fn init(&mut self, conn: &ConnInfo) -> Result<()> {
        self.begin(conn)
    }

    async fn query(&mut self, sql: &[u8], out: &mut ResultWriter<'_>) -> Result<()> {
        let sql = String::from_utf8_lossy(sql).into_owned();
        for statement in sql.split(';') {
            out.next_result();
            let words: Vec<&str> = statement.split_whitespace().collect();
            self.one(&words, out).await?;
        }
        Ok(())
    }

    fn query_attributes(&mut self, attributes: Vec<(String, TypedBytes)>) {
        self.attributes = attributes;
    }

    /// A statement has a parameter for each question mark and gives them back with their types.
    async fn prepare(&mut self, sql: &[u8]) -> Result<Prepared> {
        let param_count = sql.iter().filter(|byte| **byte == b'?').count();
        let fields = match sql {
            _ if sql.starts_with(b"typed") => typed().0,
            _ if sql.starts_with(b"take") => Fields::default(),
            _ => fields(&["type", "text"]),
        };
        Ok(Prepared { fields, param_count: u16::try_from(param_count).unwrap() })
    }

    async fn execute(
        &mut self,
        statement: &PreparedStatement,
        params: Vec<TypedBytes>,
        out: &mut ResultWriter<'_>,
    ) -> Result<()> {
        if statement.sql.starts_with(b"typed") {
            let (fields, rows) = typed();
            out.start(&fields).await?;
            out.rows(&rows).await?;
            return out.end(self.end()).await;
        }
        if statement.sql.starts_with(b"take") {
            let mut end = self.end();
            let known = |param: &TypedBytes| match param.typ {
                Type::NULL_TYPE => 1_000_000_000,
                Type::BLOB => 2 * param.bytes.len() as u64,
                _ => param.bytes.len() as u64,
            };
            end.affected_rows = params.iter().map(known).sum();
            return out.ok(end).await;
        }
        out.start(&fields(&["type", "text"])).await?;
        for param in &params {
            let mut rows = RowsBuilder::default();
            let length = param.bytes.len().to_string();
            let is_measure = statement.sql.starts_with(b"measure");
            let text = if is_measure { length.as_bytes() } else { &param.bytes };
            rows.push([Some(param.typ.name().as_bytes()), (!param.is_null()).then_some(text)]);
            out.rows(&rows.finish()).await?;
        }
        out.end(self.end()).await
    }

    /// The clients of one database read capitals alone.
    fn encode(&self) -> Option<Encode> {
        let shout = || -> Encoder { Box::new(|text| text.to_uppercase().into_bytes()) };
        let shouts = self.database.as_deref() == Some("shout");
        shouts.then(|| Encode { name: shout(), message: shout() })
    }

    async fn init_db(&mut self, database: &str) -> Result<()> {
        if database == "nowhere" {
            return Err(Error::mysql(1049, b"42000", "Unknown database 'nowhere'"));
        }
        self.database = Some(database.to_owned());
        Ok(())
    }

    async fn reset_connection(&mut self) -> Result<()> {
        self.in_transaction = false;
        Ok(())
    }

    async fn change_user(&mut self, conn: &ConnInfo) -> Result<()> {
        self.begin(conn)
    }

    async fn field_list(&mut self, _table: &str, wildcard: &str) -> Result<Fields> {
        Ok(fields(&["a", "b", wildcard]))
    }

    fn statistics(&mut self) -> String {
        "Uptime: 1".to_owned()
    }

    fn status_flags(&self) -> u16 {
        let in_transaction = if self.in_transaction { status::IN_TRANSACTION } else { 0 };
        status::AUTOCOMMIT | in_transaction
    }

    async fn closed(&mut self) {
        self.counts.closed.fetch_add(1, Ordering::SeqCst);
    }
}

/// A row with a column of each type.
pub(crate) fn typed() -> (Fields, Rows) {
    let columns: [(Type, Option<&str>); 17] = [
        (Type::INT8, Some("-128")),
        (Type::UINT8, Some("255")),
        (Type::INT16, Some("-32768")),
        (Type::INT24, Some("-8388608")),
        (Type::UINT32, Some("4294967295")),
        (Type::INT64, Some("-9223372036854775808")),
        (Type::UINT64, Some("18446744073709551615")),
        (Type::FLOAT32, Some("0.25")),
        (Type::FLOAT64, Some("-1.5e300")),
        (Type::DECIMAL, Some("12.50")),
        (Type::DATE, Some("2024-02-29")),
        (Type::DATETIME, Some("2024-02-29 23:59:59.000001")),
        (Type::TIME, Some("-838:59:59")),
        (Type::YEAR, Some("2024")),
        (Type::VARCHAR, Some("grün")),
        (Type::JSON, Some("{\"a\": 1}")),
        (Type::BLOB, None),
    ];
    let fields = columns.iter().map(|(typ, _)| Field::new("c", *typ)).collect();
    let mut rows = RowsBuilder::default();
    rows.push(columns.iter().map(|(_, text)| *text));
    (fields, rows.finish())
}
