//! The comparison of a table: two sequences of rows in the order of the key, merged row by row.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::{Value, json};
use vt_base::{Code, Error, Result};

use crate::order::KeyOrder;
use crate::reason::Compared;
use crate::report::{Report, SampleColumn, Sampling, sample};
use crate::row::Row;

/// What a comparison goes by.
#[derive(Clone, Debug)]
pub struct Terms {
    pub table: String,
    pub columns: Vec<Compared>,
    pub order: KeyOrder,
    pub sampling: Sampling,
    /// So many rows that only one side has are kept, to find them at another place of the other.
    pub extra_rows_max: usize,
}

/// Which side's row is done with, so that its next is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumed {
    Source,
    Target,
    Both,
}

/// Rows that are kept may take so much memory; beyond that they only count.
const KEPT_BYTES_MAX: usize = 64 << 20;

/// A comparison under way.
#[derive(Debug)]
pub struct Differ {
    terms: Terms,
    report: Report,
    sample_columns: Vec<SampleColumn>,
    /// Rows that only one side has had so far.
    only_source: Kept,
    only_target: Kept,
    last_source: Option<Row>,
    last_target: Option<Row>,
    /// A side came in an order that is not that of the key.
    disordered: Option<Side>,
    steps: u64,
}

/// A side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Source,
    Target,
}

#[derive(Debug, Default)]
struct Kept {
    rows: Vec<Row>,
    bytes: usize,
    /// Some could not be kept.
    lost: bool,
}

impl Kept {
    fn keep(&mut self, row: &Row, rows_max: usize) {
        let size = row.size();
        if self.rows.len() >= rows_max || self.bytes + size > KEPT_BYTES_MAX {
            self.lost = true;
            return;
        }
        self.bytes += size;
        self.rows.push(row.clone());
    }
}

impl Differ {
    /// Begins a comparison, or goes on with one that found `report` so far.
    pub fn new(terms: Terms, report: Report) -> Differ {
        let is_key = |place: usize| terms.order.0.iter().any(|key| key.place == place);
        let sample_column = |(place, column): (usize, &Compared)| {
            let field = &column.target.field;
            SampleColumn {
                name: field.name.to_string(),
                is_key: is_key(place),
                is_text: !field.typ.is_binary() && field.typ != vt_value::Type::BIT,
                is_number: field.typ.is_number(),
            }
        };
        let sample_columns = terms.columns.iter().enumerate().map(sample_column).collect();
        let report = Report { table: terms.table.clone(), ..report };
        Differ {
            terms,
            report,
            sample_columns,
            only_source: Kept::default(),
            only_target: Kept::default(),
            last_source: None,
            last_target: None,
            disordered: None,
            steps: 0,
        }
    }

    /// Compares the next row of each side; `None` is a side that has ended. At least one has a row.
    ///
    /// # Errors
    /// The rows have no order that is known.
    pub fn step(&mut self, source: Option<&Row>, target: Option<&Row>) -> Result<Consumed> {
        let order = match (source, target) {
            (Some(source), Some(target)) => self.terms.order.compare(source, target)?,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Err(Error::bug("a comparison of no rows")),
        };
        self.steps += 1;
        self.report.processed += 1;
        match (order, source, target) {
            (Ordering::Less, Some(source), _) => {
                self.check(Side::Source, source)?;
                self.extra(Side::Source, source);
                Ok(Consumed::Source)
            }
            (Ordering::Greater, _, Some(target)) => {
                self.check(Side::Target, target)?;
                self.extra(Side::Target, target);
                Ok(Consumed::Target)
            }
            (_, Some(source), Some(target)) => {
                self.check(Side::Source, source)?;
                self.check(Side::Target, target)?;
                self.both(source, target);
                Ok(Consumed::Both)
            }
            _ => Err(Error::bug("an order of one row")),
        }
    }

    /// Returns the order in which both sides are read.
    pub fn order(&self) -> &KeyOrder {
        &self.terms.order
    }

    /// Returns how many steps were made since [`Differ::new`].
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns what was found so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Returns whether a comparison that goes on behind a key would compare the same: it would
    /// not, once a side was in another order.
    pub fn may_be_continued(&self) -> bool {
        self.disordered.is_none()
    }

