//! Rows that the gateway has: aggregates over them, or none but what else it finishes.

use std::rc::Rc;

use vt_base::{Error, ErrorId};
use vt_eval::Expr as Eval;
use vt_plan::{Aggregate, AggregateFunc, Node, SortKey};
use vt_sql::Arena;
use vt_sql::ast::{Aggregate as Call, Expr, OrderItem, Query, Select};

use super::check::loose_columns;
use super::windows::{holds_window, windows_of};
use super::{Grouped, Grouping, Placed, Statement, each_part, gateway_func};
use crate::analyze::Scope;
use crate::planner::Planner;
use crate::select::block::Block;
use crate::select::horizon::Horizon;
use crate::select::is_aggregated;
use crate::select::op::Op;
use crate::select::outs::is_constant;
use crate::tree::{Rewrite, rewrite_children};

/// The columns that are asked of an operator, by what they hold.
struct Base<'s, 'a> {
    op: Op<'a>,
    exprs: Vec<Expr<'a>>,
    /// For each the operator's column.
    places: Vec<usize>,
    scope: &'s Rc<Scope<'a>>,
}

impl<'a> Base<'_, 'a> {
    /// Returns the column of an expression, asked for if it is not there.
    fn place(&mut self, planner: &Planner<'a>, expr: Expr<'a>) -> Result<usize, Error> {
        match self.exprs.iter().position(|held| *held == expr) {
            Some(place) => Ok(place),
            None => self.add(planner, expr, expr),
        }
    }

    /// Asks for an expression, be it there already, as a column that holds another.
    fn add(
        &mut self,
        planner: &Planner<'a>,
        expr: Expr<'a>,
        held: Expr<'a>,
    ) -> Result<usize, Error> {
        self.places.push(planner.add_column(&mut self.op, expr, self.scope)?);
        self.exprs.push(held);
        Ok(self.exprs.len() - 1)
    }

    /// Asks for an expression, or for the columns in it where the operator cannot give it whole.
    fn place_somehow(&mut self, planner: &Planner<'a>, expr: Expr<'a>) -> Result<(), Error> {
        if is_constant(expr) || self.place(planner, expr).is_ok() {
            return Ok(());
        }
        let mut columns = Vec::new();
        each_part(expr, &|_| false, &mut |part| columns.push(part));
        columns.into_iter().try_for_each(|part| self.place(planner, part).map(|_| ()))
    }

    /// Makes the key of an expression for grouping and ordering, with a column of weights if it
    /// needs one that can be had.
    fn key(&mut self, planner: &Planner<'a>, item: OrderItem<'a>) -> Result<SortKey, Error> {
        let place = self.place(planner, item.expr)?;
        let mut key = planner.key(place, item.descending, item.expr, self.scope);
        // What a plan of its own gives cannot be weighed any more.
        if Planner::needs_weight(&key) && !planner.is_of_rows(&self.op, item.expr, self.scope)? {
            key.weight_column = Some(self.place(planner, planner.weight(item.expr, key.typ))?);
        }
        Ok(key)
    }

    /// Builds the operator; its columns are those asked for, in their order.
    fn build(self, planner: &Planner<'a>, query: &'a Query<'a>) -> Result<Rows<'a>, Error> {
        let Base { op, exprs, places, scope } = self;
        let input = Box::new(planner.build(op, query.locks, scope)?);
        let names = exprs.iter().map(|expr| vt_sql::to_sql(expr).into()).collect();
        let columns = places.into_iter().map(Eval::Column).collect();
        Ok(Rows { node: Node::Project { input, exprs: columns, names }, exprs })
    }
}

/// Rows with what their columns hold.
struct Rows<'a> {
    node: Node,
    exprs: Vec<Expr<'a>>,
}

