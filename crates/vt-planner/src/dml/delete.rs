//! DELETE: to the shards that have the rows.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Node, Write};
use vt_sql::ast::{Delete, Statement};
use vt_vschema::Table;

use super::rows::{Target, table_entries, with_pullouts};
use crate::planner::Planner;
use crate::shard_form::{ShardForm, shard_sql};

impl<'a> Planner<'a> {
    pub(crate) fn plan_delete(&self, delete: &'a Delete<'a>) -> Result<Node, Error> {
        if delete.with.is_some() {
            return Err(Error::unsupported("WITH expression in DELETE statement"));
        }
        let target = self.target("DELETE", delete.tables, delete.filter, delete.limit)?;
        let tables = deleted_tables(delete, &target)?;
        for table in &tables {
            if let Some(owned) = table.owned_vindexes().next() {
                let name = &owned.vindex.name;
                return Err(Error::unsupported(format!(
                    "delete from table {} with owned lookup vindex {name}",
                    table.name
                )));
            }
        }
        let sql = |filter| {
            let delete = self.arena.node(Delete { filter, ..*delete });
            let statement = ShardForm::new(self).statement(Statement::Delete(delete))?;
            Ok(shard_sql(&statement))
        };
        let Some(table) = tables.first() else {
            return Err(Error::bug("a DELETE without a table"));
        };
        if tables.iter().any(|table| table.is_reference()) {
            return self.write_reference(table, sql(target.filter)?, target);
        }
        let table = table.qualified_name().into();
        let route = self.write_route(&target, sql)?;
        let node = Node::Delete(Box::new(Write { route, table, input: None }));
        Ok(with_pullouts(node, target.pullouts))
    }
}

/// Returns the tables that lose rows.
fn deleted_tables(delete: &Delete<'_>, target: &Target<'_>) -> Result<Vec<Arc<Table>>, Error> {
    if delete.targets.is_empty() {
        return Ok(table_entries(&target.scope).map(|(_, table)| table.clone()).collect());
    }
    let mut tables = Vec::with_capacity(delete.targets.len());
    for name in delete.targets {
        let found = table_entries(&target.scope)
            .find(|(entry, _)| entry.name == name.name)
            .map(|(_, table)| table.clone());
        match found {
            Some(table) => tables.push(table),
            None if target.scope.entries.iter().any(|entry| entry.name == name.name) => {
                return Err(Error::vt(ErrorId::VT03004, name.name.as_str()));
            }
            None => return Err(Error::vt(ErrorId::VT03003, name.name.as_str())),
        }
    }
    Ok(tables)
}
