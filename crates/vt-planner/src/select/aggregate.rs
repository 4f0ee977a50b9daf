//! Aggregates over several shards (`split.rs`), or over rows at the gateway (`rows.rs`), what makes
//! super-aggregate rows (`rollup.rs`), window functions (`windows.rs`), and the rest of a select
//! that the gateway finishes (`finish.rs`).

mod check;
mod finish;
mod rollup;
mod rows;
mod split;
mod windows;

use std::rc::Rc;

use vt_base::Error;
use vt_plan::{AggregateFunc, AggregateSpec, Node, SortKey};
use vt_sql::Arena;
use vt_sql::ast::{
    Aggregate as Call, AggregateKind, Expr, Function, Is, IsWhat, OrderItem, Query, Select,
    WindowFunction,
};
use vt_value::Type;

use super::outs::{ColumnNames, Out, is_constant};
use crate::analyze::Scope;
use crate::eval::plain_value;
use crate::planner::Planner;
use crate::tree::{Child, Rewrite, rewrite_children, walk_children};

pub(crate) use windows::has_window;

/// The parts of a select that the gateway finishes, aliases resolved and averages taken apart.
struct Grouping<'a> {
    outs: Vec<Out<'a>>,
    group_by: Vec<Expr<'a>>,
    rollup: bool,
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

/// Rows at the gateway, grouped or not.
struct Grouped<'a> {
    node: Node,
    /// What each column holds.
    columns: Vec<Expr<'a>>,
    placed: Vec<Placed<'a>>,
    /// The order in which the rows come.
    sorted_by: Vec<SortKey>,
}

/// A call with the column that its result takes.
struct Placed<'a> {
    call: &'a Call<'a>,
    column: usize,
}

impl<'a> Grouped<'a> {
    /// Returns the column of an expression.
    fn place(&self, expr: Expr<'a>) -> Option<usize> {
        place_of(expr, &self.placed, &self.columns)
    }
}

impl<'a> Planner<'a> {
    fn grouping(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        outs: Vec<Out<'a>>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Grouping<'a>, Error> {
        let mut grouping = Grouping {
            outs,
            group_by: vec![],
            rollup: rollup::of(select)?,
            having: None,
            order_by: vec![],
            calls: vec![],
        };
        let mut averages = Averages { planner: self };
        let mut names = ColumnNames::default();
        for out in &mut grouping.outs {
            out.item.expr = self.unified(out.item.expr, &mut names, scope)?;
        }
        for expr in select.group_by.map_or(&[][..], |group_by| group_by.exprs) {
            let expr = self.behind_alias(*expr, &grouping.outs, true, scope)?;
            let expr = self.unified(expr, &mut names, scope)?;
            let known = grouping.group_by.contains(&expr) || is_constant(expr);
            if known && grouping.rollup {
                return Err(Error::unsupported(
                    "WITH ROLLUP over a constant, or twice over an expression",
                ));
            }
            if !known {
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
            gateway_func(call)?;
        }
        if select.group_by.is_none() && !calls.is_empty() {
            // There is one row: any order is its order.
            grouping.order_by.retain(|item| super::is_aggregated(item.expr));
        }
        grouping.calls = calls;
        Ok(grouping)
    }

    /// Makes what computes an aggregate; its arguments are in the columns of `args`.
    fn spec(
        &self,
        call: &Call<'a>,
        column: usize,
        args: Vec<SortKey>,
    ) -> Result<AggregateSpec, Error> {
        let func = gateway_func(call)?;
        let separator = match (func, call.separator) {
            (AggregateFunc::GroupConcat, Some(separator)) => {
                let value = plain_value(separator);
                Some(value.ok_or_else(|| Error::bug("a separator that is no literal"))?)
            }
            _ => None,
        };
        let name = vt_sql::to_sql(&Expr::Aggregate(&Call { ..*call })).into();
        let distinct = splits_distinct(call);
        let order_by = Vec::new();
        Ok(AggregateSpec { func, column, args, parts: false, distinct, order_by, separator, name })
    }

    /// Returns an argument in a form whose values a result tells to the last digit.
    fn exact_argument(&self, expr: Expr<'a>, scope: &Rc<Scope<'a>>) -> Expr<'a> {
        match self.type_of(expr, scope) {
            Some(Type::FLOAT32) => self.as_double(expr),
            _ => expr,
        }
    }
}

/// Takes apart what the gateway computes of two values: averages become `avg(sum, count)`, which no
/// statement can say, since there AVG is an aggregate, and which differs from a division in that it
/// keeps digits for what is computed with it; LEAD and LAG with a default become a choice.
struct Averages<'p, 'a> {
    planner: &'p Planner<'a>,
}

impl<'a> Averages<'_, 'a> {
    /// Makes `if(lag(1, n) over w is null, default, lag(x, n) over w)`.
    fn with_default(&mut self, call: &WindowFunction<'a>) -> Result<Expr<'a>, Error> {
        let arena = self.planner.arena;
        let [value, number, default] = call.args else {
            return Err(Error::bug("LEAD or LAG with other arguments"));
        };
        let of = |value: Expr<'a>| {
            let args = arena.list(&[value, *number]);
            Expr::Window(arena.node(WindowFunction { args, ..*call }))
        };
        if matches!(default, Expr::Null) {
            return rewrite_children(self, of(*value));
        }
        let there = of(crate::fields::one(arena));
        let missing = Is { expr: there, what: IsWhat::Null, negated: false };
        let args = [Expr::Is(arena.node(missing)), *default, of(*value)];
        let choice = Expr::Function(arena.node(Function::new("if", arena.list(&args))));
        rewrite_children(self, choice)
    }
}

