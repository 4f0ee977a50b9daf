//! Users from a JSON file, read anew when it changes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_wire::auth::{Plugin, native, sha2};

use super::{Account, AuthServer, AuthenticatedUser, Credential};
use crate::socket::Peer;

/// Users of a JSON file: `{"user": [{"Password": "...", "UserData": "..."}]}`.
///
/// Fields of an entry, in any case: `Password`, or in its place `MysqlNativePassword` (`*` and 40
/// hexadecimal digits) or `CachingSha2Password` (MySQL's `$A$005$...`, as it is or in hexadecimal
/// digits, or 64 digits of `SHA256(SHA256(password))`), or both; `UserData`, the name that rights are
/// checked against; `Groups`; `SourceHost`, which may be `localhost` for logins by Unix socket only.
/// A user may have several entries, any of which lets them in.
///
/// A list of entries is taken too; each then has the login in a field `User` or `Name`.
pub struct StaticAuth {
    path: Option<PathBuf>,
    state: RwLock<State>,
}

struct State {
    users: Arc<Users>,
    /// What the file looked like when it was read last.
    stamp: Option<Stamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
}

#[derive(Default)]
struct Users(HashMap<String, Vec<Entry>>);

struct Entry {
    account: Account,
    is_local_only: bool,
}

impl StaticAuth {
    /// Reads the file.
    pub fn from_file(path: &Path) -> Result<StaticAuth> {
        let (stamp, users) = load(path)?;
        let state = State { users: Arc::new(users), stamp };
        Ok(StaticAuth { path: Some(path.to_owned()), state: RwLock::new(state) })
    }

    /// Reads JSON text, which cannot change later.
    pub fn from_json(json: &str) -> Result<StaticAuth> {
        let users = Arc::new(parse(json)?);
        Ok(StaticAuth { path: None, state: RwLock::new(State { users, stamp: None }) })
    }

    /// Reads the file again; on an error the users stay as they are.
    pub fn reload(&self) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let (stamp, users) = load(path)?;
        *self.state.write() = State { users: Arc::new(users), stamp };
        Ok(())
    }

    /// Looks at the file every `period` and reads it when it has changed, until `stop`.
    pub async fn watch(&self, period: Duration, stop: CancellationToken) {
        let Some(path) = &self.path else { return };
        if period.is_zero() {
            return;
        }
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(period) => {}
            }
            if stamp_of(path) == self.state.read().stamp {
                continue;
            }
            match self.reload() {
                Ok(()) => tracing::info!(path = %path.display(), "users loaded anew"),
                Err(error) => tracing::error!(%error, "users not loaded, the old ones stay"),
            }
        }
    }
}

impl AuthServer for StaticAuth {
    fn default_plugin(&self) -> Plugin {
        let users = Arc::clone(&self.state.read().users);
        let mut entries = users.0.values().flatten().peekable();
        let is_native = |entry: &Entry| matches!(entry.account.credential, Credential::Native(_));
        if entries.peek().is_some() && entries.all(is_native) {
            Plugin::Native
        } else {
            Plugin::CachingSha2
        }
    }

    fn accounts(&self, login: &str, peer: &Peer) -> Vec<Account> {
        let users = Arc::clone(&self.state.read().users);
        let Some(entries) = users.0.get(login) else { return Vec::new() };
        entries
            .iter()
            .filter(|entry| !entry.is_local_only || *peer == Peer::Unix)
            .map(|entry| entry.account.clone())
            .collect()
    }
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp { modified: metadata.modified().ok()?, length: metadata.len() })
}

fn load(path: &Path) -> Result<(Option<Stamp>, Users)> {
    // The stamp is taken first: what is written in between is then read once more.
    let stamp = stamp_of(path);
    let json = std::fs::read_to_string(path)
        .map_err(|error| bad(format!("cannot read {}: {error}", path.display())))?;
    let users = parse(&json).map_err(|error| error.context(path.display()))?;
    Ok((stamp, users))
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}

fn parse(json: &str) -> Result<Users> {
    let json: Value =
        serde_json::from_str(json).map_err(|error| bad(format!("users are no JSON: {error}")))?;
    let mut users = Users::default();
    match json {
        Value::Object(by_login) => {
            for (login, entries) in &by_login {
                let entries = match entries {
                    Value::Array(entries) => entries.as_slice(),
                    one => std::slice::from_ref(one),
                };
                for entry in entries {
                    users.add(login, fields_of(entry)?)?;
                }
            }
        }
        Value::Array(entries) => {
            for entry in &entries {
                let entry = fields_of(entry)?;
                let login = ["user", "name"].into_iter().find_map(|name| field(entry, name));
                let login = login.and_then(Value::as_str);
                users.add(login.ok_or_else(|| bad("an entry lacks its user"))?, entry)?;
            }
        }
        _ => return Err(bad("users are neither an object nor a list")),
    }
    Ok(users)
}

fn fields_of(entry: &Value) -> Result<&Map<String, Value>> {
    entry.as_object().ok_or_else(|| bad("the entry of a user is no object"))
}

fn field<'a>(entry: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    entry.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text<'a>(entry: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    match field(entry, name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(bad(format!("{name} of a user is no text"))),
    }
}

impl Users {
    fn add(&mut self, login: &str, entry: &Map<String, Value>) -> Result<()> {
        let is_local_only = match text(entry, "SourceHost")? {
            "" => false,
            "localhost" => true,
            _ => return Err(bad("invalid SourceHost found (only localhost is supported)")),
        };
        let mut user = AuthenticatedUser::named(login);
        if let name @ [_, ..] = text(entry, "UserData")?.as_bytes() {
            user.name = String::from_utf8_lossy(name).into_owned();
        }
        if let Some(Value::Array(groups)) = field(entry, "Groups") {
            user.groups = groups.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        let entries = self.0.entry(login.to_owned()).or_default();
        for credential in credentials(entry)? {
            let account = Account { credential, user: user.clone() };
            entries.push(Entry { account, is_local_only });
        }
        Ok(())
    }
}

fn credentials(entry: &Map<String, Value>) -> Result<Vec<Credential>> {
    let mut credentials = Vec::new();
    let printed = text(entry, "MysqlNativePassword")?;
    if !printed.is_empty() {
        let stored = native::parse_stored(printed)
            .ok_or_else(|| bad("MysqlNativePassword is not `*` and 40 hexadecimal digits"))?;
        credentials.push(Credential::Native(stored));
    }
    let printed = text(entry, "CachingSha2Password")?;
    if !printed.is_empty() {
        let stored = parse_sha2(printed)
            .ok_or_else(|| bad("CachingSha2Password has none of the known forms"))?;
        credentials.push(stored);
    }
    if credentials.is_empty() {
        credentials.push(Credential::password(text(entry, "Password")?.as_bytes()));
    }
    Ok(credentials)
}

/// Length of MySQL's stored form.
const CRYPTED_LENGTH: usize = 70;

fn parse_sha2(printed: &str) -> Option<Credential> {
    if let Some(stored) = sha2::Crypted::parse(printed.as_bytes()) {
        return Some(Credential::Crypted(stored));
    }
    let digits = printed.strip_prefix("0x").or(printed.strip_prefix('*')).unwrap_or(printed);
    if let Some(doubled) = sha2::parse_hex(digits) {
        return Some(Credential::Doubled(doubled));
    }
    let stored: [u8; CRYPTED_LENGTH] = sha2::parse_hex(digits)?;
    sha2::Crypted::parse(&stored).map(Credential::Crypted)
}

#[cfg(test)]
mod tests;
