//! Recursive common tables: rows that grow out of those that came last.

use std::collections::HashSet;
use std::sync::Arc;

use vt_base::{Code, Error};
use vt_plan::Recurse;
use vt_value::{Field, Fields, QueryResult, Rows, RowsBuilder, Type};

use crate::kept::Kept;
use crate::keys::{Keys, Purpose};
use crate::step::read_cells;
use crate::{ExecContext, node};

/// The flag of a column that is never NULL.
const NOT_NULL: u16 = 1;

pub(crate) async fn run(recurse: &Recurse, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let seed = node::run(&recurse.seed, ctx).await?;
    let fields = named(&seed.fields, &recurse.columns);
    let mut seen = match &recurse.distinct {
        Some(keys) => {
            let connection = ctx.session.connection_collation;
            Some((Keys::new(keys, &fields, Purpose::Equality, connection)?, HashSet::new()))
        }
        None => None,
    };
    let mut last = fresh(seed.rows, fields.len(), &mut seen)?;
    let mut all = RowsBuilder::default();
    let mut depth = 0;
    while !last.is_empty() {
        all.append(&last);
        ctx.limits.check(all.len())?;
        // The seed is not counted: the error comes with the step behind the last that may run.
        depth += 1;
        if depth > ctx.limits.recursion_depth {
            let message = format!(
                "Recursive query aborted after {depth} iterations. Try increasing \
                 @@cte_max_recursion_depth to a larger value."
            );
            return Err(Error::mysql(3636, b"HY000", message).with_code(Code::ResourceExhausted));
        }
        let kept = Kept::new(recurse.slot, fields.clone(), last, ctx.kept);
        let next = node::run(&recurse.step, ExecContext { kept: Some(&kept), ..ctx }).await?;
        let rows = converted(&next, &fields)?;
        last = fresh(rows, fields.len(), &mut seen)?;
    }
    Ok(QueryResult::with_rows(fields, all.finish()))
}

/// Returns the fields of a recursive common table: those of its seed, each of which may be NULL.
pub(crate) async fn fields(recurse: &Recurse, ctx: ExecContext<'_>) -> Result<Fields, Error> {
    Ok(named(&node::fields(&recurse.seed, ctx).await?, &recurse.columns))
}

fn named(fields: &Fields, names: &[Arc<str>]) -> Fields {
    let field = |(place, field): (usize, &Field)| Field {
        name: names.get(place).unwrap_or(&field.name).clone(),
        flags: field.flags & !NOT_NULL,
        ..field.clone()
    };
    fields.iter().enumerate().map(field).collect()
}

/// Drops the rows that came before, where a UNION asks for it.
fn fresh(
    rows: Rows,
    width: usize,
    seen: &mut Option<(Keys, HashSet<Vec<u8>>)>,
) -> Result<Rows, Error> {
    let Some((keys, seen)) = seen else { return Ok(rows) };
    let mut out = RowsBuilder::default();
    let mut cells = Vec::with_capacity(width);
    for row in rows.iter() {
        read_cells(row, width, &mut cells)?;
        let mut key = Vec::new();
        keys.write(&cells, rows.data(), &mut key)?;
        if seen.insert(key) {
            out.push_raw(row.0);
        }
    }
    Ok(out.finish())
}

/// Brings the rows of a step to the types of the seed.
fn converted(result: &QueryResult, fields: &Fields) -> Result<Rows, Error> {
    if !result.rows.is_empty() && result.fields.len() != fields.len() {
        let message = "The used SELECT statements have a different number of columns";
        return Err(Error::mysql(1222, b"21000", message).with_code(Code::InvalidArgument));
    }
    let mut out = RowsBuilder::with_capacity(result.rows.len(), result.rows.data().len());
    let mut cells = Vec::with_capacity(fields.len());
    for (number, row) in result.rows.iter().enumerate() {
        read_cells(row, fields.len(), &mut cells)?;
        for (place, cell) in cells.iter().enumerate() {
            if let Some(cell) = cell {
                fits(cell, &result.fields[place], &fields[place], number + 1)?;
            }
            out.value(*cell);
        }
        out.end_row();
    }
    Ok(out.finish())
}

/// Checks that a value has its place in a column of the seed's type, as MySQL's strict mode does;
/// what would have to change on its way there is refused.
fn fits(cell: &[u8], from: &Field, to: &Field, row: usize) -> Result<(), Error> {
    let out_of_range = || {
        let message = format!("Out of range value for column '{}' at row {row}", to.name);
        Err(Error::mysql(1264, b"22003", message).with_code(Code::InvalidArgument))
    };
    let text = std::str::from_utf8(cell).unwrap_or_default();
    match (from.typ, to.typ) {
        (from, to) if from.is_integral() && to.is_integral() => {
            let Ok(number) = text.parse::<i128>() else { return out_of_range() };
            let fits = match to {
                Type::UINT64 => u64::try_from(number).is_ok(),
                _ if to.is_unsigned() => u32::try_from(number).is_ok(),
                Type::INT64 => i64::try_from(number).is_ok(),
                _ => i32::try_from(number).is_ok(),
            };
            if fits { Ok(()) } else { out_of_range() }
        }
        (from_type, to_type) if from_type.is_text() && to_type.is_text() => {
            let bytes = if to_type.is_binary() { 1 } else { 4 };
            let longest = (to.column_length / bytes) as usize;
            let length = if to_type.is_binary() { cell.len() } else { text.chars().count() };
            if length <= longest {
                return Ok(());
            }
            let message = format!("Data too long for column '{}' at row {row}", to.name);
            Err(Error::mysql(1406, b"22001", message).with_code(Code::InvalidArgument))
        }
        (from_type, to_type) if from_type == to_type && from.decimals == to.decimals => Ok(()),
        _ => Err(Error::unsupported(format_args!(
            "a recursive common table whose column '{}' is of another type than in its first \
             query: cast it there",
            to.name
        ))),
    }
}
