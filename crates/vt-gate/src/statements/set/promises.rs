//! Variables that say what a session's reads must have seen.

use vt_base::gtid::Position;
use vt_base::{Code, Error, Result};

use super::aware::Given;
use crate::gate::Gate;
use crate::session::Session;
use crate::session::consistency::{ReadConsistency, TIMEOUT_MAX, TrackGtids};

/// Sets one of the variables.
pub(super) async fn set(gate: &Gate, session: &mut Session, given: &Given<'_>) -> Result<()> {
    let before = session.consistency.tracked_by_tablets();
    match given.name {
        "read_after_write_gtid" => {
            session.consistency.gtid = gtid(given)?;
            session.consistency.given.clear();
        }
        "read_after_write_timeout" => session.consistency.timeout = seconds(given)?,
        "max_replication_lag" => {
            check_kept(session, given)?;
            session.consistency.lag_max = seconds(given)?;
        }
        "read_consistency" => {
            check_kept(session, given)?;
            let name = given.text().unwrap_or_else(|| "eventual".to_owned());
            let mode = ReadConsistency::from_name(&name).ok_or_else(|| given.wrong())?;
            check_no_transaction(session, given)?;
            session.consistency.mode = mode;
        }
        _ => {
            let name = given.text().unwrap_or_else(|| "off".to_owned());
            let track = TrackGtids::from_name(&name).ok_or_else(|| given.wrong())?;
            check_no_transaction(session, given)?;
            session.consistency.track = track;
        }
    }
    let after = session.consistency.tracked_by_tablets();
    if before == after {
        return Ok(());
    }
    session.follow_positions();
    // A connection that is kept is told too.
    if session.transaction.shards.iter().any(|one| one.is_open()) {
        let sql = format!("set session_track_gtids = '{}'", after.as_str());
        crate::tx::settings::apply(&gate.tablets, session, &sql).await?;
    }
    Ok(())
}

/// Reads a set of transactions, with or without the flavor in front.
fn gtid(given: &Given<'_>) -> Result<String> {
    let text = given.text().unwrap_or_default();
    let text = text.trim();
    let text = text.strip_prefix("MySQL56/").unwrap_or(text);
    if text.is_empty() {
        return Ok(String::new());
    }
    let position: Position = format!("MySQL56/{text}").parse().map_err(|_| given.wrong())?;
    Ok(position.gtid_set.to_string())
}

fn seconds(given: &Given<'_>) -> Result<f64> {
    let Some(text) = given.text() else { return Ok(0.0) };
    let seconds: f64 = text.parse().map_err(|_| given.wrong())?;
    if (0.0..=TIMEOUT_MAX).contains(&seconds) { Ok(seconds) } else { Err(given.wrong()) }
}

/// The messages of gRPC have no place for what MySQL's protocol keeps with the connection.
fn check_kept(session: &Session, given: &Given<'_>) -> Result<()> {
    if session.connection_id != 0 {
        return Ok(());
    }
    let what = format!("{} over gRPC: use read_after_write_gtid there", given.name);
    Err(Error::unsupported(what))
}

fn check_no_transaction(session: &Session, given: &Given<'_>) -> Result<()> {
    if !session.transaction.is_open {
        return Ok(());
    }
    let message = format!(
        "The system variable {} cannot be set when there is an ongoing transaction.",
        given.name
    );
    Err(Error::mysql(1766, b"HY000", message).with_code(Code::FailedPrecondition))
}
