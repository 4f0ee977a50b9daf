//! MySQL's error 1093: a statement that reads, in a query inside its expressions, a table that it
//! changes. Derived tables are made before rows change, and may read it.

use std::sync::Arc;

use vt_base::Error;
use vt_sql::ast::{Expr, Query, QueryBody, TableName, TableRef};
use vt_vschema::Table;

use crate::planner::{Located, Planner};
use crate::select::query_of;
use crate::tree::{Child, any_expr, walk_select};

impl<'a> Planner<'a> {
    /// Refuses expressions that read tables which the statement changes; `targets` are those
    /// tables, with the names that the statement has for them.
    pub(super) fn refuse_own_reads(
        &self,
        targets: &[(&str, &Arc<Table>)],
        exprs: impl IntoIterator<Item = Expr<'a>>,
    ) -> Result<(), Error> {
        let mut names = Vec::new();
        exprs.into_iter().for_each(|expr| expr_reads(expr, &mut names));
        for name in names {
            let Located::Table(read) = self.locate(name)? else { continue };
            let same = |target: &&(&str, &Arc<Table>)| {
                target.1.keyspace == read.keyspace && target.1.name == read.name
            };
            if let Some((name, _)) = targets.iter().find(same) {
                let message =
                    format!("You can't specify target table '{name}' for update in FROM clause");
                return Err(Error::mysql(1093, b"HY000", message));
            }
        }
        Ok(())
    }
}

fn expr_reads<'a>(expr: Expr<'a>, names: &mut Vec<TableName<'a>>) {
    any_expr(expr, &mut |part| {
        if let Some(query) = query_of(part) {
            query_reads(query, names);
        }
        false
    });
}

fn query_reads<'a>(query: &'a Query<'a>, names: &mut Vec<TableName<'a>>) {
    // A common table may have the name.
    if query.with.is_none() {
        body_reads(query.body, names);
    }
}

fn body_reads<'a>(body: QueryBody<'a>, names: &mut Vec<TableName<'a>>) {
    match body {
        QueryBody::Select(select) => {
            select.from.iter().for_each(|table| table_reads(table, names));
            walk_select(select, &mut |child| {
                if let Child::Expr(expr) = child {
                    expr_reads(expr, names);
                }
            });
        }
        QueryBody::Set(set) => {
            body_reads(set.first, names);
            set.rest.iter().for_each(|tail| body_reads(tail.body, names));
        }
        QueryBody::Query(query) => query_reads(query, names),
        QueryBody::Table(name) => names.push(name),
        QueryBody::Values(_) => {}
    }
}

fn table_reads<'a>(table: &'a TableRef<'a>, names: &mut Vec<TableName<'a>>) {
    match table {
        TableRef::Table(factor) => names.push(factor.name),
        TableRef::Join(join) => {
            table_reads(&join.left, names);
            table_reads(&join.right, names);
        }
        TableRef::Paren(tables) => tables.iter().for_each(|table| table_reads(table, names)),
        TableRef::Derived(_) | TableRef::JsonTable(_) => {}
    }
}
