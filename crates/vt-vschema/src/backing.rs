//! The table behind a lookup vindex: where it lies, and which of its columns say what.

use std::sync::Arc;

use vt_base::{Code, Error, KeyspaceId, TabletType};

use crate::table::same_name;
use crate::{Keyspace, Lookup, Table, VSchema, Vindex};

/// What the executor must know to read and maintain a lookup vindex.
#[derive(Clone, Debug)]
pub struct Backing {
    pub keyspace: Arc<Keyspace>,
    pub table: Arc<str>,
    /// How a row finds its shard; `None` in an unsharded keyspace, or where the table is pinned.
    pub primary: Option<BackingPrimary>,
    /// All rows are in the shard of this keyspace id.
    pub pinned: Option<KeyspaceId>,
    /// The columns that hold the values, the one that is looked up first.
    pub from: Vec<Arc<str>>,
    /// The column that holds the keyspace id.
    pub to: Arc<str>,
    pub owner: Option<Owner>,
}

/// The primary vindex of a backing table in a sharded keyspace.
#[derive(Clone, Debug)]
pub struct BackingPrimary {
    pub vindex: Arc<Vindex>,
    pub columns: Vec<BackingColumn>,
}

/// A column of a backing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackingColumn {
    /// One of [`Backing::from`].
    From(usize),
    To,
}

/// The table whose rows a lookup vindex is about.
#[derive(Clone, Debug)]
pub struct Owner {
    pub keyspace: Arc<Keyspace>,
    pub table: Arc<str>,
    /// Its columns, in the order of [`Backing::from`].
    pub columns: Vec<Arc<str>>,
}

impl VSchema {
    /// Finds the tables behind all lookup vindexes.
    pub(crate) fn link_lookups(&self) {
        for schema in self.keyspaces.values() {
            for vindex in schema.vindexes.values() {
                if let Some(lookup) = vindex.lookup() {
                    vindex.set_backing(self.backing_of(&schema.keyspace.name, vindex, lookup));
                }
            }
        }
    }

    fn backing_of(
        &self,
        keyspace: &str,
        vindex: &Vindex,
        lookup: &Lookup,
    ) -> Result<Backing, Error> {
        let unquoted = lookup.table.replace('`', "");
        let table = match unquoted.split_once('.') {
            Some((keyspace, name)) => self.find_table(Some(keyspace), name, TabletType::Primary)?,
            None => self
                .find_table(None, &unquoted, TabletType::Primary)
                .or_else(|_| self.find_table(Some(keyspace), &unquoted, TabletType::Primary))?,
        };
        let from: Vec<Arc<str>> = lookup.from.iter().map(|one| one.as_str().into()).collect();
        let to: Arc<str> = lookup.to.as_str().into();
        if from.iter().any(|one| one.is_empty()) || to.is_empty() {
            return Err(wrong(vindex, "has no columns (parameters from and to)"));
        }
        let needs_primary =
            table.keyspace.sharded && table.pinned.is_none() && !table.is_reference();
        let primary = match needs_primary {
            true => Some(primary_of(&table, &from, &to).ok_or_else(|| {
                wrong(vindex, "has a table whose primary vindex is over other columns than its own")
            })?),
            false => None,
        };
        Ok(Backing {
            keyspace: table.keyspace.clone(),
            table: table.name.clone(),
            primary,
            pinned: table.pinned.clone(),
            owner: self.owner_of(keyspace, vindex, from.len())?,
            from,
            to,
        })
    }

    fn owner_of(
        &self,
        keyspace: &str,
        vindex: &Vindex,
        width: usize,
    ) -> Result<Option<Owner>, Error> {
        let Some(owner) = &vindex.owner else { return Ok(None) };
        let table = self.keyspaces.get(keyspace).and_then(|schema| schema.tables.get(owner));
        let Some(table) = table else { return Ok(None) };
        let Some(column_vindex) = table.owned_vindexes().find(|one| one.vindex.name == vindex.name)
        else {
            return Ok(None);
        };
        if column_vindex.columns.len() != width {
            return Err(wrong(vindex, "has another number of columns than its table"));
        }
        Ok(Some(Owner {
            keyspace: table.keyspace.clone(),
            table: table.name.clone(),
            columns: column_vindex.columns.clone(),
        }))
    }
}

/// Returns how a row of a backing table finds its shard from the row's own columns.
fn primary_of(table: &Table, from: &[Arc<str>], to: &str) -> Option<BackingPrimary> {
    let primary = table.primary_vindex()?;
    if primary.vindex.lookup().is_some() {
        return None;
    }
    let place = |column: &Arc<str>| match from.iter().position(|one| same_name(one, column)) {
        Some(place) => Some(BackingColumn::From(place)),
        None => same_name(to, column).then_some(BackingColumn::To),
    };
    let columns = primary.columns.iter().map(place).collect::<Option<Vec<_>>>()?;
    Some(BackingPrimary { vindex: primary.vindex.clone(), columns })
}

fn wrong(vindex: &Vindex, what: &str) -> Error {
    Error::new(Code::FailedPrecondition, format!("lookup vindex {} {what}", vindex.name))
}
