//! The throttler: whether batch work may go on, by how the tablet and its shard are doing.
//!
//! [`Throttler::check`] is all that work in this process needs: it asks nobody, and decides from what
//! was measured last. [`measure`] looks at this tablet again and again, [`shard`] at the others of
//! the shard where this one is primary, [`heartbeat`] writes what lag is measured by. While nobody
//! checks, little is measured and nothing is written.

pub mod decide;
pub mod heartbeat;
pub mod measure;
pub mod pages;
pub mod report;
pub mod rules;
pub mod shard;
pub mod show;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rand::RngExt;
use tokio::sync::Notify;
use vt_tablet_api::throttle::{Checked, Metric, Scope, app};
use vt_topo::WatchEvent;

use self::decide::{Check, MetricCheck, Outcome, Picture, Values, decide, judge};
use self::rules::Settings;
use crate::core::Core;
use crate::db::quote_name;

/// How long after a check the throttler measures at its full pace.
const AWAKE: Duration = Duration::from_secs(60);
/// How long a check counts as recent; the primary writes heartbeats while replicas tell of one.
const RECENT: Duration = Duration::from_secs(10);
/// What was measured longer ago than this is not known any more.
const VALUES_AGE_MAX: Duration = Duration::from_secs(20);
/// How many applications that checked are remembered.
const RECENT_APPS_MAX: usize = 1_000;
/// How long the settings are kept before they are read again, where no change was told.
const SETTINGS_PERIOD: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(2);

/// A question to the throttler.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub app: &'a str,
    /// Whose values count, where that is not left to the metrics.
    pub scope: Option<Scope>,
    /// Whether heartbeats are to be written for a while, so that lag can be measured.
    pub wants_heartbeats: bool,
    /// Whether a metric that nothing is known of lets the application in.
    pub ok_if_unknown: bool,
}

impl<'a> Asked<'a> {
    /// Asks for an application as work in this process does.
    pub fn by(app: &'a str) -> Asked<'a> {
        Asked { app, scope: None, wants_heartbeats: true, ok_if_unknown: false }
    }
}

/// An application that has checked lately.
#[derive(Clone, Copy, Debug)]
pub struct RecentApp {
    pub at: SystemTime,
    pub outcome: Outcome,
}

#[derive(Default)]
struct Recent {
    checked_at: Option<Instant>,
    apps: BTreeMap<String, RecentApp>,
    /// When each metric was last below its threshold.
    healthy: BTreeMap<Metric, SystemTime>,
}

/// Measured values and when they were.
#[derive(Default)]
struct Taken {
    at: Option<Instant>,
    values: Values,
}

/// The throttler of a tablet.
pub struct Throttler {
    settings: ArcSwap<Settings>,
    own: ArcSwap<Taken>,
    shard: ArcSwap<Taken>,
    recent: Mutex<Recent>,
    pub(crate) heartbeats: heartbeat::Lease,
    /// Told when there is more to do than before: settings came, or the first check after long.
    pub(crate) woken: Notify,
    /// The query by which lag is measured.
    lag_query: ArcSwap<String>,
}

impl Throttler {
    /// Makes a throttler that holds nobody back until its settings are known.
    pub fn new(heartbeats: heartbeat::HeartbeatConfig) -> Throttler {
        Throttler {
            settings: ArcSwap::default(),
            own: ArcSwap::default(),
            shard: ArcSwap::default(),
            recent: Mutex::default(),
            heartbeats: heartbeat::Lease::new(heartbeats),
            woken: Notify::new(),
            lag_query: ArcSwap::from_pointee(lag_query("_vt")),
        }
    }

    /// Asks whether an application may go on. Where it may not, it asks again a little later.
    pub fn check(&self, app: &str) -> Check {
        self.answer(Asked::by(app))
    }

    /// Answers a question.
    pub fn answer(&self, asked: Asked<'_>) -> Check {
        let settings = self.settings();
        let name = if asked.app.is_empty() { app::VITESS } else { asked.app };
        if !settings.enabled {
            return Check { app: name.to_owned(), ..Check::default() };
        }
        if asked.wants_heartbeats {
            self.heartbeats.extend();
        }
        let verdict = settings.verdict(name, SystemTime::now(), rand::rng().random());
        let (own, shard) = (self.own.load(), self.shard.load());
        let picture = Picture { settings: &settings, own: own.fresh(), shard: shard.fresh() };
        let mut check = decide(picture, name, asked.scope, verdict);
        if name == app::VITESS {
            self.add_all(picture, asked.scope, &mut check);
        }
        if asked.ok_if_unknown && check.outcome == Outcome::Unknown {
            check.outcome = Outcome::Granted;
        }
        self.remember(name, &check);
        check
    }

