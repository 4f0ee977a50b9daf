//! What `--stats` tells.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// Counts of a run.
#[derive(Default)]
pub(super) struct Stats {
    kinds: BTreeMap<&'static str, u64>,
    refused: u64,
    bytes: u64,
    tree_bytes: u64,
    tree_bytes_max: u64,
    parsing: Duration,
    fingerprinting: Duration,
}

/// What is timed.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Parse,
    Fingerprint,
}

impl Stats {
    pub(super) fn take(&mut self, kind: &'static str, bytes: usize) {
        *self.kinds.entry(kind).or_default() += 1;
        self.bytes += bytes as u64;
    }

    pub(super) fn refuse(&mut self) {
        self.refused += 1;
    }

    pub(super) fn trees(&mut self, bytes: usize) {
        self.tree_bytes += bytes as u64;
        self.tree_bytes_max = self.tree_bytes_max.max(bytes as u64);
    }

    /// Does something, and adds how long it took.
    pub(super) fn time<T>(&mut self, part: Part, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let done = work();
        let total = match part {
            Part::Parse => &mut self.parsing,
            Part::Fingerprint => &mut self.fingerprinting,
        };
        *total += started.elapsed();
        done
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken: u64 = self.kinds.values().sum();
        writeln!(f, "statements: {taken} taken, {} refused", self.refused)?;
        for (kind, count) in &self.kinds {
            writeln!(f, "  {kind}: {count}")?;
        }
        let mean = self.tree_bytes / taken.max(1);
        writeln!(f, "bytes of statements: {}", self.bytes)?;
        writeln!(
            f,
            "bytes of trees: {} ({mean} a statement, {} the largest)",
            self.tree_bytes, self.tree_bytes_max
        )?;
        writeln!(
            f,
            "time: {} us for parsing, {} us for fingerprints",
            self.parsing.as_micros(),
            self.fingerprinting.as_micros()
        )
    }
}
