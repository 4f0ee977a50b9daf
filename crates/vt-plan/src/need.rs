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
    /// `@@name`: of the session, or global where sessions have none; the name in lower case.
    SessionVariable(Arc<str>),
    /// `@@session.name`: an error (1238) where sessions have none; the name in lower case.
    OwnVariable(Arc<str>),
    /// `@@global.name`, the name in lower case.
    GlobalVariable(Arc<str>),
    /// The database of `table_schema = 'ks'` and its like in a query of `information_schema`: the
    /// value bound under this name, a keyspace, is replaced by the name of its database.
    SchemaName(Arc<str>),
    /// The name of a keyspace's database; a name that is no keyspace stays as it is.
    SchemaOf(Arc<str>),
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
            Need::UserVariable(name) => format!("__vtudv{}", identifier(name)).into(),
            Need::SessionVariable(name) => format!("__vtsysvar_{}", identifier(name)).into(),
            Need::OwnVariable(name) => format!("__vtsessionvar_{}", identifier(name)).into(),
            Need::GlobalVariable(name) => format!("__vtglobalvar_{}", identifier(name)).into(),
            Need::SchemaName(name) => format!("__vtschemaname_{name}").into(),
            Need::SchemaOf(keyspace) => format!("__vtschemaof_{}", identifier(keyspace)).into(),
        }
    }
}

/// Spells a name with letters, digits and underscores alone.
fn identifier(name: &str) -> String {
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return name.to_owned();
    }
    name.bytes().fold("_hex_".to_owned(), |out, byte| format!("{out}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_are_plain_or_hex() {
        for (need, name) in [
            (Need::Database, "__vtdbname"),
            (Need::UserVariable("a_1".into()), "__vtudva_1"),
            (Need::UserVariable("a b".into()), "__vtudv_hex_612062"),
            (Need::SessionVariable("sql_mode".into()), "__vtsysvar_sql_mode"),
            (Need::SchemaName("vtg1".into()), "__vtschemaname_vtg1"),
            (Need::SchemaOf("ks".into()), "__vtschemaof_ks"),
        ] {
            assert_eq!(&*need.bind_name(), name);
        }
    }
}
