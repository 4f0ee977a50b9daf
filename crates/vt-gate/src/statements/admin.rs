//! Statements that are accepted and do nothing.

use vt_value::QueryResult;

use super::Local;
use crate::session::{Level, Session, Warning};

/// LOCK TABLES: tables of a cluster are not locked by it.
pub fn lock_tables() -> Local {
    let warning = "LOCK TABLES has no effect here: use a transaction".to_owned();
    Local::Nothing { operation: "LOCK_TABLES", warning: Some(warning) }
}

/// UNLOCK TABLES.
pub fn unlock_tables() -> Local {
    Local::Nothing { operation: "UNLOCK_TABLES", warning: None }
}

pub fn nothing(session: &mut Session, warning: Option<String>) -> QueryResult {
    if let Some(message) = warning {
        session.warnings.push(Warning { level: Level::Warning, code: 1235, message });
    }
    QueryResult::default()
}
