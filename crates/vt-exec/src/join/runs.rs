//! The runs of a join's right side, one for each set of values that rows of the left bind.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use vt_base::Error;
use vt_plan::{Join, JoinKind, Node};
use vt_value::{BindVars, Fields, QueryResult, Rows, TypedBytes};

use crate::route::{self, destinations};
use crate::step::read_cells;
use crate::{Autocommit, ExecContext, node};

/// What the right side gave so far, by the values that it was given.
#[derive(Default)]
pub(super) struct Runs {
    results: Vec<QueryResult>,
    places: HashMap<Vec<Option<Bytes>>, usize>,
    rows: usize,
}

impl Runs {
    /// Runs the right side for rows of the left; returns for each the place of its result.
    pub(super) async fn run(
        &mut self,
        join: &Join,
        left: &Fields,
        rows: &Rows,
        ctx: ExecContext<'_>,
    ) -> Result<Vec<usize>, Error> {
        let mut wanted: Vec<Arc<BindVars>> = Vec::new();
        let mut places = Vec::with_capacity(rows.len());
        let mut cells = Vec::new();
        for row in rows.iter() {
            read_cells(row, left.len(), &mut cells)?;
            let values = join.vars.iter().map(|(_, column)| {
                let cell = cells.get(*column).copied();
                let cell = cell.ok_or_else(|| Error::bug("a join variable outside of its row"))?;
                Ok::<_, Error>(cell.map(|cell| rows.data().slice_ref(cell)))
            });
            let values: Vec<Option<Bytes>> = values.collect::<Result<_, _>>()?;
            let place = match self.places.get(&values) {
                Some(place) => *place,
                None => {
                    let place = self.results.len() + wanted.len();
                    wanted.push(bound(join, left, &values, ctx));
                    self.places.insert(values, place);
                    place
                }
            };
            places.push(place);
        }
        let results = run_right(join, &wanted, ctx).await?;
        self.rows += results.iter().map(|result| result.rows.len()).sum::<usize>();
        ctx.limits.check(self.rows)?;
        self.results.extend(results);
        Ok(places)
    }

    pub(super) fn result(&self, place: usize) -> &QueryResult {
        &self.results[place]
    }

    pub(super) fn rows_held(&self) -> usize {
        self.rows
    }

    /// Returns a result that has fields.
    pub(super) fn with_fields(&self) -> Option<&QueryResult> {
        self.results.iter().find(|result| result.has_fields())
    }

    /// Forgets results that are not worth their room: those of joins that give each row of the
    /// right, and all of them once they fill a part of what the statement may hold.
    pub(super) fn forget(&mut self, join: &Join, ctx: ExecContext<'_>) {
        let short = matches!(join.kind, JoinKind::Inner | JoinKind::Left) && !join.vars.is_empty();
        let held = self.rows.saturating_add(self.results.len());
        if short || (held > ctx.limits.memory_rows / 4 && !join.vars.is_empty()) {
            *self = Runs::default();
        }
    }
}

fn bound(
    join: &Join,
    left: &Fields,
    values: &[Option<Bytes>],
    ctx: ExecContext<'_>,
) -> Arc<BindVars> {
    if join.vars.is_empty() {
        return ctx.binds.clone();
    }
    let mut binds = BindVars::clone(ctx.binds);
    for ((name, column), value) in join.vars.iter().zip(values) {
        let value = value
            .as_ref()
            .map_or(TypedBytes::NULL, |value| TypedBytes::new(left[*column].typ, value.clone()));
        binds.set(name.clone(), value);
    }
    Arc::new(binds)
}

/// Returns variables as if a row of NULLs had bound them, to learn fields.
pub(super) fn bind_nothing(join: &Join, ctx: ExecContext<'_>) -> Arc<BindVars> {
    let mut binds = BindVars::clone(ctx.binds);
    for (name, _) in &join.vars {
        binds.set(name.clone(), TypedBytes::NULL);
    }
    if let Some(name) = join.matching.as_ref().and_then(|matching| matching.list_var.as_ref()) {
        binds.set(name.clone(), vt_value::BoundValue::Tuple(vec![TypedBytes::NULL]));
    }
    Arc::new(binds)
}

/// Runs the right side once for each set of variables.
async fn run_right(
    join: &Join,
    runs: &[Arc<BindVars>],
    ctx: ExecContext<'_>,
) -> Result<Vec<QueryResult>, Error> {
    let Node::Route(route) = &join.right else {
        let mut results = Vec::with_capacity(runs.len());
        for binds in runs {
            results.push(node::run(&join.right, ExecContext { binds, ..ctx }).await?);
        }
        return Ok(results);
    };
    // All calls of a batch go out together: one round trip, not one a row.
    let (mut calls, mut counts) = (Vec::new(), Vec::with_capacity(runs.len()));
    for binds in runs {
        let own = destinations::calls(route, ExecContext { binds, ..ctx }).await?;
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