    /// Ends the comparison: rows that each side had at another place are taken for the same.
    ///
    /// # Errors
    /// A side was in another order than that of the key, and not all rows that only one side
    /// seemed to have could be kept: the verdict would be a guess.
    pub fn finish(mut self) -> Result<Report> {
        let lost = self.only_source.lost || self.only_target.lost;
        if let (Some(side), true) = (self.disordered, lost) {
            let side = match side {
                Side::Source => "source",
                Side::Target => "target",
            };
            return Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "the {side} sends the rows of table {} in another order than that of the \
                     target's key (the collations of the key's columns differ, say), and more \
                     than {} rows lie elsewhere; try a greater --max-extra-rows-to-compare",
                    self.terms.table, self.terms.extra_rows_max
                ),
            ));
        }
        self.reconcile();
        Ok(self.report)
    }

    fn check(&mut self, side: Side, row: &Row) -> Result<()> {
        let last = match side {
            Side::Source => &mut self.last_source,
            Side::Target => &mut self.last_target,
        };
        if let Some(last) = last
            && self.terms.order.compare(last, row)? == Ordering::Greater
        {
            self.disordered.get_or_insert(side);
        }
        *last = Some(row.clone());
        Ok(())
    }

    fn both(&mut self, source: &Row, target: &Row) {
        let terms = &self.terms;
        let differing: Vec<usize> = match source.is_same(target) {
            true => Vec::new(),
            false => (0..terms.columns.len())
                .filter(|place| {
                    !terms.columns[*place].is_same(source.get(*place), target.get(*place))
                })
                .collect(),
        };
        if differing.is_empty() {
            self.report.matching += 1;
            return;
        }
        self.report.mismatched += 1;
        if self.report.mismatched_sample.len() < terms.sampling.rows_max {
            let reasons: serde_json::Map<String, Value> = differing
                .iter()
                .map(|place| {
                    let column = &terms.columns[*place];
                    let reason = column.reason(source.get(*place), target.get(*place));
                    (column.target.field.name.to_string(), Value::String(reason))
                })
                .collect();
            let sample = json!({
                "Source": self.sample(source),
                "Target": self.sample(target),
                "Reasons": reasons,
            });
            self.report.mismatched_sample.push(sample);
        }
    }

    fn extra(&mut self, side: Side, row: &Row) {
        let wanted = self.terms.sampling.rows_max;
        let is_full = match side {
            Side::Source => self.report.extra_source_sample.len() >= wanted,
            Side::Target => self.report.extra_target_sample.len() >= wanted,
        };
        let sample = (!is_full).then(|| self.sample(row));
        let (count, samples, kept) = match side {
            Side::Source => (
                &mut self.report.extra_source,
                &mut self.report.extra_source_sample,
                &mut self.only_source,
            ),
            Side::Target => (
                &mut self.report.extra_target,
                &mut self.report.extra_target_sample,
                &mut self.only_target,
            ),
        };
        *count += 1;
        kept.keep(row, self.terms.extra_rows_max);
        samples.extend(sample);
    }

    fn sample(&self, row: &Row) -> Value {
        sample(&self.terms.table, &self.sample_columns, row, &self.terms.sampling)
    }

    /// Takes rows of both sides that are the same out of the extra rows.
    fn reconcile(&mut self) {
        let mut waiting: HashMap<Vec<Option<bytes::Bytes>>, Vec<Row>> = HashMap::new();
        for row in std::mem::take(&mut self.only_source.rows) {
            let key = (0..row.len()).map(|column| row.bytes(column)).collect();
            waiting.entry(key).or_default().push(row);
        }
        for target in std::mem::take(&mut self.only_target.rows) {
            let key: Vec<_> = (0..target.len()).map(|column| target.bytes(column)).collect();
            let Some(source) = waiting.get_mut(&key).and_then(Vec::pop) else { continue };
            let (of_source, of_target) = (self.sample(&source), self.sample(&target));
            let report = &mut self.report;
            report.extra_source = report.extra_source.saturating_sub(1);
            report.extra_target = report.extra_target.saturating_sub(1);
            report.matching += 1;
            // It was counted once at each side.
            report.processed = report.processed.saturating_sub(1);
            remove_one(&mut report.extra_source_sample, &of_source);
            remove_one(&mut report.extra_target_sample, &of_target);
        }
    }
}

