//! Aggregates over several shards, or over what the gateway joins.

use std::rc::Rc;

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_plan::{Aggregate, AggregateFunc, AggregateSpec, Node, SortKey};
use vt_sql::Arena;
use vt_sql::ast::{
    Aggregate as Call, AggregateKind, Binary, BinaryOp, Expr, GroupBy, OrderItem, Query, QueryBody,
    Select, SelectOptions,
};
use vt_value::Type;

use super::block::Block;
use super::horizon::SqlItems;
use super::is_aggregated;
use super::op::{Op, RouteOp};
use super::outs::{ColumnNames, Out, is_constant, sort_key};
use crate::analyze::Scope;
use crate::eval::{literal_value, translate};
use crate::fields::one;
use crate::planner::Planner;
use crate::tree::{Rewrite, rewrite_children};

/// The parts of a select that aggregates, aliases resolved and averages taken apart.
struct Grouping<'a> {
    outs: Vec<Out<'a>>,
    group_by: Vec<Expr<'a>>,
    having: Option<Expr<'a>>,
    order_by: Vec<OrderItem<'a>>,
    /// Each aggregate once.
    calls: Vec<&'a Call<'a>>,
}

/// A call with the column that its result takes.
struct Placed<'a> {
    call: &'a Call<'a>,
    column: usize,
}

impl<'a> Planner<'a> {
    fn grouping(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        outs: Vec<Out<'a>>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Grouping<'a>, Error> {
        let mut grouping =
            Grouping { outs, group_by: vec![], having: None, order_by: vec![], calls: vec![] };
        let mut averages = Averages { planner: self };
        let mut names = ColumnNames::default();
        for out in &mut grouping.outs {
            out.item.expr = self.unified(out.item.expr, &mut names, scope)?;
        }
        for expr in select.group_by.map_or(&[][..], |group_by| group_by.exprs) {
            let expr = self.behind_alias(*expr, &grouping.outs, true, scope)?;
            let expr = self.unified(expr, &mut names, scope)?;
            if !grouping.group_by.contains(&expr) && !is_constant(expr) {
                grouping.group_by.push(expr);
            }
        }
        for item in query.order_by {
            let expr = self.without_aliases(item.expr, &grouping.outs, scope)?;
            let expr = self.behind_alias(expr, &grouping.outs, false, scope)?;
            if is_constant(expr) {
                continue;
            }
            let expr = averages.expr(self.unified(expr, &mut names, scope)?)?;
            grouping.order_by.push(OrderItem { expr, ..*item });
        }
        if let Some(having) = select.having {
            let having = self.without_aliases(having, &grouping.outs, scope)?;
            let having = self.unified(having, &mut names, scope)?;
            grouping.having = Some(averages.expr(having)?);
        }
        for out in &mut grouping.outs {
            out.item.expr = averages.expr(out.item.expr)?;
        }
        let mut calls = Vec::new();
        let exprs = grouping.outs.iter().map(|out| out.item.expr);
        let order = grouping.order_by.iter().map(|item| item.expr);
        for expr in exprs.chain(grouping.having).chain(order) {
            collect_calls(expr, &mut calls);
        }
        for call in &calls {
            refuse_call(call)?;
        }
        grouping.calls = calls;
        Ok(grouping)
    }

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
        let distinct = self.distinct_argument(&route, &grouping, scope)?;
        let mut sql = SqlItems::new(&[]);
        let mut placed: Vec<Placed<'a>> = Vec::new();
        let mut specs = Vec::new();
        // The columns of the result come first, so that most need no computing.
        for out in &grouping.outs {
            self.place_partials(out.item.expr, &mut sql, &mut placed, distinct);
        }
        for expr in &grouping.group_by {
            sql.place(*expr);
        }
        for call in &grouping.calls {
            self.place_partials(Expr::Aggregate(call), &mut sql, &mut placed, distinct);
        }
        let mut keys: Vec<SortKey> = self
            .group_order(&grouping)
            .into_iter()
            .map(|(expr, descending)| {
                sort_key(sql.place(expr), descending, self.type_of(expr, scope))
            })
            .collect();
        let groups = keys.len();
        if let Some(argument) = distinct {
            let typ = self.type_of(argument, scope);
            let place = placed.iter().find(|one| one.call.distinct).map(|one| one.column);
            keys.push(sort_key(place.unwrap_or_else(|| sql.place(argument)), false, typ));
        }
        self.add_weights(&mut keys, &mut sql);
        for one in &placed {
            specs.push(self.partial_spec(one, &mut sql, distinct, scope)?);
        }
        let node = self.partials_node(query, select, scope, &route, &sql, &keys)?;
        let ordered = !keys.is_empty();
        let group_by = keys[..groups].to_vec();
        let aggregate = Aggregate { input: node, group_by, aggregates: specs, ordered };
        let node = Node::Aggregate(Box::new(aggregate));
        let place = |expr: Expr<'a>| place_of(expr, &placed, &sql.exprs);
        self.finish_groups(
            node,
            query,
            select,
            scope,
            &grouping,
            &sql.exprs,
            &keys[..groups],
            &place,
        )
    }

