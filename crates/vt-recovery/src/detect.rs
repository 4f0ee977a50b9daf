//! From what a shard's tablets said to what is wrong with it.
//!
//! Start at [`detect`]. It looks at one moment; how long a finding has held is its caller's to know.

mod primary;
mod replica;

pub use replica::errant_transactions;

use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{KeyspaceShard, TabletAlias, TabletType};

use crate::{Analysis, Durability};

/// What a thread of replication does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    Stopped,
    /// It tries to reach the source.
    Connecting,
    Running,
}

/// Replication as a server that has a source tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replicating {
    pub source_host: String,
    pub source_port: i32,
    /// The thread that receives.
    pub io: Thread,
    /// The thread that applies.
    pub sql: Thread,
    /// How far it is behind; `None` where it does not know.
    pub lag: Option<Duration>,
    /// What the threads complain of; empty where they do not.
    pub errors: String,
    /// How its connection is watched; `None` where it does not say.
    pub watch: Option<Watch>,
}

/// How a replica watches its connection to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// How often the source says that it is there.
    pub heartbeat: Duration,
    /// After so many seconds of silence the replica connects anew.
    pub net_timeout_s: u32,
}

impl Watch {
    /// Returns how often the source is to say that it is there: twice in the time after which it
    /// counts as lost.
    pub fn wanted(self) -> Duration {
        Duration::from_secs(u64::from(self.net_timeout_s)) / 2
    }

    /// Returns whether the heartbeat is as it should be, to the half second.
    pub fn is_right(self) -> bool {
        let doubled = self.heartbeat.as_millis() * 2;
        (doubled + 500) / 1000 == u128::from(self.net_timeout_s)
    }
}

/// What a tablet's server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerView {
    /// What the tablet holds itself for.
    pub own_type: TabletType,
    /// What its server calls itself, and the transactions that begin there.
    pub uuid: String,
    pub read_only: bool,
    /// Commits wait for replicas.
    pub semi_sync_primary: bool,
    /// It acknowledges what it receives.
    pub semi_sync_replica: bool,
    /// Commits wait and no replica is there to acknowledge them.
    pub semi_sync_blocked: bool,
    pub disk_stalled: bool,
    pub executed: Position,
    pub replicating: Option<Replicating>,
}

/// Whether a tablet answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    Answered(Box<ServerView>),
    /// It has not answered for so long; the reason is for people.
    Silent {
        since: Duration,
        reason: String,
        /// Whether it has ever answered the one who asks.
        known: bool,
    },
}

/// One tablet, by its record and its word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabletView {
    pub alias: TabletAlias,
    /// What the record says.
    pub tablet_type: TabletType,
    /// When its term as primary began, in nanoseconds since 1970, as the record says.
    pub term_ns: Option<i128>,
    /// Where its server listens.
    pub mysql_host: String,
    pub mysql_port: i32,
    pub contact: Contact,
}

impl TabletView {
    /// Returns what its server said, if it answered.
    pub fn server(&self) -> Option<&ServerView> {
        match &self.contact {
            Contact::Answered(server) => Some(server),
            Contact::Silent { .. } => None,
        }
    }

    /// Returns whether it answered and receives from `source` at this moment.
    fn receives_from(&self, source: &TabletView) -> bool {
        self.server()
            .and_then(|server| server.replicating.as_ref())
            .is_some_and(|one| one.io == Thread::Running && is_source(one, source))
    }

    /// Returns whether it is of a type that has to follow the primary.
    fn is_follower(&self) -> bool {
        matches!(
            self.tablet_type,
            TabletType::Replica | TabletType::Rdonly | TabletType::Spare | TabletType::Experimental
        )
    }
}

/// Returns whether a server follows another; taken for granted while it is not known where that
/// listens, which its record says once its tablet has seen it.
fn is_source(replicating: &Replicating, source: &TabletView) -> bool {
    let is_known = !source.mysql_host.is_empty() && source.mysql_port != 0;
    let same = replicating.source_host == source.mysql_host
        && replicating.source_port == source.mysql_port;
    same || !is_known
}

/// A shard at one moment. Replicas were asked before the primary, so that a replica that has more
/// than the primary is errant.
#[derive(Clone, Debug)]
pub struct ShardView {
    pub shard: KeyspaceShard,
    pub durability: Durability,
    /// The primary that the shard's record names.
    pub recorded_primary: Option<TabletAlias>,
    /// Every tablet of the shard, in order of alias.
    pub tablets: Vec<TabletView>,
}

/// From when on some things count as wrong.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a primary whose server lives may be silent itself.
    pub incapacitated_after: Duration,
    /// How far a replica may be behind and still count as keeping up.
    pub reasonable_lag: Duration,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub analysis: Analysis,
    /// The tablet that it is about; `None` where it is the shard.
    pub tablet: Option<TabletAlias>,
    /// What was seen, for people.
    pub detail: String,
}

impl Finding {
    fn of(analysis: Analysis, tablet: &TabletView, detail: impl Into<String>) -> Finding {
        Finding { analysis, tablet: Some(tablet.alias.clone()), detail: detail.into() }
    }
}

/// Returns what is wrong with a shard, the gravest first.
pub fn detect(view: &ShardView, limits: &Limits) -> Vec<Finding> {
    let mut found = Vec::new();
    match find_primary(view) {
        Primary::Known(primary) => {
            primary::check(view, primary, limits, &mut found);
            for tablet in &view.tablets {
                if tablet.alias != primary.alias {
                    replica::check(view, primary, tablet, &mut found);
                }
            }
        }
        Primary::Deleted(alias) => found.push(Finding {
            analysis: Analysis::PrimaryTabletDeleted,
            tablet: Some(alias.clone()),
            detail: format!("the shard's record names {alias}, which has no record"),
        }),
        Primary::None if view.tablets.is_empty() => {}
        Primary::None => found.push(Finding {
            analysis: Analysis::ClusterHasNoPrimary,
            tablet: None,
            detail: format!("no tablet of {} is primary", view.shard),
        }),
    }
    found.sort_by_key(|one| (!one.analysis.is_of_shard(), one.analysis, one.tablet.clone()));
    found
}

enum Primary<'a> {
    Known(&'a TabletView),
    Deleted(&'a TabletAlias),
    None,
}

/// The tablet with the latest term, which the shard's record may not have heard of yet; else the
/// one that the shard's record names.
fn find_primary(view: &ShardView) -> Primary<'_> {
    let claims = view.tablets.iter().filter(|one| one.tablet_type == TabletType::Primary);
    if let Some(latest) = claims.max_by_key(|one| one.term_ns) {
        return Primary::Known(latest);
    }
    let Some(alias) = &view.recorded_primary else { return Primary::None };
    match view.tablets.iter().find(|one| one.alias == *alias) {
        Some(named) => Primary::Known(named),
        None => Primary::Deleted(alias),
    }
}

#[cfg(test)]
mod tests;