fn remove_one(samples: &mut Vec<Value>, wanted: &Value) {
    if let Some(place) = samples.iter().position(|sample| sample == wanted) {
        samples.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;
    use vt_value::Type;

    use super::*;
    use crate::order::tests::{column, order};

    fn terms(collation: &str, extra_rows_max: usize) -> Terms {
        let typ = if collation.is_empty() { Type::INT64 } else { Type::VARCHAR };
        let key = column("id", typ, collation);
        let value = column("v", Type::VARCHAR, "utf8mb4_0900_ai_ci");
        let compared = |target: &vt_vstream::table::SourceColumn| Compared {
            target: target.clone(),
            source_type: target.field.typ,
        };
        Terms {
            table: "t".to_owned(),
            columns: vec![compared(&key), compared(&value)],
            order: order(&[key]),
            sampling: Sampling { rows_max: 2, value_bytes_max: 128, only_key: false, query: false },
            extra_rows_max,
        }
    }

    fn run(terms: Terms, source: &[(&str, &str)], target: &[(&str, &str)]) -> Result<Report> {
        let rows = |side: &[(&str, &str)]| -> Vec<Row> {
            let row = |(key, value): &(&str, &str)| {
                Row::of(&[Some(key.as_bytes()), Some(value.as_bytes())])
            };
            side.iter().map(row).collect()
        };
        let (source, target) = (rows(source), rows(target));
        let (mut at_source, mut at_target) = (0, 0);
        let mut differ = Differ::new(terms, Report::default());
        while at_source < source.len() || at_target < target.len() {
            match differ.step(source.get(at_source), target.get(at_target))? {
                Consumed::Source => at_source += 1,
                Consumed::Target => at_target += 1,
                Consumed::Both => (at_source, at_target) = (at_source + 1, at_target + 1),
            }
        }
        differ.finish()
    }

    #[test]
    fn rows_are_paired_by_their_keys() {
        let source = [("1", "a"), ("2", "b"), ("3", "c"), ("10", "d")];
        let target = [("1", "a"), ("3", "x"), ("4", "e"), ("10", "d")];
        let report = run(terms("", 10), &source, &target).unwrap();
        assert_eq!((report.processed, report.matching, report.mismatched), (5, 2, 1));
        assert_eq!((report.extra_source, report.extra_target), (1, 1));
        assert_eq!(report.extra_source_sample, [json!({"Row": {"id": "2", "v": "b"}})]);
        assert_eq!(
            report.mismatched_sample,
            [json!({
                "Source": {"Row": {"id": "3", "v": "c"}},
                "Target": {"Row": {"id": "3", "v": "x"}},
                "Reasons": {"v": "the values differ from byte 1 on"},
            })]
        );
        assert!(report.has_mismatch());
    }

    #[test]
    fn samples_end_at_their_number_and_counts_go_on() {
        let source = [("1", ""), ("2", ""), ("3", "")];
        let report = run(terms("", 10), &source, &[]).unwrap();
        assert_eq!((report.extra_source, report.extra_source_sample.len()), (3, 2));
    }

    #[test]
    fn rows_in_another_order_are_found_if_they_are_few() {
        // The source has its rows in the order of a binary collation.
        let source = [("B", "1"), ("C", "2"), ("a", "3")];
        let target = [("a", "3"), ("B", "1"), ("C", "2")];
        let report = run(terms("utf8mb4_0900_ai_ci", 10), &source, &target).unwrap();
        assert!(!report.has_mismatch(), "{report:?}");
        assert_eq!((report.processed, report.matching), (3, 3));
        assert!(report.extra_source_sample.is_empty() && report.extra_target_sample.is_empty());
        let error = run(terms("utf8mb4_0900_ai_ci", 0), &source, &target).unwrap_err();
        assert!(error.message().contains("--max-extra-rows-to-compare"), "{error}");
    }

    #[test]
    fn a_row_that_differs_is_not_the_same_at_another_place() {
        let source = [("B", "1"), ("a", "3")];
        let target = [("a", "x"), ("B", "1")];
        let report = run(terms("utf8mb4_0900_ai_ci", 10), &source, &target).unwrap();
        assert_eq!((report.extra_source, report.extra_target), (1, 1));
    }

    proptest! {
        #[test]
        fn the_counts_are_those_of_the_sets(
            source in btree_map(0_i64..40, 0_u8..3, 0..30),
            target in btree_map(0_i64..40, 0_u8..3, 0..30),
        ) {
            let texts = |side: &std::collections::BTreeMap<i64, u8>| -> Vec<(String, String)> {
                side.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
            };
            let (left, right) = (texts(&source), texts(&target));
            fn borrowed(side: &[(String, String)]) -> Vec<(&str, &str)> {
                side.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
            }
            let report = run(terms("", 100), &borrowed(&left), &borrowed(&right)).unwrap();
            let matching = source.iter().filter(|(key, value)| target.get(key) == Some(value));
            let both = source.keys().filter(|key| target.contains_key(key)).count();
            let matching = matching.count();
            prop_assert_eq!(report.matching, matching as u64);
            prop_assert_eq!(report.mismatched, (both - matching) as u64);
            prop_assert_eq!(report.extra_source, (source.len() - both) as u64);
            prop_assert_eq!(report.extra_target, (target.len() - both) as u64);
            prop_assert_eq!(report.processed, (source.len() + target.len() - both) as u64);
        }
    }
}
