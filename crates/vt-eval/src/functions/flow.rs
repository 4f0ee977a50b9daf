//! COALESCE, IFNULL, NULLIF, IF, ISNULL, GREATEST, LEAST.

use vt_base::Error;
use vt_value::{Collation, Type, Value};

use crate::choice::{common_kind, convert};
use crate::function::{Call, CollationUse, Function, MANY, Signature};
use crate::kind::{Class, Kind, NOT_FIXED};
use crate::operators::compare::{Comparing, How, Pair, Side, is_date, order, prepared};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("coalesce", (1, MANY), coalesce_kind, coalesce),
    Function::new("greatest", (2, MANY), extreme_kind, greatest),
    Function::new("if", (3, 3), if_kind, if_),
    Function::new("ifnull", (2, 2), coalesce_kind, coalesce),
    Function::new("interval", (2, MANY), interval_kind, interval),
    Function::new("isnull", (1, 1), is_null_kind, is_null),
    Function::new("least", (2, MANY), extreme_kind, least),
    Function::new("nullif", (2, 2), null_if_kind, null_if),
];

fn coalesce_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let places: Vec<usize> = (0..signature.len()).collect();
    let nullable = signature.kinds().all(|kind| kind.nullable);
    Ok(common_kind(signature, &places)?.with_nullable(nullable))
}

fn coalesce(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    for place in 0..call.len() {
        let value = call.value(place)?;
        if !value.is_null() {
            return Ok(padded(
                convert(value, call.arg_kind(place), call.kind(), call.context())?,
                call.kind(),
            ));
        }
    }
    Ok(Value::Null)
}

/// Fills a decimal up to the digits of its expression.
fn padded(value: Value, kind: &Kind) -> Value {
    match value {
        Value::Decimal(number) if number.scale() < kind.decimals => {
            Value::Decimal(number.round(kind.decimals))
        }
        other => other,
    }
}

fn if_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    common_kind(signature, &[1, 2])
}

/// Finds the value that IF passes on.
pub(crate) fn choose_if(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    let truth = call.condition(0)?;
    Ok(Some(if truth == Some(true) { 1 } else { 2 }))
}

fn if_(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(place) = choose_if(call)? else { return Ok(Value::Null) };
    let value = call.value(place)?;
    convert(value, call.arg_kind(place), call.kind(), call.context())
}

fn is_null_kind(_signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::truth().with_nullable(false))
}

fn is_null(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.value(0)?.is_null()))
}

fn null_if_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0).clone();
    let mut comparing = Comparing::new("nullif", signature.session);
    let [a, b] = &mut *signature.args else { return Err(Error::bug("NULLIF of other than two")) };
    let bits = a.kind.is_bits() && a.is_literal() && b.kind.is_string() && !b.kind.is_bits();
    // A number is brought to the type of a date or time, and passed on as one.
    let timely = a.is_constant() && a.kind.typ.is_number() && b.kind.typ.is_temporal();
    if a.is_literal() && matches!(b.kind.typ, Type::JSON | Type::YEAR) || bits || timely {
        return Err(Error::unsupported("NULLIF of a literal and a value of another type"));
    }
    let how = comparing.how(a, b)?;
    signature.notes.borrow_mut().append(&mut comparing.notes);
    let mut kind = kind;
    // A constant is brought to the character set that both are compared in.
    if let How::Text(collation) = how
        && a.is_literal()
        && collation != Collation::UNKNOWN
        && collation.charset() != kind.collation.charset()
    {
        let length = if collation == Collation::BINARY { kind.text_bytes() } else { kind.length };
        kind = Kind::text(length, collation, kind.coercibility);
    }
    signature.keep(how);
    let decimals = if kind.is_string() { NOT_FIXED } else { kind.decimals };
    Ok(Kind { decimals, nullable: true, ..kind })
}

/// Finds the value that NULLIF passes on.
pub(crate) fn choose_null_if(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    let how = call.kept::<How>().ok_or_else(|| Error::bug("a NULLIF that was not compiled"))?;
    let mut pair = Pair { row: call.row, ctx: call.ctx };
    match pair.equal(how, &call.args[0], &call.args[1])? {
        Some(true) => Ok(None),
        _ => Ok(Some(0)),
    }
}

