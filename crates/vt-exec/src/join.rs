//! Joins: each row of the left with rows of the right.
//!
//! The right side runs for the values that rows of the left bind (`runs.rs`), or once for many rows
//! of the left, and what it gives is looked up (`index.rs`); `pair.rs` tests pairs of rows.

mod index;
mod pair;
mod runs;

use std::task::Poll;

use vt_base::{Code, Error};
use vt_eval::Kind;
use vt_plan::{Join, JoinColumn, JoinKind};
use vt_value::{Field, Fields, QueryResult, Row, Rows, RowsBuilder};

use crate::step::read_cells;
use crate::{ExecContext, node};

use index::Index;
use pair::Pair;
use runs::Runs;

/// How many rows of the left are joined at a time.
const BATCH: usize = 100;
/// The same where the right side gets a list of their values.
const LIST_BATCH: usize = 500;
/// The flag of a column that is never NULL.
const NOT_NULL: u16 = 1;

pub(crate) async fn run(join: &Join, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let left = node::run(&join.left, ctx).await?;
    let mut joining = Joining::new(join, left.fields.clone());
    let mut out = RowsBuilder::default();
    for batch in batches(join, &left.rows) {
        joining.batch(&batch, ctx, &mut out).await?;
        ctx.limits.check(out.len())?;
    }
    let fields = joining.fields(ctx).await?;
    Ok(QueryResult::with_rows(fields, out.finish()))
}

/// Cuts rows of the left into what is joined at a time.
pub(crate) fn batches(join: &Join, rows: &Rows) -> impl Iterator<Item = Rows> {
    let size = if join.matching.is_some() { LIST_BATCH } else { BATCH };
    let starts = (0..rows.len()).step_by(size);
    starts.map(move |start| rows.slice(start..rows.len().min(start + size)))
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
    pair: Option<Pair<'a>>,
    runs: Runs,
    /// The rows of a right side that runs once for all.
    whole: Option<Index>,
}

