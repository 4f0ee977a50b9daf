//! One expression by itself, without a statement around it.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::{Expr as Eval, Kind};
use vt_sql::ast::{Expr, Statement};
use vt_sql::{Arena, Modes};

use crate::eval::translate;

/// A column of the rows that an expression is computed over.
#[derive(Clone, Debug)]
pub struct ExpressionColumn {
    pub name: String,
    /// What is known of the values beyond what a result's column tells: their collation.
    pub kind: Option<Kind>,
}

/// Reads an expression as MySQL writes it and makes the form that is evaluated.
///
/// `columns` are the places of the row that it is evaluated over; names are found in any letter
/// case.
///
/// # Errors
/// MySQL's 1064 for text that is no expression, 1054 for a column that the row does not have,
/// `VT12001` for what the gateway cannot compute.
pub fn expression(text: &str, modes: Modes, columns: &[ExpressionColumn]) -> Result<Eval, Error> {
    let arena = Arena::new();
    // DO takes expressions and nothing else: no clause can follow.
    let text = format!("do {text}");
    let statement = vt_sql::parse(&arena, &text, modes)?;
    let Statement::Do([expr]) = statement else {
        let message = "one expression is asked for, and there are several";
        return Err(Error::new(vt_base::Code::InvalidArgument, message));
    };
    let translated = translate(*expr, &mut |part| match part {
        Expr::Column(column) => {
            let name = column.name.as_str();
            let place = columns.iter().position(|one| one.name.eq_ignore_ascii_case(name));
            let unknown = || {
                let message = format!("Unknown column '{name}' in 'field list'");
                Error::mysql(1054, b"42S22", message)
            };
            place.map(Some).ok_or_else(unknown)
        }
        _ => Ok(None),
    });
    translated.map(|expr| typed(expr, columns))
}

/// Tells of each column what is known of it.
fn typed(expr: Eval, columns: &[ExpressionColumn]) -> Eval {
    let each = |parts: Vec<Eval>| parts.into_iter().map(|part| typed(part, columns)).collect();
    match expr {
        Eval::Column(place) => match columns.get(place).and_then(|column| column.kind.clone()) {
            Some(kind) => Eval::TypedColumn(place, Arc::new(kind)),
            None => Eval::Column(place),
        },
        Eval::Tuple(parts) => Eval::Tuple(each(parts)),
        Eval::Call(func, parts) => Eval::Call(func, each(parts)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_alone_is_translated_and_nothing_else() {
        let columns = ["a", "B"].map(|name| ExpressionColumn { name: name.to_owned(), kind: None });
        let read = |text: &str| expression(text, Modes::default(), &columns);
        assert_eq!(read("b").ok(), Some(Eval::Column(1)));
        assert_eq!(read("1 + c").err().map(|err| err.errno()), Some(1054));
        assert_eq!(read("1 from t").err().map(|err| err.errno()), Some(1064));
        assert_eq!(read("1; select 2").err().map(|err| err.errno()), Some(1064));
        assert!(read("1, 2").is_err());
    }
}
