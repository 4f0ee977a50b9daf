//! The steps that group, compare and look around in rows, as text.

use super::expr::show;
use crate::{
    Aggregate, AggregateFunc, AggregateSpec, FrameBound, FrameOffset, Match, MatchKind, SortKey,
    Window, WindowCall, WindowFrame, WindowFunc,
};

/// Writes a list of keys: `(0, 1|2 desc)`.
pub(super) fn keys(keys: &[SortKey]) -> String {
    format!("({})", list(keys))
}

fn list(keys: &[SortKey]) -> String {
    keys.iter().map(key).collect::<Vec<_>>().join(", ")
}

fn key(key: &SortKey) -> String {
    let weight = key.weight_column.map_or(String::new(), |weight| format!("|{weight}"));
    let order = if key.descending { " desc" } else { "" };
    format!("{}{weight}{order}", key.column)
}

pub(super) fn aggregate(one: &Aggregate) -> String {
    let calls: Vec<String> = one.aggregates.iter().map(call).collect();
    let mut line = format!("Aggregate {}", calls.join(", "));
    line.truncate(line.trim_end().len());
    if !one.group_by.is_empty() {
        let how = if one.ordered { "ordered" } else { "hashed" };
        line += &format!(" group {} {how}", keys(&one.group_by));
    }
    if one.rollup {
        line += " rollup";
    }
    line
}

/// Writes a call: `Count(distinct 0, 1 by 0, 1|2)`, `SumCounts(3)` where shards have counted.
pub(super) fn call(spec: &AggregateSpec) -> String {
    let name = match (spec.func, spec.parts) {
        (AggregateFunc::Count | AggregateFunc::CountStar, true) => "SumCounts".to_owned(),
        (func, _) => format!("{func:?}"),
    };
    let args = spec.args.iter().map(|arg| arg.column.to_string()).collect::<Vec<_>>().join(", ");
    let args = if spec.args.is_empty() { spec.column.to_string() } else { args };
    let distinct = if spec.distinct { "distinct " } else { "" };
    let mut line = format!("{name}({distinct}{args}");
    if spec.compares() {
        line += &format!(" by {}", list(&spec.args));
    }
    if !spec.order_by.is_empty() {
        line += &format!(" order {}", list(&spec.order_by));
    }
    line + ")"
}

pub(super) fn window(one: &Window) -> String {
    let calls: Vec<String> = one.calls.iter().map(window_call).collect();
    let mut line = format!("Window {}", calls.join(", "));
    if !one.partition_by.is_empty() {
        line += &format!(" partition {}", keys(&one.partition_by));
    }
    if !one.order_by.is_empty() {
        line += &format!(" order {}", keys(&one.order_by));
    }
    line
}

/// Writes a call: `lag(2, 3; 1)`, the number behind the arguments, then its frame.
pub(super) fn window_call(call: &WindowCall) -> String {
    let mut line = format!("{}({}", name(&call.func), list(&call.args));
    if let Some(number) = call.func.number() {
        line += &format!("; {}", show(number));
    }
    line += ")";
    if let Some(frame) = &call.frame {
        line += &format!(" {}", shown_frame(frame));
    }
    line
}

fn name(func: &WindowFunc) -> String {
    match func {
        WindowFunc::Aggregate(func) => format!("{func:?}"),
        func => func.name().to_owned(),
    }
}

fn shown_frame(frame: &WindowFrame) -> String {
    let unit = format!("{:?}", frame.unit).to_lowercase();
    format!("{unit} {} to {}", bound(&frame.start), bound(&frame.end))
}

fn bound(bound: &FrameBound) -> String {
    match bound {
        FrameBound::UnboundedPreceding => "first".to_owned(),
        FrameBound::Preceding(by) => format!("-{}", offset(by)),
        FrameBound::CurrentRow => "current".to_owned(),
        FrameBound::Following(by) => format!("+{}", offset(by)),
        FrameBound::UnboundedFollowing => "last".to_owned(),
    }
}

fn offset(by: &FrameOffset) -> String {
    match by.unit {
        Some(unit) => format!("{} {unit:?}", show(&by.amount)),
        None => show(&by.amount),
    }
}

pub(super) fn matching(one: &Match) -> String {
    let kind = match one.kind {
        MatchKind::Intersect => "Intersect",
        MatchKind::Except => "Except",
    };
    let all = if one.all { " all" } else { "" };
    format!("{kind}{all} {}", keys(&one.columns))
}
