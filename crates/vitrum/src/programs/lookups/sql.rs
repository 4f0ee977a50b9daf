//! Names, values and rows on the way to and from the gateway.

use vt_base::Result;
use vt_mysql::client::Conn;
use vt_value::{Fields, Row, Type, TypedBytes};

/// The most rows that a question about one value may have.
const ANSWER_MAX: usize = 100_000;

/// Returns a name between backticks.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Returns names between backticks, commas between.
pub(super) fn list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Returns a value as SQL writes it.
pub(super) fn literal(value: &TypedBytes) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if value.is_null() {
        return "null".to_owned();
    }
    match std::str::from_utf8(&value.bytes) {
        Ok(text) if value.typ.is_number() => text.to_owned(),
        Ok(text) if !is_bytes(value.typ) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
        }
        _ => format!("x'{}'", hex(&value.bytes)),
    }
}

fn is_bytes(typ: Type) -> bool {
    matches!(typ, Type::BINARY | Type::VARBINARY | Type::BLOB | Type::BIT)
}

/// Returns the condition that columns have values.
pub(super) fn equal<S: AsRef<str>>(columns: &[S], values: &[TypedBytes]) -> String {
    let parts = columns
        .iter()
        .zip(values)
        .map(|(column, value)| format!("{} = {}", quoted(column.as_ref()), literal(value)));
    parts.collect::<Vec<_>>().join(" and ")
}

/// Returns the values of a row.
pub(super) fn values(fields: &Fields, row: Row<'_>) -> Vec<TypedBytes> {
    fields
        .iter()
        .zip(row.columns())
        .map(|(field, value)| match value {
            Some(bytes) => TypedBytes::new(field.typ, bytes.to_vec()),
            None => TypedBytes::NULL,
        })
        .collect()
}

/// Asks for few rows.
pub(super) async fn rows(conn: &mut Conn, sql: &str) -> Result<Vec<Vec<TypedBytes>>> {
    let result = conn.query(sql, ANSWER_MAX).await?;
    Ok(result.rows.iter().map(|row| values(&result.fields, row)).collect())
}

/// Asks for rows of texts.
pub(super) async fn texts(conn: &mut Conn, sql: &str) -> Result<Vec<Vec<String>>> {
    let text = |value: &TypedBytes| String::from_utf8_lossy(&value.bytes).into_owned();
    let rows = rows(conn, sql).await?;
    Ok(rows.iter().map(|row| row.iter().map(text).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_so_that_mysql_reads_them_back() {
        for (value, text) in [
            (TypedBytes::NULL, "null"),
            (TypedBytes::int64(-5), "-5"),
            (TypedBytes::varchar("it's \\ ö"), "'it\\'s \\\\ ö'"),
            (TypedBytes::new(Type::VARBINARY, vec![0, 255]), "x'00ff'"),
            (TypedBytes::new(Type::DATE, "2024-02-29"), "'2024-02-29'"),
        ] {
            assert_eq!(literal(&value), text);
        }
        let row = [TypedBytes::int64(1), TypedBytes::varchar("b")];
        assert_eq!(equal(&["a", "b`"], &row), "`a` = 1 and `b``` = 'b'");
    }
}
