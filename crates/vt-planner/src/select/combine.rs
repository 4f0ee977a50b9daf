//! Joining operators: in routes as far as they go together, then at the gateway.

use std::rc::Rc;

use vt_base::Error;
use vt_plan::JoinKind;
use vt_sql::ast::{BinaryOp, Expr};

use super::from::Parts;
use super::op::{Home, JoinOp, Op, RouteOp};
use super::subquery::{has_query, query_of};
use crate::analyze::{Scope, Tables};
use crate::planner::Planner;
use crate::tree::any_expr;

impl<'a> Planner<'a> {
    /// Joins operators, as far as they go together in routes, and applies the conditions.
    pub(crate) fn combine(&self, parts: Parts<'a>, scope: &Rc<Scope<'a>>) -> Result<Op<'a>, Error> {
        let Parts { mut ops, mut filters } = parts;
        if ops.is_empty() {
            ops.push(Op::Route(Box::new(nothing())));
        }
        self.push_single(&mut ops, &mut filters, scope)?;
        while let Some((left, right)) = self.mergeable_pair(&ops, &filters, scope)? {
            let right = ops.remove(right);
            let left_op = ops.remove(left);
            let (Op::Route(left_route), Op::Route(right_route)) = (left_op, right) else {
                return Err(Error::bug("only routes merge"));
            };
            let merged = self.merge(*left_route, *right_route)?;
            ops.insert(left, Op::Route(Box::new(merged)));
            self.push_single(&mut ops, &mut filters, scope)?;
        }
        let mut joined = self.take_first(&mut ops, scope)?;
        while !ops.is_empty() {
            let next = self.next_to_join(&joined, &ops, &filters, scope)?;
            let right = ops.remove(next);
            let tables = joined.tables().with(right.tables());
            let own = scope.own_tables();
            let mut here = Vec::new();
            let mut later = Vec::new();
            for filter in filters {
                let deps = self.deps(filter, scope)?.both(own);
                if deps.is_within(tables) { here.push(filter) } else { later.push(filter) }
            }
            filters = later;
            joined = self.inner_join(joined, right, &here, scope)?;
        }
        for filter in filters {
            joined = self.push_filter(joined, filter, scope)?;
        }
        Ok(joined)
    }

    /// Gives each condition that concerns one operator alone to it.
    fn push_single(
        &self,
        ops: &mut [Op<'a>],
        filters: &mut Vec<Expr<'a>>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(), Error> {
        let own = scope.own_tables();
        let mut left = Vec::new();
        for filter in std::mem::take(filters) {
            let deps = self.deps(filter, scope)?.both(own);
            match ops.iter_mut().find(|op| deps.is_within(op.tables())) {
                Some(op) => {
                    let taken = std::mem::replace(op, Op::nothing());
                    *op = self.push_filter(taken, filter, scope)?;
                }
                None => left.push(filter),
            }
        }
        *filters = left;
        Ok(())
    }

    /// Takes the operator that drives the join: what cannot be run again for each row, else the
    /// cheapest.
    fn take_first(&self, ops: &mut Vec<Op<'a>>, scope: &Rc<Scope<'a>>) -> Result<Op<'a>, Error> {
        let mut best = (0, (u32::MAX, u32::MAX));
        for (index, op) in ops.iter().enumerate() {
            let rank = match op {
                Op::Rows(_) => (0, 0),
                Op::Route(route) => self.choose(route, scope)?.rank(),
                Op::Join(_) | Op::Filter(_) | Op::Compute(_) => (10, 0),
            };
            if rank < best.1 {
                best = (index, rank);
            }
        }
        Ok(ops.remove(best.0))
    }

    /// Returns which operator to join next: one that the conditions lead to by a vindex, else one
    /// that they lead to, else the first.
    fn next_to_join(
        &self,
        joined: &Op<'a>,
        ops: &[Op<'a>],
        filters: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<usize, Error> {
        let mut best = (0, 4);
        for (index, op) in ops.iter().enumerate() {
            let mut rank = 3;
            for filter in filters {
                let deps = self.deps(*filter, scope)?;
                let reaches = deps.overlaps(op.tables())
                    && deps.both(scope.own_tables()).is_within(joined.tables().with(op.tables()));
                if reaches {
                    rank = rank.min(match self.uses_vindex(op, *filter, scope)? {
                        true => 1,
                        false => 2,
                    });
                }
            }
            if rank < best.1 {
                best = (index, rank);
            }
        }
        Ok(best.0)
    }

    /// Returns whether an equality names a column of a vindex of a route.
    pub(super) fn uses_vindex(
        &self,
        op: &Op<'a>,
        filter: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let (Op::Route(route), Expr::Binary(binary)) = (op, filter) else { return Ok(false) };
        if binary.op != BinaryOp::Eq {
            return Ok(false);
        }
        for member in &route.members {
            for column in member.vindexes.iter().filter_map(|one| one.columns.first()) {
                for side in [binary.left, binary.right] {
                    if self.is_column(side, member.id, column, scope)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    fn inner_join(
        &self,
        left: Op<'a>,
        right: Op<'a>,
        conditions: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let sides = (left, right);
        let (left, right) = match self.matching_join(JoinKind::Inner, sides, conditions, scope)? {
            Ok(joined) => return Ok(joined),
            Err(sides) => sides,
        };
        let mut join = JoinOp::new(JoinKind::Inner, left, right);
        for condition in conditions {
            let bound = self.bind_left(&mut join, *condition, scope)?;
            join.right = self.push_filter(join.right, bound, scope)?;
        }
        Ok(Op::Join(Box::new(join)))
    }

    /// Returns whether a route's shards can answer all queries in some conditions.
    fn queries_merge(
        &self,
        conditions: &[Expr<'a>],
        route: &RouteOp<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let mut queries = Vec::new();
        for condition in conditions {
            any_expr(*condition, &mut |part| {
                queries.extend(query_of(part));
                false
            });
        }
        for query in queries {
            if !self.subquery_merges(query, None, route, scope)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn plan_left_join(
        &self,
        left: Op<'a>,
        right: Op<'a>,
        on: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        if let (Op::Route(left_route), Op::Route(right_route)) = (&left, &right)
            && self.left_joins_merge(left_route, right_route, on, scope)?
        {
            let merged = self.merge_left(left_route, right_route, on)?;
            if self.queries_merge(on, &merged, scope)? {
                return Ok(Op::Route(Box::new(merged)));
            }
        }
        let (left, right) = match self.matching_join(JoinKind::Left, (left, right), on, scope)? {
            Ok(joined) => return Ok(joined),
            Err(sides) => sides,
        };
        let mut join = JoinOp::new(JoinKind::Left, left, right);
        for condition in on {
            let bound = self.bind_left(&mut join, *condition, scope)?;
            let right = std::mem::replace(&mut join.right, Op::nothing());
            join.right = match has_query(bound) {
                true => self.settle_inside(right, bound, scope)?,
                false => self.push_filter(right, bound, scope)?,
            };
        }
        Ok(Op::Join(Box::new(join)))
    }
}

/// Makes the route of a select without tables.
pub(super) fn nothing<'a>() -> RouteOp<'a> {
    RouteOp {
        tables: Tables::NONE,
        home: Home::Anywhere,
        members: Vec::new(),
        nullable: Tables::NONE,
        from: Vec::new(),
        filters: Vec::new(),
        inherited: None,
        items: Vec::new(),
    }
}
