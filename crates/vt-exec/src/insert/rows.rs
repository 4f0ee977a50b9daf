//! The texts of the rows that an INSERT sends.

use std::fmt::Write;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Insert, InsertRouting};
use vt_value::{BindVars, Field, Rows, TypedBytes};

/// Where the rows come from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// The statement itself: the plan has their texts.
    Values,
    /// A query.
    Select { fields: &'a [Field], rows: &'a Rows },
}

impl Source<'_> {
    /// Returns a value of a row that a query gave.
    pub(crate) fn value(self, row: usize, column: usize) -> Result<TypedBytes, Error> {
        let Source::Select { fields, rows } = self else {
            return Err(Error::bug("a value of a row that is text"));
        };
        let field = fields.get(column).ok_or_else(|| Error::bug("no such column to insert"))?;
        Ok(rows.get(row).column(column).map_or(TypedBytes::NULL, |cell| {
            TypedBytes::new(field.typ, rows.data().slice_ref(cell))
        }))
    }
}

/// One text a row, in parentheses.
pub(crate) struct Texts(Vec<Arc<str>>);

/// Returns the texts; values of a query are bound as `_cROW_COLUMN`.
pub(crate) fn texts(
    insert: &Insert,
    source: Source<'_>,
    binds: &mut BindVars,
) -> Result<Texts, Error> {
    let Source::Select { fields, rows } = source else { return Ok(Texts(insert.rows.clone())) };
    let mut texts = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let mut text = String::from("(");
        for column in 0..fields.len() {
            if column > 0 {
                text.push_str(", ");
            }
            text.push(':');
            text.push_str(&variable(insert, row, column, source, binds)?);
        }
        text.push(')');
        texts.push(text.into());
    }
    Ok(Texts(texts))
}

/// Binds a value of a query's row, unless a step to come does; returns the variable's name.
fn variable(
    insert: &Insert,
    row: usize,
    column: usize,
    source: Source<'_>,
    binds: &mut BindVars,
) -> Result<String, Error> {
    let (name, is_own) = named(insert, row, column);
    if is_own {
        binds.set(name.as_str(), source.value(row, column)?);
    }
    Ok(name)
}

/// Returns the name of the variable with a value of a query's row; the column behind the last is
/// that of the sequence.
pub(super) fn name(insert: &Insert, row: usize, column: usize, width: usize) -> String {
    let auto = insert.auto_increment.as_ref();
    match auto.is_some_and(|auto| auto.offset.is_none() && column == width) {
        true => super::ids::name(row),
        false => named(insert, row, column).0,
    }
}

/// Returns the name of the variable with a value of a query's row, and whether it is of its own: no
/// step to come binds it.
fn named(insert: &Insert, row: usize, column: usize) -> (String, bool) {
    if insert.auto_increment.as_ref().is_some_and(|auto| auto.offset == Some(column)) {
        return (super::ids::name(row), false);
    }
    if let InsertRouting::Sharded(vindexes) = &insert.routing {
        let name = vindexes.iter().find_map(|vindex| {
            let place = vindex.offsets.iter().position(|offset| *offset == column)?;
            vindex.columns.get(place)
        });
        if let Some(name) = name {
            return (super::sharded::name(name, row), false);
        }
    }
    (format!("_c{row}_{column}"), true)
}

impl Texts {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a value at the end of a row of a query.
    pub(crate) fn append(&mut self, row: usize, variable: &str) {
        let old = self.0[row].strip_suffix(')').unwrap_or(&self.0[row]);
        let comma = if old == "(" { "" } else { ", " };
        self.0[row] = format!("{old}{comma}:{variable})").into();
    }

    /// Returns the statement that inserts some of the rows.
    pub(crate) fn statement(&self, insert: &Insert, rows: &[usize]) -> Arc<str> {
        let bytes: usize = rows.iter().map(|row| self.0[*row].len() + 2).sum();
        let mut sql = String::with_capacity(insert.prefix.len() + bytes + insert.suffix.len());
        sql.push_str(&insert.prefix);
        for (place, row) in rows.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            // Writing to a string does not fail.
            let _ = write!(sql, "{comma}{}", self.0[*row]);
        }
        sql.push_str(&insert.suffix);
        sql.into()
    }
}
