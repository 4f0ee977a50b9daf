//! Queries inside expressions: left where the shard can answer them, run first, or joined.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_eval::FunctionId;
use vt_plan::{JoinKind, Node, Subquery, SubqueryKind};
use vt_sql::ast::{
    Expr, GroupBy, In, InList, Limit, OrderItem, Query, QueryBody, Select, SelectExpr, SelectItem,
    UnaryOp,
};
use vt_sql::visit;

use super::block::{Block, RouteBlock};
use super::merge::same_place;
use super::op::{Choice, Home, JoinOp, Op, RouteOp, RowsOp};
use super::settle::{Nesting, Settled, Settler};
use crate::analyze::columns::with_common;
use crate::analyze::{Resolved, Scope, Tables};
use crate::fields::one;
use crate::planner::Planner;
use crate::shard_form::equal;
use crate::tree::{Rewrite, any_expr};

/// A subquery that runs before the block that uses it.
pub(crate) struct Pullout {
    pub(super) kind: SubqueryKind,
    pub(super) node: Node,
    pub(super) var: Arc<str>,
    pub(super) has_values_var: Option<Arc<str>>,
    pub(super) columns: Vec<usize>,
}

impl Pullout {
    /// Makes the step that runs the subquery, then `outer`.
    pub(crate) fn around(self, outer: Node) -> Node {
        let Pullout { kind, node: subquery, var, has_values_var, columns } = self;
        Node::Subquery(Box::new(Subquery { kind, subquery, outer, var, has_values_var, columns }))
    }

    /// Notes which items of a select are the value itself.
    pub(super) fn find_in(&mut self, items: &[SelectItem<'_>]) {
        let is_plain = |item: &SelectItem<'_>| matches!(item, SelectItem::Expr(_));
        if self.kind != SubqueryKind::Value || !items.iter().all(is_plain) {
            return;
        }
        for (place, item) in items.iter().enumerate() {
            let SelectItem::Expr(item) = item else { continue };
            let value = match item.expr {
                Expr::Collate(one) => one.expr,
                other => other,
            };
            let value = match value {
                Expr::ConvertUsing(one) => one.expr,
                other => other,
            };
            if matches!(value, Expr::Bind(bind) if *bind.name == *self.var) {
                self.columns.push(place);
            }
        }
    }
}

/// Returns whether an expression holds a query.
pub(crate) fn has_query(expr: Expr<'_>) -> bool {
    any_expr(expr, &mut |part| query_of(part).is_some())
}

/// Returns the query that an expression is made of.
pub(crate) fn query_of<'a>(expr: Expr<'a>) -> Option<&'a Query<'a>> {
    match expr {
        Expr::Subquery(query) | Expr::Exists(query) => Some(query),
        Expr::Quantified(one) => Some(one.query),
        Expr::In(In { list: InList::Query(query), .. }) => Some(query),
        _ => None,
    }
}

impl<'a> Planner<'a> {
    /// Gives an operator a condition with queries in it; returns also what is left of the
    /// condition for SQL, `None` where the operator now does it all.
    pub(crate) fn settle_condition(
        &self,
        op: Op<'a>,
        condition: Expr<'a>,
        scope: &Rc<Scope<'a>>,
        pullouts: &mut Vec<Pullout>,
    ) -> Result<(Op<'a>, Option<Expr<'a>>), Error> {
        if let Some((query, left, kind)) = semi_join(condition)
            && (left.is_none() || takes_condition(query))
            && self.is_correlated(query, scope)?
            && !self.stays(query, left, &op, condition, scope)?
        {
            return Ok((self.plan_semi_join(op, query, left, kind, scope)?, None));
        }
        let deps = self.deps(condition, scope)?.both(scope.own_tables());
        let changed = {
            let target = route_for(&op, deps);
            self.settle_over(condition, target, scope, Some(pullouts), Nesting::Top)?
        };
        let Settled { expr, applies } = changed;
        let left = applies.is_empty().then_some(expr);
        let op = self.with_applies(op, applies, scope)?;
        Ok((self.push_filter(op, expr, scope)?, left))
    }

    /// Gives an operator a condition with queries in it, which run as often as the operator does.
    pub(crate) fn settle_inside(
        &self,
        op: Op<'a>,
        condition: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let settled = self.settle_over(condition, None, scope, None, Nesting::Top)?;
        let op = self.with_applies(op, settled.applies, scope)?;
        self.push_filter(op, settled.expr, scope)
    }

