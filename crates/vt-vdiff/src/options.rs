//! What a VDiff was asked to do, as the table `vdiff` keeps it.

use std::time::Duration;

use serde_json::{Value, json};
use vt_base::{Code, Error, Result};
use vt_proto::tabletmanagerdata::{
    VDiffCoreOptions, VDiffOptions, VDiffPickerOptions, VDiffReportOptions,
};
use vt_vreplication::TypeWish;

/// Where the options say nothing.
const TABLET_TYPES: &str = "in_order:RDONLY,REPLICA,PRIMARY";
const SAMPLE_ROWS: i64 = 10;
const TRUNCATE_AT: i64 = 128;
const EXTRA_ROWS: i64 = 1000;
const PATIENCE_SECONDS: i64 = 30;
/// More samples than this make a report that no column holds.
const SAMPLE_ROWS_MAX: i64 = 10_000;
/// More rows than this are not kept to be found elsewhere.
const EXTRA_ROWS_MAX: i64 = 10_000_000;

/// What a VDiff was asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) message: VDiffOptions,
    pub(crate) types: TypeWish,
    pub(crate) source_cells: Vec<String>,
    pub(crate) target_cells: Vec<String>,
    /// Only these; empty for all.
    pub(crate) tables: Vec<String>,
    pub(crate) auto_retry: bool,
    pub(crate) auto_start: bool,
    /// No more rows are compared of a table.
    pub(crate) rows_max: u64,
    /// How long streams and tablets may take to come to a position.
    pub(crate) patience: Duration,
    pub(crate) extra_rows_max: usize,
    pub(crate) update_table_stats: bool,
    /// Snapshots are not held for longer.
    pub(crate) snapshot_age_max: Option<Duration>,
    pub(crate) only_key: bool,
    pub(crate) debug_query: bool,
    pub(crate) sample_rows: usize,
    pub(crate) truncate_at: usize,
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// Returns a number that was given, or its default; never more than `max`.
fn within(given: i64, default: i64, max: i64) -> usize {
    let number = if given > 0 { given } else { default };
    usize::try_from(number.min(max)).unwrap_or_default()
}

impl Options {
    /// Reads a request's options.
    ///
    /// # Errors
    /// The types of tablets are none.
    pub(crate) fn read(message: VDiffOptions) -> Result<Options> {
        let picker = message.picker_options.clone().unwrap_or_default();
        let core = message.core_options.clone().unwrap_or_default();
        let report = message.report_options.clone().unwrap_or_default();
        let types = match picker.tablet_types.is_empty() {
            true => TABLET_TYPES,
            false => picker.tablet_types.as_str(),
        };
        let seconds = |given: i64| u64::try_from(given).ok().filter(|seconds| *seconds > 0);
        let patience = seconds(core.timeout_seconds).unwrap_or(PATIENCE_SECONDS.unsigned_abs());
        Ok(Options {
            types: types.parse()?,
            source_cells: list(&picker.source_cell),
            target_cells: list(&picker.target_cell),
            tables: list(&core.tables),
            auto_retry: core.auto_retry,
            auto_start: core.auto_start.unwrap_or(true),
            rows_max: seconds(core.max_rows).unwrap_or(u64::MAX),
            patience: Duration::from_secs(patience),
            // Zero is a choice here: nothing is kept.
            extra_rows_max: within(core.max_extra_rows_to_compare, 0, EXTRA_ROWS_MAX),
            update_table_stats: core.update_table_stats,
            snapshot_age_max: seconds(core.max_diff_seconds).map(Duration::from_secs),
            only_key: report.only_pks,
            debug_query: report.debug_query,
            sample_rows: within(report.max_sample_rows, SAMPLE_ROWS, SAMPLE_ROWS_MAX),
            truncate_at: within(report.row_diff_column_truncate_at, TRUNCATE_AT, i64::MAX),
            message,
        })
    }

