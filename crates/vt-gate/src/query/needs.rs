//! Fills in what a plan reads of its session.

use std::sync::Arc;

use vt_base::{Error, Result};
use vt_plan::Need;
use vt_value::{BindVars, BoundValue, TypedBytes};

use crate::gate::Gate;
use crate::session::Session;
use crate::sysvars;

/// Binds every need of a plan.
pub async fn fill(
    gate: &Gate,
    session: &mut Session,
    needs: &[Need],
    binds: &mut BindVars,
) -> Result<()> {
    let mut unknown: Vec<(Arc<str>, String)> = Vec::new();
    for need in needs {
        let value = match need {
            Need::SessionVariable(name) => match sysvars::session_value(gate, session, name) {
                Some(value) => value,
                None => {
                    // Without a scope, so that variables which are global alone are found too.
                    unknown.push((need.bind_name(), format!("@@{name}")));
                    continue;
                }
            },
            Need::OwnVariable(name) => match own_value(gate, session, name) {
                Some(value) => value,
                None => {
                    unknown.push((need.bind_name(), format!("@@session.{name}")));
                    continue;
                }
            },
            Need::GlobalVariable(name) => match sysvars::global_value(gate, name) {
                Some(value) => value,
                None => {
                    unknown.push((need.bind_name(), format!("@@global.{name}")));
                    continue;
                }
            },
            Need::SchemaName(name) => {
                let value = schema_names(gate, binds, name)?;
                binds.set(need.bind_name(), value);
                continue;
            }
            Need::SchemaOf(name) => TypedBytes::varchar(&schema_of(gate, name)),
            other => of_session(gate, session, other),
        };
        binds.set(need.bind_name(), value);
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = unknown.iter().map(|(_, name)| name.as_str()).collect();
    let values = sysvars::fetch(gate, session, &names).await?;
    for ((bind, _), value) in unknown.into_iter().zip(values) {
        binds.set(bind, value);
    }
    Ok(())
}

/// Returns a variable that sessions have; of any other MySQL says what is wrong.
fn own_value(gate: &Gate, session: &Session, name: &str) -> Option<TypedBytes> {
    sysvars::find(name)?;
    sysvars::session_value(gate, session, name)
}

fn of_session(gate: &Gate, session: &Session, need: &Need) -> TypedBytes {
    match need {
        Need::Database => match session.target.keyspace() {
            Some(_) => TypedBytes::varchar(session.target.as_str()),
            None => TypedBytes::NULL,
        },
        Need::LastInsertId => TypedBytes::uint64(session.last_insert_id),
        Need::FoundRows => TypedBytes::int64(i64::try_from(session.found_rows).unwrap_or(i64::MAX)),
        Need::RowCount => TypedBytes::int64(session.row_count),
        Need::User => TypedBytes::varchar(&session.account),
        Need::Version => TypedBytes::varchar(&gate.config.mysql.version),
        Need::ConnectionId => TypedBytes::uint64(u64::from(session.connection_id)),
        Need::UserVariable(name) => {
            session.user_variables.get(&**name).cloned().unwrap_or(TypedBytes::NULL)
        }
        Need::SessionVariable(_)
        | Need::OwnVariable(_)
        | Need::GlobalVariable(_)
        | Need::SchemaName(_)
        | Need::SchemaOf(_) => TypedBytes::NULL,
    }
}

/// Returns the databases of keyspaces, where the statement names keyspaces.
fn schema_names(gate: &Gate, binds: &BindVars, name: &str) -> Result<BoundValue> {
    let one = |value: &TypedBytes| match value.is_null() {
        true => value.clone(),
        false => TypedBytes::varchar(&schema_of(gate, &String::from_utf8_lossy(&value.bytes))),
    };
    match binds.get(name) {
        Some(BoundValue::One(value)) => Ok(BoundValue::One(one(value))),
        Some(BoundValue::Tuple(values)) => Ok(BoundValue::Tuple(values.iter().map(one).collect())),
        None => Err(Error::bug(format!("no value for the schema name {name}"))),
    }
}

/// Returns the name of a keyspace's database; a name that is no keyspace stays as it is.
fn schema_of(gate: &Gate, name: &str) -> String {
    // DATABASE() gives the session's whole target, and clients ask with it.
    let keyspace = name.split([':', '/', '@', '[']).next().unwrap_or(name);
    match gate.has_keyspace(keyspace) {
        true => gate.database_of(keyspace),
        false => name.to_owned(),
    }
}
