//! Planning queries: operators over the tables, pushed under routes as far as they go.
//!
//! [`Planner::plan_block`] plans a query at any depth. For a select, `from.rs` makes operators of
//! the tables and `combine.rs` joins them (`merge.rs` says which become one route, `routing.rs`
//! which shards a route needs), `subquery.rs` and `settle.rs` settle queries inside
//! expressions, and `horizon.rs` with
//! `aggregate.rs` divides the select list, grouping, order and limit between shards and gateway.
//! `build.rs` makes the plan.

mod aggregate;
mod apply;
mod ask;
mod block;
mod bound;
mod build;
mod combine;
mod common;
mod compute;
mod found_rows;
mod from;
mod gateway;
mod horizon;
mod keys;
mod lateral;
mod matching;
mod merge;
mod op;
mod outer_aggregate;
mod output;
mod outs;
mod regroup;
mod routing;
mod settle;
mod sql_items;
mod subquery;
mod union;
mod vindex;

use std::rc::Rc;

use vt_base::Error;
use vt_plan::Node;
use vt_sql::ast::{
    CommonTable, Derived, Expr, Ident, Query, QueryBody, Select, SelectItem, SelectOptions,
    TableFactor, TableName, TableRef,
};

use crate::analyze::Scope;
use crate::analyze::columns::with_common;
use crate::planner::Planner;
use crate::tree::{Child, any_expr, walk_query};

pub(crate) use aggregate::has_window;
pub(crate) use block::{Block, RouteBlock};
pub(crate) use common::Commons;
pub(crate) use from::{Parts, exposed_names, split};
pub(crate) use op::{Choice, Op, RouteOp};
pub(crate) use settle::Nesting;
pub(crate) use subquery::{Pullout, has_query, query_of};
pub(crate) use vindex::vindex_columns;

impl<'a> Planner<'a> {
    /// Plans a query that is a statement.
    pub(crate) fn plan_query_statement(&self, query: &'a Query<'a>) -> Result<Node, Error> {
        if query.into.is_some() {
            return Err(Error::unsupported("INTO on sharded keyspace"));
        }
        let block = self.plan_block(query, None, &[])?;
        self.block_node(block)
    }

    /// Plans a query at any depth; `parent` is the scope around it, `common` the common tables in
    /// sight.
    pub(crate) fn plan_block(
        &self,
        query: &'a Query<'a>,
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<Block<'a>, Error> {
        self.count_block()?;
        let common = with_common(query, common);
        self.note_recursive(query);
        match query.body {
            QueryBody::Select(select) => self.plan_select(query, select, parent, &common),
            QueryBody::Set(set) => self.plan_union(query, set, parent, &common),
            QueryBody::Values(_) => self.plan_values(query, parent, &common),
            QueryBody::Table(name) => {
                let select = self.star_of(self.arena.list(&[self.table_ref(name)]));
                let body = QueryBody::Select(select);
                let query = self.arena.node(Query { body, ..*query });
                self.plan_select(query, select, parent, &common)
            }
            QueryBody::Query(inner) => {
                let bare =
                    query.order_by.is_empty() && query.limit.is_none() && query.locks.is_empty();
                if bare {
                    return self.plan_block(inner, parent, &common);
                }
                let alias = Some(Ident::new("q"));
                let derived = Derived { lateral: false, query: inner, alias, columns: &[] };
                let from = [TableRef::Derived(self.arena.node(derived))];
                let select = self.star_of(self.arena.list(&from));
                let body = QueryBody::Select(select);
                let query = self.arena.node(Query { body, ..*query });
                self.plan_select(query, select, parent, &common)
            }
        }
    }

    /// Plans `VALUES ROW(...), ...`, which any shard can answer.
    fn plan_values(
        &self,
        query: &'a Query<'a>,
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<Block<'a>, Error> {
        let mut has_queries = false;
        walk_query(query, &mut |child| {
            has_queries = has_queries
                || match child {
                    Child::Query(_) => true,
                    Child::Expr(expr) => has_query(expr),
                };
        });
        if has_queries {
            return Err(Error::unsupported("VALUES with queries beside sharded tables"));
        }
        let route = combine::nothing();
        let scope = Scope { parent: parent.cloned(), ..Scope::empty(common.to_vec()) };
        let block = RouteBlock { route, scope: Rc::new(scope), query };
        Ok(Block::Route(Box::new(block)))
    }

    /// Makes a table of a FROM.
    fn table_ref(&self, name: TableName<'a>) -> TableRef<'a> {
        let factor = TableFactor { name, partitions: &[], alias: None, sample: None, hints: &[] };
        TableRef::Table(self.arena.node(factor))
    }

    /// Makes `select * from ...`.
    pub(super) fn star_of(&self, from: &'a [TableRef<'a>]) -> &'a Select<'a> {
        self.arena.node(Select {
            comments: vt_sql::ast::Comments::NONE,
            options: SelectOptions::default(),
            items: self.arena.list(&[SelectItem::Star(None)]),
            from,
            filter: None,
            group_by: None,
            having: None,
            windows: &[],
            qualify: None,
        })
    }
}

/// Returns whether an expression has an aggregate of its own select.
pub(crate) fn is_aggregated(expr: Expr<'_>) -> bool {
    any_expr(expr, &mut |part| matches!(part, Expr::Aggregate(one) if one.over.is_none()))
}

/// Returns whether a select aggregates, be it without GROUP BY.
pub(crate) fn has_aggregate(select: &Select<'_>) -> bool {
    select.items.iter().any(|item| match item {
        SelectItem::Expr(item) => is_aggregated(item.expr),
        _ => false,
    }) || select.having.is_some_and(is_aggregated)
}
