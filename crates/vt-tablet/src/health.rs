//! What the tablet says of itself: put together from its state and its measurements, told to all
//! who listen, on every change and every so often.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::{broadcast, mpsc};
use vt_mysqld::replication::ReplicaStatus;
use vt_service::tasks::Tasks;
use vt_tablet_api::{HealthState, RealtimeStats};
use vt_vreplication::Engine;

use crate::config::HealthConfig;
use crate::schema::Changes;
use crate::state::StateManager;

/// How replication stands on a replica.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lag {
    pub seconds: u32,
    /// Why it cannot be told.
    pub error: Option<String>,
}

/// Remembers when replication was last seen to be well.
#[derive(Debug, Default)]
pub struct LagReporter {
    last: Option<(Instant, Duration)>,
}

impl LagReporter {
    /// Judges a replica's status. While changes do not flow, what it lags behind grows with time.
    pub fn judge(&mut self, status: Option<&ReplicaStatus>, now: Instant) -> Lag {
        if let Some(status) = status
            && status.is_healthy()
            && let Some(lag) = status.lag
        {
            self.last = Some((now, lag));
            return Lag { seconds: seconds(lag), error: None };
        }
        match self.last {
            Some((at, lag)) => {
                Lag { seconds: seconds(lag + now.saturating_duration_since(at)), error: None }
            }
            None => Lag { seconds: 0, error: Some("replication is not running".to_owned()) },
        }
    }

    /// Forgets what was seen: the tablet follows another source, or none.
    pub fn reset(&mut self) {
        self.last = None;
    }
}

fn seconds(lag: Duration) -> u32 {
    u32::try_from(lag.as_secs()).unwrap_or(u32::MAX)
}

/// Tells the tablet's health.
pub struct Health {
    config: HealthConfig,
    state: Arc<StateManager>,
    lag: ArcSwap<Lag>,
    changes: Mutex<Changes>,
    /// Queries a second, as the bits of a float.
    qps: AtomicU64,
    /// The streams into the tablet, whose number and lag are told.
    pub streams: OnceLock<Arc<Engine>>,
    told: broadcast::Sender<HealthState>,
    tasks: Tasks,
}

impl Health {
    /// Makes the teller; streams are tasks of the set.
    pub fn new(config: HealthConfig, state: Arc<StateManager>, tasks: Tasks) -> Health {
        let told = broadcast::Sender::new(config.stream_buffer.max(1));
        Health {
            config,
            state,
            lag: ArcSwap::default(),
            changes: Mutex::default(),
            qps: AtomicU64::new(0),
            streams: OnceLock::new(),
            told,
            tasks,
        }
    }

    /// Sets how replication stands; returns whether that is news.
    pub fn set_lag(&self, lag: Lag) -> bool {
        let news = **self.lag.load() != lag;
        if news {
            self.lag.store(Arc::new(lag));
        }
        news
    }

    pub fn lag(&self) -> Arc<Lag> {
        self.lag.load_full()
    }

    pub fn set_qps(&self, qps: f64) {
        self.qps.store(qps.to_bits(), Ordering::Relaxed);
    }

    pub fn qps(&self) -> f64 {
        f64::from_bits(self.qps.load(Ordering::Relaxed))
    }

    /// Adds changes of the schema, which the next message tells.
    pub fn add_changes(&self, changes: Changes) {
        self.changes.lock().merge(changes);
    }

    /// Puts the health of the moment together.
    pub fn now(&self) -> HealthState {
        let state = self.state.get();
        let lag = self.lag.load();
        let lags = state.target.tablet_type != vt_base::TabletType::Primary;
        let health_error = match (&lag.error, lags) {
            (Some(error), true) => error.clone(),
            _ if state.serving == crate::state::Serving::NotConnected => state.reason.clone(),
            _ => String::new(),
        };
        let (streams, streams_lag) = self.streams.get().map_or((0, 0), |engine| engine.load());
        HealthState {
            target: state.target.clone(),
            serving: self.state.is_serving(),
            primary_term_start: state.term_start_seconds(),
            alias: Some(self.state.alias().clone()),
            stats: RealtimeStats {
                binlog_players_count: i32::try_from(streams).unwrap_or(i32::MAX),
                filtered_replication_lag_seconds: streams_lag,
                health_error,
                replication_lag_seconds: if lags { lag.seconds } else { 0 },
                qps: self.qps(),
                ..RealtimeStats::default()
            },
        }
    }

