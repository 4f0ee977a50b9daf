//! Tables of a keyspace: their kind, columns and vindexes.

use std::sync::Arc;

use vt_base::KeyspaceId;

use crate::spec::{ForeignKeySpec, TrackedTable};
use crate::{Column, Keyspace, Vindex};

/// A table as queries see it.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: Arc<str>,
    pub keyspace: Arc<Keyspace>,
    pub kind: TableKind,
    /// The vindexes in the vschema's order; the first is the primary vindex. A multi-column vindex
    /// that takes a prefix is followed by an entry for each shorter prefix of its columns.
    pub column_vindexes: Vec<ColumnVindex>,
    pub auto_increment: Option<AutoIncrement>,
    pub columns: Vec<Column>,
    /// `columns` names every column of the table.
    pub authoritative: bool,
    /// All rows are in the shard of this keyspace id.
    pub pinned: Option<KeyspaceId>,
    /// The table that this reference table copies: keyspace and name.
    pub source: Option<(Arc<str>, Arc<str>)>,
    /// The columns of the primary key, where schema tracking knows it.
    pub primary_key: Vec<Arc<str>>,
    /// The further unique keys; `None` for one over expressions or prefixes.
    pub unique_keys: Vec<Option<Vec<Arc<str>>>>,
    pub foreign_keys: Vec<Arc<ForeignKeySpec>>,
}

/// What a table is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableKind {
    #[default]
    Plain,
    /// Gives out numbers.
    Sequence,
    /// The same rows in every shard.
    Reference,
}

/// A vindex over columns of a table.
#[derive(Clone, Debug)]
pub struct ColumnVindex {
    pub columns: Vec<Arc<str>>,
    pub vindex: Arc<Vindex>,
    /// The table maintains the vindex (a lookup) as its rows change.
    pub owned: bool,
    /// `columns` are a proper prefix of the vindex's columns.
    pub partial: bool,
    /// The vindex's cost, and one more for each column that a prefix lacks.
    pub cost: u32,
}

/// The column that takes its values from a sequence.
#[derive(Clone, Debug)]
pub struct AutoIncrement {
    pub column: Arc<str>,
    pub sequence: Arc<Table>,
}

impl Table {
    /// Makes a table of which nothing but its name and keyspace is known.
    pub fn unknown(keyspace: Arc<Keyspace>, name: &str) -> Table {
        Table {
            name: name.into(),
            keyspace,
            kind: TableKind::Plain,
            column_vindexes: Vec::new(),
            auto_increment: None,
            columns: Vec::new(),
            authoritative: false,
            pinned: None,
            source: None,
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            foreign_keys: Vec::new(),
        }
    }

    /// Returns the table with what schema tracking found; columns that the vschema declares
    /// authoritative stay as they are.
    #[must_use]
    pub fn with_tracked(mut self, tracked: &TrackedTable) -> Table {
        let shared = |names: &Vec<String>| names.iter().map(|name| name.as_str().into()).collect();
        if !self.authoritative {
            self.columns = tracked.columns.iter().map(Column::from).collect();
            self.authoritative = !self.columns.is_empty();
        }
        self.primary_key = shared(&tracked.primary_key);
        self.unique_keys = tracked.unique_keys.iter().map(|key| key.as_ref().map(shared)).collect();
        self.foreign_keys = tracked.foreign_keys.iter().cloned().map(Arc::new).collect();
        self
    }

    /// Returns the vindex that decides where a row lies.
    pub fn primary_vindex(&self) -> Option<&ColumnVindex> {
        self.column_vindexes.first()
    }

    /// Returns the vindexes without the prefixes of multi-column ones.
    pub fn whole_vindexes(&self) -> impl Iterator<Item = &ColumnVindex> {
        self.column_vindexes.iter().filter(|one| !one.partial)
    }

    /// Returns the vindexes that this table maintains.
    pub fn owned_vindexes(&self) -> impl Iterator<Item = &ColumnVindex> {
        self.column_vindexes.iter().filter(|one| one.owned)
    }

    /// Returns the column of a name, any letter case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| same_name(&column.name, name))
    }

    pub fn is_reference(&self) -> bool {
        self.kind == TableKind::Reference
    }

    pub fn is_sequence(&self) -> bool {
        self.kind == TableKind::Sequence
    }

    /// Returns `keyspace.table`.
    pub fn qualified_name(&self) -> String {
        format!("{}.{}", self.keyspace.name, self.name)
    }
}

/// Compares names of columns, as MySQL does: without letter case.
pub fn same_name(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || (!left.is_ascii() && left.to_lowercase() == right.to_lowercase())
}
