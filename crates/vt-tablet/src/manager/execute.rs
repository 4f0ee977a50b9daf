//! Statements run for the control, as one account or another, and the lock on all tables.

use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, Result};
use vt_mysql::{Capabilities, Conn};
use vt_proto::query::QueryResult as ProtoResult;
use vt_proto::tabletmanagerdata::*;
use vt_rpc::convert::{Included, result_to_proto};
use vt_tablet_api::{Caller, ExecuteOptions, ExecuteRequest, Workload};
use vt_value::QueryResult;

use super::Call;
use crate::core::Core;
use crate::db::Role;

fn sql_text(sql: &[u8]) -> Result<&str> {
    std::str::from_utf8(sql)
        .map_err(|_| Error::new(Code::InvalidArgument, "the statement is not UTF-8"))
}

fn rows_max(asked: u64) -> usize {
    match usize::try_from(asked) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(asked) => asked,
    }
}

fn reply(result: &QueryResult) -> ProtoResult {
    result_to_proto(result, Included::All)
}

/// How a session of the control's differs from an ordinary one.
struct Session<'a> {
    database: &'a str,
    disable_binlogs: bool,
    disable_foreign_keys: bool,
}

/// Opens a connection in a database; one that is not there is no hindrance to making it.
async fn open(core: &Core, role: Role, session: &Session<'_>, multi: bool) -> Result<Conn> {
    let mut params = core.db.params(role);
    if multi {
        params.flags |= Capabilities::MULTI_STATEMENTS;
    }
    let database = if session.database.is_empty() { core.db.name() } else { session.database };
    params.database = Some(database.to_owned());
    let mut conn = match Conn::connect(params.clone()).await {
        Err(error) if error.errno() == 1049 && session.database.is_empty() => {
            params.database = None;
            Conn::connect(params).await?
        }
        connected => connected?,
    };
    if session.disable_binlogs {
        conn.query("set sql_log_bin = off", 0).await?;
    }
    if session.disable_foreign_keys {
        conn.query("set foreign_key_checks = off", 0).await?;
    }
    Ok(conn)
}

async fn reload(core: &Core, wanted: bool) {
    if wanted && let Err(err) = core.reload_schema().await {
        tracing::warn!(%err, "cannot read the schema");
    }
}

pub(super) async fn dba(
    core: &Arc<Core>,
    request: ExecuteFetchAsDbaRequest,
    _: Call,
) -> Result<ExecuteFetchAsDbaResponse> {
    let session = Session {
        database: &request.db_name,
        disable_binlogs: request.disable_binlogs,
        disable_foreign_keys: request.disable_foreign_key_checks,
    };
    let mut conn = open(core, Role::Dba, &session, false).await?;
    let result = conn.query(sql_text(&request.query)?, rows_max(request.max_rows)).await;
    conn.close().await;
    let result = result?;
    reload(core, request.reload_schema).await;
    Ok(ExecuteFetchAsDbaResponse { result: Some(reply(&result)) })
}

pub(super) async fn multi_dba(
    core: &Arc<Core>,
    request: ExecuteMultiFetchAsDbaRequest,
    _: Call,
) -> Result<ExecuteMultiFetchAsDbaResponse> {
    let session = Session {
        database: &request.db_name,
        disable_binlogs: request.disable_binlogs,
        disable_foreign_keys: request.disable_foreign_key_checks,
    };
    let mut conn = open(core, Role::Dba, &session, true).await?;
    let results = conn.query_multi(sql_text(&request.sql)?, rows_max(request.max_rows)).await;
    conn.close().await;
    let results = results?;
    reload(core, request.reload_schema).await;
    Ok(ExecuteMultiFetchAsDbaResponse { results: results.iter().map(reply).collect() })
}

pub(super) async fn all_privs(
    core: &Arc<Core>,
    request: ExecuteFetchAsAllPrivsRequest,
    _: Call,
) -> Result<ExecuteFetchAsAllPrivsResponse> {
    let session =
        Session { database: &request.db_name, disable_binlogs: false, disable_foreign_keys: false };
    let mut conn = open(core, Role::AllPrivs, &session, false).await?;
    let result = conn.query(sql_text(&request.query)?, rows_max(request.max_rows)).await;
    conn.close().await;
    let result = result?;
    reload(core, request.reload_schema).await;
    Ok(ExecuteFetchAsAllPrivsResponse { result: Some(reply(&result)) })
}

pub(super) async fn app(
    core: &Arc<Core>,
    request: ExecuteFetchAsAppRequest,
    _: Call,
) -> Result<ExecuteFetchAsAppResponse> {
    let session = Session { database: "", disable_binlogs: false, disable_foreign_keys: false };
    let mut conn = open(core, Role::App, &session, false).await?;
    let result = conn.query(sql_text(&request.query)?, rows_max(request.max_rows)).await;
    conn.close().await;
    Ok(ExecuteFetchAsAppResponse { result: Some(reply(&result?)) })
}

/// Runs a statement through the query service, with its checks and counts.
pub(super) async fn query(
    core: &Arc<Core>,
    request: ExecuteQueryRequest,
    _: Call,
) -> Result<ExecuteQueryResponse> {
    let caller = request.caller_id.unwrap_or_default();
    let options = ExecuteOptions { workload: Workload::Dba, ..ExecuteOptions::default() };
    let execute = ExecuteRequest {
        caller: Arc::new(Caller { principal: caller.principal.into(), ..Caller::default() }),
        target: core.state.get().target.clone(),
        sql: sql_text(&request.query)?.into(),
        options: Arc::new(options),
        ..ExecuteRequest::default()
    };
    let mut result = core.queries.execute(execute).await.result?;
    result.rows.truncate(rows_max(request.max_rows).min(result.rows.len()));
    Ok(ExecuteQueryResponse { result: Some(reply(&result)) })
}

/// Locks all tables against writes, until they are unlocked or the time for that is over.
pub(super) async fn lock_tables(
    core: &Arc<Core>,
    _: LockTablesRequest,
    _: Call,
) -> Result<LockTablesResponse> {
    let mut held = core.table_lock.lock().await;
    if held.is_some() {
        let text = "tables already locked on this tablet";
        return Err(Error::new(Code::FailedPrecondition, text));
    }
    let mut conn = core.db.connect(Role::Dba, None).await?;
    conn.query("flush tables with read lock", 0).await?;
    let id = conn.connection_id();
    *held = Some(conn);
    let core_later = core.handle();
    core.tasks.spawn_until_cancelled("unlock tables", async move {
        tokio::time::sleep(core_later.config.replication.lock_tables_timeout).await;
        let mut held = core_later.table_lock.lock().await;
        if held.as_ref().is_some_and(|conn| conn.connection_id() == id)
            && let Some(conn) = held.take()
        {
            tracing::warn!("table lock timed out and is released");
            conn.close().await;
        }
    });
    Ok(LockTablesResponse {})
}

pub(super) async fn unlock_tables(
    core: &Arc<Core>,
    _: UnlockTablesRequest,
    _: Call,
) -> Result<UnlockTablesResponse> {
    let Some(mut conn) = core.table_lock.lock().await.take() else {
        let text = "tables were not locked";
        return Err(Error::new(Code::FailedPrecondition, text));
    };
    let unlocked = tokio::time::timeout(Duration::from_secs(5), conn.query("unlock tables", 0));
    let unlocked = unlocked.await;
    // Closing unlocks in any case.
    conn.close().await;
    match unlocked {
        Ok(result) => result.map(|_| UnlockTablesResponse {}),
        Err(_) => Ok(UnlockTablesResponse {}),
    }
}
