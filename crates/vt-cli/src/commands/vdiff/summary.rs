//! What all shards say of a VDiff, put together and printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value, json};
use vt_base::{Code, Error, Result};
use vt_proto::query::QueryResult;
use vt_proto::vtctldata::VDiffShowResponse;
use vt_topo::records::lock::rfc3339;
use vt_value::temporal::zone::local_seconds;
use vt_value::{Temporal, TemporalKind};

use crate::output::row_values;

/// An end that is further away than this is not told.
const ETA_SECONDS_MAX: i64 = 366 * 24 * 3600;
const COLUMNS: [&str; 5] = ["UUID", "Workflow", "Keyspace", "Shard", "State"];

/// The rows of a result by the names of their columns.
fn named(result: &QueryResult) -> Vec<BTreeMap<&str, String>> {
    let row = |row| {
        let values = row_values(row).into_iter();
        let pairs = result.fields.iter().map(|field| field.name.as_str()).zip(values);
        pairs
            .filter_map(|(name, value)| Some((name, String::from_utf8_lossy(value?).into_owned())))
            .collect()
    };
    result.rows.iter().map(row).collect()
}

fn text(row: &BTreeMap<&str, String>, name: &str) -> String {
    row.get(name).cloned().unwrap_or_default()
}

fn number(row: &BTreeMap<&str, String>, name: &str) -> u64 {
    row.get(name).and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// Puts the parts of a report into the order of the reference: MySQL keeps them in its own.
fn in_order(report: Value) -> Value {
    const PARTS: [&str; 9] = [
        "TableName",
        "ProcessedRows",
        "MatchingRows",
        "MismatchedRows",
        "ExtraRowsSource",
        "ExtraRowsTarget",
        "ExtraRowsSourceSample",
        "ExtraRowsTargetSample",
        "MismatchedRowsSample",
    ];
    let Value::Object(mut parts) = report else { return report };
    let known = PARTS.iter().filter_map(|name| parts.remove_entry(*name)).collect::<Vec<_>>();
    Value::Object(known.into_iter().chain(parts).collect())
}

/// What all shards say of one table.
#[derive(Debug, Default)]
struct Table {
    state: String,
    rows_compared: u64,
    matching: u64,
    mismatched: u64,
    extra_source: u64,
    extra_target: u64,
}

/// What all shards say of a VDiff.
#[derive(Debug, Default)]
pub(super) struct Summary {
    workflow: String,
    keyspace: String,
    uuid: String,
    state: &'static str,
    rows_compared: u64,
    rows: u64,
    has_mismatch: bool,
    shards: Vec<String>,
    started_at: String,
    completed_at: String,
    tables: BTreeMap<String, Table>,
    reports: BTreeMap<String, BTreeMap<String, Value>>,
    errors: BTreeMap<String, String>,
    verbose: bool,
}

impl Summary {
    /// Puts the answers of the shards together.
    ///
    /// # Errors
    /// No shard answered, or a report is none.
    pub(super) fn read(
        workflow: &str,
        keyspace: &str,
        uuid: &str,
        reply: &VDiffShowResponse,
        verbose: bool,
    ) -> Result<Summary> {
        if reply.tablet_responses.is_empty() {
            return Err(Error::new(
                Code::NotFound,
                format!("no response received for vdiff show of {keyspace}.{workflow} ({uuid})"),
            ));
        }
        let mut summary = Summary {
            workflow: workflow.to_owned(),
            keyspace: keyspace.to_owned(),
            uuid: uuid.to_owned(),
            verbose,
            ..Summary::default()
        };
        let mut states = States::default();
        for (shard, answer) in &reply.tablet_responses {
            let Some(output) = &answer.output else { continue };
            summary.shards.push(shard.clone());
            for (index, row) in named(output).iter().enumerate() {
                if index == 0 {
                    states.shards.push(text(row, "vdiff_state").to_lowercase());
                    summary.add_shard(shard, row);
                }
                if row.contains_key("table_name") {
                    states.tables.push(text(row, "table_state").to_lowercase());
                    summary.add_table(shard, row)?;
                }
            }
        }
        summary.shards.sort();
        summary.state = states.all(summary.tables.len() * summary.shards.len());
        if summary.state != "completed" {
            summary.completed_at.clear();
        }
        Ok(summary)
    }

    fn add_shard(&mut self, shard: &str, row: &BTreeMap<&str, String>) {
        let (started, completed) = (text(row, "started_at"), text(row, "completed_at"));
        // Written as they are, times are in order as texts.
        if !started.is_empty() && (self.started_at.is_empty() || started < self.started_at) {
            self.started_at = started;
        }
        if completed > self.completed_at {
            self.completed_at = completed;
        }
        let error = text(row, "last_error");
        if !error.is_empty() {
            self.errors.insert(shard.to_owned(), error);
        }
    }

    fn add_table(&mut self, shard: &str, row: &BTreeMap<&str, String>) -> Result<()> {
        self.rows_compared += number(row, "rows_compared");
        self.rows += number(row, "table_rows");
        self.has_mismatch |= number(row, "has_mismatch") == 1;
        let (name, state) = (text(row, "table_name"), text(row, "table_state").to_lowercase());
        let table = self.tables.entry(name.clone()).or_default();
        // An error stays, and one shard that is not done makes the table not done.
        let first = table.state.is_empty();
        if state == "error" || first || (state != "completed" && table.state != "error") {
            table.state = state;
        }
        let report = match text(row, "report") {
            report if report.is_empty() => Value::Null,
            report => serde_json::from_str(&report).map(in_order).map_err(|_| {
                Error::new(Code::Internal, format!("the report of table {name} cannot be read"))
            })?,
        };
        let count = |name: &str| report[name].as_u64().unwrap_or_default();
        table.rows_compared += count("ProcessedRows");
        table.matching += count("MatchingRows");
        table.mismatched += count("MismatchedRows");
        table.extra_source += count("ExtraRowsSource");
        table.extra_target += count("ExtraRowsTarget");
        self.reports.entry(name).or_default().insert(shard.to_owned(), report);
        Ok(())
    }

    pub(super) fn state(&self) -> &str {
        self.state
    }

    pub(super) fn is_complete(&self) -> bool {
        self.state == "completed"
    }

    /// Returns whether nothing more will happen by itself.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, "completed" | "stopped" | "error")
    }

    fn shows_tables(&self) -> bool {
        self.has_mismatch || self.verbose
    }

    /// Returns how much is done in per cent, and when the rest will be.
    fn progress(&self, now: i64) -> (f64, Option<String>) {
        #[expect(clippy::cast_precision_loss, reason = "a share in per cent needs two digits")]
        let share = match self.rows {
            0 => 0.0,
            rows => (self.rows_compared as f64 / rows as f64 * 100.0).min(100.0),
        };
        let percentage = (share * 100.0).round() / 100.0;
        let started = Temporal::parse(TemporalKind::DateTime, self.started_at.as_bytes());
        let Some(started) = started.filter(|_| percentage >= 1.0) else {
            return (percentage, None);
        };
        let took = (now - local_seconds(&started)).max(0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "seconds are all that is shown"
        )]
        let left = (took as f64 / percentage * (100.0 - percentage)) as i64;
        let end = u64::try_from(now + left).ok().filter(|_| left < ETA_SECONDS_MAX);
        let written = |end| rfc3339(end).replace('T', " ").trim_end_matches('Z').to_owned();
        (percentage, end.map(written))
    }

    /// Returns one line that tells how far it is.
    pub(super) fn line(&self, now: i64) -> String {
        let (percentage, eta) = self.progress(now);
        let eta = eta.map(|eta| format!(", ETA: {eta}")).unwrap_or_default();
        format!(
            "VDiff {}.{}: {}, {} rows compared ({percentage:.2}%{eta})\x1b[K",
            self.keyspace, self.workflow, self.state, self.rows_compared
        )
    }

    /// Returns the summary as the reference prints it.
    pub(super) fn to_text(&self, now: i64) -> String {
        let mut out =
            format!("\nVDiff Summary for {}.{} ({})\n", self.keyspace, self.workflow, self.uuid);
        let mut add = |line: String| {
            let _infallible = writeln!(out, "{line}");
        };
        add(format!("State:        {}", self.state));
        for (shard, error) in &self.errors {
            add(format!("              Error: (shard {shard}) {error}"));
        }
        add(format!("RowsCompared: {}", self.rows_compared));
        add(format!("HasMismatch:  {}", self.has_mismatch));
        add(format!("StartedAt:    {}", self.started_at));
        if self.state == "started" {
            let (percentage, eta) = self.progress(now);
            let eta = eta.map(|eta| format!(", ETA: {eta}")).unwrap_or_default();
            add(format!("Progress:     {percentage:.2}%{eta}"));
        }
        if !self.completed_at.is_empty() {
            add(format!("CompletedAt:  {}", self.completed_at));
        }
        for (name, table) in self.tables.iter().filter(|_| self.shows_tables()) {
            add(format!("Table {name}:"));
            add(format!("\tState:            {}", table.state));
            add(format!("\tProcessedRows:    {}", table.rows_compared));
            add(format!("\tMatchingRows:     {}", table.matching));
            for (what, count) in [
                ("MismatchedRows:   ", table.mismatched),
                ("ExtraRowsSource:  ", table.extra_source),
                ("ExtraRowsTarget:  ", table.extra_target),
            ] {
                if count > 0 {
                    add(format!("\t{what}{count}"));
                }
            }
        }
        add("\nUse \"--format=json\" for more detailed output.\n".to_owned());
        out
    }

    /// Returns the summary with all that is known.
    pub(super) fn to_json(&self, now: i64) -> Value {
        let mut out = json!({
            "Workflow": self.workflow,
            "Keyspace": self.keyspace,
            "State": self.state,
            "UUID": self.uuid,
            "RowsCompared": self.rows_compared,
            "HasMismatch": self.has_mismatch,
            "Shards": self.shards.join(","),
        });
        for (name, at) in [("StartedAt", &self.started_at), ("CompletedAt", &self.completed_at)] {
            if !at.is_empty() {
                out[name] = json!(at);
            }
        }
        if self.shows_tables() {
            let tables: Map<String, Value> = self
                .tables
                .iter()
                .map(|(name, table)| (name.clone(), table_json(name, table)))
                .collect();
            out["TableSummary"] = Value::Object(tables);
            out["Reports"] = json!(self.reports);
        }
        if !self.errors.is_empty() {
            out["Errors"] = json!(self.errors);
        }
        if self.state == "started" {
            let (percentage, eta) = self.progress(now);
            out["Progress"] = json!({ "Percentage": percentage });
            if let Some(eta) = eta {
                out["Progress"]["ETA"] = json!(eta);
            }
        }
        out
    }
}

