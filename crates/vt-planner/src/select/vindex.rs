//! A vindex as a table of a FROM: `select shard from hash where id = 5`.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_eval::Expr as Eval;
use vt_plan::{Node, VindexRows};
use vt_sql::ast::Expr;
use vt_vschema::Vindex;

use super::op::{Op, RowsOp};
use super::routing::{equal_value, list_values};
use crate::analyze::scope::OutColumn;
use crate::analyze::{Resolved, Scope, Tables};
use crate::eval::plain_value;

/// Returns the columns of a vindex.
pub(crate) fn vindex_columns() -> Vec<OutColumn> {
    let column = |name: &&str| OutColumn {
        name: (*name).into(),
        typ: Some(VindexRows::TYPE),
        collation: Some("binary".into()),
    };
    VindexRows::COLUMNS.iter().map(column).collect()
}

/// Makes the operator of a vindex.
pub(super) fn vindex_op<'a>(keyspace: Arc<str>, vindex: Arc<Vindex>, table: Tables) -> Op<'a> {
    let rows = VindexRows { keyspace, vindex, values: None };
    let node = Node::VindexRows(Box::new(rows));
    Op::Rows(Box::new(RowsOp { table, node, columns: vindex_columns() }))
}

/// Gives a vindex the values that a condition names; returns whether it is such a condition.
pub(super) fn take_values<'a>(
    rows: &mut RowsOp,
    filter: Expr<'a>,
    scope: &Scope<'a>,
) -> Result<bool, Error> {
    let table = rows.table;
    let Node::VindexRows(vindex) = &mut rows.node else { return Ok(false) };
    if vindex.values.is_some() {
        return Ok(false);
    }
    let mut is_id = |expr: Expr<'a>| {
        let Expr::Column(column) = expr else { return Ok(false) };
        let found = scope.resolve(column)?;
        Ok(column.name.is("id")
            && matches!(found, Resolved::One { entry, .. } if entry.id == table))
    };
    let values = match filter {
        Expr::In(one) if !one.negated && is_id(one.expr)? => list_values(&one.list),
        _ => equal_value(filter, &mut is_id)?
            .and_then(plain_value)
            .map(|value| Eval::Tuple(vec![value])),
    };
    vindex.values = values;
    Ok(vindex.values.is_some())
}

/// Refuses to read a vindex for all values there are.
pub(super) fn check_values(node: &Node) -> Result<(), Error> {
    match node {
        Node::VindexRows(rows) if rows.values.is_none() => Err(Error::vt(
            ErrorId::VT09018,
            "where clause for vindex function must be of the form id = <val> or id in(<val>,...)",
        )),
        _ => Ok(()),
    }
}
