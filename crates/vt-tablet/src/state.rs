//! Whether the tablet serves, as what, and for whom: asked by every call, set by the manager.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};
use vt_base::{Code, Error, Result, Retry, TabletAlias, TabletType, Target};

use crate::lease::{self, Lease};

/// Whether the query service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// The mysqld has not answered yet, or does not answer any more.
    NotConnected,
    NotServing,
    /// Transactions that are open may end; nothing new begins.
    Draining,
    Serving,
}

impl Serving {
    /// Returns the name that pages, metrics and errors show.
    pub fn name(self) -> &'static str {
        match self {
            Serving::NotConnected => "NOT_CONNECTED",
            Serving::NotServing => "NOT_SERVING",
            Serving::Draining => "SHUTTING_DOWN",
            Serving::Serving => "SERVING",
        }
    }
}

/// What the tablet is at a moment.
#[derive(Clone, Debug)]
pub struct State {
    pub target: Target,
    pub serving: Serving,
    /// When the term as primary began; `None` for a tablet that is none.
    pub term_start: Option<std::time::SystemTime>,
    /// Why the tablet does not serve; empty where it does.
    pub reason: String,
    /// A type that the tablet was of until just now, and how long calls for it are still taken.
    pub also: Option<(TabletType, Instant)>,
}

impl State {
    /// Returns when the term began in seconds since 1970; 0 if the tablet is not primary.
    pub fn term_start_seconds(&self) -> i64 {
        let since = |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).ok();
        let seconds = self.term_start.and_then(since).map_or(0, |since| since.as_secs());
        i64::try_from(seconds).unwrap_or(i64::MAX)
    }
}

/// Which calls are let in while the tablet drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admit {
    /// Only while the tablet serves.
    New,
    /// Also while it drains: the call goes on with a transaction or ends it.
    Ongoing,
}

/// Keeps the tablet's state, and counts the calls under way.
pub struct StateManager {
    alias: TabletAlias,
    state: ArcSwap<State>,
    lameduck: std::sync::atomic::AtomicBool,
    /// A primary's right to serve.
    pub lease: Lease,
    requests: Arc<Requests>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Requests {
    count: AtomicUsize,
    ended: Notify,
}

/// A call under way; it is over when this is dropped.
pub struct Admission {
    requests: Arc<Requests>,
    /// The type that the tablet has for the call.
    pub tablet_type: TabletType,
    /// The generation of the lease when the call came.
    generation: u64,
}

/// What a call does, for the question whether its result may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reads,
    Writes,
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.requests.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.requests.ended.notify_waiters();
        }
    }
}

impl StateManager {
    /// Makes the state of a tablet whose mysqld has not answered yet.
    pub fn new(alias: TabletAlias, target: Target) -> StateManager {
        let state = State {
            target,
            serving: Serving::NotConnected,
            term_start: None,
            reason: "mysqld has not answered yet".to_owned(),
            also: None,
        };
        StateManager {
            alias,
            state: ArcSwap::from_pointee(state),
            lameduck: false.into(),
            lease: Lease::default(),
            requests: Arc::default(),
            changed: watch::Sender::new(0),
        }
    }

    pub fn alias(&self) -> &TabletAlias {
        &self.alias
    }

