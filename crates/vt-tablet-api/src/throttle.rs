//! The words of the throttler: what it measures, over what, and how applications are named.

use std::fmt;
use std::str::FromStr;

use vt_base::{Code, Error};

/// Something that the throttler measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Seconds that the heartbeat of the shard's primary is behind.
    Lag,
    /// What the operator's own query gives.
    Custom,
    ThreadsRunning,
    HistoryListLength,
    /// The machine's load for each of its cores.
    LoadAvg,
    /// The same of mysqld's machine, which is the tablet's.
    MysqldLoadAvg,
    /// How full the disk of mysqld's data is, from 0 to 1.
    MysqldDatadirUsedRatio,
}

impl Metric {
    pub const ALL: [Metric; 7] = [
        Metric::Lag,
        Metric::Custom,
        Metric::ThreadsRunning,
        Metric::HistoryListLength,
        Metric::LoadAvg,
        Metric::MysqldLoadAvg,
        Metric::MysqldDatadirUsedRatio,
    ];

    /// Returns the name in commands, records and replies.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Lag => "lag",
            Metric::Custom => "custom",
            Metric::ThreadsRunning => "threads_running",
            Metric::HistoryListLength => "history_list_length",
            Metric::LoadAvg => "loadavg",
            Metric::MysqldLoadAvg => "mysqld-loadavg",
            Metric::MysqldDatadirUsedRatio => "mysqld-datadir-used-ratio",
        }
    }

    /// Returns the value that is too much, where nobody has said otherwise.
    pub fn default_threshold(self) -> f64 {
        match self {
            Metric::Lag => 5.0,
            Metric::Custom => 0.0,
            Metric::ThreadsRunning => 100.0,
            Metric::HistoryListLength => 1e9,
            Metric::LoadAvg | Metric::MysqldLoadAvg => 1.0,
            Metric::MysqldDatadirUsedRatio => 0.98,
        }
    }

    /// Returns whose value counts where a check does not say.
    pub fn default_scope(self) -> Scope {
        match self {
            Metric::Lag => Scope::Shard,
            _ => Scope::Own,
        }
    }
}

/// Whose value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// This tablet's, written `self`.
    Own,
    /// The worst of the shard's tablets.
    Shard,
}

impl Scope {
    pub fn name(self) -> &'static str {
        match self {
            Scope::Own => "self",
            Scope::Shard => "shard",
        }
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Scope, Error> {
        match text {
            "self" => Ok(Scope::Own),
            "shard" => Ok(Scope::Shard),
            _ => Err(wrong(format!("unknown scope {text:?}: it is self or shard"))),
        }
    }
}

/// A metric as a rule or a check names it: `lag`, `self/lag`, `shard/default`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checked {
    pub scope: Option<Scope>,
    /// `None` is the metric that the keyspace has for its default.
    pub metric: Option<Metric>,
}

impl Checked {
    /// The default metric, in its own scope.
    pub const DEFAULT: Checked = Checked { scope: None, metric: None };
}

impl FromStr for Checked {
    type Err = Error;

    fn from_str(text: &str) -> Result<Checked, Error> {
        let (scope, name) = match text.split_once('/') {
            Some((scope, name)) => (Some(scope.parse()?), name),
            None => (None, text),
        };
        if name == "default" {
            return Ok(Checked { scope, metric: None });
        }
        let known = Metric::ALL.into_iter().find(|metric| metric.name() == name);
        let names = Metric::ALL.map(Metric::name).join(", ");
        let metric = known.ok_or_else(|| {
            wrong(format!("unknown metric {name:?}: the metrics are {names}, and default"))
        })?;
        Ok(Checked { scope, metric: Some(metric) })
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scope) = self.scope {
            write!(f, "{}/", scope.name())?;
        }
        f.write_str(self.metric.map_or("default", Metric::name))
    }
}

fn wrong(text: String) -> Error {
    Error::new(Code::InvalidArgument, text)
}

/// Names of applications that mean something by themselves.
pub mod app {
    /// Who asks without a name.
    pub const VITESS: &str = "vitess";
    /// A rule of this name holds for everybody.
    pub const ALL: &str = "all";
    /// Never let in; for tests of how callers behave then.
    pub const ALWAYS_THROTTLED: &str = "always-throttled-app";
    /// Says only that heartbeats are wanted.
    pub const STIMULATOR: &str = "throttler-stimulator";
    /// Cheap followers of the log, never held back: what they would miss costs more.
    pub const EXEMPT: [&str; 2] = ["binlog-watcher", "schema-tracker"];
    pub const VREPLICATION: &str = "vreplication";
    pub const VPLAYER: &str = "vplayer";
    pub const VCOPIER: &str = "vcopier";
    pub const ROWSTREAMER: &str = "rowstreamer";
    pub const ONLINE_DDL: &str = "online-ddl";
    pub const TABLE_GC: &str = "tablegc";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for text in ["lag", "self/lag", "shard/loadavg", "self/default", "default"] {
            assert_eq!(text.parse::<Checked>().unwrap().to_string(), text);
        }
        for metric in Metric::ALL {
            let read: Checked = metric.name().parse().unwrap();
            assert_eq!(read.metric, Some(metric));
        }
        assert!("cluster/lag".parse::<Checked>().is_err());
        assert!("self/".parse::<Checked>().is_err());
        assert!("speed".parse::<Checked>().unwrap_err().message().contains("threads_running"));
    }
}
