//! Results of text that the gateway makes.

use vt_base::Result;
use vt_value::{Field, QueryResult, RowsBuilder, Type};

use super::Filter;

/// A result under way: columns of text.
pub struct Table {
    names: Vec<&'static str>,
    fields: Vec<Field>,
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// Makes a result with these columns.
    pub fn new(columns: &[&'static str]) -> Table {
        let fields = columns.iter().map(|name| Field::new(name, Type::VARCHAR)).collect();
        Table { names: columns.to_vec(), fields, rows: Vec::new() }
    }

    /// Makes a column one of numbers.
    #[must_use]
    pub fn number(mut self, column: usize, typ: Type) -> Table {
        let name = self.fields[column].name.clone();
        self.fields[column] = Field::new(&name, typ);
        self
    }

    /// Adds a row.
    pub fn push<const N: usize>(&mut self, row: [Option<String>; N]) {
        self.rows.push(row.into());
    }

    /// Leaves only the rows that a filter takes; LIKE looks at `column`.
    pub fn filter(mut self, filter: &Filter, column: usize) -> Result<Table> {
        filter.check(&self.names)?;
        let names = &self.names;
        self.rows.retain(|row| filter.takes(names, row, column));
        Ok(self)
    }

    pub fn finish(self) -> QueryResult {
        let mut rows = RowsBuilder::default();
        for row in &self.rows {
            rows.push(row.iter().map(|value| value.as_ref().map(String::as_bytes)));
        }
        QueryResult::with_rows(self.fields, rows.finish())
    }
}
