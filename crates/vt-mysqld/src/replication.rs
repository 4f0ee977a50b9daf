//! Replication as MySQL 8.0.26 and later speak of it: states read, commands given.
//!
//! Every function works on a connection of an account that may administer the server. Nothing here
//! decides who follows whom.

mod semi_sync;
mod status;

use std::time::Duration;

use vt_base::gtid::{GtidSet, Position};
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;

pub use semi_sync::{SemiSync, SemiSyncState};
pub use status::{IoState, PrimaryStatus, ReplicaStatus, ServerFacts};

/// How to reach the server that a replica follows.
#[derive(Clone)]
pub struct Source {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub connect_retry: Duration,
    /// How often the source says that it lives; zero leaves MySQL's own.
    pub heartbeat: Duration,
}

/// Shows no password.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}:{}", self.user, self.host, self.port)
    }
}

/// Whether a server takes writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    ReadWrite,
    /// Refuses ordinary users' writes.
    ReadOnly,
    /// Refuses everyone's writes but replication's.
    SuperReadOnly,
}

async fn run(conn: &mut Conn, sql: &str) -> Result<()> {
    conn.query(sql, 0).await.map(|_| ())
}

/// Returns the transactions that the server has.
pub async fn position(conn: &mut Conn) -> Result<Position> {
    let result = conn.query("select @@global.gtid_executed", 1).await?;
    let text = result.rows.iter().next().and_then(|row| row.column(0)).unwrap_or_default();
    Ok(Position { gtid_set: parse_set(&String::from_utf8_lossy(text))? })
}

/// Reads a set as MySQL prints it, with line breaks.
fn parse_set(text: &str) -> Result<GtidSet> {
    text.replace('\n', "").parse()
}

/// Returns the state of replication on a replica; `None` where none is configured.
pub async fn replica_status(conn: &mut Conn) -> Result<Option<ReplicaStatus>> {
    let result = conn.query("show replica status", 16).await?;
    ReplicaStatus::from_result(&result)
}

/// Returns where the server's own binary log stands.
pub async fn primary_status(conn: &mut Conn) -> Result<PrimaryStatus> {
    // The statement was renamed in 8.2, and the old name went in 8.4.
    let result = match conn.query("show binary log status", 1).await {
        Err(error) if error.errno() == 1064 => conn.query("show master status", 1).await?,
        result => result?,
    };
    let uuid = conn.query("select @@global.server_uuid", 1).await?;
    let position = position(conn).await?;
    Ok(PrimaryStatus::from_results(&result, &uuid, position))
}

/// Returns what a status of the whole server tells besides replication.
pub async fn server_facts(conn: &mut Conn) -> Result<ServerFacts> {
    let result = conn.query(status::FACTS_SQL, 1).await?;
    ServerFacts::from_result(&result)
}

/// Makes the server follow another by GTIDs. Replication must be stopped.
pub async fn set_source(conn: &mut Conn, source: &Source) -> Result<()> {
    run(conn, &source.sql()?).await
}

