//! What follows grouping: HAVING, the result's columns, order and limit.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_plan::{Node, SortKey};
use vt_sql::ast::{Expr, OrderItem};
use vt_value::Collation;

use super::{Grouped, Grouping, Statement, place_of};
use crate::eval::translate;
use crate::planner::Planner;
use crate::select::block::Block;
use crate::select::outs::{Out, sort_key};

impl<'a> Planner<'a> {
    /// Applies HAVING, computes the result's columns, sorts and cuts.
    pub(super) fn finish_groups(
        &self,
        statement: Statement<'_, 'a>,
        grouping: &Grouping<'a>,
        grouped: Grouped<'a>,
    ) -> Result<Block<'a>, Error> {
        let Statement { query, select, scope } = statement;
        let Grouped { mut node, columns, placed, sorted_by } = grouped;
        let place = |expr: Expr<'a>| place_of(expr, &placed, &columns);
        let outs = &grouping.outs;
        let asked = to_ask(grouping, &place);
        let width = columns.len();
        if !asked.is_empty() {
            node = self.asked(node, width, &asked, &place)?;
        }
        let collation = |column: usize| {
            let name = self.collation_of(*columns.get(column)?, scope)?;
            Collation::from_name(&name)
        };
        let compute = |expr: Expr<'a>| {
            let answered = asked.iter().position(|held| *held == expr);
            match answered {
                Some(answer) => Ok(Eval::Column(width + answer)),
                None => Ok(match translate(expr, &mut |part| Ok(place(part)))? {
                    Eval::Column(column) => Eval::Column(column),
                    computed => computed.with_collations(&collation),
                }),
            }
        };
        if let Some(having) = grouping.having {
            let predicate = compute(having)?;
            node = Node::Filter { input: Box::new(node), predicate };
        }
        let mut exprs: Vec<Eval> =
            outs.iter().map(|out| compute(out.item.expr)).collect::<Result<_, Error>>()?;
        let mut names = crate::eval::names(outs.iter().map(Out::name));
        let mut keys: Vec<SortKey> = Vec::with_capacity(grouping.order_by.len());
        for item in &grouping.order_by {
            let value = compute(item.expr)?;
            let typ = self.type_of(item.expr, scope);
            let mut key = sort_key(column_of(&mut exprs, &mut names, value), item.descending, typ);
            if Planner::needs_weight(typ) {
                let weight = place(self.weight(item.expr, typ));
                key.weight_column =
                    weight.map(|weight| column_of(&mut exprs, &mut names, Eval::Column(weight)));
            }
            keys.push(key);
        }
        let presorted = is_prefix(&grouping.order_by, &sorted_by, &columns);
        let mut distinct_keys = Vec::new();
        if select.options.distinct {
            for (index, out) in outs.iter().enumerate() {
                let mut key = sort_key(index, false, self.type_of(out.item.expr, scope));
                if Planner::needs_weight(key.typ) {
                    let weight = place(self.weight(out.item.expr, key.typ));
                    key.weight_column = weight
                        .map(|weight| column_of(&mut exprs, &mut names, Eval::Column(weight)));
                }
                distinct_keys.push(key);
            }
        }
        let computed = exprs.len();
        let plain = exprs.iter().enumerate().all(|(index, expr)| *expr == Eval::Column(index));
        let named = outs
            .iter()
            .zip(&columns)
            .all(|(out, column)| vt_sql::to_sql(column) == out.name() || place(*column).is_none());
        if !plain || !named || computed < columns.len() {
            node = Node::Project { input: Box::new(node), exprs, names };
        }
        if !distinct_keys.is_empty() {
            node = Node::Distinct { input: Box::new(node), columns: distinct_keys };
        }
        if !presorted && !keys.is_empty() {
            node = Node::Sort { input: Box::new(node), keys, limit: None };
        }
        node = self.limited(node, query.limit)?;
        if computed > outs.len() {
            node = Node::Truncate { input: Box::new(node), columns: outs.len() };
        }
        Ok(Block::Node { node, columns: outs.iter().map(Out::column).collect() })
    }
}

/// Returns what is wanted of groups and cannot be computed here, each part once.
fn to_ask<'a>(grouping: &Grouping<'a>, place: &dyn Fn(Expr<'a>) -> Option<usize>) -> Vec<Expr<'a>> {
    let wanted = grouping
        .having
        .into_iter()
        .chain(grouping.outs.iter().map(|out| out.item.expr))
        .chain(grouping.order_by.iter().map(|item| item.expr));
    let mut asked: Vec<Expr<'a>> = Vec::new();
    for expr in wanted {
        let known = translate(expr, &mut |part| Ok(place(part))).is_ok();
        if !known && !asked.contains(&expr) {
            asked.push(expr);
        }
    }
    asked
}

/// Returns the place of a computed column, added if it is not there.
fn column_of(exprs: &mut Vec<Eval>, names: &mut Vec<Arc<str>>, value: Eval) -> usize {
    if let Some(place) = exprs.iter().position(|held| *held == value) {
        return place;
    }
    exprs.push(value);
    names.push("".into());
    exprs.len() - 1
}

/// Returns whether rows that are sorted by some keys are in the order asked for.
fn is_prefix(order_by: &[OrderItem<'_>], sorted_by: &[SortKey], columns: &[Expr<'_>]) -> bool {
    order_by.len() <= sorted_by.len()
        && order_by.iter().zip(sorted_by).all(|(item, key)| {
            columns[key.column] == item.expr && key.descending == item.descending
        })
}
