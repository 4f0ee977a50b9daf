//! Which shards a route needs, by the conditions on the columns of vindexes.

use std::rc::Rc;

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_plan::Routing;
use vt_sql::ast::{BinaryOp, Expr, In, InList, IsWhat};
use vt_value::Type;
use vt_vschema::Destination;
use vt_vschema::table::same_name;

use super::op::{Choice, Home, Member, MemberVindex, RouteOp};
use crate::analyze::{Resolved, Scope, Source, Tables};
use crate::eval::{literal_value, plain_value};
use crate::planner::Planner;
use crate::shard_form::ShardForm;
use crate::tree::Rewrite;

/// The bind variable that takes a shard's part of an IN list.
const LIST_VAR: &str = "__vals";

impl<'a> Planner<'a> {
    /// Chooses how a route finds its shards.
    pub(crate) fn choose(
        &self,
        route: &RouteOp<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Choice<'a>, Error> {
        self.count_work(route.filters.len() * (1 + route.members.len()))?;
        let never = route.filters.iter().any(|filter| is_never(*filter));
        match &route.home {
            Home::Whole(_) => match route.home.keyspace() {
                Some(keyspace) if keyspace.sharded => return Ok(Choice::AnyShard),
                _ => return Ok(Choice::Unsharded),
            },
            Home::Anywhere => return Ok(Choice::AnyShard),
            Home::Sharded(_) if never => return Ok(Choice::Nowhere),
            Home::Sharded(_) => {}
        }
        let mut best = route.inherited.clone().unwrap_or(Choice::Scatter);
        for member in &route.members {
            if member.id.overlaps(route.nullable) {
                continue;
            }
            let choice = self.choose_for(member, &route.filters, scope)?;
            if choice.rank() < best.rank() {
                best = choice;
            }
        }
        Ok(best)
    }

    /// Chooses by the conditions on one table.
    fn choose_for(
        &self,
        member: &Member,
        filters: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Choice<'a>, Error> {
        if let Some(pinned) = &member.pinned {
            return Ok(Choice::By(pinned.clone()));
        }
        let mut best = Choice::Scatter;
        let is_read = |one: &&MemberVindex| one.vindex.lookup().is_none_or(|one| !one.write_only);
        for vindex in member.vindexes.iter().filter(is_read) {
            for choice in self.choices(member, vindex, filters, scope)? {
                if choice.rank() < best.rank() {
                    best = choice;
                }
            }
        }
        Ok(best)
    }

    /// Returns the ways in which conditions use a vindex.
    fn choices(
        &self,
        member: &Member,
        vindex: &MemberVindex,
        filters: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Vec<Choice<'a>>, Error> {
        let mut found = Vec::new();
        let cost = vindex.cost;
        let is = |expr: Expr<'a>, column: &str| self.is_column(expr, member.id, column, scope);
        let is_lookup = vindex.vindex.lookup().is_some();
        // Of a lookup's columns the first is looked up; the others go along with it.
        let columns = match is_lookup {
            true => vindex.columns.get(..1).unwrap_or_default(),
            false => vindex.columns.as_slice(),
        };
        if let [column] = columns
            && !vindex.partial
        {
            for filter in filters {
                if !is_lookup && let Some(table) = self.same_as(*filter, member, vindex, scope)? {
                    found.push(Choice::SameAs { table });
                }
                if let Some(choice) = in_choice(*filter, vindex, &mut |expr| is(expr, column))? {
                    found.push(choice);
                }
                if vindex.vindex.keeps_order() && holds_whole_numbers(member, column, scope) {
                    let is = &mut |expr| is(expr, column);
                    found.extend(self.between_choice(*filter, vindex, is)?);
                }
            }
        }
        // Every column of the vindex must have a value.
        let mut values = Vec::with_capacity(columns.len());
        for column in columns {
            for filter in filters {
                let Some(value) = equal_value(*filter, &mut |expr| is(expr, column))? else {
                    continue;
                };
                if let Some(plain) = self.known_value(value)?
                    // Rows with NULL have no entry in a lookup.
                    && !(is_lookup && matches!(value, Expr::Null))
                {
                    values.push(plain);
                    break;
                }
            }
        }
        if values.len() == columns.len() {
            let vindex_of = vindex.mapping.clone();
            found.push(match vindex.partial {
                true => Choice::Prefix { vindex: vindex_of, values, cost },
                false => Choice::Equal { vindex: vindex_of, values, cost },
            });
        } else if columns.len() > 1 && !vindex.partial {
            for filter in filters {
                let rows =
                    tuple_rows(*filter, &vindex.columns, &mut |expr, column| is(expr, column))?;
                if let Some(rows) = rows {
                    let vindex = vindex.mapping.clone();
                    found.push(Choice::MultiEqual { vindex, rows, cost });
                }
            }
        }
        Ok(found)
    }

