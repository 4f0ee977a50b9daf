//! The copy phase: a table's rows, in the order of its key, as they were at one position.
//!
//! What is here already is first brought to the position of the snapshot, no further; so what is
//! here is always that of one position: tables that are done, and of the one under way the rows up
//! to the last key. Batches are inserted several at once and come in one after the other, each with
//! the key that it ends with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_proto::binlogdata::{VStreamRowsRequest, VStreamRowsResponse};
use vt_proto::query::{self, QueryResult};
use vt_rpc::convert::field_from_proto;
use vt_rpc::status::from_status;

use crate::SourceTablet;
use crate::bound::{Bound, Cells};
use crate::plan::{Mode, Plans};
use crate::player::{Copying, Played, Player, Start, Until, position};
use crate::spec::write_last_key;
use crate::store::{now, number, quote};
use crate::stream::Stream;
use crate::trouble::{Outcome, Trouble};

/// A batch that was kept waiting by another is tried so many times.
const TRIES_MAX: u32 = 5;
/// A lock was waited for too long, or two batches waited for one another.
const LOCKED: [u16; 2] = [1205, 1213];
/// Messages of the source are inserted together up to so many bytes.
const BATCH_BYTES: usize = 1 << 20;

/// How a copy ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Copied {
    /// The table is here whole.
    Done,
    /// The snapshot was read for as long as one may be.
    Paused,
    Cancelled,
    /// Catching up ended with something else.
    Ended(Played),
}

/// A row of `_vt.copy_state`: the last of a table counts.
#[derive(Clone, Debug)]
pub(crate) struct CopyState {
    pub(crate) id: i64,
    /// As the table has it.
    pub(crate) last_text: Option<String>,
}

/// Copies one table.
pub(crate) struct Copier<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) tablet: &'a SourceTablet,
    pub(crate) plans: &'a Plans,
    pub(crate) copying: &'a Copying,
    pub(crate) table: &'a str,
    pub(crate) state: CopyState,
}

/// Rows that are inserted together.
struct Batch {
    sequence: u64,
    rows: Vec<query::Row>,
    /// The key of the last of them.
    last: String,
}

/// What the batches under way share.
struct Shared<'a> {
    copier: &'a Copier<'a>,
    bound: Bound,
    conns: Mutex<Vec<Conn>>,
    /// Rows are loaded as files; not any more once that did not take them all.
    loads: AtomicBool,
    /// The number of the batch that may come in next.
    turn: watch::Sender<u64>,
    last: Mutex<Option<String>>,
}

