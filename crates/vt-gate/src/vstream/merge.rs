//! Where the shards' events come together: one transaction after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use tokio::sync::{Mutex, MutexGuard, mpsc};
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::{Journal, ShardGtid, TableLastPk, VEvent, VEventType, VGtid};
use vt_proto::vtgate::VStreamResponse;

/// How far all shards have come, and the way to the client.
pub(super) struct Merge {
    state: Mutex<State>,
    ends: Ends,
    out: mpsc::Sender<VStreamResponse>,
    sent: tokio::sync::watch::Sender<u64>,
}

/// What a split or a merge of shards does to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// It ends, and its last word is the journal.
    WithJournal,
    /// It goes on with the shards that take over; the client may be told of the journal.
    Never { told: bool },
}

pub(super) struct State {
    /// How far each shard has come, by a number that no other shard gets.
    shards: BTreeMap<usize, ShardGtid>,
    next: usize,
    /// Shards whose tables have all been copied.
    copied: BTreeSet<usize>,
    /// By the journal's number, the shards that have come to it, with the events that tell it.
    journals: BTreeMap<i64, BTreeMap<usize, Vec<VEvent>>>,
}

/// What becomes of a stream whose shard has come to a journal.
#[derive(Debug, PartialEq)]
pub(super) enum Arrival {
    /// Other shards have to come to it first.
    Waits,
    /// These shards take the places of those that have come to it.
    Replaced(Vec<(usize, ShardGtid)>),
    Ends,
}

/// The right to send: whoever holds it sends a transaction to its end.
pub(super) struct Turn<'a> {
    state: MutexGuard<'a, State>,
    merge: &'a Merge,
}

impl Merge {
    pub(super) fn new(vgtid: VGtid, ends: Ends, out: mpsc::Sender<VStreamResponse>) -> Merge {
        let next = vgtid.shard_gtids.len();
        let state = Mutex::new(State {
            shards: vgtid.shard_gtids.into_iter().enumerate().collect(),
            next,
            copied: BTreeSet::new(),
            journals: BTreeMap::new(),
        });
        Merge { state, ends, out, sent: tokio::sync::watch::Sender::new(0) }
    }

    /// Waits until no other shard is in the middle of a transaction.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn { state: self.state.lock().await, merge: self }
    }

    /// Returns how far a shard has come.
    pub(super) async fn position(&self, index: usize) -> ShardGtid {
        self.state.lock().await.shards.get(&index).cloned().unwrap_or_default()
    }

    /// Notes that a shard has come to the journal of a split or a merge. Nothing behind it is told
    /// before all shards that it concerns have come to it: a client that goes on from a position
    /// meets it with all of them, or with none.
    ///
    /// # Errors
    /// The stream lacks some of the shards, or has not copied all of their tables yet.
    pub(super) async fn arrive(
        &self,
        index: usize,
        journal: &Journal,
        events: Vec<VEvent>,
    ) -> Result<Arrival> {
        let mut turn = self.turn().await;
        let places = turn.state.participants(journal)?;
        let arrived = turn.state.journals.entry(journal.id).or_default();
        arrived.insert(index, events);
        if !places.iter().all(|place| arrived.contains_key(place)) {
            return Ok(Arrival::Waits);
        }
        let told = turn.state.journals.remove(&journal.id).unwrap_or_default();
        let mut told = told.into_iter().filter(|(place, _)| places.contains(place));
        let is_there = match self.ends {
            Ends::WithJournal => {
                for (place, events) in told {
                    if !turn.send(place, events).await {
                        break;
                    }
                }
                return Ok(Arrival::Ends);
            }
            Ends::Never { told: false } => None,
            Ends::Never { told: true } => told.next_back().map(|(_, events)| events),
        };
        let fresh = turn.state.replace(&places, journal);
        turn.tell(is_there.unwrap_or_else(empty_transaction)).await;
        Ok(Arrival::Replaced(fresh))
    }

    /// Waits until the client is gone.
    pub(super) async fn closed(&self) {
        self.out.closed().await;
    }

    /// Sends a heartbeat after each period in which nothing else was sent; does nothing for none.
    pub(super) async fn heartbeats(&self, period: Option<Duration>) {
        let Some(period) = period else { return std::future::pending().await };
        let mut sent = self.sent.subscribe();
        loop {
            match tokio::time::timeout(period, sent.changed()).await {
                Ok(_) => {}
                Err(_) => {
                    let now = now();
                    let beat = VEvent {
                        r#type: VEventType::Heartbeat.into(),
                        timestamp: now / 1_000_000_000,
                        current_time: now,
                        ..VEvent::default()
                    };
                    // The client's end is seen elsewhere.
                    let _ = self.out.send(VStreamResponse { events: vec![beat] }).await;
                }
            }
        }
    }
}

