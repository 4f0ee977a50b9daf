//! The statements that the gateway carries out by itself, a kind a file.
//!
//! [`Local`] is what such a statement asks for, apart from the syntax tree, so that it can be
//! carried out while nothing of the tree is held.

pub mod alter_vschema;
pub mod call;
pub mod database;
pub mod kill;
pub mod load_data;
pub mod lock_tables;
pub mod prepare;
pub mod select_into;
pub mod set;
pub mod show;
pub mod transaction;
pub mod use_target;
pub mod user_lock;
pub mod vexplain;
pub mod vstream;

use vt_base::Result;
use vt_sql::ast::{Comments, Query as QueryTree, QueryBody, Statement};
use vt_value::QueryResult;

use crate::gate::Gate;
use crate::query::{Query, Record, Sink};
use crate::session::Session;

/// A statement that the gateway carries out.
#[derive(Debug)]
pub enum Local {
    Use(String),
    Begin(crate::tx::BeginOptions),
    Commit(transaction::Ending),
    Rollback(transaction::Ending),
    Savepoint(String),
    RollbackTo(String),
    ReleaseSavepoint(String),
    Set(Vec<set::Item>),
    Show(show::Show),
    Kill(kill::Kill),
    Prepare(prepare::Prepare),
    Execute(prepare::Execute),
    Deallocate(String),
    Vexplain(vexplain::Vexplain),
    AlterVschema(alter_vschema::AlterVschema),
    CreateDatabase(database::Create),
    DropDatabase(database::Drop),
    SelectInto(select_into::SelectInto),
    LoadData(String),
    Call(call::Call),
    LockTables(lock_tables::LockTables),
    UnlockTables,
    /// A comment.
    Nothing,
    UserLock(user_lock::UserLock),
    Vstream(vstream::Vstream),
}

impl Local {
    /// Returns what a statement asks of the gateway; `None` if it is for the planner.
    pub fn of(
        statement: &Statement<'_>,
        query: &Query<'_>,
        session: &Session,
    ) -> Result<Option<Local>> {
        Ok(Some(match statement {
            Statement::Use(one) => Local::Use(one.target.to_owned()),
            Statement::Begin(begin) => Local::Begin(transaction::begin_options(begin)),
            Statement::Commit(end) => Local::Commit(end.into()),
            Statement::Rollback(end) => Local::Rollback(end.into()),
            Statement::Savepoint(name) => Local::Savepoint(name.as_str().to_owned()),
            Statement::RollbackTo(name) => Local::RollbackTo(name.as_str().to_owned()),
            Statement::ReleaseSavepoint(name) => Local::ReleaseSavepoint(name.as_str().to_owned()),
            Statement::Set(set) => Local::Set(set::items(set, &query.params)?),
            Statement::Show(one) => Local::Show(show::read(one, query)?),
            Statement::Kill(one) => Local::Kill(kill::read(one)?),
            Statement::Prepare(one) => Local::Prepare(prepare::read(one)?),
            Statement::Execute(one) => Local::Execute(prepare::read_execute(one)),
            Statement::Deallocate(name) => Local::Deallocate(name.as_str().to_owned()),
            Statement::Vexplain(one) => Local::Vexplain(vexplain::read(one)),
            Statement::AlterVschema(one) => {
                Local::AlterVschema(alter_vschema::read(one, session.target.keyspace())?)
            }
            Statement::CreateDatabase(one) => Local::CreateDatabase(database::read_create(one)),
            Statement::DropDatabase(one) => Local::DropDatabase(database::read_drop(one)),
            Statement::LoadData(load) if load.local => Local::LoadData(query.sql.to_owned()),
            Statement::Call(one) => match call::read(one, query.sql, &query.params) {
                Some(call) => Local::Call(call),
                None => return Ok(None),
            },
            Statement::LockTables(locks) => Local::LockTables(lock_tables::read(locks)),
            Statement::UnlockTables => Local::UnlockTables,
            Statement::Stream(stream) if stream.vstream => Local::Vstream(vstream::read(stream)?),
            Statement::Query(tree) if select_into::goes_to_variables(tree) => {
                return Ok(select_into::read(tree, &query.params).map(Local::SelectInto));
            }
            Statement::Query(_) | Statement::Do(_) => {
                return Ok(user_lock::read(statement, query)?.map(Local::UserLock));
            }
            _ => return Ok(None),
        }))
    }

    /// Returns whether the statement reads the warnings of the one before it.
    pub fn is_diagnostic(&self) -> bool {
        matches!(self, Local::Show(one) if one.is_diagnostic())
    }

