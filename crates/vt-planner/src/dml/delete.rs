//! DELETE: to the shards that have the rows.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Node, Write};
use vt_sql::ast::{Delete, Statement};
use vt_vschema::Table;

use super::rows::{is_unsupported, table_entries, with_pullouts};
use crate::analyze::{Entry, Scope};
use crate::planner::Planner;
use crate::select::has_query;
use crate::shard_form::{ShardForm, shard_sql};

impl<'a> Planner<'a> {
    pub(crate) fn plan_delete(&self, delete: &'a Delete<'a>) -> Result<Node, Error> {
        self.check_delete_reads(delete)?;
        if delete.with.is_some() {
            return self.plan_delete_by_key(delete);
        }
        match self.plan_delete_together(delete) {
            Ok(Some(node)) => Ok(node),
            Ok(None) => self.plan_delete_by_key(delete),
            Err(error) if is_unsupported(&error) => self.plan_delete_by_key(delete),
            Err(error) => Err(error),
        }
    }

    /// Refuses queries that read the tables which lose rows.
    fn check_delete_reads(&self, delete: &'a Delete<'a>) -> Result<(), Error> {
        let order = delete.order_by.iter().map(|one| one.expr);
        let exprs: Vec<_> = delete.filter.into_iter().chain(order).collect();
        if delete.with.is_some() || !exprs.iter().any(|expr| has_query(*expr)) {
            return Ok(());
        }
        let scope = self.scope_of_tables(delete.tables, None, &[])?;
        self.forget_scopes();
        let tables = deleted_tables(delete, &scope)?;
        let targets: Vec<_> =
            tables.iter().map(|(entry, table)| (entry.name.as_str(), table)).collect();
        self.refuse_own_reads(&targets, exprs)
    }

    /// Plans a DELETE that each shard carries out by itself; `None` if rows take more with them.
    fn plan_delete_together(&self, delete: &'a Delete<'a>) -> Result<Option<Node>, Error> {
        let target = self.target("DELETE", delete.tables, delete.filter, delete.limit)?;
        let scope = target.scope.clone();
        let tables = deleted_tables(delete, &scope)?;
        let takes_more = |table: &Arc<Table>| {
            table.owned_vindexes().next().is_some() || self.delete_reaches_out(table)
        };
        if tables.iter().any(|(_, table)| takes_more(table)) {
            return Ok(None);
        }
        let sql = |filter| {
            let delete = self.arena.node(Delete { filter, ..*delete });
            let statement = ShardForm::new(self).statement(Statement::Delete(delete))?;
            Ok(shard_sql(&statement))
        };
        let Some((_, table)) = tables.first() else {
            return Err(Error::bug("a DELETE without a table"));
        };
        if tables.iter().any(|(_, table)| table.is_reference()) {
            return self.write_reference(table, sql(target.filter)?, target).map(Some);
        }
        let table = table.qualified_name().into();
        let route = self.write_route(&target, sql)?;
        let node = Node::Delete(Box::new(Write { route, table, input: None }));
        Ok(Some(with_pullouts(node, target.pullouts)))
    }
}

/// Returns the tables that lose rows.
pub(super) fn deleted_tables<'s, 'a>(
    delete: &Delete<'_>,
    scope: &'s Scope<'a>,
) -> Result<Vec<(&'s Entry<'a>, Arc<Table>)>, Error> {
    if delete.targets.is_empty() {
        return Ok(table_entries(scope).map(|(entry, table)| (entry, table.clone())).collect());
    }
    let mut tables = Vec::with_capacity(delete.targets.len());
    for name in delete.targets {
        let fits = |entry: &Entry<'a>| {
            let keyspace = name.qualifier.map(|one| one.as_str());
            entry.name == name.name
                && keyspace.is_none_or(|one| entry.keyspace.as_deref().is_none_or(|own| own == one))
        };
        let found = table_entries(scope).find(|(entry, _)| fits(entry));
        match found {
            Some((entry, table)) => tables.push((entry, table.clone())),
            None if scope.entries.iter().any(|entry| entry.name == name.name) => {
                return Err(Error::vt(ErrorId::VT03004, name.name.as_str()));
            }
            None => return Err(Error::vt(ErrorId::VT03003, name.name.as_str())),
        }
    }
    Ok(tables)
}
