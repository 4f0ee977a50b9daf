//! ABS, CEILING, FLOOR, SIGN, ROUND, TRUNCATE.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::{Decimal, Type, Value};

use crate::convert;
use crate::function::{Call, Function, Signature};
use crate::kind::{Class, Kind};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("abs", (1, 1), abs_kind, abs),
    Function::new("ceil", (1, 1), whole_kind, ceiling),
    Function::new("ceiling", (1, 1), whole_kind, ceiling),
    Function::new("floor", (1, 1), whole_kind, floor),
    Function::new("round", (1, 2), to_digits_kind, round),
    Function::new("sign", (1, 1), sign_kind, sign),
    Function::new("truncate", (2, 2), to_digits_kind, truncate),
];

/// How wide MySQL takes a double with a fixed number of digits after the point to be.
const FIXED_WIDTH: u32 = 17;

/// Returns what an argument is to these functions: dates, times and hexadecimal literals are
/// doubles.
fn class(kind: &Kind) -> Result<Class, Error> {
    let double = kind.typ.is_temporal() || kind.is_bits() && kind.typ != Type::BIT;
    if double { Ok(Class::Float) } else { kind.class() }
}

fn sign_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    class(signature.kind(0))?;
    Ok(Kind::int(21).with_nullable(signature.any_nullable()))
}

fn sign(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let order = match class(call.arg_kind(0))? {
        Class::Float => call.real(0)?.map(|number| number.partial_cmp(&0.0)),
        _ => call.decimal(0)?.map(|number| Some(number.cmp(&Decimal::ZERO))),
    };
    let Some(order) = order else { return Ok(Value::Null) };
    Ok(Value::Int(match order.unwrap_or(Ordering::Equal) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

fn abs_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    let fixed = |digits: u8| Kind::new(Type::FLOAT64, FIXED_WIDTH + u32::from(digits), digits);
    let made = match class(kind)? {
        Class::Float if kind.is_null() => fixed(0),
        Class::Float if kind.typ.is_temporal() => fixed(kind.decimals),
        Class::Float if kind.is_bits() => Kind { unsigned: kind.typ != Type::BITNUM, ..fixed(0) },
        Class::Float if kind.typ.is_float() && kind.decimals <= 30 => fixed(kind.decimals),
        Class::Float => Kind::float(),
        Class::Decimal if kind.typ == Type::DECIMAL => kind.clone(),
        Class::Decimal => Kind::decimal(kind.length, kind.decimals),
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
        _ => match call.int(0)? {
            None => Ok(Value::Null),
            Some(number) if number.unsigned => Ok(number.to_value()),
            Some(number) => match number.bits_i64().checked_abs() {
                Some(number) => Ok(Value::Int(number)),
                None => Err(call.out_of_range("BIGINT")),
            },
        },
    }
}

fn whole_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    let made = match class(kind)? {
        Class::Float => Kind::float(),
        Class::Decimal => {
            // A fraction may round up to one digit more.
            let fraction = u32::from(kind.decimals);
            let digits = kind.precision().saturating_sub(fraction) + u32::from(fraction > 0);
            if digits < 19 { Kind::int(21) } else { Kind::decimal(digits, 0) }
        }
        Class::UInt => Kind::uint(21),
        Class::Int => Kind::int(21),
    };
    Ok(made.with_nullable(kind.nullable))
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
    match class(call.arg_kind(0))? {
        Class::Float => {
            Ok(call.real(0)?.map_or(Value::Null, |number| Value::Float(of_float(number))))
        }
        Class::Decimal => {
            let Some(number) = call.decimal(0)? else { return Ok(Value::Null) };
            let cut = number.truncate(0);
            let step = Decimal::from(step(number, cut));
            let whole = cut.add(&step).ok_or_else(|| call.out_of_range("DECIMAL"))?;
            Ok(match whole.to_i64() {
                Some(integer) if call.kind().typ != Type::DECIMAL => Value::Int(integer),
                _ => Value::Decimal(whole),
            })
        }
        Class::Int | Class::UInt => {
            Ok(call.int(0)?.map_or(Value::Null, |number| number.to_value()))
        }
    }
}

/// The digits that a constant second argument asks for.
enum Digits {
    Known(i64),
    Null,
    /// Another for each row.
    Open,
}

fn digits(signature: &Signature<'_>) -> Result<Digits, Error> {
    if signature.len() < 2 {
        return Ok(Digits::Known(0));
    }
    let clean = |text: &[u8]| Some(convert::integer_of_text(text)).filter(|(_, whole)| *whole);
    let known = match signature.constant(1) {
        None => return Ok(Digits::Open),
        Some(Value::Null) => return Ok(Digits::Null),
        Some(Value::Int(digits)) => Some(*digits),
        Some(Value::UInt(digits)) => Some(i64::try_from(*digits).unwrap_or(i64::MAX)),
        Some(Value::Decimal(digits)) => digits.round(0).to_i64(),
        Some(Value::Float(digits)) if digits.abs() < 1e18 => Some(digits.round_ties_even() as i64),
        Some(Value::Text(text, _)) if !signature.kind(1).is_bits() => {
            clean(text).map(|(digits, _)| digits.clamped_i64())
        }
        _ => None,
    };
    // MySQL looks at the argument twice, and warns as often.
    known.map(Digits::Known).ok_or_else(|| signature.unsupported("to digits that are no integer"))
}

fn to_digits_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    let made = match class(kind)? {
        Class::Float => Kind::float(),
        Class::Decimal => {
            let digits = digits(signature)?;
            let most = i64::from(kind.decimals);
            let decimals = match digits {
                Digits::Known(digits) => digits.clamp(0, most) as u8,
                Digits::Null => 0,
                Digits::Open => kind.decimals,
            };
            let cut = u32::from(kind.decimals - decimals);
            // What is rounded may get one digit more before the point.
            let whole = match digits {
                Digits::Known(digits) => digits <= 0,
                Digits::Null => true,
                Digits::Open => false,
            };
            let carries = cut > 0 || whole && kind.decimals == 0;
            let carry = u32::from(carries && signature.name() == "round");
            Kind::decimal(kind.precision().saturating_sub(cut) + carry, decimals)
        }
        Class::UInt => Kind::uint(21),
        Class::Int => Kind::int(21),
    };
    Ok(made.with_nullable(signature.any_nullable()))
}

