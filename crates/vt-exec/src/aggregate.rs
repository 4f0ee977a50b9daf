//! Grouping and aggregates, over sorted input or by hash.

mod call;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use vt_base::Error;
use vt_eval::Context;
use vt_eval::aggregate::State;
use vt_plan::{Aggregate, AggregateSpec};
use vt_value::{Field, Fields, Row, Rows, RowsBuilder, Type};

use crate::keys::{Keys, Purpose};
use crate::step::{Step, read_cells};
use crate::{ExecContext, Limits};
use call::Call;

/// The flag of a column that is never NULL.
const NOT_NULL: u16 = 1;

pub(crate) struct AggregateStep<'a> {
    input: Fields,
    fields: Fields,
    group_by: Keys,
    /// The columns that super-aggregate rows have NULL in, for each key: its own and its weight.
    group_columns: Vec<Vec<usize>>,
    calls: Vec<Call<'a>>,
    how: How,
    groups: Vec<Group>,
    /// Where the group of a key is in `groups`; unused where the input is ordered.
    by_key: HashMap<Arc<[u8]>, usize>,
    /// The key of the group under way, and where those of its columns end.
    key: Vec<u8>,
    ends: Vec<usize>,
    limits: Limits,
    ctx: ExecContext<'a>,
    evaluation: Context<'a>,
}

/// How rows find their group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// There is one group, even over no rows.
    Scalar,
    /// Rows of a group follow one another.
    Ordered,
    Hashed,
    /// The same; of the groups that are under way the first is that of all rows, the next that of
    /// the first column, and so on.
    Rollup,
}

struct Group {
    /// Its first row, which gives the columns that are not aggregated.
    row: Option<Bytes>,
    states: Vec<State>,
    /// How many of the group columns it is for.
    level: usize,
}

