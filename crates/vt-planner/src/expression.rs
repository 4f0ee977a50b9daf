//! One expression by itself, without a statement around it.

mod column;
mod given;
#[cfg(test)]
mod page;

use std::sync::Arc;

use vt_base::Error;
use vt_eval::{Compiled, Context, Env, Expr as Eval, Kind, Session, Warning};
use vt_sql::ast::{Expr, Statement};
use vt_sql::{Arena, Modes};
use vt_value::{BindVars, Field, Value};

use crate::eval::translate;

pub use column::ExpressionColumn;
pub use given::Given;

/// What an expression comes to over one row.
#[derive(Clone, Debug)]
pub struct ExpressionAnswer {
    /// The text that a result has; `None` for NULL.
    pub text: Option<Vec<u8>>,
    pub kind: Kind,
    pub warnings: Vec<Warning>,
}

/// An expression with the session that it is computed in.
#[derive(Debug)]
pub struct PreparedExpression<'s> {
    compiled: Compiled,
    session: &'s Session,
}

impl<'s> PreparedExpression<'s> {
    /// Reads and compiles an expression over rows of these columns.
    ///
    /// # Errors
    /// Those of [`expression`], and what MySQL says of arguments that do not go together.
    pub fn new(
        text: &str,
        columns: &[ExpressionColumn],
        session: &'s Session,
    ) -> Result<PreparedExpression<'s>, Error> {
        let modes = Modes::from_sql_mode(&format!("{:?}", session.sql_mode));
        let expr = expression(text, modes, columns)?;
        let fields: Vec<Field> = columns.iter().map(|column| column.field.clone()).collect();
        let binds = BindVars::new();
        let compiled = expr.compile(&fields, &Env::new(&binds, session))?;
        Ok(PreparedExpression { compiled, session })
    }

    /// Returns what is known of the values.
    pub fn kind(&self) -> &Kind {
        self.compiled.kind()
    }

    /// Computes the value for a row.
    pub fn answer(&self, row: &[Value]) -> Result<ExpressionAnswer, Error> {
        let mut ctx = Context::new(self.session);
        let value = self.compiled.eval(row, &mut ctx)?;
        let mut text = Vec::new();
        self.compiled.write(&value, &mut text);
        let text = (!value.is_null()).then_some(text);
        Ok(ExpressionAnswer { text, kind: self.kind().clone(), warnings: ctx.warnings.take() })
    }
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
            let place = columns.iter().position(|one| one.field.name.eq_ignore_ascii_case(name));
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
        let session = Session::default();
        let columns =
            ["a", "B"].map(|name| ExpressionColumn::of_definition(name, "INT", &session).unwrap());
        let read = |text: &str| expression(text, Modes::default(), &columns);
        assert!(matches!(read("b"), Ok(Eval::TypedColumn(1, _))));
        assert_eq!(read("1 + c").err().map(|err| err.errno()), Some(1054));
        assert_eq!(read("1 from t").err().map(|err| err.errno()), Some(1064));
        assert_eq!(read("1; select 2").err().map(|err| err.errno()), Some(1064));
        assert!(read("1, 2").is_err());
    }

    #[test]
    fn a_row_is_computed_with_its_types() {
        let session = Session::default();
        let column =
            |name, definition| ExpressionColumn::of_definition(name, definition, &session).unwrap();
        let columns = [column("a", "DECIMAL(10,2)"), column("b", "VARCHAR(3) NOT NULL")];
        let prepared = PreparedExpression::new("a / b", &columns, &session).unwrap();
        let value = |column: &ExpressionColumn, text: &'static str| {
            column.value(Some(text.into())).unwrap()
        };
        let row = [value(&columns[0], "1.50"), value(&columns[1], "4x")];
        let answer = prepared.answer(&row).unwrap();
        assert_eq!(answer.text.as_deref(), Some(&b"0.375"[..]));
        assert_eq!(answer.kind.typ, vt_value::Type::FLOAT64);
        assert_eq!(&*answer.warnings[0].message, "Truncated incorrect DOUBLE value: '4x'");
        let wrong = ExpressionColumn::of_definition("a", "INT) ENGINE=x (b", &session);
        assert!(wrong.is_err());
        assert!(ExpressionColumn::of_definition("a", "INT, b INT", &session).is_err());
    }
}
