//! UNION ALL: the rows of several inputs, brought to common types.

use vt_base::Error;
use vt_eval::Converter;
use vt_plan::Node;
use vt_value::{Fields, QueryResult, Rows, RowsBuilder};

use crate::step::read_cells;
use crate::{ExecContext, node};

pub(crate) async fn run(inputs: &[Node], ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let mut results = Vec::with_capacity(inputs.len());
    let mut rows = 0;
    for input in inputs {
        let result = node::run(input, ctx).await?;
        rows += result.rows.len();
        ctx.limits.check(rows)?;
        results.push(result);
    }
    let all: Vec<Fields> = results.iter().map(|result| result.fields.clone()).collect();
    let union = Union::new(&all)?;
    let mut out = RowsBuilder::default();
    for (input, result) in results.iter().enumerate() {
        out.append(&union.convert(input, result.rows.clone())?);
    }
    Ok(QueryResult::with_rows(union.fields, out.finish()))
}

/// Returns the fields of a union's rows without running it.
pub(crate) async fn fields(inputs: &[Node], ctx: ExecContext<'_>) -> Result<Fields, Error> {
    Ok(union_of(inputs, ctx).await?.fields)
}

/// Finds the common types of the inputs without running them.
pub(crate) async fn union_of(inputs: &[Node], ctx: ExecContext<'_>) -> Result<Union, Error> {
    let mut all = Vec::with_capacity(inputs.len());
    for input in inputs {
        all.push(node::fields(input, ctx).await?);
    }
    Union::new(&all)
}

/// The types that the columns of all inputs have in common.
pub(crate) struct Union {
    pub(crate) fields: Fields,
    /// For each input, how its columns change.
    converters: Vec<Vec<Converter>>,
}

impl Union {
    pub(crate) fn new(inputs: &[Fields]) -> Result<Union, Error> {
        let width = inputs.first().map_or(0, |fields| fields.len());
        if inputs.iter().any(|fields| fields.len() != width) {
            let message = "The used SELECT statements have a different number of columns";
            return Err(
                Error::mysql(1222, b"21000", message).with_code(vt_base::Code::InvalidArgument)
            );
        }
        let mut fields = Vec::with_capacity(width);
        let mut converters: Vec<Vec<Converter>> = vec![Vec::with_capacity(width); inputs.len()];
        for column in 0..width {
            let parts: Vec<_> = inputs.iter().map(|fields| &fields[column]).collect();
            let (field, changes) = Converter::union(&parts)?;
            fields.push(field);
            for (own, change) in converters.iter_mut().zip(changes) {
                own.push(change);
            }
        }
        Ok(Union { fields: fields.into(), converters })
    }

    /// Brings rows of an input to the common types.
    pub(crate) fn convert(&self, input: usize, rows: Rows) -> Result<Rows, Error> {
        let converters = &self.converters[input];
        if converters.iter().all(Converter::is_identity) {
            return Ok(rows);
        }
        let mut out = RowsBuilder::with_capacity(rows.len(), rows.data().len());
        let mut cells = Vec::new();
        let mut text = Vec::new();
        for row in rows.iter() {
            read_cells(row, converters.len(), &mut cells)?;
            for (converter, cell) in converters.iter().zip(&cells) {
                match cell {
                    Some(cell) if !converter.is_identity() => {
                        text.clear();
                        converter.convert(cell, &mut text)?;
                        out.value(Some(&text));
                    }
                    _ => out.value(*cell),
                }
            }
            out.end_row();
        }
        Ok(out.finish())
    }
}
