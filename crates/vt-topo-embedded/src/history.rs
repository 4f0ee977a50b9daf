//! The last changes, for watches that resume and reads of the past.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use vt_etcd_api::mvccpb::{Event, KeyValue, event::EventType};

use crate::state::KeySpan;

/// How many changes are kept.
pub(crate) const EVENTS_MAX: usize = 10_000;

/// Changes in order of revision, each with the value from before its request.
#[derive(Debug, Default)]
pub(crate) struct History {
    events: VecDeque<Event>,
    /// The oldest revision whose state can still be told; changes up to it are forgotten.
    floor: i64,
}

impl History {
    pub(crate) fn starting_at(revision: i64) -> History {
        History { events: VecDeque::new(), floor: revision }
    }

    pub(crate) fn floor(&self) -> i64 {
        self.floor
    }

    pub(crate) fn push(&mut self, events: Vec<Event>) {
        self.events.extend(events);
        if self.events.len() > EVENTS_MAX {
            let last_to_go = revision_of(&self.events[self.events.len() - EVENTS_MAX - 1]);
            self.forget(last_to_go);
        }
    }

    /// Forgets the changes up to a revision. Those of one revision go together.
    pub(crate) fn forget(&mut self, revision: i64) {
        let gone = self.events.partition_point(|event| revision_of(event) <= revision);
        self.events.drain(..gone);
        self.floor = self.floor.max(revision);
    }

    /// Returns the changes from a revision on; `None` if some of them are forgotten.
    pub(crate) fn since(&self, revision: i64) -> Option<impl Iterator<Item = &Event>> {
        if revision <= self.floor {
            return None;
        }
        let first = self.events.partition_point(|event| revision_of(event) < revision);
        Some(self.events.range(first..))
    }

    /// Turns the rows of now, by key, into the rows of a past revision.
    pub(crate) fn undo(
        &self,
        rows: &mut BTreeMap<Bytes, KeyValue>,
        revision: i64,
        range: &KeySpan,
    ) {
        undo(self.events.iter().rev(), rows, revision, range);
    }
}

/// Takes changes back, the newest first, down to a revision.
pub(crate) fn undo<'a>(
    newest_first: impl Iterator<Item = &'a Event>,
    rows: &mut BTreeMap<Bytes, KeyValue>,
    revision: i64,
    range: &KeySpan,
) {
    for event in newest_first.take_while(|event| revision_of(event) > revision) {
        let Some(kv) = event.kv.as_ref().filter(|kv| range.contains(&kv.key)) else { continue };
        match &event.prev_kv {
            Some(before) => drop(rows.insert(kv.key.clone(), before.clone())),
            None => drop(rows.remove(&kv.key)),
        }
    }
}

pub(crate) fn revision_of(event: &Event) -> i64 {
    event.kv.as_ref().map_or(0, |kv| kv.mod_revision)
}

pub(crate) fn is_delete(event: &Event) -> bool {
    event.r#type == EventType::Delete as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(revision: i64) -> Event {
        let kv = KeyValue { key: "k".into(), mod_revision: revision, ..KeyValue::default() };
        Event { kv: Some(kv), ..Event::default() }
    }

    #[test]
    fn what_is_forgotten_is_said_to_be() {
        let mut history = History::starting_at(5);
        assert!(history.since(5).is_none());
        assert_eq!(history.since(6).unwrap().count(), 0);
        history.push(vec![event(6), event(7), event(7), event(8)]);
        assert_eq!(history.since(7).unwrap().count(), 3);
        history.forget(7);
        assert!(history.since(7).is_none());
        assert_eq!(history.since(8).unwrap().count(), 1);
    }

    #[test]
    fn the_window_has_an_end_and_cuts_between_revisions() {
        let mut history = History::starting_at(0);
        for revision in 1..=(EVENTS_MAX as i64) {
            history.push(vec![event(revision)]);
        }
        let last = EVENTS_MAX as i64 + 1;
        history.push(vec![event(last), event(last)]);
        assert_eq!(history.events.len(), EVENTS_MAX);
        assert_eq!(history.floor(), 2);
        assert!(history.since(2).is_none());
        assert!(history.since(3).is_some());
    }
}
