//! Arithmetic on integers, decimals and doubles, with MySQL's errors of range.

use vt_base::Error;
use vt_value::decimal::MAX_SCALE;
use vt_value::{Decimal, Type, Value};

use crate::function::{Call, Signature};
use crate::kind::{Class, Kind, NOT_FIXED};
use crate::node::Node;
use crate::{Func, SqlMode};

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let increment = signature.session().div_precision_increment;
    let (a, b) = (signature.kind(0), signature.kind(1));
    let func = signature.func();
    let nullable = a.nullable || b.nullable;
    let kind = match func {
        Func::IntDiv => quotient_kind(a, b)?,
        Func::Average => Kind { unsigned: false, ..division_kind(a, b, increment)? },
        Func::Div => division_kind(a, b, increment)?,
        _ => sum_kind(func, a, b)?,
    };
    let by_zero = matches!(func, Func::Div | Func::Average | Func::IntDiv | Func::Mod);
    let modes = signature.session().sql_mode;
    let signed = func == Func::Sub && modes.has(SqlMode::NO_UNSIGNED_SUBTRACTION);
    let kind = match kind.typ {
        Type::UINT64 if signed => Kind::int(kind.length),
        _ if signed => Kind { unsigned: false, ..kind },
        _ => kind,
    };
    Ok(kind.with_nullable(nullable || by_zero))
}

fn quotient_kind(a: &Kind, b: &Kind) -> Result<Kind, Error> {
    a.class()?;
    b.class()?;
    let decimals = |kind: &Kind| u32::from(kind.decimals % NOT_FIXED);
    let unknown =
        |kind: &Kind| kind.typ == Type::JSON || kind.typ.is_float() && kind.decimals >= NOT_FIXED;
    let added = if is_written(b) { b.length } else { decimals(b) };
    let digits = match unknown(a) || unknown(b) {
        true => 21,
        false => digits(a).saturating_sub(decimals(a)).saturating_add(added).min(21),
    };
    let unsigned = a.unsigned || b.unsigned;
    Ok(whole_kind(digits, unsigned))
}

/// Returns whether a number is read from characters, or from the name of a member.
fn is_written(kind: &Kind) -> bool {
    kind.is_string() && !kind.is_bits() || kind.members.is_some()
}

/// Returns how many digits a value of any type has as a number.
fn digits(kind: &Kind) -> u32 {
    if is_written(kind) { kind.length } else { kind.precision() }
}

/// An integer of so many digits.
fn whole_kind(digits: u32, unsigned: bool) -> Kind {
    match unsigned {
        true => Kind::uint(digits.clamp(1, 65)),
        false => Kind::int(digits.min(65) + 1),
    }
}

fn division_kind(a: &Kind, b: &Kind, increment: u8) -> Result<Kind, Error> {
    if a.class()?.max(b.class()?) == Class::Float {
        return Ok(float_kind(Func::Div, a, b, increment));
    }
    let decimals = a.decimals.saturating_add(increment).min(MAX_SCALE);
    let added = u32::from(b.decimals) + u32::from(increment);
    let precision = a.precision().saturating_add(added);
    Ok(signless(Kind::decimal(precision, decimals), a.unsigned && b.unsigned))
}

fn float_kind(func: Func, a: &Kind, b: &Kind, increment: u8) -> Kind {
    // What comes of a bare NULL alone has digits.
    let counted = |kind: &Kind| kind.typ.is_number() || kind.typ.is_temporal() || kind.is_null();
    let fixed = |kind: &Kind| kind.decimals < NOT_FIXED && counted(kind) || kind.is_bits();
    let unsigned = func == Func::Mod && a.unsigned;
    if !fixed(a) || !fixed(b) {
        return Kind { unsigned, ..Kind::float() };
    }
    let decimals = match func {
        Func::Div => a.decimals.max(b.decimals).saturating_add(increment),
        _ => a.decimals.max(b.decimals),
    };
    let whole = |kind: &Kind| kind.length.saturating_sub(kind.decimals.into());
    let longest = if func == Func::Div { whole(a) } else { whole(a).max(whole(b)) };
    let length = longest + u32::from(decimals);
    Kind { decimals, unsigned, length, ..Kind::float() }
}

