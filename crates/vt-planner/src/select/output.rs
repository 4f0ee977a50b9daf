//! Asking operators for columns, and giving them conditions.

use std::collections::HashSet;
use std::rc::Rc;

use vt_base::{Error, ErrorId};
use vt_plan::{JoinColumn, JoinKind};
use vt_sql::Arena;
use vt_sql::ast::{BinaryOp, Collate, ColumnName, Expr, Ident, IsWhat, Query, SelectExpr};
use vt_value::Collation;
use vt_vschema::table::same_name;

use super::op::{FilterOp, JoinOp, Op, RowsOp};
use crate::analyze::{Resolved, Scope, Tables};
use crate::eval::translate;
use crate::planner::Planner;
use crate::shard_form::bind;
use crate::tree::{Rewrite, rewrite_children};

impl<'a> Planner<'a> {
    /// Asks an operator for an expression; returns its place among the operator's columns.
    ///
    /// # Errors
    /// The operator cannot give it: it needs columns of both sides of an outer join.
    pub(crate) fn add_column(
        &self,
        op: &mut Op<'a>,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<usize, Error> {
        self.add_named_column(op, SelectExpr { expr, alias: None, name: "" }, scope)
    }

    /// Asks for an expression under a name; the empty name is satisfied by any.
    pub(crate) fn add_named_column(
        &self,
        op: &mut Op<'a>,
        item: SelectExpr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<usize, Error> {
        match op {
            Op::Route(route) => {
                let same = |held: &SelectExpr<'a>| {
                    held.expr == item.expr && (item.name.is_empty() || held.name == item.name)
                };
                if let Some(place) = route.items.iter().position(same) {
                    return Ok(place);
                }
                route.items.push(item);
                Ok(route.items.len() - 1)
            }
            Op::Filter(filter) => self.add_named_column(&mut filter.input, item, scope),
            Op::Join(join) => self.add_to_join(join, item, scope),
            Op::Rows(rows) => self.add_to_rows(rows, item.expr, scope),
        }
    }

    fn add_to_join(
        &self,
        join: &mut JoinOp<'a>,
        item: SelectExpr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<usize, Error> {
        let deps = self.deps(item.expr, scope)?;
        let (left, right) = (join.left.tables(), join.right.tables());
        let column = if !deps.overlaps(right) {
            JoinColumn::Left(self.add_named_column(&mut join.left, item, scope)?)
        } else if !deps.overlaps(left) {
            JoinColumn::Right(self.add_named_column(&mut join.right, item, scope)?)
        } else if join.kind == JoinKind::Inner {
            let expr = self.bind_left(join, item.expr, scope)?;
            let item = SelectExpr { expr, ..item };
            JoinColumn::Right(self.add_named_column(&mut join.right, item, scope)?)
        } else {
            let text = vt_sql::to_sql(&item.expr);
            return Err(Error::unsupported(format!("expression over an outer join: {text}")));
        };
        match join.columns.iter().position(|held| *held == column) {
            Some(place) => Ok(place),
            None => {
                join.columns.push(column);
                Ok(join.columns.len() - 1)
            }
        }
    }

    fn add_to_rows(
        &self,
        rows: &mut RowsOp<'a>,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<usize, Error> {
        let place = |rows: &RowsOp<'a>, expr: Expr<'a>| match expr {
            Expr::Column(column) => {
                let named = |one: &crate::analyze::scope::OutColumn| {
                    same_name(&one.name, column.name.as_str())
                };
                Ok(match scope.resolve(column)? {
                    Resolved::One { entry, .. } if entry.id == rows.table => {
                        rows.columns.iter().position(named)
                    }
                    _ => None,
                })
            }
            _ => Ok(None),
        };
        if let Some(found) = place(rows, expr)? {
            return Ok(found);
        }
        let own = rows.columns.len();
        if let Some(found) = rows.exprs.iter().position(|(held, _)| *held == expr) {
            return Ok(own + found);
        }
        let eval = translate(expr, &mut |part| place(rows, part))?;
        rows.exprs.push((expr, eval));
        Ok(own + rows.exprs.len() - 1)
    }

    /// Gives an operator a condition that its rows must fulfil.
    pub(crate) fn push_filter(
        &self,
        op: Op<'a>,
        filter: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        match op {
            Op::Route(mut route) => {
                route.filters.push(filter);
                Ok(Op::Route(route))
            }
            Op::Filter(mut outer) => {
                outer.input = self.push_filter(outer.input, filter, scope)?;
                Ok(Op::Filter(outer))
            }
            Op::Rows(_) => self.filter_here(op, filter, scope),
            Op::Join(mut join) => {
                let deps = self.deps(filter, scope)?;
                if !deps.overlaps(join.right.tables()) || join.kind == JoinKind::Semi {
                    join.left = self.push_filter(join.left, filter, scope)?;
                } else if join.kind == JoinKind::Left
                    && !self.refuses_null(filter, join.right.tables(), scope)?
                {
                    return self.filter_here(Op::Join(join), filter, scope);
                } else {
                    // Rows without a match would not pass.
                    join.kind = JoinKind::Inner;
                    let filter = match deps.overlaps(join.left.tables()) {
                        true => self.bind_left(&mut join, filter, scope)?,
                        false => filter,
                    };
                    join.right = self.push_filter(join.right, filter, scope)?;
                }
                Ok(Op::Join(join))
            }
        }
    }

    /// Returns whether a condition is never true where a column of some tables is NULL.
    fn refuses_null(
        &self,
        filter: Expr<'a>,
        tables: Tables,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let of_tables = |expr: Expr<'a>| match expr {
            Expr::Column(column) => Ok(match scope.resolve(column)? {
                Resolved::One { entry, .. } => entry.id.overlaps(tables),
                _ => false,
            }),
            _ => Ok::<bool, Error>(false),
        };
        match filter {
            Expr::Binary(binary) => Ok(binary.op.is_comparison()
                && binary.op != BinaryOp::NullSafeEq
                && (of_tables(binary.left)? || of_tables(binary.right)?)),
            Expr::In(one) => of_tables(one.expr),
            Expr::Between(one) => of_tables(one.expr),
            Expr::Like(like) => of_tables(like.expr),
            Expr::Is(is) => {
                let not_null = is.what == IsWhat::Null && is.negated;
                Ok(not_null && of_tables(is.expr)?)
            }
            _ => Ok(false),
        }
    }

