//! Aggregates in two steps: shards group their rows, the gateway groups the shards' groups.

use std::rc::Rc;

use vt_base::Error;
use vt_plan::{Aggregate, AggregateFunc, AggregateSpec, Node, SortKey};
use vt_sql::ast::{
    AggregateKind, Expr, GroupBy, GroupModifier, OrderItem, Query, QueryBody, Select, SelectOptions,
};

use super::{
    Grouped, Grouping, Placed, Statement, collect_calls, gateway_func, spec, splits_distinct,
};
use crate::analyze::Scope;
use crate::planner::Planner;
use crate::select::block::Block;
use crate::select::is_aggregated;
use crate::select::op::RouteOp;
use crate::select::outs::sort_key;
use crate::select::sql_items::SqlItems;

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
        let distinct = self.distinct_arguments(&route, &grouping, scope)?;
        let mut sql = SqlItems::new(&[]);
        let mut placed: Vec<Placed<'a>> = Vec::new();
        let mut specs = Vec::new();
        // The columns of the result come first, so that most need no computing.
        for out in &grouping.outs {
            self.place_partials(out.item.expr, &mut sql, &mut placed, &distinct);
        }
        for expr in &grouping.group_by {
            sql.place(*expr);
        }
        for call in &grouping.calls {
            self.place_partials(Expr::Aggregate(call), &mut sql, &mut placed, &distinct);
        }
        let mut keys: Vec<SortKey> = self
            .group_order(&grouping)
            .into_iter()
            .map(|(expr, descending)| {
                sort_key(sql.place(expr), descending, self.type_of(expr, scope))
            })
            .collect();
        let groups = keys.len();
        for argument in &distinct {
            let typ = self.type_of(*argument, scope);
            let reads =
                |one: &&Placed<'a>| splits_distinct(one.call) && one.call.args == [*argument];
            let place = placed.iter().find(reads).map(|one| one.column);
            keys.push(sort_key(place.unwrap_or_else(|| sql.place(*argument)), false, typ));
        }
        self.add_weights(&mut keys, &mut sql);
        for one in &placed {
            specs.push(self.partial_spec(one, &mut sql, &distinct, scope)?);
        }
        let statement = Statement { query, select, scope };
        let node = self.partials_node(statement, &route, &sql, &keys)?;
        let ordered = !keys.is_empty();
        let group_by = keys[..groups].to_vec();
        let aggregate = Aggregate { input: node, group_by, aggregates: specs, ordered };
        let node = Node::Aggregate(Box::new(aggregate));
        let sorted_by = keys[..groups].to_vec();
        let grouped = Grouped { node, columns: sql.exprs, placed, sorted_by };
        self.finish_groups(statement, &grouping, grouped)
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
            let [argument] = call.args else {
                let text = vt_sql::to_sql(&Expr::Aggregate(call));
                return Err(Error::unsupported(format!(
                    "distinct aggregation function with multiple expressions '{text}'"
                )));
            };
            let held = match self.place_rows(route, &[*argument], scope)? {
                true => &mut local,
                false => &mut found,
            };
            if !held.contains(argument) {
                held.push(*argument);
            }
        }
        // Finer groups would count a value that is counted by a shard alone more than once.
        if !found.is_empty() {
            found.extend(local);
        }
        Ok(found)
    }

    /// Puts what shards compute for an expression into their select list.
    fn place_partials(
        &self,
        expr: Expr<'a>,
        sql: &mut SqlItems<'a>,
        placed: &mut Vec<Placed<'a>>,
        distinct: &[Expr<'a>],
    ) {
        if !is_aggregated(expr) {
            sql.place(expr);
            return;
        }
        let mut calls = Vec::new();
        collect_calls(expr, &mut calls);
        for call in calls {
            if placed.iter().any(|one| one.call == call) {
                continue;
            }
            let partial = match call.args {
                [one] if splits_distinct(call) && distinct.contains(one) => *one,
                _ => Expr::Aggregate(call),
            };
            placed.push(Placed { call, column: sql.add(partial) });
        }
    }

    /// Returns the group expressions in the order in which shards sort their groups: that of the
    /// statement's ORDER BY where it names nothing else.
    fn group_order(&self, grouping: &Grouping<'a>) -> Vec<(Expr<'a>, bool)> {
        let mut order: Vec<(Expr<'a>, bool)> = Vec::with_capacity(grouping.group_by.len());
        let named = |item: &OrderItem<'a>| grouping.group_by.contains(&item.expr);
        for item in grouping.order_by.iter().take_while(|item| named(item)) {
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
        let at_gateway = !distinct.is_empty() && splits_distinct(call);
        let func = match call.kind {
            AggregateKind::Count if at_gateway => AggregateFunc::Count,
            AggregateKind::Count => AggregateFunc::SumCounts,
            _ => gateway_func(call)?,
        };
        let mut spec = spec(func, *column, call, at_gateway)?;
        let compares = matches!(func, AggregateFunc::Min | AggregateFunc::Max) || at_gateway;
        if compares {
            let expr = sql.exprs[*column];
            let typ = match call.args {
                [argument] => self.type_of(*argument, scope),
                _ => None,
            };
            let mut key = sort_key(*column, false, typ);
            if Planner::needs_weight(typ) {
                let weight = self.weight(expr, typ);
                key.weight_column = Some(sql.place(weight));
            }
            spec.key = Some(key);
        }
        Ok(spec)
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
                grouped.push(sql.exprs[column]);
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
        let order_by = self.arena.list(&sql.order_by(keys));
        let body = QueryBody::Select(shard_select);
        let shard_query = self.arena.node(Query { body, order_by, limit: None, ..*query });
        let choice = self.choose(route, scope)?;
        let mut made = self.route_of(route, choice, shard_query)?;
        made.merge_by = keys.to_vec();
        Ok(Node::Route(Box::new(made)))
    }
}
