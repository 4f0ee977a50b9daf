//! The evaluation of compiled expressions.

mod arithmetic;
mod choice;
mod compare;
mod round;
mod text;

use vt_base::Error;
use vt_value::Value;

use crate::Func;
use crate::compile::{Node, Op};

pub(crate) use choice::chosen;

/// Computes the value of a node for a row.
pub(crate) fn eval(node: &Node, row: &[Value]) -> Result<Value, Error> {
    match &node.op {
        Op::Constant(value) => Ok(value.clone()),
        Op::Column(place, _) => {
            row.get(*place).cloned().ok_or_else(|| Error::bug("an expression outside of its row"))
        }
        Op::Tuple(_) => Err(Error::bug("a tuple where a value should be")),
        Op::Call(func, args) => call(node, *func, args, row),
    }
}

fn call(node: &Node, func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    match func {
        Func::Add
        | Func::Sub
        | Func::Mul
        | Func::Div
        | Func::Average
        | Func::IntDiv
        | Func::Mod => arithmetic::binary(node, func, args, row),
        Func::Negate => arithmetic::negate(node, args, row),
        Func::BitAnd
        | Func::BitOr
        | Func::BitXor
        | Func::ShiftLeft
        | Func::ShiftRight
        | Func::BitNot => arithmetic::bits(func, args, row),
        Func::And | Func::Or | Func::Xor | Func::Not => logic(func, args, row),
        Func::IsTrue | Func::IsNotTrue | Func::IsFalse | Func::IsNotFalse => {
            let truth = truth(&eval(&args[0], row)?)?;
            Ok(Value::from(match func {
                Func::IsTrue => truth == Some(true),
                Func::IsNotTrue => truth != Some(true),
                Func::IsFalse => truth == Some(false),
                _ => truth != Some(false),
            }))
        }
        Func::IsNull => Ok(Value::from(eval(&args[0], row)?.is_null())),
        Func::IsNotNull => Ok(Value::from(!eval(&args[0], row)?.is_null())),
        Func::Eq | Func::Ne | Func::NullSafeEq | Func::Lt | Func::Le | Func::Gt | Func::Ge => {
            compare::operator(func, args, row)
        }
        Func::In | Func::NotIn => compare::member(func, args, row),
        Func::Between | Func::NotBetween => compare::between(func, args, row),
        Func::Like | Func::NotLike => text::like(func, args, row),
        Func::Coalesce | Func::IfNull => choice::coalesce(node, args, row),
        Func::NullIf => choice::null_if(args, row),
        Func::If | Func::Case => choice::case(node, args, row),
        Func::Greatest | Func::Least => choice::extreme(node, func, args, row),
        Func::Concat => text::concat(node, args, row),
        Func::ConcatWs => text::concat_ws(node, args, row),
        Func::Lower | Func::Upper => text::change_case(node, func, args, row),
        Func::Length | Func::CharLength => text::length(func, args, row),
        Func::Left | Func::Right => text::end(node, func, args, row),
        Func::Abs | Func::Ceiling | Func::Floor | Func::Sign => round::whole(node, func, args, row),
        Func::Round | Func::Truncate => round::to_digits(node, func, args, row),
        Func::CastSigned | Func::CastUnsigned => round::cast_integer(func, args, row),
        Func::CastDouble => {
            let value = eval(&args[0], row)?;
            Ok(value.to_f64().map_or(Value::Null, Value::Float))
        }
        Func::CastChar => text::concat(node, args, row),
    }
}

/// Returns whether a value is true; `None` for NULL.
pub(crate) fn truth(value: &Value) -> Result<Option<bool>, Error> {
    Ok(match value {
        Value::Null => None,
        Value::Int(number) => Some(*number != 0),
        Value::UInt(number) => Some(*number != 0),
        Value::Decimal(number) => Some(!number.is_zero()),
        Value::Float(number) => Some(*number != 0.0),
        Value::Text(..) => value.to_f64().map(|number| number != 0.0),
        Value::Temporal(temporal) => Some(temporal.packed() != 0),
        Value::Json(_) => return Err(Error::unsupported("JSON as a condition")),
        Value::Opaque(typ, _) => {
            return Err(Error::unsupported(format_args!("{typ} as a condition")));
        }
    })
}

/// Combines truth values, of which NULL is the unknown one.
fn logic(func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let mut result = truth(&eval(&args[0], row)?)?;
    if func == Func::Not {
        return Ok(result.map_or(Value::Null, |truth| Value::from(!truth)));
    }
    for arg in &args[1..] {
        // What decides by itself leaves the rest alone.
        let decided = match func {
            Func::And => result == Some(false),
            Func::Or => result == Some(true),
            _ => result.is_none(),
        };
        if decided {
            break;
        }
        result = match (func, result, truth(&eval(arg, row)?)?) {
            (Func::And, _, Some(false)) => Some(false),
            (Func::Or, _, Some(true)) => Some(true),
            (Func::And, Some(a), Some(b)) => Some(a && b),
            (Func::Or, Some(a), Some(b)) => Some(a || b),
            (_, Some(a), Some(b)) => Some(a != b),
            _ => None,
        };
    }
    Ok(result.map_or(Value::Null, Value::from))
}
