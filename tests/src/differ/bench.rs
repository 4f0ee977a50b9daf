//! The sides that answer: one plain mysqld, and keyspaces of one, two and four shards behind one
//! gateway. A twin of the plain side, its rows stored in another order, tells what chance decides.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, Value};
use vt_testkit::SharedCluster;

use super::answer::{Answer, Statement, ask};
use super::compare::{RowOrder, same_rows};
use super::world::World;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long the gateway may take to know a new vschema.
const KNOWN_MAX: Duration = Duration::from_secs(30);
/// Ways in which the twin reads its tables.
const SWITCHES: [&str; 5] = [
    "default",
    "'block_nested_loop=off,semijoin=off,materialization=off,derived_merge=off'",
    "'subquery_to_derived=on,condition_fanout_filter=off'",
    "default",
    "default",
];
/// The orders in which the twins have their rows: the ends tell most of what depends on the order.
const ORDERS: [&str; 5] = ["1", "1 desc", "rand(2)", "rand(7)", "rand(12)"];

const KEYSPACES: [(&str, &[&str]); 3] =
    [("one", &["-"]), ("two", &["-80", "80-"]), ("four", &["-40", "40-80", "80-c0", "c0-"])];
/// What every session begins with.
const NAMES: &str = "set names utf8mb4";
const SHARDED: [&str; 2] = ["two", "four"];

/// All sides, ready to be asked.
pub(crate) struct Bench {
    cluster: SharedCluster,
    plain: Conn,
    twins: Twins,
    pub(crate) gates: Vec<Gate>,
    world: World,
    worlds: u64,
}

/// A keyspace behind the gateway.
pub(crate) struct Gate {
    pub(crate) keyspace: &'static str,
    pub(crate) shards: usize,
    conn: Conn,
}

/// Databases `twin0`, `twin1` and so on, each with its own order of rows.
struct Twins {
    conn: Conn,
    /// So many of them have the rows that the plain side has now.
    fresh: usize,
}

/// What chance decides of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steadiness {
    Steady,
    /// Rows are the same, in another order.
    OrderMoves,
    RowsMove,
}

fn text(err: mysql_async::Error) -> String {
    err.to_string()
}

impl Bench {
    /// Starts the cluster, with the keyspaces of so many shards.
    pub(crate) async fn start(shards: &[usize]) -> Result<Bench, String> {
        let cluster = SharedCluster::start(&KEYSPACES)?;
        let mut plain = plain_conn(&cluster, "mysql").await?;
        let twins = (0..ORDERS.len()).map(|twin| format!("twin{twin}"));
        for database in std::iter::once("plain".to_owned()).chain(twins) {
            plain.query_drop(format!("create database {database}")).await.map_err(text)?;
        }
        let plain = plain_conn(&cluster, "plain").await?;
        let twins = Twins { conn: plain_conn(&cluster, "twin0").await?, fresh: 0 };
        let mut gates = Vec::new();
        for (keyspace, names) in KEYSPACES {
            if shards.contains(&names.len()) || names.len() == 1 {
                let conn = gate_conn(&cluster, keyspace).await?;
                gates.push(Gate { keyspace, shards: names.len(), conn });
            }
        }
        Ok(Bench { cluster, plain, twins, gates, world: World::default(), worlds: 0 })
    }