    /// Settles the queries in the select list, HAVING, GROUP BY and ORDER BY.
    pub(crate) fn settle_select(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        op: Op<'a>,
        scope: &Rc<Scope<'a>>,
        pullouts: &mut Vec<Pullout>,
    ) -> Result<(&'a Query<'a>, &'a Select<'a>, Op<'a>), Error> {
        let in_items = select.items.iter().any(|item| match item {
            SelectItem::Expr(item) => has_query(item.expr),
            _ => false,
        });
        let in_group =
            select.group_by.is_some_and(|one| one.exprs.iter().any(|expr| has_query(*expr)));
        let in_order = query.order_by.iter().any(in_order_item);
        if !in_items && !in_group && !in_order && !select.having.is_some_and(has_query) {
            return Ok((query, select, op));
        }
        let target = match &op {
            Op::Route(route) => Some(&**route),
            _ => None,
        };
        let mut applies = Vec::new();
        let mut known: Vec<(Expr<'a>, Expr<'a>)> = Vec::new();
        let mut settle = |expr: Expr<'a>| {
            // An alias in GROUP BY or ORDER BY stands for the same value.
            if let Some((_, held)) =
                known.iter().find(|(from, _)| has_query(*from) && *from == expr)
            {
                return Ok(*held);
            }
            let settled = self.settle_over(expr, target, scope, Some(pullouts), Nesting::Inside)?;
            applies.extend(settled.applies);
            known.push((expr, settled.expr));
            Ok::<_, Error>(settled.expr)
        };
        let mut items = Vec::with_capacity(select.items.len());
        for item in select.items {
            items.push(match item {
                SelectItem::Expr(item) => {
                    SelectItem::Expr(SelectExpr { expr: settle(item.expr)?, ..*item })
                }
                other => *other,
            });
        }
        let having = select.having.map(&mut settle).transpose()?;
        let mut order_by = Vec::with_capacity(query.order_by.len());
        for item in query.order_by {
            order_by.push(OrderItem { expr: settle(item.expr)?, ..*item });
        }
        let group_by = match select.group_by {
            Some(group_by) => {
                let mut exprs = Vec::with_capacity(group_by.exprs.len());
                for expr in group_by.exprs {
                    exprs.push(settle(*expr)?);
                }
                let exprs = self.arena.list(&exprs);
                Some(self.arena.node(GroupBy { exprs, ..*group_by }))
            }
            None => None,
        };
        let op = self.with_applies(op, applies, scope)?;
        let items = self.arena.list(&items);
        let select = self.arena.node(Select { items, having, group_by, ..*select });
        let query = Query { order_by: self.arena.list(&order_by), ..*query };
        Ok((self.arena.node(query), select, op))
    }

    /// Settles the queries in an expression that is not computed over rows of the gateway.
    ///
    /// # Errors
    /// `VT12001` where a query would have to run for each row.
    pub(crate) fn settle(
        &self,
        expr: Expr<'a>,
        target: Option<&RouteOp<'a>>,
        scope: &Rc<Scope<'a>>,
        pullouts: &mut Vec<Pullout>,
        nesting: Nesting,
    ) -> Result<Expr<'a>, Error> {
        let settled = self.settle_over(expr, target, scope, Some(pullouts), nesting)?;
        match settled.applies.is_empty() {
            true => Ok(settled.expr),
            false => Err(Error::unsupported("a subquery that several shards answer for each row")),
        }
    }

    /// Settles the queries in an expression: `target` is the route that it goes to, and without
    /// `pullouts` no query runs before the block.
    fn settle_over(
        &self,
        expr: Expr<'a>,
        target: Option<&RouteOp<'a>>,
        scope: &Rc<Scope<'a>>,
        pullouts: Option<&mut Vec<Pullout>>,
        nesting: Nesting,
    ) -> Result<Settled<'a>, Error> {
        let applies = Vec::new();
        let mut settler = Settler { planner: self, target, scope, pullouts, applies, nesting };
        let expr = settler.expr(expr)?;
        Ok(Settled { expr, applies: settler.applies })
    }

    pub(crate) fn is_correlated(
        &self,
        query: &'a Query<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        Ok(!self.query_deps(query, scope)?.is_empty())
    }

    /// Returns whether a query can stay where it is, under the route that the condition goes to.
    fn stays(
        &self,
        query: &'a Query<'a>,
        left: Option<Expr<'a>>,
        op: &Op<'a>,
        condition: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let deps = self.deps(condition, scope)?.both(scope.own_tables());
        match route_for(op, deps) {
            Some(route) => self.subquery_merges(query, left, route, scope),
            None => Ok(false),
        }
    }

    /// Returns whether a route's shards can answer a query inside one of its conditions.
    pub(super) fn subquery_merges(
        &self,
        query: &'a Query<'a>,
        in_left: Option<Expr<'a>>,
        route: &RouteOp<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let block = match self.plan_block(query, Some(scope), &scope.common) {
            Ok(Block::Route(block)) => block,
            Ok(Block::Node { .. }) => return Ok(false),
            Err(error) if error.is_unsupported() => return Ok(false),
            Err(error) => return Err(error),
        };
        let Some(_) = block.route.home.common(&route.home) else { return Ok(false) };
        match (&block.route.home, &route.home) {
            (Home::Anywhere, _) => return Ok(true),
            (Home::Whole(homes), _) => {
                // The route goes to one keyspace in the end; the query must be there too.
                return Ok(route.home.keyspace().is_some_and(|one| homes.contains(one)));
            }
            (Home::Sharded(_), Home::Sharded(_)) => {}
            (Home::Sharded(_), _) => return Ok(false),
        }
        let inner = self.choose(&block.route, &block.scope)?;
        if let Choice::SameAs { table } = inner
            && table.is_within(route.tables.without(route.nullable))
        {
            return Ok(true);
        }
        if same_place(&inner, &self.choose(route, scope)?) {
            return Ok(true);
        }
        self.in_same_vindex(in_left, &block, route, scope)
    }

    /// Returns whether a query gives a column of the vindex whose column is looked up in it: then
    /// what it gives elsewhere than on the row's own shard cannot match.
    fn in_same_vindex(
        &self,
        in_left: Option<Expr<'a>>,
        block: &RouteBlock<'a>,
        route: &RouteOp<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let (Some(left), QueryBody::Select(select)) = (in_left, block.query.body) else {
            return Ok(false);
        };
        let [SelectItem::Expr(item)] = select.items else { return Ok(false) };
        for outer in route.members.iter().flat_map(|one| one.vindexes.iter().map(move |v| (one, v)))
        {
            for inner in block
                .route
                .members
                .iter()
                .flat_map(|one| one.vindexes.iter().map(move |v| (one, v)))
            {
                let same = Arc::ptr_eq(&outer.1.vindex, &inner.1.vindex)
                    && outer.1.vindex.unique
                    && outer.1.vindex.lookup().is_none();
                let ([outer_column], [inner_column]) =
                    (outer.1.columns.as_slice(), inner.1.columns.as_slice())
                else {
                    continue;
                };
                if same
                    && self.is_column(left, outer.0.id, outer_column, scope)?
                    && self.is_column(item.expr, inner.0.id, inner_column, &block.scope)?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Keeps, or drops, the rows for which a query gives any.
    fn plan_semi_join(
        &self,
        op: Op<'a>,
        query: &'a Query<'a>,
        left: Option<Expr<'a>>,
        kind: JoinKind,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let nothing = self.new_table()?;
        let mut join = JoinOp::new(kind, op, Op::nothing());
        let mut bound = self.bind_outer(&mut join, query, scope)?;
        if let Some(left) = left {
            // Bound first, so that no table of the query takes its columns for its own.
            let left = self.bind_left(&mut join, left, scope)?;
            bound = self.as_exists(bound, left)?;
        }
        let bound = self.first_row(bound, scope)?;
        let block = self.plan_block(bound, scope.parent.as_ref(), &scope.common)?;
        let node = self.block_node(block)?;
        let rows = RowsOp { table: nothing, node, columns: Vec::new() };
        join.right = Op::Rows(Box::new(rows));
        Ok(Op::Join(Box::new(join)))
    }

    /// Turns `left IN (query)` into a query that gives a row where it holds.
    fn as_exists(&self, query: &'a Query<'a>, left: Expr<'a>) -> Result<&'a Query<'a>, Error> {
        let (QueryBody::Select(select), true) = (query.body, takes_condition(query)) else {
            return Err(Error::bug("a query that takes no condition"));
        };
        let [SelectItem::Expr(item)] = select.items else {
            return Err(Error::bug("a query of several columns"));
        };
        let mut parts = vec![equal(self.arena, item.expr, left)];
        if let Some(filter) = select.filter {
            crate::shard_form::conjuncts(filter, &mut parts);
        }
        let filter = crate::shard_form::conjunction(self.arena, &parts);
        let body = QueryBody::Select(self.arena.node(Select { filter, ..*select }));
        Ok(self.arena.node(Query { body, order_by: &[], ..*query }))
    }

    /// Asks a query for one row at most, whose values nobody reads: MySQL computes none of them, and
    /// so meets no error in them but names that are not there.
    pub(super) fn first_row(
        &self,
        query: &'a Query<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<&'a Query<'a>, Error> {
        if query.limit.is_some() {
            return Ok(query);
        }
        let body = match query.body {
            QueryBody::Select(select)
                if is_unread(query, select) && self.names_are_there(query, select, scope)? =>
            {
                let item = SelectExpr { expr: one(self.arena), alias: None, name: "1" };
                let items = self.arena.list(&[SelectItem::Expr(item)]);
                QueryBody::Select(self.arena.node(Select { items, group_by: None, ..*select }))
            }
            body => body,
        };
        let limit = Some(Limit { offset: None, count: one(self.arena) });
        Ok(self.arena.node(Query { body, limit, order_by: &[], ..*query }))
    }

    /// Returns whether all functions and columns in the list and the groups of a select are known.
    fn names_are_there(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let common = with_common(query, &scope.common);
        let own = self.scope_of(select, scope.parent.as_ref(), &common)?;
        let items = select.items.iter().filter_map(|item| match item {
            SelectItem::Expr(item) => Some(item.expr),
            _ => None,
        });
        let groups = select.group_by.map_or(&[][..], |group_by| group_by.exprs);
        let mut known = true;
        for expr in items.chain(groups.iter().copied()) {
            known = known && !visit::any_expr(&expr, |part| is_unknown_call(*part));
            self.each_column(expr, &own, &mut |column, resolved| {
                known = known
                    && matches!(resolved, Resolved::One { entry, .. }
                        if entry.source.has(column.name.as_str()) == Some(true));
            })?;
        }
        Ok(known)
    }
}

/// Returns whether an expression calls a function that may not be there.
fn is_unknown_call(expr: Expr<'_>) -> bool {
    matches!(expr, Expr::Function(call)
        if call.schema.is_some() || FunctionId::from_name(call.name.as_str()).is_none())
}

/// Returns whether it has nothing to do with a select's list, nor with its groups, whether it gives
/// any row. With ROLLUP there is a total of no rows, too.
fn is_unread<'a>(query: &Query<'a>, select: &Select<'a>) -> bool {
    let computes = |item: &SelectItem<'_>| matches!(item, SelectItem::Expr(_));
    select.items.iter().all(computes)
        && !select.group_by.is_some_and(GroupBy::is_extended)
        && select.having.is_none()
        && select.qualify.is_none()
        && !super::has_aggregate(select)
        && !super::aggregate::has_window(query, select)
}

/// Returns whether `x IN (query)` is the query with `x` compared in its WHERE.
fn takes_condition(query: &Query<'_>) -> bool {
    let QueryBody::Select(select) = query.body else { return false };
    matches!(select.items, [SelectItem::Expr(_)])
        && query.limit.is_none()
        && select.group_by.is_none()
        && select.having.is_none()
        && select.qualify.is_none()
        && !super::has_aggregate(select)
        && !super::aggregate::has_window(query, select)
}

fn in_order_item(item: &OrderItem<'_>) -> bool {
    has_query(item.expr)
}

/// Takes `EXISTS (q)`, `NOT EXISTS (q)` and `x IN (q)` apart.
fn semi_join<'a>(condition: Expr<'a>) -> Option<(&'a Query<'a>, Option<Expr<'a>>, JoinKind)> {
    match condition {
        Expr::Exists(query) => Some((query, None, JoinKind::Semi)),
        Expr::Unary(unary)
            if matches!(unary.op, UnaryOp::Not | UnaryOp::HighNot | UnaryOp::Bang) =>
        {
            match unary.expr {
                Expr::Exists(query) => Some((query, None, JoinKind::Anti)),
                _ => None,
            }
        }
        Expr::In(In { expr, list: InList::Query(query), negated: false }) => {
            Some((query, Some(*expr), JoinKind::Semi))
        }
        _ => None,
    }
}

/// Returns the route among an operator's that has some tables, on a way where no row is missing.
fn route_for<'o, 'a>(op: &'o Op<'a>, tables: Tables) -> Option<&'o RouteOp<'a>> {
    match op {
        Op::Route(route) => tables.is_within(route.tables).then_some(route),
        Op::Filter(filter) => route_for(&filter.input, tables),
        Op::Compute(compute) => route_for(&compute.input, tables),
        Op::Rows(_) => None,
        Op::Join(join) => match join.kind {
            // What reads no table goes to the left.
            JoinKind::Inner if !tables.is_empty() => {
                route_for(&join.left, tables).or_else(|| route_for(&join.right, tables))
            }
            _ => route_for(&join.left, tables),
        },
    }
}
