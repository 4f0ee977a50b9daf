//! Warnings of an evaluation, as SHOW WARNINGS gives them.

use std::sync::Arc;

/// How grave a warning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    Note,
    Warning,
    Error,
}

impl Level {
    /// Returns the name as SHOW WARNINGS has it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Note => "Note",
            Level::Warning => "Warning",
            Level::Error => "Error",
        }
    }
}

/// One line of SHOW WARNINGS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub level: Level,
    pub errno: u16,
    pub message: Arc<str>,
}

impl Warning {
    pub fn new(errno: u16, message: impl Into<Arc<str>>) -> Warning {
        Warning { level: Level::Warning, errno, message: message.into() }
    }

    /// Returns the warning of a constant, which was computed as if in the first row, for another.
    pub(crate) fn at_row(&self, row: u64) -> Warning {
        const NAMES_ROW: [u16; 4] = [3155, 3156, 4095, 4096];
        if row == 1 || !NAMES_ROW.contains(&self.errno) {
            return self.clone();
        }
        let message = match self.message.rsplit_once(" at row 1") {
            Some((start, end)) => format!("{start} at row {row}{end}").into(),
            None => self.message.clone(),
        };
        Warning { message, ..self.clone() }
    }
}

/// The warnings of a statement; those beyond the limit are counted alone.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    kept: Vec<Warning>,
    most: usize,
    count: u64,
    /// Those that come are not kept: they have come before.
    muted: bool,
}

impl Warnings {
    /// Makes a list that keeps at most so many (`max_error_count`).
    pub fn new(most: u16) -> Warnings {
        Warnings { kept: Vec::new(), most: most.into(), count: 0, muted: false }
    }

    pub fn push(&mut self, warning: Warning) {
        if self.muted {
            return;
        }
        self.count += 1;
        if self.kept.len() < self.most {
            self.kept.push(warning);
        }
    }

    /// Takes back the warning that came last.
    pub(crate) fn take_back(&mut self) {
        if self.muted || self.count == 0 {
            return;
        }
        if self.count <= self.most as u64 {
            self.kept.pop();
        }
        self.count -= 1;
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.muted
    }

    /// Has warnings be kept or not; returns what was said before.
    pub(crate) fn mute(&mut self, muted: bool) -> bool {
        std::mem::replace(&mut self.muted, muted)
    }

    /// Returns those that were kept, in the order in which they arose.
    pub fn kept(&self) -> &[Warning] {
        &self.kept
    }

    /// Returns how many arose.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes out what was kept, and starts to count anew.
    pub fn take(&mut self) -> Vec<Warning> {
        self.count = 0;
        std::mem::take(&mut self.kept)
    }
}
