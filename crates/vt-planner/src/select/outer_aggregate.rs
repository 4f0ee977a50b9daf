//! Aggregates of a query around: `(select max(outer.x) from t)` aggregates where `outer` is read.
//!
//! MySQL gives an aggregate to the query whose columns its arguments read. One that reads none of
//! its own query's columns is no value of each row, and is refused.

use std::rc::Rc;

use vt_base::Error;
use vt_sql::ast::{Expr, Select, SelectItem};

use crate::analyze::{Resolved, Scope};
use crate::planner::Planner;
use crate::tree::any_expr;

impl<'a> Planner<'a> {
    /// Refuses aggregates whose arguments read columns of queries around alone.
    pub(super) fn refuse_outer_aggregates(
        &self,
        select: &Select<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(), Error> {
        if scope.parent.is_none() {
            return Ok(());
        }
        let items = select.items.iter().filter_map(|item| match item {
            SelectItem::Expr(item) => Some(item.expr),
            _ => None,
        });
        for expr in items.chain(select.having) {
            let mut failed = Ok(());
            any_expr(expr, &mut |part| {
                let Expr::Aggregate(call) = part else { return false };
                if call.over.is_none() && failed.is_ok() {
                    failed = refuse_outer(call.args, scope);
                }
                failed.is_err()
            });
            failed?;
        }
        Ok(())
    }
}

fn refuse_outer<'a>(args: &[Expr<'a>], scope: &Rc<Scope<'a>>) -> Result<(), Error> {
    let (mut own, mut outer) = (false, false);
    for arg in args {
        any_expr(*arg, &mut |part| {
            if let Expr::Column(column) = part {
                match scope.resolve(column) {
                    Ok(Resolved::One { depth, .. }) if depth > 0 => outer = true,
                    _ => own = true,
                }
            }
            false
        });
    }
    match outer && !own {
        true => Err(Error::unsupported("an aggregate over columns of a query around it")),
        false => Ok(()),
    }
}
