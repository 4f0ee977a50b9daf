//! Joins: the right side runs for the rows of the left, their values bound as variables.

use std::collections::HashMap;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Join, JoinColumn, JoinKind, Node};
use vt_value::{BindVars, Field, Fields, QueryResult, Row, Rows, RowsBuilder, TypedBytes};

use crate::route::{self, destinations};
use crate::step::read_cells;
use crate::{Autocommit, ExecContext, node};

/// How many rows of the left are joined at a time.
const BATCH: usize = 100;
/// The flag of a column that is never NULL.
const NOT_NULL: u16 = 1;

pub(crate) async fn run(join: &Join, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let left = node::run(&join.left, ctx).await?;
    let mut joining = Joining::new(join, left.fields.clone());
    let mut out = RowsBuilder::default();
    for batch in batches(&left.rows) {
        joining.batch(&batch, ctx, &mut out).await?;
        ctx.limits.check(out.len())?;
    }
    let fields = joining.fields(ctx).await?;
    Ok(QueryResult::with_rows(fields, out.finish()))
}

/// Cuts rows of the left into what is joined at a time.
pub(crate) fn batches(rows: &Rows) -> impl Iterator<Item = Rows> {
    let starts = (0..rows.len()).step_by(BATCH);
    starts.map(|start| rows.slice(start..rows.len().min(start + BATCH)))
}

/// Returns the fields of a join's rows without running it.
pub(crate) async fn fields(join: &Join, ctx: ExecContext<'_>) -> Result<Fields, Error> {
    let left = node::fields(&join.left, ctx).await?;
    Joining::new(join, left).fields(ctx).await
}

/// A join at work.
pub(crate) struct Joining<'a> {
    join: &'a Join,
    left: Fields,
    /// Known once the right side has run.
    right: Option<Fields>,
}

impl<'a> Joining<'a> {
    pub(crate) fn new(join: &'a Join, left: Fields) -> Joining<'a> {
        Joining { join, left, right: None }
    }

    /// Joins some rows of the left.
    pub(crate) async fn batch(
        &mut self,
        rows: &Rows,
        ctx: ExecContext<'_>,
        out: &mut RowsBuilder,
    ) -> Result<(), Error> {
        // Rows that bind the same values share one run of the right side.
        let mut runs: Vec<Arc<BindVars>> = Vec::new();
        let mut run_of: HashMap<Vec<Option<&[u8]>>, usize> = HashMap::new();
        let mut cells = Vec::new();
        let mut rows_run = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            read_cells(row, self.left.len(), &mut cells)?;
            let values = self.join.vars.iter().map(|(_, column)| {
                let cell = cells.get(*column).copied();
                cell.ok_or_else(|| Error::bug("a join variable outside of its row"))
            });
            let values: Vec<Option<&[u8]>> = values.collect::<Result<_, _>>()?;
            let run = match run_of.get(&values) {
                Some(run) => *run,
                None => {
                    runs.push(self.bound(&values, rows, ctx));
                    run_of.insert(values, runs.len() - 1);
                    runs.len() - 1
                }
            };
            rows_run.push(run);
        }
        let results = self.run_right(&runs, ctx).await?;
        if self.right.is_none() {
            // A run that no shard had rows for has no fields either.
            let asked = results.iter().find(|result| result.has_fields());
            self.right = asked.map(|result| result.fields.clone());
        }
        let mut held = results.iter().map(|result| result.rows.len()).sum::<usize>();
        for (row, run) in rows.iter().zip(rows_run) {
            let before = out.len();
            self.combine(row, &results[run].rows, out)?;
            held += out.len() - before;
            ctx.limits.check(held)?;
        }
        Ok(())
    }

    fn bound(&self, values: &[Option<&[u8]>], rows: &Rows, ctx: ExecContext<'_>) -> Arc<BindVars> {
        let mut binds = BindVars::clone(ctx.binds);
        for ((name, column), cell) in self.join.vars.iter().zip(values) {
            let value = cell.map_or(TypedBytes::NULL, |cell| {
                TypedBytes::new(self.left[*column].typ, rows.data().slice_ref(cell))
            });
            binds.set(name.clone(), value);
        }
        Arc::new(binds)
    }