impl Copier<'_> {
    /// Copies the table; `start` is where what is here already stands.
    pub(crate) async fn run(&self, conn: &mut Conn, start: Start) -> Outcome<Copied> {
        let plan = self
            .plans
            .by_target
            .get(self.table)
            .ok_or_else(|| Trouble::Plan(Error::bug("a table is copied that has no plan")))?;
        let last = self.copying.get(self.table).cloned().flatten();
        self.stream.throttled(conn, "vcopier").await?;
        let request = VStreamRowsRequest {
            query: plan.ask(&[]),
            lastpk: last,
            ..VStreamRowsRequest::default()
        };
        let opening = self.open(request);
        let Some(opened) = self.stream.token.run_until_cancelled(opening).await else {
            return Ok(Copied::Cancelled);
        };
        let (head, messages) = opened?;
        if let Some(ended) = self.catch_up(conn, start, &head.gtid).await? {
            return Ok(Copied::Ended(ended));
        }
        let fields = head.fields.iter().map(field_from_proto).collect();
        let bound =
            Bound::new(plan.clone(), &self.stream.store.database, fields).map_err(Trouble::Plan)?;
        // Rows that are counted together would wait for one another, and for their turn.
        let workers = match plan.mode {
            Mode::Plain => self.stream.config.insert_workers,
            Mode::Ignore | Mode::Aggregate => 1,
        };
        self.stream.metrics.copy_loops.add(&[&self.stream.workflow], 1);
        self.insert_all(bound, head, messages, workers).await
    }

    /// Opens the snapshot; returns its first message, which tells its position.
    async fn open(
        &self,
        request: VStreamRowsRequest,
    ) -> Result<(VStreamRowsResponse, tonic::Streaming<VStreamRowsResponse>)> {
        let mut messages = self.tablet.v_stream_rows(request).await?;
        loop {
            let ended = || Error::new(Code::Unavailable, "the source ended a copy at once");
            let message = messages.message().await.map_err(|status| from_status(&status))?;
            let message = message.ok_or_else(ended)?;
            if !message.gtid.is_empty() {
                return Ok((message, messages));
            }
        }
    }

    /// Brings what is here to a position; returns how that ended if it did not come there.
    async fn catch_up(&self, conn: &mut Conn, start: Start, gtid: &str) -> Outcome<Option<Played>> {
        let wanted = position(gtid)?;
        let here = self
            .plans
            .by_target
            .keys()
            .any(|name| self.copying.get(name).is_none_or(Option::is_some));
        if start.position.is_empty() || !here {
            // There is nothing yet that could be at another position.
            let table = self.stream.store.table("vreplication");
            let sql = format!(
                "update {table} set pos = {}, time_updated = {} where id = {} and pos = {}",
                quote(gtid),
                now(),
                self.stream.id,
                quote(&start.position)
            );
            let same = start.position == gtid;
            let set = conn.query(sql, 0).await?;
            return if same || set.rows_affected == 1 { Ok(None) } else { Err(Trouble::Moved) };
        }
        let mut player =
            Player::new(self.stream, conn, self.tablet, (self.plans, self.copying), start);
        let played = player.play(&Until::Has(wanted.clone())).await?;
        if played != Played::Reached {
            return Ok(Some(played));
        }
        // Transactions beyond the snapshot would be lacking in the rows that come of it.
        if position(player.position())? != wanted {
            return Err(Error::new(
                Code::Unavailable,
                format!("the snapshot of table {} is older than what is here", self.table),
            )
            .into());
        }
        Ok(None)
    }

    async fn insert_all(
        &self,
        bound: Bound,
        head: VStreamRowsResponse,
        messages: tonic::Streaming<VStreamRowsResponse>,
        workers: usize,
    ) -> Outcome<Copied> {
        let mut conns = Vec::with_capacity(workers);
        let loads = bound.load().is_some() && self.may_load().await?;
        for _ in 0..workers {
            let mut conn = self.stream.store.connect().await?;
            conn.query("set session foreign_key_checks = 0", 0).await?;
            conn.query("set session transaction_isolation = 'READ-COMMITTED'", 0).await?;
            conns.push(conn);
        }
        let (conns, turn) = (Mutex::new(conns), watch::Sender::new(0));
        let last = Mutex::new(self.state.last_text.clone());
        let loads = AtomicBool::new(loads);
        let shared = Shared { copier: self, bound, conns, loads, turn, last };
        let mut reader = Reader {
            stream: self.stream,
            messages,
            head: Some(VStreamRowsResponse { pkfields: Vec::new(), ..head.clone() }),
            key: QueryResult { fields: head.pkfields, ..QueryResult::default() },
            sequence: 0,
            until: Instant::now() + self.stream.config.copy_phase_duration,
            end: None,
        };
        let (sender, receiver) = mpsc::channel(1);
        let reading = async {
            // The sender must go when the table ends, for the other half to end.
            let sender = sender;
            while let Some(batch) = reader.next().await? {
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
            Ok::<(), Trouble>(())
        };
        tokio::try_join!(reading, shared.write_all(receiver, workers))?;
        let end = reader.end.take().unwrap_or(Copied::Done);
        let mut conn = shared.conns.lock().pop();
        if let (Copied::Done, Some(conn)) = (&end, &mut conn) {
            self.finish(conn).await?;
        }
        Ok(end)
    }

    /// Makes the server take rows as files of its clients, if it does not and lets us.
    async fn may_load(&self) -> Outcome<bool> {
        let mut conn = self.stream.store.connect().await?;
        let found = conn.query("select @@global.local_infile", 1).await?;
        let is_on = found.rows.iter().next().is_some_and(|row| number(row, 0) == 1);
        if is_on {
            return Ok(true);
        }
        let set = conn.query("set global local_infile = on", 0).await;
        if let Err(error) = &set {
            tracing::info!(%error, "rows are inserted: the server takes no files of its clients");
        }
        conn.close().await;
        Ok(set.is_ok())
    }

    /// The table is here whole.
    async fn finish(&self, conn: &mut Conn) -> Outcome<()> {
        crate::keys::restore(self.stream, conn, self.table).await?;
        let sql = format!(
            "delete from {} where vrepl_id = {} and table_name = {}",
            self.stream.store.table("copy_state"),
            self.stream.id,
            quote(self.table)
        );
        conn.query(sql, 0).await?;
        let message = format!("table {}", self.table);
        self.stream.store.log(conn, self.stream.id, "Ended Copy Phase", &message).await?;
        Ok(())
    }
}

