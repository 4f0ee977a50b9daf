//! Window functions at the gateway: which windows a select has, and the steps that compute them.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Code, Error};
use vt_eval::Expr as Eval;
use vt_eval::window::FrameUnit;
use vt_plan::{
    AggregateFunc, FrameBound, FrameOffset, Node, SortKey, Window, WindowCall, WindowFrame,
    WindowFunc,
};
use vt_sql::ast::{
    Aggregate as Call, AggregateKind, Expr, Frame, FrameBound as AstBound, FrameUnit as AstUnit,
    Ident, LiteralKind, OrderItem, Over, Query, Select, SelectItem, WindowFunction, WindowKind,
    WindowSpec,
};
use vt_value::TypedBytes;
use vt_value::temporal::Unit;

use super::{Grouped, Statement, gateway_func};
use crate::analyze::Scope;
use crate::eval::{plain_value, translate};
use crate::planner::Planner;
use crate::tree::any_expr;

/// A window function with its window, names resolved.
pub(super) struct Resolved<'a> {
    expr: Expr<'a>,
    func: WindowFunc,
    pub(super) args: &'a [Expr<'a>],
    partition_by: &'a [Expr<'a>],
    order_by: &'a [OrderItem<'a>],
    frame: Option<Frame<'a>>,
}

impl<'a> Resolved<'a> {
    /// Returns what the window orders rows by: the partition's expressions, then its own.
    pub(super) fn keys(&self) -> impl Iterator<Item = OrderItem<'a>> + use<'a> {
        let partition = self.partition_by.iter();
        let partition = partition.map(|expr| OrderItem { expr: *expr, descending: false });
        partition.chain(self.order_by.iter().copied())
    }

    /// Returns whether the function computes with its arguments; others give one of them.
    fn computes(&self) -> bool {
        match &self.func {
            WindowFunc::Aggregate(func) => {
                !matches!(func, AggregateFunc::Min | AggregateFunc::Max | AggregateFunc::AnyValue)
            }
            _ => false,
        }
    }

    fn has_window_of(&self, other: &Resolved<'a>) -> bool {
        self.partition_by == other.partition_by && self.order_by == other.order_by
    }
}

/// Returns whether an expression is, or has in it, a window function.
pub(crate) fn holds_window(expr: Expr<'_>) -> bool {
    any_expr(expr, &mut |part| over_of(part).is_some())
}

/// Returns whether a query has window functions in its select list or order.
pub(crate) fn has_window(query: &Query<'_>, select: &Select<'_>) -> bool {
    let in_items = select.items.iter().any(|item| match item {
        SelectItem::Expr(item) => holds_window(item.expr),
        _ => false,
    });
    in_items || query.order_by.iter().any(|item| holds_window(item.expr))
}

/// Returns the window functions of expressions, each once.
pub(crate) fn windows_of<'a>(exprs: impl Iterator<Item = Expr<'a>>) -> Vec<Expr<'a>> {
    let mut found = Vec::new();
    for expr in exprs {
        any_expr(expr, &mut |part| {
            if over_of(part).is_some() && !found.contains(&part) {
                found.push(part);
            }
            false
        });
    }
    found
}

/// Returns the window of a window function.
fn over_of<'a>(expr: Expr<'a>) -> Option<&'a Over<'a>> {
    match expr {
        Expr::Window(one) => Some(one.over),
        Expr::Aggregate(call) => call.over,
        _ => None,
    }
}

