//! Asking the tablets of a shard where they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use vt_base::gtid::Position;
use vt_base::{Error, KeyspaceShard, Result, TabletAlias, TabletType};
use vt_proto::{replicationdata, tabletmanagerdata as tm, vttime};
use vt_recovery::ShardView;
use vt_recovery::detect::{Contact, Replicating, ServerView, TabletView, Thread, Watch};
use vt_reparent::tablets::all;
use vt_reparent::{Cluster, Tablet};
use vt_topo::TabletRecord;

/// How long one look at a tablet may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// A shard as it was seen, with ways to its tablets.
pub(crate) struct Seen {
    pub(crate) view: ShardView,
    pub(crate) tablets: BTreeMap<TabletAlias, Tablet>,
    /// Nobody may replace a lost primary of this shard but people.
    pub(crate) emergency_disabled: bool,
}

/// Since when each tablet of a shard has not answered.
#[derive(Default)]
pub(crate) struct Silence {
    since: BTreeMap<TabletAlias, Instant>,
    /// Those that have answered once.
    known: BTreeSet<TabletAlias>,
}

impl Silence {
    fn keep_only(&mut self, records: &[TabletRecord]) {
        let is_there = |alias: &TabletAlias| records.iter().any(|one| one.alias() == *alias);
        self.since.retain(|alias, _| is_there(alias));
        self.known.retain(is_there);
    }

    fn heard(&mut self, alias: &TabletAlias, answer: Result<ServerView>) -> Contact {
        match answer {
            Ok(server) => {
                self.since.remove(alias);
                self.known.insert(alias.clone());
                Contact::Answered(Box::new(server))
            }
            Err(err) => {
                let since = *self.since.entry(alias.clone()).or_insert_with(Instant::now);
                let known = self.known.contains(alias);
                Contact::Silent { since: since.elapsed(), reason: err.message().to_owned(), known }
            }
        }
    }
}

/// Asks every tablet that is watched, and the primary; changes nothing.
pub(crate) async fn look(
    cluster: &Cluster,
    shard: &KeyspaceShard,
    watches: impl Fn(&TabletRecord) -> bool,
    silence: &mut Silence,
) -> Result<Seen> {
    let record = cluster.topo.get_shard(&shard.keyspace, &shard.shard).await?;
    let keyspace = cluster.topo.get_keyspace(&shard.keyspace).await?;
    let mut records = cluster.shard_tablets(shard).await?;
    // Without its primary nothing can be said of a shard, wherever that is.
    let named = record.primary_alias();
    records.retain(|one| watches(one) || one.is_primary() || named == Some(one.alias()));
    silence.keep_only(&records);
    // Replicas first: one that then has more than its primary is errant.
    let (primaries, others): (Vec<_>, Vec<_>) =
        records.into_iter().partition(TabletRecord::is_primary);
    let mut answers = ask(cluster, others).await?;
    answers.extend(ask(cluster, primaries).await?);
    let mut view = ShardView {
        shard: shard.clone(),
        durability: keyspace.durability_policy().parse()?,
        recorded_primary: named,
        tablets: Vec::with_capacity(answers.len()),
    };
    let mut tablets = BTreeMap::new();
    for (tablet, answer) in answers {
        view.tablets.push(tablet_view(&tablet, answer, silence));
        tablets.insert(tablet.alias(), tablet);
    }
    view.tablets.sort_by(|a, b| a.alias.cmp(&b.alias));
    if !keyspace.names_policy() && has_follower(&view) {
        view.durability = cluster.settle_durability(&shard.keyspace).await?;
    }
    let disabled = |state: Option<bool>| state.unwrap_or(false);
    let emergency_disabled =
        disabled(record.message.vtorc_state.as_ref().map(|one| one.disable_emergency_reparent))
            || disabled(
                keyspace.message.vtorc_state.as_ref().map(|one| one.disable_emergency_reparent),
            );
    Ok(Seen { view, tablets, emergency_disabled })
}