    /// Returns the word that metrics and logs have for it.
    pub fn operation(&self) -> &'static str {
        match self {
            Local::Use(_) => "USE",
            Local::Begin(_) => "BEGIN",
            Local::Commit(_) => "COMMIT",
            Local::Rollback(_) => "ROLLBACK",
            Local::Savepoint(_) => "SAVEPOINT",
            Local::RollbackTo(_) => "SAVEPOINT_ROLLBACK",
            Local::ReleaseSavepoint(_) => "RELEASE",
            Local::Set(_) => "SET",
            Local::Show(_) => "SHOW",
            Local::Kill(_) => "KILL",
            Local::Prepare(_) => "PREPARE",
            Local::Execute(_) => "EXECUTE",
            Local::Deallocate(_) => "DEALLOCATE",
            Local::Vexplain(_) => "VEXPLAIN",
            Local::AlterVschema(_) | Local::CreateDatabase(_) | Local::DropDatabase(_) => "DDL",
            Local::SelectInto(_) => "SELECT",
            Local::LoadData(_) => "LOAD",
            Local::Call(_) => "CALL_PROC",
            Local::LockTables(_) => "LOCK_TABLES",
            Local::UnlockTables => "UNLOCK_TABLES",
            Local::Nothing => "COMMENT",
            Local::UserLock(_) => "SELECT",
            Local::Vstream(_) => "VSTREAM",
        }
    }
}

/// Carries a statement out.
pub async fn run(
    gate: &Gate,
    session: &mut Session,
    statement: Local,
    record: &mut Record,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    if let Local::LoadData(sql) = &statement {
        let result = load_data::run(gate, session, sql, sink).await?;
        record.rows_affected = result.rows_affected;
        session.row_count = i64::try_from(result.rows_affected).unwrap_or(i64::MAX);
        return Ok(result);
    }
    let result = match statement {
        Local::LoadData(_) => Err(vt_base::Error::bug("a file has been read already")),
        Local::Use(target) => use_target::run(gate, session, &target),
        Local::Begin(options) => transaction::begin(gate, session, options).await,
        Local::Commit(end) => transaction::commit(gate, session, end).await,
        Local::Rollback(end) => transaction::rollback(gate, session, end).await,
        Local::Savepoint(name) => transaction::savepoint(gate, session, &name).await,
        Local::RollbackTo(name) => transaction::rollback_to(gate, session, &name).await,
        Local::ReleaseSavepoint(name) => transaction::release(gate, session, &name).await,
        Local::Set(items) => Box::pin(set::run(gate, session, items)).await,
        Local::Show(show) => show::run(gate, session, show).await,
        Local::Kill(kill) => kill::run(gate, session, kill).await,
        Local::Prepare(prepare) => prepare::prepare(gate, session, prepare),
        Local::Execute(execute) => {
            return prepare::execute(gate, session, execute, record, sink).await;
        }
        Local::Deallocate(name) => prepare::deallocate(session, &name),
        Local::Vexplain(vexplain) => vexplain::run(gate, session, vexplain).await,
        Local::AlterVschema(change) => alter_vschema::run(gate, session, change).await,
        Local::CreateDatabase(create) => database::create(gate, session, create).await,
        Local::DropDatabase(drop) => database::drop_database(gate, drop).await,
        Local::SelectInto(into) => select_into::run(gate, session, into).await,
        Local::Call(call) => call::run(gate, session, call).await,
        Local::LockTables(lock) => lock_tables::lock(gate, session, lock).await,
        Local::UnlockTables => lock_tables::unlock(gate, session).await,
        Local::Nothing => Ok(QueryResult::default()),
        Local::UserLock(lock) => user_lock::run(gate, session, lock).await,
        Local::Vstream(stream) => vstream::run(gate, session, stream, sink).await,
    };
    if let Ok(result) = &result {
        let rows = result.rows.len() as u64;
        record.rows_returned = rows;
        session.row_count = if result.has_fields() { -1 } else { 0 };
        if result.has_fields() {
            session.found_rows = rows;
        }
    }
    result
}

/// Returns a statement's directives and hints.
pub fn comments<'a>(statement: &Statement<'a>) -> Comments<'a> {
    match statement {
        Statement::Query(query) => query_comments(query),
        Statement::Insert(one) => one.comments,
        Statement::Update(one) => one.comments,
        Statement::Delete(one) => one.comments,
        _ => Comments::NONE,
    }
}

fn query_comments<'a>(query: &QueryTree<'a>) -> Comments<'a> {
    let mut body = query.body;
    loop {
        body = match body {
            QueryBody::Select(select) => return select.comments,
            QueryBody::Set(set) => set.first,
            QueryBody::Query(query) => query.body,
            QueryBody::Values(_) | QueryBody::Table(_) => return Comments::NONE,
        };
    }
}
