//! Our side: the expression parsed, translated, compiled and run in this process.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use vt_base::{Error, ErrorId};
use vt_eval::Env;
use vt_sql::Modes;
use vt_value::{BindVars, Collation, Field, Type, Value};

use super::answer::{Answer, Column, family};
use super::cases::Surroundings;
use super::mysql::TableColumn;

thread_local! {
    /// Whether an expression is being computed: what a panic says is then an answer.
    static COMPUTING: Cell<bool> = const { Cell::new(false) };
}

/// Lets panics of computed expressions pass in silence.
pub(crate) fn hush() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !COMPUTING.get() {
            others(info);
        }
    }));
}

/// Our session in the same surroundings as MySQL's.
pub(crate) struct Evaluator {
    modes: Modes,
    collation: Collation,
    names: Vec<String>,
    fields: Vec<Field>,
    /// The rows of the table; without a table one row of no columns.
    rows: Vec<Vec<Value>>,
}

impl Evaluator {
    /// Makes a session with these variables over the rows that MySQL gave.
    pub(crate) fn new(
        surroundings: &Surroundings,
        columns: &[TableColumn],
    ) -> Result<Evaluator, String> {
        let variable = |name: &str| {
            let found = surroundings.variables.iter().find(|(one, _)| one == name);
            found.map(|(_, value)| value.trim_matches(['\'', '"']))
        };
        let modes = variable("sql_mode").map_or(Modes::default(), Modes::from_sql_mode);
        let named = variable("collation_connection");
        let collation = match named {
            Some(name) => Collation::from_name(name)
                .ok_or_else(|| format!("{name} is no collation of ours"))?,
            None => Collation::UTF8MB4_0900_AI_CI,
        };
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let fields: Vec<Field> = columns.iter().map(field).collect();
        let count = columns.first().map_or(1, |column| column.values.len());
        let mut rows = Vec::with_capacity(count);
        for place in 0..count {
            let values = columns.iter().zip(&fields).map(|(column, field)| {
                let cell = column.values.get(place).cloned().flatten();
                Value::of_field(field, cell.map(Bytes::from))
            });
            let row: Result<Vec<Value>, Error> = values.collect();
            rows.push(row.map_err(|err| format!("a row that we cannot read: {err}"))?);
        }
        Ok(Evaluator { modes, collation, names, fields, rows })
    }

    /// Answers one expression.
    pub(crate) fn ask(&self, expression: &str) -> Answer {
        COMPUTING.set(true);
        let computed = catch_unwind(AssertUnwindSafe(|| self.compute(expression)));
        COMPUTING.set(false);
        match computed {
            Ok(Ok(answer)) => answer,
            Ok(Err(err)) if err.id() == Some(ErrorId::VT12001) => {
                Answer::Refused(err.message().to_owned())
            }
            Ok(Err(err)) => Answer::Error { errno: err.errno(), message: err.message().to_owned() },
            Err(panic) => Answer::Panic(
                panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_default(),
            ),
        }
    }

    fn compute(&self, expression: &str) -> Result<Answer, Error> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let expr = vt_planner::expression(expression, self.modes, &names)?;
        let binds = BindVars::new();
        let env = Env { binds: &binds, collation: self.collation };
        let compiled = expr.compile(&self.fields, &env)?;
        let field = compiled.field("");
        let values: Result<Vec<Option<Vec<u8>>>, Error> = self
            .rows
            .iter()
            .map(|row| Ok(compiled.eval(row)?.text().map(|text| text.to_vec())))
            .collect();
        let column = Column {
            typ: family(field.typ.to_mysql().0),
            length: field.column_length,
            decimals: field.decimals,
            not_null: field.flags & 1 != 0,
            unsigned: field.flags & 32 != 0,
            collation: field.charset,
        };
        Ok(Answer::Rows { column, values: values?, warnings: Vec::new() })
    }
}

/// Returns the column as a shard would tell of it.
fn field(column: &TableColumn) -> Field {
    let meta = &column.meta;
    let typ = Type::from_mysql(meta.column_type() as u8, meta.flags().bits(), meta.character_set());
    Field {
        name: column.name.as_str().into(),
        typ,
        column_length: meta.column_length(),
        charset: meta.character_set(),
        decimals: meta.decimals(),
        flags: meta.flags().bits(),
        column_type: column.column_type.as_str().into(),
        ..Field::default()
    }
}
