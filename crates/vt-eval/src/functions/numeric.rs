//! ABS, CEILING, FLOOR, SIGN, ROUND, TRUNCATE, MOD.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::{Decimal, Type, Value};

use crate::function::{Call, Function, Signature};
use crate::kind::{Class, Kind};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("abs", (1, 1), whole_kind, abs),
    Function::new("ceil", (1, 1), whole_kind, ceiling),
    Function::new("ceiling", (1, 1), whole_kind, ceiling),
    Function::new("floor", (1, 1), whole_kind, floor),
    Function::new("round", (1, 2), to_digits_kind, round),
    Function::new("sign", (1, 1), sign_kind, sign),
    Function::new("truncate", (2, 2), to_digits_kind, truncate),
];

fn sign_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    signature.kind(0).class()?;
    Ok(Kind::int(21).with_nullable(signature.any_nullable()))
}

fn sign(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let zero = Decimal::ZERO;
    let order = match call.value(0)? {
        Value::Null => return Ok(Value::Null),
        Value::Decimal(number) => number.cmp(&zero),
        Value::Int(number) => number.cmp(&0),
        Value::UInt(number) => number.cmp(&0),
        _ => match call.real(0)? {
            None => return Ok(Value::Null),
            Some(number) => number.partial_cmp(&0.0).unwrap_or(Ordering::Equal),
        },
    };
    Ok(Value::Int(match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

fn whole_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    let abs = signature.name() == "abs";
    let made = match kind.class()? {
        Class::Float if abs && kind.is_null() => Kind { decimals: 0, ..Kind::float() },
        Class::Float => Kind::float(),
        Class::Decimal if abs && kind.typ == Type::DECIMAL => kind.clone(),
        Class::Decimal if abs => Kind::decimal(kind.length, kind.decimals),
        Class::Decimal => {
            let digits = kind.precision().saturating_sub(u32::from(kind.decimals)) + 1;
            // Few digits make an integer of it; MySQL's count of them may differ by a few.
            if digits < 19 { Kind::int(21) } else { Kind::decimal(digits, 0) }
        }
        Class::UInt => Kind::uint(kind.length),
        Class::Int => Kind::int(kind.length),
    };
    Ok(made.with_nullable(kind.nullable))
}

fn abs(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    match call.kind().typ {
        Type::FLOAT64 => Ok(call.real(0)?.map_or(Value::Null, |number| Value::Float(number.abs()))),
        Type::DECIMAL => Ok(call.decimal(0)?.map_or(Value::Null, |number| {
            Value::Decimal(if number.is_negative() { number.negated() } else { number })
        })),
        _ => match call.value(0)? {
            Value::Int(number) => match number.checked_abs() {
                Some(number) => Ok(Value::Int(number)),
                None => Err(call.out_of_range("BIGINT")),
            },
            other => Ok(other),
        },
    }
}

fn ceiling(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    whole(call, f64::ceil, |number, cut| i64::from(number > cut))
}

fn floor(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    whole(call, f64::floor, |number, cut| -i64::from(number < cut))
}

fn whole(
    call: &mut Call<'_, '_>,
    of_float: fn(f64) -> f64,
    step: fn(Decimal, Decimal) -> i64,
) -> Result<Value, Error> {
    if call.kind().typ == Type::FLOAT64 {
        return Ok(call.real(0)?.map_or(Value::Null, |number| Value::Float(of_float(number))));
    }
    match call.value(0)? {
        Value::Decimal(number) => {
            let cut = number.truncate(0);
            let step = Decimal::from(step(number, cut));
            let whole = cut.add(&step).ok_or_else(|| call.out_of_range("DECIMAL"))?;
            Ok(match whole.to_i64() {
                Some(integer) if call.kind().typ != Type::DECIMAL => Value::Int(integer),
                _ => Value::Decimal(whole),
            })
        }
        other => Ok(other),
    }
}

fn to_digits_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let digits = match signature.args().get(1) {
        None => 0,
        Some(_) => match signature.constant(1) {
            Some(Value::Int(digits)) => *digits,
            Some(Value::UInt(digits)) => i64::try_from(*digits).unwrap_or(i64::MAX),
            _ => return Err(signature.unsupported("to digits that are not constant")),
        },
    };
    let kind = signature.kind(0);
    let made = match kind.class()? {
        Class::Float => Kind::float(),
        Class::Decimal => {
            let decimals = digits.clamp(0, i64::from(kind.decimals)) as u8;
            let cut = u32::from(kind.decimals - decimals);
            Kind::decimal(kind.precision().saturating_sub(cut) + u32::from(cut > 0), decimals)
        }
        Class::UInt => Kind::uint(21),
        Class::Int => Kind::int(21),
    };
    Ok(made.with_nullable(kind.nullable))
}

fn round(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    to_digits(call, false)
}

fn truncate(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    to_digits(call, true)
}

fn to_digits(call: &mut Call<'_, '_>, cut: bool) -> Result<Value, Error> {
    let digits = match call.len() {
        1 => 0,
        _ => match call.int(1)? {
            None => return Ok(Value::Null),
            Some(digits) => digits.clamped_i64(),
        },
    };
    if call.kind().typ == Type::FLOAT64 {
        let number = call.real(0)?;
        return Ok(number.map_or(Value::Null, |one| Value::Float(round_f64(one, digits, cut))));
    }
    Ok(match call.value(0)? {
        Value::Null => Value::Null,
        Value::Decimal(number) if digits >= 0 => {
            let digits = digits.min(i64::from(number.scale())) as u8;
            Value::Decimal(if cut { number.truncate(digits) } else { number.round(digits) })
        }
        value if digits >= 0 => value,
        value => {
            let number = value.to_decimal().ok_or_else(|| Error::bug("rounding no number"))?;
            let rounded = round_left(number, digits.unsigned_abs(), cut);
            let range = || call.out_of_range("BIGINT");
            match call.kind().typ {
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
pub(super) fn round_f64(number: f64, digits: i64, cut: bool) -> f64 {
    let power = i32::try_from(digits.unsigned_abs()).unwrap_or(i32::MAX);
    let unit = 10f64.powi(power);
    let whole = |number: f64| if cut { number.trunc() } else { number.round_ties_even() };
    if digits < 0 {
        return if unit.is_finite() { whole(number / unit) * unit } else { 0.0 };
    }
    let scaled = number * unit;
    if !unit.is_finite() || !scaled.is_finite() { number } else { whole(scaled) / unit }
}