impl<'a> Planner<'a> {
    /// Returns whether every window function has all rows of its partitions in one shard: each
    /// partition is of one value of a unique vindex, by the test of `is_local`.
    pub(crate) fn windows_are_local(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        is_local: &dyn Fn(&[Expr<'a>]) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let items = select.items.iter().filter_map(|item| match item {
            SelectItem::Expr(item) => Some(item.expr),
            _ => None,
        });
        for window in windows_of(items.chain(query.order_by.iter().map(|item| item.expr))) {
            let Some(over) = over_of(window) else { continue };
            let spec = resolved_over(over, select)?;
            if !is_local(spec.partition_by)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns an argument of a window function in the form that the function needs.
    pub(super) fn window_argument(
        &self,
        window: &Resolved<'a>,
        argument: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Expr<'a> {
        match window.computes() {
            true => self.exact_argument(argument, scope),
            false => argument,
        }
    }

    /// Finds the window of a window function, and what it computes.
    pub(super) fn resolved_window(
        &self,
        expr: Expr<'a>,
        select: &'a Select<'a>,
    ) -> Result<Resolved<'a>, Error> {
        let Some(over) = over_of(expr) else { return Err(Error::bug("no window function")) };
        let WindowSpec { partition_by, order_by, frame, .. } = resolved_over(over, select)?;
        let (func, args) = match expr {
            Expr::Window(one) => window_func(one)?,
            Expr::Aggregate(call) => (aggregate_func(call)?, call.args),
            _ => return Err(Error::bug("no window function")),
        };
        Ok(Resolved { expr, func, args, partition_by, order_by, frame })
    }

    /// Adds the columns of window functions to rows; those of one window go together.
    pub(super) fn add_windows(
        &self,
        statement: Statement<'_, 'a>,
        windows: &[Expr<'a>],
        rows: &mut Grouped<'a>,
    ) -> Result<(), Error> {
        let mut left: Vec<Resolved<'a>> = windows
            .iter()
            .map(|window| self.resolved_window(*window, statement.select))
            .collect::<Result<_, _>>()?;
        while !left.is_empty() {
            let mut here = vec![left.remove(0)];
            let mut later = Vec::new();
            for one in left {
                if one.has_window_of(&here[0]) { here.push(one) } else { later.push(one) }
            }
            left = later;
            self.add_window(statement, &here, rows)?;
        }
        rows.sorted_by = Vec::new();
        Ok(())
    }

    fn add_window(
        &self,
        statement: Statement<'_, 'a>,
        calls: &[Resolved<'a>],
        rows: &mut Grouped<'a>,
    ) -> Result<(), Error> {
        let Some(first) = calls.first() else { return Ok(()) };
        let mut keys = Vec::new();
        for item in first.keys() {
            keys.push(self.row_key(statement, item, rows)?);
        }
        let order_by = keys.split_off(first.partition_by.len());
        let mut made = Vec::with_capacity(calls.len());
        for call in calls {
            let mut args = Vec::with_capacity(call.args.len());
            for argument in call.args {
                let exact = self.window_argument(call, *argument, statement.scope);
                let place = self.row_column(rows, exact)?;
                args.push(self.key(place, false, exact, statement.scope));
            }
            let frame = call.frame.map(|frame| frame_of(&frame)).transpose()?;
            let name = vt_sql::to_sql(&call.expr).into();
            made.push(WindowCall { func: call.func.clone(), args, frame, name });
        }
        let node = std::mem::replace(&mut rows.node, Node::Concat { inputs: Vec::new() });
        let window = Window { input: node, partition_by: keys, order_by, calls: made };
        rows.node = Node::Window(Box::new(window));
        rows.columns.extend(calls.iter().map(|call| call.expr));
        Ok(())
    }

    /// Makes the key of an expression over rows.
    fn row_key(
        &self,
        statement: Statement<'_, 'a>,
        item: OrderItem<'a>,
        rows: &mut Grouped<'a>,
    ) -> Result<SortKey, Error> {
        let place = self.row_column(rows, item.expr)?;
        let mut key = self.key(place, item.descending, item.expr, statement.scope);
        if Planner::needs_weight(&key) {
            key.weight_column = rows.place(self.weight(item.expr, key.typ));
        }
        Ok(key)
    }

    /// Returns the column of an expression over rows, computed in a further one if there is none.
    fn row_column(&self, rows: &mut Grouped<'a>, expr: Expr<'a>) -> Result<usize, Error> {
        if let Some(place) = rows.place(expr) {
            return Ok(place);
        }
        let computed = translate(expr, &mut |part| Ok(rows.place(part)))?;
        let width = rows.columns.len();
        let own = (0..width).map(Eval::Column);
        let names = vec![Arc::from(""); width].into_iter().chain([vt_sql::to_sql(&expr).into()]);
        let input = std::mem::replace(&mut rows.node, Node::Concat { inputs: Vec::new() });
        rows.node = Node::Project {
            input: Box::new(input),
            exprs: own.chain([computed]).collect(),
            names: names.collect(),
        };
        rows.columns.push(expr);
        Ok(width)
    }
}

/// Refuses what MySQL refuses: places of the select list in a window, `PARTITION BY 1`.
fn refuse_places(over: &Over<'_>, spec: &WindowSpec<'_>) -> Result<(), Error> {
    let ordered = spec.order_by.iter().map(|item| item.expr);
    let mut keys = spec.partition_by.iter().copied().chain(ordered);
    let is_place =
        |expr| matches!(expr, Expr::Literal(literal) if literal.kind == LiteralKind::Int);
    if !keys.any(is_place) {
        return Ok(());
    }
    let name = match over {
        Over::Name(name) => name.as_str(),
        Over::Spec(_) => "<unnamed window>",
    };
    let message = format!(
        "Window '{name}': ORDER BY or PARTITION BY uses legacy position indication which is not \
         supported, use expression."
    );
    Err(mysql(3592, message))
}

/// Resolves the names of windows, and what a window takes over from the one that it builds on.
fn resolved_over<'a>(over: &Over<'a>, select: &Select<'a>) -> Result<WindowSpec<'a>, Error> {
    let named = |name: Ident<'a>| {
        let found = select.windows.iter().find(|window| window.name.is(name.as_str()));
        found.map(|window| window.spec).ok_or_else(|| {
            let message = format!("Window name '{}' is not defined.", name.as_str());
            mysql(3579, message)
        })
    };
    let mut spec = match over {
        Over::Name(name) => named(*name)?,
        Over::Spec(spec) => *spec,
    };
    refuse_places(over, &spec)?;
    let mut steps = 0;
    while let Some(base) = spec.base {
        steps += 1;
        if steps > select.windows.len() {
            let message = "There is a circularity in the window dependency graph.";
            return Err(mysql(3580, message.to_owned()));
        }
        let under = named(base)?;
        if !spec.partition_by.is_empty() {
            let message = "A window which depends on another cannot define partitioning.";
            return Err(mysql(3581, message.to_owned()));
        }
        if !spec.order_by.is_empty() && !under.order_by.is_empty() {
            let name = base.as_str();
            return Err(mysql(
                3583,
                format!(
                    "Window '<unnamed window>' cannot inherit '{name}' since both contain an ORDER \
                     BY clause."
                ),
            ));
        }
        let order_by = if spec.order_by.is_empty() { under.order_by } else { spec.order_by };
        let partition_by = under.partition_by;
        spec = WindowSpec { base: under.base, partition_by, order_by, frame: spec.frame };
    }
    Ok(spec)
}

fn mysql(errno: u16, message: String) -> Error {
    Error::mysql(errno, b"HY000", message).with_code(Code::InvalidArgument)
}

fn not_yet(what: &str) -> Error {
    let message = format!("This version of MySQL doesn't yet support '{what}'");
    Error::mysql(1235, b"42000", message).with_code(Code::InvalidArgument)
}

/// Returns what a window function computes, and of what.
fn window_func<'a>(call: &WindowFunction<'a>) -> Result<(WindowFunc, &'a [Expr<'a>]), Error> {
    if call.ignore_nulls {
        return Err(not_yet("IGNORE NULLS"));
    }
    if call.from_last {
        return Err(not_yet("FROM LAST"));
    }
    let wrong = || Error::bug("arguments of a window function");
    let number = |place: usize, usual: Option<i64>| match (call.args.get(place), usual) {
        (Some(number), _) => plain_value(*number).ok_or_else(wrong),
        (None, Some(usual)) => Ok(Eval::Literal(TypedBytes::int64(usual))),
        (None, None) => Err(wrong()),
    };
    let first = call.args.get(..1).unwrap_or_default();
    Ok(match call.kind {
        WindowKind::RowNumber => (WindowFunc::RowNumber, &[]),
        WindowKind::Rank => (WindowFunc::Rank, &[]),
        WindowKind::DenseRank => (WindowFunc::DenseRank, &[]),
        WindowKind::CumeDist => (WindowFunc::CumeDist, &[]),
        WindowKind::PercentRank => (WindowFunc::PercentRank, &[]),
        WindowKind::Ntile => (WindowFunc::Ntile(number(0, None)?), &[]),
        WindowKind::FirstValue => (WindowFunc::FirstValue, first),
        WindowKind::LastValue => (WindowFunc::LastValue, first),
        WindowKind::NthValue => (WindowFunc::NthValue(number(1, None)?), first),
        WindowKind::Lead => (WindowFunc::Lead(number(1, Some(1))?), first),
        WindowKind::Lag => (WindowFunc::Lag(number(1, Some(1))?), first),
    })
}