/// Reads what the source sends, in batches.
struct Reader<'a> {
    stream: &'a Stream,
    messages: tonic::Streaming<VStreamRowsResponse>,
    head: Option<VStreamRowsResponse>,
    /// The key's columns.
    key: QueryResult,
    sequence: u64,
    until: Instant,
    /// Why reading ended before the table did.
    end: Option<Copied>,
}

impl Reader<'_> {
    async fn next(&mut self) -> Outcome<Option<Batch>> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        let mut last = None;
        loop {
            let message = match self.head.take() {
                Some(head) => Some(head),
                None => self.message(last.is_some()).await?,
            };
            let Some(message) = message else { break };
            bytes += message.rows.iter().map(|row| row.values.len()).sum::<usize>();
            rows.extend(message.rows);
            last = message.lastpk.or(last);
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        let Some(last) = last else { return Ok(None) };
        let sequence = self.sequence;
        self.sequence += 1;
        let last = QueryResult { rows: vec![last], ..self.key.clone() };
        Ok(Some(Batch { sequence, rows, last: write_last_key(&last)? }))
    }

    /// Returns the next message; `None` ends the batch, or the copy.
    async fn message(&mut self, has_some: bool) -> Outcome<Option<VStreamRowsResponse>> {
        if self.stream.token.is_cancelled() {
            self.end = Some(Copied::Cancelled);
            return Ok(None);
        }
        if Instant::now() >= self.until {
            self.end = Some(Copied::Paused);
            return Ok(None);
        }
        let (mut asked, mut conn) = (0u32, None);
        while let Some(reason) = self.stream.throttle.check("vcopier") {
            if self.stream.token.is_cancelled() {
                self.end = Some(Copied::Cancelled);
                return Ok(None);
            }
            // What was read is written before the wait.
            if has_some {
                return Ok(None);
            }
            let mut telling = match conn.take() {
                Some(conn) => conn,
                None => self.stream.store.connect().await?,
            };
            self.stream.note_throttled(&mut telling, ("vcopier", &reason), asked).await?;
            conn = Some(telling);
            asked = asked.saturating_add(1);
            tokio::time::sleep(PAUSE).await;
        }
        let message = tokio::select! {
            biased;
            () = self.stream.token.cancelled() => {
                self.end = Some(Copied::Cancelled);
                return Ok(None);
            }
            message = self.messages.message() => message,
        };
        Ok(message.map_err(|status| from_status(&status))?)
    }
}

/// How long a copy that has to wait waits before it asks again.
const PAUSE: Duration = Duration::from_millis(250);

