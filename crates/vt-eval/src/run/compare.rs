//! Comparison operators, IN and BETWEEN.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::{Collation, Value};

use super::eval;
use crate::Func;
use crate::compile::{Node, Op};

/// Returns the order of two values that are not NULL, strings under a collation.
pub(super) fn order(a: &Value, b: &Value, collation: Collation) -> Result<Ordering, Error> {
    let order = match (a, b) {
        (Value::Text(a, _), Value::Text(b, _)) if a == b => Some(Ordering::Equal),
        (Value::Text(a, _), Value::Text(b, _)) => collation.compare(a, b),
        _ => a.compare(b),
    };
    order.ok_or_else(|| match (a, b) {
        (Value::Text(..), Value::Text(..)) => Error::unsupported(format_args!(
            "comparing strings under collation {}",
            collation.name().unwrap_or("unknown")
        )),
        _ => Error::unsupported(format_args!("comparing {} with {}", a.typ(), b.typ())),
    })
}

/// Returns the order of two operands; `None` if either is NULL.
fn operands(a: &Node, b: &Node, row: &[Value]) -> Result<Option<Ordering>, Error> {
    let x = eval(a, row)?;
    if x.is_null() {
        // The other side may be an error that is never seen.
        return Ok(None);
    }
    let y = eval(b, row)?;
    if y.is_null() {
        return Ok(None);
    }
    order(&x, &y, a.compare_as).map(Some)
}

/// Returns whether two operands, or tuples, are equal; `None` where a NULL leaves it open.
pub(super) fn equal(a: &Node, b: &Node, row: &[Value]) -> Result<Option<bool>, Error> {
    let (Op::Tuple(a), Op::Tuple(b)) = (&a.op, &b.op) else {
        return Ok(operands(a, b, row)?.map(Ordering::is_eq));
    };
    let mut open = false;
    for (a, b) in a.iter().zip(b) {
        match equal(a, b, row)? {
            Some(true) => {}
            Some(false) => return Ok(Some(false)),
            None => open = true,
        }
    }
    Ok(if open { None } else { Some(true) })
}

fn null_safe_equal(a: &Node, b: &Node, row: &[Value]) -> Result<bool, Error> {
    if let (Op::Tuple(a), Op::Tuple(b)) = (&a.op, &b.op) {
        for (a, b) in a.iter().zip(b) {
            if !null_safe_equal(a, b, row)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let (x, y) = (eval(a, row)?, eval(b, row)?);
    if x.is_null() || y.is_null() {
        return Ok(x.is_null() && y.is_null());
    }
    order(&x, &y, a.compare_as).map(Ordering::is_eq)
}

pub(super) fn operator(func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let (a, b) = (&args[0], &args[1]);
    let result = match func {
        Func::Eq => equal(a, b, row)?,
        Func::Ne => equal(a, b, row)?.map(|equal| !equal),
        Func::NullSafeEq => Some(null_safe_equal(a, b, row)?),
        _ => operands(a, b, row)?.map(|order| match func {
            Func::Lt => order.is_lt(),
            Func::Le => order.is_le(),
            Func::Gt => order.is_gt(),
            _ => order.is_ge(),
        }),
    };
    Ok(result.map_or(Value::Null, Value::from))
}

pub(super) fn member(func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let Op::Tuple(members) = &args[1].op else {
        return Err(Error::bug("IN without a list"));
    };
    let mut open = false;
    let constant = members.iter().all(Node::is_constant);
    for member in members {
        if !constant && differ_in_sign(&args[0], member, row)? {
            return Err(Error::unsupported("IN of great integers with and without sign"));
        }
        match equal(&args[0], member, row)? {
            Some(true) => return Ok(Value::from(func == Func::In)),
            Some(false) => {}
            None => open = true,
        }
    }
    Ok(if open { Value::Null } else { Value::from(func == Func::NotIn) })
}

/// Returns whether two integers have the same bits but not the same value: in a list that is not
/// constant, MySQL takes them for equal.
fn differ_in_sign(a: &Node, b: &Node, row: &[Value]) -> Result<bool, Error> {
    if !a.kind.typ.is_integral() || !b.kind.typ.is_integral() {
        return Ok(false);
    }
    Ok(match (eval(a, row)?, eval(b, row)?) {
        (Value::Int(a), Value::UInt(b)) | (Value::UInt(b), Value::Int(a)) => a < 0 && a as u64 == b,
        _ => false,
    })
}

pub(super) fn between(func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    if eval(&args[0], row)?.is_null() {
        return Ok(Value::Null);
    }
    let values = [eval(&args[0], row)?, eval(&args[1], row)?, eval(&args[2], row)?];
    // With a double among them all three are compared as doubles.
    let double = values.iter().any(|value| matches!(value, Value::Float(_)));
    let [value, low, high] = values.map(|value| match value.to_f64() {
        Some(number) if double => Value::Float(number),
        _ => value,
    });
    let collation = args[0].compare_as;
    let within = |bound: &Value, outside: Ordering| -> Result<Option<bool>, Error> {
        if value.is_null() || bound.is_null() {
            return Ok(None);
        }
        Ok(Some(order(&value, bound, collation)? != outside))
    };
    let result = match (within(&low, Ordering::Less)?, within(&high, Ordering::Greater)?) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    let negated = func == Func::NotBetween;
    Ok(result.map_or(Value::Null, |within| Value::from(within != negated)))
}