    /// Returns the state of the moment.
    pub fn get(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Changes the state; returns whether that made a difference to it.
    pub fn update(&self, change: impl Fn(&mut State)) -> bool {
        let before = self.state.rcu(|state| {
            let mut state = State::clone(state);
            change(&mut state);
            state
        });
        let after = self.state.load();
        let same = before.target == after.target
            && before.serving == after.serving
            && before.term_start == after.term_start
            && before.reason == after.reason;
        if !same {
            if before.serving != after.serving || before.target != after.target {
                tracing::info!(
                    from = before.serving.name(),
                    to = after.serving.name(),
                    target = %after.target,
                    reason = after.reason,
                    "tablet state changed"
                );
            }
            self.changed.send_modify(|version| *version += 1);
        }
        !same
    }

    /// Tells of each change of the state.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Says from now on that the tablet does not serve, though it still answers.
    pub fn enter_lameduck(&self) {
        self.lameduck.store(true, Ordering::Release);
        self.changed.send_modify(|version| *version += 1);
    }

    pub fn is_lameduck(&self) -> bool {
        self.lameduck.load(Ordering::Acquire)
    }

    /// Returns whether gateways may send queries.
    pub fn is_serving(&self) -> bool {
        self.state.load().serving == Serving::Serving && !self.is_lameduck()
    }

    /// Lets a call in, if it is for this tablet and the tablet serves.
    pub fn admit(&self, target: &Target, admit: Admit) -> Result<Admission> {
        let state = self.state.load();
        let open = match state.serving {
            Serving::Serving => true,
            Serving::Draining => admit == Admit::Ongoing,
            Serving::NotServing | Serving::NotConnected => false,
        };
        if !open {
            let name = match state.serving {
                Serving::NotConnected => Serving::NotServing.name(),
                other => other.name(),
            };
            let text = format!("operation not allowed in state {name}");
            return Err(Error::new(Code::ClusterEvent, text).with_retry(Retry::Always));
        }
        check_target(&state, target)?;
        self.requests.count.fetch_add(1, Ordering::AcqRel);
        let tablet_type = state.target.tablet_type;
        let generation = self.lease.generation();
        Ok(Admission { requests: self.requests.clone(), tablet_type, generation })
    }

    /// Refuses a call of a primary whose lease has ended, before anything is done.
    pub async fn may_begin(&self, admission: &Admission) -> Result<()> {
        if admission.tablet_type != TabletType::Primary || self.lease.confirm().await {
            return Ok(());
        }
        Err(lease::ended())
    }

    /// Refuses to tell what a call of a primary came to, where another may have been promoted
    /// before it ended: what it has read may be old, and what it has written lost.
    pub async fn may_tell(&self, admission: &Admission, effect: Effect) -> Result<()> {
        if admission.tablet_type != TabletType::Primary {
            return Ok(());
        }
        let same = || admission.generation == self.lease.generation();
        match effect {
            // The lease is asked for first: it is not given to one that is primary no more.
            Effect::Reads if self.lease.confirm().await && same() => Ok(()),
            Effect::Reads => Err(lease::ended()),
            // It has been acknowledged by another tablet, unless the server was told not to wait.
            Effect::Writes if same() => Ok(()),
            Effect::Writes => Err(lease::closed_meanwhile()),
        }
    }

    /// Checks that a call is for this tablet, whether it serves or not.
    pub fn check(&self, target: &Target) -> Result<()> {
        check_target(&self.state.load(), target)
    }

    /// Returns how many calls are under way.
    pub fn requests(&self) -> usize {
        self.requests.count.load(Ordering::Acquire)
    }

    /// Waits until no call is under way, `grace` at most; returns whether that came.
    pub async fn wait_idle(&self, grace: Duration) -> bool {
        let idle = async {
            loop {
                let ended = self.requests.ended.notified();
                tokio::pin!(ended);
                ended.as_mut().enable();
                if self.requests() == 0 {
                    return;
                }
                ended.await;
            }
        };
        tokio::time::timeout(grace, idle).await.is_ok()
    }
}

fn check_target(state: &State, target: &Target) -> Result<()> {
    let own = &state.target;
    let wrong = |text: String| Err(Error::new(Code::InvalidArgument, text));
    if target.keyspace != own.keyspace {
        return wrong(format!(
            "invalid keyspace {} does not match expected {}",
            target.keyspace, own.keyspace
        ));
    }
    if target.shard != own.shard {
        return wrong(format!(
            "invalid shard {} does not match expected {}",
            target.shard, own.shard
        ));
    }
    if target.tablet_type == own.tablet_type {
        return Ok(());
    }
    let also = state.also.filter(|(_, until)| Instant::now() < *until).map(|(also, _)| also);
    if also == Some(target.tablet_type) {
        return Ok(());
    }
    let upper = |one: TabletType| one.as_str().to_ascii_uppercase();
    let text = format!(
        "wrong tablet type: {}, want: {}",
        upper(target.tablet_type),
        upper(own.tablet_type)
    );
    // Nothing has been done: another tablet may be asked.
    Err(Error::new(Code::FailedPrecondition, text).with_retry(Retry::BeforeSend))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager() -> StateManager {
        let target = Target::new("ks", "-80", TabletType::Replica);
        StateManager::new(TabletAlias::new("zone1", 100), target)
    }

    fn target(shard: &str, tablet_type: TabletType) -> Target {
        Target::new("ks", shard, tablet_type)
    }

    #[test]
    fn only_a_serving_tablet_lets_calls_in_that_are_its_own() {
        let manager = manager();
        let own = target("-80", TabletType::Replica);
        let text = |target: &Target, admit| match manager.admit(target, admit) {
            Ok(_) => "in".to_owned(),
            Err(err) => err.message().to_owned(),
        };
        assert_eq!(text(&own, Admit::New), "operation not allowed in state NOT_SERVING");
        manager.update(|state| state.serving = Serving::Serving);
        assert_eq!(text(&own, Admit::New), "in");
        let primary = target("-80", TabletType::Primary);
        assert_eq!(text(&primary, Admit::New), "wrong tablet type: PRIMARY, want: REPLICA");
        let other = target("80-", TabletType::Replica);
        assert_eq!(text(&other, Admit::New), "invalid shard 80- does not match expected -80");
        manager.update(|state| state.serving = Serving::Draining);
        assert_eq!(text(&own, Admit::New), "operation not allowed in state SHUTTING_DOWN");
        assert_eq!(text(&own, Admit::Ongoing), "in");
    }

    #[test]
    fn the_former_type_is_taken_for_a_while() {
        let manager = manager();
        let later = Instant::now() + Duration::from_secs(60);
        manager.update(|state| {
            state.serving = Serving::Serving;
            state.target.tablet_type = TabletType::Primary;
            state.also = Some((TabletType::Replica, later));
        });
        assert!(manager.admit(&target("-80", TabletType::Replica), Admit::New).is_ok());
        assert!(manager.admit(&target("-80", TabletType::Rdonly), Admit::New).is_err());
        manager.update(|state| state.also = Some((TabletType::Replica, Instant::now())));
        assert!(manager.admit(&target("-80", TabletType::Replica), Admit::New).is_err());
    }

    #[tokio::test]
    async fn draining_waits_for_calls_under_way() {
        let manager = manager();
        manager.update(|state| state.serving = Serving::Serving);
        let call = manager.admit(&target("-80", TabletType::Replica), Admit::New).unwrap();
        assert!(!manager.wait_idle(Duration::from_millis(10)).await);
        let (idle, ()) = tokio::join!(manager.wait_idle(Duration::from_secs(5)), async {
            tokio::task::yield_now().await;
            drop(call);
        });
        assert!(idle);
    }

    #[test]
    fn changes_are_told_once() {
        let manager = manager();
        let watch = manager.watch();
        assert!(manager.update(|state| state.serving = Serving::Serving));
        assert!(!manager.update(|state| state.serving = Serving::Serving));
        assert_eq!(*watch.borrow(), 1);
    }
}
