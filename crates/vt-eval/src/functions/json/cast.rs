//! Documents as values of SQL, and values of SQL as documents: `CAST(... AS JSON)`, and what
//! arithmetic makes of a document.

use vt_base::{Code, Error};
use vt_value::json::Json;
use vt_value::temporal::{DateRules, add_nanoseconds, read_datetime, read_time};
use vt_value::{Collation, Decimal, Temporal, TemporalKind, Type, Value, float};

use super::argument::{may_be_document, utf8};
use super::element::{element, wrong_argument};
use super::json_kind;
use crate::context::Context;
use crate::convert::{self, Int};
use crate::function::{Call, Signature, Text};
use crate::kind::Kind;
use crate::node::{Node, Op};

/// A scalar as a value of another type, and how well that went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Made<T> {
    Exactly(T),
    /// The value is none of that type: this stands in for it.
    Invalid(T),
    /// The type has no such value: this is the nearest.
    OutOfRange(T),
}

impl<T> Made<T> {
    /// Returns the value, with MySQL's warning where it is not exact.
    fn warn(self, what: &str, source: &str, ctx: &mut Context<'_>) -> T {
        match self {
            Made::Exactly(value) => value,
            Made::Invalid(value) => {
                ctx.warn(3156, invalid(what, source, ctx.row));
                value
            }
            Made::OutOfRange(value) => {
                let message = format!(
                    "Out of range JSON value for CAST to {what} from column {source} at row {}",
                    ctx.row
                );
                ctx.warn(3155, message);
                value
            }
        }
    }
}

fn invalid(what: &str, source: &str, row: u64) -> String {
    format!("Invalid JSON value for CAST to {what} from column {source} at row {row}")
}

/// Returns what MySQL's messages call the origin of a document: a column, or a function.
pub(crate) fn source(node: &Node) -> String {
    match &node.op {
        Op::Column(_, name, _) => {
            let last = name.rsplit("`.`").next().unwrap_or(name);
            last.trim_matches('`').to_owned()
        }
        _ => match node.call().map(|call| call.func.function().name) {
            Some("json_merge") => "json_merge_preserve".to_owned(),
            name => name.unwrap_or_default().to_owned(),
        },
    }
}

pub(crate) fn int(json: &Json, source: &str, ctx: &mut Context<'_>) -> Int {
    as_int(json).warn("INTEGER", source, ctx)
}

pub(super) fn as_int(json: &Json) -> Made<Int> {
    match json {
        Json::Bool(truth) => Made::Exactly(Int::signed((*truth).into())),
        Json::Int(number) => Made::Exactly(Int::signed(*number)),
        Json::UInt(number) => Made::Exactly(Int::unsigned(*number)),
        // The bounds are doubles themselves; what is beyond them is cut.
        Json::Double(number) if number.abs() > i64::MAX as f64 => {
            Made::OutOfRange(Int::signed(*number as i64))
        }
        Json::Double(number) => Made::Exactly(Int::signed(number.round_ties_even() as i64)),
        Json::Decimal(number) => int_of_decimal(number),
        Json::String(text) => int_of_text(text),
        _ => Made::Invalid(Int::signed(0)),
    }
}

fn int_of_decimal(number: &Decimal) -> Made<Int> {
    let whole = number.round(0);
    match (whole.to_i64(), whole.to_u64()) {
        (Some(number), _) => Made::Exactly(Int::signed(number)),
        (None, Some(number)) => Made::Exactly(Int::unsigned(number)),
        (None, None) if number.is_negative() => Made::OutOfRange(Int::signed(i64::MIN)),
        (None, None) => Made::OutOfRange(Int::unsigned(u64::MAX)),
    }
}

fn int_of_text(text: &str) -> Made<Int> {
    let (number, whole) = convert::integer_of_text(text.as_bytes());
    let beyond = matches!(number.value, value if value == i128::from(u64::MAX) || value == i128::from(i64::MIN));
    let whole = whole && !ends_in_space(text);
    match (whole, beyond) {
        (true, _) => Made::Exactly(number),
        (false, true) => Made::OutOfRange(number),
        (false, false) => Made::Invalid(number),
    }
}

/// Space in front of a number is skipped, space behind it is not.
fn ends_in_space(text: &str) -> bool {
    text.ends_with(|one: char| one.is_ascii_whitespace())
}

pub(crate) fn real(json: &Json, source: &str, ctx: &mut Context<'_>) -> f64 {
    as_real(json).warn("DOUBLE", source, ctx)
}

pub(super) fn as_real(json: &Json) -> Made<f64> {
    match json {
        Json::Bool(truth) => Made::Exactly((*truth).into()),
        Json::Int(number) => Made::Exactly(*number as f64),
        Json::UInt(number) => Made::Exactly(*number as f64),
        Json::Double(number) => Made::Exactly(*number),
        Json::Decimal(number) => Made::Exactly(number.to_f64()),
        Json::String(text) => match float::parse_number(text.as_bytes()) {
            (number, true) if !ends_in_space(text) => Made::Exactly(number),
            (number, _) => Made::Invalid(number),
        },
        _ => Made::Invalid(0.0),
    }
}

