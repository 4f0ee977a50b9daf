//! Expressions as text.

use std::fmt::Write;

use vt_eval::Expr;
use vt_value::TypedBytes;

use crate::JoinColumn;

/// Writes an expression: `:name`, `::list`, `$2` for a column, `add($0, 1)`.
pub(super) fn show(expr: &Expr) -> String {
    show_with(expr, &|place| format!("${place}"))
}

/// Writes an expression over columns that have names of their own.
pub(super) fn show_over(expr: &Expr, columns: &[String]) -> String {
    show_with(expr, &|place| match columns.get(place) {
        Some(name) => name.clone(),
        None => format!("${place}"),
    })
}

fn show_with(expr: &Expr, column: &dyn Fn(usize) -> String) -> String {
    let all = |parts: &[Expr]| {
        parts.iter().map(|part| show_with(part, column)).collect::<Vec<_>>().join(", ")
    };
    match expr {
        Expr::Literal(value) => literal(value),
        Expr::Bind(name) => format!(":{name}"),
        Expr::BindTuple(name) => format!("::{name}"),
        Expr::Column(place) | Expr::CollatedColumn(place, _) | Expr::TypedColumn(place, _) => {
            column(*place)
        }
        Expr::Tuple(members) => format!("({})", all(members)),
        Expr::Call(func, args) => format!("{}({})", func.name(), all(args)),
    }
}

/// Writes a column of a join: `L0`, `R2`.
pub(super) fn join_column(column: &JoinColumn) -> String {
    match column {
        JoinColumn::Left(place) => format!("L{place}"),
        JoinColumn::Right(place) => format!("R{place}"),
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
