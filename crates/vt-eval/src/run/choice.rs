//! COALESCE, NULLIF, IF, CASE, GREATEST, LEAST.

use vt_base::Error;
use vt_value::Value;

use super::{compare, eval, truth};
use crate::Func;
use crate::compile::Node;
use crate::kind::convert;

pub(super) fn coalesce(node: &Node, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    for arg in args {
        let value = eval(arg, row)?;
        if !value.is_null() {
            return convert(value, &node.kind);
        }
    }
    Ok(Value::Null)
}

pub(super) fn null_if(args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let equal = compare::equal(&args[0], &args[1], row)?;
    if equal == Some(true) { Ok(Value::Null) } else { eval(&args[0], row) }
}

/// Returns the value whose condition is the first that holds; one without condition is that of
/// ELSE.
pub(crate) fn chosen<'n>(args: &'n [Node], row: &[Value]) -> Result<Option<&'n Node>, Error> {
    for chunk in args.chunks(2) {
        match chunk {
            [condition, value] if truth(&eval(condition, row)?)? == Some(true) => {
                return Ok(Some(value));
            }
            [otherwise] => return Ok(Some(otherwise)),
            _ => {}
        }
    }
    Ok(None)
}

pub(super) fn case(node: &Node, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    match chosen(args, row)? {
        None => Ok(Value::Null),
        Some(value) => convert(eval(value, row)?, &node.kind),
    }
}

pub(super) fn extreme(
    node: &Node,
    func: Func,
    args: &[Node],
    row: &[Value],
) -> Result<Value, Error> {
    let mut best: Option<Value> = None;
    for arg in args {
        let value = eval(arg, row)?;
        if value.is_null() {
            return Ok(Value::Null);
        }
        let value = convert(value, &node.kind)?;
        let better = match &best {
            None => true,
            Some(best) => {
                let order = compare::order(&value, best, args[0].compare_as)?;
                // Of equal values MySQL takes the last for the greatest, the first for the least.
                if func == Func::Greatest { order.is_ge() } else { order.is_lt() }
            }
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.unwrap_or(Value::Null))
}
