//! Rows that are deleted batch by batch: a tenant's, when its move is given up.

use std::sync::Arc;

use vt_base::{Code, Error, Result};
use vt_proto::tabletmanagerdata::*;
use vt_sql::ast::Statement;
use vt_sql::{Arena, Modes};

use super::Call;
use crate::core::Core;
use crate::db::{Role, quote_name};

/// How many rows a statement deletes if the request does not say.
const BATCH_ROWS: i64 = 1_000;

/// Deletes the rows of tables that fulfil a condition each.
pub(super) async fn delete(
    core: &Arc<Core>,
    request: DeleteTableDataRequest,
    _: Call,
) -> Result<DeleteTableDataResponse> {
    core.require(true)?;
    let batch = if request.batch_size > 0 { request.batch_size } else { BATCH_ROWS };
    let mut statements = Vec::with_capacity(request.table_filters.len());
    for (table, filter) in &request.table_filters {
        statements.push(statement(table, filter, batch)?);
    }
    let mut conn = core.db.connect(Role::Dba, Some(core.db.name())).await?;
    for sql in statements {
        // A primary that was demoted meanwhile refuses to write.
        while conn.query(sql.clone(), 0).await?.rows_affected > 0 {
            core.require(true)?;
        }
    }
    conn.close().await;
    Ok(DeleteTableDataResponse {})
}

/// Makes the statement of one batch; a table without a condition is not emptied.
fn statement(table: &str, filter: &str, batch: i64) -> Result<String> {
    let refused = |why: &str| {
        let text = format!("cannot delete rows of table {table}: {why}: {filter}");
        Err(Error::new(Code::InvalidArgument, text))
    };
    let filter = filter.trim();
    if filter.is_empty() {
        return refused("there is no condition");
    }
    let begins = filter.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("where"));
    let word = if begins { "" } else { "where " };
    let sql = format!("delete from {} {word}{filter} limit {batch}", quote_name(table));
    let arena = Arena::new();
    match vt_sql::parse(&arena, &sql, Modes::default()) {
        Ok(Statement::Delete(delete)) if delete.filter.is_some() && delete.limit.is_some() => {
            Ok(sql)
        }
        _ => refused("not a condition"),
    }
}

#[cfg(test)]
mod tests {
    use super::statement;

    #[test]
    fn only_rows_of_a_condition_are_deleted() {
        let sql = statement("t", " where tenant_id = 7", 10).unwrap();
        assert_eq!(sql, "delete from `t` where tenant_id = 7 limit 10");
        assert_eq!(statement("t", "a = 1", 10).unwrap(), "delete from `t` where a = 1 limit 10");
        for wrong in ["", "where", "a = 1; drop table t", "limit 1", "a = 1 --"] {
            assert!(statement("t", wrong, 10).is_err(), "{wrong}");
        }
    }
}
