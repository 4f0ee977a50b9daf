//! Joins by columns that are equal: the right side runs once for many rows of the left.
//!
//! It needs columns that the gateway compares as MySQL does: of known types, and of one collation.
//! All other joins run their right side for each row of the left (`combine.rs`).

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{JoinColumn, JoinKind, Matching, Predicate, SortKey};
use vt_sql::ast::{BinaryOp, Bind, Expr, In, InList};
use vt_value::{Collation, Type};

use super::apply::all_of;
use super::op::{JoinOp, Op};
use super::subquery::has_query;
use crate::analyze::{Resolved, Scope};
use crate::eval::translate;
use crate::planner::Planner;
use crate::tree::any_expr;

/// A join's conditions, by what they are to it.
#[derive(Default)]
struct Sorted<'a> {
    /// Columns of the left and of the right that are equal.
    keys: Vec<(Expr<'a>, Expr<'a>)>,
    /// Conditions on the right alone.
    right: Vec<Expr<'a>>,
    pairs: Vec<Expr<'a>>,
}

impl<'a> Planner<'a> {
    /// Joins two operators by columns that are equal; gives them back where there are none that
    /// the gateway can compare.
    pub(super) fn matching_join(
        &self,
        kind: JoinKind,
        (left, right): (Op<'a>, Op<'a>),
        conditions: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Result<Op<'a>, (Op<'a>, Op<'a>)>, Error> {
        let Some(sorted) = self.sort_conditions(&left, &right, conditions, scope)? else {
            return Ok(Err((left, right)));
        };
        for pair in &sorted.pairs {
            let translated =
                translate(*pair, &mut |part| Ok(matches!(part, Expr::Column(_)).then_some(0)));
            match translated {
                Err(error) if error.is_unsupported() => return Ok(Err((left, right))),
                translated => translated?,
            };
        }
        let mut join = JoinOp::new(kind, left, right);
        // What changes the right side comes before it is asked for columns.
        for condition in sorted.right {
            let right = std::mem::replace(&mut join.right, Op::nothing());
            join.right = match has_query(condition) {
                true => self.settle_inside(right, condition, scope)?,
                false => self.push_filter(right, condition, scope)?,
            };
        }
        let list_var = match sorted.keys.first() {
            Some((_, key)) => self.list_filter(&mut join, *key, scope)?,
            None => None,
        };
        let mut columns: Vec<JoinColumn> = Vec::new();
        let mut tests = Vec::new();
        for pair in &sorted.pairs {
            tests.push(self.pair_value(&mut join, *pair, &mut columns, scope)?);
        }
        join.predicate = all_of(tests).map(|expr| Predicate { expr, columns });
        let mut keys = Vec::with_capacity(sorted.keys.len());
        for (left, right) in &sorted.keys {
            let left_key = self.key_of(&mut join.left, *left, scope)?;
            keys.push((left_key, self.key_of(&mut join.right, *right, scope)?));
        }
        join.matching = Some(Matching { keys, list_var });
        Ok(Ok(Op::Join(Box::new(join))))
    }

