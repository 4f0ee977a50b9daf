//! UPDATE: to the shards that have the rows.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Node, Write};
use vt_sql::ast::{Statement, Update};
use vt_vschema::Table;
use vt_vschema::table::same_name;

use super::rows::{Target, table_entries, with_pullouts};
use crate::analyze::{Resolved, Source};
use crate::ddl::to_every_shard;
use crate::planner::Planner;
use crate::select::{Nesting, has_query};
use crate::shard_form::{ShardForm, shard_sql};

impl<'a> Planner<'a> {
    pub(crate) fn plan_update(&self, update: &'a Update<'a>) -> Result<Node, Error> {
        if update.with.is_some() {
            return Err(Error::unsupported("WITH expression in UPDATE statement"));
        }
        let mut target = self.target("UPDATE", update.tables, update.filter, update.limit)?;
        let mut assignments = update.assignments.to_vec();
        for one in assignments.iter_mut().filter(|one| has_query(one.value)) {
            let (route, scope) = (Some(&target.route), &target.scope);
            let pullouts = &mut target.pullouts;
            one.value = self.settle(one.value, route, scope, pullouts, Nesting::Inside)?;
        }
        let assignments = self.arena.list(&assignments);
        let update = self.arena.node(Update { assignments, ..*update });
        let tables = self.updated_tables(update, &target)?;
        let [table] = tables.as_slice() else {
            let names: Vec<&str> = tables.iter().map(|table| &*table.name).collect();
            let names = names.join(", ");
            return Err(Error::unsupported(format!("UPDATE of several tables: {names}")));
        };
        for assignment in update.assignments {
            refuse_vindex_column(table, assignment.column.name.as_str())?;
        }
        let sql = |filter| {
            let update = self.arena.node(Update { filter, ..*update });
            let statement = ShardForm::new(self).statement(Statement::Update(update))?;
            Ok(shard_sql(&statement))
        };
        if table.is_reference() {
            return self.write_reference(table, sql(target.filter)?, target);
        }
        let route = self.write_route(&target, sql)?;
        let table = table.qualified_name().into();
        let node = Node::Update(Box::new(Write { route, table, input: None }));
        Ok(with_pullouts(node, target.pullouts))
    }

    /// Returns the tables whose columns an UPDATE sets.
    fn updated_tables(
        &self,
        update: &Update<'a>,
        target: &Target<'a>,
    ) -> Result<Vec<Arc<Table>>, Error> {
        let mut tables: Vec<Arc<Table>> = Vec::new();
        for assignment in update.assignments {
            let Resolved::One { entry, .. } = target.scope.resolve(&assignment.column)? else {
                return Err(Error::vt(ErrorId::VT03019, assignment.column.name.as_str()));
            };
            let Source::Table(table) = &entry.source else {
                return Err(Error::vt(ErrorId::VT03032, entry.name.as_str()));
            };
            if !tables.iter().any(|one| Arc::ptr_eq(one, table)) {
                tables.push(table.clone());
            }
        }
        Ok(tables)
    }

    /// Changes a reference table: every copy alike, or the source that the copies follow.
    pub(super) fn write_reference(
        &self,
        table: &Table,
        sql: String,
        target: Target<'a>,
    ) -> Result<Node, Error> {
        if table_entries(&target.scope).count() > 1 {
            return Err(Error::unsupported("DML on reference table with join"));
        }
        let keyspace = match &table.source {
            Some((keyspace, _)) => self.ctx.vschema.keyspace(keyspace)?.keyspace.clone(),
            None => table.keyspace.clone(),
        };
        Ok(with_pullouts(to_every_shard(&keyspace, sql), target.pullouts))
    }
}

/// Refuses to change a column that tells where the row is.
fn refuse_vindex_column(table: &Table, column: &str) -> Result<(), Error> {
    for (index, vindex) in table.whole_vindexes().enumerate() {
        if !vindex.columns.iter().any(|one| same_name(one, column)) {
            continue;
        }
        let name = &vindex.vindex.name;
        let what = match (index, vindex.vindex.lookup()) {
            (0, _) => {
                format!(
                    "you cannot UPDATE primary vindex columns; invalid update on vindex: {name}"
                )
            }
            (_, None) => {
                format!("you can only UPDATE lookup vindexes; invalid update on vindex: {name}")
            }
            (_, Some(_)) => format!("update of a column of lookup vindex {name}"),
        };
        return Err(Error::unsupported(what));
    }
    Ok(())
}
