//! The vschema that queries are planned with.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use vt_base::{Error, TabletType};

use crate::spec::{MirrorRuleSpec, MultiTenantSpec, SrvVSchemaSpec, TrackedTable};
use crate::{Table, View, Vindex};

/// Every keyspace with its tables and vindexes, and the rules that route between them.
///
/// It does not change; a new one is built, or made with [`VSchema::with_tables`]. What is kept
/// behind `Arc` is shared by both.
#[derive(Clone, Debug, Default)]
pub struct VSchema {
    pub keyspaces: BTreeMap<Arc<str>, Arc<KeyspaceSchema>>,
    /// Rules by `from_table`: `t`, `ks.t`, `ks.t@replica`.
    pub routing_rules: BTreeMap<String, RoutingRule>,
    /// (keyspace, shard) to the keyspace that serves it.
    pub shard_routing_rules: HashMap<(String, String), Arc<str>>,
    /// `ks` or `ks@type` to the keyspace that serves it.
    pub keyspace_routing_rules: HashMap<String, Arc<str>>,
    pub mirror_rules: Vec<MirrorRuleSpec>,
    /// Tables by bare name, of the keyspaces that allow it; `None` where several keyspaces have it.
    pub(crate) global_tables: HashMap<Arc<str>, Option<Arc<Table>>>,
    /// Vindexes by bare name, likewise.
    pub(crate) global_vindexes: HashMap<Arc<str>, Option<Arc<Vindex>>>,
    spec: Arc<SrvVSchemaSpec>,
}

/// A keyspace's name and nature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyspace {
    pub name: Arc<str>,
    pub sharded: bool,
}

/// A keyspace with all that is in it.
#[derive(Clone, Debug)]
pub struct KeyspaceSchema {
    pub keyspace: Arc<Keyspace>,
    pub tables: BTreeMap<Arc<str>, Arc<Table>>,
    pub vindexes: BTreeMap<Arc<str>, Arc<Vindex>>,
    /// Views by name, as schema tracking found them.
    pub views: BTreeMap<Arc<str>, Arc<View>>,
    pub require_explicit_routing: bool,
    pub foreign_key_mode: ForeignKeyMode,
    pub multi_tenant: Option<MultiTenantSpec>,
    /// What is wrong with the keyspace's vschema; tables may then be missing.
    pub error: Option<Error>,
}

/// Who looks after foreign keys of a keyspace; numbered as `Keyspace.ForeignKeyMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ForeignKeyMode {
    #[default]
    Unspecified = 0,
    Disallow = 1,
    Unmanaged = 2,
    Managed = 3,
}

impl ForeignKeyMode {
    /// Returns the mode of a number on the wire; an unknown number is `Unspecified`.
    pub fn from_i32(number: i32) -> ForeignKeyMode {
        match number {
            1 => ForeignKeyMode::Disallow,
            2 => ForeignKeyMode::Unmanaged,
            3 => ForeignKeyMode::Managed,
            _ => ForeignKeyMode::Unspecified,
        }
    }

    /// Returns the name as the vschema writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            ForeignKeyMode::Unspecified => "unspecified",
            ForeignKeyMode::Disallow => "disallow",
            ForeignKeyMode::Unmanaged => "unmanaged",
            ForeignKeyMode::Managed => "managed",
        }
    }
}

/// Where a table's queries go.
#[derive(Clone, Debug)]
pub enum RoutingRule {
    To(Arc<Table>),
    /// The rule has no target: the table may not be used.
    Disabled,
    Wrong(Error),
}

impl VSchema {
    /// Builds the vschema; never fails as a whole.
    ///
    /// A keyspace with errors keeps the first of them in its [`KeyspaceSchema::error`], and the
    /// others work; a wrong routing rule gives its error to who uses it.
    pub fn build(spec: &SrvVSchemaSpec) -> VSchema {
        crate::build::build(spec)
    }

    pub(crate) fn empty(spec: &SrvVSchemaSpec) -> VSchema {
        VSchema { spec: Arc::new(spec.clone()), ..VSchema::default() }
    }

    /// Returns what the vschema was built from.
    pub fn spec(&self) -> &Arc<SrvVSchemaSpec> {
        &self.spec
    }

    /// Returns a keyspace of a name.
    ///
    /// # Errors
    /// `VT05003` if there is none.
    pub fn keyspace(&self, name: &str) -> Result<&Arc<KeyspaceSchema>, Error> {
        self.keyspaces.get(name).ok_or_else(|| Error::vt(vt_base::ErrorId::VT05003, name))
    }

    /// Returns the keyspace that serves a keyspace's queries, by the keyspace routing rules.
    pub fn route_keyspace<'a>(&'a self, keyspace: &'a str, tablet_type: TabletType) -> &'a str {
        let qualified = format!("{keyspace}@{tablet_type}");
        self.keyspace_routing_rules
            .get(&qualified)
            .or_else(|| self.keyspace_routing_rules.get(keyspace))
            .map_or(keyspace, |to| to)
    }

    /// Returns the keyspace that serves a shard, by the shard routing rules.
    pub fn route_shard<'a>(&'a self, keyspace: &'a str, shard: &str) -> &'a str {
        if self.shard_routing_rules.is_empty() {
            return keyspace;
        }
        self.shard_routing_rules
            .get(&(keyspace.to_owned(), shard.to_owned()))
            .map_or(keyspace, |to| to)
    }

    /// Returns whether any keyspace has a view.
    pub fn has_views(&self) -> bool {
        self.keyspaces.values().any(|schema| !schema.views.is_empty())
    }

    /// Returns a vschema in which a keyspace has these views: names, and the statements that make
    /// them.
    #[must_use]
    pub fn with_views(&self, keyspace: &str, views: &[(String, String)]) -> VSchema {
        let mut next = self.clone();
        let Some(old) = self.keyspaces.get(keyspace) else { return next };
        let mut schema = KeyspaceSchema::clone(old);
        schema.views = views
            .iter()
            .map(|(name, definition)| {
                let name: Arc<str> = name.as_str().into();
                let view = View { name: name.clone(), definition: definition.as_str().into() };
                (name, Arc::new(view))
            })
            .collect();
        next.keyspaces.insert(schema.keyspace.name.clone(), Arc::new(schema));
        next
    }

    /// Returns a vschema in which tables have the columns and keys that schema tracking found.
    ///
    /// A table that the vschema does not name is added if its keyspace is unsharded; in a sharded
    /// keyspace it stays unknown, since nothing says where its rows are. Columns that the vschema
    /// declares authoritative stay as they are.
    #[must_use]
    pub fn with_tables(&self, keyspace: &str, tables: &[(String, TrackedTable)]) -> VSchema {
        let mut next = self.clone();
        let Some(old) = self.keyspaces.get(keyspace) else { return next };
        let mut schema = KeyspaceSchema::clone(old);
        for (name, tracked) in tables {
            let found = match schema.tables.get(name.as_str()) {
                Some(table) => Table::clone(table),
                None if schema.keyspace.sharded => continue,
                None => Table::unknown(schema.keyspace.clone(), name),
            };
            let table = Arc::new(found.with_tracked(tracked));
            schema.tables.insert(table.name.clone(), table);
        }
        next.keyspaces.insert(schema.keyspace.name.clone(), Arc::new(schema));
        next.link();
        next
    }
}

#[cfg(test)]
mod tests;
