//! What a server tells of its replication.

use std::time::Duration;

use vt_base::gtid::{GtidSet, Position};
use vt_base::{Code, Error, Result};
use vt_value::{QueryResult, Row};

use super::parse_set;

/// Whether a thread of replication runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IoState {
    #[default]
    Unknown,
    Stopped,
    /// It tries to reach the source.
    Connecting,
    Running,
}

impl IoState {
    fn parse(text: &str) -> IoState {
        match text.to_ascii_lowercase().as_str() {
            "yes" => IoState::Running,
            "no" => IoState::Stopped,
            "connecting" => IoState::Connecting,
            _ => IoState::Unknown,
        }
    }
}

/// The state of replication on a replica.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaStatus {
    pub executed: Position,
    /// What has been received, applied or not.
    pub received: Position,
    /// `None` where MySQL does not know.
    pub lag: Option<Duration>,
    pub source_host: String,
    pub source_port: u16,
    pub source_user: String,
    pub source_server_id: u32,
    pub source_uuid: String,
    pub connect_retry: u32,
    pub io: IoState,
    pub sql: IoState,
    pub last_io_error: String,
    pub last_sql_error: String,
    pub sql_delay: u32,
    pub auto_position: bool,
    pub has_filters: bool,
    pub ssl_allowed: bool,
    /// Log file and place of the source that was applied last.
    pub applied_file: (String, u64),
    /// Log file and place of the source that was received last.
    pub received_file: (String, u64),
    pub relay_file: (String, u64),
}

impl ReplicaStatus {
    /// Returns whether both threads run, the receiving one perhaps on its way to the source.
    pub fn is_started(&self) -> bool {
        self.io != IoState::Stopped && self.sql == IoState::Running
    }

    /// Returns whether changes flow.
    pub fn is_healthy(&self) -> bool {
        self.io == IoState::Running && self.sql == IoState::Running
    }

    /// Reads the answer to `SHOW REPLICA STATUS`; of several channels the first counts.
    pub fn from_result(result: &QueryResult) -> Result<Option<ReplicaStatus>> {
        if result.rows.is_empty() {
            return Ok(None);
        }
        let columns = Columns { result, row: result.rows.get(0) };
        let executed = parse_set(&columns.text("Executed_Gtid_Set"))?;
        let retrieved = parse_set(&columns.text("Retrieved_Gtid_Set")).unwrap_or_default();
        let filters = ["DB", "Table"].iter().any(|kind| {
            !columns.text(&format!("Replicate_Do_{kind}")).is_empty()
                || !columns.text(&format!("Replicate_Ignore_{kind}")).is_empty()
        });
        let place = |file: &str, at: &str| (columns.text(file), columns.number(at));
        Ok(Some(ReplicaStatus {
            received: Position { gtid_set: executed.union(&retrieved) },
            executed: Position { gtid_set: executed },
            lag: columns.text("Seconds_Behind_Source").parse().ok().map(Duration::from_secs),
            source_host: columns.text("Source_Host"),
            source_port: columns.small("Source_Port"),
            source_user: columns.text("Source_User"),
            source_server_id: columns.small("Source_Server_Id"),
            source_uuid: columns.text("Source_UUID"),
            connect_retry: columns.small("Connect_Retry"),
            io: IoState::parse(&columns.text("Replica_IO_Running")),
            sql: IoState::parse(&columns.text("Replica_SQL_Running")),
            last_io_error: columns.text("Last_IO_Error"),
            last_sql_error: columns.text("Last_SQL_Error"),
            sql_delay: columns.small("SQL_Delay"),
            auto_position: columns.text("Auto_Position") == "1",
            has_filters: filters,
            ssl_allowed: columns.text("Source_SSL_Allowed") == "Yes",
            applied_file: place("Relay_Source_Log_File", "Exec_Source_Log_Pos"),
            received_file: place("Source_Log_File", "Read_Source_Log_Pos"),
            relay_file: place("Relay_Log_File", "Relay_Log_Pos"),
        }))
    }
}

/// Where a server's own binary log stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrimaryStatus {
    pub position: Position,
    pub file: (String, u64),
    pub server_uuid: String,
}

impl PrimaryStatus {
    pub(super) fn from_results(
        log: &QueryResult,
        uuid: &QueryResult,
        position: Position,
    ) -> PrimaryStatus {
        let file = log.rows.iter().next().map(|row| {
            let columns = Columns { result: log, row };
            (columns.text("File"), columns.number("Position"))
        });
        let server_uuid = uuid.rows.iter().next().and_then(|row| row.column(0));
        PrimaryStatus {
            position,
            file: file.unwrap_or_default(),
            server_uuid: String::from_utf8_lossy(server_uuid.unwrap_or_default()).into_owned(),
        }
    }
}

