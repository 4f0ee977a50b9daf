//! What vtorc is told, and which shards that means.

use std::path::PathBuf;
use std::time::Duration;

use vt_base::{Error, KeyRange, KeyspaceShard, Result};
use vt_rpc::dial::DialConfig;

/// What the program is told; the defaults are those of the flags.
#[derive(Clone, Debug)]
pub struct Config {
    /// `host:port` of the web pages and the API.
    pub http_address: String,
    /// Whether anything is mended at all (`--allow-recovery`).
    pub allow_recovery: bool,
    /// Whether a lost primary is replaced (`--allow-emergency-reparent`).
    pub allow_emergency_reparent: bool,
    /// Whether a primary may be replaced only within its cell.
    pub prevent_cross_cell_failover: bool,
    /// Whether a replica with transactions of its own is taken out of service.
    pub drain_errant: bool,
    /// Whether a replica with transactions of its own loses them: its data are replaced by another
    /// tablet's (`--restore-tablets-with-errant-gtid`).
    pub restore_errant: bool,
    /// Whether a primary whose disk is stalled is replaced.
    pub disk_stalled_recovery: bool,
    /// How often every tablet is asked where it stands.
    pub poll_time: Duration,
    /// How often primaries are looked at, and findings acted on.
    pub recovery_poll: Duration,
    /// How often the topology is read for new keyspaces and shards.
    pub refresh: Duration,
    /// How far a replica may be behind and still count as keeping up.
    pub reasonable_lag: Duration,
    /// How far a candidate of an election may be behind; zero means any.
    pub tolerable_lag: Duration,
    /// How long each step of a reparent waits for replication.
    pub wait_replicas: Duration,
    /// How long one call of a tablet may take.
    pub tablet_timeout: Duration,
    /// How many tablets of a shard are asked at once (`--discovery-workers`).
    pub workers: usize,
    /// The file in which findings and recoveries are written down (`--audit-file-location`).
    pub audit_file: Option<PathBuf>,
    /// How long work under way may go on after the order to stop.
    pub shutdown_wait: Duration,
    /// The shards to watch; empty means all.
    pub watched: Vec<Watched>,
    /// The cell that this process is in (`--cell`).
    pub cell: String,
    /// The cells whose tablets are watched beside the primaries; empty means all
    /// (`--cells-to-watch`).
    pub cells: Vec<String>,
    pub dial: DialConfig,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            http_address: "127.0.0.1:16000".to_owned(),
            allow_recovery: true,
            allow_emergency_reparent: true,
            prevent_cross_cell_failover: false,
            drain_errant: false,
            restore_errant: false,
            disk_stalled_recovery: false,
            poll_time: Duration::from_secs(5),
            recovery_poll: Duration::from_secs(1),
            refresh: Duration::from_secs(15),
            reasonable_lag: Duration::from_secs(10),
            tolerable_lag: Duration::ZERO,
            wait_replicas: Duration::from_secs(30),
            tablet_timeout: Duration::from_secs(15),
            workers: 300,
            audit_file: None,
            shutdown_wait: Duration::from_secs(30),
            watched: Vec::new(),
            cell: String::new(),
            cells: Vec::new(),
            dial: DialConfig::default(),
        }
    }
}

impl Config {
    /// Returns whether a shard is among those to watch.
    pub fn watches(&self, shard: &KeyspaceShard, range: &KeyRange) -> bool {
        self.watched.is_empty() || self.watched.iter().any(|one| one.holds(shard, range))
    }

    /// Returns whether the tablets of a cell are among those to watch.
    pub fn watches_cell(&self, cell: &str) -> bool {
        self.cells.is_empty() || self.cells.iter().any(|one| one == cell)
    }
}

/// A part of the cluster as `--clusters-to-watch` names it: `ks`, `ks/0`, `ks/-80`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    keyspace: String,
    /// A shard's name or a key range that shards lie in; `None` for the whole keyspace.
    part: Option<(String, Option<KeyRange>)>,
}

impl Watched {
    /// Reads `ks`, `ks/shard` or `ks/range`.
    ///
    /// # Errors
    /// The keyspace is empty.
    pub fn parse(text: &str) -> Result<Watched> {
        let (keyspace, part) = match text.split_once('/') {
            None => (text, None),
            Some((keyspace, part)) => (keyspace, Some(part)),
        };
        if keyspace.is_empty() {
            let text = format!("--clusters-to-watch: {text:?} names no keyspace");
            return Err(Error::new(vt_base::Code::InvalidArgument, text));
        }
        let part = part.filter(|part| !part.is_empty());
        let part = part.map(|part| (part.to_owned(), part.parse::<KeyRange>().ok()));
        Ok(Watched { keyspace: keyspace.to_owned(), part })
    }

    fn holds(&self, shard: &KeyspaceShard, range: &KeyRange) -> bool {
        if *self.keyspace != *shard.keyspace {
            return false;
        }
        match &self.part {
            None => true,
            Some((name, _)) if **name == *shard.shard => true,
            Some((_, Some(part))) => part.contains_range(range),
            Some((_, None)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_not_watched() {
        let all = Config::default();
        assert!(all.watches_cell("zone1"));
        let some = Config {
            cells: vec!["zone1".to_owned()],
            watched: vec![Watched::parse("ks/-80").unwrap()],
            ..Config::default()
        };
        assert!(some.watches_cell("zone1") && !some.watches_cell("zone2"));
        let watches = |shard: &str| {
            let named: KeyspaceShard = format!("ks/{shard}").parse().unwrap();
            some.watches(&named, &KeyRange::from_shard_name(shard).unwrap())
        };
        assert!(watches("-80") && watches("-40") && !watches("80-"));
    }
}