pub(crate) fn decimal(json: &Json, source: &str, ctx: &mut Context<'_>) -> Decimal {
    if let Json::Double(number) = json
        && Decimal::from_f64(*number).is_none()
    {
        let mut text = Vec::new();
        float::write_f64(*number, &mut text);
        convert::warn_beyond(&text, ctx);
    }
    as_decimal(json).warn("DECIMAL", source, ctx)
}

pub(super) fn as_decimal(json: &Json) -> Made<Decimal> {
    match json {
        Json::Bool(truth) => Made::Exactly(Decimal::from(i64::from(*truth))),
        Json::Int(number) => Made::Exactly(Decimal::from(*number)),
        // To MySQL's decimals, a great integer has a sign.
        Json::UInt(number) => Made::Exactly(Decimal::from(*number as i64)),
        Json::Double(number) => match Decimal::from_f64(*number) {
            Some(decimal) => Made::Exactly(decimal),
            None => Made::OutOfRange(Decimal::max_value(*number < 0.0)),
        },
        Json::Decimal(number) => Made::Exactly(**number),
        Json::String(text) => match Decimal::parse_prefix(text.trim_start().as_bytes()) {
            Some((number, rest)) if rest.iter().all(u8::is_ascii_whitespace) => {
                Made::Exactly(number)
            }
            Some((number, _)) => Made::Invalid(number),
            None => Made::Invalid(Decimal::ZERO),
        },
        _ => Made::Invalid(Decimal::ZERO),
    }
}

/// Returns a document as a date or time; with a warning and `None` for what is none.
pub(crate) fn temporal(
    json: &Json,
    wanted: TemporalKind,
    source: &str,
    ctx: &mut Context<'_>,
) -> Result<Option<Temporal>, Error> {
    let made = as_temporal(json, wanted)?;
    if made.is_none() {
        let what = match wanted {
            TemporalKind::Time => "TIME",
            TemporalKind::Date => "DATE",
            TemporalKind::DateTime => "DATETIME/TIMESTAMP",
        };
        ctx.warn(3156, invalid(what, source, ctx.row));
    }
    Ok(made)
}

/// Dates and datetimes stand for one another, and a string for what it says; a time stands alone.
pub(super) fn as_temporal(json: &Json, wanted: TemporalKind) -> Result<Option<Temporal>, Error> {
    let (read, notes) = match (json, wanted) {
        (Json::Temporal(value), _) => {
            let same = (value.kind == TemporalKind::Time) == (wanted == TemporalKind::Time);
            return Ok(same.then_some(*value));
        }
        // Digits alone are a time elsewhere, but not in a document.
        (Json::String(text), TemporalKind::Time) if !text.contains(':') => return Ok(None),
        (Json::String(text), TemporalKind::Time) => read_time(text.as_bytes()),
        (Json::String(text), _) => read_datetime(text.as_bytes(), &DateRules::FUZZY),
        _ => return Ok(None),
    };
    let Some(read) = read.filter(|_| !notes.is_bad()) else { return Ok(None) };
    if read.offset.is_some() {
        return Err(Error::unsupported("a date with an offset in a JSON document"));
    }
    Ok(add_nanoseconds(read.value, read.nanoseconds))
}

/// Returns whether a document is true where a condition is wanted: it is not the number zero.
pub(crate) fn truth(json: &Json) -> bool {
    *json != Json::Int(0)
}

/// Warns, once for a statement, of a document where a condition is wanted.
pub(crate) fn note_truth(signature: &Signature<'_>) {
    let message = "Evaluating a JSON value in SQL boolean context does an implicit comparison \
                   against JSON integer 0; if this is not what you want, consider converting JSON \
                   to a SQL numeric type with JSON_VALUE RETURNING";
    signature.note(3986, message);
}

pub(crate) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    match signature.kind(0).typ {
        Type::VECTOR => Err(wrong_argument(signature.name())),
        _ => Ok(json_kind()),
    }
}

/// A string is read as a document, bytes and every other value are scalars.
pub(crate) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let function = super::name_of(call);
    let kind = call.arg_kind(0);
    // What adds to a date that was a string gives a string.
    let value = match value {
        Value::Temporal(_) if kind.is_string() => match convert::text(value, kind)? {
            Some(text) => Value::Text(text.bytes, kind.collation),
            None => Value::Null,
        },
        other => other,
    };
    match value {
        Value::Null => Ok(Value::Null),
        Value::Text(bytes, collation)
            if collation != Collation::BINARY && may_be_document(call.arg_kind(0)) =>
        {
            let text = utf8(Text { bytes, collation }, call.context())?;
            let document = Json::parse(text.as_bytes())
                .map_err(|error| error.in_argument(1, function).with_code(Code::InvalidArgument));
            document.map(Value::Json)
        }
        value => {
            let node = &call.args()[0];
            // MySQL computes bytes once more for that.
            if node.call().is_some() && matches!(value, Value::Text(_, Collation::BINARY)) {
                call.value(0)?;
            }
            element(value, node, function, call.context()).map(Value::Json)
        }
    }
}
