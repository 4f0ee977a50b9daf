//! ABS, CEILING, FLOOR, SIGN, ROUND, TRUNCATE and casts to integers.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::{Decimal, Type, Value, float};

use super::arithmetic::{class, out_of_range};
use super::eval;
use crate::Func;
use crate::compile::{Node, Op};
use crate::kind::Class;

pub(super) fn whole(node: &Node, func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let value = match eval(&args[0], row)? {
        Value::Null => return Ok(Value::Null),
        Value::Text(text, _) => Value::Float(float::parse_prefix(&text)),
        value => value,
    };
    if func == Func::Sign {
        let zero = Value::Int(0);
        let order = value.compare(&zero).ok_or_else(|| Error::bug("the sign of no number"))?;
        return Ok(Value::Int(match order {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }));
    }
    Ok(match (func, value) {
        (Func::Abs, Value::Int(number)) => match number.checked_abs() {
            Some(number) => Value::Int(number),
            None => return Err(out_of_range("BIGINT", node)),
        },
        (Func::Abs, Value::Decimal(number)) if number.is_negative() => {
            Value::Decimal(number.negated())
        }
        (Func::Abs, Value::Float(number)) => Value::Float(number.abs()),
        (Func::Ceiling, Value::Float(number)) => Value::Float(number.ceil()),
        (Func::Floor, Value::Float(number)) => Value::Float(number.floor()),
        (Func::Ceiling | Func::Floor, Value::Decimal(number)) => {
            let cut = number.truncate(0);
            let up = func == Func::Ceiling && number > cut;
            let down = func == Func::Floor && number < cut;
            let step = Decimal::from(i64::from(up) - i64::from(down));
            let whole = cut.add(&step).ok_or_else(|| out_of_range("DECIMAL", node))?;
            exact(node, whole)
        }
        (_, value) => value,
    })
}

/// Returns a whole decimal as the node's type, if that holds it.
fn exact(node: &Node, number: Decimal) -> Value {
    match number.to_i64() {
        Some(integer) if class(node) == Class::Int => Value::Int(integer),
        _ => Value::Decimal(number),
    }
}

pub(super) fn to_digits(
    node: &Node,
    func: Func,
    args: &[Node],
    row: &[Value],
) -> Result<Value, Error> {
    let digits = match args.get(1).map(|arg| &arg.op) {
        None => 0,
        Some(Op::Constant(Value::Int(digits))) => *digits,
        Some(Op::Constant(_)) => i64::MAX,
        Some(_) => return Err(Error::bug("rounding to digits that are not constant")),
    };
    let cut = func == Func::Truncate;
    Ok(match eval(&args[0], row)? {
        Value::Null => Value::Null,
        Value::Text(text, _) => Value::Float(round_f64(float::parse_prefix(&text), digits, cut)),
        Value::Float(number) => Value::Float(round_f64(number, digits, cut)),
        Value::Decimal(number) if digits >= 0 => {
            let digits = digits.min(i64::from(number.scale())) as u8;
            Value::Decimal(if cut { number.truncate(digits) } else { number.round(digits) })
        }
        value if digits >= 0 => value,
        value => {
            let number = value.to_decimal().ok_or_else(|| Error::bug("rounding no number"))?;
            let rounded = round_left(number, digits.unsigned_abs(), cut);
            let range = || out_of_range("BIGINT", node);
            match node.kind.typ {
                Type::DECIMAL => Value::Decimal(rounded),
                Type::UINT64 => rounded.to_u64().map(Value::UInt).ok_or_else(range)?,
                _ => rounded.to_i64().map(Value::Int).ok_or_else(range)?,
            }
        }
    })
}

/// Rounds or cuts digits before the point.
fn round_left(number: Decimal, digits: u64, cut: bool) -> Decimal {
    let power = u32::try_from(digits).ok().filter(|digits| *digits <= 80);
    let unit = power.and_then(|digits| Decimal::parse(format!("1e{digits}").as_bytes()));
    let parts = unit.and_then(|unit| {
        let rest = number.rem(&unit)?;
        Some((unit, rest))
    });
    let Some((unit, rest)) = parts else { return Decimal::ZERO };
    let base = number.sub(&rest).unwrap_or(Decimal::ZERO).truncate(0);
    let size = if rest.is_negative() { rest.negated() } else { rest };
    let up = !cut && size.add(&size).is_some_and(|double| double >= unit);
    let step = if number.is_negative() { unit.negated() } else { unit };
    if up { base.add(&step).unwrap_or(base) } else { base }
}

/// Rounds a double half to even, as the C library does.
fn round_f64(number: f64, digits: i64, cut: bool) -> f64 {
    let power = i32::try_from(digits.unsigned_abs()).unwrap_or(i32::MAX);
    let unit = 10f64.powi(power);
    let whole = |number: f64| if cut { number.trunc() } else { number.round_ties_even() };
    if digits < 0 {
        return if unit.is_finite() { whole(number / unit) * unit } else { 0.0 };
    }
    let scaled = number * unit;
    if !unit.is_finite() || !scaled.is_finite() { number } else { whole(scaled) / unit }
}

pub(super) fn cast_integer(func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let unsigned = func == Func::CastUnsigned;
    let refuse = || Error::unsupported("a cast to an integer that is out of range");
    let number: i128 = match eval(&args[0], row)? {
        Value::Null => return Ok(Value::Null),
        Value::Int(number) => number.into(),
        Value::UInt(number) => number.into(),
        Value::Decimal(number) => number.to_i128().ok_or_else(refuse)?,
        Value::Float(number) if number.abs() < 9e18 => number.round_ties_even() as i128,
        Value::Text(text, _) => leading_integer(&text).ok_or_else(refuse)?,
        _ => return Err(refuse()),
    };
    // An integer keeps its bits; anything else out of range is cut, with a warning.
    let from_integer = args[0].kind.typ.is_integral();
    if unsigned {
        return match u64::try_from(number) {
            Ok(number) => Ok(Value::UInt(number)),
            Err(_) if from_integer => Ok(Value::UInt(number as u64)),
            Err(_) => Err(refuse()),
        };
    }
    match i64::try_from(number) {
        Ok(number) => Ok(Value::Int(number)),
        Err(_) if from_integer => Ok(Value::Int(number as i64)),
        Err(_) => Err(refuse()),
    }
}

/// Reads the integer at the start of a string; none is 0.
fn leading_integer(text: &[u8]) -> Option<i128> {
    let text = text.trim_ascii_start();
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let digits = text[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return Some(0);
    }
    std::str::from_utf8(&text[..sign + digits]).ok()?.parse().ok()
}
