//! One tablet: what is recorded of it, and what it says of itself.

use std::fmt;
use std::sync::Arc;

use vt_base::{Error, TabletAlias, TabletType, Target};
use vt_proto::topodata;
use vt_tablet_api::{HealthState, QueryService, RealtimeStats};

/// A tablet's record in the topology.
#[derive(Clone, Debug, PartialEq)]
pub struct TabletInfo {
    pub alias: TabletAlias,
    pub keyspace: Arc<str>,
    pub shard: Arc<str>,
    /// The type of the record; the health stream knows better.
    pub tablet_type: TabletType,
    pub record: topodata::Tablet,
}

impl TabletInfo {
    /// Reads a record; `None` if it has no alias or names no shard.
    pub fn new(record: topodata::Tablet) -> Option<TabletInfo> {
        let alias = TabletAlias::from(record.alias.as_ref()?);
        if record.keyspace.is_empty() || record.shard.is_empty() {
            return None;
        }
        Some(TabletInfo {
            alias,
            keyspace: record.keyspace.as_str().into(),
            shard: record.shard.as_str().into(),
            tablet_type: TabletType::from_i32(record.r#type),
            record,
        })
    }

    pub fn hostname(&self) -> &str {
        &self.record.hostname
    }

    /// Returns a port by its name in the record: `vt` for the web, `grpc`, ...
    pub fn port(&self, name: &str) -> Option<u16> {
        self.record.port_map.get(name).and_then(|port| u16::try_from(*port).ok())
    }

    /// Returns whether a stream to `other` can go on as a stream to this.
    pub(crate) fn is_same_place(&self, other: &TabletInfo) -> bool {
        self.record.hostname == other.record.hostname
            && self.record.port_map == other.record.port_map
            && self.keyspace == other.keyspace
            && self.shard == other.shard
    }
}

/// A tablet with the latest news of it.
#[derive(Clone)]
pub struct TabletHealth {
    pub tablet: Arc<TabletInfo>,
    /// What the tablet serves by its own word; by its record until it has spoken.
    pub target: Target,
    pub serving: bool,
    /// Seconds since 1970 when its term as primary began; 0 if it is none.
    pub primary_term_start: i64,
    pub stats: RealtimeStats,
    /// Why there is no news.
    pub error: Option<Error>,
    /// The way to it, once it has been reached.
    pub service: Option<Arc<dyn QueryService>>,
    /// Whether it has ever spoken.
    pub is_known: bool,
}

impl TabletHealth {
    pub(crate) fn unknown(tablet: Arc<TabletInfo>) -> TabletHealth {
        let target = Target::new(&tablet.keyspace, &tablet.shard, tablet.tablet_type);
        TabletHealth {
            tablet,
            target,
            serving: false,
            primary_term_start: 0,
            stats: RealtimeStats::default(),
            error: None,
            service: None,
            is_known: false,
        }
    }

    /// Returns the tablet after a message of its stream.
    pub(crate) fn after(&self, news: HealthState, service: Arc<dyn QueryService>) -> TabletHealth {
        let target = if news.target.keyspace.is_empty() { &self.target } else { &news.target };
        TabletHealth {
            tablet: self.tablet.clone(),
            serving: news.serving && news.stats.health_error.is_empty(),
            target: target.clone(),
            primary_term_start: news.primary_term_start,
            stats: news.stats,
            error: None,
            service: Some(service),
            is_known: true,
        }
    }

    /// Returns the tablet after its stream broke.
    pub(crate) fn lost(&self, error: Error) -> TabletHealth {
        TabletHealth { serving: false, error: Some(error), ..self.clone() }
    }

    pub fn alias(&self) -> &TabletAlias {
        &self.tablet.alias
    }

    /// Returns whether it can be asked now.
    pub fn is_usable(&self) -> bool {
        self.serving && self.service.is_some()
    }

    /// Returns the word that outputs have for its state.
    pub fn state_name(&self) -> &'static str {
        if self.is_usable() { "SERVING" } else { "NOT_SERVING" }
    }
}

impl fmt::Debug for TabletHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TabletHealth")
            .field("alias", &self.alias().to_string())
            .field("target", &self.target.to_string())
            .field("serving", &self.serving)
            .field("primary_term_start", &self.primary_term_start)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
