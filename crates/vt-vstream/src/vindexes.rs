//! The vindexes that a filter may name.

use std::sync::Arc;

use vt_vschema::{ColumnVindex, KeyspaceSchema, VSchema, Vindex};

/// The vschema of all keyspaces, seen from the keyspace that is streamed.
#[derive(Clone, Debug)]
pub struct Vindexes {
    pub all: Arc<VSchema>,
    /// The keyspace whose tables are streamed.
    pub keyspace: Arc<str>,
}

impl Vindexes {
    fn own(&self) -> Option<&KeyspaceSchema> {
        self.all.keyspaces.get(&self.keyspace).map(Arc::as_ref)
    }

    /// Returns the vindex that places the rows of a table of the streamed keyspace.
    pub(crate) fn primary(&self, table: &str) -> Option<&ColumnVindex> {
        self.own()?.tables.get(table)?.primary_vindex()
    }

    /// Returns a vindex by its name, with its keyspace before it or without.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Vindex>> {
        match name.split_once('.') {
            Some((keyspace, name)) => self.all.keyspaces.get(keyspace)?.vindexes.get(name),
            None => self.own()?.vindexes.get(name),
        }
    }
}
