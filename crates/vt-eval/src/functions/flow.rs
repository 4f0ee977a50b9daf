//! COALESCE, IFNULL, NULLIF, IF, ISNULL, GREATEST, LEAST.

use std::any::Any;

use vt_base::Error;
use vt_value::{Collation, Type, Value};

use super::temporal_kinds::{time_digits, time_kind};
use crate::choice::{common_kind, passed};
use crate::collate::coercibility::NUMERIC;
use crate::function::{Call, Function, MANY, Signature};
use crate::kind::{Class, Kind, NOT_FIXED};
use crate::node::{Node, Op};
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
    let own: Vec<Collation> = signature.kinds().map(|kind| kind.collation).collect();
    let all = signature.kinds().all(|kind| kind.nullable);
    let kind = common_kind(signature, &places)?;
    // A constant that was brought to another character set is known not to be NULL.
    let set = kind.collation.charset();
    let brought = kind.is_string()
        && set.is_some()
        && kind.collation != Collation::BINARY
        && signature.args().iter().zip(&own).any(|(arg, own)| {
            let known = arg.constant().is_some_and(|value| !value.is_null());
            known
                && arg.kind.coercibility != NUMERIC
                && *own != Collation::BINARY
                && own.charset().is_some()
                && own.charset() != set
        });
    Ok(kind.with_nullable(all && !brought))
}

fn coalesce(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    for place in 0..call.len() {
        let value = call.value(place)?;
        if !value.is_null() {
            return passed(call, place, value);
        }
    }
    Ok(Value::Null)
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
    passed(call, place, value)
}

fn is_null_kind(_signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::truth().with_nullable(false))
}

fn is_null(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.is_null(0)?))
}

fn null_if_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0).clone();
    let mut comparing = Comparing::new("nullif", signature.session);
    let [a, b] = &mut *signature.args else { return Err(Error::bug("NULLIF of other than two")) };
    let bits = a.kind.is_bits() && a.is_literal() && b.kind.is_string() && !b.kind.is_bits();
    // A number is brought to the type of a date or time, and passed on as one.
    let other = a.kind.typ.is_number() || b.kind.typ == Type::TIME && a.kind.typ != Type::TIME;
    let timely = a.is_constant() && other && b.kind.typ.is_temporal();
    let document = a.is_constant() && a.kind.typ == Type::JSON && b.kind.typ.is_number();
    if a.is_literal() && matches!(b.kind.typ, Type::JSON | Type::YEAR) || bits || timely || document
    {
        return Err(Error::unsupported("NULLIF of a literal and a value of another type"));
    }
    // What a constant becomes to be compared is not what is passed on, but for the character set
    // of a string.
    let mut stand_in = match a.constant() {
        Some(value) if !a.is_literal() || !b.kind.is_null() => {
            Some(Node::new(a.kind.clone(), Op::Constant(value.clone())))
        }
        _ => None,
    };
    let how = comparing.how(stand_in.as_mut().unwrap_or(a), b)?;
    signature.notes.borrow_mut().append(&mut comparing.notes);
    let mut kind = kind;
    if let (How::Text(collation), Some(brought)) = (&how, stand_in.as_ref())
        && kind.is_string()
        && (a.is_literal()
            || *collation != Collation::BINARY && collation.charset() != kind.collation.charset())
        && !brought.kind.is_null()
        && *collation != Collation::UNKNOWN
    {
        let bytes = *collation == Collation::BINARY;
        let length = if bytes { kind.text_bytes() } else { kind.length };
        kind = Kind::text(length, *collation, kind.coercibility);
        if let Some(value) = brought.constant() {
            a.op = Op::Constant(value.clone());
            a.kind.collation = brought.kind.collation;
        }
        stand_in = None;
    }
    signature.keep(NullIf { how, stand_in });
    let fixed = kind.is_string() && !kind.is_bits() || kind.members.is_some();
    let decimals = if fixed { NOT_FIXED } else { kind.decimals };
    Ok(Kind { decimals, nullable: true, ..kind })
}

/// What NULLIF keeps for its rows.
struct NullIf {
    how: How,
    /// What a constant is compared as.
    stand_in: Option<Node>,
}

/// Returns how a NULLIF compares, of what it keeps.
pub(crate) fn null_if_how(kept: &(dyn Any + Send + Sync)) -> Option<&How> {
    kept.downcast_ref::<NullIf>().map(|kept| &kept.how)
}

/// Finds the value that NULLIF passes on.
pub(crate) fn choose_null_if(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    let kept = call.kept::<NullIf>();
    let NullIf { how, stand_in } =
        kept.ok_or_else(|| Error::bug("a NULLIF that was not compiled"))?;
    let mut pair = Pair { row: call.row, ctx: call.ctx, named: true };
    let first = stand_in.as_ref().unwrap_or(&call.args[0]);
    if stand_in.is_some() {
        call.args[0].folded_warnings().iter().for_each(|one| pair.ctx.warnings.push(one.clone()));
    }
    match pair.equal(how, first, &call.args[1])? {
        Some(true) => Ok(None),
        _ => Ok(Some(0)),
    }
}

fn null_if(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    match choose_null_if(call)? {
        Some(place) => Ok(crate::convert::typed(call.value(place)?, call.arg_kind(place))),
        None => Ok(Value::Null),
    }
}

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
        let timely = signature.kinds().any(|kind| kind.typ == Type::TIME);
        let text = |kind: &Kind| kind.is_string() || kind.members.is_some();
        if timely && signature.kinds().any(text) {
            let column = |node: &Node| node.is_column() && node.kind.typ == Type::CHAR;
            if signature.args().iter().any(column) {
                kind.typ = Type::VARCHAR;
            }
        }
        if timely {
            // A time among strings has room for as many digits as any of them has.
            let digits = places.iter().map(|place| time_digits(signature, *place)).max();
            kind.length = kind.length.max(time_kind(digits.unwrap_or(0)).length);
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
        let value = passed(call, place, value)?;
        let takes = match &best {
            None => true,
            Some(best) => {
                let (column, silent, constant, beside) = (false, false, false, None);
                let side = |value| Side { value, kind, column, silent, constant, beside };
                let (new, old) = (side(&value), side(best));
                better(order(how, new, old, call.context())?)
            }
        };
        if takes {
            best = Some(value);
        }
    }
    Ok(best.unwrap_or(Value::Null))
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
    // Beside a constant, constants are computed all, whether the answer needs them or not.
    let args = call.args();
    let fixed = |node: &Node| match node.call() {
        Some(call) => call.args.iter().all(Node::is_constant),
        None => node.is_constant(),
    };
    if args.first().is_some_and(fixed) {
        for arg in args.iter().filter(|arg| arg.call().is_some() && fixed(arg)) {
            call.context().once(arg, |ctx| arg.eval(&[], ctx))?;
        }
    }
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
