//! Queries that the gateway runs for the rows of an operator: what they give becomes columns.
//!
//! A query inside an expression is replaced by columns of a table that only the planner knows
//! ([`Scope::computed`]); the operator becomes the left side of a join that has them.

use std::rc::Rc;

use vt_base::{Code, Error};
use vt_eval::{Expr as Eval, Func};
use vt_plan::{JoinColumn, JoinKind, Predicate};
use vt_sql::ast::{BinaryOp, ColumnName, Expr, Ident, Query, TableName};
use vt_value::{Collation, Type};

use super::op::{JoinOp, Op, RowsOp};
use crate::analyze::scope::OutColumn;
use crate::analyze::{Entry, Scope, Source};
use crate::eval::translate;
use crate::planner::Planner;

/// A query to be run for rows.
pub(crate) struct Apply<'a> {
    kind: JoinKind,
    query: &'a Query<'a>,
    /// The comparison of ANY and ALL with what the query gives; none for EXISTS.
    test: Option<(BinaryOp, Expr<'a>)>,
    entry: Rc<Entry<'a>>,
}

impl<'a> Planner<'a> {
    /// Makes columns of what a query gives as its only row: as many as `width`.
    pub(crate) fn apply_value(
        &self,
        query: &'a Query<'a>,
        width: usize,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(Apply<'a>, Vec<Expr<'a>>), Error> {
        let known = self.query_columns(query, Some(scope), &scope.common)?;
        if known.as_ref().is_some_and(|columns| columns.len() != width) {
            return Err(operand_columns(width));
        }
        let unknown = || OutColumn { name: "".into(), typ: None, collation: None };
        let mut columns = known.unwrap_or_else(|| vec![unknown(); width]);
        for (place, column) in columns.iter_mut().enumerate() {
            column.name = format!("c{place}").into();
        }
        let (entry, exprs) = self.computed(columns, scope)?;
        Ok((Apply { kind: JoinKind::Value, query, test: None, entry }, exprs))
    }

    /// Makes a column of whether a query gives a row for which the comparison holds: any row, or
    /// all of them. Without a comparison it is whether there is a row.
    pub(crate) fn apply_truth(
        &self,
        kind: JoinKind,
        query: &'a Query<'a>,
        test: Option<(BinaryOp, Expr<'a>)>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(Apply<'a>, Expr<'a>), Error> {
        let width = match &test {
            Some((_, Expr::Row(parts))) => parts.len(),
            Some(_) => 1,
            None => 0,
        };
        let known = self.query_columns(query, Some(scope), &scope.common)?;
        if width > 0 && known.is_some_and(|columns| columns.len() != width) {
            return Err(operand_columns(width));
        }
        let column = OutColumn { name: "c0".into(), typ: Some(Type::INT64), collation: None };
        let (entry, exprs) = self.computed(vec![column], scope)?;
        let column = *exprs.first().ok_or_else(|| Error::bug("a truth without a column"))?;
        Ok((Apply { kind, query, test, entry }, column))
    }

    /// Makes a table of columns that the gateway computes.
    fn computed(
        &self,
        columns: Vec<OutColumn>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(Rc<Entry<'a>>, Vec<Expr<'a>>), Error> {
        let name = Ident::new(self.arena.text(&format!("__query{}", self.new_subquery())));
        let table = Some(TableName { qualifier: None, name });
        let column = |column: &OutColumn| {
            let name = Ident::new(self.arena.text(&column.name));
            Expr::Column(self.arena.node(ColumnName { table, name }))
        };
        let exprs = columns.iter().map(column).collect();
        let source = Source::Columns(columns.into());
        let entry = Rc::new(Entry { id: self.new_table()?, name, keyspace: None, source });
        scope.computed.borrow_mut().push(entry.clone());
        Ok((entry, exprs))
    }

    /// Gives an operator the columns of queries that run for its rows.
    pub(crate) fn with_applies(
        &self,
        op: Op<'a>,
        applies: Vec<Apply<'a>>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        applies.into_iter().try_fold(op, |op, apply| self.applied(op, apply, scope))
    }

    fn applied(
        &self,
        op: Op<'a>,
        apply: Apply<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let Apply { kind, query, test, entry } = apply;
        let columns = match &entry.source {
            Source::Columns(columns) => columns.to_vec(),
            _ => Vec::new(),
        };
        let rows = RowsOp { table: entry.id, columns, ..RowsOp::default() };
        let mut join = JoinOp::new(kind, op, Op::Rows(Box::new(rows)));
        let query = self.bind_outer(&mut join, query, scope)?;
        let query = match test {
            None if kind != JoinKind::Value => self.first_row(query, scope)?,
            _ => query,
        };
        let given = self.query_columns(query, scope.parent.as_ref(), &scope.common)?;
        let block = self.plan_block(query, scope.parent.as_ref(), &scope.common)?;
        let node = self.block_node(block)?;
        if let Op::Rows(rows) = &mut join.right {
            rows.node = node;
        }
        if let Some((op, left)) = test {
            let predicate = self.comparison(&mut join, (op, left), given.as_deref(), scope)?;
            join.predicate = Some(predicate);
        }
        Ok(Op::Join(Box::new(join)))
    }

    /// Makes the comparison of a value of the left with the columns of the right.
    fn comparison(
        &self,
        join: &mut JoinOp<'a>,
        (op, left): (BinaryOp, Expr<'a>),
        given: Option<&[OutColumn]>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Predicate, Error> {
        let mut columns = Vec::new();
        let parts = match left {
            Expr::Row(parts) => parts,
            _ => self.arena.list(&[left]),
        };
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for (place, part) in parts.iter().enumerate() {
            lefts.push(self.left_value(join, *part, &mut columns, scope)?);
            let collation = given.and_then(|given| given.get(place)?.collation.clone());
            rights.push(column_of(columns.len(), collation.as_deref()));
            columns.push(JoinColumn::Right(place));
        }
        let func = crate::eval::comparison(op)
            .ok_or_else(|| Error::unsupported("ANY and ALL with an operator that compares not"))?;
        let expr = match (lefts.pop(), rights.pop()) {
            (Some(left), Some(right)) if lefts.is_empty() => Eval::Call(func, vec![left, right]),
            (Some(left), Some(right)) => {
                lefts.push(left);
                rights.push(right);
                Eval::Call(func, vec![Eval::Tuple(lefts), Eval::Tuple(rights)])
            }
            _ => return Err(operand_columns(1)),
        };
        Ok(Predicate { expr, columns })
    }

    /// Translates a value of the left side, its columns added to those of a condition.
    fn left_value(
        &self,
        join: &mut JoinOp<'a>,
        value: Expr<'a>,
        columns: &mut Vec<JoinColumn>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Eval, Error> {
        let known = columns.len();
        match self.pair_value(join, value, columns, scope) {
            Ok(value) => Ok(value),
            Err(error) if error.is_unsupported() => {
                columns.truncate(known);
                let place = self.add_column(&mut join.left, value, scope)?;
                columns.push(JoinColumn::Left(place));
                let collation = self.collation_of(value, scope);
                Ok(column_of(known, collation.as_deref()))
            }
            Err(error) => Err(error),
        }
    }

    /// Translates an expression over a pair of rows of a join; its columns are added to those of
    /// the condition that it is part of.
    pub(crate) fn pair_value(
        &self,
        join: &mut JoinOp<'a>,
        expr: Expr<'a>,
        columns: &mut Vec<JoinColumn>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Eval, Error> {
        let mut collations: Vec<(usize, Collation)> = Vec::new();
        let value = translate(expr, &mut |part| match part {
            Expr::Column(_) => {
                let of_right = self.deps(part, scope)?.overlaps(join.right.tables());
                let column = match of_right {
                    true => JoinColumn::Right(self.add_column(&mut join.right, part, scope)?),
                    false => JoinColumn::Left(self.add_column(&mut join.left, part, scope)?),
                };
                let held = columns.iter().position(|one| *one == column);
                let place = held.unwrap_or_else(|| {
                    columns.push(column);
                    columns.len() - 1
                });
                let name = self.collation_of(part, scope);
                let collation = name.as_deref().and_then(Collation::from_name);
                collations.extend(collation.map(|collation| (place, collation)));
                Ok(Some(place))
            }
            _ => Ok(None),
        })?;
        Ok(value.with_collations(&|place| {
            collations.iter().find(|(one, _)| *one == place).map(|(_, collation)| *collation)
        }))
    }
}

fn column_of(place: usize, collation: Option<&str>) -> Eval {
    match collation.and_then(Collation::from_name) {
        Some(collation) => Eval::CollatedColumn(place, collation),
        None => Eval::Column(place),
    }
}

/// MySQL's error for operands of another width.
pub(crate) fn operand_columns(width: usize) -> Error {
    let message = format!("Operand should contain {width} column(s)");
    Error::mysql(1241, b"21000", message).with_code(Code::InvalidArgument)
}

/// Puts conditions together with AND.
pub(crate) fn all_of(conditions: Vec<Eval>) -> Option<Eval> {
    conditions.into_iter().reduce(|all, one| Eval::Call(Func::And, vec![all, one]))
}
