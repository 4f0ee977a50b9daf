//! LIMIT and OFFSET.

use vt_base::{Code, Error};
use vt_eval::Expr;
use vt_value::{BindVars, Fields, Rows};

use crate::ExecContext;
use crate::step::Step;

pub(crate) struct LimitStep {
    fields: Fields,
    skip: u64,
    left: Option<u64>,
}

impl LimitStep {
    pub(crate) fn new(
        count: Option<&Expr>,
        offset: Option<&Expr>,
        input: &Fields,
        ctx: ExecContext<'_>,
    ) -> Result<LimitStep, Error> {
        let value = |expr: Option<&Expr>| expr.map(|expr| row_count(expr, ctx.binds)).transpose();
        let (skip, left) = (value(offset)?.unwrap_or(0), value(count)?);
        Ok(LimitStep { fields: input.clone(), skip, left })
    }
}

/// Computes a number of rows: an integer that is not negative.
pub(crate) fn row_count(expr: &Expr, binds: &BindVars) -> Result<u64, Error> {
    let value = expr.typed(binds)?;
    let number = std::str::from_utf8(&value.bytes).ok().and_then(|text| text.parse().ok());
    number.filter(|_| !value.is_null()).ok_or_else(|| {
        let text = String::from_utf8_lossy(&value.bytes);
        let message = format!("invalid value for LIMIT: {:?}({text})", value.typ);
        Error::new(Code::InvalidArgument, message)
    })
}

impl Step for LimitStep {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        let here = rows.len() as u64;
        let start = self.skip.min(here);
        self.skip -= start;
        let end = match &mut self.left {
            None => here,
            Some(left) => {
                let take = (here - start).min(*left);
                *left -= take;
                start + take
            }
        };
        if start == 0 && end == here {
            return Ok(rows);
        }
        Ok(rows.slice(start as usize..end as usize))
    }

    fn is_done(&self) -> bool {
        self.left == Some(0)
    }
}

/// A limit that reads on to the end of its input, and tells the session how many rows there were.
pub(crate) struct CountedStep<'a> {
    limit: LimitStep,
    rows: u64,
    ctx: ExecContext<'a>,
}

impl<'a> CountedStep<'a> {
    pub(crate) fn new(limit: LimitStep, ctx: ExecContext<'a>) -> CountedStep<'a> {
        CountedStep { limit, rows: 0, ctx }
    }
}

impl Step for CountedStep<'_> {
    fn fields(&self) -> Fields {
        self.limit.fields()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        self.rows += rows.len() as u64;
        self.limit.push(rows)
    }

    fn finish(&mut self) -> Result<Rows, Error> {
        self.ctx.shards.set_found_rows(self.rows);
        Ok(Rows::default())
    }
}
