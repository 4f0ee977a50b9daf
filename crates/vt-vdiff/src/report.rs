//! What a comparison of a table has found: counts, and samples of the rows that differ.

use serde_json::{Map, Value, json};
use vt_base::{Code, Error, Result};

use crate::row::Row;

/// The counts and samples of one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub table: String,
    pub processed: u64,
    pub matching: u64,
    pub mismatched: u64,
    pub extra_source: u64,
    pub extra_target: u64,
    /// Samples, in the form in which they are printed.
    pub extra_source_sample: Vec<Value>,
    pub extra_target_sample: Vec<Value>,
    pub mismatched_sample: Vec<Value>,
}

impl Report {
    /// Returns whether the sides differ.
    pub fn has_mismatch(&self) -> bool {
        self.mismatched > 0 || self.extra_source > 0 || self.extra_target > 0
    }

    /// Returns the report as it is kept and shown.
    pub fn to_json(&self) -> Value {
        let mut out = json!({
            "TableName": self.table,
            "ProcessedRows": self.processed,
            "MatchingRows": self.matching,
            "MismatchedRows": self.mismatched,
            "ExtraRowsSource": self.extra_source,
            "ExtraRowsTarget": self.extra_target,
        });
        let samples = [
            ("ExtraRowsSourceSample", &self.extra_source_sample),
            ("ExtraRowsTargetSample", &self.extra_target_sample),
            ("MismatchedRowsSample", &self.mismatched_sample),
        ];
        for (name, sample) in samples.into_iter().filter(|(_, sample)| !sample.is_empty()) {
            out[name] = Value::Array(sample.clone());
        }
        out
    }

    /// Reads a report that was kept, to count on from it.
    ///
    /// # Errors
    /// The text is no report.
    pub fn from_json(text: &[u8]) -> Result<Report> {
        let wrong = |_| Error::new(Code::Internal, "a report that was kept cannot be read");
        let read: Value = serde_json::from_slice(text).map_err(wrong)?;
        let count = |name: &str| read[name].as_u64().unwrap_or_default();
        let sample = |name: &str| read[name].as_array().cloned().unwrap_or_default();
        Ok(Report {
            table: read["TableName"].as_str().unwrap_or_default().to_owned(),
            processed: count("ProcessedRows"),
            matching: count("MatchingRows"),
            mismatched: count("MismatchedRows"),
            extra_source: count("ExtraRowsSource"),
            extra_target: count("ExtraRowsTarget"),
            extra_source_sample: sample("ExtraRowsSourceSample"),
            extra_target_sample: sample("ExtraRowsTargetSample"),
            mismatched_sample: sample("MismatchedRowsSample"),
        })
    }
}

/// How samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// How many of each kind.
    pub rows_max: usize,
    /// How many bytes of a value.
    pub value_bytes_max: usize,
    /// Only the key's columns.
    pub only_key: bool,
    /// A query that reads the row is written beside it.
    pub query: bool,
}

/// Follows a value that is cut.
const CUT: &str = "...[TRUNCATED]";

/// The columns of a sample: name, whether it is part of the key, whether its values are text.
#[derive(Clone, Debug)]
pub struct SampleColumn {
    pub name: String,
    pub is_key: bool,
    pub is_text: bool,
    pub is_number: bool,
}

/// Writes a row as a sample.
pub fn sample(table: &str, columns: &[SampleColumn], row: &Row, how: &Sampling) -> Value {
    let mut values = Map::new();
    for (place, column) in columns.iter().enumerate() {
        if how.only_key && !column.is_key {
            continue;
        }
        let shown = match row.get(place) {
            None => Value::Null,
            Some(bytes) => Value::String(shown(bytes, column.is_text, how.value_bytes_max)),
        };
        values.insert(column.name.clone(), shown);
    }
    let mut out = json!({ "Row": values });
    if how.query {
        out["Query"] = Value::String(query(table, columns, row, how.only_key));
    }
    out
}

fn shown(bytes: &[u8], is_text: bool, bytes_max: usize) -> String {
    let cut = bytes.len() > bytes_max;
    let kept = &bytes[..bytes.len().min(bytes_max)];
    let mut text = match is_text {
        // What is cut may end within a character.
        true => match str::from_utf8(kept) {
            Ok(text) => text.to_owned(),
            Err(error) => String::from_utf8_lossy(&kept[..error.valid_up_to()]).into_owned(),
        },
        false => format!("0x{}", hex(kept)),
    };
    if cut {
        text.push_str(CUT);
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn query(table: &str, columns: &[SampleColumn], row: &Row, only_key: bool) -> String {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let selected: Vec<String> = columns
        .iter()
        .filter(|column| !only_key || column.is_key)
        .map(|column| quoted(&column.name))
        .collect();
    let conditions: Vec<String> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.is_key)
        .map(|(place, column)| {
            let name = quoted(&column.name);
            match row.get(place) {
                None => format!("{name} is null"),
                Some(b"") => format!("{name} = ''"),
                Some(value) if column.is_number => {
                    format!("{name} = {}", String::from_utf8_lossy(value))
                }
                Some(value) if column.is_text => format!("{name} = _utf8mb4 0x{}", hex(value)),
                Some(value) => format!("{name} = 0x{}", hex(value)),
            }
        })
        .collect();
    let (selected, conditions) = (selected.join(", "), conditions.join(" and "));
    format!("select {selected} from {} where {conditions};", quoted(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<SampleColumn> {
        let column = |name: &str, is_key, is_text, is_number| SampleColumn {
            name: name.to_owned(),
            is_key,
            is_text,
            is_number,
        };
        vec![
            column("id", true, true, true),
            column("name", false, true, false),
            column("data", false, false, false),
        ]
    }

    const HOW: Sampling =
        Sampling { rows_max: 10, value_bytes_max: 4, only_key: false, query: false };

    #[test]
    fn values_are_cut_between_characters_and_bytes_are_shown_in_hex() {
        let row = Row::of(&[Some(b"7"), Some("abcéf".as_bytes()), Some(&[0, 255])]);
        assert_eq!(
            sample("t", &columns(), &row, &HOW),
            json!({"Row": {"id": "7", "name": "abc...[TRUNCATED]", "data": "0x00FF"}})
        );
        let row = Row::of(&[Some(b"7"), None, Some(b"")]);
        assert_eq!(
            sample("t", &columns(), &row, &HOW),
            json!({"Row": {"id": "7", "name": null, "data": "0x"}})
        );
    }

    #[test]
    fn a_sample_may_be_the_key_alone_with_a_query() {
        let how = Sampling { only_key: true, query: true, ..HOW };
        let row = Row::of(&[Some(b"7"), Some(b"x"), None]);
        assert_eq!(
            sample("t", &columns(), &row, &how),
            json!({"Row": {"id": "7"}, "Query": "select `id` from `t` where `id` = 7;"})
        );
    }

    #[test]
    fn a_report_is_read_as_it_was_kept() {
        let report = Report {
            table: "t".to_owned(),
            processed: 5,
            matching: 3,
            mismatched: 1,
            extra_target: 1,
            extra_target_sample: vec![json!({"Row": {"id": "7"}})],
            ..Report::default()
        };
        let kept = report.to_json().to_string();
        assert_eq!(Report::from_json(kept.as_bytes()).unwrap(), report);
        assert!(report.has_mismatch() && Report::from_json(b"[").is_err());
    }
}