impl Turn<'_> {
    /// Sends events of one shard; positions and keys among them become the position of all.
    /// False says that the client is gone.
    pub(super) async fn send(&mut self, index: usize, events: Vec<VEvent>) -> bool {
        let mut out = Vec::with_capacity(events.len());
        for event in events {
            match event.r#type() {
                VEventType::Gtid => {
                    if let Some(shard) = self.state.shards.get_mut(&index) {
                        shard.gtid.clone_from(&event.gtid);
                    }
                    out.push(self.vgtid(event));
                }
                VEventType::Lastpk => {
                    if let Some(last) = &event.last_p_k_event
                        && let Some(table) = &last.table_last_p_k
                        && let Some(shard) = self.state.shards.get_mut(&index)
                    {
                        note_key(&mut shard.table_p_ks, table, last.completed);
                    }
                    out.push(self.vgtid(event));
                }
                VEventType::CopyCompleted => {
                    self.state.copied.insert(index);
                    let all = self.state.shards.keys().all(|one| self.state.copied.contains(one));
                    out.push(event);
                    if all {
                        let kind = VEventType::CopyCompleted.into();
                        out.push(VEvent { r#type: kind, ..VEvent::default() });
                    }
                }
                _ => out.push(event),
            }
        }
        self.hand_on(out).await
    }

    /// Sends events that tell of no shard's progress but of the position of all as it is now.
    async fn tell(&mut self, events: Vec<VEvent>) -> bool {
        let out = events.into_iter().map(|event| match event.r#type() {
            VEventType::Gtid => self.vgtid(event),
            _ => event,
        });
        let out = out.collect();
        self.hand_on(out).await
    }

    async fn hand_on(&self, events: Vec<VEvent>) -> bool {
        self.merge.sent.send_modify(|count| *count += 1);
        events.is_empty() || self.merge.out.send(VStreamResponse { events }).await.is_ok()
    }

    /// Makes of a shard's event one that tells the position of all.
    fn vgtid(&self, event: VEvent) -> VEvent {
        VEvent {
            r#type: VEventType::Vgtid.into(),
            gtid: String::new(),
            last_p_k_event: None,
            vgtid: Some(VGtid { shard_gtids: self.state.shards.values().cloned().collect() }),
            ..event
        }
    }
}

impl State {
    /// Returns the numbers of the shards that a journal concerns.
    fn participants(&self, journal: &Journal) -> Result<BTreeSet<usize>> {
        let mut places = BTreeSet::new();
        for one in &journal.participants {
            let is_it = |at: &ShardGtid| at.keyspace == one.keyspace && at.shard == one.shard;
            let Some((place, at)) = self.shards.iter().find(|(_, at)| is_it(at)) else {
                return Err(refused(format!(
                    "shard {}/{} was merged with shards of the stream, which does not have it: start \
                     it anew, with all shards of the keyspace",
                    one.keyspace, one.shard
                )));
            };
            if !at.table_p_ks.is_empty() {
                return Err(refused(format!(
                    "shard {}/{} was resharded while its tables were copied: start the stream anew",
                    one.keyspace, one.shard
                )));
            }
            places.insert(*place);
        }
        Ok(places)
    }

    /// Puts the shards that take over in the places of others; returns them.
    fn replace(&mut self, places: &BTreeSet<usize>, journal: &Journal) -> Vec<(usize, ShardGtid)> {
        for place in places {
            self.shards.remove(place);
        }
        let mut fresh = Vec::with_capacity(journal.shard_gtids.len());
        for at in &journal.shard_gtids {
            let at = ShardGtid { table_p_ks: Vec::new(), ..at.clone() };
            self.shards.insert(self.next, at.clone());
            // Their rows are those of shards whose rows the client has.
            self.copied.insert(self.next);
            fresh.push((self.next, at));
            self.next += 1;
        }
        fresh
    }
}

fn refused(message: String) -> Error {
    Error::new(Code::FailedPrecondition, message)
}

/// A transaction that tells a position and nothing else.
fn empty_transaction() -> Vec<VEvent> {
    [VEventType::Begin, VEventType::Gtid, VEventType::Commit]
        .map(|kind| VEvent { r#type: kind.into(), ..VEvent::default() })
        .into()
}

/// Notes how far a table has been copied; one that is done is noted no more.
fn note_key(tables: &mut Vec<TableLastPk>, table: &TableLastPk, completed: bool) {
    let place = tables.iter().position(|one| one.table_name == table.table_name);
    match (place, completed) {
        (Some(place), true) => drop(tables.remove(place)),
        (Some(place), false) => tables[place] = table.clone(),
        (None, false) => tables.push(table.clone()),
        (None, true) => {}
    }
}

/// Nanoseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
