//! A planned query: SQL for one route, or a plan of the gateway's.

use std::rc::Rc;

use vt_base::Error;
use vt_plan::{Node, Route};
use vt_sql::ast::{Expr, Query, QueryBody, Select};

use super::op::{Choice, RouteOp};
use crate::analyze::Scope;
use crate::analyze::scope::OutColumn;
use crate::fields::without_rows;
use crate::planner::Planner;
use crate::shard_form::{ShardForm, conjunction, conjuncts, shard_sql};
use crate::tree::Rewrite;

/// A planned query.
pub(crate) enum Block<'a> {
    /// The shards do all of it: their rows one after the other are the result.
    Route(Box<RouteBlock<'a>>),
    Node {
        node: Node,
        columns: Vec<OutColumn>,
    },
}

/// A query that shards carry out whole.
pub(crate) struct RouteBlock<'a> {
    pub(crate) route: RouteOp<'a>,
    pub(crate) scope: Rc<Scope<'a>>,
    /// The query, its names as in the statement.
    pub(crate) query: &'a Query<'a>,
}

impl<'a> Planner<'a> {
    /// Makes the plan of a block.
    pub(crate) fn block_node(&self, block: Block<'a>) -> Result<Node, Error> {
        match block {
            Block::Node { node, .. } => Ok(node),
            Block::Route(block) => {
                let choice = self.choose(&block.route, &block.scope)?;
                let route = self.route_of(&block.route, choice, block.query)?;
                Ok(Node::Route(Box::new(route)))
            }
        }
    }

    /// Makes the step that sends a query to a route's shards.
    pub(crate) fn route_of(
        &self,
        route: &RouteOp<'a>,
        choice: Choice<'a>,
        query: &'a Query<'a>,
    ) -> Result<Route, Error> {
        let keyspace = match route.home.keyspace() {
            Some(keyspace) => keyspace.clone(),
            None => self.any_keyspace()?.keyspace.clone(),
        };
        let (routing, list) = choice.routing();
        let query = match list {
            Some(list) => self.with_list_var(query, list)?,
            None => query,
        };
        let query = ShardForm::new(self).query(query)?;
        let mut made = Route::new(keyspace.name.clone(), routing, shard_sql(query));
        if let Some(fields) = without_rows(self.arena, query) {
            made.field_sql = shard_sql(&fields).into();
        }
        Ok(made)
    }

    /// Puts the variable of a shard's part in place of a whole list; without effect where the
    /// condition is not at the top of the query's own.
    fn with_list_var(&self, query: &'a Query<'a>, list: Expr<'a>) -> Result<&'a Query<'a>, Error> {
        let QueryBody::Select(select) = query.body else { return Ok(query) };
        let Some(filter) = select.filter else { return Ok(query) };
        let filter = Some(self.filter_with_list_var(filter, list));
        let body = QueryBody::Select(self.arena.node(Select { filter, ..*select }));
        Ok(self.arena.node(Query { body, ..*query }))
    }
}

impl<'a> Planner<'a> {
    /// Puts the variable of a shard's part in place of a whole list in a condition.
    pub(crate) fn filter_with_list_var(&self, filter: Expr<'a>, list: Expr<'a>) -> Expr<'a> {
        let mut parts = Vec::new();
        conjuncts(filter, &mut parts);
        for part in &mut parts {
            if is_same_node(*part, list) {
                *part = Choice::with_list_var(self, *part);
            }
        }
        conjunction(self.arena, &parts).unwrap_or(filter)
    }
}

/// Returns whether two IN conditions are the same place of the statement.
fn is_same_node(left: Expr<'_>, right: Expr<'_>) -> bool {
    matches!((left, right), (Expr::In(left), Expr::In(right)) if std::ptr::eq(left, right))
}
