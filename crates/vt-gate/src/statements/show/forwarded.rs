//! SHOW statements that one shard answers.

use std::sync::Arc;

use vt_base::{Error, ErrorId, Result};
use vt_sql::ast::{self, Ident, ShowKind, Statement, TableName};
use vt_value::{Field, QueryResult};

use crate::gate::Gate;
use crate::query::{any_keyspace, forward};
use crate::session::Session;

/// What goes to a shard.
#[derive(Debug)]
pub(super) struct Forwarded {
    sql: String,
    place: Place,
    /// The first column names the database, which is to be the keyspace.
    names_database: bool,
}

/// The keyspace whose shard is asked.
#[derive(Debug)]
enum Place {
    Keyspace(String),
    /// The one of the session, which must have selected one.
    Session,
    /// The one that a table is found in.
    Table(String),
    /// Any; the answer does not depend on it.
    Any,
}

/// Reads a SHOW; names of keyspaces are taken out of the text, since MySQL does not know them.
pub(super) fn read(show: &ast::Show<'_>, text: &str) -> Forwarded {
    let (kind, place, names_database) = located(&show.kind);
    let sql = match kind {
        Some(kind) => {
            let plain = ast::Show { kind, ..*show };
            vt_sql::to_sql(&Statement::Show(&plain))
        }
        None => text.to_owned(),
    };
    Forwarded { sql, place, names_database }
}

/// Returns the kind without its keyspace (`None` leaves the text as it is), and where it goes.
fn located<'a>(kind: &ShowKind<'a>) -> (Option<ShowKind<'a>>, Place, bool) {
    let schema = |name: Option<Ident<'_>>| match name {
        Some(name) => Place::Keyspace(name.as_str().to_owned()),
        None => Place::Session,
    };
    let of = |table: TableName<'a>| {
        let place = match table.qualifier {
            Some(keyspace) => Place::Keyspace(keyspace.as_str().to_owned()),
            None => Place::Table(table.name.as_str().to_owned()),
        };
        (TableName { qualifier: None, ..table }, place)
    };
    match *kind {
        ShowKind::Tables { full, extended, schema: name } => {
            (Some(ShowKind::Tables { full, extended, schema: None }), schema(name), true)
        }
        ShowKind::TableStatus { schema: name } => {
            (Some(ShowKind::TableStatus { schema: None }), schema(name), false)
        }
        ShowKind::OpenTables { schema: name } => {
            (Some(ShowKind::OpenTables { schema: None }), schema(name), false)
        }
        ShowKind::Triggers { full, schema: name } => {
            (Some(ShowKind::Triggers { full, schema: None }), schema(name), false)
        }
        ShowKind::Events { schema: name } => {
            (Some(ShowKind::Events { schema: None }), schema(name), false)
        }
        ShowKind::Columns { full, extended, table } => {
            let (table, place) = of(table);
            (Some(ShowKind::Columns { full, extended, table }), place, false)
        }
        ShowKind::Index { extended, table } => {
            let (table, place) = of(table);
            (Some(ShowKind::Index { extended, table }), place, false)
        }
        ShowKind::CreateTable(table) => {
            let (table, place) = of(table);
            (Some(ShowKind::CreateTable(table)), place, false)
        }
        ShowKind::CreateObject { kind, name } => {
            let (name, place) = of(name);
            let place = match place {
                Place::Table(_) => Place::Session,
                other => other,
            };
            (Some(ShowKind::CreateObject { kind, name }), place, false)
        }
        _ => (None, Place::Any, false),
    }
}

/// Asks a shard.
pub(super) async fn run(
    gate: &Gate,
    session: &mut Session,
    forwarded: Forwarded,
) -> Result<QueryResult> {
    let keyspace: Arc<str> = match &forwarded.place {
        Place::Keyspace(name) => keyspace_of_target(gate, name)?,
        Place::Session => match session.target.keyspace() {
            Some(_) => session.target.keyspace.clone(),
            None => return Err(Error::vt(ErrorId::VT09005, "")),
        },
        Place::Table(table) => keyspace_of_table(gate, session, table)?,
        Place::Any => any_keyspace(gate, session)?,
    };
    let result = forward(gate, session, &keyspace, &forwarded.sql).await?;
    Ok(if forwarded.names_database { with_keyspace(result, &keyspace) } else { result })
}

/// Returns the keyspace of a name that may be a whole target: `ks:-80@replica`.
fn keyspace_of_target(gate: &Gate, name: &str) -> Result<Arc<str>> {
    if is_system(name) {
        return Err(Error::unsupported(format!(
            "SHOW of tables in {name}: select from it instead"
        )));
    }
    Ok(gate.target(name)?.keyspace)
}

fn is_system(name: &str) -> bool {
    ["information_schema", "mysql", "sys", "performance_schema"]
        .iter()
        .any(|one| one.eq_ignore_ascii_case(name))
}

fn keyspace_of_table(gate: &Gate, session: &Session, table: &str) -> Result<Arc<str>> {
    let snapshot = gate.vschemas.current();
    let found =
        snapshot.vschema.find_table(session.target.keyspace(), table, session.target.tablet_type);
    match (found, session.target.keyspace()) {
        (Ok(found), _) => Ok(found.keyspace.name.clone()),
        // MySQL tells best what is wrong with a table that the vschema does not have.
        (Err(_), Some(_)) => Ok(session.target.keyspace.clone()),
        (Err(error), None) => Err(error),
    }
}

/// Puts the keyspace's name in the place of the database's in `Tables_in_vt_ks`.
fn with_keyspace(mut result: QueryResult, keyspace: &str) -> QueryResult {
    let mut fields: Vec<Field> = result.fields.to_vec();
    if let Some(first) = fields.first_mut()
        && let Some(rest) = first.name.strip_prefix("Tables_in_")
    {
        let pattern = rest.find(" (").map(|at| &rest[at..]).unwrap_or_default();
        first.name = format!("Tables_in_{keyspace}{pattern}").into();
    }
    result.fields = fields.into();
    result
}
