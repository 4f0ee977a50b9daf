//! What the engine is told.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

/// The engine's settings; a workflow's options may override them.
#[derive(Clone, Debug)]
pub struct Config {
    /// `--vreplication-retry-delay`: how long a stream waits after it failed.
    pub retry_delay: Duration,
    /// `--vreplication-max-time-to-retry-on-error`: zero tries without end.
    pub max_time_to_retry: Duration,
    /// `--vreplication-copy-phase-duration`: how long one snapshot is read.
    pub copy_phase_duration: Duration,
    /// `--vreplication-parallel-insert-workers`: how many batches are inserted at once.
    pub insert_workers: usize,
    /// So many ranges of a large table are copied at once; of a workflow's options alone
    /// (`vreplication-copy-ranges`), for Vitess has none.
    pub copy_ranges: usize,
    /// So many transactions that touch other rows are applied at once; of a workflow's options
    /// alone (`vreplication-apply-workers`).
    pub apply_workers: usize,
    /// `--vreplication-heartbeat-update-interval`.
    pub heartbeat_interval: Duration,
    /// `--vreplication-replica-lag-tolerance`: a stream this near to its source has caught up.
    pub lag_tolerance: Duration,
    /// `--vreplication-tablet-type`: where a workflow does not say.
    pub tablet_types: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            retry_delay: Duration::from_secs(5),
            max_time_to_retry: Duration::ZERO,
            copy_phase_duration: Duration::from_secs(3600),
            insert_workers: 4,
            copy_ranges: 4,
            apply_workers: 4,
            heartbeat_interval: Duration::from_secs(1),
            lag_tolerance: Duration::from_secs(60),
            tablet_types: "in_order:REPLICA,PRIMARY".to_owned(),
        }
    }
}

/// More workers than this only wait for one another.
const WORKERS_MAX: usize = 32;
/// More ranges than this are not read by a source.
const RANGES_MAX: usize = 16;

impl Config {
    /// Returns the settings with those of a workflow's options over them; what cannot be read of
    /// them counts for nothing.
    pub(crate) fn with_options(&self, options: &str) -> Config {
        let mut config = self.clone();
        let options: Json = serde_json::from_str(options).unwrap_or_default();
        let given: BTreeMap<String, String> = options
            .get("config")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (name.replace('_', "-"), text)
            })
            .collect();
        let seconds = |name: &str| given.get(name).and_then(|text| duration(text));
        if let Some(delay) = seconds("vreplication-retry-delay") {
            config.retry_delay = delay;
        }
        if let Some(limit) = seconds("vreplication-max-time-to-retry-on-error") {
            config.max_time_to_retry = limit;
        }
        if let Some(limit) = seconds("vreplication-copy-phase-duration") {
            config.copy_phase_duration = limit;
        }
        if let Some(tolerance) = seconds("vreplication-replica-lag-tolerance") {
            config.lag_tolerance = tolerance;
        }
        if let Some(interval) = seconds("vreplication-heartbeat-update-interval") {
            config.heartbeat_interval = interval;
        }
        let workers = given.get("vreplication-parallel-insert-workers");
        if let Some(workers) = workers.and_then(|text| text.parse::<usize>().ok()) {
            config.insert_workers = workers;
        }
        let ranges = given.get("vreplication-copy-ranges");
        if let Some(ranges) = ranges.and_then(|text| text.parse::<usize>().ok()) {
            config.copy_ranges = ranges;
        }
        let workers = given.get("vreplication-apply-workers");
        if let Some(workers) = workers.and_then(|text| text.parse::<usize>().ok()) {
            config.apply_workers = workers;
        }
        config.apply_workers = config.apply_workers.clamp(1, WORKERS_MAX);
        config.insert_workers = config.insert_workers.clamp(1, WORKERS_MAX);
        config.copy_ranges = config.copy_ranges.clamp(1, RANGES_MAX);
        config
    }
}

/// Reads `1h30m`, `5s`, `300ms`, or a number of seconds.
fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "h" => Duration::from_secs(3600),
            "m" => Duration::from_secs(60),
            "s" => Duration::from_secs(1),
            "ms" => Duration::from_millis(1),
            _ => return None,
        };
        total = total.checked_add(unit.checked_mul(number)?)?;
        rest = &rest[end..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_override_what_they_name() {
        let options = r#"{"config":{"vreplication_parallel_insert_workers":"8",
            "vreplication-retry-delay":"1m30s","vreplication-copy-ranges":"2",
            "vreplication-apply-workers":1,"vreplication-copy-phase-duration":"x"}}"#;
        let config = Config::default().with_options(options);
        assert_eq!((config.insert_workers, config.copy_ranges), (8, 2));
        assert_eq!(config.apply_workers, 1);
        assert_eq!(config.retry_delay, Duration::from_secs(90));
        assert_eq!(config.copy_phase_duration, Config::default().copy_phase_duration);
        assert_eq!(Config::default().with_options("nonsense").insert_workers, 4);
        assert_eq!(duration("300ms"), Some(Duration::from_millis(300)));
        assert_eq!(duration("é"), None);
    }
}