    /// Writes the options as they are kept.
    pub(crate) fn to_json(&self) -> Value {
        let picker = self.message.picker_options.clone().unwrap_or_default();
        let core = self.message.core_options.clone().unwrap_or_default();
        let report = self.message.report_options.clone().unwrap_or_default();
        json!({
            "picker_options": {
                "tablet_types": picker.tablet_types,
                "source_cell": picker.source_cell,
                "target_cell": picker.target_cell,
            },
            "core_options": {
                "tables": core.tables,
                "auto_retry": core.auto_retry,
                "max_rows": core.max_rows,
                "timeout_seconds": core.timeout_seconds,
                "max_extra_rows_to_compare": core.max_extra_rows_to_compare,
                "update_table_stats": core.update_table_stats,
                "max_diff_seconds": core.max_diff_seconds,
                "auto_start": core.auto_start.unwrap_or(true),
            },
            "report_options": {
                "only_pks": report.only_pks,
                "debug_query": report.debug_query,
                "format": report.format,
                "max_sample_rows": report.max_sample_rows,
                "row_diff_column_truncate_at": report.row_diff_column_truncate_at,
            },
        })
    }

    /// Reads options that were kept.
    ///
    /// # Errors
    /// The text has no options.
    pub(crate) fn from_json(text: &[u8]) -> Result<Options> {
        let wrong = |_| Error::new(Code::Internal, "the options of a vdiff cannot be read");
        let read: Value = serde_json::from_slice(text).map_err(wrong)?;
        let (picker, core) = (&read["picker_options"], &read["core_options"]);
        let report = &read["report_options"];
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let is_on = |value: &Value| value.as_bool().unwrap_or_default();
        let number = |value: &Value| value.as_i64().unwrap_or_default();
        Options::read(VDiffOptions {
            picker_options: Some(VDiffPickerOptions {
                tablet_types: word(&picker["tablet_types"]),
                source_cell: word(&picker["source_cell"]),
                target_cell: word(&picker["target_cell"]),
            }),
            core_options: Some(VDiffCoreOptions {
                tables: word(&core["tables"]),
                auto_retry: is_on(&core["auto_retry"]),
                max_rows: number(&core["max_rows"]),
                timeout_seconds: number(&core["timeout_seconds"]),
                max_extra_rows_to_compare: core["max_extra_rows_to_compare"]
                    .as_i64()
                    .unwrap_or(EXTRA_ROWS),
                update_table_stats: is_on(&core["update_table_stats"]),
                max_diff_seconds: number(&core["max_diff_seconds"]),
                auto_start: core["auto_start"].as_bool(),
                ..VDiffCoreOptions::default()
            }),
            report_options: Some(VDiffReportOptions {
                only_pks: is_on(&report["only_pks"]),
                debug_query: is_on(&report["debug_query"]),
                format: word(&report["format"]),
                max_sample_rows: number(&report["max_sample_rows"]),
                row_diff_column_truncate_at: number(&report["row_diff_column_truncate_at"]),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_they_were_kept() {
        let message = VDiffOptions {
            picker_options: Some(VDiffPickerOptions {
                tablet_types: "in_order:REPLICA,PRIMARY".to_owned(),
                source_cell: "zone1, zone2".to_owned(),
                target_cell: String::new(),
            }),
            core_options: Some(VDiffCoreOptions {
                tables: "a,b".to_owned(),
                auto_retry: true,
                max_rows: 7,
                timeout_seconds: 5,
                max_extra_rows_to_compare: 1000,
                max_diff_seconds: 60,
                auto_start: Some(false),
                ..VDiffCoreOptions::default()
            }),
            report_options: Some(VDiffReportOptions { only_pks: true, ..Default::default() }),
        };
        let options = Options::read(message).unwrap();
        assert_eq!(options.source_cells, ["zone1", "zone2"]);
        assert_eq!((options.rows_max, options.sample_rows, options.truncate_at), (7, 10, 128));
        assert_eq!(options.snapshot_age_max, Some(Duration::from_secs(60)));
        let kept = options.to_json().to_string();
        assert_eq!(Options::from_json(kept.as_bytes()).unwrap(), options);
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let options = Options::read(VDiffOptions::default()).unwrap();
        assert_eq!(options.types.to_string(), TABLET_TYPES);
        assert_eq!(options.patience, Duration::from_secs(30));
        assert!(options.auto_start && options.rows_max == u64::MAX);
    }
}