fn aggregate_func(call: &Call<'_>) -> Result<WindowFunc, Error> {
    if call.distinct && call.kind == AggregateKind::StCollect {
        return Err(Error::unsupported("ST_COLLECT(DISTINCT) as a window function"));
    }
    if call.distinct {
        return Err(not_yet("<window function>(DISTINCT ..)"));
    }
    let func = gateway_func(call)?;
    match func {
        AggregateFunc::GroupConcat => Err(not_yet("group_concat as window function")),
        func => Ok(WindowFunc::Aggregate(func)),
    }
}

fn frame_of(frame: &Frame<'_>) -> Result<WindowFrame, Error> {
    let unit = match frame.unit {
        AstUnit::Rows => FrameUnit::Rows,
        AstUnit::Range => FrameUnit::Range,
        AstUnit::Groups => return Err(not_yet("GROUPS")),
    };
    if frame.exclude.is_some() {
        let message = "This version of MySQL doesn't yet support 'EXCLUDE'";
        return Err(mysql(1235, message.to_owned()));
    }
    let start = bound_of(&frame.start)?;
    let end = match &frame.end {
        Some(end) => bound_of(end)?,
        None => FrameBound::CurrentRow,
    };
    let refuse = |errno: u16, what: &str| {
        Err(mysql(errno, format!("Window '<unnamed window>': frame {what}")))
    };
    if matches!(start, FrameBound::UnboundedFollowing) {
        return refuse(3584, "start cannot be UNBOUNDED FOLLOWING.");
    }
    if matches!(end, FrameBound::UnboundedPreceding) {
        return refuse(3585, "end cannot be UNBOUNDED PRECEDING.");
    }
    let backwards = match start {
        FrameBound::CurrentRow => matches!(end, FrameBound::Preceding(_)),
        FrameBound::Following(_) => {
            matches!(end, FrameBound::CurrentRow | FrameBound::Preceding(_))
        }
        _ => false,
    };
    if backwards {
        return refuse(3586, "start or end is negative, NULL or of non-integral type");
    }
    Ok(WindowFrame { unit, start, end })
}

fn bound_of(bound: &AstBound<'_>) -> Result<FrameBound, Error> {
    Ok(match bound {
        AstBound::CurrentRow => FrameBound::CurrentRow,
        AstBound::UnboundedPreceding => FrameBound::UnboundedPreceding,
        AstBound::UnboundedFollowing => FrameBound::UnboundedFollowing,
        AstBound::Preceding(by) => FrameBound::Preceding(offset_of(*by)?),
        AstBound::Following(by) => FrameBound::Following(offset_of(*by)?),
    })
}

fn offset_of(by: Expr<'_>) -> Result<FrameOffset, Error> {
    let (amount, unit) = match by {
        Expr::Interval(interval) => {
            let unit = Unit::from_name(crate::eval::interval::unit_name(interval.unit));
            let unit = unit.ok_or_else(|| Error::bug("an interval of an unknown unit"))?;
            (interval.amount, Some(unit))
        }
        by => (by, None),
    };
    let value = plain_value(amount)
        .ok_or_else(|| Error::unsupported("a window frame with an offset that is computed"))?;
    Ok(FrameOffset { amount: value, unit })
}
