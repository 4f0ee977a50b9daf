//! Asking operators for columns, and giving them conditions.

use std::rc::Rc;

use vt_base::{Error, ErrorId};
use vt_eval::Expr as Eval;
use vt_plan::{JoinColumn, JoinKind};
use vt_sql::ast::{
    BinaryOp, Collate, ColumnName, ConvertUsing, Expr, Ident, IsWhat, Query, QueryBody, SelectExpr,
};
use vt_vschema::table::same_name;

use super::bound::{Binder, BoundColumn};
use super::compute::is_null_of_null;
use super::op::{FilterOp, JoinOp, Op, RowsOp};
use super::vindex::take_values;
use crate::analyze::{Resolved, Scope, Tables};
use crate::planner::Planner;
use crate::shard_form::bind;
use crate::tree::Rewrite;

impl<'a> Planner<'a> {
    /// Asks an operator for an expression; returns its place among the operator's columns.
    ///
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
        let given = match op {
            Op::Route(route) => {
                let same = |held: &SelectExpr<'a>| {
                    held.expr == item.expr && (item.name.is_empty() || held.name == item.name)
                };
                if let Some(place) = route.items.iter().position(same) {
                    return Ok(place);
                }
                route.items.push(item);
                return Ok(route.items.len() - 1);
            }
            Op::Filter(filter) => {
                return self.add_named_column(&mut filter.input, item, scope);
            }
            Op::Compute(compute) => return self.add_to_compute(compute, item, scope),
            Op::Join(join) => self.add_to_join(join, item, scope)?,
            Op::Rows(rows) => self.add_to_rows(rows, item.expr, scope)?,
        };
        match given {
            Some(place) => Ok(place),
            None => self.add_to_compute(self.make_compute(op)?, item, scope),
        }
    }

    /// Asks a join for an expression; `None` if it must be computed over the joined rows.
    pub(super) fn add_to_join(
        &self,
        join: &mut JoinOp<'a>,
        item: SelectExpr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<usize>, Error> {
        let deps = self.deps(item.expr, scope)?;
        let (left, right) = (join.left.tables(), join.right.tables());
        let column = if !deps.overlaps(right) {
            JoinColumn::Left(self.add_named_column(&mut join.left, item, scope)?)
        } else if deps.overlaps(left) {
            return Ok(None);
        } else {
            let fits = match join.kind {
                JoinKind::Inner => true,
                JoinKind::Any | JoinKind::All => matches!(item.expr, Expr::Column(_)),
                _ => is_null_of_null(self.arena, item.expr),
            };
            if !fits {
                return Ok(None);
            }
            JoinColumn::Right(self.add_named_column(&mut join.right, item, scope)?)
        };
        let held = join.columns.iter().position(|held| *held == column);
        Ok(Some(held.unwrap_or_else(|| {
            join.columns.push(column);
            join.columns.len() - 1
        })))
    }

    /// Finds a column of a derived table; `None` if the expression must be computed.
    pub(super) fn add_to_rows(
        &self,
        rows: &mut RowsOp,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<usize>, Error> {
        let Expr::Column(column) = expr else { return Ok(None) };
        let name = column.name.as_str();
        let found = match scope.resolve(column)? {
            Resolved::One { entry, .. } if entry.id == rows.table => {
                rows.columns.iter().position(|one| same_name(&one.name, name))
            }
            // Where the query is tried as a part of a shard's: it has to be given the value first.
            Resolved::One { depth, .. } if depth > 0 => {
                let message = format!("column '{name}' of a query around rows of the gateway");
                return Err(Error::unsupported(message));
            }
            _ => None,
        };
        let unknown = || Error::vt(ErrorId::VT03019, name);
        found.map(Some).ok_or_else(unknown)
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
            Op::Compute(mut compute) => {
                compute.input = self.push_filter(compute.input, filter, scope)?;
                Ok(Op::Compute(compute))
            }
            Op::Rows(mut rows) => match take_values(&mut rows, filter, scope)? {
                true => Ok(Op::Rows(rows)),
                false => self.filter_here(Op::Rows(rows), filter, scope),
            },
            Op::Join(mut join) => {
                let deps = self.deps(filter, scope)?;
                let applies = matches!(join.kind, JoinKind::Value | JoinKind::Any | JoinKind::All);
                if !deps.overlaps(join.right.tables()) || join.kind == JoinKind::Semi {
                    join.left = self.push_filter(join.left, filter, scope)?;
                    return Ok(Op::Join(join));
                }
                let keeps = join.kind == JoinKind::Left
                    && !self.refuses_null(filter, join.right.tables(), scope)?;
                if applies || keeps {
                    return self.filter_here(Op::Join(join), filter, scope);
                }
                // Rows without a match would not pass.
                join.kind = JoinKind::Inner;
                if !deps.overlaps(join.left.tables()) {
                    join.right = self.push_filter(join.right, filter, scope)?;
                } else if join.matching.is_some() {
                    return self.filter_here(Op::Join(join), filter, scope);
                } else {
                    let filter = self.bind_left(&mut join, filter, scope)?;
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
        let predicate = match self.computed_here(&mut input, filter, scope) {
            Err(error) if error.is_unsupported() => {
                // A shard computes whether the row stays.
                let compute = self.make_compute(&mut input)?;
                let item = SelectExpr { expr: filter, alias: None, name: "" };
                Eval::Column(self.add_to_compute(compute, item, scope)?)
            }
            predicate => predicate?,
        };
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
        if let (QueryBody::Select(select), None) = (query.body, query.with) {
            let own = self.scope_of(select, Some(scope), &scope.common)?;
            self.refuse_outer_aggregates(select, &own)?;
        }
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
                let expr = match value {
                    // NULL has no character set, and so takes no collation before it is converted.
                    Expr::Bind(_) => {
                        let convert = ConvertUsing { expr: value, charset: "utf8mb4" };
                        Expr::ConvertUsing(self.arena.node(convert))
                    }
                    column => column,
                };
                let collation = self.arena.text(name);
                Expr::Collate(self.arena.node(Collate { expr, collation }))
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
        let mut vars: Vec<BoundColumn<'a>> = Vec::with_capacity(places.len());
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
            let typ = self.type_of(Expr::Column(column), scope);
            let place = std::ptr::from_ref(*column);
            vars.push(BoundColumn { place, var, typ, collation });
        }
        rewrite(&mut Binder::new(self, vars, scope))
    }
}
