//! The keys and leases of a moment, and changes to them that are not yet committed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use bytes::Bytes;
use vt_etcd_api::mvccpb::{Event, KeyValue, event::EventType};

use crate::history::{History, undo};

/// The revision of a store in which nothing was ever written.
pub(crate) const FIRST_REVISION: i64 = 1;

/// What is committed.
#[derive(Debug)]
pub(crate) struct State {
    items: BTreeMap<Bytes, KeyValue>,
    /// Granted seconds, by lease.
    leases: BTreeMap<i64, i64>,
    lease_keys: BTreeMap<i64, BTreeSet<Bytes>>,
    revision: i64,
    pub(crate) history: History,
}

impl State {
    pub(crate) fn new(items: Vec<KeyValue>, leases: BTreeMap<i64, i64>, revision: i64) -> State {
        let mut state = State {
            items: BTreeMap::new(),
            leases,
            lease_keys: BTreeMap::new(),
            revision,
            history: History::starting_at(revision),
        };
        for item in items {
            state.put(item);
        }
        state
    }

    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }

    pub(crate) fn leases(&self) -> &BTreeMap<i64, i64> {
        &self.leases
    }

    pub(crate) fn keys_of_lease(&self, id: i64) -> impl Iterator<Item = &Bytes> {
        self.lease_keys.get(&id).into_iter().flatten()
    }

    /// Takes in what has been committed.
    pub(crate) fn apply(&mut self, changes: Changes) {
        for (key, item) in changes.items {
            self.remove(&key);
            if let Some(item) = item {
                self.put(item);
            }
        }
        for (id, seconds) in changes.leases {
            match seconds {
                Some(seconds) => drop(self.leases.insert(id, seconds)),
                None => drop(self.leases.remove(&id)),
            }
        }
        self.revision = changes.revision;
        self.history.push(changes.events);
    }

    fn put(&mut self, item: KeyValue) {
        if item.lease != 0 {
            self.lease_keys.entry(item.lease).or_default().insert(item.key.clone());
        }
        self.items.insert(item.key.clone(), item);
    }

    fn remove(&mut self, key: &Bytes) {
        let Some(item) = self.items.remove(key) else { return };
        if let Some(keys) = self.lease_keys.get_mut(&item.lease) {
            keys.remove(key);
            if keys.is_empty() {
                self.lease_keys.remove(&item.lease);
            }
        }
    }
}

/// What can be read by key: the committed state, or one with changes on top.
pub(crate) trait View {
    fn get(&self, key: &[u8]) -> Option<&KeyValue>;

    /// Returns the items of a range in order of key.
    fn select(&self, range: &KeySpan) -> Vec<&KeyValue>;

    fn revision(&self) -> i64;

    /// Returns the revision from before the request in hand, the last that it may ask for.
    fn settled_revision(&self) -> i64;

    /// Returns the items of a range as they were at a revision that history still tells.
    fn past(&self, range: &KeySpan, revision: i64) -> Vec<KeyValue>;

    /// Returns the oldest revision that [`View::past`] can tell.
    fn floor(&self) -> i64;
}

fn by_key(rows: Vec<&KeyValue>) -> BTreeMap<Bytes, KeyValue> {
    rows.into_iter().map(|item| (item.key.clone(), item.clone())).collect()
}

impl View for State {
    fn get(&self, key: &[u8]) -> Option<&KeyValue> {
        self.items.get(key)
    }

    fn select(&self, range: &KeySpan) -> Vec<&KeyValue> {
        match range.bounds() {
            Some(bounds) => self.items.range::<[u8], _>(bounds).map(|(_, item)| item).collect(),
            None => Vec::new(),
        }
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn settled_revision(&self) -> i64 {
        self.revision
    }

    fn past(&self, range: &KeySpan, revision: i64) -> Vec<KeyValue> {
        let mut rows = by_key(self.select(range));
        self.history.undo(&mut rows, revision, range);
        rows.into_values().collect()
    }

    fn floor(&self) -> i64 {
        self.history.floor()
    }
}

/// Keys from one to another, as requests name them.
#[derive(Clone, Debug)]
pub(crate) struct KeySpan {
    start: Bytes,
    end: SpanEnd,
}

/// A span as a map takes it.
type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

#[derive(Clone, Debug)]
enum SpanEnd {
    /// The one key.
    Start,
    Before(Bytes),
    Open,
}

impl KeySpan {
    /// An empty `range_end` means the key alone, a zero byte all keys from it on.
    pub(crate) fn new(key: &Bytes, range_end: &Bytes) -> KeySpan {
        let end = match range_end.as_ref() {
            b"" => SpanEnd::Start,
            b"\0" => SpanEnd::Open,
            _ => SpanEnd::Before(range_end.clone()),
        };
        KeySpan { start: key.clone(), end }
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        match &self.end {
            SpanEnd::Start => key == self.start,
            SpanEnd::Before(end) => self.start <= key && key < end,
            SpanEnd::Open => self.start <= key,
        }
    }

    /// `None` for a span that ends before it starts.
    fn bounds(&self) -> Option<Bounds<'_>> {
        let start = Bound::Included(self.start.as_ref());
        match &self.end {
            SpanEnd::Start => Some((start, Bound::Included(self.start.as_ref()))),
            SpanEnd::Before(end) if *end > self.start => {
                Some((start, Bound::Excluded(end.as_ref())))
            }
            SpanEnd::Before(_) => None,
            SpanEnd::Open => Some((start, Bound::Unbounded)),
        }
    }
}

/// What is to be committed: the last value of each key and lease that changes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) items: BTreeMap<Bytes, Option<KeyValue>>,
    pub(crate) leases: BTreeMap<i64, Option<i64>>,
    pub(crate) events: Vec<Event>,
    pub(crate) revision: i64,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.leases.is_empty()
    }
}

