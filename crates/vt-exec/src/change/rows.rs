//! The rows that a change found, with where they lie.

use std::collections::HashSet;

use vt_base::{Error, KeyspaceId};
use vt_plan::TableChange;
use vt_value::{BindVars, QueryResult, TypedBytes};
use vt_vschema::ShardMap;

use super::shards_of;

/// Rows of one table, each once.
pub(crate) struct FoundRows<'a> {
    input: &'a QueryResult,
    pub(crate) rows: Vec<FoundRow>,
}

/// A row of one table.
pub(crate) struct FoundRow {
    /// Its place in the input.
    place: usize,
    /// The places of the shards that hold it.
    pub(crate) shards: Vec<usize>,
    pub(super) id: Option<KeyspaceId>,
}

impl<'a> FoundRows<'a> {
    /// Takes the rows of a table out of what the query gave.
    pub(super) fn of(
        table: &TableChange,
        input: &'a QueryResult,
        map: &ShardMap,
    ) -> Result<FoundRows<'a>, Error> {
        let mut found = FoundRows { input, rows: Vec::new() };
        let mut seen = HashSet::new();
        for place in 0..input.rows.len() {
            let row = FoundRow { place, shards: Vec::new(), id: None };
            let key = found.values(&row, &table.key)?;
            if key.iter().any(TypedBytes::is_null) {
                continue;
            }
            let (shards, id) = shards_of(table, map, |columns| found.values(&row, columns))?;
            // Keys are unique within a shard.
            if !table.key.is_empty() && !seen.insert((shards.clone(), key)) {
                continue;
            }
            found.rows.push(FoundRow { place, shards, id });
        }
        Ok(found)
    }

    /// Returns values of a row.
    pub(crate) fn values(
        &self,
        row: &FoundRow,
        places: &[usize],
    ) -> Result<Vec<TypedBytes>, Error> {
        let row = self.input.rows.get(row.place);
        let mut cells = Vec::with_capacity(self.input.fields.len());
        crate::step::read_cells(row, self.input.fields.len(), &mut cells)?;
        let value = |place: &usize| {
            let field = self.input.fields.get(*place);
            let field = field.ok_or_else(|| Error::bug("a place outside of the rows to change"))?;
            Ok(cells[*place].map_or(TypedBytes::NULL, |cell| {
                TypedBytes::new(field.typ, self.input.rows.data().slice_ref(cell))
            }))
        };
        places.iter().map(value).collect()
    }

    /// Returns whether a value of a row is 1.
    pub(crate) fn is_true(&self, row: &FoundRow, place: usize) -> bool {
        self.input.rows.get(row.place).column(place) == Some(b"1")
    }

    /// Binds the keys of rows; returns the list of them, `(:_k0_0, :_k1_0), (:_k0_1, :_k1_1)`.
    pub(super) fn bind_keys(
        &self,
        table: &TableChange,
        rows: &[&FoundRow],
        binds: &mut BindVars,
    ) -> Result<String, Error> {
        let mut list = String::new();
        for (index, row) in rows.iter().enumerate() {
            let mut names = Vec::with_capacity(table.key.len());
            for (column, value) in self.values(row, &table.key)?.into_iter().enumerate() {
                let name = format!("_k{column}_{index}");
                names.push(format!(":{name}"));
                binds.set(name, value);
            }
            if index > 0 {
                list.push_str(", ");
            }
            match names.as_slice() {
                [name] => list.push_str(name),
                _ => list.push_str(&format!("({})", names.join(", "))),
            }
        }
        Ok(list)
    }
}
