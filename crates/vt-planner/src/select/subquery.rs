//! Queries inside expressions: left where the shard can answer them, run first, or joined.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{JoinKind, Node, Subquery, SubqueryKind};
use vt_sql::Arena;
use vt_sql::ast::{
    Binary, BinaryOp, Bind, Expr, GroupBy, In, InList, Limit, OrderItem, Quantifier, Query,
    QueryBody, Select, SelectExpr, SelectItem, Unary, UnaryOp,
};

use super::apply::{Apply, operand_columns};
use super::block::{Block, RouteBlock};
use super::merge::same_place;
use super::op::{Choice, Home, JoinOp, Op, RouteOp, RowsOp};
use crate::analyze::{Scope, Tables};
use crate::fields::one;
use crate::planner::Planner;
use crate::shard_form::{bind, equal};
use crate::tree::{Rewrite, any_expr, rewrite_children};

/// A subquery that runs before the block that uses it.
pub(crate) struct Pullout {
    kind: SubqueryKind,
    node: Node,
    var: Arc<str>,
    has_values_var: Option<Arc<str>>,
}

impl Pullout {
    /// Makes the step that runs the subquery, then `outer`.
    pub(crate) fn around(self, outer: Node) -> Node {
        let Pullout { kind, node: subquery, var, has_values_var } = self;
        Node::Subquery(Box::new(Subquery { kind, subquery, outer, var, has_values_var }))
    }
}

/// Returns whether an expression holds a query.
pub(crate) fn has_query(expr: Expr<'_>) -> bool {
    any_expr(expr, &mut |part| query_of(part).is_some())
}

/// Returns the query that an expression is made of.
pub(super) fn query_of<'a>(expr: Expr<'a>) -> Option<&'a Query<'a>> {
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
        let bound = self.first_row(bound);
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

    /// Asks a query for one row at most.
    pub(super) fn first_row(&self, query: &'a Query<'a>) -> &'a Query<'a> {
        match query.limit {
            Some(_) => query,
            None => {
                let limit = Some(Limit { offset: None, count: one(self.arena) });
                self.arena.node(Query { limit, order_by: &[], ..*query })
            }
        }
    }
}

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

struct Settler<'p, 's, 'a> {
    planner: &'p Planner<'a>,
    target: Option<&'s RouteOp<'a>>,
    scope: &'s Rc<Scope<'a>>,
    pullouts: Option<&'s mut Vec<Pullout>>,
    applies: Vec<Apply<'a>>,
    nesting: Nesting,
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
            pullouts.push(Pullout { kind, node, var: var.into(), has_values_var });
        }
        Ok((var, has_values))
    }

    /// Returns the collation of what a query gives, where it is known.
    fn collation_of(&self, query: &'a Query<'a>) -> Result<Option<Arc<str>>, Error> {
        let columns = self.planner.query_columns(query, Some(self.scope), &self.scope.common)?;
        Ok(columns.and_then(|columns| columns.into_iter().next()?.collation))
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
                let query = self.planner.first_row(query);
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

/// Refuses what MySQL refuses: LIMIT in a query that is compared with.
fn refuse_limit(query: &Query<'_>) -> Result<(), Error> {
    if query.limit.is_none() {
        return Ok(());
    }
    let message = "This version of MySQL doesn't yet support 'LIMIT & IN/ALL/ANY/SOME subquery'";
    Err(Error::mysql(1235, b"42000", message).with_code(vt_base::Code::Unimplemented))
}

fn in_order_item(item: &OrderItem<'_>) -> bool {
    has_query(item.expr)
}

/// Takes `EXISTS (q)`, `NOT EXISTS (q)` and `x IN (q)` apart.
fn semi_join<'a>(condition: Expr<'a>) -> Option<(&'a Query<'a>, Option<Expr<'a>>, JoinKind)> {
    match condition {
        Expr::Exists(query) => Some((query, None, JoinKind::Semi)),
        Expr::Unary(unary) if matches!(unary.op, UnaryOp::Not | UnaryOp::Bang) => {
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
            JoinKind::Inner => {
                route_for(&join.left, tables).or_else(|| route_for(&join.right, tables))
            }
            _ => route_for(&join.left, tables),
        },
    }
}
