//! Steps that turn the rows of one input into other rows, a batch at a time.

use vt_base::Error;
use vt_plan::Node;
use vt_value::{Fields, Row, Rows, RowsBuilder};

use crate::ExecContext;
use crate::aggregate::AggregateStep;
use crate::distinct::DistinctStep;
use crate::limit::{CountedStep, LimitStep};
use crate::project::{FilterStep, ProjectStep, TruncateStep};
use crate::sort::SortStep;
use crate::window::WindowStep;

/// A step at work. The same serves whole results and streams.
pub(crate) trait Step: Send {
    /// Returns the fields of the rows that come out.
    fn fields(&self) -> Fields;

    /// Takes rows, and returns those that are ready.
    fn push(&mut self, rows: Rows) -> Result<Rows, Error>;

    /// Returns the rows that wait for the end of the input.
    fn finish(&mut self) -> Result<Rows, Error> {
        Ok(Rows::default())
    }

    /// Returns whether more input would change nothing.
    fn is_done(&self) -> bool {
        false
    }
}

/// Makes the step of a node for an input with these fields.
pub(crate) fn make<'a>(
    node: &'a Node,
    input: &Fields,
    ctx: ExecContext<'a>,
) -> Result<Box<dyn Step + 'a>, Error> {
    Ok(match node {
        Node::Limit { count, offset, counts_all, .. } => {
            let limit = LimitStep::new(count.as_ref(), offset.as_ref(), input, ctx)?;
            if *counts_all { Box::new(CountedStep::new(limit, ctx)) } else { Box::new(limit) }
        }
        Node::Sort { keys, limit, .. } => {
            Box::new(SortStep::new(keys, limit.as_ref(), input, ctx)?)
        }
        Node::Distinct { columns, .. } => Box::new(DistinctStep::new(columns, input, ctx)?),
        Node::Filter { predicate, .. } => Box::new(FilterStep::new(predicate, input, ctx)?),
        Node::Project { exprs, names, .. } => Box::new(ProjectStep::new(exprs, names, input, ctx)?),
        Node::Truncate { columns, .. } => Box::new(TruncateStep::new(*columns, input)),
        Node::Aggregate(aggregate) => Box::new(AggregateStep::new(aggregate, input, ctx)?),
        Node::Window(window) => Box::new(WindowStep::new(window, input, ctx)?),
        Node::Route(_)
        | Node::Rows { .. }
        | Node::Join(_)
        | Node::Subquery(_)
        | Node::Concat { .. }
        | Node::Match(_)
        | Node::With(_)
        | Node::Kept { .. }
        | Node::Recurse(_)
        | Node::VindexRows(_)
        | Node::Insert(_)
        | Node::Update(_)
        | Node::Delete(_)
        | Node::Change(_)
        | Node::ForeignKeys(_) => return Err(Error::bug("a node that is not a step")),
    })
}

/// Returns rows followed by others.
pub(crate) fn joined(first: &Rows, last: Rows) -> Rows {
    if first.is_empty() {
        return last;
    }
    let mut all = RowsBuilder::with_capacity(
        first.len() + last.len(),
        first.data().len() + last.data().len(),
    );
    all.append(first);
    all.append(&last);
    all.finish()
}

/// Finds the values of a row; an error unless there are `width`.
pub(crate) fn read_cells<'r>(
    row: Row<'r>,
    width: usize,
    cells: &mut Vec<Option<&'r [u8]>>,
) -> Result<(), Error> {
    cells.clear();
    cells.extend(row.columns());
    if cells.len() == width {
        return Ok(());
    }
    Err(Error::bug(format_args!("a row of {} values where there are {width} fields", cells.len())))
}
