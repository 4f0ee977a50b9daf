//! Transactions of the source that touch other rows, applied side by side.
//!
//! A unit is one or several whole transactions of the source. It is sent on a connection of its
//! own as soon as nothing that is under way touches its rows, and is committed in its turn, with
//! the position behind it: what is here is always what the source had at one position. A unit that
//! fails before its turn is tried again in its turn, when all that came before it is here.

use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;
use vt_base::{Error, Result};
use vt_mysql::Conn;

use crate::trouble::{Outcome, Trouble};

/// A unit in its turn that waits for a lock is tried so many times: those that hold it give way.
const TRIES_MAX: u32 = 20;
/// How long it waits for them to do so.
const PAUSE: Duration = Duration::from_millis(20);
/// A lock was waited for too long, or two units waited for one another.
const LOCKED: [u16; 2] = [1205, 1213];

/// The rows that a unit touches.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Tables and keys, as one number; two rows may have the same.
    rows: HashSet<u64>,
    /// Tables, and whether any of their rows may be meant.
    tables: BTreeMap<String, bool>,
}

impl Touched {
    /// Notes a row of a table by what tells it apart.
    pub(crate) fn row(&mut self, table: &str, row: u64) {
        self.rows.insert(row);
        self.table(table, false);
    }

    /// Notes a table whose rows cannot be told apart by their bytes.
    pub(crate) fn whole(&mut self, table: &str) {
        self.table(table, true);
    }

    fn table(&mut self, table: &str, is_whole: bool) {
        match self.tables.get_mut(table) {
            Some(whole) => *whole |= is_whole,
            None => drop(self.tables.insert(table.to_owned(), is_whole)),
        }
    }

    /// Returns whether both may touch the same row.
    pub(crate) fn meets(&self, other: &Touched) -> bool {
        let whole = self
            .tables
            .iter()
            .any(|(table, one)| other.tables.get(table).is_some_and(|two| *one || *two));
        let (few, many) = match self.rows.len() < other.rows.len() {
            true => (&self.rows, &other.rows),
            false => (&other.rows, &self.rows),
        };
        whole || few.iter().any(|row| many.contains(row))
    }
}

/// Whole transactions of the source, as statements.
pub(crate) struct Unit {
    /// Begins a transaction, and leaves it open.
    pub(crate) sql: Vec<u8>,
    /// Writes the position behind it, where the one before it is still there.
    pub(crate) save: String,
    pub(crate) done: Done,
    pub(crate) touched: Touched,
}

/// What a unit comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Done {
    pub(crate) position: String,
    pub(crate) timestamp: i64,
    pub(crate) transactions: u64,
    /// Its statements had to be run again in its turn.
    pub(crate) again: bool,
}

/// What units are run on.
pub(crate) trait Session: Send {
    /// Runs statements; returns how many rows the last of them found.
    fn run(&mut self, sql: &[u8]) -> impl Future<Output = Result<u64>> + Send;

    /// Returns whether nothing more can be run.
    fn is_broken(&self) -> bool;
}

impl Session for Conn {
    async fn run(&mut self, sql: &[u8]) -> Result<u64> {
        let results = self.query_multi(sql, 0).await?;
        Ok(results.last().map_or(0, |last| last.rows_affected))
    }

    fn is_broken(&self) -> bool {
        Conn::is_broken(self)
    }
}

type Running<S> = Pin<Box<dyn Future<Output = (u64, S, Outcome<Done>)> + Send>>;

/// Units under way.
pub(crate) struct Pipe<S> {
    workers: usize,
    idle: Vec<S>,
    running: FuturesUnordered<Running<S>>,
    touched: BTreeMap<u64, Touched>,
    /// The number of the unit that may come in next.
    turn: watch::Sender<u64>,
    /// Changes when a unit in its turn waits for what later ones have locked.
    give_way: watch::Sender<u64>,
    next: u64,
}

