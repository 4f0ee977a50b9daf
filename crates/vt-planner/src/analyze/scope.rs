//! The tables that a SELECT can name columns of, and those of the queries around it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_sql::ast::{ColumnName, CommonTable, Ident, TableName};
use vt_value::Type;
use vt_vschema::table::same_name;
use vt_vschema::{Column, Table};

use super::joined::JoinedColumn;

/// A set of tables of one statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tables(u128);

impl Tables {
    pub(crate) const NONE: Tables = Tables(0);

    /// Returns the set of one table.
    ///
    /// # Errors
    /// A statement has more tables than a set can hold.
    pub(crate) fn single(id: usize) -> Result<Tables, Error> {
        match id {
            0..128 => Ok(Tables(1 << id)),
            _ => Err(Error::unsupported("more than 128 tables in a statement")),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn with(self, other: Tables) -> Tables {
        Tables(self.0 | other.0)
    }

    pub(crate) fn both(self, other: Tables) -> Tables {
        Tables(self.0 & other.0)
    }

    pub(crate) fn without(self, other: Tables) -> Tables {
        Tables(self.0 & !other.0)
    }

    pub(crate) fn overlaps(self, other: Tables) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn is_within(self, other: Tables) -> bool {
        self.0 & !other.0 == 0
    }
}

/// A table of a FROM.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) id: Tables,
    /// The name that columns are qualified with.
    pub(crate) name: Ident<'a>,
    /// The keyspace that the statement named it with, or that it was found in.
    pub(crate) keyspace: Option<Arc<str>>,
    pub(crate) source: Source,
}

impl Entry<'_> {
    /// Returns whether a name, perhaps with a keyspace before it, is that of the table.
    pub(crate) fn is_named(&self, name: Option<TableName<'_>>) -> bool {
        name.is_none_or(|name| {
            self.name.as_str() == name.name.as_str()
                && name.qualifier.is_none_or(|keyspace| {
                    self.keyspace.as_deref().is_none_or(|held| held == keyspace.as_str())
                })
        })
    }
}

/// Where an entry's columns come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Table(Arc<Table>),
    /// A derived table whose columns are known.
    Columns(Arc<[OutColumn]>),
    /// Something whose columns nobody knows.
    Unknown,
}

/// Stands for the collation of the connection, which is known when a plan runs.
pub(crate) const OF_CONNECTION: &str = "connection";

/// A column that a query gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutColumn {
    pub(crate) name: Arc<str>,
    /// The type, where it is known.
    pub(crate) typ: Option<Type>,
    /// The collation, where it is known; [`OF_CONNECTION`] for what literals and numbers make.
    pub(crate) collation: Option<Arc<str>>,
}

impl Source {
    /// Returns whether there is a column of a name: yes, no, or perhaps (`None`).
    pub(crate) fn has(&self, name: &str) -> Option<bool> {
        match self {
            Source::Unknown => None,
            Source::Columns(columns) => {
                Some(columns.iter().any(|column| same_name(&column.name, name)))
            }
            Source::Table(table) => {
                let declared = table.column(name).is_some()
                    || table
                        .column_vindexes
                        .iter()
                        .any(|one| one.columns.iter().any(|column| same_name(column, name)));
                match (declared, table.authoritative) {
                    (true, _) => Some(true),
                    (false, true) => Some(false),
                    (false, false) => None,
                }
            }
        }
    }

    /// Returns the columns that `*` stands for; `None` if they are not known.
    pub(crate) fn star_columns(&self) -> Option<Vec<OutColumn>> {
        match self {
            Source::Unknown => None,
            Source::Columns(columns) => Some(columns.to_vec()),
            Source::Table(table) if table.authoritative => Some(
                table
                    .columns
                    .iter()
                    .filter(|column| !column.invisible)
                    .map(|column| OutColumn {
                        name: column.name.clone(),
                        typ: column.is_typed().then_some(column.typ),
                        collation: collation(column),
                    })
                    .collect(),
            ),
            Source::Table(_) => None,
        }
    }

    /// Returns the collation of a column, where it is known.
    pub(crate) fn collation_of(&self, name: &str) -> Option<Arc<str>> {
        match self {
            Source::Unknown => None,
            Source::Columns(columns) => {
                let column = columns.iter().find(|column| same_name(&column.name, name))?;
                column.collation.clone().filter(|name| **name != *OF_CONNECTION)
            }
            Source::Table(table) => table.column(name).and_then(collation),
        }
    }

    /// Returns whether the strings of a column have the collation of the connection.
    pub(crate) fn is_of_connection(&self, name: &str) -> bool {
        let Source::Columns(columns) = self else { return false };
        let column = columns.iter().find(|column| same_name(&column.name, name));
        column.is_some_and(|column| column.collation.as_deref() == Some(OF_CONNECTION))
    }

    /// Returns the type of a column, where it is known.
    pub(crate) fn type_of(&self, name: &str) -> Option<Type> {
        match self {
            Source::Unknown => None,
            Source::Columns(columns) => {
                columns.iter().find(|column| same_name(&column.name, name))?.typ
            }
            Source::Table(table) => {
                table.column(name).filter(|column| column.is_typed()).map(|column| column.typ)
            }
        }
    }
}