/// Returns whether a replica receives from somebody.
fn has_follower(view: &ShardView) -> bool {
    view.tablets.iter().filter(|one| one.tablet_type == TabletType::Replica).any(|one| {
        let replicating = one.server().and_then(|server| server.replicating.as_ref());
        replicating.is_some_and(|replicating| replicating.io == Thread::Running)
    })
}

/// Returns whether a tablet answers at this moment.
pub(crate) async fn answers(tablet: &Tablet) -> bool {
    full_status(tablet).await.is_ok()
}

async fn ask(
    cluster: &Cluster,
    records: Vec<TabletRecord>,
) -> Result<Vec<(Tablet, Result<ServerView>)>> {
    let mut tablets = Vec::with_capacity(records.len());
    for record in records {
        tablets.push(cluster.connect(record)?);
    }
    let calls = tablets.into_iter().map(async |tablet| {
        let answer = full_status(&tablet).await;
        (tablet, answer)
    });
    Ok(all(cluster.options.concurrency, calls).await)
}

async fn full_status(tablet: &Tablet) -> Result<ServerView> {
    let reply = tablet.within(LOOK_TIMEOUT).full_status(tm::FullStatusRequest {}).await?;
    let status = reply.status.ok_or_else(|| Error::bug("a full status without status"))?;
    server_view(&status)
}

fn server_view(status: &replicationdata::FullStatus) -> Result<ServerView> {
    let own = status.primary_status.as_ref().map(|one| one.position.as_str()).unwrap_or_default();
    let mut executed: Position = own.parse()?;
    let replicating = match &status.replication_status {
        None => None,
        Some(replication) => {
            let replicated: Position = replication.position.parse()?;
            executed.gtid_set = executed.gtid_set.union(&replicated.gtid_set);
            let watch = status.replication_configuration.as_ref().and_then(watch);
            Some(Replicating { watch, ..replicating(replication) })
        }
    };
    Ok(ServerView {
        own_type: TabletType::from_i32(status.tablet_type),
        uuid: status.server_uuid.clone(),
        read_only: status.read_only || status.super_read_only,
        semi_sync_primary: status.semi_sync_primary_enabled,
        semi_sync_replica: status.semi_sync_replica_enabled,
        semi_sync_blocked: status.semi_sync_blocked,
        disk_stalled: status.disk_stalled,
        executed,
        replicating,
    })
}

fn replicating(status: &replicationdata::Status) -> Replicating {
    let complaints = [status.last_io_error.as_str(), status.last_sql_error.as_str()];
    let complaints: Vec<&str> = complaints.into_iter().filter(|one| !one.is_empty()).collect();
    Replicating {
        source_host: status.source_host.clone(),
        source_port: status.source_port,
        io: thread(status.io_state),
        sql: thread(status.sql_state),
        lag: (!status.replication_lag_unknown)
            .then(|| Duration::from_secs(u64::from(status.replication_lag_seconds))),
        errors: complaints.join("; "),
        watch: None,
    }
}

/// Reads how a replica watches its source; a heartbeat that is not told says nothing.
fn watch(configuration: &replicationdata::Configuration) -> Option<Watch> {
    let heartbeat = Duration::try_from_secs_f64(configuration.heartbeat_interval).ok()?;
    let net_timeout_s = u32::try_from(configuration.replica_net_timeout).ok()?;
    (!heartbeat.is_zero()).then_some(Watch { heartbeat, net_timeout_s })
}

/// The numbers of the message: 1 stopped, 2 connecting, 3 running.
fn thread(state: i32) -> Thread {
    match state {
        3 => Thread::Running,
        2 => Thread::Connecting,
        _ => Thread::Stopped,
    }
}

fn tablet_view(tablet: &Tablet, answer: Result<ServerView>, silence: &mut Silence) -> TabletView {
    let (alias, message) = (tablet.alias(), &tablet.record.message);
    TabletView {
        contact: silence.heard(&alias, answer),
        alias,
        tablet_type: tablet.record.tablet_type(),
        term_ns: message.primary_term_start_time.as_ref().map(nanos),
        mysql_host: message.mysql_hostname.clone(),
        mysql_port: message.mysql_port,
    }
}

fn nanos(time: &vttime::Time) -> i128 {
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)
}
