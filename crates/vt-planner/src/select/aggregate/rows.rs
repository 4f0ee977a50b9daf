//! Aggregates over rows that the gateway has joined.

use std::rc::Rc;

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_plan::{Aggregate, AggregateFunc, Node};
use vt_sql::ast::{AggregateKind, Expr, Query, Select};

use super::{Grouped, Placed, Statement, gateway_func, spec, splits_distinct};
use crate::analyze::Scope;
use crate::fields::one;
use crate::planner::Planner;
use crate::select::block::Block;
use crate::select::is_aggregated;
use crate::select::op::Op;
use crate::select::outs::{Out, sort_key};

impl<'a> Planner<'a> {
    /// Plans aggregates over rows that the gateway has.
    pub(crate) fn plan_aggregate_rows(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
        mut op: Op<'a>,
        outs: Vec<Out<'a>>,
    ) -> Result<Block<'a>, Error> {
        if select.group_by.is_some_and(|group_by| group_by.is_extended()) {
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
                exprs.push(self.weight(*expr, typ));
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
                    exprs.push(self.weight(argument, typ));
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
        let grouped = Grouped { node, columns: exprs, placed, sorted_by: Vec::new() };
        self.finish_groups(Statement { query, select, scope }, &grouping, grouped)
    }
}
