//! The tablets as queries see them: which one to ask, and how long to wait for one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, SemaphorePermit};
use tokio::time::Instant;
use vt_base::{Code, Error, ErrorId, Result, Retry, TabletAlias, TabletType, Target};
use vt_discovery::{Discovery, TabletHealth};
use vt_tablet_api::QueryService;

use crate::buffer::Buffer;
use crate::positions::Positions;
use crate::serving::Serving;
use crate::session::ShardSession;
use crate::warming::Warming;

/// How long a tablet that refused is passed over while no other comes up.
const REFUSAL_PAUSE: Duration = Duration::from_millis(250);
/// How long a read of replicas waits for one, where there is none.
const REPLICA_WINDOW: Duration = Duration::from_secs(5);

/// Finds tablets for queries.
pub struct Tablets {
    pub discovery: Arc<Discovery>,
    pub serving: Arc<Serving>,
    pub retry_count: u32,
    pub positions: Positions,
    pub buffer: Arc<Buffer>,
    pub warming: Warming,
}

/// What a query asks of a tablet.
pub struct Wish<'a> {
    pub target: &'a Target,
    /// Those that refused; taken only if there is no other.
    pub except: &'a [TabletAlias],
    /// Nothing is waited for after this.
    pub until: Instant,
    /// The session, where sessions keep to tablets.
    pub session: Option<u64>,
}

/// A tablet to ask.
#[derive(Clone)]
pub struct Reached {
    pub alias: TabletAlias,
    pub service: Arc<dyn QueryService>,
    /// Held while a query is under way that had to wait, where only so many may be at once.
    #[expect(dead_code, reason = "held, and given back when dropped")]
    turn: Option<Arc<OwnedSemaphorePermit>>,
}

impl Tablets {
    pub fn new(
        discovery: Arc<Discovery>,
        serving: Arc<Serving>,
        retry_count: u32,
        buffer: Arc<Buffer>,
        warming: Warming,
    ) -> Tablets {
        let positions = Positions::default();
        Tablets { discovery, serving, retry_count, positions, buffer, warming }
    }

    /// Returns the name of a keyspace's database on its tablets.
    pub fn database_of(&self, keyspace: &str) -> String {
        let own = self.discovery.database_of(keyspace);
        own.map_or_else(|| format!("vt_{keyspace}"), |name| name.to_string())
    }

    /// Returns how long a query may wait for a primary.
    pub fn window(&self) -> Duration {
        self.buffer.window()
    }

    /// Returns a tablet for a target, not one of `except` if there is another. Waits for one, but
    /// not after `until`, and only within the limits of what may wait.
    pub async fn reach(
        &self,
        target: &Target,
        except: &[TabletAlias],
        until: Instant,
    ) -> Result<Reached> {
        self.reach_wished(Wish { target, except, until, session: None }).await
    }

    /// As [`Tablets::reach`], for a session.
    pub async fn reach_wished(&self, wish: Wish<'_>) -> Result<Reached> {
        if let Some(found) = self.discovery.pick_for(wish.target, wish.except, wish.session) {
            return reached(&found);
        }
        self.discovery.refresh();
        if wish.target.tablet_type != TabletType::Primary {
            let until = wish.until.min(Instant::now() + REPLICA_WINDOW);
            let Some(_slot) = self.buffer.slot() else { return Err(none_available(wish.target)) };
            return self.wait_unless_moved(&Wish { until, ..wish }).await;
        }
        let waiting = self.buffer.enter(wish.target).map_err(|_| none_available(wish.target))?;
        match self.wait_unless_moved(&wish).await {
            Ok(found) => {
                let has_come = !wish.except.contains(&found.alias);
                let turn = waiting.drained(has_come, wish.until).await.map(Arc::new);
                Ok(Reached { turn, ..found })
            }
            Err(err) => {
                if Instant::now() >= wish.until {
                    waiting.evicted();
                }
                Err(err)
            }
        }
    }

    async fn wait_unless_moved(&self, wish: &Wish<'_>) -> Result<Reached> {
        tokio::select! {
            biased;
            () = self.serving.left(wish.target) => Err(moved(wish.target)),
            found = self.wait(wish) => found,
        }
    }

