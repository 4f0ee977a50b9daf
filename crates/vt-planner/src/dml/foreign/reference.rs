//! Foreign keys between tables of a keyspace.

use std::sync::Arc;

use vt_base::Error;
use vt_sql::ast::Ident;
use vt_vschema::Table;
use vt_vschema::spec::{ForeignKeySpec, ReferenceAction};
use vt_vschema::table::same_name;

use crate::planner::Planner;

/// A foreign key with its two tables.
#[derive(Clone)]
pub(super) struct Reference {
    pub(super) child: Arc<Table>,
    pub(super) parent: Arc<Table>,
    pub(super) key: Arc<ForeignKeySpec>,
}

impl Reference {
    /// Returns whether a row always lies in the shard of the one that it refers to, where a server
    /// sees both.
    pub(super) fn is_local(&self) -> bool {
        let Reference { child, parent, key } = self;
        if parent.is_reference() || child.is_reference() {
            return parent.is_reference();
        }
        if child.pinned.is_some() || parent.pinned.is_some() {
            return child.pinned == parent.pinned;
        }
        let (Some(of_child), Some(of_parent)) = (child.primary_vindex(), parent.primary_vindex())
        else {
            return false;
        };
        let refers = |(child, parent): (&Arc<str>, &Arc<str>)| {
            let mut pairs = key.columns.iter().zip(&key.parent_columns);
            pairs.any(|pair| same_name(pair.0, child) && same_name(pair.1, parent))
        };
        of_child.vindex.name == of_parent.vindex.name
            && of_child.vindex.lookup().is_none()
            && of_child.columns.len() == of_parent.columns.len()
            && of_child.columns.iter().zip(&of_parent.columns).all(refers)
    }

    /// Returns whether a table refers to itself.
    pub(super) fn is_own(&self) -> bool {
        self.child.name == self.parent.name
    }

    /// MySQL's words for a row that has no parent (1452).
    pub(super) fn no_parent(&self) -> String {
        format!("Cannot add or update a child row: {}", self.fails())
    }

    /// MySQL's words for a row that has children (1451).
    pub(super) fn has_children(&self) -> String {
        format!("Cannot delete or update a parent row: {}", self.fails())
    }

    fn fails(&self) -> String {
        let Reference { child, parent, key } = self;
        let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
        let list =
            |names: &[String]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        let action = |when: &str, action: ReferenceAction| match action {
            ReferenceAction::Restrict => String::new(),
            ReferenceAction::Cascade => format!(" ON {when} CASCADE"),
            ReferenceAction::SetNull => format!(" ON {when} SET NULL"),
            ReferenceAction::SetDefault => format!(" ON {when} SET DEFAULT"),
        };
        format!(
            "a foreign key constraint fails ({}.{}, CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} \
             ({}){}{})",
            quoted(&child.keyspace.name),
            quoted(&child.name),
            quoted(&key.name),
            list(&key.columns),
            quoted(&parent.name),
            list(&key.parent_columns),
            action("DELETE", key.on_delete),
            action("UPDATE", key.on_update),
        )
    }
}

impl<'a> Planner<'a> {
    /// Returns the foreign keys of a table.
    ///
    /// # Errors
    /// A parent is no table of the vschema, so that no one knows where its rows lie.
    pub(super) fn parents_of(&self, table: &Arc<Table>) -> Result<Vec<Reference>, Error> {
        let mut found = Vec::new();
        for key in &table.foreign_keys {
            let schema = self.ctx.vschema.keyspace(&table.keyspace.name)?;
            let Some(parent) = schema.tables.get(key.parent_table.as_str()) else {
                return Err(Error::unsupported(format!(
                    "changing rows of table {}, which refer to table {} that the VSchema does not \
                     name",
                    table.name, key.parent_table
                )));
            };
            let (child, parent) = (table.clone(), parent.clone());
            found.push(Reference { child, parent, key: key.clone() });
        }
        Ok(found)
    }

    /// Returns the foreign keys of other tables, or its own, that refer to a table.
    pub(super) fn children_of(&self, table: &Arc<Table>) -> Vec<Reference> {
        let Some(schema) = self.ctx.vschema.keyspaces.get(&table.keyspace.name) else {
            return Vec::new();
        };
        let of_child = |child: &Arc<Table>| {
            let keys: Vec<_> = child
                .foreign_keys
                .iter()
                .filter(|key| key.parent_table == *table.name)
                .map(|key| (child.clone(), key.clone()))
                .collect();
            keys
        };
        let all = schema.tables.values().flat_map(of_child);
        all.map(|(child, key)| Reference { child, parent: table.clone(), key }).collect()
    }

    /// Makes a name of the planner's own.
    pub(super) fn ident(&self, name: &str) -> Ident<'a> {
        Ident::new(self.arena.text(name))
    }
}
