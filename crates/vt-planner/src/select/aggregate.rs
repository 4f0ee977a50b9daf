//! Aggregates over several shards (`split.rs`), or over what the gateway joins (`rows.rs`).

mod finish;
mod rows;
mod split;

use std::rc::Rc;

use vt_base::Error;
use vt_plan::{AggregateFunc, AggregateSpec, Node, SortKey};
use vt_sql::Arena;
use vt_sql::ast::{Aggregate as Call, AggregateKind, Expr, Function, OrderItem, Query, Select};

use super::outs::{ColumnNames, Out, is_constant};
use crate::analyze::Scope;
use crate::eval::literal_value;
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

/// The statement that groups.
#[derive(Clone, Copy)]
struct Statement<'s, 'a> {
    query: &'a Query<'a>,
    select: &'a Select<'a>,
    scope: &'s Rc<Scope<'a>>,
}

/// Grouped rows.
struct Grouped<'a> {
    node: Node,
    /// What each column holds.
    columns: Vec<Expr<'a>>,
    placed: Vec<Placed<'a>>,
    /// The order in which the groups come.
    sorted_by: Vec<SortKey>,
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
}

/// Takes averages apart: `avg(sum, count)`, which no statement can say, since there AVG is an
/// aggregate. It differs from a division in that it keeps digits for what is computed with it.
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
        let args = [as_kind(AggregateKind::Sum), as_kind(AggregateKind::Count)];
        Ok(Expr::Function(arena.node(Function::new("avg", arena.list(&args)))))
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