    /// Returns the argument that all DISTINCT aggregates have and that shards must group by too;
    /// `None` where there is none, or equal values are all in one shard.
    fn distinct_argument(
        &self,
        route: &RouteOp<'a>,
        grouping: &Grouping<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<Expr<'a>>, Error> {
        let mut found: Option<Expr<'a>> = None;
        for call in grouping.calls.iter().filter(|call| splits_distinct(call)) {
            let [argument] = call.args else {
                let text = vt_sql::to_sql(&Expr::Aggregate(call));
                return Err(Error::unsupported(format!(
                    "distinct aggregation function with multiple expressions '{text}'"
                )));
            };
            if self.place_rows(route, &[*argument], scope)? {
                continue;
            }
            if found.is_some_and(|held| held != *argument) {
                let text = vt_sql::to_sql(&Expr::Aggregate(call));
                return Err(Error::unsupported(format!(
                    "only one DISTINCT aggregation is allowed in a SELECT: {text}"
                )));
            }
            found = Some(*argument);
        }
        Ok(found)
    }

    /// Puts what shards compute for an expression into their select list.
    fn place_partials(
        &self,
        expr: Expr<'a>,
        sql: &mut SqlItems<'a>,
        placed: &mut Vec<Placed<'a>>,
        distinct: Option<Expr<'a>>,
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
            let partial = match (distinct, call.args) {
                (Some(argument), [one]) if splits_distinct(call) && argument == *one => argument,
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
        distinct: Option<Expr<'a>>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<AggregateSpec, Error> {
        let Placed { call, column } = placed;
        let at_gateway = distinct.is_some() && splits_distinct(call);
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
            let mut keys = [sort_key(*column, false, typ)];
            if at_gateway || needs_weight(call, typ) {
                if Planner::needs_weight(typ) {
                    let weight = self.weight_string(expr);
                    keys[0].weight_column = Some(sql.place(weight));
                }
            }
            let [key] = keys;
            spec.key = Some(key);
        }
        Ok(spec)
    }

    /// Makes the route of the shards' groups.
    fn partials_node(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
        route: &RouteOp<'a>,
        sql: &SqlItems<'a>,
        keys: &[SortKey],
    ) -> Result<Node, Error> {
        let mut grouped: Vec<Expr<'a>> = Vec::with_capacity(2 * keys.len());
        for key in keys {
            for column in [Some(key.column), key.weight_column].into_iter().flatten() {
                grouped.push(sql.exprs[column]);
            }
        }
        let exprs = self.arena.list(&grouped);
        let group_by =
            (!grouped.is_empty()).then(|| self.arena.node(GroupBy { exprs, rollup: false }));
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

    /// Plans aggregates over rows that the gateway has.
    pub(crate) fn plan_aggregate_rows(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
        mut op: Op<'a>,
        outs: Vec<Out<'a>>,
    ) -> Result<Block<'a>, Error> {
        if select.group_by.is_some_and(|group_by| group_by.rollup) {
            return Err(Error::unsupported(
                "GROUP BY WITH ROLLUP not supported for sharded queries",
            ));
        }
        let grouping = self.grouping(query, select, outs, scope)?;
        // Each aggregate needs a column of its own: a projection gives it one.
        let mut exprs: Vec<Expr<'a>> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        let mut keys = Vec::with_capacity(grouping.group_by.len());
        for expr in &grouping.group_by {
            let place = self.add_column(&mut op, *expr, scope)?;
            let typ = self.type_of(*expr, scope);
            let mut key = sort_key(exprs.len(), false, typ);
            exprs.push(*expr);
            places.push(place);
            self.weigh(&mut key, &mut op, *expr, scope)?;
            if let Some(weight) = key.weight_column {
                key.weight_column = Some(exprs.len());
                exprs.push(self.weight_string(*expr));
                places.push(weight);
            }
            keys.push(key);
        }
        for out in &grouping.outs {
            let expr = out.item.expr;
            if !is_aggregated(expr) && !exprs.contains(&expr) {
                places.push(self.add_column(&mut op, expr, scope)?);
                exprs.push(expr);
            }
        }
        let mut placed = Vec::with_capacity(grouping.calls.len());
        let mut specs = Vec::with_capacity(grouping.calls.len());
        for call in &grouping.calls {
            let argument = match call.args {
                [] => one(self.arena),
                [argument] => *argument,
                _ => {
                    let text = vt_sql::to_sql(&Expr::Aggregate(call));
                    return Err(Error::unsupported(format!("aggregation function '{text}'")));
                }
            };
            let column = exprs.len();
            places.push(self.add_column(&mut op, argument, scope)?);
            exprs.push(Expr::Aggregate(call));
            let func = match call.kind {
                AggregateKind::Count if call.args.is_empty() => AggregateFunc::CountStar,
                AggregateKind::Count => AggregateFunc::Count,
                _ => gateway_func(call)?,
            };
            let distinct = splits_distinct(call);
            let mut spec = spec(func, column, call, distinct)?;
            if distinct || matches!(func, AggregateFunc::Min | AggregateFunc::Max) {
                let typ = self.type_of(argument, scope);
                let mut key = sort_key(column, false, typ);
                self.weigh(&mut key, &mut op, argument, scope)?;
                if let Some(weight) = key.weight_column {
                    key.weight_column = Some(exprs.len());
                    exprs.push(self.weight_string(argument));
                    places.push(weight);
                }
                spec.key = Some(key);
            }
            specs.push(spec);
            placed.push(Placed { call, column });
        }
        let input = self.build(op, query.locks, scope)?;
        let names = exprs.iter().map(|expr| vt_sql::to_sql(expr).into()).collect();
        let columns = places.into_iter().map(Eval::Column).collect();
        let input = Node::Project { input: Box::new(input), exprs: columns, names };
        let group_by = keys.clone();
        let aggregate = Aggregate { input, group_by, aggregates: specs, ordered: false };
        let node = Node::Aggregate(Box::new(aggregate));
        let place = |expr: Expr<'a>| place_of(expr, &placed, &exprs);
        self.finish_groups(node, query, select, scope, &grouping, &exprs, &[], &place)
    }

