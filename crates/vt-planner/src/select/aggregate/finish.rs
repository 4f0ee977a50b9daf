//! What follows the rows or groups: HAVING, window functions, the result's columns, order and
//! limit.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_plan::{Node, SortKey};
use vt_sql::ast::{Expr, OrderItem};
use vt_value::{Collation, Field, Type};

use super::windows::windows_of;
use super::{Grouped, Grouping, Statement};
use crate::analyze::scope::OutColumn;
use crate::eval::{is_refused, translate};
use crate::planner::Planner;
use crate::select::block::Block;
use crate::select::outs::Out;

/// The decimals of a double that is not rounded.
const ALL_DIGITS: u8 = 31;

/// The columns of the result, and those that it is sorted by.
struct Computed {
    exprs: Vec<Eval>,
    names: Vec<Arc<str>>,
}

impl Computed {
    /// Returns the place of a computed column, added if it is not there.
    fn place(&mut self, value: Eval) -> usize {
        if let Some(place) = self.exprs.iter().position(|held| *held == value) {
            return place;
        }
        self.exprs.push(value);
        self.names.push("".into());
        self.exprs.len() - 1
    }
}

impl<'a> Planner<'a> {
    /// Applies HAVING, computes window functions and the result's columns, sorts and cuts; has a
    /// shard check the statement where MySQL might refuse it.
    pub(super) fn finish_groups(
        &self,
        statement: Statement<'_, 'a>,
        grouping: &Grouping<'a>,
        mut rows: Grouped<'a>,
        is_doubtful: bool,
    ) -> Result<Block<'a>, Error> {
        let last = grouping.outs.iter().map(|out| out.item.expr);
        let last: Vec<Expr<'a>> =
            last.chain(grouping.order_by.iter().map(|item| item.expr)).collect();
        let windows = windows_of(last.iter().copied());
        if windows.is_empty() {
            let wanted: Vec<Expr<'a>> =
                grouping.having.into_iter().chain(last.iter().copied()).collect();
            self.ask_for(&wanted, statement, &mut rows)?;
            self.filter_groups(statement, grouping, &mut rows)?;
        } else {
            let mut wanted: Vec<Expr<'a>> = grouping.having.into_iter().collect();
            for window in &windows {
                let window = self.resolved_window(*window, statement.select)?;
                wanted.extend(window.keys().map(|item| item.expr));
                let exact = |arg: &Expr<'a>| self.window_argument(&window, *arg, statement.scope);
                wanted.extend(window.args.iter().map(exact));
            }
            self.ask_for(&wanted, statement, &mut rows)?;
            self.filter_groups(statement, grouping, &mut rows)?;
            self.add_windows(statement, &windows, &mut rows)?;
            self.ask_for(&last, statement, &mut rows)?;
        }
        let (node, columns) = self.finish_rows(statement, grouping, rows)?;
        let Statement { query, select, scope } = statement;
        let node = match is_doubtful {
            true => self.checked(query, select, scope, node)?,
            false => node,
        };
        Ok(Block::Node { node, columns })
    }

    /// Asks shards for what the gateway cannot compute of rows.
    fn ask_for(
        &self,
        wanted: &[Expr<'a>],
        statement: Statement<'_, 'a>,
        rows: &mut Grouped<'a>,
    ) -> Result<(), Error> {
        let typed = |column: &Expr<'a>| {
            let typ = self.type_of(*column, statement.scope).unwrap_or(Type::NULL_TYPE);
            // Doubles come with all their digits, unless the column's type says otherwise.
            let decimals = if typ == Type::FLOAT64 { ALL_DIGITS } else { 0 };
            Field { decimals, ..Field::new("", typ) }
        };
        let fields: Vec<Field> = rows.columns.iter().map(typed).collect();
        let collation = |column: usize| {
            let name = self.collation_of(*rows.columns.get(column)?, statement.scope)?;
            Collation::from_name(&name)
        };
        let mut asked: Vec<Expr<'a>> = Vec::new();
        for expr in wanted {
            let known = translate(*expr, &mut |part| Ok(rows.place(part)))
                .is_ok_and(|eval| !is_refused(&eval.with_collations(&collation), &fields));
            if !known && !asked.contains(expr) {
                asked.push(*expr);
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let node = std::mem::replace(&mut rows.node, Node::Concat { inputs: Vec::new() });
        rows.node = self.asked(node, rows.columns.len(), &asked, &|part| rows.place(part))?;
        rows.columns.extend(asked);
        Ok(())
    }

    /// Computes an expression over rows.
    fn over_rows(
        &self,
        expr: Expr<'a>,
        statement: Statement<'_, 'a>,
        rows: &Grouped<'a>,
    ) -> Result<Eval, Error> {
        let collation = |column: usize| {
            let name = self.collation_of(*rows.columns.get(column)?, statement.scope)?;
            Collation::from_name(&name)
        };
        Ok(match translate(expr, &mut |part| Ok(rows.place(part)))? {
            Eval::Column(column) => Eval::Column(column),
            computed => computed.with_collations(&collation),
        })
    }

    fn filter_groups(
        &self,
        statement: Statement<'_, 'a>,
        grouping: &Grouping<'a>,
        rows: &mut Grouped<'a>,
    ) -> Result<(), Error> {
        let Some(having) = grouping.having else { return Ok(()) };
        let predicate = self.over_rows(having, statement, rows)?;
        let input = std::mem::replace(&mut rows.node, Node::Concat { inputs: Vec::new() });
        rows.node = Node::Filter { input: Box::new(input), predicate };
        Ok(())
    }

    /// Makes the key of an expression among the result's columns; what the shards have not weighed
    /// the gateway does.
    fn result_key(
        &self,
        item: OrderItem<'a>,
        statement: Statement<'_, 'a>,
        rows: &Grouped<'a>,
        computed: &mut Computed,
    ) -> Result<SortKey, Error> {
        let value = self.over_rows(item.expr, statement, rows)?;
        let plain = matches!(value, Eval::Column(_));
        let place = computed.place(value);
        let mut key = self.key(place, item.descending, item.expr, statement.scope);
        if Planner::needs_weight(&key) {
            let weight = self.weight(item.expr, key.typ);
            key.weight_column = match rows.place(weight) {
                Some(weight) => Some(computed.place(Eval::Column(weight))),
                None if plain => None,
                None => match self.over_rows(weight, statement, rows) {
                    Ok(weight) => Some(computed.place(weight)),
                    Err(_) => None,
                },
            };
        }
        Ok(key)
    }

    fn finish_rows(
        &self,
        statement: Statement<'_, 'a>,
        grouping: &Grouping<'a>,
        rows: Grouped<'a>,
    ) -> Result<(Node, Vec<OutColumn>), Error> {
        let Statement { query, select, .. } = statement;
        let outs = &grouping.outs;
        let exprs = outs.iter().map(|out| self.over_rows(out.item.expr, statement, &rows));
        let exprs: Vec<Eval> = exprs.collect::<Result<_, Error>>()?;
        let names = crate::eval::names(outs.iter().map(Out::name));
        let mut computed = Computed { exprs, names };
        let mut keys: Vec<SortKey> = Vec::with_capacity(grouping.order_by.len());
        for item in &grouping.order_by {
            keys.push(self.result_key(*item, statement, &rows, &mut computed)?);
        }
        let presorted = is_prefix(&grouping.order_by, &rows.sorted_by, &rows.columns);
        let mut distinct_keys = Vec::new();
        if select.options.distinct {
            for (index, out) in outs.iter().enumerate() {
                let item = OrderItem { expr: out.item.expr, descending: false };
                let key = self.result_key(item, statement, &rows, &mut computed)?;
                distinct_keys.push(SortKey { column: index, ..key });
            }
        }
        let Grouped { mut node, columns, placed, .. } = rows;
        let Computed { exprs, names } = computed;
        let width = exprs.len();
        let plain = exprs.iter().enumerate().all(|(index, expr)| *expr == Eval::Column(index));
        let held = |column: Expr<'a>| super::place_of(column, &placed, &columns).is_some();
        let named = outs
            .iter()
            .zip(&columns)
            .all(|(out, column)| vt_sql::to_sql(column) == out.name() || !held(*column));
        if !plain || !named || width < columns.len() {
            node = Node::Project { input: Box::new(node), exprs, names };
        }
        if !distinct_keys.is_empty() {
            node = Node::Distinct { input: Box::new(node), columns: distinct_keys };
        }
        if !presorted && !keys.is_empty() {
            node = Node::Sort { input: Box::new(node), keys, limit: None };
        }
        node = self.limited(node, query.limit)?;
        if width > outs.len() {
            node = Node::Truncate { input: Box::new(node), columns: outs.len() };
        }
        Ok((node, outs.iter().map(Out::column).collect()))
    }
}

/// Returns whether rows that are sorted by some keys are in the order asked for.
fn is_prefix(order_by: &[OrderItem<'_>], sorted_by: &[SortKey], columns: &[Expr<'_>]) -> bool {
    order_by.len() <= sorted_by.len()
        && order_by.iter().zip(sorted_by).all(|(item, key)| {
            columns[key.column] == item.expr && key.descending == item.descending
        })
}
