//! Users from a JSON file, read anew when it changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vt_base::{Error, Result};

use super::{Account, AuthServer};
use crate::socket::Peer;

/// Users of a JSON file: `{"user": [{"Password": "...", "UserData": "..."}]}`.
pub struct StaticAuth {
    path: Option<PathBuf>,
}

impl StaticAuth {
    /// Reads the file.
    pub fn from_file(_path: &Path) -> Result<StaticAuth> {
        Err(Error::unsupported("users files"))
    }

    /// Reads JSON text, which cannot change later.
    pub fn from_json(_json: &str) -> Result<StaticAuth> {
        Err(Error::unsupported("users files"))
    }

    /// Reads the file again; on an error the users stay as they are.
    pub fn reload(&self) -> Result<()> {
        let _ = &self.path;
        Err(Error::unsupported("users files"))
    }

    /// Looks at the file every `period` and reads it when it has changed, until `stop`.
    pub async fn watch(&self, _period: Duration, _stop: CancellationToken) {}
}

impl AuthServer for StaticAuth {
    fn accounts(&self, _login: &str, _peer: &Peer) -> Vec<Account> {
        Vec::new()
    }
}
