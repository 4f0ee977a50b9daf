//! Sessions as their clients carry them.

use std::collections::BTreeMap;

use vt_base::{Result, TabletAlias, Target};
use vt_exec::CommitOrder;
use vt_proto::query::BindVariable;
use vt_proto::{query, topodata, vtgate};
use vt_rpc::convert::{binds_from_proto, binds_to_proto, options_from_proto, options_to_proto};
use vt_sql::Modes;
use vt_tablet_api::{Caller, Isolation};
use vt_value::{BindVars, BoundValue};

use crate::gate::Gate;
use crate::session::consistency::{Consistency, TrackGtids};
use crate::session::{
    Level, NamedStatement, Session, Settings, ShardSession, TransactionMode, Warning,
};

/// Reads the session of a call.
pub(super) fn from_proto(gate: &Gate, from: vtgate::Session, caller: Caller) -> Result<Session> {
    let target = gate.target(&from.target_string)?;
    let mut session = Session::new(&gate.config, caller, target);
    if let Some(options) = from.options {
        let (options, _) = options_from_proto(Some(options), session.target.tablet_type);
        session.client_found_rows = options.client_found_rows;
        session.workload = options.workload;
        session.sql_select_limit = options.sql_select_limit;
        session.skip_query_plan_cache = options.skip_query_plan_cache;
        session.transaction.has_temporary_tables = options.has_created_temp_tables;
        session.transaction_timeout_ms = options.transaction_timeout_ms;
        session.transaction.is_read_only = options.read_only;
        session.transaction.is_snapshot = options.consistent_snapshot;
        session.transaction.isolation =
            (options.isolation != Isolation::Default).then_some(options.isolation);
    }
    session.autocommit = from.autocommit;
    session.transaction.is_open = from.in_transaction;
    session.transaction.shards = [
        (&from.pre_sessions, CommitOrder::Pre),
        (&from.shard_sessions, CommitOrder::Normal),
        (&from.post_sessions, CommitOrder::Post),
    ]
    .into_iter()
    .flat_map(|(shards, order)| shards.iter().filter_map(move |one| shard_from_proto(one, order)))
    .collect();
    session.transaction.savepoints = from.savepoints;
    session.transaction.must_roll_back = from.error_until_rollback;
    session.transaction.is_reserving = from.in_reserved_conn;
    session.transaction.lock =
        from.lock_session.as_ref().and_then(|one| shard_from_proto(one, CommitOrder::Normal));
    session.transaction_mode = match from.transaction_mode {
        1 => TransactionMode::Single,
        2 => TransactionMode::Multi,
        3 => TransactionMode::TwoPc,
        _ => gate.config.session.transaction_mode,
    };
    session.last_insert_id = from.last_insert_id;
    session.found_rows = from.found_rows;
    session.row_count = from.row_count;
    session.user_variables = variables(from.user_defined_variables);
    if let Some(mode) = from.system_variables.get("sql_mode") {
        session.modes = Modes::from_sql_mode(mode.trim_matches('\''));
    }
    session.settings = from.system_variables.into_iter().collect::<Settings>();
    if !from.ddl_strategy.is_empty() {
        session.ddl_strategy = from.ddl_strategy;
    }
    session.migration_context = from.migration_context;
    session.uuid = from.session_uuid;
    session.query_timeout_ms = u64::try_from(from.query_timeout).ok().filter(|one| *one > 0);
    session.prepared = from
        .prepare_statement
        .into_iter()
        .map(|(name, data)| {
            let param_count = u16::try_from(data.params_count).unwrap_or_default();
            (name, NamedStatement { sql: data.prepare_statement.into(), param_count })
        })
        .collect();
    if let Some(one) = from.read_after_write {
        session.consistency.gtid = one.read_after_write_gtid;
        session.consistency.timeout = one.read_after_write_timeout;
        if one.session_track_gtids {
            session.consistency.track = TrackGtids::OwnGtid;
            session.follow_positions();
        }
    }
    for warning in from.warnings {
        session.warnings.push(Warning {
            level: Level::Warning,
            code: u16::try_from(warning.code).unwrap_or(u16::MAX),
            message: warning.message,
        });
    }
    Ok(session)
}