impl<'a> Planner<'a> {
    /// Plans aggregates over rows that the gateway has.
    pub(crate) fn plan_aggregate_rows(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        scope: &Rc<Scope<'a>>,
        op: Op<'a>,
    ) -> Result<Block<'a>, Error> {
        let Some(mut outs) = self.outs(select.items, scope)? else {
            return Err(Error::vt(ErrorId::VT09015, ""));
        };
        for out in &mut outs {
            out.item.expr = AnyValues { planner: self }.expr(out.item.expr)?;
        }
        let grouping = self.grouping(query, select, outs, scope)?;
        let mut base = Base { op, exprs: Vec::new(), places: Vec::new(), scope };
        let mut keys = Vec::with_capacity(grouping.group_by.len());
        for expr in &grouping.group_by {
            keys.push(base.key(self, OrderItem { expr: *expr, descending: false })?);
        }
        self.place_plain_parts(&grouping, &mut base)?;
        let mut placed = Vec::with_capacity(grouping.calls.len());
        let mut specs = Vec::with_capacity(grouping.calls.len());
        for call in &grouping.calls {
            let (column, args) = self.place_arguments(call, &grouping, &mut base)?;
            let mut spec = self.spec(call, column, args)?;
            for item in call.order_by {
                spec.order_by.push(base.key(self, *item)?);
            }
            specs.push(spec);
            placed.push(Placed { call, column });
        }
        let Rows { mut node, exprs } = base.build(self, query)?;
        let ordered = grouping.rollup;
        if ordered {
            node = Node::Sort { input: Box::new(node), keys: keys.clone(), limit: None };
        }
        let rollup = grouping.rollup;
        let aggregate =
            Aggregate { input: node, group_by: keys, aggregates: specs, ordered, rollup };
        let node = Node::Aggregate(Box::new(aggregate));
        let mut grouped = Grouped { node, columns: exprs, placed, sorted_by: Vec::new() };
        self.add_groupings(&grouping, &mut grouped)?;
        let is_doubtful = !loose_columns(&grouping).is_empty();
        self.finish_groups(Statement { query, select, scope }, &grouping, grouped, is_doubtful)
    }

    /// Asks for what of the select list is not aggregated, and for what window functions read.
    fn place_plain_parts(
        &self,
        grouping: &Grouping<'a>,
        base: &mut Base<'_, 'a>,
    ) -> Result<(), Error> {
        let is_part = |expr: Expr<'a>| grouping.group_by.contains(&expr);
        let order = grouping.order_by.iter().map(|item| item.expr);
        for expr in grouping.outs.iter().map(|out| out.item.expr).chain(order) {
            if holds_window(expr) {
                let mut parts = Vec::new();
                each_part(expr, &is_part, &mut |part| parts.push(part));
                for part in parts {
                    base.place(self, part)?;
                }
            } else if !is_aggregated(expr) && !is_constant(expr) && !grouping.rollup {
                base.place_somehow(self, expr)?;
            }
        }
        Ok(())
    }

    /// Asks for the arguments of an aggregate; returns the column that its value takes, which holds
    /// the first of them and is no other's, and the keys of all.
    fn place_arguments(
        &self,
        call: &'a Call<'a>,
        grouping: &Grouping<'a>,
        base: &mut Base<'_, 'a>,
    ) -> Result<(usize, Vec<SortKey>), Error> {
        let held = Expr::Aggregate(call);
        let func = gateway_func(call)?;
        let scope = base.scope;
        let mut args = Vec::with_capacity(call.args.len());
        let mut column = None;
        for argument in call.args {
            let extreme = matches!(func, AggregateFunc::Min | AggregateFunc::Max);
            // What is found is told as it is; what finds it is its weight. MySQL's table of groups
            // makes a double of a computed FLOAT, though.
            let is_kept = grouping.group_by.is_empty()
                || grouping.rollup
                || matches!(argument, Expr::Column(_));
            let exact = match extreme && is_kept {
                true => *argument,
                false => self.exact_argument(*argument, scope),
            };
            let place = match column {
                None => *column.insert(base.add(self, exact, held)?),
                Some(_) => base.place(self, exact)?,
            };
            let mut key = self.key(place, false, exact, scope);
            let compares = extreme || super::splits_distinct(call);
            if compares
                && Planner::compares_by_weight(&key)
                && !self.is_of_rows(&base.op, exact, scope)?
            {
                let weight = self.compared(exact, key.typ);
                key.weight_column = Some(match extreme {
                    // It becomes the weight of what is found.
                    true => base.add(self, weight, self.compared(held, key.typ))?,
                    false => base.place(self, weight)?,
                });
            }
            args.push(key);
        }
        let column = match column {
            Some(column) => column,
            None => base.add(self, crate::fields::one(self.arena), held)?,
        };
        Ok((column, args))
    }

    /// Plans a select without groups whose rows the gateway finishes: with window functions, or
    /// with columns that it computes itself.
    pub(crate) fn plan_plain_rows(&self, horizon: Horizon<'a>) -> Result<Block<'a>, Error> {
        let Horizon { query, select, scope, op } = horizon;
        let Some(outs) = self.outs(select.items, &scope)? else {
            return Err(Error::vt(ErrorId::VT09015, ""));
        };
        let grouping = self.grouping(query, select, outs, &scope)?;
        let mut base = Base { op, exprs: Vec::new(), places: Vec::new(), scope: &scope };
        let order = grouping.order_by.iter().map(|item| item.expr);
        let exprs: Vec<Expr<'a>> =
            grouping.outs.iter().map(|out| out.item.expr).chain(order).collect();
        for window in windows_of(exprs.iter().copied()) {
            let window = self.resolved_window(window, select)?;
            for item in window.keys() {
                base.key(self, item)?;
            }
            for argument in window.args {
                if !is_constant(*argument) {
                    base.place(self, self.window_argument(&window, *argument, &scope))?;
                }
            }
        }
        for expr in exprs.iter().copied().chain(grouping.having) {
            match holds_window(expr) {
                true => {
                    let mut parts = Vec::new();
                    each_part(expr, &|_| false, &mut |part| parts.push(part));
                    for part in parts {
                        base.place(self, part)?;
                    }
                }
                false => base.place_somehow(self, expr)?,
            }
        }
        let distinct = grouping.outs.iter().filter(|_| select.options.distinct);
        let distinct = distinct.map(|out| OrderItem { expr: out.item.expr, descending: false });
        for item in grouping.order_by.iter().copied().chain(distinct) {
            // The weights of what operators give whole; others the gateway weighs itself.
            if base.exprs.contains(&item.expr) {
                base.key(self, item)?;
            }
        }
        let Rows { node, exprs } = base.build(self, query)?;
        let grouped = Grouped { node, columns: exprs, placed: vec![], sorted_by: vec![] };
        // An order by what is not selected may not be that of distinct rows.
        let hidden =
            |item: &OrderItem<'a>| !grouping.outs.iter().any(|out| out.item.expr == item.expr);
        let is_doubtful = select.options.distinct && grouping.order_by.iter().any(hidden);
        let statement = Statement { query, select, scope: &scope };
        self.finish_groups(statement, &grouping, grouped, is_doubtful)
    }
}

/// Puts values in place of ANY_VALUE() of them, which over single rows is the same.
struct AnyValues<'p, 'a> {
    planner: &'p Planner<'a>,
}

impl<'a> Rewrite<'a> for AnyValues<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        match expr {
            Expr::Function(call) if call.name.is("any_value") => match call.args {
                [value] => self.expr(*value),
                _ => Ok(expr),
            },
            Expr::Aggregate(call) if call.over.is_none() => Ok(expr),
            _ => rewrite_children(self, expr),
        }
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        Ok(query)
    }
}
