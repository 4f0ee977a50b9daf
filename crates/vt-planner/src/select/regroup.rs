//! Grouped selects with queries that run for each group: the groups become a derived table.
//!
//! `select g, (select ... where x = g) from t group by g` is planned as
//! `select c0, (select ... where x = c0) from (select g as c0 from t group by g)`. So is one whose
//! queries hold its aggregates: `select (select max(t.x) from u limit 1) from t`.

use std::collections::HashSet;
use std::rc::Rc;

use vt_base::{Error, ErrorId};
use vt_sql::Arena;
use vt_sql::ast::{
    ColumnName, Comments, Derived, Expr, GroupBy, Ident, OrderItem, Query, QueryBody, Select,
    SelectExpr, SelectItem, SelectOptions, TableName, TableRef,
};
use vt_sql::visit;

use super::build::plain_query;
use super::op::{Op, RouteOp};
use super::subquery::has_query;
use super::{has_aggregate, is_aggregated};
use crate::analyze::{Resolved, Scope, Tables};
use crate::planner::Planner;
use crate::tree::{Rewrite, any_expr, rewrite_children, rewrite_query};

/// The name of the derived table.
const GROUPS: &str = "__groups";

impl<'a> Planner<'a> {
    /// Returns a query that reads the groups of this one from a derived table; `None` where no
    /// query has to run for each group.
    pub(super) fn regrouped(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        op: &Op<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<&'a Query<'a>>, Error> {
        let grouped = select.group_by.is_some()
            || has_aggregate(select)
            || query.order_by.iter().any(|item| is_aggregated(item.expr));
        let by_group = grouped && self.has_group_query(query, select, op, scope)?;
        if !by_group && !self.lends_aggregates(query, select, scope)? {
            return Ok(None);
        }
        let Some(outs) = self.outs(select.items, scope)? else {
            return Err(Error::vt(ErrorId::VT09015, ""));
        };
        let mut group_by = Vec::new();
        for expr in select.group_by.map_or(&[][..], |group_by| group_by.exprs) {
            group_by.push(self.behind_alias(*expr, &outs, true, scope)?);
        }
        let table = TableName { qualifier: None, name: Ident::new(GROUPS) };
        let mut regroup = Regroup {
            planner: self,
            scope,
            group_by: &group_by,
            table,
            pulled: Vec::new(),
            outer: None,
        };
        let mut items = Vec::with_capacity(outs.len());
        for out in &outs {
            let expr = regroup.expr(out.item.expr)?;
            items.push(SelectItem::Expr(SelectExpr { expr, ..out.item }));
        }
        let filter = match select.having {
            Some(having) => Some(regroup.expr(self.without_aliases(having, &outs, scope)?)?),
            None => None,
        };
        let mut order_by = Vec::with_capacity(query.order_by.len());
        for item in query.order_by {
            let expr = self.without_aliases(item.expr, &outs, scope)?;
            let expr = regroup.expr(self.behind_alias(expr, &outs, false, scope)?)?;
            order_by.push(OrderItem { expr, ..*item });
        }
        let pulled = regroup.pulled.iter().enumerate().map(|(place, expr)| {
            let name = self.arena.text(&format!("c{place}"));
            SelectItem::Expr(SelectExpr { expr: *expr, alias: Some(Ident::new(name)), name })
        });
        let pulled: Vec<SelectItem<'a>> = pulled.collect();
        let exprs = self.arena.list(&group_by);
        let group_by: Option<&'a GroupBy<'a>> =
            select.group_by.map(|one| self.arena.node(GroupBy { exprs, ..*one }));
        let inner = self.arena.node(Select {
            options: SelectOptions::default(),
            items: self.arena.list(&pulled),
            group_by,
            having: None,
            ..*select
        });
        let body = QueryBody::Select(inner);
        let inner =
            self.arena.node(Query { with: query.with, locks: query.locks, ..plain_query(body) });
        let alias = Some(table.name);
        let derived = Derived { lateral: false, query: inner, alias, columns: &[] };
        let from = self.arena.list(&[TableRef::Derived(self.arena.node(derived))]);
        let outer = self.arena.node(Select {
            comments: Comments::NONE,
            options: select.options,
            items: self.arena.list(&items),
            from,
            filter,
            group_by: None,
            having: None,
            windows: &[],
            qualify: None,
        });
        let body = QueryBody::Select(outer);
        let order_by = self.arena.list(&order_by);
        Ok(Some(self.arena.node(Query { body, order_by, locks: &[], ..*query })))
    }

    /// Returns whether a query in the select list, HAVING or ORDER BY holds an aggregate of this
    /// select, which makes groups of its rows.
    fn lends_aggregates(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let items = select.items.iter().filter_map(|item| match item {
            SelectItem::Expr(item) => Some(item.expr),
            _ => None,
        });
        let order = query.order_by.iter().map(|item| item.expr);
        let mut found = Vec::new();
        for expr in items.chain(select.having).chain(order) {
            any_expr(expr, &mut |part| {
                found.extend(super::subquery::query_of(part));
                false
            });
        }
        for inner in found {
            // Names are looked up where it may matter alone.
            if !visit::any_expr(&inner, |expr| is_plain_aggregate(*expr)) {
                continue;
            }
            let outer = self.names_of_groups(inner, scope)?;
            if visit::any_expr(&inner, |expr| reads_alone(*expr, &outer)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the places where a query names columns of the tables of the select around it.
    fn names_of_groups(
        &self,
        query: &'a Query<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<HashSet<*const ColumnName<'a>>, Error> {
        let own: Tables = scope.own_tables();
        let mut outer = HashSet::new();
        self.each_column_of_query(query, scope, &scope.common, &mut |column, resolved| {
            if let Resolved::One { entry, .. } = resolved
                && entry.id.overlaps(own)
            {
                outer.insert(std::ptr::from_ref(column));
            }
        })?;
        Ok(outer)
    }

    /// Returns whether a query in the select list, HAVING or ORDER BY must run for each group.
    fn has_group_query(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        op: &Op<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let target = match op {
            Op::Route(route) => Some(&**route),
            _ => None,
        };
        let items = select.items.iter().filter_map(|item| match item {
            SelectItem::Expr(item) => Some(item.expr),
            _ => None,
        });
        let order = query.order_by.iter().map(|item| item.expr);
        let outs = self.outs(select.items, scope)?.unwrap_or_default();
        let mut group_by = Vec::new();
        for expr in select.group_by.map_or(&[][..], |group_by| group_by.exprs) {
            group_by.push(self.behind_alias(*expr, &outs, true, scope)?);
        }
        for expr in items.chain(select.having).chain(order) {
            // What is grouped by is computed for the rows.
            if has_query(expr)
                && !group_by.contains(&expr)
                && self.runs_for_groups(expr, target, scope)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn runs_for_groups(
        &self,
        expr: Expr<'a>,
        target: Option<&RouteOp<'a>>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let mut found = Vec::new();
        any_expr(expr, &mut |part| {
            found.extend(super::subquery::query_of(part).map(|query| (part, query)));
            // The queries of an aggregate's arguments run for its rows.
            false
        });
        let mut inside = Vec::new();
        any_expr(expr, &mut |part| {
            if let Expr::Aggregate(call) = part {
                for argument in call.args {
                    any_expr(*argument, &mut |part| {
                        inside.extend(super::subquery::query_of(part).map(std::ptr::from_ref));
                        false
                    });
                }
            }
            false
        });
        for (part, query) in found {
            if inside.contains(&std::ptr::from_ref(query)) {
                continue;
            }
            let stays = match target {
                Some(route) => {
                    let left = match part {
                        Expr::In(one) if !one.negated => Some(one.expr),
                        _ => None,
                    };
                    self.subquery_merges(query, left, route, scope)?
                }
                None => false,
            };
            // Those that need no value of the group run once, unless it is they that are compared.
            let compared = matches!(part, Expr::Quantified(_))
                || matches!(part, Expr::In(one) if matches!(one.expr, Expr::Row(_)));
            if !stays && (compared || self.is_correlated(query, scope)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Puts columns of the derived table in place of what is computed for a group.
struct Regroup<'p, 'a> {
    planner: &'p Planner<'a>,
    scope: &'p Rc<Scope<'a>>,
    group_by: &'p [Expr<'a>],
    table: TableName<'a>,
    pulled: Vec<Expr<'a>>,
    /// Inside a query: the places where it names columns of the grouped tables.
    outer: Option<HashSet<*const ColumnName<'a>>>,
}

impl<'a> Regroup<'_, 'a> {
    fn pull(&mut self, expr: Expr<'a>) -> Expr<'a> {
        let place = match self.pulled.iter().position(|held| *held == expr) {
            Some(place) => place,
            None => {
                self.pulled.push(expr);
                self.pulled.len() - 1
            }
        };
        let arena = self.planner.arena;
        let name = Ident::new(arena.text(&format!("c{place}")));
        Expr::Column(arena.node(ColumnName { table: Some(self.table), name }))
    }

    /// Returns whether an expression reads nothing but columns of the grouped tables, or some.
    fn is_of_groups(&self, expr: Expr<'a>) -> Result<bool, Error> {
        let Expr::Column(column) = expr else { return Ok(false) };
        match &self.outer {
            Some(outer) => Ok(outer.contains(&std::ptr::from_ref(column))),
            None => Ok(matches!(self.scope.resolve(column)?, Resolved::One { depth: 0, .. })),
        }
    }

    /// Returns whether an aggregate is of the grouped select: inside a query only where all that
    /// it reads is of the groups.
    fn is_own_aggregate(&self, expr: Expr<'a>) -> bool {
        match &self.outer {
            Some(outer) => reads_alone(expr, outer),
            None => is_plain_aggregate(expr),
        }
    }
}

fn is_plain_aggregate(expr: Expr<'_>) -> bool {
    matches!(expr, Expr::Aggregate(call) if call.over.is_none())
}

/// Returns whether an expression is an aggregate over some of these columns, and no others.
fn reads_alone<'a>(expr: Expr<'a>, outer: &HashSet<*const ColumnName<'a>>) -> bool {
    let Expr::Aggregate(call) = expr else { return false };
    if call.over.is_some() {
        return false;
    }
    let (mut own, mut other) = (false, false);
    let order = call.order_by.iter().map(|item| item.expr);
    for argument in call.args.iter().copied().chain(order) {
        any_expr(argument, &mut |part| {
            if let Expr::Column(column) = part {
                match outer.contains(&std::ptr::from_ref(column)) {
                    true => own = true,
                    false => other = true,
                }
            }
            false
        });
    }
    own && !other
}

impl<'a> Rewrite<'a> for Regroup<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        let constant = super::outs::is_constant(expr);
        let grouped = self.outer.is_none() && !constant && self.group_by.contains(&expr);
        if grouped || self.is_own_aggregate(expr) || self.is_of_groups(expr)? {
            return Ok(self.pull(expr));
        }
        rewrite_children(self, expr)
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        if self.outer.is_some() {
            return rewrite_query(self, query);
        }
        self.outer = Some(self.planner.names_of_groups(query, self.scope)?);
        let changed = rewrite_query(self, query);
        self.outer = None;
        changed
    }
}
