//! How far the copy of a workflow is, in words.

use std::time::Duration;

use vt_proto::vtctldata::WorkflowStatusResponse;
use vt_proto::vtctldata::workflow_status_response::TableCopyState;

/// Says how many rows and bytes are copied, how fast, how long it will take at that rate, and how
/// far the streams are behind; `elapsed` is the time since the copy began to be watched, before
/// which `before` rows were copied.
pub fn copy_progress(status: &WorkflowStatusResponse, elapsed: Duration, before: i64) -> String {
    let sum = |part: fn(&TableCopyState) -> i64| -> i64 {
        status.table_copy_state.values().map(part).fold(0, i64::saturating_add)
    };
    let lag = match lag_seconds(status) {
        Some(seconds) => format!(", lag {seconds}s"),
        None => String::new(),
    };
    let (rows, rows_total) = (sum(|one| one.rows_copied), sum(|one| one.rows_total));
    let (bytes, bytes_total) = (sum(|one| one.bytes_copied), sum(|one| one.bytes_total));
    if rows_total <= 0 {
        return format!("copied; the streams are catching up{lag}");
    }
    let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX).max(1);
    let rate = rows.saturating_sub(before).max(0) / seconds;
    let left = match rate {
        1.. => format!("{}s left", (rows_total.saturating_sub(rows)).max(0) / rate),
        _ => "time left unknown".to_owned(),
    };
    let percent = (rows.saturating_mul(100) / rows_total).min(100);
    format!(
        "copied about {rows} of {rows_total} rows ({percent}%), {bytes} of {bytes_total} bytes, \
         {rate} rows/s, {left}{lag}"
    )
}

/// Returns how many rows are copied.
pub fn rows_copied(status: &WorkflowStatusResponse) -> i64 {
    status.table_copy_state.values().map(|one| one.rows_copied).fold(0, i64::saturating_add)
}

/// Returns how far the slowest of the streams that follow is behind.
fn lag_seconds(status: &WorkflowStatusResponse) -> Option<u64> {
    let streams = status.shard_streams.values().flat_map(|one| &one.streams);
    let lag = |info: &str| {
        let (_, text) = info.split_once("VStream Lag: ")?;
        let digits = text.find(|one: char| !one.is_ascii_digit()).unwrap_or(text.len());
        text.get(..digits)?.parse().ok()
    };
    streams.filter_map(|one| lag(&one.info)).max()
}

#[cfg(test)]
mod tests {
    use vt_proto::vtctldata::workflow_status_response::{ShardStreamState, ShardStreams};

    use super::*;

    fn status(info: &str, copying: bool) -> WorkflowStatusResponse {
        let streams = vec![ShardStreamState { info: info.to_owned(), ..Default::default() }];
        let table = TableCopyState {
            rows_copied: 250,
            rows_total: 1000,
            bytes_copied: 10,
            bytes_total: 40,
            ..Default::default()
        };
        let tables = copying.then(|| ("t".to_owned(), table));
        WorkflowStatusResponse {
            table_copy_state: tables.into_iter().collect(),
            shard_streams: [("ks/0".to_owned(), ShardStreams { streams })].into(),
            ..Default::default()
        }
    }

    #[test]
    fn progress_has_rows_bytes_rate_time_left_and_lag() {
        let seconds = Duration::from_secs;
        assert_eq!(
            copy_progress(&status("Copying", true), seconds(5), 0),
            "copied about 250 of 1000 rows (25%), 10 of 40 bytes, 50 rows/s, 15s left"
        );
        assert_eq!(
            copy_progress(&status("VStream Lag: 7s; Tx time: x", true), seconds(5), 250),
            "copied about 250 of 1000 rows (25%), 10 of 40 bytes, 0 rows/s, time left unknown, lag 7s"
        );
        assert_eq!(
            copy_progress(&status("VStream Lag: 12s", false), Duration::ZERO, 0),
            "copied; the streams are catching up, lag 12s"
        );
        assert_eq!(rows_copied(&status("", true)), 250);
    }
}