fn null_if(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    match choose_null_if(call)? {
        Some(place) => call.value(place),
        None => Ok(Value::Null),
    }
}

/// How wide a TIME is among strings.
const TIME_TEXT_WIDTH: u32 = 17;

fn extreme_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let places: Vec<usize> = (0..signature.len()).collect();
    let odd = |kind: &Kind| matches!(kind.typ, Type::JSON | Type::GEOMETRY | Type::VECTOR);
    if signature.kinds().any(odd) {
        return Err(signature.unsupported("of JSON"));
    }
    let dates = signature.kinds().any(is_date);
    if dates && !signature.kinds().all(|kind| kind.typ.is_temporal() || kind.is_null()) {
        return Err(signature.unsupported("of dates and other values"));
    }
    let mut kind = common_kind(signature, &places)?;
    if kind.is_string() {
        let purpose = CollationUse::Comparison;
        let (collation, _) = signature.aggregate_collation(0..places.len(), purpose)?;
        kind.collation = collation;
        // A time has room for all that it can be.
        if signature.kinds().any(|kind| kind.typ == Type::TIME) {
            kind.length = kind.length.max(TIME_TEXT_WIDTH);
        }
    }
    signature.keep(match kind.typ {
        _ if kind.is_string() => How::Text(kind.collation),
        Type::DECIMAL => How::Decimal,
        typ if typ.is_float() => How::Real,
        Type::TIME => How::Time,
        typ if typ.is_temporal() => How::Calendar(typ),
        Type::NULL_TYPE => How::Null,
        _ => How::Int,
    });
    Ok(kind)
}

fn greatest(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    // Of equal values MySQL takes the last for the greatest, the first for the least.
    extreme(call, |order| order.is_ge())
}

fn least(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    extreme(call, |order| order.is_lt())
}

fn extreme(
    call: &mut Call<'_, '_>,
    better: fn(std::cmp::Ordering) -> bool,
) -> Result<Value, Error> {
    let how = call.kept::<How>().ok_or_else(|| Error::bug("a choice that was not compiled"))?;
    let kind = call.kind();
    let mut best: Option<Value> = None;
    for place in 0..call.len() {
        let value = call.value(place)?;
        if value.is_null() {
            return Ok(Value::Null);
        }
        let value = convert(value, call.arg_kind(place), kind, call.context())?;
        let takes = match &best {
            None => true,
            Some(best) => {
                let side =
                    |value| Side { value, kind, column: false, silent: false, constant: false };
                let (new, old) = (side(&value), side(best));
                better(order(how, new, old, call.context())?)
            }
        };
        if takes {
            best = Some(value);
        }
    }
    Ok(padded(best.unwrap_or(Value::Null), kind))
}

fn interval_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let mut real = false;
    for kind in signature.kinds() {
        real |= kind.class()? == Class::Float && !kind.is_null();
    }
    signature.keep(if real { How::Real } else { How::Decimal });
    Ok(Kind::int(2).with_nullable(false))
}

/// The place of the last bound that is not greater; bounds that are NULL are less than all.
fn interval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let how = call.kept::<How>().ok_or_else(|| Error::bug("bounds that were not compiled"))?;
    let value = call.value(0)?;
    if value.is_null() {
        return Ok(Value::Int(-1));
    }
    let value = prepared(how, Side::of(&value, &call.args()[0]), call.context())?;
    for place in 1..call.len() {
        let bound = call.value(place)?;
        if bound.is_null() {
            continue;
        }
        let side = Side::of(&bound, &call.args()[place]);
        let bound = prepared(how, side, call.context())?;
        if value.compare(&bound) == Some(std::cmp::Ordering::Less) {
            return Ok(Value::Int(i64::try_from(place).unwrap_or(i64::MAX) - 1));
        }
    }
    Ok(Value::Int(i64::try_from(call.len()).unwrap_or(i64::MAX) - 1))
}