    /// Returns the permit of one more query that waits, if there may be one.
    pub fn wait_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.buffer.slot()
    }

    async fn wait(&self, wish: &Wish<'_>) -> Result<Reached> {
        let Wish { target, except, until, .. } = *wish;
        // One who refused may be well again, as a primary is after a restart.
        if !except.is_empty() {
            let pause = REFUSAL_PAUSE.min(until.saturating_duration_since(Instant::now()));
            if let Ok(found) = self.discovery.wait_for(target, except, pause).await {
                return reached(&self.own(wish, except, found));
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        match self.discovery.wait_for(target, &[], left).await {
            Ok(found) => reached(&self.own(wish, &[], found)),
            Err(_) => Err(none_available(target)),
        }
    }

    /// Returns the tablet that the session keeps to, in place of any.
    fn own(
        &self,
        wish: &Wish<'_>,
        except: &[TabletAlias],
        found: Arc<TabletHealth>,
    ) -> Arc<TabletHealth> {
        let own =
            wish.session.and_then(|_| self.discovery.pick_for(wish.target, except, wish.session));
        own.unwrap_or(found)
    }

    /// Returns the one tablet of a name, which a session is bound to.
    pub fn reach_alias(&self, alias: &TabletAlias) -> Result<Reached> {
        match self.discovery.get(alias) {
            Some(found) => reached(&found),
            None => Err(Error::vt(ErrorId::VT14003, alias)),
        }
    }

    /// Returns the tablet that holds a session's transaction or connection.
    pub fn reach_session(&self, shard: &ShardSession) -> Result<Reached> {
        self.reach_alias(&shard.alias)
    }
}

fn reached(found: &Arc<TabletHealth>) -> Result<Reached> {
    let alias = found.alias().clone();
    match &found.service {
        Some(service) => Ok(Reached { alias, service: service.clone(), turn: None }),
        None => Err(Error::vt(ErrorId::VT14003, alias)),
    }
}

fn none_available(target: &Target) -> Error {
    let tablet_type = target.tablet_type.as_str().to_uppercase();
    let message = format!(
        "no healthy tablet available for 'keyspace:\"{}\" shard:\"{}\" tablet_type:{tablet_type}'",
        target.keyspace, target.shard
    );
    Error::new(Code::Unavailable, message)
}

/// The error of a shard that others have taken the place of.
fn moved(target: &Target) -> Error {
    let message = format!("shard {}/{} does not serve any more", target.keyspace, target.shard);
    Error::new(Code::Unavailable, message).with_retry(Retry::Elsewhere)
}

/// Whether a failed call may be made again, on another tablet, when no transaction is open there.
pub fn may_retry(error: &Error, is_read_only: bool) -> bool {
    match error.retry() {
        Retry::BeforeSend | Retry::Always => return true,
        // Not as it is, but planned anew.
        Retry::Elsewhere => return false,
        Retry::Never => {}
    }
    match error.code() {
        Code::ClusterEvent => true,
        // The connection broke: a write may have been done.
        Code::Unavailable => is_read_only,
        // Without an errno of MySQL's it is the tablet who refuses a target that is not its own.
        Code::FailedPrecondition => error.errno() == 1105 && error.id().is_none(),
        _ => false,
    }
}

/// Whether an error tells that the transaction, on the tablet that gave it, is no more.
pub fn ends_transaction(error: &Error) -> bool {
    match error.errno() {
        // A deadlock rolls the whole transaction back; so does a lost connection.
        1213 | 2006 | 2013 | 1053 => true,
        // A lock wait that timed out ends the statement alone; so do NOWAIT and a full queue.
        1205 | 3572 => false,
        _ => matches!(error.code(), Code::Aborted | Code::Unavailable | Code::ClusterEvent),
    }
}

/// Returns the type of tablet that a target means.
pub fn effective_type(tablet_type: TabletType) -> TabletType {
    if tablet_type == TabletType::Unknown { TabletType::Primary } else { tablet_type }
}
