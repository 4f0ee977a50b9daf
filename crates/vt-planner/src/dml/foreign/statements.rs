//! The statements that foreign keys bring about: searches for parents and children, and cascades.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::foreign::{KEY_LIST, key_var, new_key_var};
use vt_plan::{KeySearch, Node};
use vt_sql::ast::{
    Assignment, Bind, ColumnName, Comments, Delete, Expr, In, InList, Lock, LockStrength, LockWait,
    Query, QueryBody, Select, SelectExpr, SelectItem, SelectOptions, Statement, Update,
};
use vt_vschema::Table;

use super::reference::Reference;
use super::{Cascade, Cascades};
use crate::analyze::Tables;
use crate::dml::change::Changed;
use crate::planner::Planner;
use crate::shard_form::{bind, conjunction, equal};

/// How many cascades a statement may have.
const CASCADES_MAX: usize = 200;

/// What an UPDATE that a foreign key brings about sets its columns to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NewKey {
    Null,
    /// What the parent has now.
    Parents,
}

impl<'a> Planner<'a> {
    /// Plans the search for the parents of rows.
    pub(super) fn parent_search(&self, reference: &Reference) -> Result<KeySearch, Error> {
        let columns = &reference.key.parent_columns;
        let whole = SelectOptions::default();
        self.search(&reference.parent, (columns, &[]), whole, reference.no_parent())
    }

    /// Plans the search for the children of rows; of a table that refers to itself it gives their
    /// primary keys too.
    pub(super) fn child_search(&self, reference: &Reference) -> Result<KeySearch, Error> {
        let own: &[Arc<str>] = match reference.is_own() {
            true => &reference.child.primary_key,
            false => &[],
        };
        // Of many children one tells enough.
        let options = SelectOptions { distinct: own.is_empty(), ..SelectOptions::default() };
        let columns = (reference.key.columns.as_slice(), own);
        self.search(&reference.child, columns, options, reference.has_children())
    }

    fn search(
        &self,
        table: &Arc<Table>,
        (columns, more): (&[String], &[Arc<str>]),
        options: SelectOptions,
        error: String,
    ) -> Result<KeySearch, Error> {
        check_columns(table, columns)?;
        let target = self.plainly(table);
        let names = columns.iter().map(String::as_str).chain(more.iter().map(|one| &**one));
        let items: Vec<SelectItem<'a>> = names
            .map(|name| {
                let expr = self.column_of(target.name, name);
                SelectItem::Expr(SelectExpr { expr, alias: None, name: "" })
            })
            .collect();
        let select = self.arena.node(Select {
            comments: Comments::NONE,
            options,
            items: self.arena.list(&items),
            from: self.by_name(&target),
            filter: Some(self.has_values(&target, columns, Given::ListOfOne)),
            group_by: None,
            having: None,
            windows: &[],
            qualify: None,
        });
        let lock = Lock { strength: LockStrength::Share, of: &[], wait: LockWait::Wait };
        let query: &'a Query<'a> = self.arena.node(Query {
            with: None,
            body: QueryBody::Select(select),
            order_by: &[],
            limit: None,
            locks: self.arena.list(&[lock]),
            into: None,
        });
        let query = match self.plan_whole(Statement::Query(query))? {
            Some(node) => node,
            None => self.plan_query_statement(query)?,
        };
        Ok(KeySearch { query, width: columns.len(), error: error.into() })
    }

    /// Plans the deletion of the rows that refer to some; returns its number.
    pub(super) fn cascade_delete(&self, reference: &Reference) -> Result<usize, Error> {
        let deletion = (reference.child.qualified_name(), reference.key.clone());
        let is_same = |one: &Cascade| one.deletion.as_ref() == Some(&deletion);
        let known = self.cascades.borrow().planned.iter().position(is_same);
        if let Some(number) = known {
            return Ok(number);
        }
        check_columns(&reference.child, &reference.key.columns)?;
        let target = self.plainly(&reference.child);
        let delete = self.arena.node(Delete {
            with: None,
            comments: Comments::NONE,
            low_priority: false,
            quick: false,
            ignore: false,
            targets: &[],
            tables: self.by_name(&target),
            filter: Some(self.has_values(&target, &reference.key.columns, Given::ListOfOne)),
            order_by: &[],
            limit: None,
        });
        self.cascade(Some(deletion), |planner| planner.plan_delete(delete))
    }