fn round(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    to_digits(call, false)
}

fn truncate(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    to_digits(call, true)
}

/// Returns the digits of the second argument; `None` if it is NULL.
fn wanted(call: &mut Call<'_, '_>) -> Result<Option<i64>, Error> {
    match call.len() {
        1 => Ok(Some(0)),
        _ => Ok(call.int(1)?.map(|digits| digits.clamped_i64())),
    }
}

fn to_digits(call: &mut Call<'_, '_>, cut: bool) -> Result<Value, Error> {
    match class(call.arg_kind(0))? {
        Class::Float => {
            let Some(number) = call.real(0)? else { return Ok(Value::Null) };
            let Some(digits) = wanted(call)? else { return Ok(Value::Null) };
            Ok(Value::Float(round_f64(number, digits, cut)))
        }
        Class::Decimal => {
            let Some(number) = call.decimal(0)? else { return Ok(Value::Null) };
            let Some(digits) = wanted(call)? else { return Ok(Value::Null) };
            Ok(decimal_to_digits(number, digits, cut, call.kind().decimals))
        }
        Class::Int | Class::UInt => {
            let Some(number) = call.int(0)? else { return Ok(Value::Null) };
            let Some(digits) = wanted(call)? else { return Ok(Value::Null) };
            if digits >= 0 {
                return Ok(number.to_value());
            }
            let unsigned = call.kind().typ == Type::UINT64;
            let rounded = round_left(decimal_of(number.value), digits.unsigned_abs(), cut);
            let value = match unsigned {
                true => rounded.to_u64().map(Value::UInt),
                false => rounded.to_i64().map(Value::Int),
            };
            let what = if unsigned { "BIGINT UNSIGNED" } else { "BIGINT" };
            value.ok_or_else(|| call.out_of_range(what))
        }
    }
}

fn decimal_of(number: i128) -> Decimal {
    match i64::try_from(number) {
        Ok(number) => Decimal::from(number),
        Err(_) => Decimal::from(number as u64),
    }
}

fn decimal_to_digits(number: Decimal, digits: i64, cut: bool, shown: u8) -> Value {
    let rounded = match u8::try_from(digits.min(i64::from(number.scale()))) {
        Err(_) => round_left(number, digits.unsigned_abs(), cut),
        Ok(digits) if cut => number.truncate(digits),
        Ok(digits) => number.round(digits),
    };
    // With digits that differ from row to row, all that the column may have are shown.
    Value::Decimal(if rounded.scale() < shown { rounded.round(shown) } else { rounded })
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
    let unit = power_of_ten(digits.unsigned_abs());
    let whole = |number: f64| if cut { number.trunc() } else { number.round_ties_even() };
    if digits < 0 {
        return if unit.is_finite() { whole(number / unit) * unit } else { 0.0 };
    }
    let scaled = number * unit;
    if !unit.is_finite() || !scaled.is_finite() { number } else { whole(scaled) / unit }
}

/// Returns the double that is nearest to a power of ten.
fn power_of_ten(exponent: u64) -> f64 {
    const EXACT: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    let small = usize::try_from(exponent).ok().and_then(|exponent| EXACT.get(exponent));
    match small {
        Some(power) => *power,
        None => format!("1e{}", exponent.min(400)).parse().unwrap_or(f64::INFINITY),
    }
}