/// What a status of the whole server tells besides replication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFacts {
    pub server_id: u32,
    pub server_uuid: String,
    pub version: String,
    pub version_comment: String,
    pub read_only: bool,
    pub super_read_only: bool,
    pub gtid_mode: String,
    pub gtid_purged: GtidSet,
    pub binlog_format: String,
    pub binlog_row_image: String,
    pub log_bin: bool,
    pub log_replica_updates: bool,
    pub replica_net_timeout: u32,
    pub port: u16,
}

pub(super) const FACTS_SQL: &str = "select @@global.server_id, @@global.server_uuid, @@version, \
     @@version_comment, @@global.read_only, @@global.super_read_only, @@global.gtid_mode, \
     @@global.gtid_purged, @@global.binlog_format, @@global.binlog_row_image, @@global.log_bin, \
     @@global.log_replica_updates, @@global.replica_net_timeout, @@global.port";

impl ServerFacts {
    pub(super) fn from_result(result: &QueryResult) -> Result<ServerFacts> {
        let Some(row) = result.rows.iter().next() else {
            return Err(Error::new(Code::Internal, "the server does not tell its variables"));
        };
        let values: Vec<String> = row
            .columns()
            .map(|value| String::from_utf8_lossy(value.unwrap_or_default()).into_owned())
            .collect();
        let text = |index: usize| values.get(index).cloned().unwrap_or_default();
        let on = |index: usize| text(index) == "1";
        Ok(ServerFacts {
            server_id: text(0).parse().unwrap_or(0),
            server_uuid: text(1),
            version: text(2),
            version_comment: text(3),
            read_only: on(4),
            super_read_only: on(5),
            gtid_mode: text(6),
            gtid_purged: parse_set(&text(7))?,
            binlog_format: text(8),
            binlog_row_image: text(9),
            log_bin: on(10),
            log_replica_updates: on(11),
            replica_net_timeout: text(12).parse().unwrap_or(0),
            port: text(13).parse().unwrap_or(0),
        })
    }
}

/// A row whose values are found by the names of their columns.
struct Columns<'a> {
    result: &'a QueryResult,
    row: Row<'a>,
}

impl Columns<'_> {
    fn text(&self, name: &str) -> String {
        let index = self.result.fields.iter().position(|one| one.name.eq_ignore_ascii_case(name));
        let value = index.and_then(|index| self.row.column(index));
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    }

    fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }

    fn small<T: TryFrom<u64> + Default>(&self, name: &str) -> T {
        T::try_from(self.number(name)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use vt_value::{Field, RowsBuilder, Type};

    use super::*;

    #[test]
    fn a_replicas_status_is_read_by_names() {
        let uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        let columns = [
            ("Replica_IO_Running", "Connecting".to_owned()),
            ("Replica_SQL_Running", "Yes".to_owned()),
            ("Source_Host", "h".to_owned()),
            ("Source_Port", "17100".to_owned()),
            ("Seconds_Behind_Source", "7".to_owned()),
            ("Executed_Gtid_Set", format!("{uuid}:1-5,\n{uuid}:7")),
            ("Retrieved_Gtid_Set", format!("{uuid}:6")),
            ("Relay_Source_Log_File", "bin.000002".to_owned()),
            ("Exec_Source_Log_Pos", "157".to_owned()),
            ("Auto_Position", "1".to_owned()),
        ];
        let fields: Vec<Field> =
            columns.iter().map(|(name, _)| Field::new(name, Type::VARCHAR)).collect();
        let mut rows = RowsBuilder::default();
        rows.push(columns.iter().map(|(_, value)| Some(value)));
        let result = QueryResult::with_rows(fields, rows.finish());
        let status = ReplicaStatus::from_result(&result).unwrap().unwrap();
        assert_eq!(status.executed.to_string(), format!("MySQL56/{uuid}:1-5:7"));
        assert_eq!(status.received.to_string(), format!("MySQL56/{uuid}:1-7"));
        assert_eq!((status.io, status.sql), (IoState::Connecting, IoState::Running));
        assert!(status.is_started() && !status.is_healthy() && status.auto_position);
        assert_eq!(status.lag, Some(Duration::from_secs(7)));
        assert_eq!(status.applied_file, ("bin.000002".to_owned(), 157));
        assert_eq!(ReplicaStatus::from_result(&QueryResult::default()).unwrap(), None);
    }
}
