//! The forms of what is printed: JSON, tables, lists, events.

use std::fmt::Write;

use prost::Message;
use serde_json::Value;
use vt_base::Error;
use vt_proto::json::{Unset, to_json};
use vt_proto::logutil::{Event, Level};
use vt_proto::query;
use vt_topo::records::lock::rfc3339;

use crate::Failure;

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Layout {
    #[default]
    Indented,
    /// `--compact`
    OneLine,
}

impl Layout {
    /// Prints a value, with a newline.
    pub(crate) fn value(self, value: &Value) -> String {
        match self {
            Layout::Indented => format!("{value:#}\n"),
            Layout::OneLine => format!("{value}\n"),
        }
    }

    /// Prints a message with all its fields; `name` is its full name.
    pub(crate) fn message<M: Message>(self, name: &str, message: &M) -> Result<String, Error> {
        Ok(self.value(&value_of(name, message)?))
    }

    /// Prints a message that must be there.
    pub(crate) fn found<M: Message>(
        self,
        name: &str,
        message: Option<&M>,
    ) -> Result<String, Failure> {
        let message = message
            .ok_or_else(|| Failure::Rpc(Error::bug(format_args!("the reply holds no {name}"))))?;
        Ok(self.message(name, message)?)
    }

    /// Prints messages as one JSON array.
    pub(crate) fn array<M: Message>(self, name: &str, messages: &[M]) -> Result<String, Error> {
        let values: Result<Vec<Value>, Error> =
            messages.iter().map(|one| value_of(name, one)).collect();
        Ok(self.value(&Value::Array(values?)))
    }

    /// Prints messages by their names as one JSON object.
    pub(crate) fn object<'a, M: Message + 'a>(
        self,
        name: &str,
        messages: impl IntoIterator<Item = (&'a String, &'a M)>,
    ) -> Result<String, Error> {
        let mut object = serde_json::Map::new();
        for (key, message) in messages {
            object.insert(key.clone(), value_of(name, message)?);
        }
        Ok(self.value(&Value::Object(object)))
    }
}

fn value_of<M: Message>(name: &str, message: &M) -> Result<Value, Error> {
    to_json(name, message, Unset::Written)
}

/// Prints one a line.
pub(crate) fn lines<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let mut out = String::new();
    for item in items {
        out.push_str(item.as_ref());
        out.push('\n');
    }
    out
}

/// Prints events as lines of a log.
pub(crate) fn events(events: &[Event]) -> String {
    lines(events.iter().map(|event| {
        let level = match event.level() {
            Level::Info => "I",
            Level::Warning => "W",
            Level::Error => "E",
            Level::Console => return event.value.clone(),
        };
        let seconds = event.time.as_ref().and_then(|time| u64::try_from(time.seconds).ok());
        format!("{level} {} {}", rfc3339(seconds.unwrap_or_default()), event.value)
    }))
}

/// Returns a row's values; `None` is NULL.
pub(crate) fn row_values(row: &query::Row) -> Vec<Option<&[u8]>> {
    let mut at = 0_usize;
    row.lengths
        .iter()
        .map(|length| {
            let width = usize::try_from(*length).ok()?;
            let value = row.values.get(at..at.checked_add(width)?);
            at += width;
            value
        })
        .collect()
}

/// Prints a result as the mysql client draws it.
pub(crate) fn table(result: &query::QueryResult) -> String {
    if result.fields.is_empty() {
        return String::new();
    }
    let text = |value: Option<&[u8]>| {
        value.map_or("NULL".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let head: Vec<String> = result.fields.iter().map(|field| field.name.clone()).collect();
    let rows: Vec<Vec<String>> =
        result.rows.iter().map(|row| row_values(row).into_iter().map(text).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.chain([&head[column]]).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let rule =
        widths.iter().fold(String::from("+"), |line, width| line + &"-".repeat(width + 2) + "+")
            + "\n";
    let draw = |cells: &[String]| {
        let mut line = String::from("|");
        for (cell, width) in cells.iter().zip(&widths) {
            let _infallible = write!(line, " {cell:<width$} |");
        }
        line + "\n"
    };
    let mut out = rule.clone() + &draw(&head) + &rule;
    for row in &rows {
        out.push_str(&draw(row));
    }
    out + &rule
}

/// Returns a result as JSON: its fields, its rows as lists of texts, and its counts.
pub(crate) fn result_json(result: &query::QueryResult) -> Result<Value, Error> {
    let fields: Result<Vec<Value>, Error> =
        result.fields.iter().map(|field| to_json("query.Field", field, Unset::Skipped)).collect();
    let rows: Vec<Value> = result
        .rows
        .iter()
        .map(|row| {
            let values = row_values(row).into_iter().map(|value| match value {
                None => Value::Null,
                Some(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
            });
            Value::Array(values.collect())
        })
        .collect();
    Ok(serde_json::json!({
        "fields": fields?,
        "rows_affected": result.rows_affected.to_string(),
        "insert_id": result.insert_id.to_string(),
        "rows": rows,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result() -> query::QueryResult {
        query::QueryResult {
            fields: vec![
                query::Field { name: "id".into(), ..Default::default() },
                query::Field { name: "email".into(), ..Default::default() },
            ],
            rows: vec![
                query::Row { lengths: vec![1, 5], values: b"1alice".to_vec().into() },
                query::Row { lengths: vec![2, -1], values: b"22".to_vec().into() },
            ],
            ..Default::default()
        }
    }

    #[test]
    fn tables_are_drawn_as_mysql_draws_them() {
        let expected = "\
+----+-------+
| id | email |
+----+-------+
| 1  | alice |
| 22 | NULL  |
+----+-------+
";
        assert_eq!(table(&result()), expected);
        assert_eq!(table(&query::QueryResult::default()), "");
    }

    #[test]
    fn a_malformed_row_does_no_harm() {
        let row = query::Row { lengths: vec![i64::MAX, 9, 1], values: b"a".to_vec().into() };
        assert_eq!(row_values(&row).len(), 3);
    }

    #[test]
    fn json_of_a_result_keeps_null_apart() {
        let json = result_json(&result()).unwrap();
        assert_eq!(json["rows"], serde_json::json!([["1", "alice"], ["22", null]]));
    }
}