    /// Runs the right side once for each set of variables.
    async fn run_right(
        &self,
        runs: &[Arc<BindVars>],
        ctx: ExecContext<'_>,
    ) -> Result<Vec<QueryResult>, Error> {
        let Node::Route(route) = &self.join.right else {
            let mut results = Vec::with_capacity(runs.len());
            for binds in runs {
                results.push(node::run(&self.join.right, ExecContext { binds, ..ctx }).await?);
            }
            return Ok(results);
        };
        // All calls of a batch go out together: one round trip, not one a row.
        let (mut calls, mut counts) = (Vec::new(), Vec::with_capacity(runs.len()));
        for binds in runs {
            let own = destinations::calls(route, ExecContext { binds, ..ctx })?;
            counts.push(own.len());
            calls.extend(own);
        }
        let mut how = route::options(route);
        how.autocommit = Autocommit::Never;
        let mut answers = match calls.is_empty() {
            true => Vec::new(),
            false => ctx.shards.execute(calls, how).await,
        };
        if let (false, Some(error)) = (how.keep_going, crate::first_error(&answers)) {
            return Err(error.clone());
        }
        let mut results = Vec::with_capacity(runs.len());
        for count in counts {
            let rest = answers.split_off(count.min(answers.len()));
            let own = std::mem::replace(&mut answers, rest);
            results.push(match own.is_empty() {
                true => QueryResult::default(),
                false => route::gather(route, own, ctx)?,
            });
        }
        Ok(results)
    }

    /// Appends the rows that one of the left gives.
    fn combine(&self, left: Row<'_>, right: &Rows, out: &mut RowsBuilder) -> Result<(), Error> {
        match self.join.kind {
            JoinKind::Inner => {}
            JoinKind::Left if right.is_empty() => return self.push(left, None, out),
            JoinKind::Left => {}
            JoinKind::Semi if right.is_empty() => return Ok(()),
            JoinKind::Anti if !right.is_empty() => return Ok(()),
            JoinKind::Semi | JoinKind::Anti => return self.push(left, None, out),
        }
        right.iter().try_for_each(|row| self.push(left, Some(row), out))
    }

    fn push(
        &self,
        left: Row<'_>,
        right: Option<Row<'_>>,
        out: &mut RowsBuilder,
    ) -> Result<(), Error> {
        let (mut left_cells, mut right_cells) = (Vec::new(), Vec::new());
        read_cells(left, self.left.len(), &mut left_cells)?;
        if let (Some(row), Some(fields)) = (right, &self.right) {
            read_cells(row, fields.len(), &mut right_cells)?;
        }
        for column in &self.join.columns {
            match column {
                JoinColumn::Left(column) => out.value(left_cells.get(*column).copied().flatten()),
                JoinColumn::Right(column) => out.value(right_cells.get(*column).copied().flatten()),
            }
        }
        out.end_row();
        Ok(())
    }

    /// Returns the fields of the joined rows.
    pub(crate) async fn fields(&mut self, ctx: ExecContext<'_>) -> Result<Fields, Error> {
        let needs_right = self.join.columns.iter().any(|one| matches!(one, JoinColumn::Right(_)));
        if needs_right && self.right.is_none() {
            let mut binds = BindVars::clone(ctx.binds);
            for (name, _) in &self.join.vars {
                binds.set(name.clone(), TypedBytes::NULL);
            }
            let binds = Arc::new(binds);
            let fields = node::fields(&self.join.right, ExecContext { binds: &binds, ..ctx });
            self.right = Some(fields.await?);
        }
        let right = self.right.clone().unwrap_or_default();
        let outer = self.join.kind == JoinKind::Left;
        let fields = self.join.columns.iter().map(|column| match column {
            JoinColumn::Left(column) => self.left.get(*column).cloned(),
            JoinColumn::Right(column) => right.get(*column).cloned().map(|field| Field {
                flags: if outer { field.flags & !NOT_NULL } else { field.flags },
                ..field
            }),
        });
        let fields: Option<Vec<_>> = fields.collect();
        Ok(fields.ok_or_else(|| Error::bug("a join column outside of its side"))?.into())
    }
}
