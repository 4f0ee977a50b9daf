//! What the rows of an INSERT refer to.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_plan::RowParents;
use vt_sql::ast::{Assignment, Expr, Ident, Insert};
use vt_value::TypedBytes;
use vt_vschema::Table;
use vt_vschema::table::same_name;

use crate::eval::plain_value;
use crate::planner::Planner;

/// A foreign key of the rows of an INSERT, as they are read row by row.
pub(in crate::dml) struct KeyRows<'a> {
    columns: Vec<KeyColumn<'a>>,
    pub(in crate::dml) parents: RowParents,
}

/// Where a column of a key gets its value from.
enum KeyColumn<'a> {
    Place(usize),
    /// The statement does not name it.
    Default(Expr<'a>),
}

impl<'a> Planner<'a> {
    /// Returns the foreign keys that the gateway looks after for the rows of an INSERT.
    pub(in crate::dml) fn key_rows(
        &self,
        insert: &Insert<'a>,
        table: &Arc<Table>,
        names: &[Ident<'a>],
    ) -> Result<Vec<KeyRows<'a>>, Error> {
        if !self.looks_after(table) {
            return Ok(Vec::new());
        }
        self.check_duplicates(insert, table)?;
        let references = self.parents_of(table)?;
        // Shards check all keys of a statement or none.
        if references.iter().all(|one| one.is_local()) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for reference in references {
            let mut columns = Vec::with_capacity(reference.key.columns.len());
            for column in &reference.key.columns {
                let place = names.iter().position(|name| same_name(name.as_str(), column));
                columns.push(match place {
                    Some(place) => KeyColumn::Place(place),
                    None => KeyColumn::Default(self.default_of(table, column)?),
                });
            }
            let is_null = |one: &KeyColumn<'_>| matches!(one, KeyColumn::Default(Expr::Null));
            if columns.iter().any(is_null) {
                continue;
            }
            if reference.is_own() && insert.ignore {
                return Err(Error::unsupported(format!(
                    "INSERT IGNORE into table {}, which refers to itself over shards",
                    table.name
                )));
            }
            let (rows, offsets) = (Vec::new(), Vec::new());
            let search = self.parent_search(&reference)?;
            let parents = RowParents { rows, offsets, search, is_own: reference.is_own() };
            found.push(KeyRows { columns, parents });
        }
        Ok(found)
    }

    /// Refuses ON DUPLICATE KEY UPDATE of what foreign keys over shards are about.
    fn check_duplicates(&self, insert: &Insert<'a>, table: &Arc<Table>) -> Result<(), Error> {
        let assignments: Vec<&Assignment<'a>> = insert.on_duplicate.iter().collect();
        match self.update_reaches_out(table, &assignments)? {
            false => Ok(()),
            true => Err(Error::unsupported(format!(
                "ON DUPLICATE KEY UPDATE of columns of table {} that foreign keys over shards, or \
                 with cascades, are about",
                table.name
            ))),
        }
    }

    /// Notes what a row gives for its keys.
    pub(in crate::dml) fn note_keys(
        &self,
        keys: &mut [KeyRows<'a>],
        table: &Table,
        names: &[Ident<'a>],
        values: &[Expr<'a>],
    ) -> Result<(), Error> {
        for key in keys {
            let mut found = Vec::with_capacity(key.columns.len());
            for column in &key.columns {
                let value = match column {
                    KeyColumn::Default(value) => *value,
                    KeyColumn::Place(place) => match values[*place] {
                        Expr::Default(None) => self.default_of(table, names[*place].as_str())?,
                        value => value,
                    },
                };
                found.push(known_value(value, table)?);
            }
            key.parents.rows.push(found);
        }
        Ok(())
    }

    /// Notes where the columns of keys stand in rows that a query gives.
    pub(in crate::dml) fn note_offsets(
        &self,
        keys: &mut [KeyRows<'a>],
        given: usize,
        table: &Table,
    ) -> Result<(), Error> {
        for key in keys {
            for column in &key.columns {
                match column {
                    KeyColumn::Place(place) if *place < given => key.parents.offsets.push(*place),
                    _ => return Err(untold(table)),
                }
            }
        }
        Ok(())
    }
}

/// Takes a value that is the same for the gateway and for the shard that inserts it.
fn known_value(value: Expr<'_>, table: &Table) -> Result<Eval, Error> {
    match value {
        Expr::Default(_) => Ok(Eval::Literal(TypedBytes::NULL)),
        _ => plain_value(value).ok_or_else(|| untold(table)),
    }
}

fn untold(table: &Table) -> Error {
    Error::unsupported(format!(
        "INSERT of computed or left out values into columns of table {} that refer to rows of \
         other shards",
        table.name
    ))
}
