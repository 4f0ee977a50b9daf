//! What UPDATE and DELETE have in common: finding the rows, and the shards they lie in.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Node, Route};
use vt_sql::ast::{Expr, Limit, TableRef};
use vt_vschema::Table;

use crate::analyze::{Entry, Scope, Source};
use crate::planner::Planner;
use crate::select::{Choice, Op, Parts, Pullout, RouteOp, has_query, split};
use crate::shard_form::conjunction;

/// The rows that a statement changes.
pub(super) struct Target<'a> {
    pub(super) route: RouteOp<'a>,
    pub(super) choice: Choice<'a>,
    pub(super) scope: Rc<Scope<'a>>,
    /// The WHERE, queries in it settled.
    pub(super) filter: Option<Expr<'a>>,
    pub(super) pullouts: Vec<Pullout>,
}

impl<'a> Planner<'a> {
    /// Finds the one route over the tables of an UPDATE or DELETE.
    pub(super) fn target(
        &self,
        verb: &str,
        tables: &'a [TableRef<'a>],
        filter: Option<Expr<'a>>,
        limit: Option<Limit<'a>>,
    ) -> Result<Target<'a>, Error> {
        let scope = Rc::new(self.scope_of_tables(tables, None, &[])?);
        let mut parts = Parts::default();
        self.plan_tables(tables, &scope, &mut parts)?;
        if parts.filters.iter().any(|one| has_query(*one)) {
            return Err(Error::unsupported(format!("subquery in a join condition of {verb}")));
        }
        let mut conditions = Vec::new();
        if let Some(filter) = filter {
            split(self, filter, &mut conditions);
        }
        let (with_query, mut settled): (Vec<_>, Vec<_>) =
            conditions.into_iter().partition(|condition| has_query(*condition));
        parts.filters.extend(&settled);
        let mut op = self.combine(parts, &scope)?;
        let mut pullouts = Vec::new();
        for condition in with_query {
            let changed;
            (op, changed) = self.settle_condition(op, condition, &scope, &mut pullouts)?;
            settled.extend(changed);
        }
        let Op::Route(route) = op else {
            return Err(Error::unsupported(format!(
                "{verb} of rows found by a join over several shards"
            )));
        };
        let choice = self.choose(&route, &scope)?;
        if limit.is_some() && !choice.is_single() {
            return Err(Error::unsupported(format!("multi shard {verb} with LIMIT")));
        }
        let filter = conjunction(self.arena, &settled);
        Ok(Target { route: *route, choice, scope, filter, pullouts })
    }

    /// Makes the route of a statement that changes rows.
    pub(super) fn write_route(
        &self,
        target: &Target<'a>,
        sql: impl FnOnce(Option<Expr<'a>>) -> Result<String, Error>,
    ) -> Result<Route, Error> {
        let Some(keyspace) = target.route.home.keyspace() else {
            return Err(Error::bug("rows to change are in no keyspace"));
        };
        let (routing, list) = target.choice.routing();
        let filter = match (list, target.filter) {
            (Some(list), Some(filter)) => Some(self.filter_with_list_var(filter, list)),
            (_, filter) => filter,
        };
        let mut route = Route::new(keyspace.name.clone(), routing, sql(filter)?);
        route.read_only = false;
        Ok(route)
    }
}

/// Returns whether a statement was refused as one that no shard can carry out by itself.
pub(super) fn is_unsupported(error: &Error) -> bool {
    error.id() == Some(vt_base::ErrorId::VT12001)
}

/// Runs subqueries before the step that uses them.
pub(super) fn with_pullouts(mut node: Node, pullouts: Vec<Pullout>) -> Node {
    for pullout in pullouts.into_iter().rev() {
        node = pullout.around(node);
    }
    node
}

/// Returns the entries that are tables of the vschema.
pub(super) fn table_entries<'s, 'a>(
    scope: &'s Scope<'a>,
) -> impl Iterator<Item = (&'s Entry<'a>, &'s Arc<Table>)> {
    scope.entries.iter().filter_map(|entry| match &entry.source {
        Source::Table(table) => Some((&**entry, table)),
        _ => None,
    })
}
