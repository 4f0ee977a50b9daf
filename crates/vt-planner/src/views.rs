//! Views of sharded keyspaces: a view that is read becomes a derived table over its own query, and
//! a change of one becomes a change of its table.
//!
//! Shards have views too, and would read their own part of each; a view that groups, sorts or joins
//! must see the rows of all shards. So names of views never come to the planning of queries.

mod change;

use vt_base::{Error, ErrorId};
use vt_sql::ast::{Derived, Ident, Query, Statement, TableFactor, TableName, TableRef, View};
use vt_sql::visit::{Node, Rewriter, Visitor, Walk};
use vt_sql::{Arena, Modes};

use crate::planner::Planner;

/// How deep views may lie in each other.
const DEPTH_MAX: usize = 32;

impl<'a> Planner<'a> {
    /// Returns the statement without views of sharded keyspaces.
    pub(crate) fn without_views(&self, statement: Statement<'a>) -> Result<Statement<'a>, Error> {
        // A session that is aimed at a shard sees the shard's own views.
        if self.ctx.target.is_some() || !self.ctx.vschema.has_views() {
            return Ok(statement);
        }
        match statement {
            Statement::Query(_) => self.expand(statement, 0),
            Statement::Insert(insert) => {
                let insert = match self.view_at(insert.table, 0)? {
                    Some(view) => self.insert_through(insert, view)?,
                    None => insert,
                };
                let source = self.expand(insert.source, 0)?;
                let on_duplicate = self.expand(insert.on_duplicate, 0)?;
                let insert = vt_sql::ast::Insert { source, on_duplicate, ..*insert };
                Ok(Statement::Insert(self.arena.node(insert)))
            }
            Statement::Update(update) => self.update_without_views(update),
            Statement::Delete(delete) => self.delete_without_views(delete),
            _ => Ok(statement),
        }
    }

    /// Returns a part of a statement in which views that are read are derived tables.
    fn expand<N: Node<'a>>(&self, node: N, depth: usize) -> Result<N, Error> {
        let mut common = CommonTables(Vec::new());
        let _ = node.walk(&mut common);
        let mut rewriter = Expansion { planner: self, common: common.0, depth, error: None };
        let expanded = node.rewritten(&mut rewriter);
        match rewriter.error {
            Some(error) => Err(error),
            None => Ok(expanded),
        }
    }

    /// Finds the view that a name stands for, its tables named with their keyspace.
    fn view_at(&self, name: TableName<'a>, depth: usize) -> Result<Option<&'a View<'a>>, Error> {
        let Some((keyspace, view)) = self.find_view(name) else { return Ok(None) };
        if depth >= DEPTH_MAX {
            let what = format!("views more than {DEPTH_MAX} deep in each other");
            return Err(Error::unsupported(what));
        }
        let text = self.arena.text(&view.definition);
        let parsed = vt_sql::parse(self.arena, text, Modes::default());
        let Ok(Statement::View(parsed)) = parsed else {
            let what = format!("view {}: its definition cannot be read", view.name);
            return Err(Error::unsupported(what));
        };
        let mut common = CommonTables(Vec::new());
        let _ = parsed.query.walk(&mut common);
        let keyspace = Ident::new(self.arena.text(keyspace));
        let mut naming = Naming { arena: self.arena, keyspace, common: common.0 };
        let query = parsed.query.rewritten(&mut naming);
        Ok(Some(self.arena.node(View { query, ..*parsed })))
    }

    fn find_view(&self, name: TableName<'_>) -> Option<(&'a str, &'a vt_vschema::View)> {
        let vschema = self.ctx.vschema;
        let in_keyspace = |keyspace: &'a str| {
            let routed = vschema.route_keyspace(keyspace, self.ctx.tablet_type);
            let schema = vschema.keyspaces.get(routed)?;
            let view = schema.views.get(name.name.as_str())?;
            schema.keyspace.sharded.then_some((&*schema.keyspace.name, &**view))
        };
        match name.qualifier {
            Some(keyspace) => {
                let (known, _) = vschema.keyspaces.get_key_value(keyspace.as_str())?;
                in_keyspace(known)
            }
            None => in_keyspace(self.ctx.keyspace?),
        }
    }
}

/// Finds the names of common tables, which hide views.
struct CommonTables<'a>(Vec<Ident<'a>>);

impl<'a> Visitor<'a> for CommonTables<'a> {
    fn query(&mut self, query: &'a Query<'a>) -> Walk {
        self.0.extend(query.with.iter().flat_map(|with| with.tables).map(|table| table.name));
        Walk::Into
    }
}

struct Expansion<'p, 'a> {
    planner: &'p Planner<'a>,
    common: Vec<Ident<'a>>,
    depth: usize,
    error: Option<Error>,
}

impl<'a> Expansion<'_, 'a> {
    fn expanded(&self, factor: &TableFactor<'a>) -> Result<Option<TableRef<'a>>, Error> {
        let is_common = factor.name.qualifier.is_none()
            && self.common.iter().any(|name| name.is(factor.name.name.as_str()));
        if is_common {
            return Ok(None);
        }
        let planner = self.planner;
        let Some(view) = planner.view_at(factor.name, self.depth)? else { return Ok(None) };
        let query = planner.expand(view.query, self.depth + 1)?;
        let alias = Some(factor.exposed_name());
        let derived = Derived { lateral: false, query, alias, columns: view.columns };
        Ok(Some(TableRef::Derived(planner.arena.node(derived))))
    }
}

impl<'a> Rewriter<'a> for Expansion<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn table_ref(&mut self, table: &TableRef<'a>) -> Option<TableRef<'a>> {
        let TableRef::Table(factor) = table else { return None };
        match self.expanded(factor) {
            Ok(derived) => derived,
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        }
    }
}

/// Names the tables of a view with its keyspace.
struct Naming<'a> {
    arena: &'a Arena,
    keyspace: Ident<'a>,
    common: Vec<Ident<'a>>,
}

impl<'a> Rewriter<'a> for Naming<'a> {
    fn arena(&self) -> &'a Arena {
        self.arena
    }

    fn table_name(&mut self, name: &TableName<'a>) -> Option<TableName<'a>> {
        let is_common = self.common.iter().any(|common| common.is(name.name.as_str()));
        if name.qualifier.is_some() || is_common {
            return None;
        }
        Some(TableName { qualifier: Some(self.keyspace), ..*name })
    }
}

/// The error of a view that MySQL does not let be changed.
fn not_updatable(name: &str, verb: &str) -> Error {
    let message = format!("The target table {name} of the {verb} is not updatable");
    Error::vt(ErrorId::VT03032, name).with_message(message).with_mysql(1288, *b"HY000")
}
