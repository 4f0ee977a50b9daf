//! The columns that a select gives.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_sql::Arena;
use vt_sql::ast::{
    ColumnName, Expr, Ident, LiteralKind, OrderItem, Query, SelectExpr, SelectItem, TableName,
};
use vt_value::Type;

use crate::analyze::scope::OutColumn;
use crate::analyze::{Resolved, Scope, Tables};
use crate::planner::Planner;
use crate::tree::{Rewrite, rewrite_children};

/// A column that a select gives.
#[derive(Clone, Debug)]
pub(crate) struct Out<'a> {
    pub(crate) item: SelectExpr<'a>,
    pub(crate) typ: Option<Type>,
    pub(crate) collation: Option<Arc<str>>,
}

impl<'a> Out<'a> {
    pub(crate) fn name(&self) -> &'a str {
        self.item.alias.map_or(self.item.name, |alias| alias.as_str())
    }

    pub(crate) fn column(&self) -> OutColumn {
        OutColumn { name: self.name().into(), typ: self.typ, collation: self.collation.clone() }
    }
}

impl<'a> Planner<'a> {
    /// Returns the columns of a select list, stars expanded; `None` if a star cannot be, since
    /// its table's columns are not known.
    pub(crate) fn outs(
        &self,
        items: &[SelectItem<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<Vec<Out<'a>>>, Error> {
        let mut outs = Vec::with_capacity(items.len());
        for item in items {
            match item {
                SelectItem::Expr(item) => {
                    let typ = self.type_of(item.expr, scope);
                    let collation = self.told_collation(item.expr, scope);
                    outs.push(Out { item: *item, typ, collation });
                }
                SelectItem::Next(_) => {
                    return Err(Error::vt(ErrorId::VT03018, ""));
                }
                SelectItem::Star(of) => {
                    if let Some(table) = of
                        && !scope.entries.iter().any(|entry| entry.is_named(*of))
                    {
                        return Err(Error::vt(ErrorId::VT03022, table.name.as_str()));
                    }
                    let Some(columns) = scope.star(*of) else { return Ok(None) };
                    for (entry, column) in columns {
                        let table = TableName { qualifier: None, name: entry.name };
                        let name = self.arena.text(&column.name);
                        let ident = Ident::new(name);
                        let expr = ColumnName { table: Some(table), name: ident };
                        let expr = Expr::Column(self.arena.node(expr));
                        let item = SelectExpr { expr, alias: None, name };
                        outs.push(Out { item, typ: column.typ, collation: column.collation });
                    }
                }
            }
        }
        Ok(Some(outs))
    }

    /// Makes all names of a column the same, so that equal expressions look equal.
    pub(crate) fn unified(
        &self,
        expr: Expr<'a>,
        names: &mut ColumnNames<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Expr<'a>, Error> {
        Unify { planner: self, names, scope }.expr(expr)
    }

    /// Returns what an item of ORDER BY or GROUP BY stands for: a place in the select list, an
    /// alias, or itself.
    pub(crate) fn behind_alias(
        &self,
        expr: Expr<'a>,
        outs: &[Out<'a>],
        prefer_columns: bool,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Expr<'a>, Error> {
        match expr {
            Expr::Literal(literal) if literal.kind == LiteralKind::Int => {
                let place: usize = literal.text().and_then(|text| text.parse().ok()).unwrap_or(0);
                match place.checked_sub(1).and_then(|index| outs.get(index)) {
                    Some(out) => Ok(out.item.expr),
                    None => Err(Error::mysql(
                        1054,
                        b"42S22",
                        format!("Unknown column '{place}' in 'order clause'"),
                    )),
                }
            }
            Expr::Column(column) if column.table.is_none() => {
                let aliased = outs
                    .iter()
                    .find(|out| out.item.alias.is_some_and(|alias| alias.is(column.name.as_str())));
                let Some(out) = aliased else { return Ok(expr) };
                // GROUP BY and HAVING see the tables' columns before the aliases.
                let known = prefer_columns
                    && matches!(
                        scope.resolve(column)?,
                        crate::analyze::Resolved::One { depth: 0, entry }
                            if entry.source.type_of(column.name.as_str()).is_some()
                    );
                Ok(if known { expr } else { out.item.expr })
            }
            _ => Ok(expr),
        }
    }
}

/// For each column of a select, the way in which it was first written.
#[derive(Default)]
pub(crate) struct ColumnNames<'a>(Vec<(Tables, &'a ColumnName<'a>)>);

struct Unify<'p, 'a> {
    planner: &'p Planner<'a>,
    names: &'p mut ColumnNames<'a>,
    scope: &'p Rc<Scope<'a>>,
}

impl<'a> Rewrite<'a> for Unify<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        let Expr::Column(column) = expr else { return rewrite_children(self, expr) };
        let Resolved::One { entry, depth: 0 } = self.scope.resolve(column)? else {
            return Ok(expr);
        };
        let same = |(table, held): &&(Tables, &'a ColumnName<'a>)| {
            *table == entry.id && held.name.is(column.name.as_str())
        };
        match self.names.0.iter().find(same) {
            Some((_, held)) => Ok(Expr::Column(held)),
            None => {
                self.names.0.push((entry.id, column));
                Ok(expr)
            }
        }
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        Ok(query)
    }
}

/// Returns whether an expression has the same value in all rows, so that it orders nothing.
pub(crate) fn is_constant(expr: Expr<'_>) -> bool {
    matches!(expr, Expr::Null | Expr::True | Expr::False | Expr::Bind(_) | Expr::Literal(_))
}

/// Makes an item of ORDER BY.
pub(crate) fn order_item(expr: Expr<'_>, descending: bool) -> OrderItem<'_> {
    OrderItem { expr, descending }
}
