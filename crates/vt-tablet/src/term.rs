//! The terms of a shard's primaries, which grow even where clocks do not.

use std::time::{Duration, SystemTime};

use crate::core::Core;

/// How long the topology may take to tell the last term.
const ANSWER: Duration = Duration::from_secs(1);
/// By how much a term is later than one that a clock ahead of ours has given. Tablets tell theirs in
/// whole seconds, and whoever compares two must see which is the later.
const STEP: Duration = Duration::from_secs(1);

/// Returns the term that begins now, and later than the last one in any case.
fn after(last: Option<SystemTime>, now: SystemTime) -> SystemTime {
    let least = last.and_then(|last| last.checked_add(STEP));
    least.map_or(now, |least| least.max(now))
}

impl Core {
    /// Returns a term for this tablet as primary that is later than the shard's last, also where
    /// the clock here is behind that of the primary before it, or was set back.
    pub(crate) async fn next_term(&self) -> SystemTime {
        let now = SystemTime::now();
        let shard = self.topo.get_shard(&self.config.keyspace, &self.config.shard);
        let last = match tokio::time::timeout(ANSWER, shard).await {
            Ok(Ok(shard)) => shard.primary_term_start(),
            // The record is compared with again when it is written.
            Ok(Err(_)) | Err(_) => None,
        };
        let term = after(last, now);
        if last.is_some_and(|last| last > now) {
            tracing::warn!(?last, ?now, "the last term began in the future; set the clocks right");
        }
        term
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_grow_whatever_the_clock_says() {
        let now = SystemTime::now();
        let hour = Duration::from_secs(3600);
        assert_eq!(after(None, now), now);
        assert_eq!(after(Some(now - hour), now), now);
        // The one before it had a clock that was ahead, or this one was set back.
        assert_eq!(after(Some(now + hour), now), now + hour + STEP);
        assert_eq!(after(Some(now), now), now + STEP);
    }
}
