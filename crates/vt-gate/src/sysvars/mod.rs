//! System variables: which ones the gateway knows, and what each is now.

pub mod classes;
mod table;

#[cfg(test)]
mod page;

use vt_base::Result;
use vt_tablet_api::{Isolation, Workload};
use vt_value::{Type, TypedBytes};

use crate::gate::Gate;
use crate::query::run_on_any_shard;
use crate::session::{Completion, Session};

pub use classes::{Class, Kind, Scope, Variable, all, find};

/// Returns a variable of the session, `None` if a shard is to be asked.
pub fn session_value(gate: &Gate, session: &Session, name: &str) -> Option<TypedBytes> {
    if let Some(value) = aware_value(session, name).or_else(|| counted(session, name)) {
        return Some(value);
    }
    if let Some(value) = session.kept.get(name) {
        return Some(value.clone());
    }
    if session.settings.get(name).is_some_and(|literal| literal == "NULL") {
        return Some(TypedBytes::NULL);
    }
    if let Some(text) = session.settings.text(name) {
        return Some(match find(name) {
            Some(variable) => as_kind(variable, TypedBytes::varchar(&text)),
            None => TypedBytes::varchar(&text),
        });
    }
    fixed_value(gate, name)
}

/// Returns a value with the type that a query of the variable gives.
pub fn as_kind(variable: &Variable, value: TypedBytes) -> TypedBytes {
    if value.is_null() {
        return value;
    }
    let text = String::from_utf8_lossy(&value.bytes);
    match variable.kind {
        Kind::Flag => match text.to_ascii_lowercase().as_str() {
            "on" | "true" | "1" => TypedBytes::int64(1),
            "off" | "false" | "0" => TypedBytes::int64(0),
            _ => TypedBytes::new(Type::VARCHAR, value.bytes),
        },
        Kind::Int => TypedBytes::new(Type::INT64, value.bytes),
        Kind::Uint => TypedBytes::new(Type::UINT64, value.bytes),
        Kind::Real => TypedBytes::new(Type::FLOAT64, value.bytes),
        Kind::Text => TypedBytes::new(Type::VARCHAR, value.bytes),
    }
}

/// Returns a value as SHOW VARIABLES writes it.
pub fn shown(name: &str, value: &TypedBytes) -> String {
    let text = String::from_utf8_lossy(&value.bytes).into_owned();
    let is_flag = name == "performance_schema"
        || find(name).is_some_and(|variable| variable.kind == Kind::Flag);
    match (is_flag, text.as_str()) {
        (true, "1") => "ON".to_owned(),
        (true, "0") => "OFF".to_owned(),
        _ => text,
    }
}

/// What the last statement has left to count.
fn counted(session: &Session, name: &str) -> Option<TypedBytes> {
    let count = |count: usize| Some(TypedBytes::uint64(count as u64));
    match name {
        "warning_count" => count(session.warnings.before().0),
        "error_count" => count(session.warnings.before().1),
        "last_insert_id" | "identity" => Some(TypedBytes::uint64(session.last_insert_id)),
        _ => None,
    }
}

/// Returns a global variable, `None` if a shard is to be asked.
pub fn global_value(gate: &Gate, name: &str) -> Option<TypedBytes> {
    let text = |text: &str| Some(TypedBytes::varchar(text));
    match name {
        "autocommit" => Some(TypedBytes::int64(1)),
        "transaction_mode" => text(gate.config.session.transaction_mode.as_str()),
        "ddl_strategy" => text(&gate.config.session.ddl_strategy),
        _ => fixed_value(gate, name),
    }
}

/// What no client can change.
fn fixed_value(gate: &Gate, name: &str) -> Option<TypedBytes> {
    let text = |text: &str| Some(TypedBytes::varchar(text));
    let number = |number: i64| Some(TypedBytes::int64(number));
    let mysql = &gate.config.mysql;
    match name {
        "version" => text(&mysql.version),
        "version_comment" => text(&mysql.version_comment),
        "socket" => {
            let path = gate.config.listen.mysql_socket.as_ref();
            text(&path.map(|path| path.display().to_string()).unwrap_or_default())
        }
        "port" => number(i64::from(gate.config.listen.mysql_port.unwrap_or_default())),
        "license" => text("Apache-2.0"),
        "init_connect" => text(""),
        "performance_schema" => number(0),
        "query_cache_size" => number(0),
        "query_cache_type" => text("OFF"),
        "auto_increment_increment" | "auto_increment_offset" => number(1),
        "lower_case_table_names" => number(0),
        "wait_timeout" | "interactive_timeout" => number(28_800),
        "net_buffer_length" => number(16_384),
        "net_write_timeout" => number(60),
        "net_read_timeout" => number(30),
        "max_allowed_packet" => number(64 << 20),
        _ => None,
    }
}

