//! Grouping and aggregates, over sorted input or by hash.

mod state;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use vt_base::Error;
use vt_plan::{Aggregate, AggregateSpec};
use vt_value::{Fields, Row, Rows, RowsBuilder};

use crate::keys::{Keys, Purpose};
use crate::step::{Step, read_cells};
use crate::{ExecContext, Limits};
use state::{Accumulator, State};

pub(crate) struct AggregateStep<'a> {
    input: Fields,
    fields: Fields,
    group_by: Keys,
    /// For each aggregate, what makes a state for it.
    accumulators: Vec<Accumulator<'a>>,
    ordered: bool,
    /// One group, even over no rows.
    scalar: bool,
    groups: Vec<Group>,
    /// Where the group of a key is in `groups`; unused where the input is ordered.
    by_key: HashMap<Arc<[u8]>, usize>,
    key: Arc<[u8]>,
    /// What the DISTINCT of all aggregates hold, in values.
    held: usize,
    limits: Limits,
    ctx: ExecContext<'a>,
}

struct Group {
    /// Its first row, which gives the columns that are not aggregated.
    row: Option<Bytes>,
    states: Vec<State>,
}

impl<'a> AggregateStep<'a> {
    pub(crate) fn new(
        aggregate: &'a Aggregate,
        input: &Fields,
        ctx: ExecContext<'a>,
    ) -> Result<AggregateStep<'a>, Error> {
        let group_by = Keys::new(&aggregate.group_by, input, Purpose::Equality)?;
        let make = |spec: &'a AggregateSpec| Accumulator::new(spec, input, ctx.limits);
        let accumulators: Vec<Accumulator<'a>> =
            aggregate.aggregates.iter().map(make).collect::<Result<_, _>>()?;
        let mut fields = input.to_vec();
        for accumulator in &accumulators {
            fields[accumulator.column()] = accumulator.field().clone();
        }
        Ok(AggregateStep {
            input: input.clone(),
            fields: fields.into(),
            group_by,
            accumulators,
            ordered: aggregate.ordered,
            scalar: aggregate.group_by.is_empty(),
            groups: Vec::new(),
            by_key: HashMap::new(),
            key: Arc::default(),
            held: 0,
            limits: ctx.limits,
            ctx,
        })
    }

    /// Returns the group of a key, made where there is none yet.
    ///
    /// Of ordered input only the group under way is kept; the one before is written to `out`.
    fn group(&mut self, key: &[u8], row: Bytes, out: &mut RowsBuilder) -> Result<usize, Error> {
        if self.ordered || self.scalar {
            let goes_on = !self.groups.is_empty() && *self.key == *key;
            if !goes_on {
                self.flush(out)?;
                self.key = key.into();
                self.open(Some(row));
            }
            return Ok(0);
        }
        if let Some(place) = self.by_key.get(key) {
            return Ok(*place);
        }
        self.by_key.insert(key.into(), self.groups.len());
        self.open(Some(row));
        self.limits.check(self.groups.len())?;
        Ok(self.groups.len() - 1)
    }

    fn open(&mut self, row: Option<Bytes>) {
        let states = self.accumulators.iter().map(Accumulator::start).collect();
        self.groups.push(Group { row, states });
    }

    /// Writes all groups and forgets them.
    fn flush(&mut self, out: &mut RowsBuilder) -> Result<(), Error> {
        let mut text = Vec::new();
        for group in std::mem::take(&mut self.groups) {
            let mut cells: Vec<Option<&[u8]>> = vec![None; self.input.len()];
            if let Some(row) = &group.row {
                read_cells(Row(row), self.input.len(), &mut cells)?;
            }
            let mut replaced: Vec<Option<Option<Vec<u8>>>> = vec![None; self.input.len()];
            for (accumulator, state) in self.accumulators.iter().zip(group.states) {
                text.clear();
                if let Some((column, weight)) = accumulator.weight(&state) {
                    // A weight that is aggregated itself stays.
                    replaced[column].get_or_insert(weight);
                }
                let value = accumulator.finish(state, &mut text, self.ctx)?;
                replaced[accumulator.column()] = Some(value.then(|| text.clone()));
            }
            for (cell, replaced) in cells.iter().zip(&replaced) {
                match replaced {
                    Some(value) => out.value(value.as_deref()),
                    None => out.value(*cell),
                }
            }
            out.end_row();
        }
        self.by_key.clear();
        self.held = 0;
        Ok(())
    }
}

impl Step for AggregateStep<'_> {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        let mut out = RowsBuilder::default();
        let (mut cells, mut key) = (Vec::new(), Vec::new());
        for row in rows.iter() {
            read_cells(row, self.input.len(), &mut cells)?;
            key.clear();
            self.group_by.write(&cells, rows.data(), &mut key)?;
            let place = self.group(&key, rows.data().slice_ref(row.0), &mut out)?;
            let group = &mut self.groups[place];
            for (accumulator, state) in self.accumulators.iter().zip(&mut group.states) {
                self.held += accumulator.add(state, &cells, rows.data())?;
            }
            self.limits.check(self.held)?;
        }
        Ok(out.finish())
    }

    fn finish(&mut self) -> Result<Rows, Error> {
        if self.scalar && self.groups.is_empty() {
            self.open(None);
        }
        let mut out = RowsBuilder::default();
        self.flush(&mut out)?;
        Ok(out.finish())
    }
}

#[cfg(test)]
mod tests;
