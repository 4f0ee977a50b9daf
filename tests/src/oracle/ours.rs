//! Our side: the expression parsed, translated, compiled and run in this process.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use vt_base::{Error, ErrorId};
use vt_eval::{Context, Env, Kind, Session};
use vt_planner::ExpressionColumn;
use vt_sql::Modes;
use vt_value::{BindVars, Collation, Field, Type, Value};

use super::answer::{Answer, Column, Warning, family, told_length};
use super::files::Surroundings;
use super::mysql::{Facts, NOW_MICROS, TableColumn};

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
    session: Session,
    columns: Vec<ExpressionColumn>,
    fields: Vec<Field>,
    /// The rows of the table; without a table one row of no columns.
    rows: Vec<Vec<Value>>,
}

impl Evaluator {
    /// Makes a session with these variables over the rows that MySQL gave.
    pub(crate) fn new(
        surroundings: &Surroundings,
        columns: &[TableColumn],
        facts: &Facts,
    ) -> Result<Evaluator, String> {
        let mut modes = Modes::default();
        let mut session = Session {
            now_micros: NOW_MICROS,
            user: facts.user.as_str().into(),
            current_user: facts.current_user.as_str().into(),
            version: facts.version.as_str().into(),
            database: Some(facts.database.as_str().into()),
            connection_id: facts.connection_id,
            ..Session::default()
        };
        for (name, value) in &surroundings.variables {
            let value = value.trim_matches(['\'', '"']);
            if name == "sql_mode" {
                modes = Modes::from_sql_mode(value);
            }
            let known = session.set_variable(name, value).map_err(|err| err.to_string())?;
            if !known {
                return Err(format!("no session of ours has {name}"));
            }
        }
        let fields: Vec<Field> = columns.iter().map(field).collect();
        let typed = columns.iter().zip(&fields).map(|(column, field)| {
            let kind = Kind::of_column(field, collation(column));
            ExpressionColumn { field: field.clone(), kind: Some(kind) }
        });
        let typed: Vec<ExpressionColumn> = typed.collect();
        let count = columns.first().map_or(1, |column| column.values.len());
        let mut rows = Vec::with_capacity(count);
        for place in 0..count {
            let values = columns.iter().zip(&typed).map(|(column, typed)| {
                let cell = column.values.get(place).cloned().flatten();
                typed.value(cell.map(Bytes::from))
            });
            let row: Result<Vec<Value>, Error> = values.collect();
            rows.push(row.map_err(|err| format!("a row that we cannot read: {err}"))?);
        }
        let columns = typed;
        Ok(Evaluator { modes, session, columns, fields, rows })
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
        let expr = vt_planner::expression(expression, self.modes, &self.columns)?;
        let binds = BindVars::new();
        let compiled = expr.compile(&self.fields, &Env::new(&binds, &self.session))?;
        let mut ctx = Context::new(&self.session);
        compiled.notes().iter().for_each(|note| ctx.warnings.push(note.clone()));
        let mut values = Vec::with_capacity(self.rows.len());
        for (place, row) in self.rows.iter().enumerate() {
            ctx.row = place as u64 + 1;
            let value = compiled.eval(row, &mut ctx)?;
            let mut text = Vec::new();
            compiled.write(&value, &mut text);
            values.push((!value.is_null()).then_some(text));
        }
        Ok(Answer::Rows { column: column(compiled.kind()), values, warnings: warned(&mut ctx) })
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn columns(&self) -> &[ExpressionColumn] {
        &self.columns
    }

    pub(crate) fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// Makes an answer of values that no expression gave.
    pub(crate) fn rows_answer(kind: &Kind, values: &[Value], ctx: &mut Context<'_>) -> Answer {
        let values = values.iter().map(|value| value.text().map(|text| text.to_vec())).collect();
        Answer::Rows { column: column(kind), values, warnings: warned(ctx) }
    }
}

/// Takes the warnings out.
fn warned(ctx: &mut Context<'_>) -> Vec<Warning> {
    let kept = ctx.warnings.take();
    let warnings = kept.iter().map(|warning| Warning {
        level: warning.level.name().to_owned(),
        errno: warning.errno,
        message: warning.message.to_string(),
    });
    warnings.collect()
}

/// Returns what a result tells of values of a kind, in the character set that they have.
fn column(kind: &Kind) -> Column {
    let field = kind.field("");
    let string = kind.typ.is_text() || matches!(kind.typ, Type::ENUM | Type::SET);
    let width = match kind.collation.charset() {
        Some(charset) if string => u32::try_from(charset.max_len()).unwrap_or(1),
        _ => 1,
    };
    Column {
        typ: family(field.typ.to_mysql().0),
        length: told_length(field.typ.to_mysql().0, in_bytes(kind.length, width)),
        decimals: kind.decimals,
        not_null: !kind.nullable,
        unsigned: kind.unsigned || kind.typ.is_unsigned(),
        // A number may have a collation for what it is as a string; a result does not tell it.
        collation: if kind.typ.is_number() { Collation::BINARY.0 } else { kind.collation.0 },
    }
}

/// Returns how many bytes so many characters have at most, whole characters alone.
fn in_bytes(length: u32, width: u32) -> u32 {
    length.checked_mul(width).unwrap_or(u32::MAX / width * width)
}

/// Returns the collation of a column, that of bytes where it has none.
fn collation(column: &TableColumn) -> Collation {
    let named = column.collation.as_deref().and_then(Collation::from_name);
    named.unwrap_or(Collation::BINARY)
}

/// Returns the column as a shard would tell of it.
fn field(column: &TableColumn) -> Field {
    let meta = &column.meta;
    let typ = Type::from_mysql(meta.column_type() as u8, meta.flags().bits(), meta.character_set());
    Field {
        name: column.name.as_str().into(),
        table: meta.table_str().as_ref().into(),
        database: meta.schema_str().as_ref().into(),
        typ,
        column_length: meta.column_length(),
        charset: meta.character_set(),
        decimals: meta.decimals(),
        flags: meta.flags().bits(),
        column_type: column.column_type.as_str().into(),
        ..Field::default()
    }
}
