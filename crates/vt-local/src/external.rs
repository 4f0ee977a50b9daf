//! A server of somebody else whose tables are imported: where it is, and what it must allow.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vt_base::{Code, Error, Result};
use vt_mysql::client::{Address, Conn, ConnectParams};

use crate::spec::wrong;

/// Where a MySQL server is that the cluster does not run, and which of its databases is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct External {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Used in place of host and port.
    pub(crate) socket: Option<PathBuf>,
    pub(crate) user: String,
    pub(crate) database: String,
    /// The server had a database `_vt` before anything was done to it.
    #[serde(default)]
    pub(crate) had_sidecar: bool,
}

/// What a URL says: the server, and the password, which is kept apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) external: External,
    pub(crate) password: Option<String>,
}

const FORM: &str = "expecting mysql://USER:PASSWORD@HOST:PORT/DATABASE";
const PORT: u16 = 3306;

impl Wish {
    /// Reads `mysql://user:password@host:port/database`; `?socket=/path` names a socket.
    ///
    /// # Errors
    /// The text is no such URL. The password is in no message.
    pub(crate) fn parse(url: &str) -> Result<Wish> {
        let bad = |what: &str| wrong(format!("{what}: {FORM}"));
        let rest = url.strip_prefix("mysql://").ok_or_else(|| bad("no URL of a MySQL server"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) =
            rest.rsplit_once('/').ok_or_else(|| bad("the URL names no database"))?;
        let database = unescape(database).ok_or_else(|| bad("the database's name"))?;
        if database.is_empty() {
            return Err(bad("the URL names no database"));
        }
        let (account, host) = place.rsplit_once('@').unwrap_or(("", place));
        let (user, password) = match account.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (account, None),
        };
        let user = unescape(user).ok_or_else(|| bad("the user's name"))?;
        let password = match password {
            Some(text) => Some(unescape(text).ok_or_else(|| bad("the password"))?),
            None => None,
        };
        let (host, port) = host_and_port(host).ok_or_else(|| bad("the host or its port"))?;
        let mut socket = None;
        for (name, value) in query.split('&').filter_map(|one| one.split_once('=')) {
            match name {
                "socket" => {
                    let path = unescape(value).ok_or_else(|| bad("the socket's path"))?;
                    socket = Some(PathBuf::from(path));
                }
                other => return Err(bad(&format!("option {other} is unknown"))),
            }
        }
        let user = if user.is_empty() { "root".to_owned() } else { user };
        let external = External { host, port, socket, user, database, had_sidecar: false };
        Ok(Wish { external, password })
    }
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map_or(Some(PORT), |port| port.parse().ok())?;
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    Some((host.to_owned(), port))
}

/// Undoes `%40` and the like.
fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(out).ok()
}

impl External {
    /// Returns where it is, as people write it.
    pub(crate) fn shown(&self) -> String {
        let place = match &self.socket {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", self.host, self.port),
        };
        format!("{place}/{}", self.database)
    }

    /// Returns the flags by which a tablet serves it and leaves it alone.
    pub(crate) fn flags(&self, credentials: &Path) -> Vec<String> {
        let mut flags = vec!["--unmanaged".to_owned()];
        let mut add = |name: &str, value: String| {
            flags.push(format!("--{name}"));
            flags.push(value);
        };
        match &self.socket {
            Some(path) => add("db-socket", path.display().to_string()),
            None => {
                add("db-host", self.host.clone());
                add("db-port", self.port.to_string());
            }
        }
        add("init-db-name-override", self.database.clone());
        add("db-credentials-file", credentials.display().to_string());
        for role in ["app", "appdebug", "dba", "allprivs", "filtered", "repl"] {
            add(&format!("db-{role}-user"), self.user.clone());
        }
        flags
    }

