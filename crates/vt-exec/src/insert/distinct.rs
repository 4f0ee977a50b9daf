//! Whether rows of one statement have unique keys that surely differ, whatever MySQL makes of their
//! values as it stores them.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use vt_plan::{KeyColumn, UniqueKey};
use vt_value::{Collation, Type, TypedBytes, Value};

/// Tells what a row gives for a column, where the gateway knows it.
type ValueOf<'v> = dyn Fn(&KeyColumn, usize) -> Option<TypedBytes> + Sync + 'v;

/// Returns whether no two of some rows have the same key; `false` also where that is not known.
pub(super) fn are_distinct(keys: &[UniqueKey], rows: &[usize], value_of: &ValueOf<'_>) -> bool {
    keys.iter().all(|key| is_distinct(key, rows, value_of))
}

fn is_distinct(key: &UniqueKey, rows: &[usize], value_of: &ValueOf<'_>) -> bool {
    // Keys differ if any of their columns does.
    let columns: Vec<&KeyColumn> = key.columns.iter().filter(|column| is_told(column)).collect();
    if columns.is_empty() {
        return false;
    }
    let mut seen = HashSet::with_capacity(rows.len());
    for row in rows {
        let mut image = Vec::new();
        let mut is_null = false;
        for column in &columns {
            let Some(value) = value_of(column, *row) else { return false };
            if value.is_null() {
                // Of keys with NULL there may be several, but not where it becomes a value.
                if !column.nullable {
                    return false;
                }
                is_null = true;
            } else if !write_stored(column, &value, &mut image) {
                return false;
            }
        }
        if !is_null && !seen.insert(image) {
            return false;
        }
    }
    true
}

/// Returns whether it can be told what a column stores.
fn is_told(column: &KeyColumn) -> bool {
    range_of(column.typ).is_some()
        || matches!(column.typ, Type::BINARY | Type::VARBINARY)
        || matches!(column.typ, Type::CHAR | Type::VARCHAR) && column.collation.is_some()
}

/// Appends bytes that differ for values that differ once a column has stored them; returns whether
/// it is known how it stores the value.
fn write_stored(column: &KeyColumn, value: &TypedBytes, out: &mut Vec<u8>) -> bool {
    let is_text = matches!(value.typ, Type::CHAR | Type::VARCHAR | Type::TEXT);
    let is_bytes = matches!(value.typ, Type::BINARY | Type::VARBINARY | Type::BLOB);
    if let Some(range) = range_of(column.typ) {
        return (is_text || value.typ.is_integral()) && write_whole(&value.bytes, &range, out);
    }
    let is_whole = value.typ.is_integral();
    if matches!(column.typ, Type::BINARY | Type::VARBINARY) {
        if !(is_text || is_bytes || is_whole) || value.bytes.len() > column.size {
            return false;
        }
        // BINARY fills up with zeros.
        let end = value.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let text = value.bytes.slice(..end);
        return Value::Text(text, Collation::BINARY).write_key(out);
    }
    (is_text || is_whole) && write_text(column, value, out)
}

fn write_whole(text: &[u8], range: &RangeInclusive<i128>, out: &mut Vec<u8>) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i128>().ok());
    match number.filter(|number| range.contains(number)) {
        Some(number) => {
            out.extend_from_slice(&number.to_be_bytes());
            true
        }
        None => false,
    }
}

fn write_text(column: &KeyColumn, value: &TypedBytes, out: &mut Vec<u8>) -> bool {
    let (Some(collation), Ok(text)) = (column.collation, std::str::from_utf8(&value.bytes)) else {
        return false;
    };
    // What another character set does not have becomes a question mark.
    let keeps = text.is_ascii() || collation.name().is_some_and(|one| one.starts_with("utf8mb4_"));
    if !keeps || text.chars().count() > column.size {
        return false;
    }
    // CHAR drops the blanks at the end.
    let end = text.trim_end_matches(' ').len();
    Value::Text(value.bytes.slice(..end), collation).write_key(out)
}