impl<'a> Rewrite<'a> for Averages<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        let call = match expr {
            Expr::Window(call) if call.args.len() > 2 => return self.with_default(call),
            Expr::Aggregate(call) if call.kind == AggregateKind::Avg && call.over.is_none() => call,
            _ => return rewrite_children(self, expr),
        };
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

/// Calls `f` for the parts of an expression that rows must have for it, window functions and
/// aggregates themselves left out: what `is_part` says is one, else columns.
fn each_part<'a>(expr: Expr<'a>, is_part: &dyn Fn(Expr<'a>) -> bool, f: &mut dyn FnMut(Expr<'a>)) {
    // Along a chain of operators without recursion.
    let mut expr = expr;
    while let Expr::Binary(link) = expr {
        if is_part(expr) {
            return f(expr);
        }
        each_part(link.right, is_part, f);
        expr = link.left;
    }
    if is_part(expr) || matches!(expr, Expr::Column(_)) {
        return f(expr);
    }
    if matches!(expr, Expr::Aggregate(call) if call.over.is_none()) {
        return;
    }
    walk_children(expr, &mut |child| {
        if let Child::Expr(child) = child {
            each_part(child, is_part, f);
        }
    });
}

fn gateway_func(call: &Call<'_>) -> Result<AggregateFunc, Error> {
    if call.keeps_nulls == Some(false) {
        let message = "This version of MySQL doesn't yet support 'JSON constructor null clause \
                       ABSENT ON NULL in JSON_ARRAYAGG'";
        return Err(Error::mysql(1235, b"42000", message));
    }
    Ok(match call.kind {
        AggregateKind::Count if call.args.is_empty() => AggregateFunc::CountStar,
        AggregateKind::Count => AggregateFunc::Count,
        AggregateKind::Sum => AggregateFunc::Sum,
        AggregateKind::Avg => AggregateFunc::Avg,
        AggregateKind::Min => AggregateFunc::Min,
        AggregateKind::Max => AggregateFunc::Max,
        AggregateKind::BitAnd => AggregateFunc::BitAnd,
        AggregateKind::BitOr => AggregateFunc::BitOr,
        AggregateKind::BitXor => AggregateFunc::BitXor,
        AggregateKind::GroupConcat => AggregateFunc::GroupConcat,
        AggregateKind::JsonArrayAgg => AggregateFunc::JsonArrayAgg,
        AggregateKind::JsonObjectAgg => AggregateFunc::JsonObjectAgg,
        AggregateKind::Std | AggregateKind::StdDev | AggregateKind::StdDevPop => {
            AggregateFunc::StdPop
        }
        AggregateKind::StdDevSamp => AggregateFunc::StdSamp,
        AggregateKind::VarPop | AggregateKind::Variance => AggregateFunc::VarPop,
        AggregateKind::VarSamp => AggregateFunc::VarSamp,
        AggregateKind::StCollect => AggregateFunc::Collect,
    })
}

/// Returns whether an aggregate wants all rows: what it comes to on each shard does not tell what
/// it comes to over all, or not to the last digit.
fn wants_rows(call: &Call<'_>) -> bool {
    match call.kind {
        AggregateKind::GroupConcat => call.distinct || !call.order_by.is_empty(),
        AggregateKind::StCollect => call.distinct,
        AggregateKind::JsonArrayAgg
        | AggregateKind::JsonObjectAgg
        | AggregateKind::Std
        | AggregateKind::StdDev
        | AggregateKind::StdDevPop
        | AggregateKind::StdDevSamp
        | AggregateKind::VarPop
        | AggregateKind::VarSamp
        | AggregateKind::Variance => true,
        _ => false,
    }
}

/// Returns whether DISTINCT changes what an aggregate gives.
fn splits_distinct(call: &Call<'_>) -> bool {
    let changed = matches!(
        call.kind,
        AggregateKind::Count
            | AggregateKind::Sum
            | AggregateKind::Avg
            | AggregateKind::GroupConcat
            | AggregateKind::StCollect
    );
    call.distinct && changed
}

/// Returns the column of an expression of the grouped rows.
fn place_of<'a>(expr: Expr<'a>, placed: &[Placed<'a>], columns: &[Expr<'a>]) -> Option<usize> {
    if let Expr::Aggregate(call) = expr
        && call.over.is_none()
    {
        return placed.iter().find(|one| one.call == call).map(|one| one.column);
    }
    // A literal computes itself; a column of the same text would say nothing of it.
    if matches!(expr, Expr::Literal(_) | Expr::Null | Expr::True | Expr::False | Expr::Bind(_)) {
        return None;
    }
    columns.iter().position(|held| *held == expr)
}