    /// Returns the choice that `column BETWEEN low AND high` makes possible.
    fn between_choice(
        &self,
        filter: Expr<'a>,
        vindex: &MemberVindex,
        is: IsColumn<'_, 'a>,
    ) -> Result<Option<Choice<'a>>, Error> {
        let Expr::Between(one) = filter else { return Ok(None) };
        if one.negated || !is(one.expr)? {
            return Ok(None);
        }
        let (low, high) = (self.known_value(one.low)?, self.known_value(one.high)?);
        let (Some(low), Some(high)) = (low, high) else { return Ok(None) };
        let (vindex, cost) = (vindex.mapping.clone(), vindex.cost);
        Ok(Some(Choice::Between { vindex, low, high, cost }))
    }

    /// Returns the value of an expression that the gateway knows before it asks a shard.
    fn known_value(&self, value: Expr<'a>) -> Result<Option<Eval>, Error> {
        match value {
            // What is the session's becomes a bind variable.
            Expr::Variable(_) | Expr::Function(_) => {
                Ok(plain_value(ShardForm::new(self).expr(value)?))
            }
            // A collation does not change what a value maps to.
            Expr::Collate(one) => self.known_value(one.expr),
            _ => Ok(plain_value(value)),
        }
    }

    /// Returns whether an expression is a column of a table.
    pub(crate) fn is_column(
        &self,
        expr: Expr<'a>,
        table: Tables,
        name: &str,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let Expr::Column(column) = expr else { return Ok(false) };
        if !same_name(column.name.as_str(), name) {
            return Ok(false);
        }
        Ok(match scope.resolve(column)? {
            Resolved::One { entry, .. } => entry.id == table,
            _ => false,
        })
    }

    /// Returns the table of a query around this one whose row has the same value in a column of
    /// the same vindex: then both rows are in the same shard.
    fn same_as(
        &self,
        filter: Expr<'a>,
        member: &Member,
        vindex: &MemberVindex,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<Tables>, Error> {
        let mut is = |expr: Expr<'a>| self.is_column(expr, member.id, &vindex.columns[0], scope);
        let Some(Expr::Column(other)) = equal_value(filter, &mut is)? else { return Ok(None) };
        let Resolved::One { entry, depth } = scope.resolve(other)? else { return Ok(None) };
        if depth == 0 || !vindex.vindex.unique {
            return Ok(None);
        }
        let Source::Table(table) = &entry.source else { return Ok(None) };
        let same = table.column_vindexes.iter().any(|one| {
            std::sync::Arc::ptr_eq(&one.vindex, &vindex.vindex)
                && matches!(one.columns.as_slice(), [column]
                    if same_name(column, other.name.as_str()))
        });
        Ok(same.then_some(entry.id))
    }
}

impl<'a> Choice<'a> {
    /// Returns the routing of a plan, and the condition whose list each shard gets its part of.
    pub(crate) fn routing(&self) -> (Routing, Option<Expr<'a>>) {
        let routing = match self {
            Choice::Unsharded => Routing::Unsharded,
            Choice::AnyShard => Routing::AnyShard,
            Choice::Scatter | Choice::SameAs { .. } => Routing::Scatter,
            Choice::Nowhere => Routing::Nowhere,
            Choice::By(destination) => Routing::By(destination.clone()),
            Choice::Equal { vindex, values, .. } => {
                Routing::Equal { vindex: vindex.clone(), values: values.clone() }
            }
            Choice::In { vindex, values, filter, whole_list, .. } => {
                let list_var = whole_list.then(|| LIST_VAR.into());
                let routing =
                    Routing::In { vindex: vindex.clone(), values: values.clone(), list_var };
                return (routing, whole_list.then_some(*filter));
            }
            Choice::MultiEqual { vindex, rows, .. } => {
                Routing::MultiEqual { vindex: vindex.clone(), rows: rows.clone() }
            }
            Choice::Between { vindex, low, high, .. } => {
                Routing::Between { vindex: vindex.clone(), low: low.clone(), high: high.clone() }
            }
            Choice::Prefix { vindex, values, .. } => {
                Routing::Prefix { vindex: vindex.clone(), values: values.clone() }
            }
        };
        (routing, None)
    }

    /// Makes the condition that a shard gets in place of one that has the whole list.
    pub(crate) fn with_list_var(planner: &Planner<'a>, filter: Expr<'a>) -> Expr<'a> {
        let Expr::In(one) = filter else { return filter };
        let list = vt_sql::ast::Bind { name: LIST_VAR, list: true };
        let list = InList::Bind(planner.arena.node(list));
        Expr::In(planner.arena.node(In { list, ..*one }))
    }
}

/// Returns whether a column is known to hold whole numbers, which compare as what they map to.
fn holds_whole_numbers(member: &Member, column: &str, scope: &Scope<'_>) -> bool {
    scope.entries.iter().filter(|entry| entry.id == member.id).any(|entry| match &entry.source {
        Source::Table(table) => table
            .column(column)
            .is_some_and(|column| column.typ.is_integral() && column.typ != Type::YEAR),
        _ => false,
    })
}

