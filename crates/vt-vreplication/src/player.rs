//! The replication phase: what happens at the source happens here, and the position with it.
//!
//! A transaction of the source is part of one transaction here, which also writes the position
//! behind it: both come in, or neither does. Transactions that wait together are written together.
//! The position is changed only where it is still the one that this stream knows: what a process
//! before this one had under way, and what came in after all, is noticed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use vt_base::gtid::{GtidSet, Position};
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_proto::binlogdata::{
    Filter, Journal, OnDdlAction, RowEvent, VEvent, VEventType, VReplicationWorkflowState as State,
    VStreamRequest,
};
use vt_rpc::convert::field_from_proto;

use crate::SourceTablet;
use crate::bound::Bound;
use crate::extent::Copying;
use crate::handover::ended;
use crate::limit::Limit;
use crate::parts::{PARTS_MAX, read_parts};
use crate::pipe::{Pipe, Touched};
use crate::plan::Plans;
use crate::store::{now, quote};
use crate::stream::Stream;
use crate::trouble::{Outcome, Trouble};
use crate::work::{Target, Work};

/// Statements are sent when there are so many bytes of them.
const BATCH_BYTES: usize = 1 << 20;
/// A source says at least that nothing happens; one that does not for so long is lost.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Flag of rows that were written without a look at foreign keys.
const NO_FOREIGN_KEYS: u32 = 2;
/// How long a position without changes may wait to be written.
const SAVE_AFTER: Duration = Duration::from_secs(1);

/// How far a stream is played.
#[derive(Clone, Debug)]
pub(crate) enum Until {
    Forever,
    /// Until it is near its source.
    CaughtUp,
    /// Until it has these transactions.
    Has(GtidSet),
}

/// How playing ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Played {
    Cancelled,
    /// It came as far as it was to.
    Reached,
    /// The stream is stopped; the tables say why.
    Stopped,
    /// A definition changed: plans must be made anew.
    Redefined,
    /// The source was resharded.
    Journal(Box<Journal>),
}

/// Plays a stream.
pub(crate) struct Player<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) conn: &'a mut Conn,
    tablet: &'a SourceTablet,
    plans: &'a Plans,
    copying: &'a Copying,
    /// The position behind what was handed over.
    pub(crate) saved: String,
    /// The position that the table has.
    pub(crate) committed: String,
    stop: Option<GtidSet>,
    pub(crate) on_ddl: OnDdlAction,
    pub(crate) bound: HashMap<String, Option<Target>>,
    pub(crate) work: Work,
    /// Transactions under way, where several may be.
    pub(crate) pipe: Option<Pipe<Conn>>,
    /// The number of the last of them that is known to have come in.
    pub(crate) last_applied: Option<u64>,
    /// Foreign keys are checked but where the source says otherwise.
    checks_keys: bool,
    pub(crate) last_save: Instant,
    last_beat: Instant,
    /// The source has said that nothing happens there, which has not been written yet.
    idle: bool,
}

/// Where a stream goes on from, and what it is told.
pub(crate) struct Start {
    pub(crate) position: String,
    pub(crate) stop: Option<GtidSet>,
    pub(crate) on_ddl: OnDdlAction,
}

