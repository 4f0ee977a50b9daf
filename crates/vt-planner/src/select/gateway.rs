//! Selects over joins and derived tables that the gateway makes.

use std::rc::Rc;

use vt_base::{Error, ErrorId};
use vt_eval::Expr as Eval;
use vt_plan::{Node, SortKey};
use vt_sql::Arena;
use vt_sql::ast::{Expr, Query};

use super::aggregate::has_window;
use super::block::Block;
use super::horizon::{Horizon, refuse_qualify};
use super::op::Op;
use super::outs::{ColumnNames, Out, is_constant};
use super::{has_aggregate, is_aggregated};
use crate::analyze::{Resolved, Scope};
use crate::eval::translate;
use crate::planner::Planner;
use crate::tree::{Rewrite, rewrite_children};

impl<'a> Planner<'a> {
    /// Plans a select over joins and derived tables of the gateway's.
    pub(super) fn plan_at_gateway(&self, horizon: Horizon<'a>) -> Result<Block<'a>, Error> {
        let Horizon { query, select, scope, op } = horizon;
        refuse_qualify(select)?;
        let grouped = select.group_by.is_some() || has_aggregate(select);
        if grouped || query.order_by.iter().any(|item| is_aggregated(item.expr)) {
            return self.plan_aggregate_rows(query, select, &scope, op);
        }
        let horizon = Horizon { query, select, scope, op };
        if has_window(query, select) || select.options.distinct {
            return self.plan_plain_rows(horizon);
        }
        let again = horizon.clone();
        match self.plan_as_given(horizon) {
            // The operators cannot give all columns whole, but perhaps their parts.
            Err(error) if error.id() == Some(ErrorId::VT12001) => {
                self.plan_plain_rows(again).map_err(|_| error)
            }
            planned => planned,
        }
    }

    /// Plans a select whose columns the operators give, or the gateway computes last of all.
    fn plan_as_given(&self, horizon: Horizon<'a>) -> Result<Block<'a>, Error> {
        let Horizon { query, select, scope, mut op } = horizon;
        let Some(mut outs) = self.outs(select.items, &scope)? else {
            return Err(Error::vt(ErrorId::VT09015, ""));
        };
        let mut names = ColumnNames::default();
        let mut places = Vec::with_capacity(outs.len());
        for out in &mut outs {
            out.item.expr = self.unified(out.item.expr, &mut names, &scope)?;
            places.push(self.out_place(&mut op, out, &scope)?);
        }
        let mut keys = Vec::with_capacity(query.order_by.len());
        for item in query.order_by {
            let expr = self.behind_alias(item.expr, &outs, false, &scope)?;
            if is_constant(expr) {
                continue;
            }
            let expr = self.unified(expr, &mut names, &scope)?;
            let place = self.add_column(&mut op, expr, &scope)?;
            let mut key = self.key(place, item.descending, expr, &scope);
            self.weigh(&mut key, &mut op, expr, &scope)?;
            keys.push(key);
        }
        if let Some(having) = select.having {
            let having = self.without_aliases(having, &outs, &scope)?;
            op = self.filter_here(op, having, &scope)?;
        }
        let mut node = self.build(op, query.locks, &scope)?;
        if !keys.is_empty() {
            node = Node::Sort { input: Box::new(node), keys, limit: None };
        }
        node = self.limited(node, query.limit)?;
        let exprs = places.into_iter().map(|place| match place {
            Place::Column(column) => Eval::Column(column),
            Place::Computed(eval) => eval,
        });
        let names = outs.iter().map(|out| out.name().into()).collect();
        let node = Node::Project { input: Box::new(node), exprs: exprs.collect(), names };
        Ok(Block::Node { node, columns: outs.iter().map(Out::column).collect() })
    }

    /// Finds a column of the result among the columns of an operator, or computes it from them.
    fn out_place(
        &self,
        op: &mut Op<'a>,
        out: &Out<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Place, Error> {
        match self.add_column(op, out.item.expr, scope) {
            Ok(place) => Ok(Place::Column(place)),
            Err(refused) => {
                let computed = translate(out.item.expr, &mut |part| match part {
                    Expr::Column(_) => self.add_column(op, part, scope).map(Some),
                    _ => Ok(None),
                });
                // The first refusal tells more than that the gateway lacks a function.
                computed.map(Place::Computed).map_err(|_| refused)
            }
        }
    }

    /// Gives a key over text a column with its weight.
    pub(crate) fn weigh(
        &self,
        key: &mut SortKey,
        op: &mut Op<'a>,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(), Error> {
        // What a plan of its own gives cannot be weighed any more.
        if Planner::needs_weight(key) && !self.is_of_rows(op, expr, scope)? {
            let weight = self.weight(expr, key.typ);
            key.weight_column = Some(self.add_column(op, weight, scope)?);
        }
        Ok(())
    }

    /// Returns whether an expression reads what a plan of its own gives.
    pub(super) fn is_of_rows(
        &self,
        op: &Op<'a>,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        Ok(self.deps(expr, scope)?.overlaps(op.rows_tables()))
    }

    /// Puts expressions in place of the aliases that stand for them.
    pub(crate) fn without_aliases(
        &self,
        expr: Expr<'a>,
        outs: &[Out<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Expr<'a>, Error> {
        Unalias { planner: self, outs, scope }.expr(expr)
    }
}

/// Where a column of the result comes from.
enum Place {
    Column(usize),
    Computed(Eval),
}

/// Puts expressions in place of aliases.
struct Unalias<'p, 'a> {
    planner: &'p Planner<'a>,
    outs: &'p [Out<'a>],
    scope: &'p Rc<Scope<'a>>,
}

impl<'a> Rewrite<'a> for Unalias<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        match expr {
            Expr::Column(column) => {
                // HAVING sees the select list before the tables.
                if let Resolved::One { .. } = self.scope.resolve(column)?
                    && self.outs.iter().any(|out| out.item.expr == expr)
                {
                    return Ok(expr);
                }
                self.planner.behind_alias(expr, self.outs, false, self.scope)
            }
            Expr::Aggregate(_) => Ok(expr),
            _ => rewrite_children(self, expr),
        }
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        Ok(query)
    }
}