    /// Adds the metrics that were not asked for, for those who want to see them all.
    fn add_all(&self, picture: Picture<'_>, scope: Option<Scope>, check: &mut Check) {
        for metric in Metric::ALL {
            let has_query = !picture.settings.custom_query.is_empty();
            let is_there = check.metrics.iter().any(|one| one.metric == metric);
            if is_there || (metric == Metric::Custom && !has_query) {
                continue;
            }
            let checked = Checked { scope: None, metric: Some(metric) };
            check.metrics.push(judge(picture, checked, scope));
        }
    }

    fn remember(&self, name: &str, check: &Check) {
        let now = SystemTime::now();
        let mut recent = self.recent.lock();
        let was_awake = recent.checked_at.is_some_and(|at| at.elapsed() < AWAKE);
        // The probes of a primary alone keep nobody awake.
        if name != app::VITESS {
            recent.checked_at = Some(Instant::now());
        }
        if recent.apps.len() >= RECENT_APPS_MAX && !recent.apps.contains_key(name) {
            let oldest = recent.apps.iter().min_by_key(|(_, one)| one.at);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                recent.apps.remove(&oldest);
            }
        }
        recent.apps.insert(name.to_owned(), RecentApp { at: now, outcome: check.outcome });
        drop(recent);
        if !was_awake {
            self.woken.notify_waiters();
        }
    }

    /// Returns the settings of the moment.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Takes new settings.
    pub fn set_settings(&self, settings: Settings) {
        if *self.settings.load_full() != settings {
            tracing::info!(enabled = settings.enabled, "the throttler has new settings");
            self.settings.store(Arc::new(settings));
            self.woken.notify_waiters();
        }
    }

    /// Returns whether anybody has checked lately, so that it is worth to measure often.
    pub fn is_awake(&self) -> bool {
        self.recent.lock().checked_at.is_some_and(|at| at.elapsed() < AWAKE)
            || self.heartbeats.is_wanted()
    }

    /// Returns whether anybody has checked within the last seconds.
    pub fn is_recently_checked(&self) -> bool {
        self.recent.lock().checked_at.is_some_and(|at| at.elapsed() < RECENT)
    }

    /// Notes what this tablet measured of itself.
    pub(crate) fn set_own(&self, values: Values) {
        let settings = self.settings();
        let now = SystemTime::now();
        let mut recent = self.recent.lock();
        for (metric, value) in &values {
            if value.as_ref().is_ok_and(|value| *value <= settings.threshold(*metric)) {
                recent.healthy.insert(*metric, now);
            }
        }
        drop(recent);
        self.own.store(Arc::new(Taken { at: Some(Instant::now()), values }));
    }

    /// Notes what was measured over the shard.
    pub(crate) fn set_shard(&self, values: Values) {
        self.shard.store(Arc::new(Taken { at: Some(Instant::now()), values }));
    }

    /// Returns the query by which lag is measured.
    pub fn lag_query(&self) -> String {
        String::clone(&self.lag_query.load())
    }

    /// Sets in which database heartbeats are.
    pub(crate) fn set_sidecar(&self, database: &str) {
        let query = lag_query(database);
        if **self.lag_query.load() != query {
            self.lag_query.store(Arc::new(query));
        }
    }

    /// Returns what this tablet measured of itself last.
    pub(crate) fn own_values(&self) -> Values {
        self.own.load().fresh().clone()
    }

    /// Returns what was measured over the shard last.
    pub(crate) fn shard_values(&self) -> Values {
        self.shard.load().fresh().clone()
    }

    fn recent_apps(&self) -> BTreeMap<String, RecentApp> {
        self.recent.lock().apps.clone()
    }

    fn healthy_at(&self) -> BTreeMap<Metric, SystemTime> {
        self.recent.lock().healthy.clone()
    }
}

fn lag_query(database: &str) -> String {
    let database = if database == "_vt" { "_vt".to_owned() } else { quote_name(database) };
    format!(
        "select unix_timestamp(now(6))-max(ts/1000000000) as replication_lag from {database}.heartbeat"
    )
}

