//! DISTINCT: drops rows equal to an earlier one.

use std::collections::HashSet;

use vt_base::Error;
use vt_plan::SortKey;
use vt_value::{Fields, Rows, RowsBuilder};

use crate::keys::{Keys, Purpose};
use crate::step::{Step, read_cells};
use crate::{ExecContext, Limits};

pub(crate) struct DistinctStep {
    fields: Fields,
    keys: Keys,
    seen: HashSet<Box<[u8]>>,
    limits: Limits,
}

impl DistinctStep {
    pub(crate) fn new(
        columns: &[SortKey],
        input: &Fields,
        ctx: ExecContext<'_>,
    ) -> Result<DistinctStep, Error> {
        let connection = ctx.session.connection_collation;
        let keys = Keys::new(columns, input, Purpose::Equality, connection)?;
        Ok(DistinctStep { fields: input.clone(), keys, seen: HashSet::new(), limits: ctx.limits })
    }
}

impl Step for DistinctStep {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        let mut out = RowsBuilder::default();
        let (mut cells, mut key) = (Vec::new(), Vec::new());
        for row in rows.iter() {
            read_cells(row, self.fields.len(), &mut cells)?;
            key.clear();
            self.keys.write(&cells, rows.data(), &mut key)?;
            if !self.seen.contains(key.as_slice()) {
                self.seen.insert(key.as_slice().into());
                self.limits.check(self.seen.len())?;
                out.push_raw(row.0);
            }
        }
        // Rows that all stay are passed on as they are.
        Ok(if out.len() == rows.len() { rows } else { out.finish() })
    }
}
