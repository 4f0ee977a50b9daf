//! Variables that tablets apply: kept as SQL, tried on one shard at once, and read back from it.

use vt_base::{Code, Error, Result};
use vt_value::{Type, TypedBytes};

use crate::gate::Gate;
use crate::query::run_on_any_shard;
use crate::session::{Level, Session, Warning};
use crate::sysvars::quoted;

/// Sets a variable, or gives it up for the tablets' own. A value that MySQL does not take leaves
/// everything as it was; what MySQL makes of one that it takes is what is kept.
pub(super) async fn set(
    gate: &Gate,
    session: &mut Session,
    name: &str,
    value: Option<TypedBytes>,
) -> Result<()> {
    let before = session.settings.clone();
    let is_held = session.transaction.shards.iter().any(|one| one.is_open());
    match value.as_ref().filter(|value| !is_default(name, value)) {
        None if before.get(name).is_none() => return Ok(()),
        None => session.settings.remove(name),
        Some(value) => {
            let literal = literal(value);
            if before.get(name) == Some(&*literal) && !is_held {
                return Ok(());
            }
            session.settings.set(name, &literal);
            if let Err(error) = adopt_answer(gate, session, name, value).await {
                session.settings = before;
                return Err(error);
            }
        }
    }
    if let Err(error) = obey(gate, session) {
        session.settings = before;
        obey(gate, session)?;
        return Err(error);
    }
    // A connection that is kept has the old settings, so that it is told of the new one.
    if is_held {
        let literal = session.settings.get(name).unwrap_or("default");
        let sql = format!("set {name} = {literal}");
        crate::tx::settings::apply(&gate.tablets, session, &sql).await?;
    }
    Ok(())
}

/// `SET timestamp = 0` gives the clock back.
fn is_default(name: &str, value: &TypedBytes) -> bool {
    name == "timestamp" && matches!(&*value.bytes, b"0" | b"0.0")
}

/// Asks a shard what the variable is once it has been set, and keeps that.
async fn adopt_answer(
    gate: &Gate,
    session: &mut Session,
    name: &str,
    given: &TypedBytes,
) -> Result<()> {
    if gate.tablets.serving.names().is_empty() {
        return Ok(());
    }
    let result = run_on_any_shard(gate, session, &format!("select @@session.{name}")).await?;
    if result.rows.is_empty() {
        return Ok(());
    }
    let answer = super::first_value(&result);
    if answer.is_null() {
        session.settings.set(name, "NULL");
        return Ok(());
    }
    let is_cut = given.typ.is_integral() && answer.typ.is_integral() && given.bytes != answer.bytes;
    if is_cut {
        let message = format!(
            "Truncated incorrect {name} value: '{}'",
            String::from_utf8_lossy(&given.bytes)
        );
        session.warnings.push(Warning { level: Level::Warning, code: 1292, message });
    }
    session.settings.set(name, &literal(&answer));
    Ok(())
}

/// Makes grammar, evaluation and the gateway's own statements follow the settings.
fn obey(gate: &Gate, session: &mut Session) -> Result<()> {
    let defaults = gate.defaults.get();
    session.modes = defaults.modes_of(session.settings.text("sql_mode").as_deref());
    session.warnings.takes_notes = session.settings.get("sql_notes") != Some("0");
    if let Some(zone) = session.settings.text("time_zone")
        && defaults.zone_of(&zone).is_none()
    {
        let what =
            format!("time zone {zone}: the gateway does not know it; name one of the IANA's");
        return Err(Error::unsupported(what).with_code(Code::InvalidArgument));
    }
    Ok(())
}

fn literal(value: &TypedBytes) -> String {
    let text = String::from_utf8_lossy(&value.bytes);
    match value {
        value if value.is_null() => "NULL".to_owned(),
        // Bytes and hexadecimal numbers are for MySQL to read.
        value if value.typ == Type::HEXNUM => text.into_owned(),
        value if value.typ.is_number() => text.into_owned(),
        _ => quoted(&text),
    }
}
