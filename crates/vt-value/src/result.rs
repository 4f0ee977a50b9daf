//! What a statement gives back.

use std::sync::Arc;

use crate::{Fields, Rows};

/// The whole result of a statement.
///
/// A statement that gives no rows (INSERT, SET) has no fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryResult {
    pub fields: Fields,
    pub rows: Rows,
    pub rows_affected: u64,
    pub insert_id: u64,
    /// True if the statement itself set `LAST_INSERT_ID()`, even to zero.
    pub insert_id_changed: bool,
    /// The text after the counts, `Records: 2  Duplicates: 0  Warnings: 0`.
    pub info: Arc<str>,
    /// Session state that MySQL tracked: the GTID of the commit.
    pub session_state_changes: Arc<str>,
    /// The server's status flags, as the last OK or EOF packet gave them.
    pub status_flags: u16,
    /// How many warnings the server keeps for the statement.
    pub warnings: u16,
    /// The warnings themselves, as far as the server kept them and whoever passes them on can.
    pub notices: Arc<[Notice]>,
}

/// What a server tells of a statement besides its result, as SHOW WARNINGS shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub level: Level,
    pub code: u16,
    pub message: Arc<str>,
}

/// How grave a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Note,
    Warning,
    Error,
}

impl Level {
    /// Returns the level as MySQL writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Note => "Note",
            Level::Warning => "Warning",
            Level::Error => "Error",
        }
    }

    /// Reads a level as MySQL writes it; what is unknown is a warning.
    pub fn from_name(name: &str) -> Level {
        match name {
            "Note" => Level::Note,
            "Error" => Level::Error,
            _ => Level::Warning,
        }
    }
}

impl QueryResult {
    /// Makes a result of rows.
    pub fn with_rows(fields: impl Into<Fields>, rows: Rows) -> QueryResult {
        QueryResult { fields: fields.into(), rows, ..QueryResult::default() }
    }

    /// Returns whether the statement gave a result set, be it empty.
    pub fn has_fields(&self) -> bool {
        !self.fields.is_empty()
    }
}

/// A piece of a streamed result; the first has the fields, later ones rows.
#[derive(Clone, Debug, Default)]
pub struct StreamPart {
    pub fields: Option<Fields>,
    pub rows: Rows,
}
