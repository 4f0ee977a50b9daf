//! Rows that a plan keeps to read them more than once.

use vt_base::Error;
use vt_plan::With;
use vt_value::{Fields, QueryResult, Rows};

use crate::{ExecContext, node};

/// The rows that one step keeps, and those that steps around it keep.
#[derive(Clone, Debug)]
pub struct Kept<'a> {
    slot: usize,
    fields: Fields,
    rows: Rows,
    around: Option<&'a Kept<'a>>,
}

impl<'a> Kept<'a> {
    pub(crate) fn new(
        slot: usize,
        fields: Fields,
        rows: Rows,
        around: Option<&'a Kept<'a>>,
    ) -> Kept<'a> {
        Kept { slot, fields, rows, around }
    }

    /// Runs the definition of a common table.
    pub(crate) async fn of(with: &With, ctx: ExecContext<'a>) -> Result<Kept<'a>, Error> {
        let result = node::run(&with.definition, ctx).await?;
        Ok(Kept::new(with.slot, result.fields, result.rows, ctx.kept))
    }

    /// Learns the fields of a common table without running it.
    pub(crate) async fn fields_of(with: &With, ctx: ExecContext<'a>) -> Result<Kept<'a>, Error> {
        let fields = node::fields(&with.definition, ctx).await?;
        Ok(Kept::new(with.slot, fields, Rows::default(), ctx.kept))
    }

    /// Returns the rows that are kept under a number.
    pub(crate) fn read(slot: usize, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
        let mut kept = ctx.kept;
        while let Some(one) = kept {
            if one.slot == slot {
                return Ok(QueryResult::with_rows(one.fields.clone(), one.rows.clone()));
            }
            kept = one.around;
        }
        Err(Error::bug("rows are read that no step keeps"))
    }
}