    /// Lets the right side give no other rows than those with a value in a list; returns the list's
    /// variable, or `None` where the right side is made by a plan of its own.
    fn list_filter(
        &self,
        join: &mut JoinOp<'a>,
        key: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<Arc<str>>, Error> {
        if self.deps(key, scope)?.overlaps(join.right.rows_tables()) {
            return Ok(None);
        }
        let Expr::Column(column) = key else {
            return Err(Error::bug("a join's key is no column"));
        };
        let name = self.new_var(&format!("{}_list", column.name.as_str()));
        let list = InList::Bind(self.arena.node(Bind { name, list: true }));
        let filter = Expr::In(self.arena.node(In { expr: key, list, negated: false }));
        let right = std::mem::replace(&mut join.right, Op::nothing());
        join.right = self.push_filter(right, filter, scope)?;
        Ok(Some(name.into()))
    }

    /// Sorts a join's conditions; `None` where it cannot match by columns.
    fn sort_conditions(
        &self,
        left: &Op<'a>,
        right: &Op<'a>,
        conditions: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<Sorted<'a>>, Error> {
        let own = scope.own_tables();
        let mut sorted = Sorted::default();
        for condition in conditions {
            let deps = self.deps(*condition, scope)?.both(own);
            if !deps.is_empty() && deps.is_within(right.tables()) {
                sorted.right.push(*condition);
                continue;
            }
            if has_query(*condition) {
                return Ok(None);
            }
            if let Some((key_left, key_right)) =
                self.equal_columns(left, right, *condition, scope)?
            {
                // What a vindex finds goes first: its values are the list.
                match self.uses_vindex(right, *condition, scope)? {
                    true => sorted.keys.insert(0, (key_left, key_right)),
                    false => sorted.keys.push((key_left, key_right)),
                }
                continue;
            }
            if !self.is_typed(*condition, scope)? {
                return Ok(None);
            }
            sorted.pairs.push(*condition);
        }
        Ok((!sorted.keys.is_empty()).then_some(sorted))
    }

    /// Returns the columns, the left's first, that a condition says are equal, if the gateway can
    /// compare them.
    fn equal_columns(
        &self,
        left: &Op<'a>,
        right: &Op<'a>,
        condition: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<(Expr<'a>, Expr<'a>)>, Error> {
        let Expr::Binary(binary) = condition else { return Ok(None) };
        if binary.op != BinaryOp::Eq {
            return Ok(None);
        }
        for (one, other) in [(binary.left, binary.right), (binary.right, binary.left)] {
            let (Expr::Column(_), Expr::Column(_)) = (one, other) else { return Ok(None) };
            let of_left = self.deps(one, scope)?.is_within(left.tables());
            let of_right = self.deps(other, scope)?.is_within(right.tables());
            if of_left && of_right && self.compares_alike(one, other, scope) {
                return Ok(Some((one, other)));
            }
        }
        Ok(None)
    }

    /// Returns whether two columns are equal exactly where their values are.
    fn compares_alike(&self, one: Expr<'a>, other: Expr<'a>, scope: &Scope<'a>) -> bool {
        let (Some(left), Some(right)) = (self.type_of(one, scope), self.type_of(other, scope))
        else {
            return false;
        };
        let integral = |typ: Type| typ.is_integral() && typ != Type::YEAR;
        if integral(left) && integral(right) {
            return true;
        }
        if left == right
            && matches!(left, Type::DECIMAL | Type::DATE | Type::DATETIME | Type::TIMESTAMP)
        {
            return true;
        }
        let is_string = |typ: Type| matches!(typ, Type::VARCHAR | Type::CHAR | Type::TEXT);
        let collation = |expr| Collation::from_name(&self.collation_of(expr, scope)?);
        is_string(left)
            && is_string(right)
            && collation(one).is_some_and(|held| collation(other) == Some(held))
    }

    /// Returns whether all columns of a condition are of known types, and strings of known
    /// collations.
    fn is_typed(&self, condition: Expr<'a>, scope: &Rc<Scope<'a>>) -> Result<bool, Error> {
        let mut columns = Vec::new();
        any_expr(condition, &mut |part| {
            if let Expr::Column(column) = part {
                columns.push((part, column));
            }
            false
        });
        for (expr, column) in columns {
            if !matches!(scope.resolve(column)?, Resolved::One { .. }) {
                return Ok(false);
            }
            match self.type_of(expr, scope) {
                None | Some(Type::ENUM | Type::SET) => return Ok(false),
                Some(typ) if typ.is_text() => {
                    let name = self.collation_of(expr, scope);
                    if name.as_deref().and_then(Collation::from_name).is_none() {
                        return Ok(false);
                    }
                }
                Some(_) => {}
            }
        }
        Ok(true)
    }

    fn key_of(
        &self,
        op: &mut Op<'a>,
        column: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<SortKey, Error> {
        let place = self.add_column(op, column, scope)?;
        let name = self.collation_of(column, scope);
        let collation = name.as_deref().and_then(Collation::from_name).map(|one| one.0);
        let typ = self.type_of(column, scope);
        Ok(SortKey { column: place, weight_column: None, descending: false, typ, collation })
    }
}
