//! Queries in one expression: each stays, runs first, or runs for the rows of the expression.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{JoinKind, SubqueryKind};
use vt_sql::Arena;
use vt_sql::ast::{Binary, BinaryOp, Bind, Expr, In, InList, Quantifier, Query, Unary, UnaryOp};

use super::apply::{Apply, operand_columns};
use super::op::RouteOp;
use super::subquery::{Pullout, has_query};
use crate::analyze::Scope;
use crate::analyze::scope::OF_CONNECTION;
use crate::planner::Planner;
use crate::shard_form::bind;
use crate::tree::{Rewrite, rewrite_children};

/// Where in a condition an expression stands.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Nesting {
    /// The whole condition: NULL is as good as false.
    Top,
    Inside,
}

/// An expression whose queries are settled.
pub(crate) struct Settled<'a> {
    pub(crate) expr: Expr<'a>,
    /// What runs for the rows that the expression is computed over.
    pub(crate) applies: Vec<Apply<'a>>,
}

/// Settles the queries in an expression.
pub(super) struct Settler<'p, 's, 'a> {
    pub(super) planner: &'p Planner<'a>,
    /// The route that the expression goes to.
    pub(super) target: Option<&'s RouteOp<'a>>,
    pub(super) scope: &'s Rc<Scope<'a>>,
    /// Without it no query runs before the block.
    pub(super) pullouts: Option<&'s mut Vec<Pullout>>,
    pub(super) applies: Vec<Apply<'a>>,
    pub(super) nesting: Nesting,
}

impl<'a> Settler<'_, '_, 'a> {
    fn stays(&self, query: &'a Query<'a>, in_left: Option<Expr<'a>>) -> Result<bool, Error> {
        match self.target {
            Some(route) => self.planner.subquery_merges(query, in_left, route, self.scope),
            None => Ok(false),
        }
    }

    /// Returns whether a query gives the same for every row, and may run before all of them.
    fn runs_first(&self, query: &'a Query<'a>) -> Result<bool, Error> {
        Ok(self.pullouts.is_some() && !self.planner.is_correlated(query, self.scope)?)
    }

    /// Makes a subquery run first; returns the names of its variables.
    fn pull_out(
        &mut self,
        query: &'a Query<'a>,
        kind: SubqueryKind,
    ) -> Result<(&'a str, &'a str), Error> {
        let planner = self.planner;
        let parent = self.scope.parent.as_ref();
        let block = planner.plan_block(query, parent, &self.scope.common)?;
        let node = planner.block_node(block)?;
        let number = planner.new_subquery();
        let var = planner.arena.text(&format!("__sq{number}"));
        let has_values = planner.arena.text(&format!("__sq_has_values{number}"));
        let wants = kind != SubqueryKind::Value;
        let has_values_var = wants.then(|| Arc::from(has_values));
        if let Some(pullouts) = &mut self.pullouts {
            let columns = Vec::new();
            pullouts.push(Pullout { kind, node, var: var.into(), has_values_var, columns });
        }
        Ok((var, has_values))
    }

    /// Returns the collation of what a query gives, where it is known.
    fn collation_of(&self, query: &'a Query<'a>) -> Result<Option<Arc<str>>, Error> {
        let columns = self.planner.query_columns(query, Some(self.scope), &self.scope.common)?;
        let collation = columns.and_then(|columns| columns.into_iter().next()?.collation);
        Ok(collation.filter(|name| **name != *OF_CONNECTION))
    }

