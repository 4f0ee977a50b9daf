//! The order of two values.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::json::Json;
use vt_value::temporal::read_datetime;
use vt_value::{Collation, Temporal, TemporalKind, Type, Value};

use super::How;
use crate::context::Context;
use crate::convert::{self, Need};
use crate::function::Text;
use crate::functions::json;
use crate::kind::Kind;
use crate::node::Node;

/// A value that is not NULL, with its kind.
#[derive(Clone, Copy)]
pub(crate) struct Side<'v> {
    pub(crate) value: &'v Value,
    pub(crate) kind: &'v Kind,
    /// The value is that of a column, which warnings show as it is.
    pub(crate) column: bool,
    /// The value becomes a number without a warning.
    pub(crate) silent: bool,
    /// The value is the same in all rows.
    pub(crate) constant: bool,
    /// The date that a string is compared with, where the warning of a string that is no date names
    /// it.
    pub(crate) beside: Option<&'v Node>,
}

impl<'v> Side<'v> {
    pub(crate) fn of(value: &'v Value, node: &'v Node) -> Side<'v> {
        let silent =
            node.call().is_some_and(|call| call.func.is_silent() || call.func.is_bitwise());
        let constant = is_same(node);
        Side { value, kind: &node.kind, column: node.is_column(), silent, constant, beside: None }
    }
}

/// Returns whether a node has the same value in all rows of a statement.
pub(super) fn is_same(node: &Node) -> bool {
    let alone = node.call().is_some_and(|call| call.args.iter().all(Node::is_constant));
    alone || node.is_constant()
}

/// Returns a value as what it is compared as, so that it warns but once, however often it is
/// compared.
pub(crate) fn prepared(how: &How, side: Side<'_>, ctx: &mut Context<'_>) -> Result<Value, Error> {
    let before = std::mem::replace(&mut ctx.reads_column, side.column);
    let silent = side.silent && matches!(how, How::Int | How::Real);
    let muted = silent.then(|| ctx.warnings.mute(true));
    let prepared = brought(how, side, ctx);
    if let Some(muted) = muted {
        ctx.warnings.mute(muted);
    }
    ctx.reads_column = before;
    prepared
}

fn brought(how: &How, side: Side<'_>, ctx: &mut Context<'_>) -> Result<Value, Error> {
    let Side { value, kind, .. } = side;
    Ok(match how {
        How::Int => convert::int(value, kind, ctx)?.map_or(Value::Null, convert::Int::to_value),
        How::Decimal => convert::decimal(value, kind, ctx)?.map_or(Value::Null, Value::Decimal),
        How::Real => convert::real(value, kind, ctx)?.map_or(Value::Null, Value::Float),
        How::Text(collation) => match convert::text(value.clone(), kind)? {
            Some(text) => Value::Text(convert::exactly(&text, *collation)?, *collation),
            None => Value::Null,
        },
        How::Calendar(typ) => Value::Temporal(calendar(side, *typ, ctx)?),
        How::Time => convert::time(value, ctx)?.map_or(Value::Null, Value::Temporal),
        How::Json(truth, _) => Value::Json(document(side, *truth, ctx)?),
        How::Null | How::Tuple(_) => value.clone(),
    })
}

/// Returns the order of two values that are not NULL.
pub(crate) fn order(
    how: &How,
    a: Side<'_>,
    b: Side<'_>,
    ctx: &mut Context<'_>,
) -> Result<Ordering, Error> {
    // The common cases need no conversion.
    match (how, a.value, b.value) {
        (How::Int, Value::Int(a), Value::Int(b)) => return Ok(a.cmp(b)),
        (How::Text(collation), Value::Text(x, own), Value::Text(y, others))
            if own.charset() == others.charset() || *collation == Collation::BINARY =>
        {
            return texts(*collation, x, y);
        }
        (How::Calendar(_), Value::Temporal(a), Value::Temporal(b))
            if a.kind != TemporalKind::Time && b.kind != TemporalKind::Time =>
        {
            return Ok(a.packed().cmp(&b.packed()));
        }
        (How::Json(left, right), ..) => {
            return Ok(document(a, *left, ctx)?.cmp(&document(b, *right, ctx)?));
        }
        _ => {}
    }
    let (x, y) = (prepared(how, a, ctx)?, prepared(how, b, ctx)?);
    let known = match (how, &x, &y) {
        (How::Text(collation), Value::Text(x, _), Value::Text(y, _)) => {
            return texts(*collation, x, y);
        }
        (_, Value::Temporal(x), Value::Temporal(y)) => Some(x.packed().cmp(&y.packed())),
        _ => x.compare(&y),
    };
    known.ok_or_else(|| {
        Error::unsupported(format_args!("comparing {} with {}", a.kind.typ, b.kind.typ))
    })
}

fn texts(collation: Collation, a: &[u8], b: &[u8]) -> Result<Ordering, Error> {
    if a == b {
        return Ok(Ordering::Equal);
    }
    collation.compare(a, b).ok_or_else(|| {
        Error::unsupported(format_args!(
            "comparing strings under collation {}",
            collation.name().unwrap_or("unknown")
        ))
    })
}

/// Returns a value as a date with its time; a string that is none is the zero before all dates.
fn calendar(side: Side<'_>, typ: Type, ctx: &mut Context<'_>) -> Result<Temporal, Error> {
    const NONE: Temporal = Temporal::datetime(0, 0, 0, 0, 0);
    let value = side.value;
    match value {
        Value::Temporal(temporal) if temporal.kind == TemporalKind::Time => {
            let today = convert::now(ctx.session).day_number();
            Ok(temporal.on_day(today).unwrap_or(NONE))
        }
        Value::Temporal(temporal) => Ok(*temporal),
        Value::Text(bytes, collation) => {
            let text = Text { bytes: bytes.clone(), collation: *collation };
            let bytes = convert::readable(&text)?;
            let (read, notes) = read_datetime(&bytes, &Need::Stored.rules(ctx.session));
            if notes.is_bad() || read.is_none() {
                let shown = convert::shown(&text.bytes, text.collation);
                ctx.warn(1292, misfit(side, typ, &shown, ctx.row));
            }
            if read.is_none() {
                return Ok(NONE);
            }
            let mut quiet = Context::new(ctx.session);
            Ok(convert::datetime(value, Need::Stored, &mut quiet)?.unwrap_or(NONE))
        }
        _ => Err(Error::bug("a number that is compared as a date")),
    }
}

/// Returns what the warning says of a string that is no date.
fn misfit(side: Side<'_>, typ: Type, shown: &str, row: u64) -> String {
    if let Some(date) = side.beside {
        let what = if date.kind.typ == Type::DATE { "date" } else { "datetime" };
        let name = date.column_name().map_or_else(|| date.describe(), str::to_owned);
        return format!("Incorrect {what} value: '{shown}' for column '{name}' at row {row}");
    }
    let what = match typ {
        Type::DATE => "Truncated incorrect date",
        _ if side.constant => "Truncated incorrect datetime",
        _ => "Incorrect datetime",
    };
    format!("{what} value: '{shown}'")
}

fn document(side: Side<'_>, truth: bool, ctx: &mut Context<'_>) -> Result<Json, Error> {
    match side.value {
        Value::Int(number) if truth => Ok(Json::Bool(*number != 0)),
        value => json::element_of(value.clone(), side.kind, "=", ctx),
    }
}