fn table_json(name: &str, table: &Table) -> Value {
    json!({
        "TableName": name,
        "State": table.state,
        "RowsCompared": table.rows_compared,
        "MatchingRows": table.matching,
        "MismatchedRows": table.mismatched,
        "ExtraRowsSource": table.extra_source,
        "ExtraRowsTarget": table.extra_target,
    })
}

/// The states of all shards, and of all tables of all shards.
#[derive(Debug, Default)]
struct States {
    shards: Vec<String>,
    tables: Vec<String>,
}

impl States {
    /// Returns the state of the whole: what stopped or failed anywhere stays, and it is complete
    /// only where everything is.
    fn all(&self, tables: usize) -> &'static str {
        let shard = |state: &str| self.shards.iter().any(|one| one == state);
        let table = |state: &str| self.tables.iter().any(|one| one == state);
        if shard("stopped") {
            return "stopped";
        }
        // While a shard tries again, what failed is no end.
        if shard("error") || (table("error") && !shard("started")) {
            return "error";
        }
        if shard("started") || table("started") {
            return "started";
        }
        if shard("pending") || table("pending") {
            return "pending";
        }
        let completed = self.tables.iter().filter(|one| *one == "completed").count();
        match completed == tables && self.shards.iter().all(|one| one == "completed") {
            true => "completed",
            false => "unknown",
        }
    }
}