    /// Applies HAVING, computes the result's columns, sorts and cuts.
    #[expect(clippy::too_many_arguments, reason = "the two ways of grouping end alike")]
    fn finish_groups(
        &self,
        mut node: Node,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
        grouping: &Grouping<'a>,
        columns: &[Expr<'a>],
        sorted_by: &[SortKey],
        place: &dyn Fn(Expr<'a>) -> Option<usize>,
    ) -> Result<Block<'a>, Error> {
        let compute = |expr: Expr<'a>| translate(expr, &mut |part| Ok(place(part)));
        if let Some(having) = grouping.having {
            let predicate = compute(having)?;
            node = Node::Filter { input: Box::new(node), predicate };
        }
        let outs = &grouping.outs;
        let mut exprs: Vec<Eval> =
            outs.iter().map(|out| compute(out.item.expr)).collect::<Result<_, Error>>()?;
        let mut names = crate::eval::names(outs.iter().map(Out::name));
        let mut keys: Vec<SortKey> = Vec::with_capacity(grouping.order_by.len());
        for item in &grouping.order_by {
            let value = compute(item.expr)?;
            let typ = self.type_of(item.expr, scope);
            let mut key = sort_key(column_of(&mut exprs, &mut names, value), item.descending, typ);
            if Planner::needs_weight(typ) {
                let weight = place(self.weight_string(item.expr));
                key.weight_column =
                    weight.map(|weight| column_of(&mut exprs, &mut names, Eval::Column(weight)));
            }
            keys.push(key);
        }
        let presorted = is_prefix(&grouping.order_by, sorted_by, columns);
        let mut distinct_keys = Vec::new();
        if select.options.distinct {
            for (index, out) in outs.iter().enumerate() {
                let mut key = sort_key(index, false, self.type_of(out.item.expr, scope));
                if Planner::needs_weight(key.typ) {
                    let weight = place(self.weight_string(out.item.expr));
                    key.weight_column = weight
                        .map(|weight| column_of(&mut exprs, &mut names, Eval::Column(weight)));
                }
                distinct_keys.push(key);
            }
        }
        let computed = exprs.len();
        let plain = exprs.iter().enumerate().all(|(index, expr)| *expr == Eval::Column(index));
        let named = outs
            .iter()
            .zip(columns)
            .all(|(out, column)| vt_sql::to_sql(column) == out.name() || place(*column).is_none());
        if !plain || !named || computed < columns.len() {
            node = Node::Project { input: Box::new(node), exprs, names };
        }
        if !distinct_keys.is_empty() {
            node = Node::Distinct { input: Box::new(node), columns: distinct_keys };
        }
        if !presorted && !keys.is_empty() {
            node = Node::Sort { input: Box::new(node), keys, limit: None };
        }
        node = self.limited(node, query.limit)?;
        if computed > outs.len() {
            node = Node::Truncate { input: Box::new(node), columns: outs.len() };
        }
        Ok(Block::Node { node, columns: outs.iter().map(Out::column).collect() })
    }
}

/// Takes averages apart: a sum over a count.
struct Averages<'p, 'a> {
    planner: &'p Planner<'a>,
}

impl<'a> Rewrite<'a> for Averages<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        let Expr::Aggregate(call) = expr else { return rewrite_children(self, expr) };
        if call.kind != AggregateKind::Avg || call.over.is_some() {
            return Ok(expr);
        }
        let arena = self.planner.arena;
        let as_kind = |kind| Expr::Aggregate(arena.node(Call { kind, ..*call }));
        let (left, right) = (as_kind(AggregateKind::Sum), as_kind(AggregateKind::Count));
        Ok(Expr::Binary(arena.node(Binary { op: BinaryOp::Div, left, right })))
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        Ok(query)
    }
}

