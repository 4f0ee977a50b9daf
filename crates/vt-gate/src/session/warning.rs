//! What `SHOW WARNINGS` shows.

use vt_value::QueryResult;

pub use vt_value::Level;

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub level: Level,
    pub code: u16,
    pub message: String,
}

/// The warnings of the last statement; the oldest stay when there are too many, as in MySQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warnings {
    kept: Vec<Warning>,
    count: usize,
    /// How many are kept (`max_error_count`).
    pub kept_max: usize,
    /// Whether notes are kept (`sql_notes`).
    pub takes_notes: bool,
    /// The statement was prepared: what its words bring about was told then.
    pub is_prepared: bool,
    /// How many warnings, and errors, the statement before this one had.
    before: (usize, usize),
}

/// What MySQL warns of as it reads a statement: words that are deprecated, with and without
/// another to take, and `utf8` by its old names.
const OF_WORDS: [u16; 4] = [1287, 1681, 3719, 3720];

/// MySQL's `max_error_count`.
pub const KEPT_MAX: usize = 1_024;

impl Default for Warnings {
    fn default() -> Warnings {
        Warnings {
            kept: Vec::new(),
            count: 0,
            kept_max: KEPT_MAX,
            takes_notes: true,
            is_prepared: false,
            before: (0, 0),
        }
    }
}

impl Warnings {
    pub fn push(&mut self, warning: Warning) {
        if warning.level == Level::Note && !self.takes_notes {
            return;
        }
        self.count += 1;
        if self.kept.len() < self.kept_max {
            self.kept.push(warning);
        }
    }

    /// Keeps what a shard has told of its part of the statement. Names of its database become the
    /// keyspace's; `is_same` says that all shards do the same, and tell the same.
    pub fn take(&mut self, result: &QueryResult, (from, to): (&str, &str), is_same: bool) {
        let mut told_before = 0;
        for notice in result.notices.iter() {
            // Shards read the statement anew each time it runs.
            if self.is_prepared && OF_WORDS.contains(&notice.code) {
                continue;
            }
            let warning = Warning {
                level: notice.level,
                code: notice.code,
                message: notice.message.replace(from, to),
            };
            match is_same && self.kept.contains(&warning) {
                true => told_before += 1,
                false => self.push(warning),
            }
        }
        // What did not come along is counted all the same.
        let known = result.notices.len().max(told_before);
        self.count += usize::from(result.warnings).saturating_sub(known);
    }

    /// Forgets the warnings as another statement begins, which may ask how many there were.
    pub fn begin(&mut self) {
        self.before = (self.count, self.errors());
        self.kept.clear();
        self.count = 0;
    }

    /// Returns how many warnings, and errors, the statement before this one had.
    pub fn before(&self) -> (usize, usize) {
        self.before
    }

    /// Returns the warnings that were kept.
    pub fn kept(&self) -> &[Warning] {
        &self.kept
    }

    /// Returns how many were errors.
    pub fn errors(&self) -> usize {
        self.kept.iter().filter(|one| one.level == Level::Error).count()
    }

    /// Returns how many there were.
    pub fn count(&self) -> usize {
        self.count
    }
}
