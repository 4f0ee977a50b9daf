//! One expression by itself, without a statement around it.

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_sql::ast::{Expr, Statement};
use vt_sql::{Arena, Modes};

use crate::eval::translate;

/// Reads an expression as MySQL writes it and makes the form that is evaluated.
///
/// `columns` names the places of the row that it is evaluated over; names are found in any letter
/// case.
///
/// # Errors
/// MySQL's 1064 for text that is no expression, 1054 for a column that the row does not have,
/// `VT12001` for what the gateway cannot compute.
pub fn expression(text: &str, modes: Modes, columns: &[&str]) -> Result<Eval, Error> {
    let arena = Arena::new();
    // DO takes expressions and nothing else: no clause can follow.
    let text = format!("do {text}");
    let statement = vt_sql::parse(&arena, &text, modes)?;
    let Statement::Do([expr]) = statement else {
        let message = "one expression is asked for, and there are several";
        return Err(Error::new(vt_base::Code::InvalidArgument, message));
    };
    translate(*expr, &mut |part| match part {
        Expr::Column(column) => {
            let name = column.name.as_str();
            let place = columns.iter().position(|one| one.eq_ignore_ascii_case(name));
            let unknown = || {
                let message = format!("Unknown column '{name}' in 'field list'");
                Error::mysql(1054, b"42S22", message)
            };
            place.map(Some).ok_or_else(unknown)
        }
        _ => Ok(None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_alone_is_translated_and_nothing_else() {
        let modes = Modes::default();
        let read = |text: &str| expression(text, modes, &["a", "B"]);
        assert_eq!(read("b").ok(), Some(Eval::Column(1)));
        assert_eq!(read("1 + c").err().map(|err| err.errno()), Some(1054));
        assert_eq!(read("1 from t").err().map(|err| err.errno()), Some(1064));
        assert_eq!(read("1; select 2").err().map(|err| err.errno()), Some(1064));
        assert!(read("1, 2").is_err());
    }
}
