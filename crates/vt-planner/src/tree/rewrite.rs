//! Rebuilding an expression from its changed parts.

use vt_base::Error;
use vt_sql::Arena;
use vt_sql::ast::{
    Aggregate, AssignExpr, Between, Binary, Case, Cast, Collate, ConvertUsing, Expr, Frame,
    FrameBound, Function, In, InList, Interval, Introducer, Is, JsonFallback, Like, Match,
    MemberOf, OrderItem, Over, Quantified, Query, SelectItem, Special, TableFactor, Temporal,
    Unary, When, WindowFunction, WindowSpec,
};

use super::query::rewrite_query;

/// Changes a tree on a way down; what is not overridden is rebuilt from its parts.
pub(crate) trait Rewrite<'a> {
    fn arena(&self) -> &'a Arena;

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error>;

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error>
    where
        Self: Sized,
    {
        rewrite_query(self, query)
    }

    fn table(&mut self, table: &'a TableFactor<'a>) -> Result<&'a TableFactor<'a>, Error> {
        Ok(table)
    }

    /// Changes an item of a select list, its expression already changed.
    fn select_item(&mut self, item: SelectItem<'a>) -> Result<SelectItem<'a>, Error> {
        Ok(item)
    }
}

/// Rebuilds an expression from its parts, each changed by `r`.
#[expect(clippy::too_many_lines, reason = "an arm for each kind of expression")]
pub(crate) fn rewrite_children<'a, R: Rewrite<'a>>(
    r: &mut R,
    expr: Expr<'a>,
) -> Result<Expr<'a>, Error> {
    let arena = r.arena();
    Ok(match expr {
        Expr::Null
        | Expr::True
        | Expr::False
        | Expr::Literal(_)
        | Expr::Bind(_)
        | Expr::Column(_)
        | Expr::Variable(_)
        | Expr::Default(_)
        | Expr::Values(_) => expr,
        Expr::Assign(assign) => {
            let value = r.expr(assign.value)?;
            Expr::Assign(arena.node(AssignExpr { value, ..*assign }))
        }
        Expr::Unary(unary) => {
            Expr::Unary(arena.node(Unary { expr: r.expr(unary.expr)?, ..*unary }))
        }
        Expr::Binary(binary) => rewrite_chain(r, binary)?,
        Expr::And(list) => Expr::And(exprs(r, list)?),
        Expr::Or(list) => Expr::Or(exprs(r, list)?),
        Expr::Row(list) => Expr::Row(exprs(r, list)?),
        Expr::Subquery(query) => Expr::Subquery(r.query(query)?),
        Expr::Exists(query) => Expr::Exists(r.query(query)?),
        Expr::Quantified(quantified) => {
            let (left, query) = (r.expr(quantified.left)?, r.query(quantified.query)?);
            Expr::Quantified(arena.node(Quantified { left, query, ..*quantified }))
        }
        Expr::In(one) => {
            let expr = r.expr(one.expr)?;
            let list = match one.list {
                InList::Exprs(list) => InList::Exprs(exprs(r, list)?),
                InList::Query(query) => InList::Query(r.query(query)?),
                InList::Literals(_) | InList::Bind(_) => one.list,
            };
            Expr::In(arena.node(In { expr, list, ..*one }))
        }
        Expr::Between(one) => {
            let (expr, low, high) = (r.expr(one.expr)?, r.expr(one.low)?, r.expr(one.high)?);
            Expr::Between(arena.node(Between { expr, low, high, ..*one }))
        }
        Expr::Like(like) => {
            let (expr, pattern) = (r.expr(like.expr)?, r.expr(like.pattern)?);
            let escape = option(r, like.escape)?;
            Expr::Like(arena.node(Like { expr, pattern, escape, ..*like }))
        }
        Expr::Is(is) => Expr::Is(arena.node(Is { expr: r.expr(is.expr)?, ..*is })),
        Expr::MemberOf(member) => {
            let (value, json) = (r.expr(member.value)?, r.expr(member.json)?);
            Expr::MemberOf(arena.node(MemberOf { value, json }))
        }
        Expr::Case(case) => rewrite_case(r, case)?,
        Expr::Cast(cast) => Expr::Cast(arena.node(Cast { expr: r.expr(cast.expr)?, ..*cast })),
        Expr::ConvertUsing(convert) => {
            let expr = r.expr(convert.expr)?;
            Expr::ConvertUsing(arena.node(ConvertUsing { expr, ..*convert }))
        }
        Expr::Collate(collate) => {
            Expr::Collate(arena.node(Collate { expr: r.expr(collate.expr)?, ..*collate }))
        }
        Expr::Introducer(one) => {
            Expr::Introducer(arena.node(Introducer { expr: r.expr(one.expr)?, ..*one }))
        }
        Expr::Temporal(one) => {
            Expr::Temporal(arena.node(Temporal { expr: r.expr(one.expr)?, ..*one }))
        }
        Expr::Function(function) => {
            let args = exprs(r, function.args)?;
            Expr::Function(arena.node(Function { args, ..*function }))
        }
        Expr::Aggregate(aggregate) => {
            let args = exprs(r, aggregate.args)?;
            let order_by = order_items(r, aggregate.order_by)?;
            let separator = option(r, aggregate.separator)?;
            let over = match aggregate.over {
                Some(over) => Some(rewrite_over(r, over)?),
                None => None,
            };
            Expr::Aggregate(arena.node(Aggregate { args, order_by, separator, over, ..*aggregate }))
        }
        Expr::Window(window) => {
            let (args, over) = (exprs(r, window.args)?, rewrite_over(r, window.over)?);
            Expr::Window(arena.node(WindowFunction { args, over, ..*window }))
        }
        Expr::Special(special) => rewrite_special(r, special)?,
        Expr::Match(one) => {
            let (columns, against) = (exprs(r, one.columns)?, r.expr(one.against)?);
            Expr::Match(arena.node(Match { columns, against, ..*one }))
        }
        Expr::Interval(interval) => {
            let amount = r.expr(interval.amount)?;
            Expr::Interval(arena.node(Interval { amount, ..*interval }))
        }
    })
}