    /// Writes the account down where only its owner reads it.
    pub(crate) fn save_credentials(&self, path: &Path, password: &str) -> Result<()> {
        let failed = |err: &std::io::Error| {
            Error::new(Code::Internal, format!("cannot write {}: {err}", path.display()))
        };
        let text = serde_json::json!({ &self.user: [password] }).to_string();
        // What was there may have other rights.
        match std::fs::remove_file(path) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => return Err(failed(&err)),
            _ => {}
        }
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|err| failed(&err))
    }

    /// Reads the password that was written down.
    pub(crate) fn load_password(&self, path: &Path) -> Result<String> {
        let failed = |what: &str| wrong(format!("the account in {}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|err| failed(&err.to_string()))?;
        let json: serde_json::Value =
            serde_json::from_str(&text).map_err(|err| failed(&err.to_string()))?;
        let password = json[&self.user][0].as_str();
        password.map(str::to_owned).ok_or_else(|| failed("it has no password of the user"))
    }

    /// Connects to the server; what fails says what helps.
    pub(crate) async fn connect(&self, password: &str) -> Result<Conn> {
        let address = match &self.socket {
            Some(path) => Address::unix(path.clone()),
            None => Address::tcp(&self.host, self.port),
        };
        let mut params = ConnectParams::new(address, &self.user);
        password.clone_into(&mut params.password);
        params.database = Some(self.database.clone());
        Conn::connect(params).await.map_err(|error| self.explained(&error))
    }

    fn explained(&self, error: &Error) -> Error {
        let Self { user, database, .. } = self;
        let said = error.message();
        let help = match error.errno() {
            1045 | 1698 => format!(
                "the server refuses user {user}: check user and password in the URL, and that the \
                 account may come from this machine"
            ),
            1044 => format!("GRANT user {user} the rights on database {database} first"),
            1049 => format!("the server has no database {database}: check the name in the URL"),
            1040 => "the server has no connection left: raise max_connections there".to_owned(),
            _ => {
                "check host and port in the URL, that the server runs, and that it can be reached \
                  from this machine"
                    .to_owned()
            }
        };
        let message = format!("{}: {said}; {help}", self.shown());
        Error::new(Code::FailedPrecondition, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_with_what_they_leave_out() {
        let wish = Wish::parse("mysql://app:s%40crT%3a@db.example:3307/shop").unwrap();
        assert_eq!(wish.external.shown(), "db.example:3307/shop");
        assert_eq!(
            (wish.external.user.as_str(), wish.password.as_deref()),
            ("app", Some("s@crT:"))
        );
        let wish = Wish::parse("mysql://h/d").unwrap();
        assert_eq!((wish.external.port, wish.external.user.as_str()), (3306, "root"));
        assert_eq!(wish.password, None);
        let wish = Wish::parse("mysql://u@[::1]:33/d").unwrap();
        assert_eq!((wish.external.host.as_str(), wish.external.port), ("::1", 33));
        let wish = Wish::parse("mysql://u:@localhost/d?socket=/tmp/a%20b.sock").unwrap();
        assert_eq!(wish.external.shown(), "/tmp/a b.sock/d");
        assert_eq!(wish.password.as_deref(), Some(""));
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for text in [
            "",
            "postgres://h/d",
            "mysql://h",
            "mysql://h/",
            "mysql://u:secret@h:x/d",
            "mysql://u:secret%zz@h/d",
            "mysql://u:secret@h/d?tls=1",
            "mysql://u:secret@h:70000/d",
        ] {
            let message = Wish::parse(text).unwrap_err().message().to_owned();
            assert!(!message.contains("secret"), "{message}");
            assert!(message.contains("mysql://USER"), "{message}");
        }
    }

    #[test]
    fn accounts_are_written_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let external = Wish::parse("mysql://app@h/d").unwrap().external;
        for password in ["one", "two \"quoted\""] {
            external.save_credentials(&path, password).unwrap();
            assert_eq!(external.load_password(&path).unwrap(), password);
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let flags = external.flags(&path).join(" ");
        assert!(flags.contains("--db-host h --db-port 3306"), "{flags}");
        assert!(!flags.contains("two"), "{flags}");
    }
}
