//! Takes the steps of a reparent, one by one.

use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use vt_base::{Code, Error, Result, TabletAlias};
use vt_proto::{tabletmanagerdata as tm, vttime};
use vt_recovery::{Follower, ReparentKind, ReparentPlan, Step};
use vt_topo::LockGuard;
use vt_topo::records::shard::to_proto_time;

use crate::Cluster;
use crate::observe::Observed;
use crate::progress::Progress;
use crate::tablets::{Tablet, all};

/// How often the new primary's own record is looked at until it says that it is primary.
const RECORD_POLL: Duration = Duration::from_millis(50);

/// Runs one plan.
pub struct Runner<'a> {
    cluster: &'a Cluster,
    observed: &'a Observed,
    lock: &'a LockGuard,
    /// The limit of each step that waits for replication.
    wait: Duration,
    progress: &'a Progress,
    state: Mutex<State>,
}

/// How steps ended: with the one that failed, and why.
type Taken = std::result::Result<(), (Step, Error)>;

/// What earlier steps found out.
#[derive(Clone, Debug, Default)]
struct State {
    /// The primary that was demoted, and where it ended.
    demoted: Option<(TabletAlias, String)>,
    /// Where the new primary began.
    promoted_at: Option<String>,
}

impl<'a> Runner<'a> {
    pub fn new(
        cluster: &'a Cluster,
        observed: &'a Observed,
        lock: &'a LockGuard,
        wait: Duration,
        progress: &'a Progress,
    ) -> Runner<'a> {
        Runner { cluster, observed, lock, wait, progress, state: Mutex::default() }
    }

    /// Takes every step of the plan; on failure undoes a demotion that no promotion followed.
    pub async fn run(&self, plan: &ReparentPlan) -> Result<()> {
        let first = plan.steps.iter().position(|step| matches!(step, Step::Promote { .. }));
        let (before, change) = plan.steps.split_at(first.unwrap_or(plan.steps.len()));
        let taken = match (self.one_by_one(plan, before).await, change) {
            (Ok(()), [promote, record, Step::Repoint { primary, followers }]) => {
                self.change(plan, [promote, record], primary, followers).await
            }
            (Ok(()), others) => self.one_by_one(plan, others).await,
            (failed, _) => failed,
        };
        match taken {
            Ok(()) => Ok(()),
            Err((step, err)) => Err(self.give_up(plan, &step, err).await),
        }
    }

    async fn one_by_one(&self, plan: &ReparentPlan, steps: &[Step]) -> Taken {
        for step in steps {
            self.begin(step).await?;
            let begun = Instant::now();
            self.take(plan, step).await.map_err(|err| (step.clone(), err))?;
            tracing::info!(%step, took = ?begun.elapsed(), "step of a reparent");
        }
        Ok(())
    }

    /// Makes sure that the shard is still locked, and reports the step.
    async fn begin(&self, step: &Step) -> Taken {
        let locked = self.lock.check().await.map_err(|err| {
            Error::from(err).context("the shard's lock is lost and nothing more is done")
        });
        self.progress.info(step.to_string());
        locked.map_err(|err| (step.clone(), err))
    }

    /// Promotes, while the others are pointed at the new primary already: its first write is
    /// acknowledged so much sooner. The old primary follows only once there is another, so that a
    /// failed promotion can be undone.
    async fn change(
        &self,
        plan: &ReparentPlan,
        [promote, record]: [&Step; 2],
        primary: &TabletAlias,
        followers: &[Follower],
    ) -> Taken {
        let last = Step::Repoint { primary: primary.clone(), followers: followers.to_vec() };
        let (late, early): (Vec<Follower>, Vec<Follower>) = followers
            .iter()
            .cloned()
            .partition(|one| Some(&one.alias) == plan.old_primary.as_ref());
        let time_created_ns = now_ns();
        let early = async { Ok(self.point_followers(plan, &early, time_created_ns).await) };
        let rest = async {
            self.one_by_one(plan, std::slice::from_ref(promote)).await?;
            self.begin(&last).await?;
            let recorded = self.one_by_one(plan, std::slice::from_ref(record));
            let journaled = self.journal(plan, primary, time_created_ns);
            let pointed = self.point_followers(plan, &late, time_created_ns);
            let (recorded, journaled, failures) = tokio::join!(recorded, journaled, pointed);
            recorded?;
            Ok((journaled, failures))
        };
        // A promotion that fails leaves nobody to wait for.
        let (mut failures, (journaled, more)) = tokio::try_join!(early, rest)?;
        failures.extend(more);
        self.conclude(plan, primary, journaled, failures).map_err(|err| (last, err))
    }

    async fn take(&self, plan: &ReparentPlan, step: &Step) -> Result<()> {
        match step {
            Step::Follow { tablet, source, semi_sync } => {
                let request = source_request(source, *semi_sync, true);
                self.tablet(tablet)?.within(self.wait).set_replication_source(request).await?;
            }
            Step::CatchUp { tablet, source } => {
                let request = tm::PrimaryPositionRequest {};
                let position = self.tablet(source)?.primary_position(request).await?.position;
                self.wait_for(tablet, position).await?;
            }
            Step::ApplyRelayLog { tablet, position } => {
                self.wait_for(tablet, position.clone()).await?;
            }
            Step::Demote { tablet } => self.demote(tablet).await?,
            Step::ReachDemoted { tablet } => {
                let demoted = self.state.lock().demoted.clone();
                let (_, position) =
                    demoted.ok_or_else(|| Error::bug("a plan waits for a demotion it lacks"))?;
                self.wait_for(tablet, position).await?;
            }
            Step::Init { tablet, semi_sync } => {
                let request = tm::InitPrimaryRequest { semi_sync: *semi_sync };
                let reply = self.tablet(tablet)?.within(self.wait).init_primary(request).await?;
                self.state.lock().promoted_at = Some(reply.position);
            }
            Step::Promote { tablet, semi_sync } => {
                if let Some(end) = self.observed.lease_ends {
                    tokio::time::sleep_until(end.into()).await;
                    // The wait may have outlived the lock.
                    self.lock.check().await.map_err(Error::from)?;
                }
                let request = tm::PromoteReplicaRequest { semi_sync: *semi_sync };
                let reply = self.tablet(tablet)?.within(self.wait).promote_replica(request).await?;
                self.state.lock().promoted_at = Some(reply.position);
            }
            Step::MakeWritable { tablet } => self.make_writable(tablet).await?,
            Step::Record { tablet } => self.record(tablet).await?,
            Step::Repoint { primary, followers } => self.repoint(plan, primary, followers).await?,
        }
        Ok(())
    }

    fn tablet(&self, alias: &TabletAlias) -> Result<&Tablet> {
        self.observed
            .tablets
            .get(alias)
            .ok_or_else(|| Error::bug(format_args!("a plan names the unknown tablet {alias}")))
    }

    async fn wait_for(&self, alias: &TabletAlias, position: String) -> Result<()> {
        let request = tm::WaitForPositionRequest { position };
        let waited = self.tablet(alias)?.within(self.wait).wait_for_position(request).await;
        waited.map(drop).map_err(|err| {
            err.context(format!(
                "tablet {alias} did not catch up within {:?} (pass a longer --wait-replicas-timeout, \
                 or name another tablet with --new-primary)",
                self.wait
            ))
        })
    }

    async fn demote(&self, alias: &TabletAlias) -> Result<()> {
        // Set before the call: a demotion whose answer is lost has to be undone as well.
        self.state.lock().demoted = Some((alias.clone(), String::new()));
        let request = tm::DemotePrimaryRequest { force: false };
        let reply = self.tablet(alias)?.within(self.wait).demote_primary(request).await?;
        let position = reply.primary_status.unwrap_or_default().position;
        self.state.lock().demoted = Some((alias.clone(), position));
        Ok(())
    }

    async fn make_writable(&self, alias: &TabletAlias) -> Result<()> {
        let tablet = self.tablet(alias)?;
        tablet.set_read_write(tm::SetReadWriteRequest {}).await?;
        let position = tablet.primary_position(tm::PrimaryPositionRequest {}).await?.position;
        self.state.lock().promoted_at = Some(position);
        Ok(())
    }

    /// Writes the new primary into the shard's record, with the term that its own record has.
    ///
    /// Terms of a shard must grow. The lock is held, so a term in the record that is later than
    /// this one is no newer primary's: the clocks of two machines differ.
    async fn record(&self, alias: &TabletAlias) -> Result<()> {
        let own = self.term_of(alias).await?;
        let shard = &self.observed.snapshot.shard;
        let record = self
            .cluster
            .topo
            .update_shard_fields(&shard.keyspace, &shard.shard, |record| {
                let same =
                    record.primary_alias.as_ref().map(TabletAlias::from).as_ref() == Some(alias);
                let known = record.primary_term_start_time.filter(|_| !same);
                record.primary_alias = Some(alias.into());
                record.primary_term_start_time = Some(later(own, known));
                Ok(())
            })
            .await?;
        if record.message.primary_term_start_time != Some(own) {
            self.progress.warn(format!(
                "the clock of {alias} is behind that of the primary before it; set the clocks right"
            ));
        }
        Ok(())
    }

    /// Waits until a tablet's record says that it is primary; returns its term.
    async fn term_of(&self, alias: &TabletAlias) -> Result<vttime::Time> {
        let read = async {
            loop {
                let record = self.cluster.topo.get_tablet(alias).await?;
                let term = record.message.primary_term_start_time;
                if let (true, Some(term)) = (record.is_primary(), term) {
                    return Ok::<_, Error>(term);
                }
                tokio::time::sleep(RECORD_POLL).await;
            }
        };
        match tokio::time::timeout(self.wait, read).await {
            Ok(term) => term,
            Err(_elapsed) => {
                self.progress.warn(format!(
                    "tablet {alias} was promoted and has not written so into its record within {:?}",
                    self.wait
                ));
                Ok(to_proto_time(SystemTime::now()))
            }
        }
    }

    /// Writes the journal while the followers are pointed at the primary: under semi-sync the
    /// write ends only once one of them acknowledges it.
    async fn repoint(
        &self,
        plan: &ReparentPlan,
        primary: &TabletAlias,
        followers: &[Follower],
    ) -> Result<()> {
        let time_created_ns = now_ns();
        let journaled = self.journal(plan, primary, time_created_ns);
        let pointed = self.point_followers(plan, followers, time_created_ns);
        let (journaled, failures) = tokio::join!(journaled, pointed);
        self.conclude(plan, primary, journaled, failures)
    }

    async fn journal(
        &self,
        plan: &ReparentPlan,
        primary: &TabletAlias,
        time_created_ns: i64,
    ) -> Result<()> {
        let journal = tm::PopulateReparentJournalRequest {
            time_created_ns,
            action_name: plan.kind.journal_name().to_owned(),
            primary_alias: Some(primary.into()),
            replication_position: self.state.lock().promoted_at.clone().unwrap_or_default(),
        };
        let tablet = self.tablet(primary)?.within(self.wait);
        tablet.populate_reparent_journal(journal).await.map(drop)
    }

    /// Says what has become of the journal and the followers.
    fn conclude(
        &self,
        plan: &ReparentPlan,
        primary: &TabletAlias,
        journaled: Result<()>,
        mut failures: Vec<String>,
    ) -> Result<()> {
        failures.sort();
        let shard = &self.observed.snapshot.shard;
        journaled.map_err(|err| {
            let others = match failures.as_slice() {
                [] => String::new(),
                some => format!(" ({})", some.join("; ")),
            };
            err.context(format!(
                "tablet {primary} is primary of {shard} and its journal could not be written{others}; \
                 run PlannedReparentShard {shard} --new-primary {primary} to finish"
            ))
        })?;
        if failures.is_empty() {
            return Ok(());
        }
        if plan.kind == ReparentKind::Emergency {
            failures.into_iter().for_each(|text| self.progress.warn(text));
            return Ok(());
        }
        Err(Error::new(
            Code::Unavailable,
            format!(
                "tablet {primary} is primary of {shard}, and some tablets do not replicate from it yet: {}; \
                 run ReparentTablet for each when it is up",
                failures.join("; ")
            ),
        ))
    }

    /// Points every follower at the new primary; returns what failed.
    async fn point_followers(
        &self,
        plan: &ReparentPlan,
        followers: &[Follower],
        time_created_ns: i64,
    ) -> Vec<String> {
        let calls = all(
            self.cluster.options.concurrency,
            followers.iter().map(async |follower| {
                // A replica that someone stopped stays stopped, unless it was stopped by us.
                let force = plan.kind != ReparentKind::HandOver
                    || plan.old_primary.as_ref() == Some(&follower.alias);
                let mut request = source_request(&plan.new_primary, follower.semi_sync, force);
                request.time_created_ns = time_created_ns;
                let tablet = self.tablet(&follower.alias)?.within(self.wait);
                tablet.set_replication_source(request).await.map(drop)
            }),
        );
        let mut failures = Vec::new();
        for result in calls.await {
            failures.extend(result.err().map(|err| err.to_string()));
        }
        failures
    }

    /// After a failed step: lets the old primary take writes again, unless another may do so.
    async fn give_up(&self, plan: &ReparentPlan, step: &Step, err: Error) -> Error {
        let shard = &self.observed.snapshot.shard;
        let state = self.state.lock().clone();
        let err = match step {
            // It tells what has become of the shard, in its own words.
            Step::Repoint { .. } => err,
            _ => err.context(format!("failed to {step}")),
        };
        let (Some((old, _)), None) = (&state.demoted, &state.promoted_at) else {
            return err;
        };
        let elect = &plan.new_primary;
        if matches!(step, Step::Promote { .. }) && self.may_be_writable(elect).await {
            return err.context(format!(
                "tablet {elect} may be primary already; run PlannedReparentShard {shard} --new-primary {elect} to finish"
            ));
        }
        match self.undo_demotion(old).await {
            Ok(()) => {
                self.progress.warn(format!("the demotion of {old} was undone"));
                if matches!(step, Step::Promote { .. }) {
                    self.point_back(plan, old).await;
                }
                err.context(format!("{old} is primary of {shard} as before"))
            }
            Err(undo) => err.context(format!(
                "the demotion of {old} could not be undone ({undo}); run PlannedReparentShard {shard} --new-primary {old}"
            )),
        }
    }

    /// Points those at the old primary again that were to follow another.
    async fn point_back(&self, plan: &ReparentPlan, old: &TabletAlias) {
        let snapshot = &self.observed.snapshot;
        let others = snapshot.tablets.iter().filter(|one| one.alias != *old && one.is_up());
        let followers: Vec<Follower> = others
            .map(|one| Follower {
                alias: one.alias.clone(),
                semi_sync: snapshot.durability.may_ack(old, &one.alias, one.tablet_type),
            })
            .collect();
        let plan = ReparentPlan { new_primary: old.clone(), ..plan.clone() };
        for failure in self.point_followers(&plan, &followers, 0).await {
            self.progress.warn(failure);
        }
    }

    /// Returns false only if the tablet itself says that it takes no writes.
    async fn may_be_writable(&self, alias: &TabletAlias) -> bool {
        let Ok(tablet) = self.tablet(alias) else { return true };
        match tablet.full_status(tm::FullStatusRequest {}).await {
            Ok(reply) => {
                let status = reply.status.unwrap_or_default();
                !(status.read_only || status.super_read_only)
            }
            Err(_) => true,
        }
    }

    async fn undo_demotion(&self, alias: &TabletAlias) -> Result<()> {
        let semi_sync = self.observed.snapshot.durability.primary_waits();
        let request = tm::UndoDemotePrimaryRequest { semi_sync };
        self.tablet(alias)?.undo_demote_primary(request).await.map(drop)
    }
}

/// Returns the moment in nanoseconds since 1970, which names a change of primary in the journal.
fn now_ns() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

/// Returns a term, moved behind another that is not earlier.
fn later(term: vttime::Time, known: Option<vttime::Time>) -> vttime::Time {
    let Some(known) = known else { return term };
    if (term.seconds, term.nanoseconds) > (known.seconds, known.nanoseconds) {
        return term;
    }
    match known.nanoseconds {
        nanos if nanos < 999_999_999 => {
            vttime::Time { seconds: known.seconds, nanoseconds: nanos + 1 }
        }
        _ => vttime::Time { seconds: known.seconds.saturating_add(1), nanoseconds: 0 },
    }
}

fn source_request(
    source: &TabletAlias,
    semi_sync: bool,
    force_start_replication: bool,
) -> tm::SetReplicationSourceRequest {
    tm::SetReplicationSourceRequest {
        parent: Some(source.into()),
        force_start_replication,
        semi_sync,
        ..Default::default()
    }
}
