//! SET: user variables, system variables, character sets, the kind of transactions.

mod aware;
mod names;
mod promises;
mod read;
mod setting;

use vt_base::{Error, ErrorId, Result};
use vt_tablet_api::Isolation;
use vt_value::{BindVars, QueryResult, Type, TypedBytes};

use crate::gate::Gate;
use crate::query::{run_internal_with, run_on_any_shard};
use crate::session::Session;
use crate::sysvars::{self, Class, Variable};

pub use read::items;

/// One assignment.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    User {
        name: String,
        value: Value,
    },
    System {
        name: String,
        scope: Scope,
        value: Value,
    },
    /// `NAMES`; `None` means the default.
    Names {
        charset: Option<String>,
        collation: Option<String>,
    },
    CharacterSet {
        charset: Option<String>,
    },
    Transaction {
        scope: Option<Scope>,
        isolation: Option<Isolation>,
        is_read_only: Option<bool>,
    },
}

/// Whom an assignment concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Session,
    Global,
    /// The cluster's metadata, in the topology.
    Metadata,
}

/// What is assigned.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Known(TypedBytes),
    /// An expression to evaluate, with the values of its `?`.
    Expr {
        sql: String,
        params: BindVars,
    },
    Default,
}

/// Carries assignments out: all of them, or none if one fails.
pub async fn run(gate: &Gate, session: &mut Session, items: Vec<Item>) -> Result<QueryResult> {
    let before = (items.len() > 1).then(|| session.clone());
    for item in items {
        if let Err(error) = assign(gate, session, item).await {
            if let Some(before) = before {
                undo(session, before);
            }
            return Err(error);
        }
    }
    Ok(QueryResult::default())
}

async fn assign(gate: &Gate, session: &mut Session, item: Item) -> Result<()> {
    match item {
        Item::User { name, value } => set_user(gate, session, name, value).await,
        Item::System { name, scope, value } => set_system(gate, session, &name, scope, value).await,
        Item::Names { charset, collation } => {
            names::set_names(gate, session, charset.as_deref(), collation.as_deref()).await
        }
        Item::CharacterSet { charset } => {
            names::set_character_set(gate, session, charset.as_deref()).await
        }
        Item::Transaction { scope, isolation, is_read_only } => {
            aware::set_transaction(session, scope, isolation, is_read_only)
        }
    }
}

/// Puts everything back but what has happened on shards meanwhile.
fn undo(session: &mut Session, before: Session) {
    let now = std::mem::replace(session, before);
    let kept = session.transaction.clone();
    session.warnings = now.warnings;
    session.transaction = now.transaction;
    session.transaction.session_isolation = kept.session_isolation;
    session.transaction.session_read_only = kept.session_read_only;
}

async fn set_user(gate: &Gate, session: &mut Session, name: String, value: Value) -> Result<()> {
    let value = evaluate(gate, session, value).await?.unwrap_or(TypedBytes::NULL);
    session.set_user_variable(name, value)
}

async fn set_system(
    gate: &Gate,
    session: &mut Session,
    name: &str,
    scope: Scope,
    value: Value,
) -> Result<()> {
    match scope {
        Scope::Session => {}
        Scope::Metadata => return set_metadata(gate, session, name, value).await,
        Scope::Global => {
            let what = format!("SET GLOBAL {name}: set it in the configuration of the tablets");
            return Err(Error::unsupported(what));
        }
    }
    let Some(variable) = sysvars::find(name) else {
        // MySQL knows whether there is one: of a component, of a version to come, or global.
        let value = evaluate(gate, session, value).await?;
        return setting::set(gate, session, name, value).await;
    };
    let value = match variable.class {
        Class::ReadOnly => return Err(read_only(variable)),
        _ => evaluate(gate, session, value).await?,
    };
    match variable.class {
        Class::Gate => aware::set(gate, session, name, value).await,
        Class::Setting if session.system_settings => setting::set(gate, session, name, value).await,
        Class::Setting | Class::Fixed => check(gate, session, variable, value).await,
        Class::Ignored => {
            keep(session, variable, value);
            Ok(())
        }
        Class::ReadOnly => Err(read_only(variable)),
    }
}

fn read_only(variable: &Variable) -> Error {
    let name = variable.name;
    if matches!(name, "max_allowed_packet" | "max_user_connections" | "net_buffer_length") {
        let message =
            format!("SESSION variable '{name}' is read-only. Use SET GLOBAL to assign the value");
        return Error::mysql(1621, b"HY000", message).with_code(vt_base::Code::InvalidArgument);
    }
    Error::vt(ErrorId::VT03010, name).with_mysql(1238, *b"HY000")
}

/// Keeps a value that has no effect, for those who read it.
fn keep(session: &mut Session, variable: &Variable, value: Option<TypedBytes>) {
    match value {
        Some(value) => drop(session.kept.insert(variable.name, sysvars::as_kind(variable, value))),
        None => drop(session.kept.remove(variable.name)),
    }
}

/// Refuses to make something else of a variable that stays as it is.
async fn check(
    gate: &Gate,
    session: &mut Session,
    variable: &Variable,
    value: Option<TypedBytes>,
) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    let name = variable.name;
    let now = match sysvars::session_value(gate, session, name) {
        Some(now) => now,
        None => {
            let sql = format!("select @@session.{name}");
            first_value(&run_on_any_shard(gate, session, &sql).await?)
        }
    };
    if is_same(&now, &value) {
        return Ok(());
    }
    let why = match variable.class {
        Class::Setting => "settings of sessions are disabled (--enable-system-settings)",
        _ => "it cannot differ by session in a cluster",
    };
    Err(Error::unsupported(format!("system setting {name}: {why}")))
}

fn is_same(now: &TypedBytes, wanted: &TypedBytes) -> bool {
    let flag = |value: &TypedBytes| match value.bytes.to_ascii_lowercase().as_slice() {
        b"on" | b"true" | b"1" => Some(true),
        b"off" | b"false" | b"0" => Some(false),
        _ => None,
    };
    now.bytes.eq_ignore_ascii_case(&wanted.bytes)
        || flag(now).is_some_and(|one| flag(wanted) == Some(one))
}

async fn set_metadata(gate: &Gate, session: &mut Session, name: &str, value: Value) -> Result<()> {
    super::alter_vschema::check_allowed(gate, session)?;
    let value = evaluate(gate, session, value).await?;
    let topo = gate.topo_server();
    match value {
        Some(value) if !value.is_null() => {
            topo.set_metadata(name, &String::from_utf8_lossy(&value.bytes)).await?;
        }
        _ => topo.delete_metadata(name).await?,
    }
    Ok(())
}

/// Returns what is to be assigned; `None` for the default.
async fn evaluate(gate: &Gate, session: &mut Session, value: Value) -> Result<Option<TypedBytes>> {
    match value {
        Value::Known(value) => Ok(Some(value)),
        Value::Default => Ok(None),
        Value::Expr { sql, params } => {
            let sql = format!("select {sql}");
            let result = run_internal_with(gate, session, &sql, params).await?;
            Ok(Some(first_value(&result)))
        }
    }
}

/// Returns the first column of the first row, with its type; NULL if there is none.
fn first_value(result: &QueryResult) -> TypedBytes {
    let typ = result.fields.first().map_or(Type::NULL_TYPE, |field| field.typ);
    let row = (!result.rows.is_empty()).then(|| result.rows.get(0));
    match row.and_then(|row| row.column(0)) {
        Some(bytes) => TypedBytes::new(typ, bytes.to_vec()),
        None => TypedBytes::NULL,
    }
}
