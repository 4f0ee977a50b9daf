//! Which routes can read their tables together, and their merging.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_sql::ast::{BinaryOp, Expr, Join, JoinCondition, JoinKind, TableRef};

use super::op::{Choice, Home, Op, RouteOp};
use crate::analyze::{Scope, Tables};
use crate::planner::Planner;
use crate::shard_form::conjunction;

impl<'a> Planner<'a> {
    /// Finds two routes that can be one.
    pub(crate) fn mergeable_pair(
        &self,
        ops: &[Op<'a>],
        conditions: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<(usize, usize)>, Error> {
        for (left, left_op) in ops.iter().enumerate() {
            for (right, right_op) in ops.iter().enumerate().skip(left + 1) {
                if let (Op::Route(left_route), Op::Route(right_route)) = (left_op, right_op)
                    && self.routes_merge(left_route, right_route, conditions, scope)?
                {
                    return Ok(Some((left, right)));
                }
            }
        }
        Ok(None)
    }

    /// Returns whether one statement to each shard can inner-join what two routes read.
    fn routes_merge(
        &self,
        left: &RouteOp<'a>,
        right: &RouteOp<'a>,
        conditions: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        if left.home.common(&right.home).is_none() {
            return Ok(false);
        }
        if !(left.home.is_sharded() && right.home.is_sharded()) {
            return Ok(true);
        }
        self.rows_lie_together(left, right, conditions, scope)
    }

    /// Returns whether a LEFT JOIN of two routes can be one: each row of the left must find all
    /// its matches on its own shard, and must not be given by several shards.
    pub(crate) fn left_joins_merge(
        &self,
        left: &RouteOp<'a>,
        right: &RouteOp<'a>,
        on: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        if left.home.common(&right.home).is_none() {
            return Ok(false);
        }
        match (left.home.is_sharded(), right.home.is_sharded()) {
            (_, false) => Ok(true),
            (false, true) => Ok(false),
            (true, true) => {
                // What the condition says of the right side alone tells where its matches are.
                let mut narrowed = right.clone();
                for condition in on {
                    let deps = self.deps(*condition, scope)?.both(scope.own_tables());
                    if deps.is_within(right.tables) {
                        narrowed.filters.push(*condition);
                    }
                }
                self.rows_lie_together(left, &narrowed, on, scope)
            }
        }
    }

    /// Returns whether all rows that a join of two sharded routes brings together are in the same
    /// shard: both go to the one shard of a value, or a column of the same vindex is equal.
    fn rows_lie_together(
        &self,
        left: &RouteOp<'a>,
        right: &RouteOp<'a>,
        conditions: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let (left_choice, right_choice) = (self.choose(left, scope)?, self.choose(right, scope)?);
        if same_place(&left_choice, &right_choice) {
            return Ok(true);
        }
        for left_member in &left.members {
            for right_member in &right.members {
                for left_vindex in &left_member.vindexes {
                    for right_vindex in &right_member.vindexes {
                        let same = Arc::ptr_eq(&left_vindex.vindex, &right_vindex.vindex)
                            && left_vindex.vindex.unique
                            && left_vindex.vindex.lookup().is_none()
                            && !left_vindex.partial
                            && !right_vindex.partial;
                        if !same {
                            continue;
                        }
                        let mut pairs = left_vindex.columns.iter().zip(&right_vindex.columns);
                        let equal = pairs.try_fold(true, |all, (left, right)| {
                            let held = self.are_equal(
                                (left_member.id, left),
                                (right_member.id, right),
                                conditions,
                                scope,
                            )?;
                            Ok::<bool, Error>(all && held)
                        })?;
                        if equal {
                            return Ok(true);
                        }
                    }
                }
            }
        }
        Ok(false)
    }

    /// Returns whether conditions say that two columns are equal.
    fn are_equal(
        &self,
        left: (Tables, &str),
        right: (Tables, &str),
        conditions: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        self.count_work(conditions.len())?;
        for condition in conditions {
            let Expr::Binary(binary) = condition else { continue };
            if binary.op != BinaryOp::Eq {
                continue;
            }
            for (one, other) in [(binary.left, binary.right), (binary.right, binary.left)] {
                if self.is_column(one, left.0, left.1, scope)?
                    && self.is_column(other, right.0, right.1, scope)?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Makes one route of two that are inner-joined.
    pub(crate) fn merge(
        &self,
        left: RouteOp<'a>,
        right: RouteOp<'a>,
    ) -> Result<RouteOp<'a>, Error> {
        let home = common_home(&left, &right)?;
        let mut members = left.members;
        members.extend(right.members);
        let mut from = left.from;
        from.extend(right.from);
        let mut filters = left.filters;
        filters.extend(right.filters);
        Ok(RouteOp {
            tables: left.tables.with(right.tables),
            home,
            members,
            nullable: left.nullable.with(right.nullable),
            from,
            filters,
            inherited: cheaper(left.inherited, right.inherited),
            items: Vec::new(),
        })
    }

    /// Makes one route of two that are left-joined.
    pub(crate) fn merge_left(
        &self,
        left: &RouteOp<'a>,
        right: &RouteOp<'a>,
        on: &[Expr<'a>],
    ) -> Result<RouteOp<'a>, Error> {
        let home = common_home(left, right)?;
        let mut conditions = on.to_vec();
        conditions.extend(&right.filters);
        let condition = match conjunction(self.arena, &conditions) {
            Some(condition) => JoinCondition::On(condition),
            None => JoinCondition::On(Expr::True),
        };
        let join = self.arena.node(Join {
            kind: JoinKind::Left,
            left: self.one_table(&left.from),
            right: self.one_table(&right.from),
            condition,
        });
        Ok(RouteOp {
            tables: left.tables.with(right.tables),
            home,
            members: left.members.iter().chain(&right.members).cloned().collect(),
            nullable: left.nullable.with(right.tables),
            from: vec![TableRef::Join(join)],
            filters: left.filters.clone(),
            inherited: left.inherited.clone(),
            items: Vec::new(),
        })
    }

    pub(super) fn one_table(&self, tables: &[TableRef<'a>]) -> TableRef<'a> {
        match tables {
            [one] => *one,
            several => TableRef::Paren(self.arena.list(several)),
        }
    }
}

fn common_home(left: &RouteOp<'_>, right: &RouteOp<'_>) -> Result<Home, Error> {
    left.home.common(&right.home).ok_or_else(|| Error::bug("merged routes have no common home"))
}

fn cheaper<'a>(left: Option<Choice<'a>>, right: Option<Choice<'a>>) -> Option<Choice<'a>> {
    match (left, right) {
        (Some(left), Some(right)) if right.rank() < left.rank() => Some(right),
        (None, right) => right,
        (left, _) => left,
    }
}

/// Returns whether two choices lead to the same one shard.
pub(crate) fn same_place(left: &Choice<'_>, right: &Choice<'_>) -> bool {
    match (left, right) {
        (
            Choice::Equal { vindex: left_vindex, values: left_values, .. },
            Choice::Equal { vindex: right_vindex, values: right_values, .. },
        ) => left_vindex.unique && left_vindex.maps_as(right_vindex) && left_values == right_values,
        (Choice::By(left), Choice::By(right)) => left == right,
        (Choice::SameAs { table: left }, Choice::SameAs { table: right }) => left == right,
        _ => false,
    }
}
