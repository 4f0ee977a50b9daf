//! Handing whole transactions over to be applied beside those that are under way.
//!
//! What is under way goes on only while the player waits for it, or for more to come: before it
//! waits for a lock that they may have, and wherever their order matters, it lets them end.

use std::time::Instant;

use vt_base::Error;
use vt_mysql::Conn;

use crate::pipe::{Done, Pipe, Unit, why_refused};
use crate::player::Player;
use crate::stream::Stream;
use crate::trouble::{Outcome, Trouble};
use crate::work::Work;

/// The name under which the throttler knows who follows.
const APP: &str = "vplayer";
/// How long a lock is waited for: one that a later unit has is not given back by waiting.
const LOCK_SECONDS: u32 = 1;

impl<'a> Player<'a> {
    /// Lets so many transactions that touch other rows be applied at once.
    pub(crate) fn with_workers(mut self, workers: usize) -> Player<'a> {
        self.pipe = (workers > 1).then(|| Pipe::new(workers));
        self
    }

    /// Hands what is whole over to be applied beside what is under way.
    pub(crate) async fn hand_over(&mut self) -> Outcome<()> {
        let save = self.save_sql();
        let Work { position, timestamp, .. } = &self.work;
        let done = Done {
            position: position.clone(),
            timestamp: *timestamp,
            transactions: std::mem::take(&mut self.work.transactions),
            again: false,
        };
        let touched = std::mem::take(&mut self.work.touched);
        let unit = Unit { sql: self.work.take_sql(), save, done, touched };
        if self.pipe.as_ref().is_some_and(|pipe| pipe.meets(&unit)) {
            self.stream.count_parallel("waited");
        }
        while self.pipe.as_ref().is_some_and(|pipe| pipe.must_wait(&unit)) {
            let ended = ended(&mut self.pipe).await?;
            self.note_applied(ended);
        }
        let idle = self.pipe.as_mut().and_then(Pipe::take_idle);
        let conn = match idle {
            Some(conn) => conn,
            None => connect(self.stream).await?,
        };
        self.saved.clone_from(&self.work.position);
        if let Some(pipe) = &mut self.pipe {
            if !pipe.is_idle() {
                self.stream.count_parallel("beside");
            }
            pipe.start(unit, conn);
        }
        Ok(())
    }

    /// Waits until nothing is under way.
    pub(crate) async fn drain(&mut self) -> Outcome<()> {
        while self.pipe.as_ref().is_some_and(|pipe| !pipe.is_idle()) {
            let ended = ended(&mut self.pipe).await?;
            self.note_applied(ended);
        }
        Ok(())
    }

    /// Takes note of a unit that has come in. They do so in their order, but those that came in
    /// together may be told of in another.
    pub(crate) fn note_applied(&mut self, (sequence, done): (u64, Done)) {
        self.last_save = Instant::now();
        self.stream.count_transactions(done.transactions);
        if done.again {
            self.stream.count_parallel("again");
        }
        if self.last_applied.is_some_and(|last| last > sequence) {
            self.stream.status.add_transactions(done.transactions);
            return;
        }
        self.last_applied = Some(sequence);
        self.stream.status.applied(&done.position, done.timestamp, done.transactions);
        self.committed = done.position;
    }

    /// Returns why the statements of a transaction were refused, which is given up.
    pub(crate) async fn refused(&mut self, error: Error) -> Trouble {
        if self.conn.is_broken() {
            return Trouble::Target(error);
        }
        let save = self.save_sql();
        drop(self.conn.query("rollback", 0).await);
        why_refused(self.conn, &save, error).await
    }

    /// Waits until the throttler lets the player go on.
    pub(crate) async fn throttled(&mut self) -> Outcome<()> {
        if self.stream.throttle.check(APP).is_none() {
            return Ok(());
        }
        self.drain().await?;
        self.stream.throttled(self.conn, APP).await
    }
}

/// Opens a connection that units are run on.
async fn connect(stream: &Stream) -> Outcome<Conn> {
    let mut conn = stream.store.connect().await?;
    let sql = format!(
        "set session transaction_isolation = 'READ-COMMITTED', foreign_key_checks = 1, \
         innodb_lock_wait_timeout = {LOCK_SECONDS}"
    );
    conn.query(sql, 0).await?;
    Ok(conn)
}

/// Waits for a unit that is under way to end; without end where there is none.
pub(crate) async fn ended(pipe: &mut Option<Pipe<Conn>>) -> Outcome<(u64, Done)> {
    let ended = match pipe {
        Some(pipe) => pipe.ended().await,
        None => None,
    };
    match ended {
        Some(ended) => ended,
        None => std::future::pending().await,
    }
}
