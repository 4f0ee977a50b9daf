//! Aggregates in two steps: shards group their rows, the gateway groups the shards' groups.

use std::rc::Rc;

use vt_base::Error;
use vt_plan::{Aggregate, AggregateSpec, Node, SortKey};
use vt_sql::ast::{
    AggregateKind, Expr, GroupBy, GroupModifier, OrderItem, Query, QueryBody, Select, SelectOptions,
};

use super::check::{is_settled, loose_columns};
use super::windows::{holds_window, windows_of};
use super::{
    Grouped, Grouping, Placed, Statement, collect_calls, each_part, splits_distinct, wants_rows,
};
use crate::analyze::Scope;
use crate::eval::plain_value;
use crate::fields::number;
use crate::planner::Planner;
use crate::select::block::Block;
use crate::select::is_aggregated;
use crate::select::keys::sort_key;
use crate::select::op::{Op, RouteOp};
use crate::select::sql_items::SqlItems;
use crate::tree::any_expr;

impl<'a> Planner<'a> {
    /// Plans aggregates in two steps: each shard groups its rows, the gateway the shards' groups.
    pub(crate) fn plan_split_aggregate(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
        route: RouteOp<'a>,
    ) -> Result<Block<'a>, Error> {
        let Some(outs) = self.outs(select.items, scope)? else {
            return Err(Error::vt(vt_base::ErrorId::VT09015, ""));
        };
        let grouping = self.grouping(query, select, outs, scope)?;
        if grouping.calls.iter().any(|call| wants_rows(call)) {
            let op = Op::Route(Box::new(route));
            return self.plan_aggregate_rows(query, select, scope, op);
        }
        let distinct = self.distinct_arguments(&route, &grouping, scope)?;
        let mut sql = SqlItems::new(&[]);
        let mut placed: Vec<Placed<'a>> = Vec::new();
        let mut specs = Vec::new();
        // The columns of the result come first, so that most need no computing.
        for out in &grouping.outs {
            self.place_partials(out.item.expr, &grouping, &mut sql, &mut placed, &distinct);
        }
        for expr in &grouping.group_by {
            sql.place(*expr);
        }
        for call in &grouping.calls {
            self.place_partials(Expr::Aggregate(call), &grouping, &mut sql, &mut placed, &distinct);
        }
        self.place_window_parts(&grouping, &mut sql);
        let loose = loose_columns(&grouping);
        let order = grouping.order_by.iter().map(|item| item.expr);
        for expr in order.chain(grouping.having).filter(|_| !grouping.rollup) {
            each_part(expr, &|part| is_settled(part, &grouping), &mut |part| {
                sql.place(part);
            });
        }
        let mut keys: Vec<SortKey> = self
            .group_order(&grouping)
            .into_iter()
            .map(|(expr, descending)| self.key(sql.place(expr), descending, expr, scope))
            .collect();
        let groups = keys.len();
        for argument in &distinct {
            let reads =
                |one: &&Placed<'a>| splits_distinct(one.call) && one.call.args == [*argument];
            let place = placed.iter().find(reads).map(|one| one.column);
            let place = place.unwrap_or_else(|| sql.place(*argument));
            keys.push(self.key(place, false, *argument, scope));
        }
        self.add_weights(&mut keys, &mut sql);
        for one in &placed {
            specs.push(self.partial_spec(one, &mut sql, &distinct, scope)?);
        }
        let statement = Statement { query, select, scope };
        let node = self.partials_node(statement, &route, &sql, &keys)?;
        let ordered = !keys.is_empty();
        let group_by = keys[..groups].to_vec();
        let rollup = grouping.rollup;
        let aggregate = Aggregate { input: node, group_by, aggregates: specs, ordered, rollup };
        let node = Node::Aggregate(Box::new(aggregate));
        let sorted_by = if rollup { Vec::new() } else { keys[..groups].to_vec() };
        let mut grouped = Grouped { node, columns: sql.exprs, placed, sorted_by };
        self.add_groupings(&grouping, &mut grouped)?;
        self.finish_groups(statement, &grouping, grouped, !loose.is_empty())
    }

    /// Returns the arguments of DISTINCT aggregates whose equal values may be in several shards:
    /// shards group by them too, and send each value once.
    fn distinct_arguments(
        &self,
        route: &RouteOp<'a>,
        grouping: &Grouping<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Vec<Expr<'a>>, Error> {
        let mut found = Vec::new();
        let mut local = Vec::new();
        for call in grouping.calls.iter().filter(|call| splits_distinct(call)) {
            let held = match self.place_rows(route, call.args, scope)? {
                true => &mut local,
                false => &mut found,
            };
            for argument in call.args {
                if !held.contains(argument) {
                    held.push(*argument);
                }
            }
        }
        // Finer groups would count a value that is counted by a shard alone more than once.
        if !found.is_empty() {
            local.retain(|argument| !found.contains(argument));
            found.extend(local);
        }
        Ok(found)
    }

    /// Puts what shards compute for an expression into their select list.
    fn place_partials(
        &self,
        expr: Expr<'a>,
        grouping: &Grouping<'a>,
        sql: &mut SqlItems<'a>,
        placed: &mut Vec<Placed<'a>>,
        distinct: &[Expr<'a>],
    ) {
        if !is_aggregated(expr) && !holds_window(expr) {
            // Where super-aggregate rows have NULL, so has what is computed of it.
            if !grouping.rollup || grouping.group_by.contains(&expr) {
                sql.place(expr);
            }
            return;
        }
        let mut calls = Vec::new();
        collect_calls(expr, &mut calls);
        for call in calls {
            if placed.iter().any(|one| one.call == call) {
                continue;
            }
            let partial = match call.args {
                [first, ..] if splits_distinct(call) && distinct.contains(first) => *first,
                _ => Expr::Aggregate(call),
            };
            placed.push(Placed { call, column: sql.add(partial) });
        }
    }

    /// Puts what window functions read besides aggregates into the shards' select list: whole group
    /// expressions, else columns.
    fn place_window_parts(&self, grouping: &Grouping<'a>, sql: &mut SqlItems<'a>) {
        let is_part = |expr: Expr<'a>| grouping.group_by.contains(&expr);
        let order = grouping.order_by.iter().map(|item| item.expr);
        let exprs: Vec<Expr<'a>> =
            grouping.outs.iter().map(|out| out.item.expr).chain(order).collect();
        if windows_of(exprs.iter().copied()).is_empty() {
            return;
        }
        for expr in exprs.into_iter().filter(|expr| holds_window(*expr)) {
            each_part(expr, &is_part, &mut |part| {
                sql.place(part);
            });
        }
    }

    /// Returns the group expressions in the order in which shards sort their groups: that of the
    /// statement's ORDER BY where it names nothing else; for a rollup their own.
    fn group_order(&self, grouping: &Grouping<'a>) -> Vec<(Expr<'a>, bool)> {
        let mut order: Vec<(Expr<'a>, bool)> = Vec::with_capacity(grouping.group_by.len());
        let named =
            |item: &&OrderItem<'a>| !grouping.rollup && grouping.group_by.contains(&item.expr);
        for item in grouping.order_by.iter().take_while(named) {
            if !order.iter().any(|(expr, _)| *expr == item.expr) {
                order.push((item.expr, item.descending));
            }
        }
        for expr in &grouping.group_by {
            if !order.iter().any(|(held, _)| held == expr) {
                order.push((*expr, false));
            }
        }
        order
    }

    /// Returns how the gateway puts a shard's partial results together.
    fn partial_spec(
        &self,
        placed: &Placed<'a>,
        sql: &mut SqlItems<'a>,
        distinct: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<AggregateSpec, Error> {
        let Placed { call, column } = placed;
        if !distinct.is_empty() && splits_distinct(call) {
            let mut args = Vec::with_capacity(call.args.len());
            for (index, argument) in call.args.iter().enumerate() {
                let place = if index == 0 { *column } else { sql.place(*argument) };
                let mut key = self.key(place, false, *argument, scope);
                if Planner::needs_weight(&key) {
                    key.weight_column = Some(sql.place(self.weight(*argument, key.typ)));
                }
                args.push(key);
            }
            return self.spec(call, *column, args);
        }
        let partial = sql.exprs[*column];
        let mut key = sort_key(*column, false, None);
        if matches!(call.kind, AggregateKind::Min | AggregateKind::Max)
            && let [argument] = call.args
        {
            key = self.key(*column, false, *argument, scope);
            if Planner::compares_by_weight(&key) {
                key.weight_column = Some(sql.place(self.compared(partial, key.typ)));
            }
        }
        let spec = self.spec(call, *column, vec![key])?;
        Ok(AggregateSpec { parts: true, distinct: false, ..spec })
    }

    /// Returns what names a group in GROUP BY: an expression itself, or its place in the list where
    /// MySQL does not see that two are the same.
    fn as_group(&self, place: usize, expr: Expr<'a>) -> Expr<'a> {
        let is_unlike_itself =
            |part: Expr<'a>| matches!(part, Expr::Function(call) if call.name.is("interval"));
        match any_expr(expr, &mut |part| is_unlike_itself(part)) {
            true => number(self.arena, place + 1),
            false => expr,
        }
    }

    /// Makes the route of the shards' groups.
    fn partials_node(
        &self,
        statement: Statement<'_, 'a>,
        route: &RouteOp<'a>,
        sql: &SqlItems<'a>,
        keys: &[SortKey],
    ) -> Result<Node, Error> {
        let Statement { query, select, scope } = statement;
        let mut grouped: Vec<Expr<'a>> = Vec::with_capacity(2 * keys.len());
        for key in keys {
            for column in [Some(key.column), key.weight_column].into_iter().flatten() {
                let expr = sql.exprs[column];
                // A number would be the place of a column; any constant makes the one group of
                // another.
                let is_constant = plain_value(expr).is_some();
                grouped.push(if is_constant { Expr::Null } else { self.as_group(column, expr) });
            }
        }
        let exprs = self.arena.list(&grouped);
        let group_by = (!grouped.is_empty())
            .then(|| self.arena.node(GroupBy { exprs, modifier: GroupModifier::None }));
        let options = SelectOptions { distinct: false, ..select.options };
        let items = self.arena.list(&sql.items());
        let shard_select =
            self.arena.node(Select { items, group_by, having: None, options, ..*select });
        self.cache_scope(std::ptr::from_ref(shard_select).cast(), scope.clone());
        let varies = |key: &&SortKey| plain_value(sql.exprs[key.column]).is_none();
        let varying: Vec<SortKey> = keys.iter().filter(varies).cloned().collect();
        let mut order_by = sql.order_by(&varying);
        for item in &mut order_by {
            if let Some(place) = sql.exprs.iter().position(|held| *held == item.expr) {
                item.expr = self.as_group(place, item.expr);
            }
        }
        let order_by = self.arena.list(&order_by);
        let body = QueryBody::Select(shard_select);
        let shard_query = self.arena.node(Query { body, order_by, limit: None, ..*query });
        let choice = self.choose(route, scope)?;
        let mut made = self.route_of(route, choice, shard_query)?;
        made.merge_by = keys.to_vec();
        Ok(Node::Route(Box::new(made)))
    }
}