impl<'a> Joining<'a> {
    pub(crate) fn new(join: &'a Join, left: Fields) -> Joining<'a> {
        Joining { join, left, right: None, pair: None, runs: Runs::default(), whole: None }
    }

    /// Joins some rows of the left.
    pub(crate) async fn batch(
        &mut self,
        rows: &Rows,
        ctx: ExecContext<'a>,
        out: &mut RowsBuilder,
    ) -> Result<(), Error> {
        pause().await;
        match &self.join.matching {
            Some(matching) => {
                let mut index = match self.whole.take() {
                    Some(index) => index,
                    None => {
                        let (join, left) = (self.join, &self.left);
                        let result = index::run_right(join, matching, left, rows, ctx).await?;
                        self.learn_right(&result, ctx)?;
                        Index::new(matching, result, &self.left)?
                    }
                };
                let held = ctx.limits.memory_rows.saturating_sub(index.len());
                for row in rows.iter() {
                    let found = index.find(row, rows)?;
                    self.combine((row, rows), index.rows(), found, ctx, out)?;
                    ctx.limits.check_within(out.len(), held)?;
                }
                if matching.list_var.is_none() {
                    self.whole = Some(index);
                }
            }
            None => {
                let mut runs = std::mem::take(&mut self.runs);
                let places = runs.run(self.join, &self.left, rows, ctx).await?;
                if let Some(result) = runs.with_fields() {
                    self.learn_right(result, ctx)?;
                }
                let held = ctx.limits.memory_rows.saturating_sub(runs.rows_held());
                for (row, place) in rows.iter().zip(places) {
                    let right = &runs.result(place).rows;
                    self.combine((row, rows), right, 0..right.len(), ctx, out)?;
                    ctx.limits.check_within(out.len(), held)?;
                }
                runs.forget(self.join, ctx);
                self.runs = runs;
            }
        }
        if let Some(pair) = &mut self.pair {
            pair.keep_warnings(ctx);
        }
        Ok(())
    }

    /// Takes the fields of the right side from its first result that has any: a run that no shard
    /// had rows for has none.
    fn learn_right(&mut self, result: &QueryResult, ctx: ExecContext<'a>) -> Result<(), Error> {
        if self.right.is_some() || !result.has_fields() {
            return Ok(());
        }
        if let Some(predicate) = &self.join.predicate {
            self.pair = Some(Pair::new(predicate, &self.left, &result.fields, ctx)?);
        }
        self.right = Some(result.fields.clone());
        Ok(())
    }

    /// Appends the rows that one of the left gives with some of the right.
    fn combine(
        &mut self,
        left: (Row<'_>, &Rows),
        right: &Rows,
        found: impl IntoIterator<Item = usize>,
        ctx: ExecContext<'_>,
        out: &mut RowsBuilder,
    ) -> Result<(), Error> {
        let mut left_cells = Vec::with_capacity(self.left.len());
        read_cells(left.0, self.left.len(), &mut left_cells)?;
        let width = self.right.as_ref().map_or(0, |fields| fields.len());
        let kind = self.join.kind;
        // What speaks for the row as a whole: a match, an unknown, a row that is no match.
        let (mut matched, mut unknown, mut failed) = (0_usize, false, false);
        let mut cells = Vec::with_capacity(width);
        let mut value: Vec<Option<&[u8]>> = Vec::new();
        for place in found {
            read_cells(right.get(place), width, &mut cells)?;
            let truth = match &mut self.pair {
                Some(pair) => pair.truth((&left_cells, left.1.data()), (&cells, right.data()))?,
                None => Some(true),
            };
            match truth {
                Some(true) => matched += 1,
                Some(false) => failed = true,
                None => unknown = true,
            }
            match kind {
                JoinKind::Inner | JoinKind::Left if truth == Some(true) => {
                    self.push(&left_cells, &cells, out);
                    ctx.limits.check(out.len())?;
                }
                JoinKind::Semi | JoinKind::Anti | JoinKind::Any if matched > 0 => break,
                JoinKind::All if failed => break,
                JoinKind::Value if matched > 1 => return Err(too_many_rows()),
                JoinKind::Value if truth == Some(true) => value.clone_from(&cells),
                _ => {}
            }
        }
        match kind {
            JoinKind::Inner => {}
            JoinKind::Left if matched > 0 => {}
            JoinKind::Semi if matched == 0 => {}
            JoinKind::Anti if matched > 0 => {}
            JoinKind::Left | JoinKind::Semi | JoinKind::Anti => self.push(&left_cells, &[], out),
            JoinKind::Value => self.push(&left_cells, &value, out),
            JoinKind::Any | JoinKind::All => {
                let (sure, otherwise) = match kind {
                    JoinKind::Any => (matched > 0, "0"),
                    _ => (failed, "1"),
                };
                let cell = match (sure, unknown, otherwise) {
                    (true, _, "0") => Some("1"),
                    (true, ..) => Some("0"),
                    (false, true, _) => None,
                    (false, false, otherwise) => Some(otherwise),
                };
                self.push(&left_cells, &[cell.map(str::as_bytes)], out);
            }
        }
        Ok(())
    }

    fn push(&self, left: &[Option<&[u8]>], right: &[Option<&[u8]>], out: &mut RowsBuilder) {
        for column in &self.join.columns {
            match column {
                JoinColumn::Left(column) => out.value(left.get(*column).copied().flatten()),
                JoinColumn::Right(column) => out.value(right.get(*column).copied().flatten()),
            }
        }
        out.end_row();
    }

    /// Returns the fields of the joined rows.
    pub(crate) async fn fields(&mut self, ctx: ExecContext<'_>) -> Result<Fields, Error> {
        let truth = matches!(self.join.kind, JoinKind::Any | JoinKind::All);
        let needs_right = self.join.columns.iter().any(|one| matches!(one, JoinColumn::Right(_)));
        if needs_right && !truth && self.right.is_none() {
            let binds = runs::bind_nothing(self.join, ctx);
            let fields = node::fields(&self.join.right, ExecContext { binds: &binds, ..ctx });
            self.right = Some(fields.await?);
        }
        let right: Fields = match truth {
            true => [Kind::truth().field("")].into(),
            false => self.right.clone().unwrap_or_default(),
        };
        let outer = matches!(self.join.kind, JoinKind::Left | JoinKind::Value);
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

/// MySQL's error for a subquery that should give one row.
pub(crate) fn too_many_rows() -> Error {
    let message = "Subquery returns more than 1 row";
    Error::mysql(1242, b"21000", message).with_code(Code::InvalidArgument)
}

/// Lets other tasks run, and lets a statement end that has been cancelled, where no shard is
/// waited for.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|task| match std::mem::replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => {
            task.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}