    fn pull_out_in(&mut self, one: &'a In<'a>, query: &'a Query<'a>) -> Result<Expr<'a>, Error> {
        let top = self.nesting == Nesting::Top;
        let left = self.inside(one.expr)?;
        let left = self.planner.collated(left, self.collation_of(query)?.as_deref());
        let (var, has_values) = self.pull_out(query, SubqueryKind::In)?;
        let arena = self.planner.arena;
        let list = InList::Bind(arena.node(Bind { name: var, list: true }));
        let found = Expr::In(arena.node(In { expr: left, list, negated: one.negated }));
        let has = bind(self.planner, has_values);
        Ok(match (one.negated, top) {
            (false, true) => found,
            (false, false) => Expr::And(arena.list(&[has, found])),
            (true, _) => {
                let op = UnaryOp::Not;
                let none = Expr::Unary(arena.node(Unary { op, expr: has }));
                Expr::Or(arena.list(&[none, found]))
            }
        })
    }

    /// Makes a query run for the rows that the expression is computed over; returns its columns.
    fn apply_value(&mut self, query: &'a Query<'a>, width: usize) -> Result<Vec<Expr<'a>>, Error> {
        let (apply, columns) = self.planner.apply_value(query, width, self.scope)?;
        self.applies.push(apply);
        Ok(columns)
    }

    /// Makes a query run for the rows; returns whether it gives a row, or one that compares so.
    fn apply_truth(
        &mut self,
        kind: JoinKind,
        query: &'a Query<'a>,
        test: Option<(BinaryOp, Expr<'a>)>,
    ) -> Result<Expr<'a>, Error> {
        let test = match test {
            Some((op, left)) => Some((op, self.inside(left)?)),
            None => None,
        };
        let (apply, column) = self.planner.apply_truth(kind, query, test, self.scope)?;
        self.applies.push(apply);
        Ok(column)
    }

    fn inside(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        let before = std::mem::replace(&mut self.nesting, Nesting::Inside);
        let changed = self.expr(expr);
        self.nesting = before;
        changed
    }

    fn settle_in(&mut self, one: &'a In<'a>, query: &'a Query<'a>) -> Result<Expr<'a>, Error> {
        refuse_limit(query)?;
        // A query that gives too little on this shard makes NOT IN true.
        let in_left = (!one.negated).then_some(one.expr);
        if self.stays(query, in_left)? {
            let left = self.inside(one.expr)?;
            return Ok(Expr::In(self.arena().node(In { expr: left, ..*one })));
        }
        if !matches!(one.expr, Expr::Row(_)) && self.runs_first(query)? {
            return self.pull_out_in(one, query);
        }
        let test = Some((BinaryOp::Eq, one.expr));
        let found = self.apply_truth(JoinKind::Any, query, test)?;
        Ok(match one.negated {
            true => Expr::Unary(self.arena().node(Unary { op: UnaryOp::Not, expr: found })),
            false => found,
        })
    }

    /// Settles a comparison of rows, one of which a query gives; `None` for any other expression.
    fn settle_row(&mut self, one: &'a Binary<'a>) -> Result<Option<Expr<'a>>, Error> {
        let ((Expr::Row(row), Expr::Subquery(query)) | (Expr::Subquery(query), Expr::Row(row))) =
            (one.left, one.right)
        else {
            return Ok(None);
        };
        if self.stays(query, None)? {
            return Ok(None);
        }
        let columns = self.apply_value(query, row.len())?;
        let columns = Expr::Row(self.arena().list(&columns));
        let (left, right) = match one.left {
            Expr::Row(_) => (self.inside(one.left)?, columns),
            _ => (columns, self.inside(one.right)?),
        };
        Ok(Some(Expr::Binary(self.arena().node(Binary { left, right, ..*one }))))
    }
}

impl<'a> Rewrite<'a> for Settler<'_, '_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        match expr {
            Expr::Subquery(query) => {
                if self.stays(query, None)? {
                    return Ok(expr);
                }
                if !self.runs_first(query)? {
                    let columns = self.apply_value(query, 1)?;
                    return columns.first().copied().ok_or_else(|| operand_columns(1));
                }
                let collation = self.collation_of(query)?;
                let (var, _) = self.pull_out(query, SubqueryKind::Value)?;
                Ok(self.planner.collated(bind(self.planner, var), collation.as_deref()))
            }
            Expr::Exists(query) => {
                if self.stays(query, None)? {
                    return Ok(expr);
                }
                if !self.runs_first(query)? {
                    return self.apply_truth(JoinKind::Any, query, None);
                }
                let query = self.planner.first_row(query, self.scope)?;
                let (_, has_values) = self.pull_out(query, SubqueryKind::Exists)?;
                Ok(bind(self.planner, has_values))
            }
            Expr::In(one) => match one.list {
                InList::Query(query) => self.settle_in(one, query),
                _ => self.parts(expr),
            },
            Expr::Quantified(one) => {
                refuse_limit(one.query)?;
                if self.stays(one.query, None)? {
                    return Ok(expr);
                }
                let kind = match one.quantifier {
                    Quantifier::Any => JoinKind::Any,
                    Quantifier::All => JoinKind::All,
                };
                self.apply_truth(kind, one.query, Some((one.op, one.left)))
            }
            Expr::Binary(one) => match self.settle_row(one)? {
                Some(settled) => Ok(settled),
                None => self.parts(expr),
            },
            _ => self.parts(expr),
        }
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        Ok(query)
    }
}

impl<'a> Settler<'_, '_, 'a> {
    fn parts(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        if !has_query(expr) {
            return Ok(expr);
        }
        let before = std::mem::replace(&mut self.nesting, Nesting::Inside);
        let changed = rewrite_children(self, expr);
        self.nesting = before;
        changed
    }
}

/// Refuses what MySQL refuses: LIMIT in a query that is compared with.
fn refuse_limit(query: &Query<'_>) -> Result<(), Error> {
    if query.limit.is_none() {
        return Ok(());
    }
    let message = "This version of MySQL doesn't yet support 'LIMIT & IN/ALL/ANY/SOME subquery'";
    Err(Error::mysql(1235, b"42000", message).with_code(vt_base::Code::Unimplemented))
}
