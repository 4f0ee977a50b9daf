//! The select list that shards get.

use vt_plan::SortKey;
use vt_sql::ast::{Expr, OrderItem, SelectExpr, SelectItem};

use super::outs::{Out, order_item};

/// The select list that shards get: the statement's columns, then those that the gateway needs.
pub(crate) struct SqlItems<'a> {
    given: Vec<SelectExpr<'a>>,
    pub(crate) exprs: Vec<Expr<'a>>,
}

impl<'a> SqlItems<'a> {
    pub(crate) fn new(outs: &[Out<'a>]) -> SqlItems<'a> {
        let given: Vec<SelectExpr<'a>> = outs.iter().map(|out| out.item).collect();
        let exprs = given.iter().map(|item| item.expr).collect();
        SqlItems { given, exprs }
    }

    /// Returns the place of an expression, added if it is not there.
    pub(crate) fn place(&mut self, expr: Expr<'a>) -> usize {
        match self.exprs.iter().position(|held| *held == expr) {
            Some(place) => place,
            None => self.add(expr),
        }
    }

    /// Adds an expression, be it there already.
    pub(crate) fn add(&mut self, expr: Expr<'a>) -> usize {
        self.exprs.push(expr);
        self.exprs.len() - 1
    }

    pub(crate) fn len(&self) -> usize {
        self.exprs.len()
    }

    pub(crate) fn items(&self) -> Vec<SelectItem<'a>> {
        let added = self.exprs[self.given.len()..].iter();
        let added = added.map(|expr| SelectExpr { expr: *expr, alias: None, name: "" });
        self.given.iter().copied().chain(added).map(SelectItem::Expr).collect()
    }

    /// Makes ORDER BY of some of the expressions.
    pub(crate) fn order_by(&self, keys: &[SortKey]) -> Vec<OrderItem<'a>> {
        keys.iter().map(|key| order_item(self.exprs[key.column], key.descending)).collect()
    }
}
