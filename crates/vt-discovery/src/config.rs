//! What discovery is told.

use std::collections::BTreeMap;
use std::time::Duration;

use vt_base::{KeyRange, Result};

use crate::balance::Balance;

/// The configuration, with the defaults of Vitess; the flag stands beside each key.
#[derive(Clone, Debug)]
pub struct Config {
    /// `--cell`: where this process is; its tablets are preferred.
    pub cell: String,
    /// `--cells-to-watch`
    pub cells_to_watch: Vec<String>,
    /// `--keyspaces-to-watch`; empty watches all.
    pub keyspaces_to_watch: Vec<String>,
    /// `--tablet-filters`; empty takes all.
    pub tablet_filters: Vec<ShardFilter>,
    /// `--tablet-filter-tags`; a tablet must have them all.
    pub tablet_filter_tags: BTreeMap<String, String>,
    /// `--tablet-refresh-interval`
    pub refresh_interval: Duration,
    /// `--discovery-low-replication-lag`
    pub lag_low: Duration,
    /// `--discovery-high-replication-lag-minimum-serving`
    pub lag_high: Duration,
    /// `--min-number-serving-vttablets`
    pub serving_min: usize,
    /// `--healthcheck-timeout`: a tablet that is silent for so long is taken for ill.
    pub health_timeout: Duration,
    /// `--healthcheck-retry-delay`: the first pause before a stream is opened anew.
    pub retry_delay: Duration,
    pub balance: Balance,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            cell: String::new(),
            cells_to_watch: Vec::new(),
            keyspaces_to_watch: Vec::new(),
            tablet_filters: Vec::new(),
            tablet_filter_tags: BTreeMap::new(),
            refresh_interval: Duration::from_secs(60),
            lag_low: Duration::from_secs(30),
            lag_high: Duration::from_secs(2 * 3600),
            serving_min: 2,
            health_timeout: Duration::from_secs(60),
            retry_delay: Duration::from_millis(2),
            balance: Balance::default(),
        }
    }
}

/// One of `--tablet-filters`: `keyspace|shard`, or `keyspace|80-c0` for all shards in a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardFilter {
    pub keyspace: String,
    pub shard: String,
    range: Option<KeyRange>,
}

impl ShardFilter {
    /// Reads a filter as the flag has it.
    pub fn parse(text: &str) -> Result<ShardFilter> {
        let (keyspace, shard) = text.split_once('|').ok_or_else(|| {
            let message =
                format!("invalid tablet filter: '{text}', expecting '<keyspace>|<shard>'");
            vt_base::Error::new(vt_base::Code::InvalidArgument, message)
        })?;
        let range =
            if shard.contains('-') { Some(KeyRange::from_shard_name(shard)?) } else { None };
        Ok(ShardFilter { keyspace: keyspace.to_owned(), shard: shard.to_owned(), range })
    }

    pub(crate) fn takes(&self, keyspace: &str, shard: &str) -> bool {
        if self.keyspace != keyspace {
            return false;
        }
        match (&self.range, KeyRange::from_shard_name(shard)) {
            (Some(range), Ok(own)) => range.contains_range(&own),
            _ => self.shard == shard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_take_a_shard_or_all_shards_of_a_range() {
        let half = ShardFilter::parse("customer|-80").unwrap();
        assert!(half.takes("customer", "-80") && half.takes("customer", "40-80"));
        assert!(!half.takes("customer", "80-") && !half.takes("commerce", "-80"));
        let whole = ShardFilter::parse("commerce|0").unwrap();
        assert!(whole.takes("commerce", "0") && !whole.takes("commerce", "-80"));
        assert!(ShardFilter::parse("commerce").is_err());
        assert!(ShardFilter::parse("commerce|90-80").is_err());
    }
}