fn sum_kind(func: Func, a: &Kind, b: &Kind) -> Result<Kind, Error> {
    let (first, second) = (a.class()?, b.class()?);
    let class = first.max(second);
    if class == Class::Float {
        return Ok(float_kind(func, a, b, 0));
    }
    if class == Class::Decimal {
        let unsigned = if func == Func::Mod { a.unsigned } else { a.unsigned && b.unsigned };
        let kind = decimal_kind(func, a, b);
        return Ok(match func {
            Func::Mod => Kind { unsigned, ..kind },
            _ => signless(kind, unsigned),
        });
    }
    let longest = a.precision().max(b.precision());
    let digits = match func {
        Func::Add | Func::Sub => longest + 1,
        Func::Mul => a.precision() + b.precision(),
        _ => longest,
    };
    // The remainder has the sign of the dividend.
    let unsigned = if func == Func::Mod { first == Class::UInt } else { class == Class::UInt };
    if func == Func::Mod {
        let length = digits + 1;
        return Ok(if unsigned { Kind::uint(length) } else { Kind::int(length) });
    }
    Ok(whole_kind(digits, unsigned))
}

/// A decimal that has no sign prints none.
fn signless(kind: Kind, unsigned: bool) -> Kind {
    Kind { unsigned, length: kind.length - u32::from(unsigned && kind.length > 1), ..kind }
}

fn decimal_kind(func: Func, a: &Kind, b: &Kind) -> Kind {
    let integer = |kind: &Kind| kind.precision().saturating_sub(u32::from(kind.decimals));
    let decimals = match func {
        Func::Mul => a.decimals.saturating_add(b.decimals).min(MAX_SCALE),
        _ => a.decimals.max(b.decimals),
    };
    match func {
        Func::Mul => Kind::decimal(a.precision() + b.precision(), decimals),
        Func::Mod => Kind::decimal(a.precision().max(b.precision()), decimals),
        _ => Kind::long_decimal(integer(a).max(integer(b)) + u32::from(decimals) + 1, decimals),
    }
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    match call.kind().typ {
        Type::FLOAT64 => floats(call),
        Type::DECIMAL => decimals(call),
        _ => integers(call),
    }
}

fn integers(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (Some(a), Some(b)) = (call.int(0)?, call.int(1)?) else { return Ok(Value::Null) };
    let (a, b) = (a.value, b.value);
    let result = match call.func() {
        Func::Add => a.checked_add(b),
        Func::Sub => a.checked_sub(b),
        Func::Mul => a.checked_mul(b),
        _ if b == 0 => return division_by_zero(call),
        _ => a.checked_rem(b),
    };
    in_type(call, result)
}

/// Returns an integer as the call's type, if that holds it.
fn in_type(call: &Call<'_, '_>, number: Option<i128>) -> Result<Value, Error> {
    if call.kind().typ == Type::UINT64 {
        let fits = number.and_then(|number| u64::try_from(number).ok());
        return fits.map(Value::UInt).ok_or_else(|| call.out_of_range("BIGINT UNSIGNED"));
    }
    let fits = number.and_then(|number| i64::try_from(number).ok());
    fits.map(Value::Int).ok_or_else(|| call.out_of_range("BIGINT"))
}

fn decimals(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    // The other side of a NULL may be an error that is never seen.
    let Some(a) = call.decimal(0)? else { return Ok(Value::Null) };
    let Some(b) = call.decimal(1)? else { return Ok(Value::Null) };
    let increment = call.session().div_precision_increment;
    let func = call.func();
    let result = match func {
        Func::Add => a.add(&b),
        Func::Sub => a.sub(&b),
        Func::Mul => a.mul(&b),
        _ if b.is_zero() => return division_by_zero(call),
        Func::Mod => a.rem(&b),
        Func::Average => a.div(&b, increment),
        // A quotient is rounded at once to the digits of its expression.
        _ => a.div(&b, increment).map(|number| number.round(call.kind().decimals)),
    };
    if func == Func::Sub && call.kind().unsigned && result.is_some_and(|one| one.is_negative()) {
        return Err(call.out_of_range("DECIMAL UNSIGNED"));
    }
    if let Some(number) = result {
        // A zero that comes of other numbers has no digits behind the point.
        let sum = func == Func::Add && a.is_zero() && b.is_zero();
        if number.is_zero() && !sum {
            return Ok(Value::Decimal(Decimal::ZERO));
        }
        let keeps = func == Func::Average;
        return Ok(Value::Decimal(if keeps { number } else { fitted(number, call.kind()) }));
    }
    Err(call.out_of_range("DECIMAL"))
}

