//! Statements that define tables and views: to every shard of their keyspace.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Node, Route, Routing};
use vt_sql::ast::{
    AlterAction, ColumnOption, CreateTable, Statement, TableElement, TableName, View,
};
use vt_vschema::{Destination, Keyspace};

use crate::analyze::tables::tables_of_query;
use crate::planner::{Located, Planner, is_system_schema};
use crate::shard_form::{ShardForm, shard_sql};
use crate::tree::Rewrite;

impl<'a> Planner<'a> {
    /// Plans a statement that defines something; `None` if it is none.
    pub(crate) fn plan_ddl(&self, statement: Statement<'a>) -> Result<Option<Node>, Error> {
        let keyspace = match statement {
            Statement::CreateTable(create) => {
                let keyspace = self.keyspace_for(create.name)?;
                self.check_create(create, &keyspace)?;
                if create.temporary && keyspace.sharded {
                    let what = "Temporary table not supported in sharded database";
                    return Err(Error::unsupported(format!("{what} {}", keyspace.name)));
                }
                keyspace
            }
            Statement::AlterTable(alter) => {
                let keyspace = self.keyspace_of(&[alter.name])?;
                for action in alter.actions {
                    match action {
                        AlterAction::Add(element) => self.check_element(element, &keyspace)?,
                        AlterAction::RenameTable(to) => self.check_same(*to, &keyspace)?,
                        AlterAction::ExchangePartition { table, .. } => {
                            self.check_same(*table, &keyspace)?;
                        }
                        _ => {}
                    }
                }
                keyspace
            }
            Statement::DropTable(drop) => self.keyspace_of(drop.tables)?,
            Statement::TruncateTable(name) => self.keyspace_of(&[name])?,
            Statement::RenameTable(pairs) => {
                let names: Vec<TableName<'a>> = pairs.iter().map(|pair| pair.from).collect();
                let keyspace = self.keyspace_of(&names)?;
                pairs.iter().try_for_each(|pair| self.check_same(pair.to, &keyspace))?;
                keyspace
            }
            Statement::CreateIndex(create) => self.keyspace_of(&[create.table])?,
            Statement::DropIndex(drop) => self.keyspace_of(&[drop.table])?,
            Statement::View(view) => return self.plan_view(view).map(Some),
            Statement::DropView(drop) => self.keyspace_of(drop.views)?,
            _ => return Ok(None),
        };
        Ok(Some(to_every_shard(&keyspace, shard_sql(&statement))))
    }

    /// Refuses the parent of a foreign key in another keyspace; a bare name is of the child's.
    fn check_parent(&self, name: TableName<'_>, keyspace: &Arc<Keyspace>) -> Result<(), Error> {
        match name.qualifier {
            Some(_) => self.check_same(name, keyspace),
            None => Ok(()),
        }
    }

    /// Refuses a name of another keyspace: on the shards, names have no keyspaces.
    fn check_same(&self, name: TableName<'_>, keyspace: &Arc<Keyspace>) -> Result<(), Error> {
        // A bare name is of the session's keyspace; without one it is found by itself.
        let bare = name.qualifier.is_none() && self.ctx.keyspace.is_none();
        if !bare && self.keyspace_for(name)? != *keyspace {
            let what =
                "Tables or Views specified in the query do not belong to the same destination";
            return Err(Error::unsupported(what));
        }
        Ok(())
    }

    fn check_create(
        &self,
        create: &CreateTable<'a>,
        keyspace: &Arc<Keyspace>,
    ) -> Result<(), Error> {
        if let Some(like) = create.like {
            self.check_same(like, keyspace)?;
        }
        if let Some(source) = &create.source {
            if keyspace.sharded {
                return Err(Error::unsupported("CREATE TABLE ... SELECT on sharded keyspace"));
            }
            for name in tables_of_query(source.query) {
                self.check_same(name, keyspace)?;
            }
        }
        create.elements.iter().try_for_each(|element| self.check_element(element, keyspace))
    }

