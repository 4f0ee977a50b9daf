//! Arithmetic on integers, decimals and doubles, with MySQL's errors of range.

use vt_base::Error;
use vt_value::decimal::DIV_SCALE_INCREMENT;
use vt_value::{Decimal, Type, Value, float};

use super::eval;
use crate::Func;
use crate::compile::Node;
use crate::kind::{Class, NOT_FIXED};

/// What MySQL's intermediate results hold.
const DIGITS_MAX: usize = 81;

/// MySQL's error for a result that its type cannot hold.
pub(super) fn out_of_range(what: &str, node: &Node) -> Error {
    let message = format!("{what} value is out of range in '{}'", node.describe());
    Error::mysql(1690, b"22003", message).with_code(vt_base::Code::InvalidArgument)
}

pub(super) fn binary(
    node: &Node,
    func: Func,
    args: &[Node],
    row: &[Value],
) -> Result<Value, Error> {
    let a = eval(&args[0], row)?;
    let lazy = match func {
        Func::IntDiv => !args.iter().all(|arg| arg.kind.typ.is_integral()),
        _ => node.kind.typ == Type::DECIMAL,
    };
    if a.is_null() && lazy {
        // The other side may be an error that is never seen.
        return Ok(Value::Null);
    }
    let b = eval(&args[1], row)?;
    if a.is_null() || b.is_null() {
        return Ok(Value::Null);
    }
    if func == Func::IntDiv {
        return int_div(node, &a, &b);
    }
    match node.kind.typ {
        Type::FLOAT64 => floats(node, func, &a, &b),
        Type::DECIMAL => decimals(node, func, &a, &b),
        _ => integers(node, func, &a, &b),
    }
}

fn integers(node: &Node, func: Func, a: &Value, b: &Value) -> Result<Value, Error> {
    let (a, b) = (integer(a)?, integer(b)?);
    let result = match func {
        Func::Add => a.checked_add(b),
        Func::Sub => a.checked_sub(b),
        Func::Mul => a.checked_mul(b),
        _ if b == 0 => return Ok(Value::Null),
        _ => a.checked_rem(b),
    };
    in_type(node, result)
}

/// Returns an integer as the node's type, if that holds it.
fn in_type(node: &Node, number: Option<i128>) -> Result<Value, Error> {
    if node.kind.typ == Type::UINT64 {
        let fits = number.and_then(|number| u64::try_from(number).ok());
        return fits.map(Value::UInt).ok_or_else(|| out_of_range("BIGINT UNSIGNED", node));
    }
    let fits = number.and_then(|number| i64::try_from(number).ok());
    fits.map(Value::Int).ok_or_else(|| out_of_range("BIGINT", node))
}

fn integer(value: &Value) -> Result<i128, Error> {
    match value {
        Value::Int(number) => Ok((*number).into()),
        Value::UInt(number) => Ok((*number).into()),
        _ => Err(Error::bug("arithmetic of integers on other values")),
    }
}

fn decimals(node: &Node, func: Func, a: &Value, b: &Value) -> Result<Value, Error> {
    let (Some(a), Some(b)) = (a.to_decimal(), b.to_decimal()) else {
        return Err(Error::bug("arithmetic of decimals on other values"));
    };
    let result = match func {
        Func::Add => a.add(&b),
        Func::Sub => a.sub(&b),
        Func::Mul => a.mul(&b),
        _ if b.is_zero() => return Ok(Value::Null),
        Func::Mod => a.rem(&b),
        Func::Average => a.div(&b, DIV_SCALE_INCREMENT),
        // A quotient is rounded at once to the digits of its expression.
        _ => a.div(&b, DIV_SCALE_INCREMENT).map(|number| number.round(node.kind.decimals)),
    };
    if func == Func::Sub && node.kind.unsigned && result.is_some_and(|one| one.is_negative()) {
        return Err(out_of_range("DECIMAL UNSIGNED", node));
    }
    result.map(Value::Decimal).ok_or_else(|| {
        let integer_digits = a.integer_digits() + b.integer_digits();
        if matches!(func, Func::Div | Func::Average)
            || (func == Func::Mul && integer_digits > DIGITS_MAX)
        {
            return out_of_range("DECIMAL", node);
        }
        // MySQL cuts digits off the operands here.
        Error::unsupported(format_args!("a decimal of more than {DIGITS_MAX} digits"))
    })
}

fn floats(node: &Node, func: Func, a: &Value, b: &Value) -> Result<Value, Error> {
    let (Some(a), Some(b)) = (a.to_f64(), b.to_f64()) else {
        return Err(Error::bug("arithmetic of doubles on other values"));
    };
    let result = match func {
        Func::Add => a + b,
        Func::Sub => a - b,
        Func::Mul => a * b,
        _ if b == 0.0 => return Ok(Value::Null),
        Func::Mod => a % b,
        _ => a / b,
    };
    match result.is_finite() {
        true => Ok(Value::Float(result)),
        false => Err(out_of_range("DOUBLE", node)),
    }
}

fn int_div(node: &Node, a: &Value, b: &Value) -> Result<Value, Error> {
    if let (Ok(a), Ok(b)) = (integer(a), integer(b)) {
        return match b {
            0 => Ok(Value::Null),
            _ => in_type(node, a.checked_div(b)),
        };
    }
    let exact = |value: &Value| match value {
        Value::Float(number) => Decimal::from_f64(*number),
        other => other.to_decimal(),
    };
    let (Some(a), Some(b)) = (exact(a), exact(b)) else {
        return Err(Error::unsupported("DIV of a double that is no decimal"));
    };
    if b.is_zero() {
        return Ok(Value::Null);
    }
    in_type(node, a.int_div(&b).and_then(|quotient| quotient.to_i128()))
}

pub(super) fn negate(node: &Node, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    Ok(match eval(&args[0], row)? {
        Value::Null => Value::Null,
        Value::Decimal(number) => Value::Decimal(number.negated()),
        Value::Float(number) => Value::Float(-number),
        Value::Text(text, _) => Value::Float(-float::parse_prefix(&text)),
        value if node.kind.typ == Type::DECIMAL => {
            let number = value.to_decimal().ok_or_else(|| Error::bug("negating no number"))?;
            Value::Decimal(number.negated())
        }
        value => in_type(node, Some(-integer(&value)?))?,
    })
}

/// Computes with the bits of integers; what is shifted out is lost.
pub(super) fn bits(func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let mut numbers = [0u64; 2];
    for (number, arg) in numbers.iter_mut().zip(args) {
        match eval(arg, row)? {
            Value::Null => return Ok(Value::Null),
            value => *number = integer(&value)? as u64,
        }
    }
    let [a, b] = numbers;
    let shift = u32::try_from(b).unwrap_or(u32::MAX);
    Ok(Value::UInt(match func {
        Func::BitAnd => a & b,
        Func::BitOr => a | b,
        Func::BitXor => a ^ b,
        Func::ShiftLeft => a.checked_shl(shift).unwrap_or(0),
        Func::ShiftRight => a.checked_shr(shift).unwrap_or(0),
        _ => !a,
    }))
}

/// Returns the class that a node's values have once computed.
pub(super) fn class(node: &Node) -> Class {
    match node.kind.typ {
        Type::DECIMAL => Class::Decimal,
        typ if typ.is_float() && node.kind.decimals >= NOT_FIXED => Class::Float,
        typ if typ.is_unsigned() => Class::UInt,
        _ => Class::Int,
    }
}
