//! Results: columns and rows.
//!
//! A row of the message is the lengths of its values, -1 for NULL, and the values run together; a
//! row of ours is the text protocol's, each value behind its length.

use bytes::{Bytes, BytesMut};
use vt_base::{Code, Error, Result};
use vt_proto::query;
use vt_value::{Field, Fields, QueryResult, Rows, RowsBuilder, Type};

use super::Included;

/// Makes a column of ours of the message's.
pub fn field_from_proto(field: &query::Field) -> Field {
    Field {
        name: field.name.as_str().into(),
        typ: Type(field.r#type),
        table: field.table.as_str().into(),
        org_table: field.org_table.as_str().into(),
        database: field.database.as_str().into(),
        org_name: field.org_name.as_str().into(),
        column_length: field.column_length,
        // Numbers beyond MySQL's are of no meaning to a client.
        charset: u16::try_from(field.charset).unwrap_or_default(),
        decimals: u8::try_from(field.decimals).unwrap_or_default(),
        flags: (field.flags & 0xffff) as u16,
        column_type: field.column_type.as_str().into(),
    }
}

/// Makes the message's column of ours, with as much of it as the caller asked for.
pub fn field_to_proto(field: &Field, included: Included) -> query::Field {
    let mut out = query::Field { r#type: field.typ.0, ..query::Field::default() };
    if included != Included::Type {
        out.name = field.name.to_string();
    }
    if included == Included::All {
        out.table = field.table.to_string();
        out.org_table = field.org_table.to_string();
        out.database = field.database.to_string();
        out.org_name = field.org_name.to_string();
        out.column_type = field.column_type.to_string();
        out.column_length = field.column_length;
        out.decimals = u32::from(field.decimals);
    }
    // These two tell text from bytes, so they go with every form.
    out.charset = u32::from(field.charset);
    out.flags = u32::from(field.flags);
    out
}

/// Makes rows of ours; fails where lengths and values do not agree.
pub fn rows_from_proto(rows: &[query::Row]) -> Result<Rows> {
    let bytes: usize = rows.iter().map(|row| row.values.len() + row.lengths.len() * 3).sum();
    let mut out = RowsBuilder::with_capacity(rows.len(), bytes);
    for row in rows {
        let mut rest: &[u8] = &row.values;
        for length in &row.lengths {
            let Ok(length) = usize::try_from(*length) else {
                out.value(None);
                continue;
            };
            let (value, after) = rest.split_at_checked(length).ok_or_else(|| {
                Error::new(Code::Internal, "a row of a reply is shorter than its lengths say")
            })?;
            out.value(Some(value));
            rest = after;
        }
        out.end_row();
    }
    Ok(out.finish())
}

/// Makes the message's rows of ours.
pub fn rows_to_proto(rows: &Rows) -> Vec<query::Row> {
    // One buffer for all values, shared by the rows.
    let mut values = BytesMut::with_capacity(rows.data().len());
    let mut lengths = Vec::with_capacity(rows.len());
    let mut ends = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let mut of_row = Vec::new();
        for value in row.columns() {
            match value {
                Some(value) => {
                    values.extend_from_slice(value);
                    of_row.push(value.len() as i64);
                }
                None => of_row.push(-1),
            }
        }
        lengths.push(of_row);
        ends.push(values.len());
    }
    let values: Bytes = values.freeze();
    let mut start = 0;
    lengths
        .into_iter()
        .zip(ends)
        .map(|(lengths, end)| {
            let values = values.slice(start..end);
            start = end;
            query::Row { lengths, values }
        })
        .collect()
}

/// Makes a result of ours of the message's.
pub fn result_from_proto(result: &query::QueryResult) -> Result<QueryResult> {
    let fields: Fields = result.fields.iter().map(field_from_proto).collect();
    Ok(QueryResult {
        fields,
        rows: rows_from_proto(&result.rows)?,
        rows_affected: result.rows_affected,
        insert_id: result.insert_id,
        insert_id_changed: result.insert_id_changed,
        info: result.info.as_str().into(),
        session_state_changes: result.session_state_changes.as_str().into(),
        ..QueryResult::default()
    })
}

/// Makes the message's result of ours.
pub fn result_to_proto(result: &QueryResult, included: Included) -> query::QueryResult {
    query::QueryResult {
        fields: result.fields.iter().map(|field| field_to_proto(field, included)).collect(),
        rows_affected: result.rows_affected,
        insert_id: result.insert_id,
        rows: rows_to_proto(&result.rows),
        info: result.info.to_string(),
        session_state_changes: result.session_state_changes.to_string(),
        insert_id_changed: result.insert_id_changed,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_beyond_the_values_are_an_error() {
        let row = query::Row { lengths: vec![3, -1, 2], values: Bytes::from_static(b"abcd") };
        assert!(rows_from_proto(&[row]).is_err());
        let row = query::Row { lengths: vec![i64::MAX], values: Bytes::new() };
        assert!(rows_from_proto(&[row]).is_err());
    }

    #[test]
    fn a_field_keeps_everything_when_all_is_asked_for() {
        let field = Field {
            name: "n".into(),
            typ: Type::VARCHAR,
            table: "t".into(),
            org_table: "ot".into(),
            database: "d".into(),
            org_name: "on".into(),
            column_length: 1024,
            charset: 255,
            decimals: 31,
            flags: 4097,
            column_type: "varchar(256)".into(),
        };
        assert_eq!(field_from_proto(&field_to_proto(&field, Included::All)), field);
        assert_eq!(field_to_proto(&field, Included::Type).name, "");
    }

    proptest! {
        #[test]
        fn rows_survive_the_way_there_and_back(
            rows in prop::collection::vec(prop::collection::vec(
                prop::option::of(prop::collection::vec(any::<u8>(), 0..300)), 0..5), 0..6))
        {
            let mut builder = RowsBuilder::default();
            for row in &rows {
                builder.push(row.iter().map(Option::as_ref));
            }
            let built = builder.finish();
            prop_assert_eq!(rows_from_proto(&rows_to_proto(&built)).unwrap(), built);
        }
    }
}