fn collation(column: &Column) -> Option<Arc<str>> {
    (!column.collation_name.is_empty()).then(|| column.collation_name.clone())
}

/// The tables of a SELECT, with the scope of the query around it.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) entries: Vec<Rc<Entry<'a>>>,
    /// What the gateway computes for each row, as if it were a table: no star has it, and only
    /// names that no statement can write find it.
    pub(crate) computed: RefCell<Vec<Rc<Entry<'a>>>>,
    /// Columns that joins have merged with others of their names ([`super::joined`]).
    pub(crate) hidden: Vec<JoinedColumn<'a>>,
    /// What a star stands for where joins merge columns, if it is known.
    pub(crate) joined: Option<Vec<JoinedColumn<'a>>>,
    pub(crate) parent: Option<Rc<Scope<'a>>>,
    /// The common tables that the select may read, the nearest last.
    pub(crate) common: Vec<&'a CommonTable<'a>>,
}

/// What a column's name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Resolved<'a> {
    /// A column of this table, of the select itself (`depth` 0) or of a query around it.
    One {
        entry: Rc<Entry<'a>>,
        depth: usize,
    },
    /// One of several tables has the column, and nothing tells which.
    Several {
        tables: Tables,
    },
    Nothing,
}

impl<'a> Scope<'a> {
    /// Finds the table that a column belongs to.
    ///
    /// # Errors
    /// `VT03021` if several tables are known to have it.
    pub(crate) fn resolve(&self, column: &ColumnName<'_>) -> Result<Resolved<'a>, Error> {
        let mut scope = Some(self);
        let mut depth = 0;
        while let Some(here) = scope {
            match here.resolve_here(column, depth)? {
                Resolved::Nothing => {}
                found => return Ok(found),
            }
            scope = here.parent.as_deref();
            depth += 1;
        }
        Ok(Resolved::Nothing)
    }

    fn resolve_here(&self, column: &ColumnName<'_>, depth: usize) -> Result<Resolved<'a>, Error> {
        if let Some(table) = column.table {
            let computed = self.computed.borrow();
            let mut all = self.entries.iter().chain(computed.iter());
            let found = all.find(|entry| entry.is_named(Some(table)));
            return Ok(match found {
                Some(entry) => Resolved::One { entry: entry.clone(), depth },
                None => Resolved::Nothing,
            });
        }
        let name = column.name.as_str();
        let shown = |entry: &&Rc<Entry<'a>>| {
            let merged =
                |one: &JoinedColumn<'a>| one.entry.id == entry.id && same_name(&one.name, name);
            !self.hidden.iter().any(merged)
        };
        let entries = || self.entries.iter().filter(shown);
        let mut sure = entries().filter(|entry| entry.source.has(name) == Some(true));
        if let Some(entry) = sure.next() {
            return match sure.next() {
                None => Ok(Resolved::One { entry: entry.clone(), depth }),
                Some(_) => Err(Error::vt(ErrorId::VT03021, name)),
            };
        }
        let perhaps: Vec<&Rc<Entry<'a>>> =
            entries().filter(|entry| entry.source.has(name).is_none()).collect();
        Ok(match perhaps.as_slice() {
            [] => Resolved::Nothing,
            [entry] => Resolved::One { entry: Rc::clone(entry), depth },
            several => Resolved::Several {
                tables: several.iter().fold(Tables::NONE, |all, entry| all.with(entry.id)),
            },
        })
    }

    /// Returns all tables of the select itself.
    pub(crate) fn own_tables(&self) -> Tables {
        let computed = self.computed.borrow();
        self.entries
            .iter()
            .chain(computed.iter())
            .fold(Tables::NONE, |all, entry| all.with(entry.id))
    }

    /// Returns the columns that a star stands for, of one table or of all; `None` if they are not
    /// known. There are none where no table has the name.
    pub(crate) fn star(
        &self,
        of: Option<TableName<'_>>,
    ) -> Option<Vec<(Rc<Entry<'a>>, OutColumn)>> {
        if let (None, false) = (of, self.hidden.is_empty()) {
            let column = |one: &JoinedColumn<'a>| {
                let (typ, collation) =
                    (one.entry.source.type_of(&one.name), one.entry.source.collation_of(&one.name));
                (one.entry.clone(), OutColumn { name: one.name.clone(), typ, collation })
            };
            return Some(self.joined.as_ref()?.iter().map(column).collect());
        }
        let mut all = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.is_named(of)) {
            let columns = entry.source.star_columns()?;
            all.extend(columns.into_iter().map(|column| (entry.clone(), column)));
        }
        Some(all)
    }

    /// Makes a scope without tables.
    pub(crate) fn empty(common: Vec<&'a CommonTable<'a>>) -> Scope<'a> {
        Scope { common, ..Scope::default() }
    }

    /// Finds a common table by name.
    pub(crate) fn common_table(&self, name: &str) -> Option<&'a CommonTable<'a>> {
        self.common.iter().rev().find(|table| table.name.is(name)).copied()
    }
}
