//! Batches of rows as they come in: several are written at once, and those of one range of the
//! key are committed one after the other, each with the key that it ends with.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use vt_base::{Error, Result};
use vt_mysql::Conn;
use vt_mysql::client::Prepared;
use vt_proto::query;

use crate::bound::{Bound, Cells};
use crate::extent::Part;
use crate::reader::{BATCH_BYTES, Batch, LARGE_ROW_BYTES};
use crate::store::{now, quote};
use crate::stream::Stream;
use crate::trouble::{Outcome, Trouble};

/// A batch that was kept waiting by another is tried so many times.
const TRIES_MAX: u32 = 5;
/// A lock was waited for too long, or two batches waited for one another.
const LOCKED: [u16; 2] = [1205, 1213];

/// Writes the rows of one table. Batches under way share it.
pub(crate) struct Writer<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) table: &'a str,
    pub(crate) bound: Bound,
    /// The columns of the keys.
    pub(crate) fields: Vec<query::Field>,
    pub(crate) ranges: Vec<Lane>,
    pub(crate) conns: Mutex<Vec<Session>>,
    /// Rows are loaded as files; not any more once that did not take them all.
    pub(crate) loads: AtomicBool,
}

/// A connection that rows are written on.
pub(crate) struct Session {
    conn: Conn,
    /// The statement that inserts a row, once it is prepared.
    insert: Option<Prepared>,
}

impl Session {
    pub(crate) fn new(conn: Conn) -> Session {
        Session { conn, insert: None }
    }
}

/// A range, and how far it has come.
pub(crate) struct Lane {
    part: Mutex<Part>,
    /// The number of the batch that may come in next.
    turn: watch::Sender<u64>,
}

impl Lane {
    pub(crate) fn new(part: Part) -> Lane {
        Lane { part: Mutex::new(part), turn: watch::Sender::new(0) }
    }
}

impl Writer<'_> {
    /// Writes batches as they come, so many at once.
    pub(crate) async fn write_all(
        &self,
        mut batches: mpsc::Receiver<Batch>,
        workers: usize,
    ) -> Outcome<()> {
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

    /// Returns the key up to which a range is here.
    pub(crate) fn last_of(&self, range: usize) -> Option<query::Row> {
        self.ranges.get(range)?.part.lock().last.clone()
    }

    async fn write(&self, batch: Batch) -> Outcome<()> {
        let range = self.ranges.get(batch.range);
        let range = range.ok_or_else(|| Error::bug("a batch of a range that is not read"))?;
        let session = self.conns.lock().pop();
        let mut session = session.ok_or_else(|| Error::bug("more batches than connections"))?;
        self.insert(&mut session, &batch).await?;
        let mut turn = range.turn.subscribe();
        // The sender lives as long as this does.
        let waited = turn.wait_for(|turn| *turn == batch.sequence).await;
        waited.map_err(|_| Error::bug("the turns of batches ended"))?;
        let count = batch.rows.len() as u64;
        let sequence = batch.sequence;
        self.come_in(&mut session.conn, (range, batch)).await?;
        self.conns.lock().push(session);
        range.turn.send_replace(sequence + 1);
        self.stream.count_copied(self.table, count);
        Ok(())
    }

    /// Inserts the rows, and leaves the transaction open.
    async fn insert(&self, session: &mut Session, batch: &Batch) -> Outcome<()> {
        if batch.bytes / batch.rows.len().max(1) >= LARGE_ROW_BYTES
            && self.execute(session, batch).await?
        {
            return Ok(());
        }
        let conn = &mut session.conn;
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

    /// Inserts rows one by one by a prepared statement, and leaves the transaction open; returns
    /// whether all are there. MySQL then neither looks for the ends of large values nor copies them
    /// to take escapes out.
    async fn execute(&self, session: &mut Session, batch: &Batch) -> Outcome<bool> {
        let Some(sql) = self.bound.prepared() else { return Ok(false) };
        let conn = &mut session.conn;
        let insert = match session.insert {
            Some(insert) => insert,
            None => *session.insert.insert(conn.prepare(sql).await.map_err(Trouble::Target)?),
        };
        for _ in 0..TRIES_MAX {
            conn.query("begin", 0).await?;
            let error = match self.execute_all(conn, insert, &batch.rows).await {
                Ok(()) => return Ok(true),
                Err(error) => error,
            };
            if conn.is_broken() {
                return Err(Trouble::Target(error));
            }
            conn.query("rollback", 0).await?;
            if !LOCKED.contains(&error.errno()) {
                break;
            }
        }
        // A statement with all rows says what is wrong, where something is.
        Ok(false)
    }

    async fn execute_all(
        &self,
        conn: &mut Conn,
        insert: Prepared,
        rows: &[query::Row],
    ) -> Result<()> {
        for row in rows {
            let values = self.bound.sent(&Cells::of(row)?);
            conn.execute(insert, &values).await?;
        }
        Ok(())
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

    /// Writes how far the copy of the range has come, and commits.
    async fn come_in(&self, conn: &mut Conn, (range, batch): (&Lane, Batch)) -> Outcome<()> {
        let stream = self.stream;
        let (id, before, after) = {
            let part = range.part.lock();
            let before = part.text.as_deref().map_or_else(|| "null".to_owned(), quote);
            (part.id, before, part.text_with(batch.last.clone(), &self.fields)?)
        };
        let sql = format!(
            "update {} set lastpk = {} where id = {id} and lastpk <=> {before}; \
             update {} set rows_copied = rows_copied + {}, time_updated = {} where id = {}",
            stream.store.table("copy_state"),
            quote(&after),
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
        let mut part = range.part.lock();
        (part.text, part.last) = (Some(after), Some(batch.last));
        Ok(())
    }
}
