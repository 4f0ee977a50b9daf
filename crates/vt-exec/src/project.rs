//! Filter, projection and truncation.

use std::cmp::Reverse;
use std::sync::Arc;

use vt_base::Error;
use vt_eval::{Compiled, Context, Expr};
use vt_value::{Collation, Field, Fields, Rows, RowsBuilder, Value};

use crate::ExecContext;
use crate::step::{Step, read_cells};

/// Decodes the columns of rows that expressions read.
struct Decoder {
    fields: Fields,
    /// The columns that are read, with their collations.
    columns: Vec<(usize, Collation)>,
    values: Vec<Value>,
}

impl Decoder {
    fn new<'e>(fields: &Fields, exprs: impl Iterator<Item = &'e Compiled>) -> Decoder {
        let mut columns: Vec<(usize, Collation)> = Vec::new();
        for expr in exprs {
            let read = expr.columns().iter().map(|column| (*column, expr.collation(*column)));
            columns.extend(read);
        }
        // A collation that is known goes before one that is not.
        columns.sort_unstable_by_key(|(column, collation)| (*column, Reverse(*collation)));
        columns.dedup_by_key(|(column, _)| *column);
        Decoder { fields: fields.clone(), columns, values: vec![Value::Null; fields.len()] }
    }

    /// Returns the values of a row; those that no expression reads are NULL.
    fn decode(&mut self, cells: &[Option<&[u8]>], rows: &Rows) -> Result<&[Value], Error> {
        for (column, collation) in &self.columns {
            let text = cells[*column].map(|cell| rows.data().slice_ref(cell));
            self.values[*column] = Value::decode(self.fields[*column].typ, *collation, text)?;
        }
        Ok(&self.values)
    }
}

pub(crate) struct FilterStep<'a> {
    fields: Fields,
    predicate: Compiled,
    decoder: Decoder,
    ctx: ExecContext<'a>,
    evaluation: Context<'a>,
}

impl<'a> FilterStep<'a> {
    pub(crate) fn new(
        predicate: &Expr,
        input: &Fields,
        ctx: ExecContext<'a>,
    ) -> Result<FilterStep<'a>, Error> {
        let predicate = predicate.compile(input, &ctx.env())?;
        ctx.keep_notes(&predicate);
        let decoder = Decoder::new(input, std::iter::once(&predicate));
        let evaluation = Context::new(ctx.session);
        Ok(FilterStep { fields: input.clone(), predicate, decoder, ctx, evaluation })
    }
}

impl Step for FilterStep<'_> {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        let mut out = RowsBuilder::default();
        let mut cells = Vec::new();
        for row in rows.iter() {
            read_cells(row, self.fields.len(), &mut cells)?;
            let values = self.decoder.decode(&cells, &rows)?;
            if self.predicate.is_true(values, &mut self.evaluation)? {
                out.push_raw(row.0);
            }
        }
        self.ctx.keep_warnings(&mut self.evaluation);
        Ok(if out.len() == rows.len() { rows } else { out.finish() })
    }
}

pub(crate) struct ProjectStep<'a> {
    width: usize,
    fields: Fields,
    columns: Vec<Output>,
    decoder: Decoder,
    ctx: ExecContext<'a>,
    evaluation: Context<'a>,
}

/// Where a column of a projection comes from.
enum Output {
    /// A column of the input, passed on as it is.
    Column(usize),
    Computed(Compiled),
}

impl<'a> ProjectStep<'a> {
    pub(crate) fn new(
        exprs: &[Expr],
        names: &[Arc<str>],
        input: &Fields,
        ctx: ExecContext<'a>,
    ) -> Result<ProjectStep<'a>, Error> {
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for (place, expr) in exprs.iter().enumerate() {
            let name = names.get(place).map_or("", |name| name);
            if let Expr::Column(column) = expr {
                let Some(field) = input.get(*column) else {
                    return Err(Error::bug(format_args!("no column {column} to project")));
                };
                let name = if name.is_empty() { field.name.clone() } else { Arc::from(name) };
                fields.push(Field { name, ..field.clone() });
                columns.push(Output::Column(*column));
            } else {
                let compiled = expr.compile(input, &ctx.env())?;
                ctx.keep_notes(&compiled);
                fields.push(compiled.field(name));
                columns.push(Output::Computed(compiled));
            }
        }
        let computed = columns.iter().filter_map(|column| match column {
            Output::Computed(compiled) => Some(compiled),
            Output::Column(_) => None,
        });
        let decoder = Decoder::new(input, computed);
        let (width, fields) = (input.len(), fields.into());
        let evaluation = Context::new(ctx.session);
        Ok(ProjectStep { width, fields, columns, decoder, ctx, evaluation })
    }
}

impl Step for ProjectStep<'_> {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        let mut out = RowsBuilder::with_capacity(rows.len(), rows.data().len());
        let (mut cells, mut text) = (Vec::new(), Vec::new());
        for row in rows.iter() {
            read_cells(row, self.width, &mut cells)?;
            let values = self.decoder.decode(&cells, &rows)?;
            for column in &self.columns {
                match column {
                    Output::Column(column) => out.value(cells[*column]),
                    Output::Computed(compiled) => {
                        let value = compiled.eval(values, &mut self.evaluation)?;
                        text.clear();
                        compiled.write_utf8(&value, &mut text);
                        out.value((!value.is_null()).then_some(text.as_slice()));
                    }
                }
            }
            out.end_row();
        }
        self.ctx.keep_warnings(&mut self.evaluation);
        Ok(out.finish())
    }
}

pub(crate) struct TruncateStep {
    fields: Fields,
    keeps_all: bool,
}

impl TruncateStep {
    pub(crate) fn new(columns: usize, input: &Fields) -> TruncateStep {
        let kept = columns.min(input.len());
        TruncateStep { fields: input[..kept].into(), keeps_all: kept == input.len() }
    }
}

impl Step for TruncateStep {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        if self.keeps_all {
            return Ok(rows);
        }
        let mut out = RowsBuilder::with_capacity(rows.len(), rows.data().len());
        for row in rows.iter() {
            let kept = row.prefix(self.fields.len());
            out.push_raw(kept.ok_or_else(|| Error::bug("a row with fewer values than fields"))?);
        }
        Ok(out.finish())
    }
}
