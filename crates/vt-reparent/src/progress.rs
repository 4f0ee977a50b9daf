//! What a long command reports while it runs: to the log at once, to the caller in the reply.

use std::time::SystemTime;

use parking_lot::Mutex;
use vt_proto::logutil::{Event, Level};
use vt_topo::records::shard::to_proto_time;

/// The most events that a reply holds; later ones are only logged.
const EVENTS_MAX: usize = 10_000;

/// Collects the events of one command.
#[derive(Debug, Default)]
pub struct Progress {
    events: Mutex<Vec<Event>>,
}

impl Progress {
    pub fn info(&self, text: impl Into<String>) {
        let text = text.into();
        tracing::info!("{text}");
        self.add(Level::Info, text);
    }

    pub fn warn(&self, text: impl Into<String>) {
        let text = text.into();
        tracing::warn!("{text}");
        self.add(Level::Warning, text);
    }

    pub fn into_events(self) -> Vec<Event> {
        self.events.into_inner()
    }

    fn add(&self, level: Level, value: String) {
        let mut events = self.events.lock();
        if events.len() < EVENTS_MAX {
            let time = Some(to_proto_time(SystemTime::now()));
            events.push(Event { time, level: level as i32, value, ..Event::default() });
        }
    }
}
