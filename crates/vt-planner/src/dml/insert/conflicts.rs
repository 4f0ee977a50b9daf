//! INSERT IGNORE, REPLACE and ON DUPLICATE KEY UPDATE into a table with owned lookup vindexes: each
//! row looks first for those that it conflicts with.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::{ConflictHow, Conflicts, TableChange};
use vt_sql::ast::{
    Comments, Delete, Expr, Ident, Insert, Lock, LockStrength, LockWait, Query, QueryBody, Select,
    SelectOptions,
};
use vt_vschema::Table;
use vt_vschema::table::same_name;

use crate::analyze::Tables;
use crate::dml::change::{Changed, Items, untracked};
use crate::planner::Planner;
use crate::shard_form::{ShardForm, equal, shard_sql};
use crate::tree::Rewrite;

/// The probes of an INSERT, as they are made row by row.
pub(super) struct Probing<'a> {
    how: ConflictHow,
    changed: Changed<'a>,
    items: Items<'a>,
    removal: TableChange,
    probes: Vec<Arc<str>>,
}

impl Probing<'_> {
    pub(super) fn into_conflicts(self) -> Conflicts {
        Conflicts { how: self.how, probes: self.probes, removal: self.removal }
    }
}

impl<'a> Planner<'a> {
    /// Returns what the rows of an INSERT need to look for; `None` if nothing.
    pub(super) fn probing(
        &self,
        insert: &Insert<'a>,
        table: &Arc<Table>,
    ) -> Result<Option<Probing<'a>>, Error> {
        let how = match (insert.replace, insert.on_duplicate) {
            (true, _) => ConflictHow::Replace,
            (false, [_, ..]) => ConflictHow::Update,
            (false, []) if insert.ignore => ConflictHow::Ignore,
            (false, []) => return Ok(None),
        };
        let cascades = insert.replace && self.delete_reaches_out(table);
        if table.owned_vindexes().next().is_none() && !cascades {
            return Ok(None);
        }
        if table.primary_key.is_empty() {
            return Err(untracked(table, "primary key"));
        }
        if table.unique_keys.iter().any(Option::is_none) {
            return Err(Error::unsupported(format!(
                "REPLACE, INSERT IGNORE or ON DUPLICATE KEY UPDATE into table {} with owned lookup \
                 vindexes, or cascades, and a unique key over a prefix or an expression",
                table.name
            )));
        }
        let name = Ident::new(self.arena.text(&table.name));
        let changed = Changed { name, id: Tables::NONE, table: table.clone() };
        let mut items = Items::default();
        let delete = self.arena.node(Delete {
            with: None,
            comments: Comments::NONE,
            low_priority: false,
            quick: false,
            ignore: false,
            targets: &[],
            tables: &[],
            filter: None,
            order_by: &[],
            limit: None,
        });
        let removal = self.deletion(delete, &changed, &mut items)?;
        Ok(Some(Probing { how, changed, items, removal, probes: Vec::new() }))
    }

    /// Makes the statement that finds rows with one of a row's unique keys.
    pub(super) fn probe(
        &self,
        probing: &mut Probing<'a>,
        columns: &[Ident<'a>],
        values: &[Expr<'a>],
    ) -> Result<(), Error> {
        let table = probing.changed.table.clone();
        let keys = [Some(table.primary_key.clone())];
        let mut any = Vec::new();
        for key in keys.iter().chain(&table.unique_keys).flatten() {
            let mut parts = Vec::with_capacity(key.len());
            for column in key {
                let place = columns.iter().position(|one| same_name(one.as_str(), column));
                let value = match place.map(|place| values[place]) {
                    Some(Expr::Default(_)) | None => self.default_of(&table, column)?,
                    Some(value) => value,
                };
                let held = self.column_of(probing.changed.name, column);
                parts.push(equal(self.arena, held, value));
            }
            any.push(match parts.as_slice() {
                [one] => *one,
                _ => Expr::And(self.arena.list(&parts)),
            });
        }
        let filter = match any.as_slice() {
            [one] => *one,
            _ => Expr::Or(self.arena.list(&any)),
        };
        let select = self.arena.node(Select {
            comments: Comments::NONE,
            options: SelectOptions::default(),
            items: self.arena.list(&probing.items.0),
            from: self.by_name(&probing.changed),
            filter: Some(filter),
            group_by: None,
            having: None,
            windows: &[],
            qualify: None,
        });
        let lock = Lock { strength: LockStrength::Update, of: &[], wait: LockWait::Wait };
        let query = self.arena.node(Query {
            with: None,
            body: QueryBody::Select(select),
            order_by: &[],
            limit: None,
            locks: self.arena.list(&[lock]),
            into: None,
        });
        let query = ShardForm::new(self).query(query)?;
        probing.probes.push(shard_sql(query).into());
        Ok(())
    }
}
