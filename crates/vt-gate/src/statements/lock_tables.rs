//! LOCK TABLES: on every shard of the tables' keyspace, by connections that the session keeps until
//! UNLOCK TABLES.

use vt_base::{Error, ErrorId, Result};
use vt_exec::{CallOptions, ShardCall, ShardQueries};
use vt_sql::ast::{Statement, TableLock, TableName};
use vt_value::QueryResult;
use vt_vschema::Found;

use crate::gate::Gate;
use crate::query::deadline;
use crate::scatter::Scatter;
use crate::session::Session;
use crate::tx;

/// `LOCK TABLES a READ, b WRITE`
#[derive(Debug)]
pub struct LockTables {
    /// Keyspace, where it is said, and name of each table.
    tables: Vec<(Option<String>, String)>,
    /// The statement without keyspaces.
    sql: String,
}

pub fn read(locks: &[TableLock<'_>]) -> LockTables {
    let name = |table: &TableName<'_>| {
        let keyspace = table.qualifier.map(|one| one.as_str().to_owned());
        (keyspace, table.name.as_str().to_owned())
    };
    let plain: Vec<TableLock<'_>> = locks.iter().map(without_keyspace).collect();
    LockTables {
        tables: locks.iter().map(|lock| name(&lock.table)).collect(),
        sql: vt_sql::to_sql(&Statement::LockTables(&plain)),
    }
}

fn without_keyspace<'a>(lock: &TableLock<'a>) -> TableLock<'a> {
    let table = TableName { qualifier: None, ..lock.table };
    TableLock { table, ..*lock }
}

/// Locks on one shard after the other, always in the same order, so that two who lock the same
/// tables wait for each other and do not block each other for ever.
pub async fn lock(gate: &Gate, session: &mut Session, lock: LockTables) -> Result<QueryResult> {
    let keyspace = keyspace_of(gate, session, &lock)?;
    // MySQL ends a transaction, and gives up the locks that were held, before it locks.
    unlock(gate, session).await?;
    tx::commit(&gate.tablets, session).await?;
    session.transaction.is_reserving = true;
    session.transaction.has_locked_tables = true;
    let shards = gate.tablets.serving.shards(&keyspace, session.target.tablet_type)?;
    let places = match &session.target.destination {
        Some(destination) if session.target.keyspace() == Some(&*keyspace) => {
            shards.resolve(destination)?
        }
        _ => (0..shards.shards().len()).collect(),
    };
    for place in places {
        let Some(shard) = shards.shards().get(place) else { continue };
        let call = ShardCall {
            keyspace: keyspace.as_str().into(),
            shard: shard.name.clone(),
            sql: lock.sql.as_str().into(),
            bind_vars: std::sync::Arc::default(),
        };
        if let Err(error) = on_shard(gate, session, call).await {
            drop(unlock(gate, session).await);
            return Err(error);
        }
    }
    Ok(QueryResult::default())
}

/// Gives up the locks, with the connections that were kept for them.
pub async fn unlock(gate: &Gate, session: &mut Session) -> Result<QueryResult> {
    if !session.transaction.has_locked_tables {
        return Ok(QueryResult::default());
    }
    tx::commit(&gate.tablets, session).await?;
    session.transaction.has_locked_tables = false;
    let held: Vec<ShardCall> = session
        .transaction
        .shards
        .iter()
        .map(|held| ShardCall {
            keyspace: held.target.keyspace.clone(),
            shard: held.target.shard.clone(),
            sql: "unlock tables".into(),
            bind_vars: std::sync::Arc::default(),
        })
        .collect();
    let mut failure = None;
    for call in held {
        failure = on_shard(gate, session, call).await.err().or(failure);
    }
    if failure.is_some() || !session.transaction.has_temporary_tables {
        // A connection that is closed has no locks.
        session.transaction.is_reserving = false;
        tx::release_spare(&gate.tablets, session).await;
    }
    Ok(QueryResult::default())
}

async fn on_shard(gate: &Gate, session: &mut Session, call: ShardCall) -> Result<()> {
    let how = CallOptions { read_only: true, ..CallOptions::default() };
    let deadline = deadline(gate, session);
    let scatter = Scatter::new(&gate.tablets, session, deadline);
    let mut results = scatter.execute(vec![call], how).await;
    let result = results.pop().unwrap_or_else(|| Err(Error::bug("a call gave no result")));
    result.map(drop)
}

/// Returns the one keyspace that the tables lie in.
fn keyspace_of(gate: &Gate, session: &Session, lock: &LockTables) -> Result<String> {
    let vschema = &gate.vschemas.current().vschema;
    let mut keyspaces = lock.tables.iter().map(|(keyspace, name)| {
        if let Some(keyspace) = keyspace {
            return Ok(keyspace.clone());
        }
        match vschema.find(session.target.keyspace(), name, session.target.tablet_type) {
            Ok(Found::Table(table)) => Ok(table.keyspace.name.to_string()),
            _ => session
                .target
                .keyspace()
                .map(str::to_owned)
                .ok_or_else(|| Error::vt(ErrorId::VT09005, "")),
        }
    });
    let first = keyspaces.next().ok_or_else(|| Error::vt(ErrorId::VT09005, ""))??;
    for other in keyspaces {
        if other? != first {
            let what = "LOCK TABLES of several keyspaces: lock those of one at a time";
            return Err(Error::unsupported(what));
        }
    }
    Ok(first)
}
