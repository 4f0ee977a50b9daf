//! From operators to the nodes of a plan.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Join, Node};
use vt_sql::ast::{
    Comments, Lock, Query, QueryBody, Select, SelectExpr, SelectItem, SelectOptions,
};

use super::op::{JoinOp, Op, RouteOp};
use super::vindex::check_values;
use crate::analyze::Scope;
use crate::fields::one;
use crate::planner::Planner;
use crate::shard_form::conjunction;

impl<'a> Planner<'a> {
    /// Makes the node of an operator; `locks` go to every table it reads.
    pub(crate) fn build(
        &self,
        op: Op<'a>,
        locks: &'a [Lock<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Node, Error> {
        match op {
            Op::Route(route) => self.build_route(&route, locks, scope),
            Op::Join(join) => {
                let JoinOp { kind, left, right, columns, vars, predicate, matching } = *join;
                let left = self.build(left, locks, scope)?;
                let right = self.build(right, locks, scope)?;
                let vars = vars.into_iter().map(|(name, place)| (Arc::from(name), place)).collect();
                let join = Join::new(kind, left, right, columns);
                Ok(Node::Join(Box::new(Join { vars, predicate, matching, ..join })))
            }
            Op::Filter(filter) => {
                let input = Box::new(self.build(filter.input, locks, scope)?);
                Ok(Node::Filter { input, predicate: filter.predicate })
            }
            Op::Compute(compute) => self.build_compute(*compute, locks, scope),
            Op::Rows(rows) => {
                check_values(&rows.node)?;
                Ok(rows.node)
            }
        }
    }

    fn build_route(
        &self,
        route: &RouteOp<'a>,
        locks: &'a [Lock<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Node, Error> {
        let mut items: Vec<SelectItem<'a>> =
            route.items.iter().map(|item| SelectItem::Expr(*item)).collect();
        if items.is_empty() {
            let expr = one(self.arena);
            items.push(SelectItem::Expr(SelectExpr { expr, alias: None, name: "1" }));
        }
        let select = self.select_of(route, &items);
        let locks = self.locks_of(route, locks, scope)?;
        let query = self.arena.node(Query { locks, ..plain_query(QueryBody::Select(select)) });
        let query = self.with_commons(query, &scope.common);
        let choice = self.choose(route, scope)?;
        Ok(Node::Route(Box::new(self.route_of(route, choice, query)?)))
    }

    /// Returns the locks that concern a route: `FOR UPDATE OF t` does where it reads `t`.
    fn locks_of(
        &self,
        route: &RouteOp<'a>,
        locks: &'a [Lock<'a>],
        scope: &Scope<'a>,
    ) -> Result<&'a [Lock<'a>], Error> {
        if locks.iter().all(|lock| lock.of.is_empty()) {
            return Ok(locks);
        }
        let mut own = Vec::with_capacity(locks.len());
        for lock in locks {
            let mut of = Vec::with_capacity(lock.of.len());
            for name in lock.of {
                match scope.entries.iter().find(|entry| entry.is_named(Some(*name))) {
                    Some(entry) if entry.id.is_within(route.tables) => of.push(*name),
                    Some(_) => {}
                    None => return Err(unresolved_lock(name.name.as_str())),
                }
            }
            if lock.of.is_empty() || !of.is_empty() {
                own.push(Lock { of: self.arena.list(&of), ..*lock });
            }
        }
        Ok(self.arena.list(&own))
    }

    /// Makes the select that reads some items from a route's tables.
    pub(crate) fn select_of(
        &self,
        route: &RouteOp<'a>,
        items: &[SelectItem<'a>],
    ) -> &'a Select<'a> {
        self.arena.node(Select {
            comments: Comments::NONE,
            options: SelectOptions::default(),
            items: self.arena.list(items),
            from: self.arena.list(&route.from),
            filter: conjunction(self.arena, &route.filters),
            group_by: None,
            having: None,
            windows: &[],
            qualify: None,
        })
    }
}

fn unresolved_lock(name: &str) -> Error {
    let message = format!("Unresolved table name `{name}` in locking clause.");
    Error::mysql(3568, b"HY000", message)
}

/// Makes a query of nothing but a body.
pub(crate) fn plain_query(body: QueryBody<'_>) -> Query<'_> {
    Query { with: None, body, order_by: &[], limit: None, locks: &[], into: None }
}
