//! Expressions as MySQL's messages show them.

use vt_value::{TemporalKind, Value};

use crate::Func;
use crate::node::{CallOp, Node, Op};

/// How long a message shows an expression.
const SHOWN_BYTES: usize = 2048;

/// Writes an expression as MySQL's messages show it.
pub(crate) fn node(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

fn write(node: &Node, out: &mut String) {
    if out.len() > SHOWN_BYTES {
        return;
    }
    match &node.op {
        Op::Constant(value) => match (value, value.text()) {
            (_, None) => out.push_str("NULL"),
            (Value::Text(bytes, _), _) if node.kind.is_bits() => {
                out.push_str("0x");
                bytes.iter().for_each(|byte| out.push_str(&format!("{byte:02x}")));
            }
            (Value::Temporal(value), Some(text)) => {
                out.push_str(match value.kind {
                    TemporalKind::Date => "DATE'",
                    TemporalKind::DateTime => "TIMESTAMP'",
                    TemporalKind::Time => "TIME'",
                });
                out.push_str(&String::from_utf8_lossy(&text));
                out.push('\'');
            }
            (Value::Text(..), Some(text)) => {
                out.push('\'');
                out.push_str(&String::from_utf8_lossy(&text));
                out.push('\'');
            }
            (_, Some(text)) => out.push_str(&String::from_utf8_lossy(&text)),
        },
        Op::Column(_, name) => out.push_str(name),
        Op::Tuple(nodes) => list("(", nodes, out),
        Op::Call(call) => write_call(call, out),
        Op::Folded(folded) => write_call(&folded.call, out),
    }
}

fn list(open: &str, nodes: &[Node], out: &mut String) {
    out.push_str(open);
    for (place, node) in nodes.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(node, out);
    }
    out.push(')');
}

fn write_call(call: &CallOp, out: &mut String) {
    match (call.func, call.func.operator(), call.args.as_slice()) {
        (Func::Negate, _, args) => list("-(", args, out),
        (Func::BitNot, _, args) => list("~(", args, out),
        (Func::Named(id), _, args) if with_words(id.function().name, args, out) => {}
        (Func::Named(id), _, args) => {
            let name = match id.function().name {
                "power" => "pow",
                "ceil" => "ceiling",
                name => name,
            };
            list(&format!("{name}("), args, out);
        }
        (_, Some(operator), [first, rest @ ..]) if !rest.is_empty() => {
            out.push('(');
            write(first, out);
            for node in rest {
                out.push_str(&format!(" {operator} "));
                write(node, out);
            }
            out.push(')');
        }
        (func, _, args) => list(&format!("{}(", func.name()), args, out),
    }
}

/// Writes a call that SQL writes with words; returns whether it is one.
fn with_words(name: &str, args: &[Node], out: &mut String) -> bool {
    let word = |node: &Node| {
        let text = node.constant().and_then(Value::text).unwrap_or_default();
        String::from_utf8_lossy(&text).to_ascii_lowercase()
    };
    match (name, args) {
        ("date_add" | "date_sub", [date, amount, unit]) => {
            out.push('(');
            write(date, out);
            out.push_str(if name == "date_add" { " + interval " } else { " - interval " });
            write(amount, out);
            out.push_str(&format!(" {})", word(unit)));
        }
        ("extract", [unit, value]) => {
            out.push_str(&format!("extract({} from ", word(unit)));
            write(value, out);
            out.push(')');
        }
        _ => return false,
    }
    true
}
