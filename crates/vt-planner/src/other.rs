//! Statements that are neither queries nor changes of rows or tables.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Node, Route, Routing};
use vt_sql::ast::{Explain, Expr, Statement};
use vt_vschema::Keyspace;

use crate::analyze::tables::tables_of;
use crate::ddl::to_every_shard;
use crate::planner::{Located, Planner};
use crate::shard_form::{ShardForm, shard_sql};
use crate::tree::Rewrite;

impl<'a> Planner<'a> {
    pub(crate) fn plan_other(&self, statement: Statement<'a>) -> Result<Node, Error> {
        match statement {
            Statement::Explain(explain) => self.plan_explain(explain),
            Statement::Call(call) => {
                let keyspace = self.keyspace_for(call.name)?;
                self.plan_unsharded(&keyspace, "CALL", shard_sql(&statement))
            }
            Statement::LoadData(load) => {
                let keyspace = self.keyspace_of(&[load.table])?;
                if keyspace.sharded {
                    return Err(Error::unsupported(
                        "LOAD DATA INFILE into a sharded keyspace, whose servers have different \
                         files; LOAD DATA LOCAL INFILE sends the client's file row by row",
                    ));
                }
                self.plan_unsharded(&keyspace, "LOAD DATA", shard_sql(&statement))
            }
            Statement::Do(exprs) => {
                let mut form = ShardForm::new(self);
                let exprs: Vec<Expr<'a>> =
                    exprs.iter().map(|expr| form.expr(*expr)).collect::<Result<_, Error>>()?;
                let keyspace = self.any_keyspace()?.keyspace.clone();
                let sql = shard_sql(&Statement::Do(self.arena.list(&exprs)));
                Ok(any_shard(&keyspace, sql))
            }
            Statement::Maintenance(maintenance) => {
                let keyspace = self.keyspace_of(maintenance.tables)?;
                Ok(to_every_shard(&keyspace, shard_sql(&statement)))
            }
            Statement::Flush(_) => {
                let keyspace = self.default_keyspace()?.keyspace.clone();
                Ok(to_every_shard(&keyspace, shard_sql(&statement)))
            }
            Statement::Program(_)
            | Statement::Account(_)
            | Statement::Xa(_)
            | Statement::Replication(_)
            | Statement::Storage(_)
            | Statement::Server(_)
            | Statement::Handler(_)
            | Statement::Diagnostics(_) => {
                let keyspace = self.default_keyspace()?.keyspace.clone();
                let sql = shard_sql(&statement);
                let what = first_words(&sql).to_ascii_uppercase();
                self.plan_unsharded(&keyspace, &what, sql)
            }
            _ => Err(Error::bug("a statement of the session came to the planner")),
        }
    }

    /// Sends a statement as it is to an unsharded keyspace; a sharded one cannot carry it out.
    fn plan_unsharded(
        &self,
        keyspace: &Arc<Keyspace>,
        what: &str,
        sql: String,
    ) -> Result<Node, Error> {
        if keyspace.sharded {
            return Err(Error::unsupported(format!("{what} on sharded keyspace")));
        }
        Ok(to_every_shard(keyspace, sql))
    }

    fn plan_explain(&self, explain: &'a Explain<'a>) -> Result<Node, Error> {
        match explain {
            Explain::Table { table, .. } => {
                let keyspace = match self.locate(*table)? {
                    Located::Table(found) => found.keyspace.clone(),
                    _ => self.any_keyspace()?.keyspace.clone(),
                };
                Ok(any_shard(&keyspace, shard_sql(&Statement::Explain(explain))))
            }
            Explain::Statement { statement, analyze, format, into, schema, text } => {
                let mut keyspace: Option<Arc<Keyspace>> = None;
                for name in tables_of(**statement) {
                    let Located::Table(table) = self.locate(name)? else { continue };
                    if keyspace.as_ref().is_some_and(|one| *one != table.keyspace) {
                        return Err(Error::vt(ErrorId::VT03031, ""));
                    }
                    keyspace = Some(table.keyspace.clone());
                }
                let keyspace = match keyspace {
                    Some(keyspace) => keyspace,
                    None => self.any_keyspace()?.keyspace.clone(),
                };
                self.note_system(**statement);
                let inner = ShardForm::new(self).statement(**statement)?;
                let explain = self.arena.node(Explain::Statement {
                    analyze: *analyze,
                    format: *format,
                    into: *into,
                    schema: *schema,
                    statement: self.arena.node(inner),
                    text,
                });
                Ok(any_shard(&keyspace, shard_sql(&Statement::Explain(explain))))
            }
            Explain::Connection { .. } => Err(Error::unsupported("EXPLAIN FOR CONNECTION")),
        }
    }
}

/// Makes the step that sends a statement to one shard, whichever.
fn any_shard(keyspace: &Arc<Keyspace>, sql: String) -> Node {
    let routing = match keyspace.sharded {
        true => Routing::AnyShard,
        false => Routing::Unsharded,
    };
    Node::Route(Box::new(Route::new(keyspace.name.clone(), routing, sql)))
}

/// Returns the first two words of a text, for errors.
fn first_words(text: &str) -> &str {
    let end = text.match_indices(char::is_whitespace).nth(1).map_or(text.len(), |(end, _)| end);
    &text[..end]
}
