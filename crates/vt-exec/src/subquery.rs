//! Subqueries that run once, before the step that uses what they give.

use std::sync::Arc;

use vt_base::{Code, Error};
use vt_plan::{Subquery, SubqueryKind};
use vt_value::{BindVars, BoundValue, Field, Fields, QueryResult, Type, TypedBytes};

use crate::{ExecContext, node};

/// MySQL's flags UNSIGNED and BINARY: those that tell of a value, and not of a column.
const VALUE_FLAGS: u16 = 32 | 128;

/// Runs the subquery and returns the bind variables for the outer step, and the subquery's fields.
pub(crate) async fn bind(
    subquery: &Subquery,
    ctx: ExecContext<'_>,
) -> Result<(Arc<BindVars>, Fields), Error> {
    let result = node::run(&subquery.subquery, ctx).await?;
    let mut binds = BindVars::clone(ctx.binds);
    let has_values = BoundValue::One(TypedBytes::int64((!result.rows.is_empty()).into()));
    match subquery.kind {
        SubqueryKind::Value => binds.set(subquery.var.clone(), single(&result)?),
        SubqueryKind::In => binds.set(subquery.var.clone(), list(&result)?),
        SubqueryKind::Exists => binds.set(subquery.var.clone(), has_values.clone()),
    }
    if let Some(name) = &subquery.has_values_var {
        binds.set(name.clone(), has_values);
    }
    Ok((Arc::new(binds), result.fields))
}

/// Gives columns that are the value of a subquery its type: a shard knows of a NULL, and of a text
/// that stands for a moment, no more than that.
pub(crate) fn type_columns(subquery: &Subquery, given: &Fields, fields: &mut Fields) {
    let (false, Some(given)) = (subquery.columns.is_empty(), given.first()) else { return };
    if given.typ == Type::BIT {
        return;
    }
    let typed = fields.iter().enumerate().map(|(place, field)| {
        if !subquery.columns.contains(&place) {
            return field.clone();
        }
        Field {
            typ: given.typ,
            column_length: given.column_length,
            charset: given.charset,
            decimals: given.decimals,
            // No row is NULL, and what is a key there is none here.
            flags: given.flags & VALUE_FLAGS,
            column_type: given.column_type.clone(),
            ..field.clone()
        }
    });
    *fields = typed.collect();
}

/// Returns variables as if the subquery had given nothing, to learn fields.
pub(crate) fn bind_nothing(subquery: &Subquery, ctx: ExecContext<'_>) -> Arc<BindVars> {
    let mut binds = BindVars::clone(ctx.binds);
    let nothing = match subquery.kind {
        SubqueryKind::Value => BoundValue::One(TypedBytes::NULL),
        SubqueryKind::In => BoundValue::Tuple(vec![TypedBytes::NULL]),
        SubqueryKind::Exists => BoundValue::One(TypedBytes::int64(0)),
    };
    binds.set(subquery.var.clone(), nothing);
    if let Some(name) = &subquery.has_values_var {
        binds.set(name.clone(), TypedBytes::int64(0));
    }
    Arc::new(binds)
}

fn single(result: &QueryResult) -> Result<TypedBytes, Error> {
    one_column(result)?;
    if result.rows.len() > 1 {
        return Err(crate::join::too_many_rows());
    }
    Ok(if result.rows.is_empty() { TypedBytes::NULL } else { value(result, 0) })
}

fn list(result: &QueryResult) -> Result<BoundValue, Error> {
    one_column(result)?;
    if result.rows.is_empty() {
        return Ok(BoundValue::Tuple(vec![TypedBytes::NULL]));
    }
    Ok(BoundValue::Tuple((0..result.rows.len()).map(|row| value(result, row)).collect()))
}

fn one_column(result: &QueryResult) -> Result<(), Error> {
    if result.fields.len() == 1 {
        return Ok(());
    }
    let error = Error::mysql(1241, b"21000", "Operand should contain 1 column(s)");
    Err(error.with_code(Code::InvalidArgument))
}

fn value(result: &QueryResult, row: usize) -> TypedBytes {
    result.rows.get(row).column(0).map_or(TypedBytes::NULL, |cell| {
        TypedBytes::new(result.fields[0].typ, result.rows.data().slice_ref(cell))
    })
}
