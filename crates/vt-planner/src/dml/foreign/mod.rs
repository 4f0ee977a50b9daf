//! Foreign keys of keyspaces with `foreignKeyMode: managed`.
//!
//! A server checks a foreign key and carries out its cascades among the rows that it has. What may
//! concern rows of other shards, and every cascade, the gateway does: it looks for parents of rows
//! that come or change, and for children of those that go or change, in the statement's transaction
//! with locks; cascades are statements that are planned as any other, so that lookup vindexes and
//! rows that move are taken care of. Start at [`reference`]; [`changes`] is for rows that a query
//! finds, [`rows`] for those of an INSERT.

mod changes;
mod reference;
mod rows;
mod statements;

use std::sync::Arc;

use vt_base::Error;
use vt_plan::{ForeignKeys, Node};
use vt_sql::ast::{Assignment, Comments, Expr};
use vt_vschema::spec::{ForeignKeySpec, ReferenceAction};
use vt_vschema::{ForeignKeyMode, Table};

pub(in crate::dml) use self::rows::KeyRows;
use super::change::assigned;
use crate::planner::Planner;

/// What a shard is told when the gateway has checked a statement's foreign keys.
const UNCHECKED: &str = "SET_VAR(foreign_key_checks = OFF)";

/// The cascades of a statement, as they are planned.
#[derive(Default)]
pub(crate) struct Cascades {
    planned: Vec<Cascade>,
    /// The tables whose rows change on the way to the statement that is being planned.
    path: Vec<String>,
    /// The key whose parents have changed just before.
    follows: Option<Arc<ForeignKeySpec>>,
}

struct Cascade {
    /// The child table and the key of a deletion, which rows that go may bring about many times.
    deletion: Option<(String, Arc<ForeignKeySpec>)>,
    /// `None` while it is being planned.
    node: Option<Node>,
}

impl<'a> Planner<'a> {
    /// Puts the cascades that a statement may bring about beside it.
    pub(crate) fn with_cascades(&self, statement: Node) -> Result<Node, Error> {
        let planned = std::mem::take(&mut self.cascades.borrow_mut().planned);
        if planned.is_empty() {
            return Ok(statement);
        }
        let whole = |one: Cascade| one.node.ok_or_else(|| Error::bug("a cascade without a plan"));
        let cascades = planned.into_iter().map(whole).collect::<Result<_, _>>()?;
        Ok(Node::ForeignKeys(Box::new(ForeignKeys { statement, cascades })))
    }

    /// Returns whether the gateway looks after the foreign keys of a table.
    fn looks_after(&self, table: &Table) -> bool {
        let mode = || {
            let schema = self.ctx.vschema.keyspaces.get(&table.keyspace.name);
            schema.is_some_and(|schema| schema.foreign_key_mode == ForeignKeyMode::Managed)
        };
        // In one place MySQL does it all.
        self.ctx.foreign_key_checks && table.keyspace.sharded && mode()
    }

    /// Returns whether rows of a table that go concern the gateway.
    pub(in crate::dml) fn delete_reaches_out(&self, table: &Arc<Table>) -> bool {
        self.looks_after(table)
            && self.children_of(table).iter().any(|one| acts(one.key.on_delete) || !one.is_local())
    }

    /// Returns whether an UPDATE of a table concerns the gateway: its shards then check nothing.
    pub(in crate::dml) fn update_reaches_out(
        &self,
        table: &Arc<Table>,
        assignments: &[&Assignment<'a>],
    ) -> Result<bool, Error> {
        if !self.looks_after(table) {
            return Ok(false);
        }
        let sets = |columns: &[String]| {
            columns.iter().any(|column| assigned(assignments, column).is_some())
        };
        let children = self.children_of(table);
        let parents = self.parents_of(table)?;
        let moves = table.primary_vindex().is_some_and(|vindex| {
            vindex.columns.iter().any(|column| assigned(assignments, column).is_some())
        });
        if moves && (!children.is_empty() || parents.iter().any(|one| !one.is_local())) {
            return Ok(true);
        }
        let is_child = parents.iter().any(|one| {
            !one.is_local() && sets(&one.key.columns) && !sets_null(&one.key.columns, assignments)
        });
        let is_parent = children.iter().any(|one| {
            sets(&one.key.parent_columns) && (acts(one.key.on_update) || !one.is_local())
        });
        Ok(is_child || is_parent)
    }

    /// Refuses to move rows away from children that a server would take for children of no one.
    pub(in crate::dml) fn check_moved_parent(&self, table: &Arc<Table>) -> Result<(), Error> {
        if !self.ctx.foreign_key_checks {
            return Ok(());
        }
        let children = self.children_of(table);
        match children.iter().find(|one| acts(one.key.on_delete)) {
            None => Ok(()),
            Some(one) => Err(Error::unsupported(format!(
                "changing the sharding column of table {}, to whose rows those of {} refer with \
                 ON DELETE CASCADE or SET NULL, unless foreignKeyMode is managed",
                table.name, one.child.name
            ))),
        }
    }

    /// Returns the comments of a statement whose foreign keys the gateway has checked.
    pub(in crate::dml) fn unchecked(&self, comments: Comments<'a>) -> Comments<'a> {
        let hints = match comments.hints {
            Some(hints) => self.arena.text(&format!("{UNCHECKED} {hints}")),
            None => UNCHECKED,
        };
        Comments { hints: Some(hints), ..comments }
    }
}

/// Returns whether a foreign key changes rows by itself.
fn acts(action: ReferenceAction) -> bool {
    matches!(action, ReferenceAction::Cascade | ReferenceAction::SetNull)
}

/// Returns whether one of some columns becomes NULL for certain: the row then refers to none.
fn sets_null(columns: &[String], assignments: &[&Assignment<'_>]) -> bool {
    columns.iter().any(|column| {
        assigned(assignments, column)
            .is_some_and(|place| matches!(assignments[place].value, Expr::Null))
    })
}
