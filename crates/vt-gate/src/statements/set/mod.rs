//! SET: user variables, system variables, character sets, the kind of transactions.

mod aware;
mod read;
mod setting;

use vt_base::{Error, ErrorId, Result};
use vt_tablet_api::Isolation;
use vt_value::{QueryResult, Type, TypedBytes};

use crate::gate::Gate;
use crate::query::{run_internal, run_on_any_shard};
use crate::session::{Level, Session, USER_VARIABLES_MAX, Warning};
use crate::sysvars::{self, Class, class_of};

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
    /// `NAMES` and `CHARACTER SET`; `None` means the default.
    Names {
        charset: Option<String>,
        collation: Option<String>,
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
    /// An expression to evaluate.
    Expr(String),
    Default,
}

/// Carries assignments out, in order; those before one that fails stay.
pub async fn run(gate: &Gate, session: &mut Session, items: Vec<Item>) -> Result<QueryResult> {
    for item in items {
        match item {
            Item::User { name, value } => set_user(gate, session, name, value).await?,
            Item::System { name, scope, value } => {
                set_system(gate, session, &name, scope, value).await?;
            }
            Item::Names { charset, collation } => {
                aware::set_names(session, charset.as_deref(), collation.as_deref())?;
            }
            Item::Transaction { scope, isolation, is_read_only } => {
                aware::set_transaction(session, scope, isolation, is_read_only)?;
            }
        }
    }
    Ok(QueryResult::default())
}

async fn set_user(gate: &Gate, session: &mut Session, name: String, value: Value) -> Result<()> {
    let value = evaluate(gate, session, value).await?.unwrap_or(TypedBytes::NULL);
    let is_new = !session.user_variables.contains_key(&name);
    if is_new && session.user_variables.len() >= USER_VARIABLES_MAX {
        let message = format!("a session may have {USER_VARIABLES_MAX} user variables at most");
        return Err(Error::new(vt_base::Code::ResourceExhausted, message));
    }
    session.user_variables.insert(name, value);
    Ok(())
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
    match class_of(name) {
        Class::Aware => {
            let value = evaluate(gate, session, value).await?;
            aware::set(gate, session, name, value).await
        }
        Class::Setting if session.system_settings => {
            let value = evaluate(gate, session, value).await?;
            setting::set(gate, session, name, value).await
        }
        Class::Setting | Class::Checked => {
            let value = evaluate(gate, session, value).await?;
            check(gate, session, name, value).await
        }
        Class::Ignored => Ok(()),
        Class::Refused => Err(Error::unsupported(format!("system setting {name}"))),
        Class::ReadOnly => Err(Error::vt(ErrorId::VT03010, name)),
        Class::Unknown => Err(Error::vt(ErrorId::VT05006, name)),
    }
}

/// Warns if a variable that stays as it is was to become something else.
async fn check(
    gate: &Gate,
    session: &mut Session,
    name: &str,
    value: Option<TypedBytes>,
) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    let now = match sysvars::session_value(gate, session, name) {
        Some(now) => now,
        None => {
            let sql = format!("select @@{name}");
            let result = run_on_any_shard(gate, session, &sql).await?;
            first_value(&result)
        }
    };
    if !is_same(&now, &value) {
        let message = format!("Modification not allowed using set construct for: {name}");
        session.warnings.push(Warning { level: Level::Warning, code: 1235, message });
    }
    Ok(())
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
        Value::Expr(text) => {
            let result = run_internal(gate, session, &format!("select {text}")).await?;
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
