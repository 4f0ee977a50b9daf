//! The condition of a join over a row of each side.

use bytes::Bytes;
use vt_base::Error;
use vt_eval::{Compiled, Context};
use vt_plan::{JoinColumn, Predicate};
use vt_value::{Collation, Field, Type, Value};

use crate::ExecContext;

/// A row taken apart, with the buffer that it lies in.
type Cells<'r> = (&'r [Option<&'r [u8]>], &'r Bytes);

pub(super) struct Pair<'a> {
    compiled: Compiled,
    /// The columns that are read: the place, where it comes from, its type and collation.
    reads: Vec<(usize, JoinColumn, Type, Collation)>,
    values: Vec<Value>,
    evaluation: Context<'a>,
}

impl<'a> Pair<'a> {
    pub(super) fn new(
        predicate: &Predicate,
        left: &[Field],
        right: &[Field],
        ctx: ExecContext<'a>,
    ) -> Result<Pair<'a>, Error> {
        let field = |column: &JoinColumn| {
            let field = match column {
                JoinColumn::Left(place) => left.get(*place),
                JoinColumn::Right(place) => right.get(*place),
            };
            field.cloned().ok_or_else(|| Error::bug("a condition's column outside of its side"))
        };
        let fields: Vec<Field> =
            predicate.columns.iter().map(field).collect::<Result<_, Error>>()?;
        let compiled = predicate.expr.compile(&fields, &ctx.env())?;
        ctx.keep_notes(&compiled);
        let read = |place: &usize| {
            let collation = compiled.collation(*place);
            Some((*place, *predicate.columns.get(*place)?, fields.get(*place)?.typ, collation))
        };
        let reads: Option<Vec<_>> = compiled.columns().iter().map(read).collect();
        let reads = reads.ok_or_else(|| Error::bug("a condition's column that it lacks"))?;
        let values = vec![Value::Null; fields.len()];
        Ok(Pair { compiled, reads, values, evaluation: Context::new(ctx.session) })
    }

    /// Returns whether the condition holds for two rows, or is unknown.
    pub(super) fn truth(
        &mut self,
        left: Cells<'_>,
        right: Cells<'_>,
    ) -> Result<Option<bool>, Error> {
        for (place, column, typ, collation) in &self.reads {
            let (cell, owner) = match column {
                JoinColumn::Left(place) => (left.0.get(*place), left.1),
                JoinColumn::Right(place) => (right.0.get(*place), right.1),
            };
            let text = cell.copied().flatten().map(|cell| owner.slice_ref(cell));
            self.values[*place] = Value::decode(*typ, *collation, text)?;
        }
        self.compiled.truth(&self.values, &mut self.evaluation)
    }

    /// Hands warnings on to the session.
    pub(super) fn keep_warnings(&mut self, ctx: ExecContext<'_>) {
        ctx.keep_warnings(&mut self.evaluation);
    }
}
