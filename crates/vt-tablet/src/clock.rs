//! The machine's clock: whether it jumps.
//!
//! Leases and time-outs count from a clock that does not; what goes by the day's time, as the lag that
//! MySQL tells and the terms of primaries, is judged by people who have to know of it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::time::{MissedTickBehavior, interval};

use crate::core::Core;

/// How often the two clocks are compared.
const PACE: Duration = Duration::from_secs(1);
/// How far they may drift apart in that time: a clock that is corrected slowly does so by far less.
const DRIFT_MAX: Duration = Duration::from_millis(500);

/// A jump of the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jump {
    /// What the clock says after it.
    pub at: SystemTime,
    /// How many seconds it went too far; negative where it went back.
    pub seconds: f64,
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let at = vt_topo::records::lock::rfc3339(at.as_secs());
        write!(f, "the machine's clock jumped by {:+.1} s, to {at}", self.seconds)
    }
}

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
struct Moment {
    wall: SystemTime,
    steady: Instant,
}

impl Moment {
    fn now() -> Moment {
        Moment { wall: SystemTime::now(), steady: Instant::now() }
    }

    /// Returns by how much the day's time has gone another way than time itself since a moment before.
    fn jump_since(self, before: Moment) -> Option<Jump> {
        let passed = self.steady.saturating_duration_since(before.steady).as_secs_f64();
        let shown = match self.wall.duration_since(before.wall) {
            Ok(forward) => forward.as_secs_f64(),
            Err(back) => -back.duration().as_secs_f64(),
        };
        let seconds = shown - passed;
        (seconds.abs() > DRIFT_MAX.as_secs_f64()).then_some(Jump { at: self.wall, seconds })
    }
}

impl Core {
    /// Compares the clocks again and again; runs until cancelled.
    pub async fn watch_clock(self: Arc<Core>) {
        let jumps = self.stats.counter("ClockJumps", "jumps of the machine's clock");
        let mut ticks = interval(PACE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = Moment::now();
        loop {
            ticks.tick().await;
            let now = Moment::now();
            if let Some(jump) = now.jump_since(before) {
                tracing::error!(seconds = jump.seconds, "the machine's clock jumped");
                jumps.add(1);
                *self.clock.lock() = Some(jump);
            }
            before = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_goes_another_way_than_time_has_jumped() {
        let start = Moment {
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000),
            ..Moment::now()
        };
        let after = |wall: i64, steady: u64| {
            let shift = Duration::from_secs(wall.unsigned_abs());
            let wall = if wall < 0 { start.wall - shift } else { start.wall + shift };
            let steady = start.steady + Duration::from_secs(steady);
            Moment { wall, steady }.jump_since(start).map(|jump| jump.seconds)
        };
        assert_eq!(after(1, 1), None);
        // A process that was paused finds both clocks later.
        assert_eq!(after(60, 60), None);
        assert_eq!(after(3601, 1), Some(3600.0));
        assert_eq!(after(-10, 1), Some(-11.0));
        let jump = Jump { at: start.wall, seconds: -11.0 };
        let text = jump.to_string();
        assert!(text.starts_with("the machine's clock jumped by -11.0 s, to 1970-01-12"), "{text}");
    }
}
