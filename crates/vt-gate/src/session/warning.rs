//! What `SHOW WARNINGS` shows.

/// How grave a warning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Note,
    Warning,
    Error,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Note => "Note",
            Level::Warning => "Warning",
            Level::Error => "Error",
        }
    }
}

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub level: Level,
    pub code: u16,
    pub message: String,
}

/// The warnings of the last statement; the oldest stay when there are too many, as in MySQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warnings {
    kept: Vec<Warning>,
    count: usize,
}

/// How many are kept: MySQL's `max_error_count`.
const KEPT_MAX: usize = 1_024;

impl Warnings {
    pub fn push(&mut self, warning: Warning) {
        self.count += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(warning);
        }
    }

    pub fn clear(&mut self) {
        self.kept.clear();
        self.count = 0;
    }

    /// Returns the warnings that were kept.
    pub fn kept(&self) -> &[Warning] {
        &self.kept
    }

    /// Returns how many there were.
    pub fn count(&self) -> usize {
        self.count
    }
}