/// Returns the destination of a pinned table.
pub(crate) fn pinned(table: &vt_vschema::Table) -> Option<Destination> {
    table.pinned.as_ref().map(|id| Destination::KeyspaceId(id.clone()))
}

pub(super) type IsColumn<'f, 'a> = &'f mut dyn FnMut(Expr<'a>) -> Result<bool, Error>;

/// Returns what a condition says that a column equals.
pub(super) fn equal_value<'a>(
    filter: Expr<'a>,
    is: IsColumn<'_, 'a>,
) -> Result<Option<Expr<'a>>, Error> {
    match filter {
        Expr::Binary(binary) if binary.op == BinaryOp::Eq => {
            if is(binary.left)? {
                return Ok(Some(binary.right));
            }
            if is(binary.right)? {
                return Ok(Some(binary.left));
            }
            Ok(None)
        }
        Expr::Is(one) if one.what == IsWhat::Null && !one.negated => {
            Ok(is(one.expr)?.then_some(Expr::Null))
        }
        _ => Ok(None),
    }
}

/// Returns the choice that `column IN (...)`, or a chain of ORs over the column, makes possible.
fn in_choice<'a>(
    filter: Expr<'a>,
    vindex: &MemberVindex,
    is: IsColumn<'_, 'a>,
) -> Result<Option<Choice<'a>>, Error> {
    let made = |values: Eval, whole_list: bool| {
        let (vindex, cost) = (vindex.mapping.clone(), vindex.cost);
        Some(Choice::In { vindex, values, filter, whole_list, cost })
    };
    match filter {
        Expr::In(one) if !one.negated => {
            if is(one.expr)? {
                return Ok(list_values(&one.list).and_then(|values| made(values, true)));
            }
            // One column of `(a, b) IN ((1, 2), (3, 4))`.
            let (Expr::Row(columns), InList::Exprs(rows)) = (one.expr, one.list) else {
                return Ok(None);
            };
            for (index, column) in columns.iter().enumerate() {
                if is(*column)? {
                    let values = rows.iter().map(|row| match row {
                        Expr::Row(parts) => parts.get(index).copied().and_then(plain_value),
                        _ => None,
                    });
                    let values = values.collect::<Option<Vec<Eval>>>();
                    return Ok(values.and_then(|values| made(Eval::Tuple(values), false)));
                }
            }
            Ok(None)
        }
        Expr::Or(parts) => {
            let mut values = Vec::with_capacity(parts.len());
            for part in parts {
                match equal_value(*part, is)?.and_then(plain_value) {
                    Some(value) => values.push(value),
                    None => return Ok(None),
                }
            }
            Ok(made(Eval::Tuple(values), false))
        }
        _ => Ok(None),
    }
}

pub(super) fn list_values(list: &InList<'_>) -> Option<Eval> {
    match list {
        InList::Bind(list) => Some(Eval::BindTuple(list.name.into())),
        InList::Literals(list) => {
            let values = list.iter().map(|one| literal_value(one).ok().map(Eval::Literal));
            Some(Eval::Tuple(values.collect::<Option<_>>()?))
        }
        InList::Exprs(list) => {
            Some(Eval::Tuple(list.iter().map(|one| plain_value(*one)).collect::<Option<_>>()?))
        }
        InList::Query(_) => None,
    }
}

/// Returns the rows of `(a, b) IN ((1, 2), ...)`, each in the order of a vindex's columns.
fn tuple_rows<'a>(
    filter: Expr<'a>,
    columns: &[std::sync::Arc<str>],
    is: &mut dyn FnMut(Expr<'a>, &str) -> Result<bool, Error>,
) -> Result<Option<Vec<Vec<Eval>>>, Error> {
    let Expr::In(In { expr: Expr::Row(parts), list: InList::Exprs(rows), negated: false }) = filter
    else {
        return Ok(None);
    };
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        let mut place = None;
        for (index, part) in parts.iter().enumerate() {
            if is(*part, column)? {
                place = Some(index);
            }
        }
        match place {
            Some(place) => places.push(place),
            None => return Ok(None),
        }
    }
    let row = |row: &Expr<'a>| match row {
        Expr::Row(values) => {
            places.iter().map(|place| values.get(*place).copied().and_then(plain_value)).collect()
        }
        _ => None,
    };
    Ok(rows.iter().map(row).collect())
}

/// Returns whether a condition can hold for no row, whatever the values of bind variables.
fn is_never(filter: Expr<'_>) -> bool {
    match filter {
        Expr::False | Expr::Null => true,
        Expr::Binary(binary) if binary.op.is_comparison() => {
            binary.op != BinaryOp::NullSafeEq
                && (matches!(binary.left, Expr::Null) || matches!(binary.right, Expr::Null))
        }
        Expr::In(In { list: InList::Exprs([Expr::Null]), .. }) => true,
        _ => false,
    }
}