/// Collects the aggregates of an expression, each once.
fn collect_calls<'a>(expr: Expr<'a>, calls: &mut Vec<&'a Call<'a>>) {
    crate::tree::any_expr(expr, &mut |part| {
        if let Expr::Aggregate(call) = part
            && call.over.is_none()
            && !calls.contains(&call)
        {
            calls.push(call);
        }
        false
    });
}

fn refuse_call(call: &Call<'_>) -> Result<(), Error> {
    if matches!(call.kind, AggregateKind::GroupConcat) {
        if call.distinct || !call.order_by.is_empty() {
            return Err(Error::unsupported(
                "cannot evaluate group concat with distinct or order by",
            ));
        }
        if call.args.len() > 1 {
            return Err(Error::unsupported("group_concat with more than 1 column"));
        }
    }
    gateway_func(call).map(|_| ())
}

fn gateway_func(call: &Call<'_>) -> Result<AggregateFunc, Error> {
    Ok(match call.kind {
        AggregateKind::Count => AggregateFunc::Count,
        AggregateKind::Sum => AggregateFunc::Sum,
        AggregateKind::Min => AggregateFunc::Min,
        AggregateKind::Max => AggregateFunc::Max,
        AggregateKind::BitAnd => AggregateFunc::BitAnd,
        AggregateKind::BitOr => AggregateFunc::BitOr,
        AggregateKind::BitXor => AggregateFunc::BitXor,
        AggregateKind::GroupConcat => AggregateFunc::GroupConcat,
        _ => {
            let text = vt_sql::to_sql(&Expr::Aggregate(&Call { ..*call }));
            return Err(Error::unsupported(format!(
                "in scatter query: aggregation function '{text}'"
            )));
        }
    })
}

/// Returns whether DISTINCT changes what an aggregate gives.
fn splits_distinct(call: &Call<'_>) -> bool {
    call.distinct && matches!(call.kind, AggregateKind::Count | AggregateKind::Sum)
}

fn needs_weight(call: &Call<'_>, typ: Option<Type>) -> bool {
    matches!(call.kind, AggregateKind::Min | AggregateKind::Max) && Planner::needs_weight(typ)
}

fn spec(
    func: AggregateFunc,
    column: usize,
    call: &Call<'_>,
    distinct: bool,
) -> Result<AggregateSpec, Error> {
    let separator = match (func, call.separator) {
        (AggregateFunc::GroupConcat, Some(Expr::Literal(literal))) => {
            Some(literal_value(literal)?.bytes.to_vec().into())
        }
        (AggregateFunc::GroupConcat, Some(_)) => {
            return Err(Error::unsupported("group_concat with a variable separator"));
        }
        _ => None,
    };
    let name = vt_sql::to_sql(&Expr::Aggregate(&Call { ..*call })).into();
    Ok(AggregateSpec { func, column, distinct, key: None, name, separator })
}

/// Returns the column of an expression of the grouped rows.
fn place_of<'a>(expr: Expr<'a>, placed: &[Placed<'a>], columns: &[Expr<'a>]) -> Option<usize> {
    if let Expr::Aggregate(call) = expr {
        return placed.iter().find(|one| one.call == call).map(|one| one.column);
    }
    // A literal computes itself; a column of the same text would say nothing of it.
    if matches!(expr, Expr::Literal(_) | Expr::Null | Expr::True | Expr::False | Expr::Bind(_)) {
        return None;
    }
    columns.iter().position(|held| *held == expr)
}

/// Returns the place of a computed column, added if it is not there.
fn column_of(exprs: &mut Vec<Eval>, names: &mut Vec<std::sync::Arc<str>>, value: Eval) -> usize {
    if let Some(place) = exprs.iter().position(|held| *held == value) {
        return place;
    }
    exprs.push(value);
    names.push("".into());
    exprs.len() - 1
}

/// Returns whether rows that are sorted by some keys are in the order asked for.
fn is_prefix(order_by: &[OrderItem<'_>], sorted_by: &[SortKey], columns: &[Expr<'_>]) -> bool {
    order_by.len() <= sorted_by.len()
        && order_by.iter().zip(sorted_by).all(|(item, key)| {
            columns[key.column] == item.expr && key.descending == item.descending
        })
}
