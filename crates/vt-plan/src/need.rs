//! What a statement reads of its session.

use std::sync::Arc;

/// A value of the session that stands in a statement as a bind variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// `DATABASE()`: the keyspace in use, or NULL.
    Database,
    /// `LAST_INSERT_ID()`.
    LastInsertId,
    /// `FOUND_ROWS()`.
    FoundRows,
    /// `ROW_COUNT()`.
    RowCount,
    /// `USER()`, `SESSION_USER()`, `CURRENT_USER()`.
    User,
    /// `VERSION()`.
    Version,
    /// `CONNECTION_ID()`.
    ConnectionId,
    /// `@name`, the name in lower case.
    UserVariable(Arc<str>),
    /// `@@name` of the session, the name in lower case.
    SessionVariable(Arc<str>),
    /// `@@global.name`, the name in lower case.
    GlobalVariable(Arc<str>),
    /// The database of `table_schema = 'ks'` and its like in a query of `information_schema`: the
    /// value bound under this name, a keyspace, is replaced by the name of its database.
    SchemaName(Arc<str>),
}

impl Need {
    /// Returns the name of the bind variable, without the colon.
    pub fn bind_name(&self) -> Arc<str> {
        match self {
            Need::Database => "__vtdbname".into(),
            Need::LastInsertId => "__lastInsertId".into(),
            Need::FoundRows => "__vtfrows".into(),
            Need::RowCount => "__vtrcount".into(),
            Need::User => "__vtuser".into(),
            Need::Version => "__vtversion".into(),
            Need::ConnectionId => "__vtconnectionid".into(),
            Need::UserVariable(name) => format!("__vtudv{name}").into(),
            Need::SessionVariable(name) => format!("__vtsysvar_{name}").into(),
            Need::GlobalVariable(name) => format!("__vtglobalvar_{name}").into(),
            Need::SchemaName(name) => format!("__vtschemaname_{name}").into(),
        }
    }
}