/// Streams ask under their own name within that of all streams.
impl vt_vreplication::Throttle for Throttler {
    fn check(&self, name: &str) -> Option<String> {
        let check = Throttler::check(self, &format!("{}:{name}", app::VREPLICATION));
        (check.outcome != Outcome::Granted).then(|| check.summary())
    }
}

static NOTHING: Values = Values::new();

impl Taken {
    /// Returns the values, unless they are so old that nothing is known any more.
    fn fresh(&self) -> &Values {
        match self.at {
            Some(at) if at.elapsed() < VALUES_AGE_MAX => &self.values,
            _ => &NOTHING,
        }
    }
}

impl MetricCheck {
    /// Returns the name under which replies list the metric.
    pub fn name(&self) -> &'static str {
        self.metric.name()
    }
}

impl Core {
    /// Keeps the throttler's settings as the topology has them; runs until cancelled.
    pub async fn watch_throttler_settings(self: Arc<Core>) {
        loop {
            if let Err(err) = self.follow_throttler_settings().await {
                // What was said last holds while the topology is away.
                tracing::debug!(%err, "cannot watch the throttler's settings");
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn follow_throttler_settings(&self) -> vt_topo::Result<()> {
        let cell = self.config.alias.cell.to_string();
        let store = self.topo.cell(&cell).await?;
        let path = vt_topo::paths::srv_keyspace(&self.config.keyspace);
        let (_, mut watch) = store.watch(&path).await?;
        loop {
            let srv = self.topo.get_srv_keyspace(&cell, &self.config.keyspace).await?;
            let config = srv.throttler_config.unwrap_or_default();
            self.throttler.set_settings(Settings::from_proto(&config));
            match tokio::time::timeout(SETTINGS_PERIOD, watch.next()).await {
                Ok(Ok(WatchEvent::Lost(_))) | Ok(Err(_)) => return Ok(()),
                Ok(Ok(_)) | Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vt_proto::topodata::ThrottlerConfig;

    use super::*;

    fn throttler(enabled: bool) -> Throttler {
        let throttler = Throttler::new(heartbeat::HeartbeatConfig::default());
        let config = ThrottlerConfig { enabled, ..ThrottlerConfig::default() };
        throttler.set_settings(Settings::from_proto(&config));
        throttler
    }

    #[test]
    fn a_throttler_that_is_off_holds_nobody_back_and_writes_nothing() {
        let throttler = throttler(false);
        assert_eq!(throttler.check("always-throttled-app").outcome, Outcome::Granted);
        assert!(!throttler.heartbeats.is_wanted() && !throttler.is_recently_checked());
    }

    #[test]
    fn a_check_is_decided_by_what_was_measured_last() {
        let throttler = throttler(true);
        assert_eq!(throttler.check("vreplication").outcome, Outcome::Unknown);
        throttler.set_shard([(Metric::Lag, Ok(0.5))].into());
        assert_eq!(throttler.check("vreplication").outcome, Outcome::Granted);
        throttler.set_shard([(Metric::Lag, Ok(7.5))].into());
        assert_eq!(throttler.check("vreplication").outcome, Outcome::Exceeded);
        assert!(throttler.heartbeats.is_wanted() && throttler.is_recently_checked());
        let apps = throttler.recent_apps();
        assert_eq!(apps["vreplication"].outcome, Outcome::Exceeded);
    }

    #[test]
    fn a_probe_shows_all_metrics_and_keeps_nobody_awake() {
        let throttler = throttler(true);
        throttler.set_own([(Metric::Lag, Ok(0.5)), (Metric::LoadAvg, Ok(9.0))].into());
        let asked =
            Asked { scope: Some(Scope::Own), wants_heartbeats: false, ..Asked::by("vitess") };
        let check = throttler.answer(asked);
        assert_eq!(check.outcome, Outcome::Granted);
        let load = check.metrics.iter().find(|one| one.metric == Metric::LoadAvg).unwrap();
        assert_eq!((load.value, load.outcome), (9.0, Outcome::Exceeded));
        assert!(!throttler.is_awake());
    }

    #[test]
    fn names_of_applications_do_not_pile_up() {
        let throttler = throttler(true);
        for number in 0..RECENT_APPS_MAX + 10 {
            throttler.check(&format!("app{number}"));
        }
        assert_eq!(throttler.recent_apps().len(), RECENT_APPS_MAX);
    }
}
