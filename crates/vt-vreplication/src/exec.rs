//! Statements on the system's tables of streams, as the cluster's control sends them.
//!
//! What they change is known before they run, so that the streams concerned can be stopped first.

use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_sql::ast::{QueryBody, Statement, TableRef};
use vt_sql::{Arena, Modes, to_sql};
use vt_value::QueryResult;

use crate::store::{Store, number};

/// The tables that may be written; others of the system's may be read.
const WRITABLE: &str = "vreplication";
const READABLE: [&str; 5] =
    ["vreplication", "copy_state", "vreplication_log", "post_copy_action", "resharding_journal"];
/// A statement shows so many rows at most.
const ROWS_MAX: usize = 10_000;

/// What a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Reads,
    /// It makes streams.
    Inserts,
    /// It changes the streams that fulfil a condition.
    Updates(String),
    Deletes(String),
}

/// Returns what a statement does.
///
/// # Errors
/// It is no statement on one of the system's tables of streams.
pub fn effect(sql: &str) -> Result<Effect> {
    let arena = Arena::new();
    let refused = || {
        let message = format!("not a statement on the tables of streams: {sql}");
        Error::new(Code::InvalidArgument, message)
    };
    let condition = |filter: Option<vt_sql::ast::Expr<'_>>| match filter {
        Some(filter) => to_sql(&filter),
        None => "1 = 1".to_owned(),
    };
    let statement = vt_sql::parse(&arena, sql, Modes::default())?;
    let (table, effect) = match statement {
        Statement::Query(query) => match query.body {
            QueryBody::Select(select) => match select.from {
                [TableRef::Table(factor)] => (factor.name.name.text, Effect::Reads),
                _ => return Err(refused()),
            },
            _ => return Err(refused()),
        },
        Statement::Insert(insert) => (insert.table.name.text, Effect::Inserts),
        Statement::Update(update) => match update.tables {
            [TableRef::Table(factor)] if update.limit.is_none() => {
                (factor.name.name.text, Effect::Updates(condition(update.filter)))
            }
            _ => return Err(refused()),
        },
        Statement::Delete(delete) => match delete.tables {
            [TableRef::Table(factor)] if delete.limit.is_none() => {
                (factor.name.name.text, Effect::Deletes(condition(delete.filter)))
            }
            _ => return Err(refused()),
        },
        _ => return Err(refused()),
    };
    let known = |names: &[&str]| names.iter().any(|one| table.eq_ignore_ascii_case(one));
    let allowed = match effect {
        Effect::Reads => known(&READABLE),
        _ => known(&[WRITABLE]),
    };
    if allowed { Ok(effect) } else { Err(refused()) }
}

/// Returns the ids of the streams that a statement changes, before it runs.
///
/// # Errors
/// mysqld does not answer, or refuses the statement's condition.
pub async fn concerned(store: &Store, conn: &mut Conn, effect: &Effect) -> Result<Vec<i32>> {
    match effect {
        Effect::Reads | Effect::Inserts => Ok(Vec::new()),
        Effect::Updates(condition) | Effect::Deletes(condition) => {
            let streams = store.streams(conn, condition).await?;
            Ok(streams.into_iter().map(|one| one.id).collect())
        }
    }
}

/// Runs a statement; returns its result and the ids of the streams that it made.
///
/// # Errors
/// mysqld refuses it.
pub async fn run(
    store: &Store,
    conn: &mut Conn,
    sql: &str,
    effect: &Effect,
    ids: &[i32],
) -> Result<(QueryResult, Vec<i32>)> {
    conn.init_db(&store.sidecar).await?;
    let result = conn.query(sql, ROWS_MAX).await?;
    let mut made = Vec::new();
    if *effect == Effect::Inserts && result.insert_id != 0 {
        // Ids of one statement follow one another.
        let table = store.table("vreplication");
        let (first, count) = (result.insert_id, result.rows_affected);
        let sql = format!("select id from {table} where id >= {first} order by id limit {count}");
        let found = conn.query(sql, ROWS_MAX).await?;
        made = found.rows.iter().map(|row| number(row, 0) as i32).collect();
    }
    if let (Effect::Deletes(_), false) = (effect, ids.is_empty()) {
        let list = ids.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
        store.forget(conn, &list).await?;
    }
    Ok((result, made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_on_streams_are_told_by_what_they_do() {
        let update = effect("update _vt.vreplication set state='Stopped' where id in (1, 2)");
        assert_eq!(update.unwrap(), Effect::Updates("id in (1, 2)".into()));
        let delete = effect("delete from _vt.vreplication where db_name='d' and workflow='w'");
        let condition = "db_name = 'd' and workflow = 'w'";
        assert_eq!(delete.unwrap(), Effect::Deletes(condition.into()));
        assert_eq!(
            effect("insert into _vt.vreplication(workflow) values ('w')").unwrap(),
            Effect::Inserts
        );
        assert_eq!(effect("select * from _vt.copy_state").unwrap(), Effect::Reads);
    }

    #[test]
    fn other_statements_are_refused() {
        for sql in [
            "select * from customer",
            "delete from _vt.copy_state where id = 1",
            "update _vt.vreplication set state='' limit 1",
            "drop table _vt.vreplication",
            "select 1",
            "update a, b set a.x = 1",
        ] {
            assert_eq!(effect(sql).unwrap_err().code(), Code::InvalidArgument, "{sql}");
        }
    }
}