impl<S: Session + 'static> Pipe<S> {
    /// Makes one that has so many units under way at most.
    pub(crate) fn new(workers: usize) -> Pipe<S> {
        Pipe {
            workers,
            idle: Vec::new(),
            running: FuturesUnordered::new(),
            touched: BTreeMap::new(),
            turn: watch::Sender::new(0),
            give_way: watch::Sender::new(0),
            next: 0,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Returns whether a unit touches what others do that are under way.
    pub(crate) fn meets(&self, unit: &Unit) -> bool {
        self.touched.values().any(|touched| touched.meets(&unit.touched))
    }

    /// Returns whether a unit has to wait for another to end.
    pub(crate) fn must_wait(&self, unit: &Unit) -> bool {
        self.running.len() >= self.workers || self.meets(unit)
    }

    /// Takes a session that no unit uses.
    pub(crate) fn take_idle(&mut self) -> Option<S> {
        self.idle.pop()
    }

    /// Begins a unit; it goes on only while [`Pipe::ended`] is awaited.
    pub(crate) fn start(&mut self, unit: Unit, mut session: S) {
        let sequence = self.next;
        self.next += 1;
        let Unit { sql, save, mut done, touched } = unit;
        self.touched.insert(sequence, touched);
        let order = Order {
            sequence,
            turn: self.turn.clone(),
            give_way: self.give_way.clone(),
            asked: self.give_way.subscribe(),
        };
        self.running.push(Box::pin(async move {
            let ran = order.run(&mut session, &sql, &save).await;
            let ran = ran.map(|again| {
                done.again = again;
                done
            });
            (sequence, session, ran)
        }));
    }

    /// Waits for a unit to end; nothing where none is under way. What was awaited may be dropped.
    pub(crate) async fn ended(&mut self) -> Option<Outcome<(u64, Done)>> {
        let (sequence, session, ran) = self.running.next().await?;
        self.touched.remove(&sequence);
        if ran.is_ok() {
            self.idle.push(session);
        }
        Some(ran.map(|done| (sequence, done)))
    }
}

/// The place of a unit among the others.
struct Order {
    sequence: u64,
    turn: watch::Sender<u64>,
    give_way: watch::Sender<u64>,
    asked: watch::Receiver<u64>,
}

impl Order {
    /// Runs a unit; returns whether its statements had to be run again.
    async fn run(mut self, session: &mut impl Session, sql: &[u8], save: &str) -> Outcome<bool> {
        let mut is_open = self.early(session, sql).await?;
        let mut turn = self.turn.subscribe();
        loop {
            tokio::select! {
                biased;
                came = is_turn(&mut turn, self.sequence) => {
                    came?;
                    break;
                }
                _ = self.asked.changed(), if is_open => {
                    session.run(b"rollback").await.map_err(Trouble::Target)?;
                    is_open = false;
                }
            }
        }
        if !is_open {
            self.late(session, sql, save).await?;
        }
        if session.run(save.as_bytes()).await.map_err(Trouble::Target)? != 1 {
            session.run(b"rollback").await?;
            return Err(Trouble::Moved);
        }
        session.run(b"commit").await.map_err(Trouble::Target)?;
        self.turn.send_replace(self.sequence + 1);
        Ok(!is_open)
    }

    /// Runs the statements before the unit's turn; returns whether they are done.
    async fn early(&self, session: &mut impl Session, sql: &[u8]) -> Outcome<bool> {
        match session.run(sql).await {
            Ok(_) => Ok(true),
            Err(error) if session.is_broken() => Err(Trouble::Target(error)),
            Err(_) => {
                session.run(b"rollback").await.map_err(Trouble::Target)?;
                Ok(false)
            }
        }
    }

    /// Runs the statements in the unit's turn: what fails now fails for good.
    async fn late(&self, session: &mut impl Session, sql: &[u8], save: &str) -> Outcome<()> {
        for tried in 1.. {
            let Err(error) = session.run(sql).await else { break };
            if session.is_broken() {
                return Err(Trouble::Target(error));
            }
            session.run(b"rollback").await.map_err(Trouble::Target)?;
            if !LOCKED.contains(&error.errno()) || tried >= TRIES_MAX {
                return Err(why_refused(session, save, error).await);
            }
            self.give_way.send_modify(|times| *times += 1);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// Waits until it is the turn of a unit.
async fn is_turn(turn: &mut watch::Receiver<u64>, sequence: u64) -> Result<()> {
    let came = turn.wait_for(|turn| *turn == sequence).await;
    // The sender lives as long as the unit does.
    came.map(drop).map_err(|_| Error::bug("the turns of transactions ended"))
}

/// Returns why statements are refused that should not be, once they are rolled back: what a stream
/// before this one had under way may have come in after all, and then it is here already.
pub(crate) async fn why_refused(session: &mut impl Session, save: &str, error: Error) -> Trouble {
    let sql = format!("begin;{save}");
    let found = session.run(sql.as_bytes()).await;
    drop(session.run(b"rollback").await);
    match found {
        Ok(0) => Trouble::Moved,
        _ => Trouble::Target(error),
    }
}

#[cfg(test)]
mod tests;
