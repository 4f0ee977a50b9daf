//! Shards kept together in time: one that is ahead waits for those behind it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::{VEvent, VEventType};

use super::merge::now;

/// How far a shard may be ahead of the last one, in seconds.
const SKEW_MAX: i64 = 2;
/// How long a shard waits for those behind it.
const PATIENCE: Duration = Duration::from_secs(600);
const NANOS: i64 = 1_000_000_000;

/// How late each shard's events are, as the clock of this process has it.
pub(super) struct Skew {
    is_on: bool,
    /// The time of each shard's latest event, in seconds since 1970.
    times: watch::Sender<BTreeMap<usize, i64>>,
}

impl Skew {
    pub(super) fn new(is_on: bool) -> Skew {
        Skew { is_on, times: watch::Sender::new(BTreeMap::new()) }
    }

    /// Notes the time of an event of a shard.
    pub(super) fn note(&self, index: usize, event: &VEvent) {
        // What belongs to a transaction has its time; what was copied has none.
        let is_beat = event.r#type() == VEventType::Heartbeat;
        if !self.is_on || (event.timestamp == 0 && !is_beat) {
            return;
        }
        // The server's clock may not be ours: what counts is how old the event was to it.
        let age = match is_beat {
            true => 0,
            false => event.current_time / NANOS - event.timestamp,
        };
        self.set(index, now() / NANOS - age.max(0));
    }

    pub(super) fn set(&self, index: usize, time: i64) {
        self.times.send_modify(|times| {
            times.insert(index, time);
        });
    }

    /// A shard that is read no more holds nobody up.
    pub(super) fn leave(&self, index: usize) {
        self.times.send_modify(|times| {
            times.remove(&index);
        });
    }

    /// Waits until no other shard is far behind this one.
    ///
    /// # Errors
    /// The others do not come near in time.
    pub(super) async fn align(&self, index: usize) -> Result<()> {
        if !self.is_on {
            return Ok(());
        }
        let is_near = |times: &BTreeMap<usize, i64>| {
            let own = times.get(&index).copied().unwrap_or_default();
            times.values().all(|other| own - other <= SKEW_MAX)
        };
        let mut times = self.times.subscribe();
        let waited = tokio::time::timeout(PATIENCE, times.wait_for(is_near)).await;
        match waited {
            // The sender lives as long as the stream.
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(
                Code::DeadlineExceeded,
                format!("other shards of the stream were behind for {} s", PATIENCE.as_secs()),
            )),
        }
    }
}
