//! Expressions as text.

use std::fmt::Write;

use vt_eval::Expr;
use vt_value::TypedBytes;

/// Writes an expression: `:name`, `::list`, `$2` for a column, `add($0, 1)`.
pub(super) fn show(expr: &Expr) -> String {
    match expr {
        Expr::Literal(value) => literal(value),
        Expr::Bind(name) => format!(":{name}"),
        Expr::BindTuple(name) => format!("::{name}"),
        Expr::Column(place) | Expr::CollatedColumn(place, _) | Expr::TypedColumn(place, _) => {
            format!("${place}")
        }
        Expr::Tuple(members) => format!("({})", show_all(members)),
        Expr::Call(func, args) => {
            format!("{}({})", func.name(), show_all(args))
        }
    }
}

/// Writes expressions with commas between.
pub(super) fn show_all(exprs: &[Expr]) -> String {
    exprs.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn literal(value: &TypedBytes) -> String {
    let text = String::from_utf8_lossy(&value.bytes);
    match value.typ {
        _ if value.is_null() => "null".to_owned(),
        typ if typ.is_number() => text.into_owned(),
        _ => {
            let mut out = String::with_capacity(text.len() + 2);
            // Writing to a String cannot fail.
            let _ = write!(out, "'{}'", text.replace('\'', "''"));
            out
        }
    }
}
