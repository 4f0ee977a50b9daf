//! Semi-synchronous replication: the two plugins, by their names of today or of before 8.0.26.

use vt_base::{Code, Error, ErrorId, Result};
use vt_mysql::Conn;

/// Which plugins a server has, by the names of their variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SemiSync {
    /// `rpl_semi_sync_source_*` and `rpl_semi_sync_replica_*`.
    Source,
    /// The names of before: `rpl_semi_sync_master_*` and `rpl_semi_sync_slave_*`.
    Master,
    /// The plugins are not loaded.
    Absent,
}

/// What the plugins tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SemiSyncState {
    pub source_enabled: bool,
    pub replica_enabled: bool,
    /// Whether a commit waits for replicas.
    pub source_active: bool,
    pub replica_active: bool,
    /// How many replicas acknowledge.
    pub clients: u32,
    /// Milliseconds that a commit waits before it goes on without.
    pub timeout_ms: u64,
    pub wait_for_count: u32,
    /// How many commits wait at this moment.
    pub waiting: u32,
    /// How many commits were acknowledged since the server started.
    pub acknowledged: u64,
}

impl SemiSync {
    /// Looks which plugins the server has.
    pub async fn detect(conn: &mut Conn) -> Result<SemiSync> {
        let sql = "show global variables like 'rpl_semi_sync_%_enabled'";
        let result = conn.query(sql, 16).await?;
        let has = |name: &[u8]| result.rows.iter().any(|row| row.column(0) == Some(name));
        Ok(if has(b"rpl_semi_sync_source_enabled") && has(b"rpl_semi_sync_replica_enabled") {
            SemiSync::Source
        } else if has(b"rpl_semi_sync_master_enabled") && has(b"rpl_semi_sync_slave_enabled") {
            SemiSync::Master
        } else {
            SemiSync::Absent
        })
    }

    fn prefixes(self) -> Option<(&'static str, &'static str)> {
        match self {
            SemiSync::Source => Some(("rpl_semi_sync_source", "rpl_semi_sync_replica")),
            SemiSync::Master => Some(("rpl_semi_sync_master", "rpl_semi_sync_slave")),
            SemiSync::Absent => None,
        }
    }

    /// Sets whether commits here wait for replicas, and whether this server acknowledges.
    ///
    /// Without the plugins, switching off is done already and switching on is an error. A replica
    /// takes notice when its receiving thread starts anew.
    pub async fn set(conn: &mut Conn, source: bool, replica: bool) -> Result<()> {
        let found = SemiSync::detect(conn).await?;
        let Some((source_name, replica_name)) = found.prefixes() else {
            if source || replica {
                return Err(Error::vt(ErrorId::VT09013, "").with_code(Code::FailedPrecondition));
            }
            return Ok(());
        };
        let (source, replica) = (u8::from(source), u8::from(replica));
        let sql = format!(
            "set global {source_name}_enabled = {source}, global {replica_name}_enabled = {replica}"
        );
        conn.query(&sql, 0).await.map(|_| ())
    }

    /// Returns what the plugins tell; all off where they are not loaded.
    pub async fn state(conn: &mut Conn) -> Result<SemiSyncState> {
        let result = conn.query("show global variables like 'rpl_semi_sync_%'", 64).await?;
        let status = conn.query("show global status like 'rpl_semi_sync_%'", 64).await?;
        let all: Vec<(String, String)> = result
            .rows
            .iter()
            .chain(status.rows.iter())
            .map(|row| (text(row, 0).to_ascii_lowercase(), text(row, 1)))
            .collect();
        Ok(SemiSyncState::from_pairs(&all))
    }
}

fn text(row: vt_value::Row<'_>, index: usize) -> String {
    String::from_utf8_lossy(row.column(index).unwrap_or_default()).into_owned()
}

impl SemiSyncState {
    fn from_pairs(pairs: &[(String, String)]) -> SemiSyncState {
        let get = |source: &str, old: &str, suffix: &str| {
            let names = [
                format!("rpl_semi_sync_{source}_{suffix}"),
                format!("rpl_semi_sync_{old}_{suffix}"),
            ];
            pairs.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| value.as_str())
        };
        let on = |value: Option<&str>| value.is_some_and(|value| value.eq_ignore_ascii_case("on"));
        let of_source = |suffix| get("source", "master", suffix);
        let of_replica = |suffix| get("replica", "slave", suffix);
        let number = |value: Option<&str>| value.and_then(|value| value.parse().ok()).unwrap_or(0);
        SemiSyncState {
            source_enabled: on(of_source("enabled")),
            replica_enabled: on(of_replica("enabled")),
            source_active: on(of_source("status")),
            replica_active: on(of_replica("status")),
            clients: number(of_source("clients")),
            timeout_ms: of_source("timeout").and_then(|value| value.parse().ok()).unwrap_or(0),
            wait_for_count: number(
                get("source", "master", "wait_for_replica_count")
                    .or_else(|| get("source", "master", "wait_for_slave_count")),
            ),
            waiting: number(of_source("wait_sessions")),
            acknowledged: of_source("yes_tx").and_then(|value| value.parse().ok()).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_of_names_are_read() {
        let pairs = |names: [&str; 4]| -> Vec<(String, String)> {
            let values = ["ON", "OFF", "2", "1"];
            names.iter().zip(values).map(|(n, v)| ((*n).to_owned(), v.to_owned())).collect()
        };
        let new = pairs([
            "rpl_semi_sync_source_enabled",
            "rpl_semi_sync_replica_enabled",
            "rpl_semi_sync_source_clients",
            "rpl_semi_sync_source_wait_for_replica_count",
        ]);
        let old = pairs([
            "rpl_semi_sync_master_enabled",
            "rpl_semi_sync_slave_enabled",
            "rpl_semi_sync_master_clients",
            "rpl_semi_sync_master_wait_for_slave_count",
        ]);
        let state = SemiSyncState::from_pairs(&new);
        assert!(state.source_enabled && !state.replica_enabled);
        assert_eq!((state.clients, state.wait_for_count), (2, 1));
        assert_eq!(SemiSyncState::from_pairs(&old), state);
    }
}