/// Returns the whole numbers that a type holds.
fn range_of(typ: Type) -> Option<RangeInclusive<i128>> {
    let bits = match typ {
        Type::INT8 | Type::UINT8 => 8,
        Type::INT16 | Type::UINT16 => 16,
        Type::INT24 | Type::UINT24 => 24,
        Type::INT32 | Type::UINT32 => 32,
        Type::INT64 | Type::UINT64 => 64,
        _ => return None,
    };
    Some(match typ.is_unsigned() {
        true => 0..=(1 << bits) - 1,
        false => -(1 << (bits - 1))..=(1 << (bits - 1)) - 1,
    })
}

#[cfg(test)]
mod tests {
    use vt_eval::Expr;

    use super::*;

    fn column(typ: Type, values: &[Option<TypedBytes>]) -> KeyColumn {
        let collation = Collation::from_name("utf8mb4_0900_ai_ci");
        let values = values.iter().map(|value| value.clone().map(Expr::Literal)).collect();
        KeyColumn { typ, collation, size: 3, nullable: true, values, offset: None }
    }

    fn distinct(columns: Vec<KeyColumn>) -> bool {
        let rows: Vec<usize> = (0..columns[0].values.len()).collect();
        let value_of = |column: &KeyColumn, row: usize| match column.values.get(row)? {
            Some(Expr::Literal(value)) => Some(value.clone()),
            _ => None,
        };
        are_distinct(&[UniqueKey { columns }], &rows, &value_of)
    }

    fn texts(texts: &[&str]) -> Vec<Option<TypedBytes>> {
        texts.iter().map(|text| Some(TypedBytes::varchar(text))).collect()
    }

    #[test]
    fn numbers_are_told_by_their_values_where_the_column_holds_them() {
        let of = |typ, values: &[&str]| distinct(vec![column(typ, &texts(values))]);
        assert!(of(Type::INT8, &["1", "2", "-128", "127"]));
        assert!(!of(Type::INT8, &["1", "01"]));
        // Both would become 127, a fraction rounds, and what is no number becomes 0.
        assert!(!of(Type::INT8, &["300", "301"]));
        assert!(!of(Type::INT8, &["1", "1.4"]));
        assert!(!of(Type::INT8, &["a", "1"]));
        assert!(!of(Type::UINT8, &["-1", "1"]));
        assert!(of(Type::UINT64, &["18446744073709551615", "0"]));
    }

    #[test]
    fn texts_are_told_by_their_collation() {
        let of = |values: &[&str]| distinct(vec![column(Type::VARCHAR, &texts(values))]);
        assert!(of(&["a", "b", "c"]));
        assert!(!of(&["a", "A"]));
        assert!(!of(&["a", "a "]));
        // Cut to three characters they are equal.
        assert!(!of(&["abcd", "abce"]));
        let unknown = KeyColumn { collation: None, ..column(Type::VARCHAR, &texts(&["a", "b"])) };
        assert!(!distinct(vec![unknown]));
    }

    #[test]
    fn bytes_are_told_but_for_the_zeros_at_the_end() {
        let of = |values: &[&str]| distinct(vec![column(Type::BINARY, &texts(values))]);
        assert!(of(&["a", "A"]));
        assert!(!of(&["a", "a\0"]));
    }

    #[test]
    fn null_is_no_key_unless_it_becomes_a_value() {
        let null = || Some(TypedBytes::NULL);
        let nullable = column(Type::INT8, &[null(), null(), texts(&["1"])[0].clone()]);
        assert!(distinct(vec![nullable.clone()]));
        assert!(!distinct(vec![KeyColumn { nullable: false, ..nullable }]));
        // What a shard computes is not known.
        assert!(!distinct(vec![column(Type::INT8, &[None, None])]));
    }

    #[test]
    fn of_several_columns_one_may_tell() {
        let day = column(Type::DATE, &texts(&["2020-01-01", "2020-01-01"]));
        assert!(distinct(vec![column(Type::INT8, &texts(&["1", "2"])), day.clone()]));
        assert!(!distinct(vec![column(Type::INT8, &texts(&["1", "1"])), day.clone()]));
        assert!(!distinct(vec![day]));
    }
}
