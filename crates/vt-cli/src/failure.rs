//! Why a command failed, as it is printed.

use std::fmt;

use vt_base::{Code, Error};

/// A failed command.
#[derive(Debug)]
pub enum Failure {
    /// The line is wrong; nothing was sent.
    Usage(String),
    /// The command was carried out and failed.
    Rpc(Error),
    /// The command was carried out, printed what it found, and that is not as it should be.
    Found { printed: String, err: Error },
}

impl Failure {
    /// Returns what is printed although the command failed.
    pub(crate) fn printed(&self) -> Option<&str> {
        match self {
            Failure::Found { printed, .. } => Some(printed),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(err: Error) -> Failure {
        Failure::Rpc(err)
    }
}

/// Prints what scripts look for, and below it a way out where there is one.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(text) => write!(f, "error: {text}"),
            Failure::Found { err, .. } => write!(f, "error: {err}"),
            Failure::Rpc(err) => {
                let code = err.code().grpc_name();
                write!(f, "error: rpc error: code = {code} desc = {err}")?;
                match hint(err) {
                    Some(hint) => write!(f, "\nhint: {hint}"),
                    None => Ok(()),
                }
            }
        }
    }
}

fn hint(err: &Error) -> Option<&'static str> {
    let text = err.message();
    match err.code() {
        Code::NotFound if text.contains("keyspaces/") && text.contains("/shards/") => {
            Some("FindAllShardsInKeyspace lists the shards of a keyspace")
        }
        Code::NotFound if text.contains("keyspaces/") => Some("GetKeyspaces lists the keyspaces"),
        Code::NotFound if text.contains("tablets/") => Some("GetTablets lists the tablets"),
        Code::NotFound if text.contains("cells/") => Some("GetCellInfoNames lists the cells"),
        Code::DeadlineExceeded => Some("--action-timeout sets how long a command may take"),
        _ => None,
    }
}