impl Source {
    /// Makes the statement that names the source; an error where it is not known where that listens:
    /// MySQL would take the statement, and follow nobody.
    fn sql(&self) -> Result<String> {
        if self.host.is_empty() || self.port == 0 {
            let text = format!("it is not known where the server {self:?} listens");
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        let mut sql = format!(
            "change replication source to source_host = {}, source_port = {}, source_user = {}, \
             source_password = {}, source_connect_retry = {}, source_auto_position = 1, \
             get_source_public_key = 1",
            quote(&self.host),
            self.port,
            quote(&self.user),
            quote(&self.password),
            self.connect_retry.as_secs().max(1),
        );
        if !self.heartbeat.is_zero() {
            use std::fmt::Write;
            let _ = write!(sql, ", source_heartbeat_period = {:.3}", self.heartbeat.as_secs_f64());
        }
        Ok(sql)
    }
}

/// Changes how often the source says that it is there.
///
/// Replication runs: while the applying thread does, MySQL keeps what was received and not applied.
pub async fn set_heartbeat(conn: &mut Conn, heartbeat: Duration) -> Result<()> {
    stop_io_thread(conn).await?;
    let seconds = heartbeat.as_secs_f64();
    let sql = format!("change replication source to source_heartbeat_period = {seconds:.3}");
    let changed = run(conn, &sql).await;
    // It is to receive again, whatever came of it.
    start_replica(conn).await?;
    changed
}

/// Starts both threads.
pub async fn start_replica(conn: &mut Conn) -> Result<()> {
    run(conn, "start replica").await
}

/// Stops both threads.
pub async fn stop_replica(conn: &mut Conn) -> Result<()> {
    run(conn, "stop replica").await
}

/// Stops receiving, and goes on to apply what was received.
pub async fn stop_io_thread(conn: &mut Conn) -> Result<()> {
    run(conn, "stop replica io_thread").await
}

/// Lets the receiving thread connect anew, at once; the applying one goes on as it is.
pub async fn restart_io_thread(conn: &mut Conn) -> Result<()> {
    stop_io_thread(conn).await?;
    run(conn, "start replica io_thread").await
}

/// Stops applying, and goes on to receive.
pub async fn stop_sql_thread(conn: &mut Conn) -> Result<()> {
    run(conn, "stop replica sql_thread").await
}

/// Starts replication until the server has the transactions of a position.
pub async fn start_replica_until_after(conn: &mut Conn, position: &Position) -> Result<()> {
    let sql = format!("start replica until sql_after_gtids = '{}'", position.gtid_set);
    run(conn, &sql).await
}

/// Forgets whom the server followed, and what it had received and not applied.
pub async fn reset_replica_all(conn: &mut Conn) -> Result<()> {
    stop_replica(conn).await?;
    run(conn, "reset replica all").await
}

/// Forgets the server's own history: binary logs and GTIDs.
pub async fn reset_binary_logs(conn: &mut Conn) -> Result<()> {
    match run(conn, "reset binary logs and gtids").await {
        Err(error) if error.errno() == 1064 => run(conn, "reset master").await,
        result => result,
    }
}

/// Says that the server has the transactions of a position, though it never ran them.
pub async fn set_purged(conn: &mut Conn, position: &Position) -> Result<()> {
    run(conn, &format!("set global gtid_purged = '{}'", position.gtid_set)).await
}

/// Waits until the server has the transactions of a position.
pub async fn wait_for_position(
    conn: &mut Conn,
    position: &Position,
    timeout: Duration,
) -> Result<()> {
    if position.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "select wait_for_executed_gtid_set('{}', {:.3})",
        position.gtid_set,
        timeout.as_secs_f64().max(0.001)
    );
    let result = conn.query(&sql, 1).await?;
    match result.rows.iter().next().and_then(|row| row.column(0)) {
        Some(b"0") => Ok(()),
        Some(b"1") => Err(Error::new(
            Code::DeadlineExceeded,
            format!("timed out waiting for position {position}"),
        )),
        _ => Err(Error::new(Code::Internal, format!("cannot wait for position {position}"))),
    }
}

/// Sets whether the server takes writes.
pub async fn set_access(conn: &mut Conn, access: Access) -> Result<()> {
    match access {
        // Either setting of one implies the other's: OFF for both, or ON for both.
        Access::ReadWrite => run(conn, "set global read_only = off").await,
        Access::SuperReadOnly => run(conn, "set global super_read_only = on").await,
        Access::ReadOnly => {
            run(conn, "set global super_read_only = off").await?;
            run(conn, "set global read_only = on").await
        }
    }
}

/// Returns whether the server takes writes.
pub async fn access(conn: &mut Conn) -> Result<Access> {
    let result = conn.query("select @@global.read_only, @@global.super_read_only", 1).await?;
    let row = result.rows.iter().next();
    let on = |index| row.and_then(|row| row.column(index)) == Some(b"1");
    Ok(match (on(0), on(1)) {
        (_, true) => Access::SuperReadOnly,
        (true, false) => Access::ReadOnly,
        (false, false) => Access::ReadWrite,
    })
}

/// Returns the addresses of the servers that follow this one, without ports.
pub async fn replica_addresses(conn: &mut Conn) -> Result<Vec<String>> {
    let sql = "select host from information_schema.processlist \
               where command in ('Binlog Dump', 'Binlog Dump GTID')";
    let sql_8 = "select processlist_host from performance_schema.threads \
                 where processlist_command in ('Binlog Dump', 'Binlog Dump GTID')";
    let result = match conn.query(sql_8, 10_000).await {
        Ok(result) => result,
        Err(_) => conn.query(sql, 10_000).await?,
    };
    let host = |row: vt_value::Row<'_>| {
        let text = String::from_utf8_lossy(row.column(0)?).into_owned();
        Some(text.rsplit_once(':').map_or(text.clone(), |(host, _)| host.to_owned()))
    };
    Ok(result.rows.iter().filter_map(host).collect())
}

/// Writes a text as a literal.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_whose_place_is_not_known_is_never_followed() {
        let known = Source {
            host: "127.0.0.1".into(),
            port: 17100,
            user: "vt_repl".into(),
            password: String::new(),
            connect_retry: Duration::from_secs(10),
            heartbeat: Duration::ZERO,
        };
        let sql = known.sql().unwrap();
        assert!(sql.contains("source_host = '127.0.0.1', source_port = 17100"), "{sql}");
        for unknown in
            [Source { port: 0, ..known.clone() }, Source { host: String::new(), ..known.clone() }]
        {
            let err = unknown.sql().unwrap_err();
            assert_eq!(err.code(), Code::FailedPrecondition);
            assert!(err.message().contains("not known where"), "{err}");
        }
    }
}
