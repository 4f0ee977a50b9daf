//! UPDATE: to the shards that have the rows.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Node, Write};
use vt_sql::ast::{Assignment, Statement, Update};
use vt_vschema::Table;
use vt_vschema::table::same_name;

use super::rows::{Target, is_unsupported, table_entries, with_pullouts};
use crate::analyze::{Resolved, Source};
use crate::ddl::to_every_copy;
use crate::planner::Planner;
use crate::select::{Nesting, has_query};
use crate::shard_form::{ShardForm, shard_sql};

impl<'a> Planner<'a> {
    pub(crate) fn plan_update(&self, update: &'a Update<'a>) -> Result<Node, Error> {
        self.check_update_reads(update)?;
        if update.with.is_some() {
            return self.plan_update_by_key(update);
        }
        match self.plan_update_together(update) {
            Ok(Some(node)) => Ok(node),
            Ok(None) => self.plan_update_by_key(update),
            Err(error) if is_unsupported(&error) => self.plan_update_by_key(update),
            Err(error) => Err(error),
        }
    }

    /// Refuses queries that read the tables whose columns are set.
    fn check_update_reads(&self, update: &'a Update<'a>) -> Result<(), Error> {
        let exprs = || {
            let values = update.assignments.iter().map(|one| one.value);
            let order = update.order_by.iter().map(|one| one.expr);
            values.chain(update.filter).chain(order)
        };
        if update.with.is_some() || !exprs().any(has_query) {
            return Ok(());
        }
        let scope = self.scope_of_tables(update.tables, None, &[])?;
        self.forget_scopes();
        let mut targets = Vec::new();
        for assignment in update.assignments {
            if let Resolved::One { entry, .. } = scope.resolve(&assignment.column)? {
                targets.push(entry);
            }
        }
        let targets: Vec<_> = targets
            .iter()
            .filter_map(|entry| match &entry.source {
                Source::Table(table) => Some((entry.name.as_str(), table)),
                _ => None,
            })
            .collect();
        self.refuse_own_reads(&targets, exprs())
    }

    /// Plans an UPDATE that each shard carries out by itself; `None` if rows take more with them.
    fn plan_update_together(&self, update: &'a Update<'a>) -> Result<Option<Node>, Error> {
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
        let set: Vec<&Assignment<'_>> = update.assignments.iter().collect();
        for table in &tables {
            if touches_vindexes(table, &set) || self.update_reaches_out(table, &set)? {
                return Ok(None);
            }
        }
        let sql = |filter| {
            let update = self.arena.node(Update { filter, ..*update });
            let statement = ShardForm::new(self).statement(Statement::Update(update))?;
            Ok(shard_sql(&statement))
        };
        let Some(table) = tables.first() else {
            return Err(Error::bug("an UPDATE without a table"));
        };
        if tables.iter().any(|table| table.is_reference()) {
            return self.write_reference(table, sql(target.filter)?, target).map(Some);
        }
        let route = self.write_route(&target, sql)?;
        let table = table.qualified_name().into();
        let node = Node::Update(Box::new(Write { route, table, input: None }));
        Ok(Some(with_pullouts(node, target.pullouts)))
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
        Ok(with_pullouts(to_every_copy(&keyspace, sql), target.pullouts))
    }
}

/// Returns whether assignments change a column that tells where rows are.
fn touches_vindexes(table: &Table, assignments: &[&Assignment<'_>]) -> bool {
    let set = |column: &Arc<str>| {
        assignments.iter().any(|one| same_name(one.column.name.as_str(), column))
    };
    table.keyspace.sharded && table.whole_vindexes().any(|vindex| vindex.columns.iter().any(set))
}