    /// Plans the UPDATE of the rows that refer to some; returns its number.
    pub(super) fn cascade_update(
        &self,
        reference: &Reference,
        new: NewKey,
    ) -> Result<usize, Error> {
        let columns = &reference.key.columns;
        check_columns(&reference.child, columns)?;
        let target = self.plainly(&reference.child);
        let assignments = columns.iter().enumerate().map(|(place, column)| Assignment {
            column: ColumnName { table: None, name: self.ident(column) },
            value: match new {
                NewKey::Null => Expr::Null,
                NewKey::Parents => bind(self, self.arena.text(&new_key_var(place))),
            },
        });
        let given = match new {
            NewKey::Null => Given::ListOfOne,
            NewKey::Parents => Given::Values,
        };
        let update = self.arena.node(Update {
            with: None,
            comments: Comments::NONE,
            low_priority: false,
            ignore: false,
            tables: self.by_name(&target),
            assignments: self.arena.list(&assignments.collect::<Vec<_>>()),
            filter: Some(self.has_values(&target, columns, given)),
            order_by: &[],
            limit: None,
        });
        let follows = (new == NewKey::Parents).then(|| reference.key.clone());
        let before = std::mem::replace(&mut self.cascades.borrow_mut().follows, follows);
        let number = self.cascade(None, |planner| planner.plan_update(update));
        self.cascades.borrow_mut().follows = before;
        number
    }

    fn cascade(
        &self,
        deletion: Option<(String, Arc<vt_vschema::spec::ForeignKeySpec>)>,
        plan: impl FnOnce(&Planner<'a>) -> Result<Node, Error>,
    ) -> Result<usize, Error> {
        let number = {
            let Cascades { planned, .. } = &mut *self.cascades.borrow_mut();
            if planned.len() >= CASCADES_MAX {
                return Err(Error::unsupported("so many foreign keys that act one upon another"));
            }
            planned.push(Cascade { deletion, node: None });
            planned.len() - 1
        };
        let node = plan(self)?;
        self.cascades.borrow_mut().planned[number].node = Some(node);
        Ok(number)
    }

    /// Takes a table by its own name.
    fn plainly(&self, table: &Arc<Table>) -> Changed<'a> {
        Changed { name: self.ident(&table.name), id: Tables::NONE, table: table.clone() }
    }

    /// Makes `t.a in ::__fk`, or `t.a = :__fk0 and t.b = :__fk1`.
    fn has_values(&self, table: &Changed<'a>, columns: &[String], given: Given) -> Expr<'a> {
        if let ([only], Given::ListOfOne) = (columns, given) {
            let expr = self.column_of(table.name, only);
            let list = InList::Bind(self.arena.node(Bind { name: KEY_LIST, list: true }));
            return Expr::In(self.arena.node(In { expr, list, negated: false }));
        }
        let equals: Vec<Expr<'a>> = columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                let value = bind(self, self.arena.text(&key_var(place)));
                equal(self.arena, self.column_of(table.name, column), value)
            })
            .collect();
        conjunction(self.arena, &equals).unwrap_or(Expr::True)
    }
}

/// How the values of a key come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    /// A key of one column as a list.
    ListOfOne,
    /// One value for each column.
    Values,
}

/// Refuses keys whose values do not come back as they were.
fn check_columns(table: &Table, columns: &[String]) -> Result<(), Error> {
    let is_float = |column: &&String| table.column(column).is_some_and(|one| one.typ.is_float());
    match columns.iter().find(is_float) {
        None => Ok(()),
        Some(column) => Err(Error::unsupported(format!(
            "a foreign key over shards with column {column} of table {}, which is a float",
            table.name
        ))),
    }
}
