//! Columns that are neither grouped nor aggregated: a shard is asked whether MySQL takes them.
//!
//! Whether a column depends on the group columns is known to MySQL alone, which knows the keys of
//! the tables; and whether it matters is up to the session's `sql_mode`. Where the gateway groups
//! rows, the statement itself goes to one shard first, without rows, for the error that it may give.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Node, Route, Routing, Subquery, SubqueryKind};
use vt_sql::ast::{Binary, BinaryOp, Expr, Query, QueryBody, Select};
use vt_vschema::Keyspace;

use super::{Grouping, each_part};
use crate::analyze::Scope;
use crate::analyze::tables::tables_of_query;
use crate::fields::one;
use crate::planner::{Located, Planner};
use crate::shard_form::{ShardForm, shard_sql};
use crate::tree::Rewrite;

/// Returns the columns outside of aggregates that are not grouped by, each once.
pub(super) fn loose_columns<'a>(grouping: &Grouping<'a>) -> Vec<Expr<'a>> {
    let mut loose = Vec::new();
    let is_part = |expr: Expr<'a>| is_settled(expr, grouping);
    let outs = grouping.outs.iter().map(|out| out.item.expr);
    let order = grouping.order_by.iter().map(|item| item.expr);
    for expr in outs.chain(grouping.having).chain(order) {
        each_part(expr, &is_part, &mut |part| {
            if !is_part(part) && !loose.contains(&part) {
                loose.push(part);
            }
        });
    }
    loose
}

/// Returns whether a value is the same for a group, or any of its rows will do.
pub(super) fn is_settled<'a>(expr: Expr<'a>, grouping: &Grouping<'a>) -> bool {
    let any = matches!(expr, Expr::Function(call) if call.name.is("any_value"));
    any || grouping.group_by.contains(&expr)
}

impl<'a> Planner<'a> {
    /// Has a shard check a statement before a plan runs, where one has all of its tables.
    pub(crate) fn checked(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
        outer: Node,
    ) -> Result<Node, Error> {
        let Some(keyspace) = self.keyspace_of_all(query, scope) else { return Ok(outer) };
        let never = Binary { op: BinaryOp::Ne, left: one(self.arena), right: one(self.arena) };
        let filter = Some(Expr::Binary(self.arena.node(never)));
        let select = self.arena.node(Select { filter, ..*select });
        let body = QueryBody::Select(select);
        let empty = self.arena.node(Query { body, limit: None, locks: &[], into: None, ..*query });
        let empty = ShardForm::new(self).query(empty)?;
        let routing = if keyspace.sharded { Routing::AnyShard } else { Routing::Unsharded };
        let mut route = Route::new(keyspace.name.clone(), routing, shard_sql(empty));
        route.field_sql = route.sql.clone();
        Ok(Node::Subquery(Box::new(Subquery {
            kind: SubqueryKind::Exists,
            subquery: Node::Route(Box::new(route)),
            outer,
            var: self.new_var("__checked").into(),
            has_values_var: None,
            columns: Vec::new(),
        })))
    }

    /// Returns the keyspace that has all tables of a query which depends on nothing around it.
    fn keyspace_of_all(&self, query: &'a Query<'a>, scope: &Scope<'a>) -> Option<Arc<Keyspace>> {
        let mut around = scope.parent.as_deref();
        while let Some(outer) = around {
            if !outer.entries.is_empty() {
                return None;
            }
            around = outer.parent.as_deref();
        }
        if !scope.common.is_empty() {
            return None;
        }
        let mut found: Option<Arc<Keyspace>> = None;
        for name in tables_of_query(query) {
            let Ok(Located::Table(table)) = self.locate(name) else { return None };
            if found.as_ref().is_some_and(|one| *one != table.keyspace) {
                return None;
            }
            found = Some(table.keyspace.clone());
        }
        found
    }
}
