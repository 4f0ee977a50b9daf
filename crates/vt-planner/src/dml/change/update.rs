//! UPDATE of rows that a query finds.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{ChangeAction, LookupChange, Node, TableChange};
use vt_sql::ast::{Assignment, Binary, BinaryOp, Expr, OrderItem, Statement, TableRef, Update};
use vt_vschema::table::same_name;
use vt_vschema::{ColumnVindex, Table};

use super::{Changed, Finding, Items, around_keys, keyspace_name};
use crate::analyze::{Resolved, Scope, Source};
use crate::planner::Planner;
use crate::select::has_query;
use crate::shard_form::{ShardForm, bind, shard_sql};
use crate::tree::any_expr;

/// What an UPDATE sets of one table.
pub(in crate::dml) struct Sets<'a> {
    pub(in crate::dml) changed: Changed<'a>,
    pub(in crate::dml) assignments: Vec<&'a Assignment<'a>>,
    /// The gateway looks after foreign keys of these rows, and the shards do not.
    pub(in crate::dml) unchecked: bool,
}

/// The statement that changes rows by their keys, with the values that the query gives it.
pub(super) struct ByKey {
    pub(super) prefix: Arc<str>,
    pub(super) suffix: Arc<str>,
    pub(super) sets: Vec<(Arc<str>, usize)>,
}

impl<'a> Planner<'a> {
    /// Plans an UPDATE that finds its rows first.
    pub(in crate::dml) fn plan_update_by_key(&self, update: &'a Update<'a>) -> Result<Node, Error> {
        let common = update.with.map_or(&[][..], |with| with.tables);
        let common: Vec<_> = common.iter().collect();
        self.forget_scopes();
        let scope = Rc::new(self.scope_of_tables(update.tables, None, &common)?);
        let mut items = Items::default();
        let (mut tables, mut names) = (Vec::new(), Vec::new());
        for mut sets in self.sets_by_table(update, &scope)? {
            sets.unchecked = self.update_reaches_out(&sets.changed.table, &sets.assignments)?;
            names.push(sets.changed.name);
            tables.push(self.table_update(update, &sets, &scope, &mut items)?);
        }
        let finding = Finding {
            with: update.with,
            tables: update.tables,
            filter: update.filter,
            order_by: update.order_by,
            limit: update.limit,
            locks: self.locks(&scope, &names),
            ignore: update.ignore,
        };
        self.change_node(finding, items, tables)
    }

