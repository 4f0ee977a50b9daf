//! Reads that keep a session's promises: a tablet is read from only when it has executed what the
//! session's reads must have seen. One that has not is waited for a little; then the primary is
//! asked instead.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vt_base::gtid::GtidSet;
use vt_base::{Code, Error, Result, TabletAlias, TabletType, Target};
use vt_tablet_api::{ExecuteOptions, ExecuteRequest};
use vt_value::QueryResult;

use super::Scatter;
use super::call::Place;
use crate::positions::Sample;
use crate::session::consistency::{ReadConsistency, TrackGtids};
use crate::tablets::Reached;

/// How much later than the tablet the gateway gives up a wait.
const GRACE: Duration = Duration::from_millis(500);
/// How long a primary has to tell its position.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);

/// What a call's tablet must have executed, as far as it is known without asking.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// What the session has written or seen.
    seen: GtidSet,
    /// What the client gave, of all shards; `None` where the shard's part is known, or none was.
    unresolved: Option<String>,
    /// How old a primary's position may be that the tablet must have reached.
    bound: Option<Duration>,
    patience: Duration,
}

impl Scatter<'_> {
    /// Returns what a read must have seen; `None` where it may see anything.
    pub(super) fn wanted(&self, target: &Target, is_begun: bool) -> Option<Wanted> {
        let session = self.session.lock();
        let consistency = &session.consistency;
        // Within a transaction, what is seen was settled when it began.
        if is_begun {
            return None;
        }
        let place = (target.keyspace.clone(), target.shard.clone());
        let is_session = consistency.mode == ReadConsistency::Session;
        let mut wanted = Wanted { patience: consistency.patience(), ..Wanted::default() };
        if is_session {
            wanted.seen = consistency.seen.get(&place).cloned().unwrap_or_default();
        }
        // The primary has all that was ever acknowledged.
        if target.tablet_type != TabletType::Primary {
            wanted.bound = consistency.bound();
            if !consistency.gtid.is_empty() {
                match consistency.given.get(&place) {
                    Some(given) => wanted.seen = wanted.seen.union(given),
                    None => wanted.unresolved = Some(consistency.gtid.clone()),
                }
            }
        }
        let is_free =
            wanted.seen.is_empty() && wanted.unresolved.is_none() && wanted.bound.is_none();
        (!is_free).then_some(wanted)
    }

    /// Reaches a tablet that has what the call's session must see; may turn the call to the primary.
    pub(super) async fn reach_fresh(
        &self,
        place: &mut Place,
        refused: &[TabletAlias],
        until: Instant,
    ) -> Result<Reached> {
        let Some(wanted) = place.wanted.clone() else {
            return self.reach(place, refused, until).await;
        };
        let set = self.whole(place, &wanted, until).await?;
        let tablet = match self.before(place, refused) {
            Some(tablet) => tablet,
            None => self.reach(place, refused, until).await?,
        };
        if self.wait(place, &tablet, &set, &wanted).await {
            return Ok(tablet);
        }
        if !place.is_free() || place.target.tablet_type == TabletType::Primary {
            return Err(late(&place.target));
        }
        place.target.tablet_type = TabletType::Primary;
        let primary = self.reach(place, &[], until).await?;
        match self.wait(place, &primary, &set, &wanted).await {
            true => Ok(primary),
            false => Err(late(&place.target)),
        }
    }

    /// Returns the tablet that the session read from before, if it still serves: it is not behind
    /// what was read there.
    fn before(&self, place: &Place, refused: &[TabletAlias]) -> Option<Reached> {
        if !place.is_free() {
            return None;
        }
        let session = self.session.lock();
        let key = (place.target.keyspace.clone(), place.target.shard.clone());
        let alias = session.last_read.get(&key)?;
        let health = self.tablets.discovery.get(alias)?;
        let suits = health.is_usable()
            && health.target.tablet_type == place.target.tablet_type
            && health.target.shard == place.target.shard
            && !refused.contains(alias);
        suits.then(|| self.tablets.reach_alias(alias).ok()).flatten()
    }

    /// Puts together all that the tablet must have executed.
    async fn whole(&self, place: &Place, wanted: &Wanted, until: Instant) -> Result<GtidSet> {
        let mut set = wanted.seen.clone();
        let key = (place.target.keyspace.clone(), place.target.shard.clone());
        if let Some(gtid) = &wanted.unresolved {
            // Transactions of other shards never come here: the primary tells which are its own.
            let sql = format!(
                "select gtid_subtract('{gtid}', gtid_subtract('{gtid}', @@global.gtid_executed))"
            );
            let given = self.ask_primary(&place.target, sql, until).await?;
            set = set.union(&given);
            self.session.lock().consistency.given.insert(key.clone(), given);
        }
        if let Some(bound) = wanted.bound {
            let sample = match self.tablets.positions.sample(&key, bound) {
                Some(sample) => sample,
                None => {
                    let at = Instant::now();
                    let sql = "select @@global.gtid_executed".to_owned();
                    let executed = self.ask_primary(&place.target, sql, until).await?;
                    let sample = Sample { at, set: Arc::new(executed) };
                    self.tablets.positions.keep_sample(key, sample.clone());
                    sample
                }
            };
            set = set.union(&sample.set);
        }
        Ok(set)
    }

    async fn ask_primary(&self, target: &Target, sql: String, until: Instant) -> Result<GtidSet> {
        let target = Target { tablet_type: TabletType::Primary, ..target.clone() };
        let primary = self.tablets.reach(&target, &[], until).await?;
        let result = self.ask(&primary, &target, sql, ASK_TIMEOUT).await?;
        let set: GtidSet = first_text(&result).replace('\n', "").parse()?;
        Ok(set)
    }

    /// Returns whether a tablet has executed a set, or does so while it is waited for.
    async fn wait(&self, place: &Place, tablet: &Reached, set: &GtidSet, wanted: &Wanted) -> bool {
        if set.is_empty() || self.tablets.positions.covers(&tablet.alias, set) {
            return true;
        }
        let left = place.deadline().map(|until| until.saturating_duration_since(Instant::now()));
        let patience = left.map_or(wanted.patience, |left| left.min(wanted.patience));
        // Zero would wait for ever.
        let seconds = patience.as_secs_f64().max(0.001);
        let sql = format!("select wait_for_executed_gtid_set('{set}', {seconds:.3})");
        let waited = self.ask(tablet, &place.target, sql, patience + GRACE).await;
        let has_come = waited.is_ok_and(|result| first_text(&result) == "0");
        if has_come {
            self.tablets.positions.learn(&tablet.alias, set);
        }
        has_come
    }

    /// Runs a statement of the gateway's own beside the session's transaction.
    async fn ask(
        &self,
        tablet: &Reached,
        target: &Target,
        sql: String,
        limit: Duration,
    ) -> Result<QueryResult> {
        let options = ExecuteOptions {
            // Each text is another one: none is worth a place in a cache.
            skip_query_plan_cache: true,
            consolidator: Some(false),
            ..ExecuteOptions::default()
        };
        let request = ExecuteRequest {
            caller: self.caller.clone(),
            target: target.clone(),
            sql: sql.into(),
            options: Arc::new(options),
            deadline: (Instant::now() + limit).into_std().into(),
            ..ExecuteRequest::default()
        };
        match tokio::time::timeout(limit + GRACE, tablet.service.execute(request)).await {
            Ok(reply) => reply.result,
            Err(_) => Err(Error::new(Code::DeadlineExceeded, "the tablet does not answer")),
        }
    }

    /// Takes note of the position that a tablet told with its answer.
    pub(super) async fn note_position(&self, place: &Place, alias: &TabletAlias, told: &str) {
        let tracked = self.session.lock().consistency.tracked_by_tablets();
        if tracked == TrackGtids::Off || place.is_beside() {
            return;
        }
        let mut told = told.replace('\n', "");
        let is_session = tracked == TrackGtids::AllGtids;
        if told.is_empty() && is_session && !place.is_read_only() && !place.is_in_transaction() {
            // A tablet that tells no positions: what it has now includes what was just written.
            let sql = "select @@global.gtid_executed".to_owned();
            let reached = self.tablets.reach_alias(alias);
            if let Ok(reached) = reached
                && let Ok(result) = self.ask(&reached, &place.target, sql, ASK_TIMEOUT).await
            {
                told = first_text(&result).replace('\n', "");
            }
        }
        let Ok(set) = told.parse::<GtidSet>() else { return };
        let key = (place.target.keyspace.clone(), place.target.shard.clone());
        let mut session = self.session.lock();
        if place.is_read_only() && place.target.tablet_type != TabletType::Primary && is_session {
            session.last_read.insert(key.clone(), alias.clone());
        }
        if set.is_empty() {
            return;
        }
        session.consistency.note(key, set.clone(), !place.is_read_only());
        drop(session);
        self.tablets.positions.learn(alias, &set);
    }
}

fn late(target: &Target) -> Error {
    let text = format!(
        "target: {target}: what the session must see has not come to the tablet in time; try again"
    );
    Error::new(Code::Unavailable, text)
}

/// Returns the only value of a result as text.
pub(crate) fn first_text(result: &QueryResult) -> String {
    let row = (!result.rows.is_empty()).then(|| result.rows.get(0));
    let value = row.and_then(|row| row.column(0)).unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}
