//! DELETE of rows that a query finds.

use vt_base::Error;
use vt_plan::{ChangeAction, LookupChange, Node, TableChange};
use vt_sql::ast::{Delete, Statement};

use super::{Changed, Finding, Items, around_keys, keyspace_name};
use crate::planner::Planner;
use crate::shard_form::{ShardForm, shard_sql};

impl<'a> Planner<'a> {
    /// Plans a DELETE that finds its rows first.
    pub(in crate::dml) fn plan_delete_by_key(&self, delete: &'a Delete<'a>) -> Result<Node, Error> {
        let common = delete.with.map_or(&[][..], |with| with.tables);
        let common: Vec<_> = common.iter().collect();
        self.forget_scopes();
        let scope = self.scope_of_tables(delete.tables, None, &common)?;
        let mut items = Items::default();
        let (mut tables, mut names) = (Vec::new(), Vec::new());
        for (entry, table) in super::super::delete::deleted_tables(delete, &scope)? {
            let changed = self.changed(entry, &table)?;
            names.push(changed.name);
            tables.push(self.deletion(delete, &changed, &mut items)?);
        }
        let finding = Finding {
            with: delete.with,
            tables: delete.tables,
            filter: delete.filter,
            order_by: delete.order_by,
            limit: delete.limit,
            locks: self.locks(&scope, &names),
            ignore: delete.ignore,
        };
        self.change_node(finding, items, tables)
    }

    pub(in crate::dml) fn deletion(
        &self,
        delete: &'a Delete<'a>,
        changed: &Changed<'a>,
        items: &mut Items<'a>,
    ) -> Result<TableChange, Error> {
        let (place, key) = self.place_of_change(changed, items)?;
        let lookups = changed.table.owned_vindexes().map(|owned| {
            let old = owned.columns.iter();
            let old = old.map(|one| items.place(self.column_of(changed.name, one))).collect();
            LookupChange { vindex: owned.vindex.clone(), old, new: None, same: None }
        });
        let lookups = lookups.collect();
        let foreign = self.delete_dependents(changed, items)?;
        let (prefix, suffix) = around_keys(&self.delete_by_key(delete, changed)?)?;
        Ok(TableChange {
            table: changed.table.qualified_name().into(),
            keyspace: keyspace_name(&changed.table.keyspace),
            place,
            key,
            lookups,
            action: ChangeAction::ByKey { prefix, suffix, sets: Vec::new() },
            foreign,
        })
    }

    fn delete_by_key(
        &self,
        delete: &'a Delete<'a>,
        changed: &Changed<'a>,
    ) -> Result<String, Error> {
        let delete = self.arena.node(Delete {
            with: None,
            targets: &[],
            tables: self.by_name(changed),
            filter: Some(self.has_key(changed)),
            order_by: &[],
            limit: None,
            ..*delete
        });
        let statement = ShardForm::new(self).statement(Statement::Delete(delete))?;
        Ok(shard_sql(&statement))
    }
}
