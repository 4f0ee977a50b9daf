//! Columns that the gateway computes from those of an operator.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_plan::Node;
use vt_sql::Arena;
use vt_sql::ast::{BinaryOp, ColumnName, Expr, Lock, SelectExpr, Special};
use vt_value::Collation;

use super::op::{ComputeOp, Computed, Op};
use crate::analyze::{Resolved, Scope, Source};
use crate::eval::translate;
use crate::planner::Planner;

impl<'a> Planner<'a> {
    /// Puts a step that computes columns over an operator; the places of its columns stay.
    pub(super) fn make_compute<'o>(
        &self,
        op: &'o mut Op<'a>,
    ) -> Result<&'o mut ComputeOp<'a>, Error> {
        if !matches!(op, Op::Compute(_)) {
            let outputs = (0..op.width()).map(Computed::Column).collect();
            let input = std::mem::replace(op, Op::nothing());
            *op = Op::Compute(Box::new(ComputeOp { input, outputs }));
        }
        match op {
            Op::Compute(compute) => Ok(compute),
            _ => Err(Error::bug("an operator that has just been made is another")),
        }
    }

    /// Asks a computing step for an expression.
    pub(super) fn add_to_compute(
        &self,
        compute: &mut ComputeOp<'a>,
        item: SelectExpr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<usize, Error> {
        let held = compute.outputs.iter().position(|one| match one {
            Computed::Eval(expr, _) | Computed::Asked(expr, _) => *expr == item.expr,
            Computed::Column(_) => false,
        });
        if let Some(place) = held {
            return Ok(place);
        }
        let given = match &mut compute.input {
            Op::Join(join) => self.add_to_join(join, item, scope)?,
            Op::Rows(rows) => self.add_to_rows(rows, item.expr, scope)?,
            other => Some(self.add_named_column(other, item, scope)?),
        };
        if let Some(column) = given {
            let held = compute
                .outputs
                .iter()
                .position(|one| matches!(one, Computed::Column(held) if *held == column));
            return Ok(held.unwrap_or_else(|| {
                compute.outputs.push(Computed::Column(column));
                compute.outputs.len() - 1
            }));
        }
        let made = match self.is_doubtful(item.expr, scope)? {
            true => Err(Error::unsupported("strings of an unknown collation")),
            false => self.computed_here(&mut compute.input, item.expr, scope),
        };
        let made = match made {
            Ok(eval) => Computed::Eval(item.expr, eval),
            Err(error) if error.is_unsupported() => {
                Computed::Asked(item.expr, self.asked_columns(compute, item.expr, scope)?)
            }
            Err(error) => return Err(error),
        };
        compute.outputs.push(made);
        Ok(compute.outputs.len() - 1)
    }

    /// Returns whether an expression reads columns that nobody has told the types of, or strings
    /// of unknown collations: a shard knows more of them.
    fn is_doubtful(&self, expr: Expr<'a>, scope: &Rc<Scope<'a>>) -> Result<bool, Error> {
        let mut doubtful = false;
        self.each_column(expr, scope, &mut |column, resolved| {
            let Resolved::One { entry, .. } = resolved else {
                doubtful = true;
                return;
            };
            let name = column.name.as_str();
            doubtful = doubtful
                || match entry.source.type_of(name) {
                    None => matches!(entry.source, Source::Table(_) | Source::Unknown),
                    Some(typ) => typ.is_text() && entry.source.collation_of(name).is_none(),
                };
        })?;
        Ok(doubtful)
    }

    /// Translates an expression over the rows of an operator.
    pub(super) fn computed_here(
        &self,
        input: &mut Op<'a>,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Eval, Error> {
        let mut collations: Vec<(usize, Collation)> = Vec::new();
        let eval = translate(expr, &mut |part| match part {
            Expr::Column(_) => {
                let place = self.add_column(input, part, scope)?;
                let name = self.collation_of(part, scope);
                let collation = name.as_deref().and_then(Collation::from_name);
                collations.extend(collation.map(|collation| (place, collation)));
                Ok(Some(place))
            }
            _ => Ok(None),
        })?;
        Ok(eval.with_collations(&|place| {
            collations.iter().find(|(one, _)| *one == place).map(|(_, collation)| *collation)
        }))
    }

    /// Finds the columns of an expression that a shard computes.
    fn asked_columns(
        &self,
        compute: &mut ComputeOp<'a>,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Vec<(*const ColumnName<'a>, usize)>, Error> {
        let mut columns = Vec::new();
        self.each_column(expr, scope, &mut |column, _| columns.push(column))?;
        let place = |column: &'a ColumnName<'a>| {
            let place = self.add_column(&mut compute.input, Expr::Column(column), scope)?;
            Ok((std::ptr::from_ref(column), place))
        };
        columns.into_iter().map(place).collect()
    }

    /// Makes the nodes of a computing step.
    pub(super) fn build_compute(
        &self,
        compute: ComputeOp<'a>,
        locks: &'a [Lock<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Node, Error> {
        let ComputeOp { input, outputs } = compute;
        let width = input.width();
        let mut node = self.build(input, locks, scope)?;
        let mut asked: Vec<Expr<'a>> = Vec::new();
        let mut places: Vec<(*const ColumnName<'a>, usize)> = Vec::new();
        for output in &outputs {
            if let Computed::Asked(expr, columns) = output {
                asked.push(*expr);
                places.extend(columns);
            }
        }
        if !asked.is_empty() {
            node = self.asked(node, width, &asked, &|expr| match expr {
                Expr::Column(column) => {
                    let held = places.iter().find(|(one, _)| std::ptr::eq(*one, column));
                    held.map(|(_, place)| *place)
                }
                _ => None,
            })?;
        }
        let (mut exprs, mut names) = (Vec::new(), Vec::new());
        let mut answers = width..;
        for output in outputs {
            let (eval, name) = match output {
                Computed::Column(column) => (Eval::Column(column), "".into()),
                Computed::Eval(expr, eval) => (eval, name_of(expr)),
                Computed::Asked(expr, _) => {
                    let column = answers.next().unwrap_or(width);
                    (Eval::Column(column), name_of(expr))
                }
            };
            exprs.push(eval);
            names.push(name);
        }
        Ok(Node::Project { input: Box::new(node), exprs, names })
    }
}

/// Returns the name of a column that nothing names: what was written, of an empty string nothing.
fn name_of(expr: Expr<'_>) -> Arc<str> {
    match expr {
        Expr::Literal(literal) if literal.value.is_empty() => "".into(),
        _ => vt_sql::to_sql(&expr).into(),
    }
}

/// Returns whether an expression is NULL where its columns are, and so may be computed before the
/// rows of an outer join that match nothing get their NULLs.
pub(super) fn is_null_of_null(arena: &Arena, expr: Expr<'_>) -> bool {
    match expr {
        Expr::Column(_) => true,
        Expr::Special(Special::WeightString { expr, target: None }) => {
            is_null_of_null(arena, *expr)
        }
        // What an ENUM or a SET is ordered by.
        Expr::Binary(sum) if sum.op == BinaryOp::Add => {
            is_null_of_null(arena, sum.left) && sum.right == crate::fields::zero(arena)
        }
        _ => false,
    }
}