    /// Drops rows at the gateway.
    pub(crate) fn filter_here(
        &self,
        mut input: Op<'a>,
        filter: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let mut collations: Vec<(usize, Collation)> = Vec::new();
        let predicate = translate(filter, &mut |part| match part {
            Expr::Column(_) => {
                let place = self.add_column(&mut input, part, scope)?;
                let name = self.collation_of(part, scope);
                let collation = name.as_deref().and_then(Collation::from_name);
                collations.extend(collation.map(|collation| (place, collation)));
                Ok(Some(place))
            }
            _ => Ok(None),
        })?;
        let predicate = predicate.with_collations(&|place| {
            collations.iter().find(|(one, _)| *one == place).map(|(_, collation)| *collation)
        });
        Ok(Op::Filter(Box::new(FilterOp { input, predicate })))
    }

    /// Puts bind variables in place of the left side's columns, for the right side of a join.
    pub(crate) fn bind_left(
        &self,
        join: &mut JoinOp<'a>,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Expr<'a>, Error> {
        let places = self.columns_of(expr, join.left.tables(), scope)?;
        self.bind_places(join, &places, scope, |binder| binder.expr(expr))
    }

    /// Puts bind variables in place of columns of a query around a query.
    pub(crate) fn bind_outer(
        &self,
        join: &mut JoinOp<'a>,
        query: &'a Query<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<&'a Query<'a>, Error> {
        let places = self.columns_of(Expr::Subquery(query), join.left.tables(), scope)?;
        self.bind_places(join, &places, scope, |binder| binder.query(query))
    }

    /// Returns the places in an expression where columns of some tables stand.
    fn columns_of(
        &self,
        expr: Expr<'a>,
        tables: Tables,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Vec<(&'a ColumnName<'a>, Ident<'a>)>, Error> {
        let mut places = Vec::new();
        let mut ambiguous = None;
        self.each_column(expr, scope, &mut |column, resolved| match resolved {
            Resolved::One { entry, .. } if entry.id.overlaps(tables) => {
                places.push((column, entry.name));
            }
            Resolved::Several { tables: several } if several.overlaps(tables) => {
                ambiguous = Some(column.name);
            }
            _ => {}
        })?;
        match ambiguous {
            Some(name) => Err(Error::vt(ErrorId::VT03021, name.as_str())),
            None => Ok(places),
        }
    }

    /// Gives a value the binary collation of the column that it comes from.
    ///
    /// Of two columns of different collations, MySQL compares by the binary one. A value alone
    /// would take on the collation of the column that it is compared with.
    pub(crate) fn collated(&self, value: Expr<'a>, collation: Option<&str>) -> Expr<'a> {
        match collation {
            Some(name) if name.starts_with("utf8mb4") && name.ends_with("_bin") => {
                let collation = self.arena.text(name);
                Expr::Collate(self.arena.node(Collate { expr: value, collation }))
            }
            _ => value,
        }
    }

    fn bind_places<T>(
        &self,
        join: &mut JoinOp<'a>,
        places: &[(&'a ColumnName<'a>, Ident<'a>)],
        scope: &Rc<Scope<'a>>,
        rewrite: impl FnOnce(&mut Binder<'_, 'a>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut vars: Vec<(*const ColumnName<'a>, Expr<'a>)> = Vec::with_capacity(places.len());
        for (column, table) in places {
            let place = self.add_column(&mut join.left, Expr::Column(column), scope)?;
            let held = join.vars.iter().find(|(_, held)| *held == place).map(|(name, _)| *name);
            let name = match held {
                Some(name) => name,
                None => {
                    let wanted = format!("{}_{}", table.as_str(), column.name.as_str());
                    let name = self.new_var(&wanted);
                    join.vars.push((name, place));
                    name
                }
            };
            let collation = self.collation_of(Expr::Column(column), scope);
            let var = self.collated(bind(self, name), collation.as_deref());
            vars.push((std::ptr::from_ref(*column), var));
        }
        let seen: HashSet<_> = vars.iter().map(|(place, _)| *place).collect();
        rewrite(&mut Binder { planner: self, vars: &vars, seen })
    }
}

/// Puts bind variables in place of columns, found by where they lie in memory.
struct Binder<'p, 'a> {
    planner: &'p Planner<'a>,
    vars: &'p [(*const ColumnName<'a>, Expr<'a>)],
    seen: HashSet<*const ColumnName<'a>>,
}

impl<'a> Rewrite<'a> for Binder<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        if let Expr::Column(column) = expr {
            let place = std::ptr::from_ref(column);
            if !self.seen.contains(&place) {
                return Ok(expr);
            }
            let var = self.vars.iter().find(|(held, _)| *held == place);
            return Ok(var.map_or(expr, |(_, var)| *var));
        }
        rewrite_children(self, expr)
    }
}
