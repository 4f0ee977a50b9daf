//! A replica whose source is back connects to it at once: MySQL itself sleeps for
//! `--replication-connect-retry` between two attempts, and commits on the source may be waiting for
//! this replica meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vt_base::{Result, TabletType};
use vt_mysql::{Address, Conn, ConnectParams};
use vt_mysqld::replication::{self, IoState, ReplicaStatus};

use crate::core::Core;

/// How long a source may take to let the tablet in, to count as back.
const KNOCK: Duration = Duration::from_secs(1);
/// How long stopping the receiving thread may take.
const STOP: Duration = Duration::from_secs(2);
/// The longest pause between two attempts that change nothing.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What is remembered of a receiving thread that tries to connect.
#[derive(Debug, Default)]
pub(crate) struct Reconnect {
    pause: Duration,
    next: Option<Instant>,
}

impl Reconnect {
    /// Takes note of what the thread does; returns whether it is time to look after it. One that was
    /// not trying to connect at the last look may yet succeed by itself.
    fn is_due(&mut self, io: IoState, now: Instant) -> bool {
        if io != IoState::Connecting {
            *self = Reconnect::default();
            return false;
        }
        match self.next {
            None => {
                self.next = Some(now);
                false
            }
            Some(next) => now >= next,
        }
    }

    /// Notes that the thread was started anew; if that changes nothing, the next time comes later.
    fn tried(&mut self, now: Instant) {
        self.pause = (self.pause * 2).clamp(KNOCK, PAUSE_MAX);
        self.next = Some(now + self.pause);
    }
}

impl Core {
    /// Starts the receiving thread anew if it sleeps while its source is there.
    pub(crate) async fn reconnect(
        self: &Arc<Core>,
        known: &mut Reconnect,
        status: &ReplicaStatus,
    ) -> Result<()> {
        if !self.config.replication.manage || !known.is_due(status.io, Instant::now()) {
            return Ok(());
        }
        if !self.lets_in(status).await {
            return Ok(());
        }
        // Whoever acts on replication now knows better; and a thread that does not stop must not
        // hold him up.
        let Ok(_action) = self.action.try_lock() else { return Ok(()) };
        known.tried(Instant::now());
        let mut conn = self.db.dba().await?;
        let now = replication::replica_status(&mut conn).await?;
        let same = now.is_some_and(|now| {
            now.io == IoState::Connecting
                && now.source_host == status.source_host
                && now.source_port == status.source_port
        });
        if !same || self.tablet_type() == TabletType::Primary {
            return Ok(());
        }
        tracing::info!(host = status.source_host, port = status.source_port, "the source is back");
        match tokio::time::timeout(STOP, replication::restart_io_thread(&mut conn)).await {
            Ok(done) => done,
            Err(_) => {
                tracing::warn!("the receiving thread does not stop");
                Ok(())
            }
        }
    }

    /// Returns whether the source takes connections of the account of replication.
    async fn lets_in(&self, status: &ReplicaStatus) -> bool {
        let address = Address::tcp(&status.source_host, status.source_port);
        let account = &self.config.db.repl;
        let mut params = ConnectParams::new(address, &account.user);
        params.password.clone_from(&account.password);
        params.connect_timeout = KNOCK;
        match Conn::connect(params).await {
            Ok(conn) => {
                conn.close().await;
                true
            }
            Err(err) => {
                tracing::debug!(%err, "the source is not back yet");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_sleeps_is_woken_and_one_that_runs_is_left_alone() {
        let (mut known, start) = (Reconnect::default(), Instant::now());
        assert!(!known.is_due(IoState::Running, start));
        assert!(!known.is_due(IoState::Connecting, start), "it has only begun to");
        assert!(known.is_due(IoState::Connecting, start + Duration::from_secs(1)));
        assert!(!known.is_due(IoState::Running, start));
        assert!(!known.is_due(IoState::Connecting, start), "that was another time");
    }

    #[test]
    fn attempts_that_change_nothing_come_ever_more_seldom() {
        let (mut known, mut now) = (Reconnect::default(), Instant::now());
        known.is_due(IoState::Connecting, now);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            assert!(known.is_due(IoState::Connecting, now));
            known.tried(now);
            assert!(!known.is_due(IoState::Connecting, now + Duration::from_millis(999)));
            now += Duration::from_secs(seconds);
        }
    }
}