    /// Sorts assignments by the table whose columns they set.
    fn sets_by_table(
        &self,
        update: &'a Update<'a>,
        scope: &Scope<'a>,
    ) -> Result<Vec<Sets<'a>>, Error> {
        let mut all: Vec<Sets<'a>> = Vec::new();
        for assignment in update.assignments {
            let Resolved::One { entry, .. } = scope.resolve(&assignment.column)? else {
                return Err(Error::vt(ErrorId::VT03019, assignment.column.name.as_str()));
            };
            let Source::Table(table) = &entry.source else {
                return Err(Error::vt(ErrorId::VT03032, entry.name.as_str()));
            };
            match all.iter_mut().find(|sets| sets.changed.id == entry.id) {
                Some(sets) => sets.assignments.push(assignment),
                None => {
                    let changed = self.changed(&entry, table)?;
                    all.push(Sets { changed, assignments: vec![assignment], unchecked: false });
                }
            }
        }
        Ok(all)
    }

    fn table_update(
        &self,
        update: &'a Update<'a>,
        sets: &Sets<'a>,
        scope: &Rc<Scope<'a>>,
        items: &mut Items<'a>,
    ) -> Result<TableChange, Error> {
        let table = &sets.changed.table;
        let (place, key) = self.place_of_change(&sets.changed, items)?;
        let is_moving = check_vindexes(table, &sets.assignments)?;
        let by_key = self.update_by_key(update, sets, scope, items)?;
        let lookups = self.lookup_changes(sets, scope, is_moving, items)?;
        let action = match is_moving {
            true => ChangeAction::Move(Box::new(self.row_move(sets, scope, by_key, items)?)),
            false => {
                let ByKey { prefix, suffix, sets } = by_key;
                ChangeAction::ByKey { prefix, suffix, sets }
            }
        };
        Ok(TableChange {
            table: table.qualified_name().into(),
            keyspace: keyspace_name(&table.keyspace),
            place,
            key,
            lookups,
            action,
            foreign: self.update_dependents(sets, scope, items)?,
        })
    }

    /// Makes the statement by keys. What the row's own shard can compute stays in it; what reads
    /// other tables is computed by the query.
    fn update_by_key(
        &self,
        update: &'a Update<'a>,
        sets: &Sets<'a>,
        scope: &Rc<Scope<'a>>,
        items: &mut Items<'a>,
    ) -> Result<ByKey, Error> {
        let own = sets.changed.id;
        let mut values = Vec::new();
        let mut assignments = Vec::with_capacity(sets.assignments.len());
        for (index, assignment) in sets.assignments.iter().enumerate() {
            let stays =
                !has_query(assignment.value) && self.deps(assignment.value, scope)?.is_within(own);
            let value = match stays {
                true => assignment.value,
                false => {
                    self.check_order(sets, index, scope)?;
                    let name = format!("__set{}_{index}", items.0.len());
                    values.push((name.as_str().into(), items.place(assignment.value)));
                    bind(self, self.arena.text(&name))
                }
            };
            assignments.push(Assignment { value, ..**assignment });
        }
        let is_alone = matches!(update.tables, [TableRef::Table(_)]);
        let order_by: &'a [OrderItem<'a>] = match is_alone {
            true => update.order_by,
            false => &[],
        };
        let has_query_in_order = order_by.iter().any(|item| has_query(item.expr));
        let comments = match sets.unchecked {
            true => self.unchecked(update.comments),
            false => update.comments,
        };
        let update = self.arena.node(Update {
            with: None,
            comments,
            tables: self.by_name(&sets.changed),
            assignments: self.arena.list(&assignments),
            filter: Some(self.has_key(&sets.changed)),
            order_by: if has_query_in_order { &[] } else { order_by },
            limit: None,
            ..*update
        });
        let statement = ShardForm::new(self).statement(Statement::Update(update))?;
        let (prefix, suffix) = around_keys(&shard_sql(&statement))?;
        Ok(ByKey { prefix, suffix, sets: values })
    }

    /// Refuses a value that the query computes from a column which an assignment before it has
    /// changed: MySQL would take the changed one.
    pub(super) fn check_order(
        &self,
        sets: &Sets<'a>,
        index: usize,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(), Error> {
        let assignment = sets.assignments[index];
        let mut wrong = None;
        for earlier in &sets.assignments[..index] {
            let name = earlier.column.name.as_str();
            let mut failed = None;
            let uses = any_expr(assignment.value, &mut |part| {
                let is = self.is_column(part, sets.changed.id, name, scope);
                is.unwrap_or_else(|error| {
                    failed = Some(error);
                    true
                })
            });
            if let Some(error) = failed {
                return Err(error);
            }
            if uses || has_query(assignment.value) && uses_anywhere(assignment.value, name) {
                wrong = Some(name);
            }
        }
        match wrong {
            None => Ok(()),
            Some(name) => Err(Error::unsupported(format!(
                "'{name}' column referenced in update expression '{}' is itself updated",
                vt_sql::to_sql(&assignment.value)
            ))),
        }
    }

    /// Returns the entries of lookup vindexes that change with the rows.
    fn lookup_changes(
        &self,
        sets: &Sets<'a>,
        scope: &Rc<Scope<'a>>,
        is_moving: bool,
        items: &mut Items<'a>,
    ) -> Result<Vec<LookupChange>, Error> {
        let mut changes = Vec::new();
        for owned in sets.changed.table.owned_vindexes() {
            let mut is_set = false;
            let (mut old, mut new, mut same) = (Vec::new(), Vec::new(), Vec::new());
            for column in &owned.columns {
                let before = self.column_of(sets.changed.name, column);
                old.push(items.place(before));
                match assigned(&sets.assignments, column) {
                    None => new.push(items.place(before)),
                    Some(index) => {
                        is_set = true;
                        let after = self.new_value(sets, index, scope)?;
                        new.push(items.place(after));
                        same.push(self.null_safe_equal(before, after));
                    }
                }
            }
            if !is_set && !is_moving {
                continue;
            }
            let same = match same.as_slice() {
                [] => None,
                [one] => Some(items.place(*one)),
                several => Some(items.place(Expr::And(self.arena.list(several)))),
            };
            let vindex = owned.vindex.clone();
            changes.push(LookupChange { vindex, old, new: Some(new), same });
        }
        Ok(changes)
    }

    /// Returns the expression of a column's new value, which the query computes.
    pub(in crate::dml) fn new_value(
        &self,
        sets: &Sets<'a>,
        index: usize,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Expr<'a>, Error> {
        let assignment = sets.assignments[index];
        if matches!(assignment.value, Expr::Default(_)) {
            let column = assignment.column.name.as_str();
            return self.default_of(&sets.changed.table, column);
        }
        self.check_order(sets, index, scope)?;
        Ok(assignment.value)
    }

    fn null_safe_equal(&self, left: Expr<'a>, right: Expr<'a>) -> Expr<'a> {
        Expr::Binary(self.arena.node(Binary { op: BinaryOp::NullSafeEq, left, right }))
    }
}

/// Returns the last assignment to a column.
pub(in crate::dml) fn assigned(assignments: &[&Assignment<'_>], column: &str) -> Option<usize> {
    assignments.iter().rposition(|one| same_name(one.column.name.as_str(), column))
}

/// Returns whether rows may move; refuses columns of vindexes that nothing maintains.
pub(in crate::dml) fn check_vindexes(
    table: &Table,
    assignments: &[&Assignment<'_>],
) -> Result<bool, Error> {
    let mut is_moving = false;
    if !table.keyspace.sharded {
        return Ok(false);
    }
    for (index, vindex) in table.whole_vindexes().enumerate() {
        if !vindex.columns.iter().any(|column| assigned(assignments, column).is_some()) {
            continue;
        }
        match index {
            0 => is_moving = true,
            _ => check_maintained(vindex)?,
        }
    }
    Ok(is_moving)
}

fn check_maintained(vindex: &ColumnVindex) -> Result<(), Error> {
    let what = match (vindex.owned, vindex.vindex.lookup()) {
        (true, _) => return Ok(()),
        (false, None) => "lookup",
        (false, Some(_)) => "owned",
    };
    let name = &vindex.vindex.name;
    Err(Error::unsupported(format!(
        "you can only UPDATE {what} vindexes; invalid update on vindex: {name}"
    )))
}

/// Returns whether a name of a column stands in an expression, queries in it included.
fn uses_anywhere(expr: Expr<'_>, name: &str) -> bool {
    vt_sql::to_sql(&expr).to_lowercase().contains(&name.to_lowercase())
}