/// The committed state with the changes of a batch on top.
pub(crate) struct Stage<'a> {
    base: &'a State,
    changes: Changes,
    /// How to take back the request in hand: what the changes held before it.
    undo: BTreeMap<Bytes, Option<Option<KeyValue>>>,
    /// Whether the request in hand has changed a key.
    dirty: bool,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(base: &'a State) -> Stage<'a> {
        let changes = Changes { revision: base.revision, ..Changes::default() };
        Stage { base, changes, undo: BTreeMap::new(), dirty: false }
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }

    /// Runs one request: all of its changes get one new revision, or none is made on failure.
    pub(crate) fn request<T, E>(
        &mut self,
        run: impl FnOnce(&mut Stage<'a>) -> Result<T, E>,
    ) -> Result<T, E> {
        let events = self.changes.events.len();
        let result = run(self);
        if result.is_err() {
            for (key, before) in std::mem::take(&mut self.undo) {
                match before {
                    Some(before) => drop(self.changes.items.insert(key, before)),
                    None => drop(self.changes.items.remove(&key)),
                }
            }
            self.changes.events.truncate(events);
        } else if self.dirty {
            self.changes.revision += 1;
        }
        self.undo.clear();
        self.dirty = false;
        result
    }

    /// Returns the revision that changes of the request in hand get.
    fn next_revision(&self) -> i64 {
        self.changes.revision + 1
    }

    pub(crate) fn put(&mut self, key: &Bytes, value: Bytes, lease: i64) -> Option<KeyValue> {
        let before = self.get(key).cloned();
        let revision = self.next_revision();
        let item = KeyValue {
            key: key.clone(),
            create_revision: before.as_ref().map_or(revision, |item| item.create_revision),
            mod_revision: revision,
            version: before.as_ref().map_or(0, |item| item.version) + 1,
            value,
            lease,
        };
        // The value that watches report is that before the request; a new key has none.
        let prev_kv = if item.version == 1 { None } else { self.before_request(key) };
        let kv = Some(item.clone());
        self.changes.events.push(Event { r#type: EventType::Put as i32, kv, prev_kv });
        self.set(key, Some(item));
        before
    }

    pub(crate) fn delete(&mut self, span: &KeySpan) -> Vec<KeyValue> {
        let gone: Vec<KeyValue> = self.select(span).into_iter().cloned().collect();
        for item in &gone {
            self.delete_item(item);
        }
        gone
    }

    fn delete_item(&mut self, item: &KeyValue) {
        let tombstone = KeyValue {
            key: item.key.clone(),
            mod_revision: self.next_revision(),
            ..KeyValue::default()
        };
        self.changes.events.push(Event {
            r#type: EventType::Delete as i32,
            kv: Some(tombstone),
            prev_kv: self.before_request(&item.key),
        });
        self.set(&item.key, None);
    }

    fn set(&mut self, key: &Bytes, item: Option<KeyValue>) {
        let before = self.changes.items.insert(key.clone(), item);
        self.undo.entry(key.clone()).or_insert(before);
        self.dirty = true;
    }

    fn before_request(&self, key: &Bytes) -> Option<KeyValue> {
        match self.undo.get(key) {
            Some(Some(staged)) => staged.clone(),
            Some(None) => self.base.get(key).cloned(),
            None => self.get(key).cloned(),
        }
    }

    pub(crate) fn lease(&self, id: i64) -> Option<i64> {
        match self.changes.leases.get(&id) {
            Some(changed) => *changed,
            None => self.base.leases.get(&id).copied(),
        }
    }

    pub(crate) fn grant(&mut self, id: i64, seconds: i64) {
        self.changes.leases.insert(id, Some(seconds));
    }

    /// Ends a lease and deletes its keys.
    pub(crate) fn revoke(&mut self, id: i64) {
        self.changes.leases.insert(id, None);
        let committed = self.base.keys_of_lease(id).cloned();
        let staged = self.changes.items.keys().cloned();
        let candidates: BTreeSet<Bytes> = committed.chain(staged).collect();
        for key in candidates {
            let Some(item) = self.get(&key).filter(|item| item.lease == id).cloned() else {
                continue;
            };
            self.delete_item(&item);
        }
    }
}

impl View for Stage<'_> {
    fn get(&self, key: &[u8]) -> Option<&KeyValue> {
        match self.changes.items.get(key) {
            Some(changed) => changed.as_ref(),
            None => self.base.get(key),
        }
    }

    fn select(&self, range: &KeySpan) -> Vec<&KeyValue> {
        let Some(bounds) = range.bounds() else { return Vec::new() };
        let mut rows = self.base.select(range);
        let mut changed = self.changes.items.range::<[u8], _>(bounds).peekable();
        if changed.peek().is_none() {
            return rows;
        }
        rows.retain(|item| !self.changes.items.contains_key(&item.key));
        rows.extend(changed.filter_map(|(_, item)| item.as_ref()));
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows
    }

    fn revision(&self) -> i64 {
        self.changes.revision + i64::from(self.dirty)
    }

    fn settled_revision(&self) -> i64 {
        self.changes.revision
    }

    fn past(&self, range: &KeySpan, revision: i64) -> Vec<KeyValue> {
        let mut rows = by_key(self.select(range));
        undo(self.changes.events.iter().rev(), &mut rows, revision, range);
        self.base.history.undo(&mut rows, revision, range);
        rows.into_values().collect()
    }

    fn floor(&self) -> i64 {
        self.base.history.floor()
    }
}

#[cfg(test)]
mod tests;
