//! Where the shards' events come together: one transaction after the other.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use tokio::sync::{Mutex, MutexGuard, mpsc};
use vt_proto::binlogdata::{ShardGtid, TableLastPk, VEvent, VEventType, VGtid};
use vt_proto::vtgate::VStreamResponse;

/// How far all shards have come, and the way to the client.
pub(super) struct Merge {
    state: Mutex<State>,
    out: mpsc::Sender<VStreamResponse>,
    sent: tokio::sync::watch::Sender<u64>,
}

pub(super) struct State {
    vgtid: VGtid,
    /// Shards whose tables have all been copied.
    copied: BTreeSet<usize>,
}

/// The right to send: whoever holds it sends a transaction to its end.
pub(super) struct Turn<'a> {
    state: MutexGuard<'a, State>,
    merge: &'a Merge,
}

impl Merge {
    pub(super) fn new(vgtid: VGtid, out: mpsc::Sender<VStreamResponse>) -> Merge {
        let state = Mutex::new(State { vgtid, copied: BTreeSet::new() });
        Merge { state, out, sent: tokio::sync::watch::Sender::new(0) }
    }

    /// Waits until no other shard is in the middle of a transaction.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn { state: self.state.lock().await, merge: self }
    }

    /// Returns how far a shard has come.
    pub(super) async fn position(&self, index: usize) -> ShardGtid {
        self.state.lock().await.vgtid.shard_gtids[index].clone()
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
                    self.state.vgtid.shard_gtids[index].gtid.clone_from(&event.gtid);
                    out.push(self.vgtid(event));
                }
                VEventType::Lastpk => {
                    if let Some(last) = &event.last_p_k_event
                        && let Some(table) = &last.table_last_p_k
                    {
                        let shard = &mut self.state.vgtid.shard_gtids[index];
                        note_key(&mut shard.table_p_ks, table, last.completed);
                    }
                    out.push(self.vgtid(event));
                }
                VEventType::CopyCompleted => {
                    self.state.copied.insert(index);
                    let all = self.state.copied.len() == self.state.vgtid.shard_gtids.len();
                    out.push(event);
                    if all {
                        let kind = VEventType::CopyCompleted.into();
                        out.push(VEvent { r#type: kind, ..VEvent::default() });
                    }
                }
                _ => out.push(event),
            }
        }
        self.merge.sent.send_modify(|count| *count += 1);
        out.is_empty() || self.merge.out.send(VStreamResponse { events: out }).await.is_ok()
    }

    /// Makes of a shard's event one that tells the position of all.
    fn vgtid(&self, event: VEvent) -> VEvent {
        VEvent {
            r#type: VEventType::Vgtid.into(),
            gtid: String::new(),
            last_p_k_event: None,
            vgtid: Some(self.state.vgtid.clone()),
            ..event
        }
    }
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
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
