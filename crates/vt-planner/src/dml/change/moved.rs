//! UPDATE of primary vindex columns: the row goes, and comes to the shard of its new values.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Move, MovedColumn};
use vt_sql::ast::{Comments, Delete, Expr, Ident, Statement};
use vt_vschema::Column;
use vt_vschema::table::same_name;

use super::update::{ByKey, Sets, assigned};
use super::{Items, around_keys, untracked};
use crate::analyze::Scope;
use crate::planner::Planner;
use crate::shard_form::{ShardForm, shard_sql};

impl<'a> Planner<'a> {
    pub(super) fn row_move(
        &self,
        sets: &Sets<'a>,
        scope: &Rc<Scope<'a>>,
        by_key: ByKey,
        items: &mut Items<'a>,
    ) -> Result<Move, Error> {
        let table = &sets.changed.table;
        if !table.authoritative {
            return Err(untracked(table, "columns"));
        }
        if !sets.unchecked {
            self.check_moved_parent(table)?;
        }
        let mut columns = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for column in table.columns.iter().filter(|column| !column.generated) {
            columns.push(self.moved_column(sets, scope, column, items)?);
            names.push(&column.name);
        }
        let primary = table.primary_vindex();
        let primary = primary.ok_or_else(|| Error::vt(ErrorId::VT09001, &table.name))?;
        let place = |column: &Arc<str>| {
            let place = names.iter().position(|name| same_name(name, column));
            place.ok_or_else(|| Error::vt(ErrorId::VT03019, column))
        };
        let vindex_columns = primary.columns.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        Ok(Move {
            stay: (by_key.prefix, by_key.suffix, by_key.sets),
            delete: self.move_away(sets)?,
            insert: self.insert_into(sets, &names).into(),
            columns,
            vindex_columns,
        })
    }

    fn moved_column(
        &self,
        sets: &Sets<'a>,
        scope: &Rc<Scope<'a>>,
        column: &Column,
        items: &mut Items<'a>,
    ) -> Result<MovedColumn, Error> {
        if let Some(index) = assigned(&sets.assignments, &column.name) {
            if matches!(sets.assignments[index].value, Expr::Default(_))
                && column.default.is_empty()
            {
                return Ok(MovedColumn::Sql("default".into()));
            }
            return Ok(MovedColumn::Input(items.place(self.new_value(sets, index, scope)?)));
        }
        if !column.on_update.is_empty() {
            return Ok(MovedColumn::Sql(column.on_update.clone()));
        }
        Ok(MovedColumn::Input(items.place(self.column_of(sets.changed.name, &column.name))))
    }

    /// Makes the statement that takes rows from their shard.
    fn move_away(&self, sets: &Sets<'a>) -> Result<(Arc<str>, Arc<str>), Error> {
        let delete = self.arena.node(Delete {
            with: None,
            comments: self.comments_of_move(sets),
            low_priority: false,
            quick: false,
            ignore: false,
            targets: &[],
            tables: self.by_name(&sets.changed),
            filter: Some(self.has_key(&sets.changed)),
            order_by: &[],
            limit: None,
        });
        let statement = ShardForm::new(self).statement(Statement::Delete(delete))?;
        around_keys(&shard_sql(&statement))
    }

    fn comments_of_move(&self, sets: &Sets<'a>) -> Comments<'a> {
        match sets.unchecked {
            true => self.unchecked(Comments::NONE),
            false => Comments::NONE,
        }
    }

    /// Makes the statement that brings rows to their shard, up to the rows.
    fn insert_into(&self, sets: &Sets<'a>, names: &[&str]) -> String {
        let name = |name: &str| vt_sql::to_sql(&Ident::new(name));
        let columns: Vec<String> = names.iter().map(|one| name(one)).collect();
        let hints = self.comments_of_move(sets).hints;
        let hints = hints.map_or(String::new(), |hints| format!("/*+ {hints} */ "));
        let table = name(&sets.changed.table.name);
        format!("insert {hints}into {table}({}) values ", columns.join(", "))
    }
}