fn fitted(number: Decimal, kind: &Kind) -> Decimal {
    if number.scale() == kind.decimals { number } else { number.fitted(kind.decimals) }
}

fn floats(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (Some(a), Some(b)) = (call.real(0)?, call.real(1)?) else { return Ok(Value::Null) };
    let result = match call.func() {
        Func::Add => a + b,
        Func::Sub => a - b,
        Func::Mul => a * b,
        _ if b == 0.0 => return division_by_zero(call),
        Func::Mod => a % b,
        _ => a / b,
    };
    match result.is_finite() {
        true => Ok(Value::Float(result)),
        false => Err(call.out_of_range("DOUBLE")),
    }
}

/// NULL, with a warning or an error as `sql_mode` has it.
pub(crate) fn division_by_zero(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if !call.session().sql_mode.has(SqlMode::ERROR_FOR_DIVISION_BY_ZERO) {
        return Ok(Value::Null);
    }
    if call.context().strict {
        return Err(Error::mysql(1365, b"22012", "Division by 0"));
    }
    call.null_with_warning(1365, "Division by 0")
}

pub(super) fn int_div(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let whole = |place| call.arg_kind(place).class().is_ok_and(|class| class <= Class::UInt);
    if whole(0) && whole(1) {
        let (Some(a), Some(b)) = (call.int(0)?, call.int(1)?) else { return Ok(Value::Null) };
        return match b.value {
            0 => division_by_zero(call),
            // To MySQL the least of all integers is no quotient.
            divisor => {
                let least = call.kind().typ == Type::INT64;
                let quotient = a.value.checked_div(divisor);
                in_type(call, quotient.filter(|one| !least || *one != i64::MIN.into()))
            }
        };
    }
    let Some(a) = call.decimal(0)? else { return Ok(Value::Null) };
    let Some(b) = call.decimal(1)? else { return Ok(Value::Null) };
    if b.is_zero() {
        return division_by_zero(call);
    }
    in_type(call, a.int_div(&b).and_then(|quotient| quotient.to_i128()))
}

pub(super) fn negation(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let arg: &Node = &signature.args()[0];
    if arg.kind.typ == Type::BIT {
        return Err(Error::unsupported("the negative of a BIT"));
    }
    let kind = match arg.kind.class()? {
        _ if arg.kind.is_null() || arg.kind.is_bits() => Kind::float_of(0),
        _ if arg.kind.typ.is_temporal() => Kind::float_of(arg.kind.decimals),
        Class::Float
            if arg.kind.is_string() || arg.kind.typ == Type::JSON || arg.kind.members.is_some() =>
        {
            Kind::float()
        }
        Class::Float => Kind::float_of(arg.kind.decimals),
        // The sign that it gets has room.
        Class::Decimal => {
            let length = arg.kind.length + u32::from(arg.kind.unsigned);
            Kind { unsigned: false, length, ..arg.kind.clone() }
        }
        Class::Int | Class::UInt => {
            // MySQL looks at a constant once more than its value is asked for.
            if !arg.is_once() {
                signature.notes.borrow_mut().extend(arg.folded_warnings().iter().cloned());
            }
            let length = (arg.kind.length + u32::from(arg.kind.unsigned)).max(2);
            // What does not fit an integer when it is negated becomes a decimal; MySQL asks so of
            // the bits, and negative constants seem too great to it.
            let great = match arg.constant() {
                Some(Value::Int(number)) => *number < 0,
                Some(Value::UInt(number)) => *number > 1 << 63,
                _ => false,
            };
            if great { Kind::new(Type::DECIMAL, length, 0) } else { Kind::int(length) }
        }
    };
    Ok(kind.with_nullable(arg.kind.nullable))
}

pub(super) fn negate(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    match call.kind().typ {
        Type::FLOAT64 => Ok(call.real(0)?.map_or(Value::Null, |number| Value::Float(-number))),
        Type::DECIMAL => {
            let number = call.decimal(0)?;
            Ok(number.map_or(Value::Null, |number| Value::Decimal(number.negated())))
        }
        _ => match call.int(0)? {
            None => Ok(Value::Null),
            Some(number) => in_type(call, Some(-number.value)),
        },
    }
}
