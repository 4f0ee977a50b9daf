//! Looking names up: which table, or vindex, a name in a statement means.

use std::sync::Arc;

use vt_base::{Code, Error, ErrorId, TabletType};

use crate::vschema::RoutingRule;
use crate::{Table, VSchema, Vindex};

/// What a name in a FROM clause stands for.
#[derive(Clone, Debug)]
pub enum Found {
    Table(Arc<Table>),
    /// A vindex used as a table: `select keyspace_id from hash where id = 1`.
    Vindex {
        keyspace: Arc<str>,
        vindex: Arc<Vindex>,
    },
}

impl VSchema {
    /// Finds the table, else the vindex, of a name.
    ///
    /// `keyspace` is the name's qualifier, or the session's keyspace. Routing rules apply, those of
    /// `tablet_type` first. An unsharded keyspace has every table that is asked of it.
    ///
    /// # Errors
    /// `VT05003` for an unknown keyspace; `VT05004` or `VT05005` for an unknown table; a name that
    /// several keyspaces have is ambiguous; a routing rule's own error.
    pub fn find(
        &self,
        keyspace: Option<&str>,
        name: &str,
        tablet_type: TabletType,
    ) -> Result<Found, Error> {
        // A vindex by that name is seen only where the vschema knows no such table.
        if let Some(table) = self.find_known_table(keyspace, name, tablet_type)? {
            return Ok(Found::Table(table));
        }
        if let Some(found) = self.find_vindex(keyspace, name)? {
            return Ok(found);
        }
        self.find_unsharded(keyspace, name, tablet_type).map(Found::Table)
    }

    /// Finds the table of a name, as [`VSchema::find`] does.
    pub fn find_table(
        &self,
        keyspace: Option<&str>,
        name: &str,
        tablet_type: TabletType,
    ) -> Result<Arc<Table>, Error> {
        match self.find_known_table(keyspace, name, tablet_type)? {
            Some(table) => Ok(table),
            None => self.find_unsharded(keyspace, name, tablet_type),
        }
    }

    /// Finds a table that a routing rule, the vschema or schema tracking names.
    pub(crate) fn find_known_table(
        &self,
        keyspace: Option<&str>,
        name: &str,
        tablet_type: TabletType,
    ) -> Result<Option<Arc<Table>>, Error> {
        if let Some(rule) = self.rule_for(keyspace, name, tablet_type) {
            return match rule {
                RoutingRule::To(table) => Ok(Some(table.clone())),
                RoutingRule::Wrong(error) => Err(error.clone()),
                RoutingRule::Disabled => Err(Error::new(
                    Code::FailedPrecondition,
                    format!("table {name} has been disabled"),
                )),
            };
        }
        match keyspace {
            Some(keyspace) => {
                let routed = self.route_keyspace(keyspace, tablet_type);
                Ok(self.keyspace(routed)?.tables.get(name).cloned())
            }
            None => match self.global_tables.get(name) {
                Some(None) => Err(Error::new(
                    Code::FailedPrecondition,
                    format!("ambiguous table reference: {name}"),
                )),
                Some(table) => Ok(table.clone()),
                None => Ok(None),
            },
        }
    }

    fn rule_for(
        &self,
        keyspace: Option<&str>,
        name: &str,
        tablet_type: TabletType,
    ) -> Option<&RoutingRule> {
        if self.routing_rules.is_empty() {
            return None;
        }
        let qualified = match keyspace {
            Some(keyspace) => format!("{keyspace}.{name}"),
            None => name.to_owned(),
        };
        self.routing_rules
            .get(&format!("{qualified}@{tablet_type}"))
            .or_else(|| self.routing_rules.get(&qualified))
    }

    /// Takes an unknown name as a table of the unsharded keyspace it is asked of.
    fn find_unsharded(
        &self,
        keyspace: Option<&str>,
        name: &str,
        tablet_type: TabletType,
    ) -> Result<Arc<Table>, Error> {
        let keyspace = keyspace.map(|keyspace| self.route_keyspace(keyspace, tablet_type));
        let schema = match keyspace {
            Some(keyspace) => self.keyspace(keyspace)?,
            None => match self.keyspaces.values().next() {
                Some(only) if self.keyspaces.len() == 1 => only,
                _ => return Err(Error::vt(ErrorId::VT05004, name)),
            },
        };
        if !schema.keyspace.sharded {
            return Ok(Arc::new(Table::unknown(schema.keyspace.clone(), name)));
        }
        // The vschema's own error says more than that the table is missing.
        if let Some(error) = &schema.error {
            return Err(error.clone());
        }
        match keyspace {
            Some(keyspace) => Err(Error::vt_with(ErrorId::VT05005, &[&name, &keyspace])),
            None => Err(Error::vt(ErrorId::VT05004, name)),
        }
    }

    fn find_vindex(&self, keyspace: Option<&str>, name: &str) -> Result<Option<Found>, Error> {
        match keyspace {
            Some(keyspace) => {
                let schema = self.keyspace(keyspace)?;
                Ok(schema.vindexes.get(name).map(|vindex| Found::Vindex {
                    keyspace: schema.keyspace.name.clone(),
                    vindex: vindex.clone(),
                }))
            }
            None => match self.global_vindexes.get(name) {
                None => Ok(None),
                Some(None) => Err(Error::new(
                    Code::FailedPrecondition,
                    format!("ambiguous vindex reference: {name}"),
                )),
                Some(Some(_)) => {
                    let owner = self.keyspaces.values().find(|schema| {
                        !schema.require_explicit_routing && schema.vindexes.contains_key(name)
                    });
                    Ok(owner.and_then(|schema| {
                        let vindex = schema.vindexes.get(name)?.clone();
                        Some(Found::Vindex { keyspace: schema.keyspace.name.clone(), vindex })
                    }))
                }
            },
        }
    }
}