/// Rebuilds a chain of operators, `a + b + c + ...`, which may be too long to recurse along.
fn rewrite_chain<'a, R: Rewrite<'a>>(r: &mut R, top: &'a Binary<'a>) -> Result<Expr<'a>, Error> {
    let mut links = vec![top];
    let mut first = top.left;
    while let Expr::Binary(link) = first {
        links.push(link);
        first = link.left;
    }
    let mut left = r.expr(first)?;
    for link in links.into_iter().rev() {
        let right = r.expr(link.right)?;
        left = Expr::Binary(r.arena().node(Binary { left, right, ..*link }));
    }
    Ok(left)
}

pub(super) fn exprs<'a, R: Rewrite<'a>>(
    r: &mut R,
    list: &[Expr<'a>],
) -> Result<&'a [Expr<'a>], Error> {
    let changed: Vec<Expr<'a>> =
        list.iter().map(|expr| r.expr(*expr)).collect::<Result<_, Error>>()?;
    Ok(r.arena().list(&changed))
}

pub(super) fn option<'a, R: Rewrite<'a>>(
    r: &mut R,
    expr: Option<Expr<'a>>,
) -> Result<Option<Expr<'a>>, Error> {
    expr.map(|expr| r.expr(expr)).transpose()
}

pub(super) fn order_items<'a, R: Rewrite<'a>>(
    r: &mut R,
    items: &[OrderItem<'a>],
) -> Result<&'a [OrderItem<'a>], Error> {
    let changed: Vec<OrderItem<'a>> = items
        .iter()
        .map(|item| Ok(OrderItem { expr: r.expr(item.expr)?, ..*item }))
        .collect::<Result<_, Error>>()?;
    Ok(r.arena().list(&changed))
}

fn rewrite_case<'a, R: Rewrite<'a>>(r: &mut R, case: &Case<'a>) -> Result<Expr<'a>, Error> {
    let operand = option(r, case.operand)?;
    let whens: Vec<When<'a>> = case
        .whens
        .iter()
        .map(|when| Ok(When { condition: r.expr(when.condition)?, value: r.expr(when.value)? }))
        .collect::<Result<_, Error>>()?;
    let otherwise = option(r, case.otherwise)?;
    let arena = r.arena();
    Ok(Expr::Case(arena.node(Case { operand, whens: arena.list(&whens), otherwise })))
}

fn rewrite_over<'a, R: Rewrite<'a>>(r: &mut R, over: &Over<'a>) -> Result<&'a Over<'a>, Error> {
    let over = match over {
        Over::Name(name) => Over::Name(*name),
        Over::Spec(spec) => Over::Spec(rewrite_window(r, spec)?),
    };
    Ok(r.arena().node(over))
}

pub(super) fn rewrite_window<'a, R: Rewrite<'a>>(
    r: &mut R,
    spec: &WindowSpec<'a>,
) -> Result<WindowSpec<'a>, Error> {
    let partition_by = exprs(r, spec.partition_by)?;
    let order_by = order_items(r, spec.order_by)?;
    let mut bound = |bound: FrameBound<'a>| {
        Ok::<_, Error>(match bound {
            FrameBound::Preceding(expr) => FrameBound::Preceding(r.expr(expr)?),
            FrameBound::Following(expr) => FrameBound::Following(r.expr(expr)?),
            plain => plain,
        })
    };
    let frame = match spec.frame {
        None => None,
        Some(frame) => {
            let (start, end) = (bound(frame.start)?, frame.end.map(&mut bound).transpose()?);
            Some(Frame { start, end, ..frame })
        }
    };
    Ok(WindowSpec { partition_by, order_by, frame, ..*spec })
}

fn rewrite_special<'a, R: Rewrite<'a>>(r: &mut R, one: &Special<'a>) -> Result<Expr<'a>, Error> {
    let mut next = *one;
    match &mut next {
        Special::Extract { expr, .. }
        | Special::WeightString { expr, .. }
        | Special::GetFormat { expr, .. } => *expr = r.expr(*expr)?,
        Special::Trim { what, expr, .. } => {
            *what = option(r, *what)?;
            *expr = r.expr(*expr)?;
        }
        Special::Char { args, .. } => *args = exprs(r, args)?,
        Special::TimestampAdd { amount, expr, .. } => {
            *amount = r.expr(*amount)?;
            *expr = r.expr(*expr)?;
        }
        Special::TimestampDiff { from, to, .. } => {
            *from = r.expr(*from)?;
            *to = r.expr(*to)?;
        }
        // A part of a view's definition, which is never planned.
        Special::DualityObject { .. } => {}
        Special::JsonValue { doc, path, on_empty, on_error, .. } => {
            *doc = r.expr(*doc)?;
            *path = r.expr(*path)?;
            for fallback in [on_empty, on_error] {
                if let Some(JsonFallback::Default(expr)) = fallback {
                    *expr = r.expr(*expr)?;
                }
            }
        }
    }
    Ok(Expr::Special(r.arena().node(next)))
}