/// The VDiffs of a workflow, a line a shard.
#[derive(Debug)]
pub(super) struct Listing(Vec<[String; 5]>);

impl Listing {
    /// Reads what the shards answered to `all`.
    pub(super) fn read(reply: &VDiffShowResponse) -> Listing {
        let mut lines = BTreeSet::new();
        for answer in reply.tablet_responses.values() {
            for row in answer.output.iter().flat_map(named) {
                let id = number(&row, "id");
                let columns = ["vdiff_uuid", "workflow", "keyspace", "shard", "state"];
                lines.insert((std::cmp::Reverse(id), columns.map(|name| text(&row, name))));
            }
        }
        Listing(lines.into_iter().map(|(_, line)| line).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the lines in a grid.
    pub(super) fn to_text(&self) -> String {
        let head = COLUMNS.map(str::to_owned);
        let rows: Vec<&[String; 5]> = std::iter::once(&head).chain(&self.0).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
        let rule =
            widths.iter().fold("+".to_owned(), |rule, width| rule + &"-".repeat(width + 2) + "+")
                + "\n";
        let mut out = rule.clone();
        for row in rows {
            out.push('|');
            for (cell, width) in row.iter().zip(&widths) {
                let _infallible = write!(out, " {cell:>width$} |");
            }
            out.push('\n');
            out.push_str(&rule);
        }
        out
    }

    pub(super) fn to_json(&self) -> Value {
        let line = |line: &[String; 5]| {
            let pairs = COLUMNS.iter().zip(line);
            Value::Object(pairs.map(|(name, cell)| ((*name).to_owned(), json!(cell))).collect())
        };
        Value::Array(self.0.iter().map(line).collect())
    }
}
