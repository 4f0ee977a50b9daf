//! What an OK packet tells of the session: the changes that `CLIENT_SESSION_TRACK` asks for.

use crate::put;
use crate::scan::{Malformed, Scan, text};

/// One change of the session's state (protocol page "OK_Packet", session state information).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChange {
    SystemVariable {
        name: String,
        value: String,
    },
    /// The default database became this one.
    Schema(String),
    /// Whether any state of the session changed.
    StateChanged(bool),
    /// The GTIDs of the transaction that was just committed.
    Gtids(String),
    /// Characteristics of the transaction, as the statements that would restore them.
    TransactionCharacteristics(String),
    /// Eight letters that describe the transaction, as `T_______`.
    TransactionState(String),
}

const SYSTEM_VARIABLES: u8 = 0;
const SCHEMA: u8 = 1;
const STATE_CHANGE: u8 = 2;
const GTIDS: u8 = 3;
const TRANSACTION_CHARACTERISTICS: u8 = 4;
const TRANSACTION_STATE: u8 = 5;

/// Appends the changes, each with its kind and length; without the length of them all.
pub fn encode(out: &mut Vec<u8>, changes: &[SessionChange]) {
    let mut entry = Vec::new();
    for change in changes {
        entry.clear();
        let kind = match change {
            SessionChange::SystemVariable { name, value } => {
                put::lenenc_bytes(&mut entry, name.as_bytes());
                put::lenenc_bytes(&mut entry, value.as_bytes());
                SYSTEM_VARIABLES
            }
            SessionChange::Schema(name) => {
                put::lenenc_bytes(&mut entry, name.as_bytes());
                SCHEMA
            }
            SessionChange::StateChanged(changed) => {
                put::lenenc_bytes(&mut entry, if *changed { b"1" } else { b"0" });
                STATE_CHANGE
            }
            SessionChange::Gtids(gtids) => {
                // The byte in front names the encoding of the set; zero, plain text, is the only one.
                entry.push(0);
                put::lenenc_bytes(&mut entry, gtids.as_bytes());
                GTIDS
            }
            SessionChange::TransactionCharacteristics(statements) => {
                put::lenenc_bytes(&mut entry, statements.as_bytes());
                TRANSACTION_CHARACTERISTICS
            }
            SessionChange::TransactionState(letters) => {
                put::lenenc_bytes(&mut entry, letters.as_bytes());
                TRANSACTION_STATE
            }
        };
        out.push(kind);
        put::lenenc_bytes(out, &entry);
    }
}

/// Reads changes; kinds that are not known are passed over.
pub fn decode(bytes: &[u8]) -> Result<Vec<SessionChange>, Malformed> {
    let mut scan = Scan::new(bytes);
    let mut changes = Vec::new();
    while !scan.is_empty() {
        let kind = scan.u8("kind of session change")?;
        let mut entry = Scan::new(scan.lenenc_bytes("session change")?);
        match kind {
            SYSTEM_VARIABLES => {
                // One entry may carry several variables.
                while !entry.is_empty() {
                    let name = text(entry.lenenc_bytes("name of session variable")?);
                    let value = text(entry.lenenc_bytes("value of session variable")?);
                    changes.push(SessionChange::SystemVariable { name, value });
                }
            }
            SCHEMA => changes.push(SessionChange::Schema(text(entry.lenenc_bytes("schema")?))),
            STATE_CHANGE => changes
                .push(SessionChange::StateChanged(entry.lenenc_bytes("state change")? == b"1")),
            GTIDS => {
                entry.u8("encoding of GTIDs")?;
                changes.push(SessionChange::Gtids(text(entry.lenenc_bytes("GTIDs")?)));
            }
            TRANSACTION_CHARACTERISTICS => changes.push(SessionChange::TransactionCharacteristics(
                text(entry.lenenc_bytes("transaction characteristics")?),
            )),
            TRANSACTION_STATE => changes
                .push(SessionChange::TransactionState(text(entry.lenenc_bytes("transaction")?))),
            _ => {}
        }
    }
    Ok(changes)
}
