//! The select list, DISTINCT, ORDER BY and LIMIT: to the shards as far as they go.

use std::rc::Rc;

use vt_base::{Error, ErrorId};
use vt_eval::Expr as Eval;
use vt_plan::{Node, SortKey, UpperLimit};
use vt_sql::ast::{CommonTable, Expr, Limit, OrderItem, Query, QueryBody, Select};

use super::aggregate::has_window;
use super::block::{Block, RouteBlock};
use super::from::{Parts, split};
use super::keys::is_by_chance;
use super::op::{MemberVindex, Op, RouteOp};
use super::outs::{ColumnNames, Out, is_constant};
use super::sql_items::SqlItems;
use super::subquery::{Pullout, has_query};
use super::{has_aggregate, is_aggregated};
use crate::analyze::Scope;
use crate::eval::plain_value;
use crate::planner::Planner;
use crate::shard_form::{bind, conjunction};

/// A select whose tables have become an operator.
#[derive(Clone)]
pub(crate) struct Horizon<'a> {
    pub(crate) query: &'a Query<'a>,
    /// The select; queries in it that the gateway runs first have become bind variables.
    pub(crate) select: &'a Select<'a>,
    pub(crate) scope: Rc<Scope<'a>>,
    pub(crate) op: Op<'a>,
}

impl<'a> Planner<'a> {
    pub(crate) fn plan_select(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<Block<'a>, Error> {
        let query = self.with_commons(query, common);
        let (query, select) = self.qualified(query, select, parent, common)?;
        let scope = self.scope_of(select, parent, common)?;
        self.refuse_outer_aggregates(select, &scope)?;
        let mut parts = Parts::default();
        self.plan_tables(select.from, &scope, &mut parts)?;
        let mut joined_queries = Vec::new();
        parts.filters.retain(|filter| {
            let keep = !has_query(*filter);
            if !keep {
                joined_queries.push(*filter);
            }
            keep
        });
        let mut conditions = Vec::new();
        if let Some(filter) = select.filter {
            split(self, filter, &mut conditions);
        }
        let (with_query, plain): (Vec<_>, Vec<_>) =
            conditions.into_iter().partition(|condition| has_query(*condition));
        parts.filters.extend(&plain);
        let mut op = self.combine(parts, &scope)?;
        let mut pullouts = Vec::new();
        let mut settled = plain;
        for condition in joined_queries.iter().chain(&with_query) {
            let changed;
            (op, changed) = self.settle_condition(op, *condition, &scope, &mut pullouts)?;
            if !joined_queries.contains(condition) {
                settled.extend(changed);
            }
        }
        if let Some(regrouped) = self.regrouped(query, select, &op, &scope)? {
            return self.plan_block(regrouped, parent, common);
        }
        let (query, select, op) = self.settle_select(query, select, op, &scope, &mut pullouts)?;
        // The statement's own FROM stays, unless a condition of a join had to change.
        let select = match (&op, joined_queries.is_empty(), has_query_in_filter(select)) {
            (Op::Route(_), true, false) => select,
            (Op::Route(route), false, _) => {
                let filter = conjunction(self.arena, &route.filters);
                let from = self.arena.list(&route.from);
                self.arena.node(Select { from, filter, ..*select })
            }
            _ => {
                let filter = conjunction(self.arena, &settled);
                self.arena.node(Select { filter, ..*select })
            }
        };
        let query = self.arena.node(Query { body: QueryBody::Select(select), ..*query });
        // The select may be a new one now, with the tables of the old.
        self.cache_scope(std::ptr::from_ref(select).cast(), scope.clone());
        pullouts.iter_mut().for_each(|pullout| pullout.find_in(select.items));
        let block = self.plan_horizon(Horizon { query, select, scope, op })?;
        self.with_pullouts(block, pullouts)
    }