    fn check_element(
        &self,
        element: &TableElement<'_>,
        keyspace: &Arc<Keyspace>,
    ) -> Result<(), Error> {
        match element {
            TableElement::ForeignKey(key) => self.check_parent(key.references.table, keyspace),
            TableElement::Column(column) => {
                column.options.iter().try_for_each(|option| match option {
                    ColumnOption::References(to) => self.check_parent(to.table, keyspace),
                    _ => Ok(()),
                })
            }
            TableElement::Index(_) | TableElement::Check(_) => Ok(()),
        }
    }

    fn plan_view(&self, view: &'a View<'a>) -> Result<Node, Error> {
        let keyspace = self.keyspace_for(view.name)?;
        for name in tables_of_query(view.query) {
            let same = match self.locate_or_view(name, &keyspace)? {
                None => true,
                Some(Located::Table(table)) => table.keyspace == keyspace,
                Some(Located::Vindex { .. }) => false,
                Some(Located::System) => true,
            };
            if !same {
                let what =
                    "Select query does not belong to the same keyspace as the view statement";
                return Err(Error::unsupported(what));
            }
        }
        let query = ShardForm::new(self).query(view.query)?;
        let view = Statement::View(self.arena.node(View { query, ..*view }));
        Ok(to_every_shard(&keyspace, shard_sql(&view)))
    }

    /// Finds what a name stands for; `None` for a view of the keyspace.
    fn locate_or_view(
        &self,
        name: TableName<'a>,
        keyspace: &Arc<Keyspace>,
    ) -> Result<Option<Located>, Error> {
        let is_view =
            self.ctx.vschema.keyspace(&keyspace.name)?.views.contains_key(name.name.as_str());
        let is_here = match name.qualifier {
            Some(_) => self.keyspace_for(name)? == *keyspace,
            None => true,
        };
        if is_view && is_here {
            return Ok(None);
        }
        self.locate(name).map(Some)
    }

    /// Returns the keyspace that a name of something new belongs to.
    pub(crate) fn keyspace_for(&self, name: TableName<'_>) -> Result<Arc<Keyspace>, Error> {
        match name.qualifier {
            Some(qualifier) => {
                let qualifier = qualifier.as_str();
                if is_system_schema(qualifier) {
                    return Err(Error::vt(ErrorId::VT05003, qualifier));
                }
                let routed = self.ctx.vschema.route_keyspace(qualifier, self.ctx.tablet_type);
                Ok(self.ctx.vschema.keyspace(routed)?.keyspace.clone())
            }
            None => Ok(self.default_keyspace()?.keyspace.clone()),
        }
    }

    /// Returns the one keyspace that tables lie in; tables that the vschema does not know lie
    /// where their name, or the session, says.
    pub(crate) fn keyspace_of(&self, names: &[TableName<'_>]) -> Result<Arc<Keyspace>, Error> {
        let mut found: Option<Arc<Keyspace>> = None;
        for name in names {
            let keyspace = match self.locate(*name) {
                Ok(Located::Table(table)) => table.keyspace.clone(),
                Ok(_) => self.keyspace_for(*name)?,
                Err(error) => match self.keyspace_for(*name) {
                    Ok(keyspace) => keyspace,
                    // Without a keyspace to fall back on, the look-up's own error tells more.
                    Err(_) => return Err(error),
                },
            };
            if found.as_ref().is_some_and(|one| *one != keyspace) {
                let what =
                    "Tables or Views specified in the query do not belong to the same destination";
                return Err(Error::unsupported(what));
            }
            found = Some(keyspace);
        }
        found.ok_or_else(|| Error::vt(ErrorId::VT05007, ""))
    }
}

/// Makes the step that sends a statement to all shards of a keyspace.
pub(crate) fn to_every_shard(keyspace: &Arc<Keyspace>, sql: String) -> Node {
    let routing = match keyspace.sharded {
        true => Routing::By(Destination::AllShards),
        false => Routing::Unsharded,
    };
    let mut route = Route::new(keyspace.name.clone(), routing, sql);
    route.read_only = false;
    Node::Route(Box::new(route))
}

/// Makes the step that changes every copy of a reference table.
pub(crate) fn to_every_copy(keyspace: &Arc<Keyspace>, sql: String) -> Node {
    let mut node = to_every_shard(keyspace, sql);
    if let Node::Route(route) = &mut node {
        route.copies = true;
    }
    node
}
