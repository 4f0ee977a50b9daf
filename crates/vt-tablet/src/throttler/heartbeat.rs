//! Heartbeats: the primary writes the time into `_vt.heartbeat`, and replicas show how old what they
//! have is. Written all the time only where that is asked for, else while somebody checks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;
use vt_base::{Result, TabletType};
use vt_mysql::Conn;

use crate::core::Core;
use crate::db::{Role, quote_name, quote_text};
use crate::state::Serving;

/// When heartbeats are written.
#[derive(Clone, Debug)]
pub struct HeartbeatConfig {
    /// `--heartbeat-enable`: all the time.
    pub always: bool,
    /// `--heartbeat-interval`
    pub interval: Duration,
    /// `--heartbeat-on-demand-duration`: how long after somebody has asked for them.
    pub on_demand: Duration,
}

impl Default for HeartbeatConfig {
    fn default() -> HeartbeatConfig {
        HeartbeatConfig {
            always: false,
            interval: Duration::from_secs(1),
            on_demand: Duration::from_secs(10),
        }
    }
}

/// Until when heartbeats are wanted.
pub struct Lease {
    config: HeartbeatConfig,
    until: Mutex<Option<Instant>>,
    began: Notify,
}

impl Lease {
    pub(super) fn new(config: HeartbeatConfig) -> Lease {
        Lease { config, until: Mutex::default(), began: Notify::new() }
    }

    /// Wants heartbeats for a while from now on.
    pub fn extend(&self) {
        let was_wanted = self.is_wanted();
        *self.until.lock() = Instant::now().checked_add(self.config.on_demand);
        if !was_wanted {
            self.began.notify_waiters();
        }
    }

    pub fn is_wanted(&self) -> bool {
        self.config.always || self.until.lock().is_some_and(|until| Instant::now() < until)
    }

    async fn wait_wanted(&self) {
        loop {
            let began = self.began.notified();
            tokio::pin!(began);
            began.as_mut().enable();
            if self.is_wanted() {
                return;
            }
            began.await;
        }
    }
}

impl Core {
    /// Writes heartbeats while they are wanted and this tablet is a primary that serves; runs until
    /// cancelled.
    pub async fn write_heartbeats(self: Arc<Core>) {
        let lease = &self.throttler.heartbeats;
        let mut states = self.state.watch();
        let mut conn: Option<Conn> = None;
        loop {
            lease.wait_wanted().await;
            states.mark_unchanged();
            if self.may_write_heartbeats() {
                tokio::select! {
                    biased;
                    // A write that waits for replicas must not keep a primary from stepping down.
                    () = self.must_stop_heartbeats(&mut states) => conn = None,
                    written = self.write_heartbeat(&mut conn) => {
                        if let Err(err) = written {
                            conn = None;
                            tracing::debug!(%err, "cannot write a heartbeat");
                        }
                    }
                }
            } else {
                conn = None;
            }
            tokio::time::sleep(lease.config.interval).await;
        }
    }

    fn may_write_heartbeats(&self) -> bool {
        let state = self.state.get();
        state.target.tablet_type == TabletType::Primary && state.serving == Serving::Serving
    }

    async fn must_stop_heartbeats(&self, states: &mut tokio::sync::watch::Receiver<u64>) {
        while self.may_write_heartbeats() {
            if states.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn write_heartbeat(&self, conn: &mut Option<Conn>) -> Result<()> {
        let conn = match conn {
            Some(conn) => conn,
            None => conn.insert(self.db.connect(Role::Dba, None).await?),
        };
        let place = quote_text(&format!("{}:{}", self.config.keyspace, self.config.shard));
        // The time is mysqld's, by which replicas of the same machine or a like clock measure.
        let sql = format!(
            "insert into {}.heartbeat (ts, tabletUid, keyspaceShard) \
             values (cast(unix_timestamp(now(6)) * 1000000000 as unsigned), {}, {place}) \
             on duplicate key update ts = values(ts), tabletUid = values(tabletUid)",
            quote_name(&self.sidecar.load()),
            self.config.alias.uid,
        );
        conn.query(&sql, 0).await?;
        Ok(())
    }
}
