//! What a tablet says of itself, again and again.

use vt_base::{TabletAlias, Target};

/// One message of a tablet's health stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HealthState {
    pub target: Target,
    pub serving: bool,
    /// Seconds since 1970 when this tablet's term as primary began; 0 if it is none.
    pub primary_term_start: i64,
    pub alias: Option<TabletAlias>,
    pub stats: RealtimeStats,
}

/// The measurements in a health message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RealtimeStats {
    /// Why the tablet is not healthy; empty when it is.
    pub health_error: String,
    pub replication_lag_seconds: u32,
    pub binlog_players_count: i32,
    pub filtered_replication_lag_seconds: i64,
    pub cpu_usage: f64,
    pub qps: f64,
    /// Tables whose definition changed since the last message.
    pub table_schema_changed: Vec<String>,
    pub view_schema_changed: Vec<String>,
    pub udfs_changed: bool,
    pub tx_unresolved: bool,
}