    /// Tells the health of the moment to all who listen.
    pub fn tell(&self) {
        let mut health = self.now();
        let changes = std::mem::take(&mut *self.changes.lock());
        health.stats.table_schema_changed = changes.tables;
        health.stats.view_schema_changed = changes.views;
        // Nobody may listen; that is no error.
        drop(self.told.send(health));
    }

    /// Begins a stream of health; it ends when the receiver is dropped, or with the tablet.
    pub fn stream(&self) -> mpsc::Receiver<HealthState> {
        let (sender, receiver) = mpsc::channel(self.config.stream_buffer.max(1));
        let mut told = self.told.subscribe();
        let first = self.now();
        let token = self.tasks.token().clone();
        self.tasks.spawn("health stream", async move {
            let mut next = Some(first);
            loop {
                if let Some(health) = next.take()
                    && sender.send(health).await.is_err()
                {
                    return;
                }
                tokio::select! {
                    biased;
                    () = sender.closed() => return,
                    received = told.recv() => match received {
                        Ok(health) => next = Some(health),
                        // A listener this slow begins anew, and loses no change of the schema so.
                        Err(_) => return,
                    },
                    () = token.cancelled() => {
                        // What was told last, that the tablet goes, must still arrive.
                        while let Ok(health) = told.try_recv() {
                            if sender.try_send(health).is_err() {
                                return;
                            }
                        }
                        return;
                    }
                }
            }
        });
        receiver
    }
}

#[cfg(test)]
mod tests {
    use vt_base::{TabletAlias, TabletType, Target};
    use vt_mysqld::replication::IoState;

    use super::*;
    use crate::state::Serving;

    #[test]
    fn lag_grows_while_replication_is_broken() {
        let mut reporter = LagReporter::default();
        let start = Instant::now();
        assert_eq!(
            reporter.judge(None, start),
            Lag { seconds: 0, error: Some("replication is not running".into()) }
        );
        let well = ReplicaStatus {
            io: IoState::Running,
            sql: IoState::Running,
            lag: Some(Duration::from_secs(3)),
            ..ReplicaStatus::default()
        };
        assert_eq!(reporter.judge(Some(&well), start).seconds, 3);
        let broken = ReplicaStatus { sql: IoState::Stopped, lag: None, ..well };
        let later = start + Duration::from_secs(10);
        assert_eq!(reporter.judge(Some(&broken), later), Lag { seconds: 13, error: None });
        reporter.reset();
        assert!(reporter.judge(Some(&broken), later).error.is_some());
    }

    #[tokio::test]
    async fn a_stream_begins_with_the_present_and_goes_on_with_changes() {
        let target = Target::new("ks", "0", TabletType::Replica);
        let state = Arc::new(StateManager::new(TabletAlias::new("zone1", 1), target));
        let tasks = Tasks::new();
        let health = Health::new(HealthConfig::default(), state.clone(), tasks.clone());
        let mut stream = health.stream();
        let first = stream.recv().await.unwrap();
        assert!(!first.serving && first.alias == Some(TabletAlias::new("zone1", 1)));
        state.update(|state| state.serving = Serving::Serving);
        health.add_changes(Changes { tables: vec!["t".into()], views: Vec::new() });
        health.tell();
        let next = stream.recv().await.unwrap();
        assert!(next.serving);
        assert_eq!(next.stats.table_schema_changed, ["t"]);
        health.tell();
        assert!(stream.recv().await.unwrap().stats.table_schema_changed.is_empty());
        drop(stream);
        assert!(tasks.shutdown(Duration::from_secs(5)).await);
    }
}