impl Shared<'_> {
    /// Writes batches as they come, so many at once.
    async fn write_all(&self, mut batches: mpsc::Receiver<Batch>, workers: usize) -> Outcome<()> {
        let mut under_way = FuturesUnordered::new();
        let mut ended = false;
        loop {
            let may_take = !ended && under_way.len() < workers;
            tokio::select! {
                biased;
                Some(written) = under_way.next(), if !under_way.is_empty() => written?,
                batch = batches.recv(), if may_take => match batch {
                    Some(batch) => under_way.push(self.write(batch)),
                    None => ended = true,
                },
                else => return Ok(()),
            }
        }
    }

    async fn write(&self, batch: Batch) -> Outcome<()> {
        let conn = self.conns.lock().pop();
        let mut conn = conn.ok_or_else(|| Error::bug("more batches than connections"))?;
        self.insert(&mut conn, &batch).await?;
        let mut turn = self.turn.subscribe();
        // The sender lives as long as this does.
        let waited = turn.wait_for(|turn| *turn == batch.sequence).await;
        waited.map_err(|_| Error::bug("the turns of batches ended"))?;
        self.come_in(&mut conn, &batch).await?;
        *self.last.lock() = Some(batch.last);
        self.conns.lock().push(conn);
        self.turn.send_replace(batch.sequence + 1);
        let stream = self.copier.stream;
        let count = batch.rows.len() as u64;
        stream.metrics.copied_rows.add(&[&stream.workflow, self.copier.table], count);
        Ok(())
    }

    /// Inserts the rows, and leaves the transaction open.
    async fn insert(&self, conn: &mut Conn, batch: &Batch) -> Outcome<()> {
        if self.loads.load(Ordering::Relaxed) && !batch.rows.is_empty() {
            if self.load(conn, batch).await? {
                return Ok(());
            }
            // An INSERT says what is wrong, where something is.
            self.loads.store(false, Ordering::Relaxed);
        }
        let sql = self.statements(&batch.rows).map_err(Trouble::Plan)?;
        for tried in 1.. {
            match conn.query_multi(&sql, 0).await {
                Ok(_) => break,
                Err(error) if LOCKED.contains(&error.errno()) && tried < TRIES_MAX => {
                    conn.query("rollback", 0).await?;
                }
                Err(error) => return Err(Trouble::Target(error)),
            }
        }
        Ok(())
    }

    /// Loads the rows as a file, and leaves the transaction open; returns whether all are there as
    /// they are. MySQL spends half of what it spends on an INSERT.
    async fn load(&self, conn: &mut Conn, batch: &Batch) -> Outcome<bool> {
        let Some(sql) = self.bound.load() else { return Ok(false) };
        let mut file = Vec::with_capacity(BATCH_BYTES + (BATCH_BYTES >> 2));
        let cells: Vec<Cells<'_>> = batch.rows.iter().map(Cells::of).collect::<Result<_>>()?;
        self.bound.file(cells.iter(), &mut file);
        for tried in 1.. {
            conn.query("begin", 0).await?;
            match conn.load_local(sql, &file).await {
                // What MySQL would refuse in an INSERT is a warning here, or a row less.
                Ok(done) if done.warnings == 0 && done.rows_affected == cells.len() as u64 => {
                    return Ok(true);
                }
                Err(error) if conn.is_broken() => return Err(Trouble::Target(error)),
                Err(error) if LOCKED.contains(&error.errno()) && tried < TRIES_MAX => {
                    conn.query("rollback", 0).await?;
                }
                Ok(_) | Err(_) => break,
            }
        }
        conn.query("rollback", 0).await?;
        Ok(false)
    }

    fn statements(&self, rows: &[query::Row]) -> Result<Vec<u8>> {
        let mut sql = b"begin".to_vec();
        if !rows.is_empty() {
            sql.push(b';');
            let cells: Vec<Cells<'_>> = rows.iter().map(Cells::of).collect::<Result<_>>()?;
            self.bound.insert(cells.iter(), &mut sql)?;
        }
        Ok(sql)
    }

    /// Writes how far the copy has come, and commits.
    async fn come_in(&self, conn: &mut Conn, batch: &Batch) -> Outcome<()> {
        let stream = self.copier.stream;
        let before = match &*self.last.lock() {
            Some(last) => quote(last),
            None => "null".to_owned(),
        };
        let sql = format!(
            "update {} set lastpk = {} where id = {} and lastpk <=> {before}; \
             update {} set rows_copied = rows_copied + {}, time_updated = {} where id = {}",
            stream.store.table("copy_state"),
            quote(&batch.last),
            self.copier.state.id,
            stream.store.table("vreplication"),
            batch.rows.len(),
            now(),
            stream.id
        );
        let results = conn.query_multi(sql, 0).await.map_err(Trouble::Target)?;
        if results.iter().any(|one| one.rows_affected != 1) {
            conn.query("rollback", 0).await?;
            return Err(Trouble::Moved);
        }
        conn.query("commit", 0).await.map_err(Trouble::Target)?;
        Ok(())
    }
}