/// Returns a variable that the gateway keeps by itself.
fn aware_value(session: &Session, name: &str) -> Option<TypedBytes> {
    let text = |text: &str| Some(TypedBytes::varchar(text));
    let number = |number: i64| Some(TypedBytes::int64(number));
    let flag = |flag: bool| Some(TypedBytes::int64(i64::from(flag)));
    match name {
        "autocommit" => flag(session.autocommit),
        "client_found_rows" => flag(session.client_found_rows),
        "skip_query_plan_cache" => flag(session.skip_query_plan_cache),
        "enable_system_settings" => flag(session.system_settings),
        "tx_read_only" | "transaction_read_only" => flag(session.transaction.session_read_only),
        "tx_isolation" | "transaction_isolation" => {
            session.transaction.session_isolation.and_then(|one| text(isolation_name(one)?))
        }
        "sql_select_limit" if session.sql_select_limit > 0 => number(session.sql_select_limit),
        "sql_select_limit" => Some(TypedBytes::uint64(u64::MAX)),
        "transaction_mode" => text(session.transaction_mode.as_str()),
        "workload" => text(workload_name(session.workload)),
        "ddl_strategy" => text(&session.ddl_strategy),
        "migration_context" => text(&session.migration_context),
        "session_uuid" => text(&session.uuid),
        "query_timeout" => {
            number(i64::try_from(session.query_timeout_ms.unwrap_or_default()).unwrap_or(i64::MAX))
        }
        "transaction_timeout" => number(session.transaction_timeout_ms.unwrap_or_default()),
        "read_after_write_gtid" => text(&session.consistency.gtid),
        "read_after_write_timeout" => {
            let value = session.consistency.timeout.to_string();
            Some(TypedBytes::new(Type::FLOAT64, value))
        }
        "session_track_gtids" => text(session.consistency.track.as_str()),
        "read_consistency" => text(session.consistency.mode.as_str()),
        "max_replication_lag" => {
            let value = session.consistency.lag_max.to_string();
            Some(TypedBytes::new(Type::FLOAT64, value))
        }
        "character_set_client" => text(session.charsets.client.name()),
        "character_set_connection" => text(session.charsets.connection().name()),
        "character_set_results" => match session.charsets.results {
            Some(set) => text(set.name()),
            None => Some(TypedBytes::NULL),
        },
        "collation_connection" => text(session.charsets.collation_name()),
        "completion_type" => text(match session.completion {
            Completion::NoChain => "NO_CHAIN",
            Completion::Chain => "CHAIN",
            Completion::Release => "RELEASE",
        }),
        "max_error_count" => Some(TypedBytes::uint64(session.warnings.kept_max as u64)),
        "session_track_schema" => flag(session.tracking.schema),
        "session_track_system_variables" => text(&session.tracking.variables),
        _ => None,
    }
}

/// Asks a shard for expressions such as `@@session.sql_mode`.
pub async fn fetch(gate: &Gate, session: &mut Session, names: &[&str]) -> Result<Vec<TypedBytes>> {
    let sql = format!("select {}", names.join(", "));
    let result = run_on_any_shard(gate, session, &sql).await?;
    let mut values = Vec::with_capacity(names.len());
    let row = (!result.rows.is_empty()).then(|| result.rows.get(0));
    for (column, field) in result.fields.iter().enumerate() {
        values.push(match row.and_then(|row| row.column(column)) {
            Some(bytes) => TypedBytes::new(field.typ, bytes.to_vec()),
            None => TypedBytes::NULL,
        });
    }
    values.resize(names.len(), TypedBytes::NULL);
    Ok(values)
}

pub fn workload_name(workload: Workload) -> &'static str {
    match workload {
        Workload::Unspecified => "UNSPECIFIED",
        Workload::Oltp => "OLTP",
        Workload::Olap => "OLAP",
        Workload::Dba => "DBA",
    }
}

/// Returns MySQL's name of an isolation; `None` for those that are no value of the variable.
pub fn isolation_name(isolation: Isolation) -> Option<&'static str> {
    match isolation {
        Isolation::ReadUncommitted => Some("READ-UNCOMMITTED"),
        Isolation::ReadCommitted => Some("READ-COMMITTED"),
        Isolation::RepeatableRead => Some("REPEATABLE-READ"),
        Isolation::Serializable => Some("SERIALIZABLE"),
        _ => None,
    }
}

/// Reads MySQL's name of an isolation.
pub fn isolation_from_name(name: &str) -> Option<Isolation> {
    [
        Isolation::ReadUncommitted,
        Isolation::ReadCommitted,
        Isolation::RepeatableRead,
        Isolation::Serializable,
    ]
    .into_iter()
    .find(|one| isolation_name(*one).is_some_and(|text| text.eq_ignore_ascii_case(name)))
}

/// Quotes text as a literal of SQL.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
