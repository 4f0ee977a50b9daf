//! What foreign keys ask of rows that a query finds, to change them or to take them away.

use std::rc::Rc;

use vt_base::Error;
use vt_plan::{ChildAction, ChildHow, Dependents, ParentCheck};
use vt_sql::ast::{Binary, BinaryOp, Expr};
use vt_vschema::spec::ReferenceAction;

use super::reference::Reference;
use super::sets_null;
use super::statements::NewKey;
use crate::analyze::Scope;
use crate::dml::change::{Changed, Items, Sets, assigned};
use crate::planner::Planner;

/// The places of a key's columns in the rows found.
struct Places {
    old: Vec<usize>,
    new: Vec<usize>,
    same: Option<usize>,
}

impl<'a> Planner<'a> {
    /// Plans what becomes of the children of rows that go.
    pub(in crate::dml) fn delete_dependents(
        &self,
        changed: &Changed<'a>,
        items: &mut Items<'a>,
    ) -> Result<Option<Box<Dependents>>, Error> {
        if !self.delete_reaches_out(&changed.table) {
            return Ok(None);
        }
        let mut dependents = Dependents::default();
        for reference in self.children_of(&changed.table) {
            let how = match reference.key.on_delete {
                ReferenceAction::Cascade => ChildHow::Change(self.cascade_delete(&reference)?),
                ReferenceAction::SetNull => {
                    ChildHow::Change(self.cascade_update(&reference, NewKey::Null)?)
                }
                // A server sees all that there are.
                _ if reference.is_local() => continue,
                _ => ChildHow::Refuse(self.child_search(&reference)?),
            };
            let columns = reference.key.parent_columns.iter();
            let old = columns.map(|one| items.place(self.column_of(changed.name, one))).collect();
            dependents.children.push(ChildAction { old, new: None, same: None, how });
        }
        Ok(Some(Box::new(dependents)))
    }

    /// Plans what rows that change refer to, and what becomes of their children.
    pub(in crate::dml) fn update_dependents(
        &self,
        sets: &Sets<'a>,
        scope: &Rc<Scope<'a>>,
        items: &mut Items<'a>,
    ) -> Result<Option<Box<Dependents>>, Error> {
        if !sets.unchecked {
            return Ok(None);
        }
        let table = &sets.changed.table;
        let mut dependents = Dependents::default();
        let follows = self.cascades.borrow().follows.clone();
        for reference in self.parents_of(table)? {
            let columns = &reference.key.columns;
            if !is_set(sets, columns)
                || sets_null(columns, &sets.assignments)
                || follows.as_ref() == Some(&reference.key)
            {
                continue;
            }
            let Places { new, same, .. } = self.key_places(sets, columns, scope, items)?;
            let search = self.parent_search(&reference)?;
            dependents.parents.push(ParentCheck { new, same, search });
        }
        self.cascades.borrow_mut().path.push(table.qualified_name());
        let children = self.updated_children(sets, scope, items);
        self.cascades.borrow_mut().path.pop();
        dependents.children = children?;
        Ok(Some(Box::new(dependents)))
    }

    fn updated_children(
        &self,
        sets: &Sets<'a>,
        scope: &Rc<Scope<'a>>,
        items: &mut Items<'a>,
    ) -> Result<Vec<ChildAction>, Error> {
        let mut actions = Vec::new();
        for reference in self.children_of(&sets.changed.table) {
            let columns = &reference.key.parent_columns;
            if !is_set(sets, columns) {
                continue;
            }
            let Places { old, new, same } = self.key_places(sets, columns, scope, items)?;
            let how = self.child_update(&reference)?;
            actions.push(ChildAction { old, new: Some(new), same, how });
        }
        Ok(actions)
    }

    fn child_update(&self, reference: &Reference) -> Result<ChildHow, Error> {
        // MySQL does not change a table again whose change has led there.
        let changes_already = {
            let name = reference.child.qualified_name();
            self.cascades.borrow().path.contains(&name)
        };
        let new = match reference.key.on_update {
            _ if changes_already => None,
            ReferenceAction::Cascade => Some(NewKey::Parents),
            ReferenceAction::SetNull => Some(NewKey::Null),
            ReferenceAction::Restrict | ReferenceAction::SetDefault => None,
        };
        Ok(match new {
            Some(new) => ChildHow::Change(self.cascade_update(reference, new)?),
            None => ChildHow::Refuse(self.child_search(reference)?),
        })
    }

    fn key_places(
        &self,
        sets: &Sets<'a>,
        columns: &[String],
        scope: &Rc<Scope<'a>>,
        items: &mut Items<'a>,
    ) -> Result<Places, Error> {
        let mut places = Places { old: Vec::new(), new: Vec::new(), same: None };
        let mut same = Vec::new();
        for column in columns {
            let before = self.column_of(sets.changed.name, column);
            places.old.push(items.place(before));
            let after = match assigned(&sets.assignments, column) {
                None => before,
                Some(index) => {
                    let after = self.new_value(sets, index, scope)?;
                    let equal = Binary { op: BinaryOp::NullSafeEq, left: before, right: after };
                    same.push(Expr::Binary(self.arena.node(equal)));
                    after
                }
            };
            places.new.push(items.place(after));
        }
        places.same = match same.as_slice() {
            [] => None,
            [one] => Some(items.place(*one)),
            several => Some(items.place(Expr::And(self.arena.list(several)))),
        };
        Ok(places)
    }
}

fn is_set(sets: &Sets<'_>, columns: &[String]) -> bool {
    columns.iter().any(|column| assigned(&sets.assignments, column).is_some())
}
