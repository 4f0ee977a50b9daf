//! Variables that tablets apply: kept as SQL, and tried on one shard at once.

use vt_base::Result;
use vt_sql::Modes;
use vt_value::TypedBytes;

use crate::gate::Gate;
use crate::query::run_on_any_shard;
use crate::session::Session;
use crate::sysvars::quoted;

/// Sets a variable, or gives it up for the tablets' own. A value that MySQL does not take leaves
/// everything as it was.
pub(super) async fn set(
    gate: &Gate,
    session: &mut Session,
    name: &str,
    value: Option<TypedBytes>,
) -> Result<()> {
    let Some(value) = value else {
        session.settings.remove(name);
        adopt(session, name, "");
        return Ok(());
    };
    let literal = literal(&value);
    if session.settings.get(name) == Some(&*literal) {
        return Ok(());
    }
    let before = session.settings.clone();
    session.settings.set(name, &literal);
    // A connection that is kept has the old settings, so that it is told of the new one.
    if session.transaction.shards.iter().any(|one| one.is_open()) {
        let sql = format!("set {name} = {literal}");
        crate::tx::settings::apply(&gate.tablets, session, &sql).await?;
    } else if !gate.tablets.serving.names().is_empty()
        && let Err(error) = run_on_any_shard(gate, session, "select 1").await
    {
        session.settings = before;
        return Err(error);
    }
    adopt(session, name, &String::from_utf8_lossy(&value.bytes));
    Ok(())
}

/// Obeys a variable that concerns the gateway too.
fn adopt(session: &mut Session, name: &str, value: &str) {
    if name == "sql_mode" {
        session.modes = Modes::from_sql_mode(value);
    }
}

fn literal(value: &TypedBytes) -> String {
    let text = String::from_utf8_lossy(&value.bytes);
    match value {
        value if value.is_null() => "NULL".to_owned(),
        value if value.typ.is_number() => text.into_owned(),
        _ => quoted(&text),
    }
}