/// Writes the session for the reply.
pub(super) fn to_proto(session: &Session) -> vtgate::Session {
    let transaction = &session.transaction;
    let consistency = &session.consistency;
    let read_after_write =
        (*consistency != Consistency::default()).then(|| vtgate::ReadAfterWrite {
            read_after_write_gtid: consistency.gtid.clone(),
            read_after_write_timeout: consistency.timeout,
            session_track_gtids: consistency.track != TrackGtids::Off,
        });
    vtgate::Session {
        in_transaction: transaction.is_open,
        shard_sessions: shards_of(session, CommitOrder::Normal),
        pre_sessions: shards_of(session, CommitOrder::Pre),
        post_sessions: shards_of(session, CommitOrder::Post),
        autocommit: session.autocommit,
        target_string: session.target.as_str().to_owned(),
        options: Some(options_to_proto(&session.execute_options())),
        transaction_mode: match session.transaction_mode {
            TransactionMode::Unspecified => 0,
            TransactionMode::Single => 1,
            TransactionMode::Multi => 2,
            TransactionMode::TwoPc => 3,
        },
        warnings: session.warnings.kept().iter().map(warning_to_proto).collect(),
        last_insert_id: session.last_insert_id,
        found_rows: session.found_rows,
        user_defined_variables: variables_to_proto(session),
        system_variables: session
            .settings
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        row_count: session.row_count,
        savepoints: transaction.savepoints.clone(),
        in_reserved_conn: transaction.is_reserving,
        lock_session: transaction.lock.as_ref().map(shard_to_proto),
        read_after_write,
        ddl_strategy: session.ddl_strategy.clone(),
        session_uuid: session.uuid.clone(),
        enable_system_settings: session.system_settings,
        query_timeout: i64::try_from(session.query_timeout_ms.unwrap_or_default())
            .unwrap_or(i64::MAX),
        prepare_statement: session
            .prepared
            .iter()
            .map(|(name, one)| {
                let data = vtgate::PrepareData {
                    prepare_statement: one.sql.to_string(),
                    params_count: i32::from(one.param_count),
                };
                (name.clone(), data)
            })
            .collect(),
        migration_context: session.migration_context.clone(),
        error_until_rollback: transaction.must_roll_back,
        ..vtgate::Session::default()
    }
}

fn shards_of(session: &Session, order: CommitOrder) -> Vec<vtgate::session::ShardSession> {
    let shards = session.transaction.shards.iter();
    shards.filter(|one| one.order == order).map(shard_to_proto).collect()
}

fn shard_from_proto(
    from: &vtgate::session::ShardSession,
    order: CommitOrder,
) -> Option<ShardSession> {
    Some(ShardSession {
        target: Target::from(from.target.as_ref()?),
        alias: TabletAlias::from(from.tablet_alias.as_ref()?),
        transaction_id: from.transaction_id,
        reserved_id: from.reserved_id,
        is_read_only: from.read_only,
        has_changed_rows: from.rows_affected,
        order,
    })
}

fn shard_to_proto(shard: &ShardSession) -> vtgate::session::ShardSession {
    vtgate::session::ShardSession {
        target: Some(query::Target::from(&shard.target)),
        transaction_id: shard.transaction_id,
        tablet_alias: Some(topodata::TabletAlias::from(&shard.alias)),
        reserved_id: shard.reserved_id,
        read_only: shard.is_read_only,
        rows_affected: shard.has_changed_rows,
    }
}

fn warning_to_proto(warning: &Warning) -> query::QueryWarning {
    query::QueryWarning { code: u32::from(warning.code), message: warning.message.clone() }
}

fn variables(from: BTreeMap<String, BindVariable>) -> BTreeMap<String, vt_value::TypedBytes> {
    let binds = binds_from_proto(from);
    let one = |(name, value): (&std::sync::Arc<str>, &BoundValue)| match value {
        BoundValue::One(value) => Some((name.to_string(), value.clone())),
        BoundValue::Tuple(_) => None,
    };
    binds.iter().filter_map(one).collect()
}

fn variables_to_proto(session: &Session) -> BTreeMap<String, BindVariable> {
    let mut binds = BindVars::new();
    for (name, value) in &session.user_variables {
        binds.set(name.as_str(), value.clone());
    }
    binds_to_proto(&binds)
}

#[cfg(test)]
mod tests;