impl<'a> AggregateStep<'a> {
    pub(crate) fn new(
        aggregate: &'a Aggregate,
        input: &Fields,
        ctx: ExecContext<'a>,
    ) -> Result<AggregateStep<'a>, Error> {
        let connection = ctx.session.connection_collation;
        let group_by = Keys::new(&aggregate.group_by, input, Purpose::Equality, connection)?;
        let make = |spec: &'a AggregateSpec| Call::new(spec, input, ctx);
        let calls: Vec<Call<'a>> =
            aggregate.aggregates.iter().map(make).collect::<Result<_, _>>()?;
        let mut fields = input.to_vec();
        for call in &calls {
            fields[call.column()] = call.field().clone();
        }
        let mut group_columns = Vec::with_capacity(aggregate.group_by.len());
        for key in &aggregate.group_by {
            let columns: Vec<usize> =
                [Some(key.column), key.weight_column].into_iter().flatten().collect();
            for column in columns.iter().filter(|_| aggregate.rollup) {
                fields[*column].flags &= !NOT_NULL;
            }
            group_columns.push(columns);
        }
        if aggregate.rollup {
            fields.push(Field::new("", Type::INT64));
        }
        let how = match (aggregate.group_by.is_empty(), aggregate.rollup, aggregate.ordered) {
            (true, ..) => How::Scalar,
            (_, true, _) => How::Rollup,
            (_, _, true) => How::Ordered,
            _ => How::Hashed,
        };
        Ok(AggregateStep {
            input: input.clone(),
            fields: fields.into(),
            group_by,
            group_columns,
            calls,
            how,
            groups: Vec::new(),
            by_key: HashMap::new(),
            key: Vec::new(),
            ends: Vec::new(),
            limits: ctx.limits,
            ctx,
            evaluation: Context::new(ctx.session),
        })
    }

    /// Returns the groups that a row belongs to, made where there are none yet.
    ///
    /// Of ordered input only the groups under way are kept; those before are written to `out`.
    fn groups_of(
        &mut self,
        cells: &[Option<&[u8]>],
        owner: &Bytes,
        row: Row<'_>,
        out: &mut RowsBuilder,
    ) -> Result<std::ops::Range<usize>, Error> {
        let (mut key, mut ends) = (Vec::new(), Vec::new());
        self.group_by.write_each(cells, owner, &mut key, &mut ends)?;
        let row = || Some(owner.slice_ref(row.0));
        if self.how == How::Hashed {
            let next = self.groups.len();
            let place = match self.by_key.get(key.as_slice()) {
                Some(place) => *place,
                None => {
                    self.by_key.insert(key.into(), next);
                    self.open(row(), ends.len());
                    self.limits.check(self.groups.len())?;
                    next
                }
            };
            return Ok(place..place + 1);
        }
        let goes_on = !self.groups.is_empty() && self.key == key;
        if !goes_on {
            // Of a rollup the groups of as many columns as stay the same go on.
            let kept = match self.how {
                How::Rollup if !self.groups.is_empty() => self.same_columns(&key, &ends) + 1,
                _ => 0,
            };
            self.flush(kept, out)?;
            let levels = if self.how == How::Rollup { ends.len() + 1 } else { 1 };
            for level in kept..levels {
                let level = if self.how == How::Rollup { level } else { ends.len() };
                self.open(row(), level);
            }
            (self.key, self.ends) = (key, ends);
        }
        Ok(0..self.groups.len())
    }

    /// Returns how many columns from the first on have the values of the groups under way.
    fn same_columns(&self, key: &[u8], ends: &[usize]) -> usize {
        let pairs = self.ends.iter().zip(ends);
        let same = pairs
            .take_while(|(held, end)| held == end && self.key.get(..**held) == key.get(..**end));
        same.count()
    }

    fn open(&mut self, row: Option<Bytes>, level: usize) {
        let states = self.calls.iter().map(Call::start).collect();
        self.groups.push(Group { row, states, level });
    }

    /// Writes all groups but the first ones and forgets them; of a rollup the last is the finest,
    /// and comes first.
    fn flush(&mut self, kept: usize, out: &mut RowsBuilder) -> Result<(), Error> {
        let mut done = self.groups.split_off(kept.min(self.groups.len()));
        if self.how == How::Rollup {
            done.reverse();
        }
        done.into_iter().try_for_each(|group| self.write(group, out))?;
        self.by_key.clear();
        Ok(())
    }

    fn write(&mut self, group: Group, out: &mut RowsBuilder) -> Result<(), Error> {
        let mut cells: Vec<Option<&[u8]>> = vec![None; self.input.len()];
        if let Some(row) = &group.row {
            read_cells(Row(row), self.input.len(), &mut cells)?;
        }
        let mut replaced: Vec<Option<Option<Vec<u8>>>> = vec![None; self.input.len()];
        for column in self.group_columns.iter().skip(group.level).flatten() {
            replaced[*column] = Some(None);
        }
        for (call, state) in self.calls.iter_mut().zip(group.states) {
            if let Some((column, weight)) = call.weight(&state) {
                // A weight that is aggregated itself stays.
                replaced[column].get_or_insert(weight.map(|weight| weight.to_vec()));
            }
            let column = call.column();
            replaced[column] = Some(call.finish(state, &mut self.evaluation)?);
        }
        for (cell, replaced) in cells.iter().zip(&replaced) {
            match replaced {
                Some(value) => out.value(value.as_deref()),
                None => out.value(*cell),
            }
        }
        if self.how == How::Rollup {
            out.value(Some(group.level.to_string().as_bytes()));
        }
        out.end_row();
        Ok(())
    }
}

impl Step for AggregateStep<'_> {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        let mut out = RowsBuilder::default();
        let mut cells = Vec::new();
        for row in rows.iter() {
            read_cells(row, self.input.len(), &mut cells)?;
            let groups = self.groups_of(&cells, rows.data(), row, &mut out)?;
            for (place, call) in self.calls.iter_mut().enumerate() {
                call.read(&cells, rows.data())?;
                for group in &mut self.groups[groups.clone()] {
                    call.add(&mut group.states[place], &mut self.evaluation)?;
                }
            }
        }
        self.ctx.keep_warnings(&mut self.evaluation);
        Ok(out.finish())
    }

    fn finish(&mut self) -> Result<Rows, Error> {
        if self.groups.is_empty() {
            // Over no rows there is one group without GROUP BY, and that of all rows of a rollup.
            match self.how {
                How::Scalar | How::Rollup => self.open(None, 0),
                How::Ordered | How::Hashed => {}
            }
        }
        let mut out = RowsBuilder::default();
        self.flush(0, &mut out)?;
        self.ctx.keep_warnings(&mut self.evaluation);
        Ok(out.finish())
    }
}

#[cfg(test)]
mod tests;