impl<'a> Player<'a> {
    pub(crate) fn new(
        stream: &'a Stream,
        conn: &'a mut Conn,
        tablet: &'a SourceTablet,
        (plans, copying): (&'a Plans, &'a Copying),
        start: Start,
    ) -> Player<'a> {
        let work = Work { position: start.position.clone(), ..Work::default() };
        Player {
            stream,
            conn,
            tablet,
            plans,
            copying,
            committed: start.position.clone(),
            saved: start.position,
            stop: start.stop,
            on_ddl: start.on_ddl,
            bound: HashMap::new(),
            work,
            pipe: None,
            last_applied: None,
            checks_keys: false,
            last_save: Instant::now(),
            last_beat: Instant::now(),
            idle: false,
        }
    }

    /// Returns the position that the table has.
    pub(crate) fn position(&self) -> &str {
        &self.committed
    }

    /// Plays until an end.
    pub(crate) async fn play(&mut self, until: &Until) -> Outcome<Played> {
        if let Some(end) = self.ends(until)? {
            return self.end(end).await;
        }
        self.checks_keys = matches!(until, Until::Forever);
        let rules =
            self.plans.by_target.iter().filter_map(|(name, plan)| match self.copying.get(name) {
                None => Some(plan.rule(&[])),
                Some(extent) if !extent.has_begun() => None,
                Some(extent) => {
                    let key: Vec<String> =
                        extent.fields.iter().map(|field| field.name.clone()).collect();
                    Some(plan.rule(&key))
                }
            });
        let filter = Filter { rules: rules.collect(), ..self.stream.filter_head() };
        let request = VStreamRequest {
            position: self.saved.clone(),
            filter: Some(filter),
            ..VStreamRequest::default()
        };
        let opening = self.tablet.v_stream(request);
        let Some(opened) = self.stream.token.run_until_cancelled(opening).await else {
            return Ok(Played::Cancelled);
        };
        let (sender, receiver) = mpsc::channel(PARTS_MAX);
        let reading = read_parts(opened?, sender);
        let played = tokio::select! {
            biased;
            played = self.apply(receiver, until) => played,
            () = reading => Err(Error::bug("the reader of a stream ended").into()),
        };
        if let Err(Trouble::Source(_)) = &played {
            // What is under way is not to come in while the next attempt looks for its place.
            self.drain().await?;
        }
        played
    }

    async fn apply(
        &mut self,
        mut parts: mpsc::Receiver<Result<Vec<VEvent>>>,
        until: &Until,
    ) -> Outcome<Played> {
        let (token, status) = (self.stream.token.clone(), self.stream.status.clone());
        loop {
            let part = tokio::select! {
                biased;
                () = token.cancelled() => None,
                () = status.hurried() => {
                    self.settle().await?;
                    self.save().await?;
                    continue;
                }
                done = ended(&mut self.pipe) => {
                    self.note_applied(done?);
                    continue;
                }
                part = tokio::time::timeout(SILENCE_MAX, parts.recv()) => Some(part),
            };
            let Some(part) = part else {
                // What is not whole is forgotten; it comes again.
                self.forget_half().await?;
                self.save().await?;
                return Ok(Played::Cancelled);
            };
            let silent = || Error::new(Code::Unavailable, "the source is silent");
            let events = part.map_err(|_| silent())?.ok_or_else(silent)??;
            if let Some(played) = self.take_all(events, until).await? {
                return Ok(played);
            }
            while let Ok(events) = parts.try_recv() {
                // A failure waits until what came before it is written.
                let events = match events {
                    Ok(events) => events,
                    Err(error) => {
                        self.settle().await?;
                        return Err(error.into());
                    }
                };
                if let Some(played) = self.take_all(events, until).await? {
                    return Ok(played);
                }
            }
            self.settle().await?;
            if status.is_awaited() {
                self.save().await?;
            }
            self.beat().await?;
        }
    }

    async fn take_all(&mut self, events: Vec<VEvent>, until: &Until) -> Outcome<Option<Played>> {
        for event in events {
            if let Some(played) = self.take(event, until).await? {
                return Ok(Some(played));
            }
        }
        Ok(None)
    }

    async fn take(&mut self, event: VEvent, until: &Until) -> Outcome<Option<Played>> {
        match event.r#type() {
            VEventType::Begin => self.work.half = true,
            VEventType::Gtid => self.work.next = event.gtid,
            VEventType::Field => self.learn(event)?,
            VEventType::Row => {
                let Some(rows) = event.row_event else { return Ok(None) };
                self.rows(&rows).map_err(Trouble::Plan)?;
                if self.work.sql.len() >= BATCH_BYTES {
                    self.send().await?;
                }
            }
            VEventType::Commit | VEventType::Rollback | VEventType::Other => {
                self.work.whole(event.timestamp);
                if let Some(end) = self.ends(until)? {
                    return self.end(end).await.map(Some);
                }
                if matches!(until, Until::CaughtUp) && self.is_near(&event) {
                    self.settle().await?;
                    self.save().await?;
                    return Ok(Some(Played::Reached));
                }
                if self.work.sql.len() >= BATCH_BYTES {
                    self.settle().await?;
                }
            }
            VEventType::Ddl => {
                self.settle().await?;
                self.work.whole(event.timestamp);
                if let Some(played) = self.define(&event.statement).await? {
                    return Ok(Some(played));
                }
                if let Some(end) = self.ends(until)? {
                    return self.end(end).await.map(Some);
                }
            }
            VEventType::Journal => {
                let Some(journal) = event.journal else { return Ok(None) };
                if crate::journal::concerns(&journal, self.plans).map_err(Trouble::Plan)? {
                    // Its transaction has nothing for this table; what came before it has ended.
                    self.work.half = false;
                    self.settle().await?;
                    self.save().await?;
                    return Ok(Some(Played::Journal(Box::new(journal))));
                }
            }
            VEventType::Heartbeat => {
                self.stream.status.beat();
                self.idle = true;
                if matches!(until, Until::CaughtUp) && !self.work.half {
                    self.settle().await?;
                    self.save().await?;
                    return Ok(Some(Played::Reached));
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn is_near(&self, event: &VEvent) -> bool {
        let behind = u64::try_from(now() - event.timestamp).unwrap_or(0);
        behind <= self.stream.config.lag_tolerance.as_secs()
    }

    /// Returns the end that the position behind what is whole comes to.
    fn ends(&self, until: &Until) -> Result<Option<Played>> {
        let wanted = match until {
            Until::Has(wanted) => Some(wanted),
            _ => None,
        };
        if wanted.is_none() && self.stop.is_none() {
            return Ok(None);
        }
        let have = position(&self.work.position)?;
        if self.stop.as_ref().is_some_and(|stop| have.contains(stop)) {
            return Ok(Some(Played::Stopped));
        }
        Ok(wanted.filter(|wanted| have.contains(wanted)).map(|_| Played::Reached))
    }

    async fn end(&mut self, end: Played) -> Outcome<Played> {
        self.settle().await?;
        self.save().await?;
        if end == Played::Stopped {
            let message = "Reached stopping position, done playing logs";
            self.stream.set_state(self.conn, State::Stopped, message).await?;
        }
        Ok(end)
    }

    /// Takes note of a table's columns.
    fn learn(&mut self, event: VEvent) -> Outcome<()> {
        let Some(field) = event.field_event else { return Ok(()) };
        let target = match self.plans.of_source(&field.table_name) {
            None => None,
            Some(plan) => {
                let fields = field.fields.iter().map(field_from_proto).collect();
                let bound = Bound::new(plan.clone(), &self.stream.store.database, fields);
                let bound = bound.map_err(Trouble::Plan)?;
                let limit = match self.copying.get(&plan.table.name) {
                    None => None,
                    Some(extent) if !extent.has_begun() => {
                        self.bound.insert(field.table_name, None);
                        return Ok(());
                    }
                    Some(extent) => Some(Limit::new(extent, &bound)?),
                };
                Some(Target { bound, limit })
            }
        };
        self.bound.insert(field.table_name, target);
        Ok(())
    }

    /// Turns changes of rows into statements.
    fn rows(&mut self, event: &RowEvent) -> Result<()> {
        let unknown = || Error::bug(format!("rows of table {} came first", event.table_name));
        let target = self.bound.get(&event.table_name).ok_or_else(unknown)?;
        let Some(target) = target else { return Ok(()) };
        let Work { sql, touched, .. } = &mut self.work;
        // What the source's server did by itself, because other rows went, it has logged as done.
        let is_unchecked = self.checks_keys && event.flags & NO_FOREIGN_KEYS != 0;
        if is_unchecked {
            sql.extend_from_slice(b"set session foreign_key_checks=0;");
        }
        let counts = target.write(event, (&mut *sql, self.pipe.is_some().then_some(touched)))?;
        if is_unchecked {
            sql.extend_from_slice(b"set session foreign_key_checks=1;");
        }
        self.stream.count(counts.bulk, counts.noops);
        Ok(())
    }

    /// Sends the statements so far, and keeps the transaction open.
    async fn send(&mut self) -> Outcome<()> {
        self.throttled().await?;
        if self.work.sql.is_empty() {
            return Ok(());
        }
        self.drain().await?;
        let sql = self.work.take_sql();
        if let Err(error) = self.conn.query_multi(sql, 0).await {
            return Err(self.refused(error).await);
        }
        self.work.began = true;
        self.work.touched = Touched::default();
        Ok(())
    }

    /// Writes what is whole, and the position with it.
    async fn settle(&mut self) -> Outcome<()> {
        if self.work.half || (self.work.sql.is_empty() && !self.work.began) {
            return Ok(());
        }
        self.throttled().await?;
        if self.pipe.is_some() && !self.work.began {
            return self.hand_over().await;
        }
        let mut sql = self.work.take_sql();
        sql.extend_from_slice(self.save_sql().as_bytes());
        let results = match self.conn.query_multi(sql, 0).await {
            Ok(results) => results,
            Err(error) => return Err(self.refused(error).await),
        };
        if results.last().is_none_or(|last| last.rows_affected != 1) {
            self.conn.query("rollback", 0).await?;
            return Err(Trouble::Moved);
        }
        self.conn.query("commit", 0).await.map_err(Trouble::Target)?;
        self.work.began = false;
        self.note_saved();
        Ok(())
    }

    /// Writes the position where nothing else is to be written.
    pub(crate) async fn save(&mut self) -> Outcome<()> {
        self.drain().await?;
        if self.work.half || self.work.position == self.saved {
            return Ok(());
        }
        let saved = self.conn.query(self.save_sql(), 0).await?;
        if saved.rows_affected != 1 {
            return Err(Trouble::Moved);
        }
        self.note_saved();
        Ok(())
    }

    pub(crate) fn save_sql(&self) -> String {
        let Work { position, timestamp, .. } = &self.work;
        let table = self.stream.store.table("vreplication");
        let at = match timestamp {
            0 => String::new(),
            at => format!(", transaction_timestamp = {at}"),
        };
        format!(
            "update {table} set pos = {}, time_updated = {}{at}, message = '' \
             where id = {} and pos = {}",
            quote(position),
            now(),
            self.stream.id,
            quote(&self.saved)
        )
    }

    fn note_saved(&mut self) {
        self.saved.clone_from(&self.work.position);
        self.committed.clone_from(&self.saved);
        self.last_save = Instant::now();
        let count = std::mem::take(&mut self.work.transactions);
        self.work.touched = Touched::default();
        self.stream.status.applied(&self.saved, self.work.timestamp, count);
        self.stream.count_transactions(count);
    }

    /// Gives up the part of a transaction that has come.
    async fn forget_half(&mut self) -> Outcome<()> {
        if self.work.half && self.work.began {
            self.conn.query("rollback", 0).await?;
        }
        if self.work.half {
            // Whole transactions may lie before it in the same statements; they come again too.
            self.work = Work { position: self.saved.clone(), ..Work::default() };
        }
        Ok(())
    }

    /// Says that the stream lives, now and then.
    async fn beat(&mut self) -> Outcome<()> {
        if self.last_save.elapsed() >= SAVE_AFTER {
            self.save().await?;
            self.last_save = Instant::now();
        }
        // The row is locked by what is under way, which does not go on while this waits for it.
        let is_idle = self.pipe.as_ref().is_none_or(Pipe::is_idle);
        let is_time = self.last_beat.elapsed() >= self.stream.config.heartbeat_interval;
        if is_idle && !self.work.began && is_time {
            self.last_beat = Instant::now();
            let now = now();
            // The heartbeat is the source's: a stream that is behind has none.
            let heard = match std::mem::take(&mut self.idle) {
                true => format!("time_heartbeat = {now}, "),
                false => String::new(),
            };
            let sql = format!(
                "update {} set {heard}time_updated = {now} where id = {}",
                self.stream.store.table("vreplication"),
                self.stream.id
            );
            self.conn.query(sql, 0).await?;
        }
        Ok(())
    }
}

pub(crate) fn position(text: &str) -> Result<GtidSet> {
    match text.is_empty() {
        true => Ok(GtidSet::default()),
        false => Ok(text.parse::<Position>()?.gtid_set),
    }
}