    /// Runs subqueries before the block that uses them.
    fn with_pullouts(&self, block: Block<'a>, pullouts: Vec<Pullout>) -> Result<Block<'a>, Error> {
        if pullouts.is_empty() {
            return Ok(block);
        }
        let columns = match &block {
            Block::Node { columns, .. } => columns.clone(),
            Block::Route(route) => {
                let QueryBody::Select(select) = route.query.body else {
                    return Err(Error::bug("a settled query is no select"));
                };
                match self.outs(select.items, &route.scope)? {
                    Some(outs) => outs.iter().map(Out::column).collect(),
                    None => Vec::new(),
                }
            }
        };
        let mut node = self.block_node(block)?;
        for pullout in pullouts.into_iter().rev() {
            node = pullout.around(node);
        }
        Ok(Block::Node { node, columns })
    }

    fn plan_horizon(&self, horizon: Horizon<'a>) -> Result<Block<'a>, Error> {
        let Horizon { query, select, scope, op } = horizon;
        let Op::Route(route) = op else {
            return self.plan_at_gateway(Horizon { query, select, scope, op });
        };
        let choice = self.choose(&route, &scope)?;
        if choice.is_single() || self.shards_do_all(&route, query, select, &scope)? {
            let block = RouteBlock { route: *route, scope, query };
            return Ok(Block::Route(Box::new(block)));
        }
        refuse_qualify(select)?;
        let grouped = select.group_by.is_some() || has_aggregate(select);
        let aggregated = grouped || query.order_by.iter().any(|item| is_aggregated(item.expr));
        let groups_local = !aggregated || self.groups_are_local(&route, select, &scope)?;
        let windows_local = !has_window(query, select)
            || groups_local
                && self.windows_are_local(query, select, &|partition_by| {
                    self.place_rows(&route, partition_by, &scope)
                })?;
        match (groups_local, windows_local) {
            (true, true) => self.plan_scatter(query, select, &scope, *route),
            (true, false) if !aggregated => {
                let op = Op::Route(route);
                self.plan_plain_rows(Horizon { query, select, scope, op })
            }
            _ => self.plan_split_aggregate(query, select, &scope, *route),
        }
    }

    /// Returns whether the rows of the shards, one after the other, are the result.
    fn shards_do_all(
        &self,
        route: &RouteOp<'a>,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        if !query.order_by.is_empty() || query.limit.is_some() {
            return Ok(false);
        }
        let local = |partition_by: &[Expr<'a>]| self.place_rows(route, partition_by, scope);
        if !self.windows_are_local(query, select, &local)? {
            return Ok(false);
        }
        if select.options.distinct && !self.items_place_rows(route, select, scope)? {
            return Ok(false);
        }
        let aggregated = select.group_by.is_some() || has_aggregate(select);
        Ok(!aggregated || self.groups_are_local(route, select, scope)?)
    }

    /// Returns whether the select list holds the columns of a unique vindex, so that rows of two
    /// shards are never equal.
    fn items_place_rows(
        &self,
        route: &RouteOp<'a>,
        select: &Select<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let Some(outs) = self.outs(select.items, scope)? else { return Ok(false) };
        let exprs: Vec<Expr<'a>> = outs.iter().map(|out| out.item.expr).collect();
        self.place_rows(route, &exprs, scope)
    }

    /// Returns whether expressions hold all columns of a unique vindex of a table whose rows are
    /// never missing.
    pub(crate) fn place_rows(
        &self,
        route: &RouteOp<'a>,
        exprs: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        for member in route.members.iter().filter(|one| !one.id.overlaps(route.nullable)) {
            let unique = |one: &&MemberVindex| {
                one.vindex.unique && one.vindex.lookup().is_none() && !one.partial
            };
            for vindex in member.vindexes.iter().filter(unique) {
                let mut all = true;
                for column in &vindex.columns {
                    let mut held = false;
                    for expr in exprs {
                        held = held || self.is_column(*expr, member.id, column, scope)?;
                    }
                    all = all && held;
                }
                if all {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Returns whether every group lies in one shard.
    pub(crate) fn groups_are_local(
        &self,
        route: &RouteOp<'a>,
        select: &Select<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let Some(group_by) = select.group_by else { return Ok(false) };
        if group_by.is_extended() {
            return Ok(false);
        }
        let outs = self.outs(select.items, scope)?.unwrap_or_default();
        let mut exprs = Vec::with_capacity(group_by.exprs.len());
        for expr in group_by.exprs {
            exprs.push(self.behind_alias(*expr, &outs, true, scope)?);
        }
        self.place_rows(route, &exprs, scope)
    }

    /// Plans a query of many shards whose rows only want merging.
    fn plan_scatter(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
        route: RouteOp<'a>,
    ) -> Result<Block<'a>, Error> {
        let distinct = select.options.distinct && !self.items_place_rows(&route, select, scope)?;
        let known = self.outs(select.items, scope)?;
        let star_only = known.is_none();
        if star_only && (distinct || !query.order_by.is_empty()) {
            return Err(Error::vt(ErrorId::VT09015, ""));
        }
        let mut outs = known.unwrap_or_default();
        let mut names = ColumnNames::default();
        for out in &mut outs {
            out.item.expr = self.unified(out.item.expr, &mut names, scope)?;
        }
        let mut sql = SqlItems::new(&outs);
        let mut keys = Vec::with_capacity(query.order_by.len());
        for item in query.order_by {
            let expr = self.behind_alias(item.expr, &outs, false, scope)?;
            if is_constant(expr) {
                continue;
            }
            let expr = self.unified(expr, &mut names, scope)?;
            let place = sql.place(expr);
            if distinct && place >= outs.len() {
                let op = Op::Route(Box::new(route));
                return self.plan_plain_rows(Horizon { query, select, scope: scope.clone(), op });
            }
            keys.push(self.key(place, item.descending, expr, scope));
        }
        let mut distinct_keys = Vec::new();
        if distinct {
            let key =
                |(place, out): (usize, &Out<'a>)| self.key(place, false, out.item.expr, scope);
            distinct_keys.extend(outs.iter().enumerate().map(key));
        }
        self.add_weights(&mut keys, &mut sql);
        self.add_weights(&mut distinct_keys, &mut sql);
        let (limit, upper) = match query.limit {
            Some(limit) => self.pushed_limit(limit)?,
            None => (None, None),
        };
        let items = match star_only {
            true => select.items,
            false => self.arena.list(&sql.items()),
        };
        let shard_select = self.arena.node(Select { items, ..*select });
        self.cache_scope(std::ptr::from_ref(shard_select).cast(), scope.clone());
        let body = QueryBody::Select(shard_select);
        let order_by = self.order_of_shards(query.order_by, &sql);
        let shard_query = self.arena.node(Query { body, limit, order_by, ..*query });
        let choice = self.choose(&route, scope)?;
        let mut made = self.route_of(&route, choice, shard_query)?;
        made.merge_by = keys;
        made.upper_limit = upper;
        let mut node = Node::Route(Box::new(made));
        if distinct {
            node = Node::Distinct { input: Box::new(node), columns: distinct_keys };
        }
        node = self.limited(node, query.limit)?;
        if sql.len() > outs.len() && !star_only {
            node = Node::Truncate { input: Box::new(node), columns: outs.len() };
        }
        Ok(Block::Node { node, columns: outs.iter().map(Out::column).collect() })
    }

    /// Returns the ORDER BY for shards: what is given by chance is named by its place, so that they
    /// sort by what they give.
    fn order_of_shards(
        &self,
        order_by: &'a [OrderItem<'a>],
        sql: &SqlItems<'a>,
    ) -> &'a [OrderItem<'a>] {
        if !order_by.iter().any(|item| is_by_chance(item.expr)) {
            return order_by;
        }
        let named = order_by.iter().map(|item| {
            let place = sql.exprs.iter().position(|held| *held == item.expr);
            match place.filter(|_| is_by_chance(item.expr)) {
                Some(place) => {
                    OrderItem { expr: crate::fields::number(self.arena, place + 1), ..*item }
                }
                None => *item,
            }
        });
        self.arena.list(&named.collect::<Vec<_>>())
    }

    /// Gives keys over text the columns with its weights.
    pub(crate) fn add_weights(&self, keys: &mut [SortKey], sql: &mut SqlItems<'a>) {
        for key in keys {
            if Planner::needs_weight(key) {
                let weight = self.weight(sql.exprs[key.column], key.typ);
                key.weight_column = Some(sql.place(weight));
            }
        }
    }

    /// Returns the limit for each shard, and what it is computed from.
    pub(crate) fn pushed_limit(
        &self,
        limit: Limit<'a>,
    ) -> Result<(Option<Limit<'a>>, Option<UpperLimit>), Error> {
        let Some(offset) = limit.offset else { return Ok((Some(limit), None)) };
        let parts = UpperLimit { count: limit_value(limit.count)?, offset: limit_value(offset)? };
        let count = bind(self, vt_plan::Route::UPPER_LIMIT);
        Ok((Some(Limit { offset: None, count }), Some(parts)))
    }

    /// Cuts the rows at the gateway.
    pub(crate) fn limited(&self, node: Node, limit: Option<Limit<'a>>) -> Result<Node, Error> {
        let Some(limit) = limit else { return Ok(node) };
        Ok(Node::Limit {
            input: Box::new(node),
            count: Some(limit_value(limit.count)?),
            offset: limit.offset.map(limit_value).transpose()?,
            counts_all: false,
        })
    }

    /// Cuts the rows of a whole query at the gateway, after all of them have been counted.
    pub(crate) fn limited_counting(&self, node: Node, limit: Limit<'a>) -> Result<Node, Error> {
        Ok(Node::Limit {
            input: Box::new(node),
            count: Some(limit_value(limit.count)?),
            offset: limit.offset.map(limit_value).transpose()?,
            counts_all: true,
        })
    }
}

/// Returns the value of a limit.
fn limit_value(expr: Expr<'_>) -> Result<Eval, Error> {
    plain_value(expr).ok_or_else(|| {
        Error::unsupported(format!("LIMIT with expression {}", vt_sql::to_sql(&expr)))
    })
}

fn has_query_in_filter(select: &Select<'_>) -> bool {
    select.filter.is_some_and(has_query)
}

/// Refuses QUALIFY, with MySQL's own error.
pub(super) fn refuse_qualify(select: &Select<'_>) -> Result<(), Error> {
    if select.qualify.is_none() {
        return Ok(());
    }
    let message =
        "'QUALIFY clause' can be used only if the hypergraph optimizer is enabled.".to_owned();
    Err(Error::mysql(6037, b"HY000", message).with_code(vt_base::Code::InvalidArgument))
}