    pub(crate) fn logs(&self) -> String {
        self.cluster.logs()
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Takes down the world that stands, and makes another.
    pub(crate) async fn build(&mut self, world: World) -> Result<(), String> {
        self.tear_down().await?;
        self.worlds += 1;
        self.tell_vschema(&world).await?;
        for sql in world.plain() {
            self.plain.query_drop(sql).await.map_err(|err| format!("mysqld: {sql}: {err}"))?;
        }
        for gate in &mut self.gates {
            for sql in world.of_keyspace(gate.keyspace, gate.shards > 1) {
                let asked = gate.conn.query_drop(&sql).await;
                asked.map_err(|err| format!("{}: {sql}: {err}", gate.keyspace))?;
            }
        }
        self.twins.fresh = 0;
        self.world = world;
        Ok(())
    }

    async fn tear_down(&mut self) -> Result<(), String> {
        let world = std::mem::take(&mut self.world);
        for gate in &mut self.gates {
            let _ = gate.conn.query_drop("rollback").await;
            for sql in world.drops(gate.keyspace, gate.shards > 1) {
                gate.conn.query_drop(&sql).await.map_err(|err| format!("{sql}: {err}"))?;
            }
        }
        for sql in
            ["rollback", "drop database if exists plain", "create database plain", "use plain"]
                .into_iter()
                .chain(["drop database if exists one", "create database one"])
        {
            self.plain.query_drop(sql).await.map_err(text)?;
        }
        Ok(())
    }

    /// Applies the vschemas, and waits until the gateway knows them by a table of their number.
    async fn tell_vschema(&mut self, world: &World) -> Result<(), String> {
        let marker = format!("world_{}", self.worlds);
        for (keyspace, shards) in KEYSPACES {
            let json = if shards.len() == 1 {
                world.vschema_of_unsharded(&SHARDED)
            } else {
                world.vschema_of(keyspace)
            };
            let mut json: serde_json::Value =
                serde_json::from_str(&json).map_err(|err| err.to_string())?;
            json["tables"][&marker] = if shards.len() == 1 {
                serde_json::json!({})
            } else {
                serde_json::json!({ "pinned": "00" })
            };
            let json = json.to_string();
            self.cluster.client(&["ApplyVSchema", "--vschema", &json, keyspace])?;
        }
        for gate in &mut self.gates {
            let started = Instant::now();
            loop {
                let rows: Vec<Row> = gate.conn.query("show vschema tables").await.map_err(text)?;
                let told = rows.iter().any(|row| {
                    row.get::<String, usize>(0).is_some_and(|name| name.contains(&marker))
                });
                if told {
                    break;
                }
                if started.elapsed() > KNOWN_MAX {
                    return Err(format!("{}: the vschema does not come", gate.keyspace));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Asks the plain side.
    pub(crate) async fn ask_plain(&mut self, statement: &Statement) -> Answer {
        if changes(&statement.sql) {
            self.twins.fresh = 0;
        }
        ask_in_time(&mut self.plain, statement).await
    }

    /// Asks a side behind the gateway; connects anew where the connection broke.
    pub(crate) async fn ask_gate(&mut self, place: usize, statement: &Statement) -> Answer {
        let Some(gate) = self.gates.get_mut(place) else {
            return Answer::Lost("no such side".to_owned());
        };
        let answer = ask_in_time(&mut gate.conn, statement).await;
        if matches!(answer, Answer::Lost(_))
            && let Ok(conn) = gate_conn(&self.cluster, gate.keyspace).await
        {
            gate.conn = conn;
        }
        answer
    }

    /// Asks all sides at once: the plain one, then the others in their order.
    pub(crate) async fn ask_all(&mut self, statement: &Statement) -> (Answer, Vec<Answer>) {
        if changes(&statement.sql) {
            self.twins.fresh = 0;
        }
        let plain = ask_in_time(&mut self.plain, statement).await;
        let asked = self.gates.iter_mut().map(|gate| ask_in_time(&mut gate.conn, statement));
        let answers = futures::future::join_all(asked).await;
        for (gate, answer) in self.gates.iter_mut().zip(&answers) {
            if matches!(answer, Answer::Lost(_))
                && let Ok(conn) = gate_conn(&self.cluster, gate.keyspace).await
            {
                gate.conn = conn;
            }
        }
        (plain, answers)
    }

    /// Sends a statement to all sides, whatever they answer.
    pub(crate) async fn tell_all(&mut self, sql: &str) {
        self.ask_all(&Statement::text(sql)).await;
    }

    /// Returns what chance decides of the answer to a query, as far as the twins can tell.
    pub(crate) async fn steadiness(
        &mut self,
        statement: &Statement,
        answer: &Answer,
    ) -> Result<Steadiness, String> {
        let mut steadiness = Steadiness::Steady;
        for (turn, switch) in SWITCHES.iter().enumerate() {
            if self.twins.fresh <= turn {
                self.copy_to_twin(turn).await?;
            }
            for sql in [format!("use twin{turn}"), format!("set optimizer_switch = {switch}")] {
                self.twins.conn.query_drop(sql).await.map_err(text)?;
            }
            match (answer, &ask_in_time(&mut self.twins.conn, statement).await) {
                (Answer::Rows(mine), Answer::Rows(twins)) => {
                    if !same_rows(mine, twins, RowOrder::Free) {
                        return Ok(Steadiness::RowsMove);
                    }
                    if !same_rows(mine, twins, RowOrder::Matters) {
                        steadiness = Steadiness::OrderMoves;
                    }
                }
                (Answer::Error { errno, .. }, Answer::Error { errno: other, .. })
                    if errno == other => {}
                (Answer::Done { .. }, Answer::Done { .. }) => {}
                _ => return Ok(Steadiness::RowsMove),
            }
        }
        Ok(steadiness)
    }

    async fn copy_to_twin(&mut self, twin: usize) -> Result<(), String> {
        let mut statements = vec!["set sql_mode = 'NO_ENGINE_SUBSTITUTION'".to_owned()];
        let tables = "show full tables from plain where table_type = 'BASE TABLE'";
        let names: Vec<(String, String)> = self.twins.conn.query(tables).await.map_err(text)?;
        // Rows of the plain side that a transaction has changed must be seen.
        statements.push("set transaction_isolation = 'READ-UNCOMMITTED'".to_owned());
        let order = ORDERS[twin];
        for (name, _) in &names {
            statements.push(format!("drop table if exists twin{twin}.{name}"));
            statements.push(format!(
                "create table twin{twin}.{name} as select * from plain.{name} order by {order}"
            ));
        }
        // Without keys, MySQL cannot see that a group decides on a column.
        statements.push(
            "set sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
             ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
                .to_owned(),
        );
        for sql in statements {
            self.twins.conn.query_drop(&sql).await.map_err(|err| format!("twin: {sql}: {err}"))?;
        }
        self.twins.fresh = twin + 1;
        Ok(())
    }

    /// Returns the rows of a table of the plain side.
    pub(crate) async fn rows_of(&mut self, table: &str) -> Result<TableRows, String> {
        let sql = format!("select * from {table}");
        let mut result = self.plain.query_iter(&sql).await.map_err(text)?;
        let columns = result.columns();
        let rows: Vec<Row> = result.collect().await.map_err(text)?;
        drop(result);
        let columns: Vec<String> = columns
            .iter()
            .flat_map(|columns| columns.iter())
            .map(|column| format!("`{}`", column.name_str()))
            .collect();
        let values = |row: Row| {
            let values: Vec<String> = row.unwrap().iter().map(literal).collect();
            format!("({})", values.join(", "))
        };
        let (table, columns) = (table.to_owned(), columns.join(", "));
        Ok(TableRows { table, columns, rows: rows.into_iter().map(values).collect() })
    }

    /// Makes tables of one side what is given.
    pub(crate) async fn refill(
        &mut self,
        side: Option<usize>,
        tables: &[TableRows],
    ) -> Result<(), String> {
        let (conn, name) = match side.and_then(|place| self.gates.get_mut(place)) {
            None => (&mut self.plain, "mysqld"),
            Some(gate) => (&mut gate.conn, gate.keyspace),
        };
        self.twins.fresh = 0;
        let deletes = tables.iter().rev().map(|rows| format!("delete from {}", rows.table));
        for sql in deletes.chain(tables.iter().filter_map(TableRows::insert)) {
            conn.query_drop(&sql).await.map_err(|err| format!("{name}: {sql}: {err}"))?;
        }
        Ok(())
    }
}

/// What a table holds, as SQL.
#[derive(Clone, Debug)]
pub(crate) struct TableRows {
    pub(crate) table: String,
    columns: String,
    /// Values in parentheses.
    pub(crate) rows: Vec<String>,
}

impl TableRows {
    /// Returns the statement that inserts the rows.
    pub(crate) fn insert(&self) -> Option<String> {
        let TableRows { table, columns, rows } = self;
        let insert = || format!("insert into {table} ({columns}) values {}", rows.join(", "));
        (!rows.is_empty()).then(insert)
    }
}

/// Returns a value as SQL that no character set changes.
fn literal(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{hex}'")
        }
        other => other.as_sql(false),
    }
}

/// Whether a statement may change tables.
fn changes(sql: &str) -> bool {
    let start = sql.trim_start_matches(['(', ' ']).get(..6).unwrap_or_default();
    !start.eq_ignore_ascii_case("select")
}

async fn ask_in_time(conn: &mut Conn, statement: &Statement) -> Answer {
    match tokio::time::timeout(ANSWER_MAX, ask(conn, statement)).await {
        Ok(answer) => answer,
        Err(_) => Answer::Lost(format!("no answer in {} s", ANSWER_MAX.as_secs())),
    }
}

async fn plain_conn(cluster: &SharedCluster, database: &str) -> Result<Conn, String> {
    let socket = cluster.socket().display().to_string();
    let options = OptsBuilder::default()
        .socket(Some(socket))
        .user(Some("root"))
        .db_name(Some(database))
        .stmt_cache_size(Some(0));
    let mut conn = Conn::new(options).await.map_err(text)?;
    conn.query_drop(NAMES).await.map_err(text)?;
    Ok(conn)
}

async fn gate_conn(cluster: &SharedCluster, keyspace: &str) -> Result<Conn, String> {
    let started = Instant::now();
    loop {
        let options = OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(cluster.gate_port())
            .user(Some("user"))
            .db_name(Some(keyspace))
            .prefer_socket(false)
            .stmt_cache_size(Some(0));
        match Conn::new(options).await {
            Ok(mut conn) => {
                conn.query_drop(NAMES).await.map_err(text)?;
                return Ok(conn);
            }
            // The gateway hears of keyspaces a moment after it listens.
            Err(_) if started.elapsed() < KNOWN_MAX => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(err) => return Err(err.to_string()),
        }
    }
}
