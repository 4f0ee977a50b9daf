//! MySQL's CLONE: the data of a server replaced by those of another one that runs.
//!
//! The donor goes on serving. The recipient removes what it has, takes the copy and ends, or starts
//! anew by itself where something looks after it; the copy is its data from then on.

use std::path::Path;

use vt_base::{Code, Error, Result};
use vt_mysql::Conn;

use crate::replication::quote;
use crate::{Instance, Mysqld, Server};

/// The data were taken, and the server cannot start anew by itself.
const CANNOT_RESTART: u16 = 3707;

/// Whether the copy travels encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// It does where both servers can.
    #[default]
    Preferred,
    Required,
    Off,
}

/// The server that is copied, and as whom.
#[derive(Clone)]
pub struct Donor {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub encryption: Encryption,
}

/// Shows no password.
impl std::fmt::Debug for Donor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}:{}", self.user, self.host, self.port)
    }
}

impl Donor {
    /// Names the donor as the recipient's list of those that it may copy does.
    fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn sql(&self) -> String {
        let require = match self.encryption {
            Encryption::Preferred => "",
            Encryption::Required => " require ssl",
            Encryption::Off => " require no ssl",
        };
        format!(
            "clone instance from {}@{}:{} identified by {}{require}",
            quote(&self.user),
            quote(&self.host),
            self.port,
            quote(&self.password),
        )
    }
}

/// What became of a clone, as the server tells that has taken it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The server has not started anew yet.
    NotYet,
    /// It has, and does not remember how: what it has tells.
    Unknown,
    Done,
    Failed(String),
}

/// Fails unless a server can give its data away, and take another's.
pub async fn check(conn: &mut Conn) -> Result<()> {
    let sql = "select plugin_status from information_schema.plugins where plugin_name = 'clone'";
    let result = conn.query(sql, 1).await?;
    match result.rows.iter().next().and_then(|row| row.column(0)) {
        Some(b"ACTIVE") => Ok(()),
        _ => Err(Error::new(
            Code::FailedPrecondition,
            "the server has no clone plugin: `plugin_load_add = mysql_clone.so` in its my.cnf \
             (`mysqlctl reinit_config` writes it) and a restart give it one",
        )),
    }
}

/// Replaces the server's data by the donor's. What came of it is told by the server that answers
/// next, see [`taken`]; an error says that this server goes on, perhaps with nothing, see
/// [`has_removed_data`].
///
/// The server must take writes of its administrators: it refuses to remove its data otherwise.
pub async fn take(conn: &mut Conn, donor: &Donor) -> Result<()> {
    let allowed = format!("set global clone_valid_donor_list = {}", quote(&donor.address()));
    conn.query(&allowed, 0).await?;
    match conn.query(donor.sql(), 0).await {
        Ok(_) => Ok(()),
        // It has gone, with the data that it took.
        Err(err) if is_restart(&err) => Ok(()),
        Err(err) => Err(err.context(format!("cannot clone the server {donor:?}"))),
    }
}

fn is_restart(err: &Error) -> bool {
    // A donor that cannot be reached is told of by other numbers.
    matches!(err.errno(), CANNOT_RESTART | 1053 | 2006 | 2013)
}

/// Returns whether an error says that the server has ended, or is about to.
pub fn is_lost(err: &Error) -> bool {
    matches!(err.errno(), 1053 | 2002 | 2003 | 2006 | 2013) || err.code() == Code::Unavailable
}

/// Returns what became of the clone of a donor.
pub async fn taken(conn: &mut Conn, donor: &Donor) -> Result<Taken> {
    // The list goes with the server that was told of it.
    let sql = "select coalesce(@@global.clone_valid_donor_list, ''), coalesce(state, ''), \
               coalesce(error_no, ''), coalesce(error_message, '') \
               from (select 1) one left join performance_schema.clone_status on true";
    let result = conn.query(sql, 1).await?;
    let Some(row) = result.rows.iter().next() else { return Ok(Taken::NotYet) };
    let text = |column| String::from_utf8_lossy(row.column(column).unwrap_or_default());
    Ok(judge(&donor.address(), [&text(0), &text(1), &text(2), &text(3)]))
}

fn judge(address: &str, [listed, state, errno, message]: [&str; 4]) -> Taken {
    if listed == address {
        return Taken::NotYet;
    }
    match (state, errno) {
        ("", _) => Taken::Unknown,
        ("Completed", "0") => Taken::Done,
        // What it took is being put in its place.
        ("In Progress", "0") => Taken::NotYet,
        _ => Taken::Failed(format!("the clone is {state}: error {errno}: {message}")),
    }
}

/// Returns whether a clone that failed had begun to remove what the server had.
pub async fn has_removed_data(conn: &mut Conn) -> Result<bool> {
    let sql = "select 1 from performance_schema.clone_progress \
               where stage = 'DROP DATA' and state <> 'Not Started'";
    Ok(!conn.query(sql, 1).await?.rows.is_empty())
}

/// Starts the server of a socket where it has ended and lies on this machine; returns whether it
/// does.
pub async fn start_again(socket: &Path) -> Result<bool> {
    let Some(instance) = Instance::of_socket(socket) else { return Ok(false) };
    let mysqld = Mysqld::new(instance, Server::find_in_environment().await?);
    mysqld.start(&[]).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn donor(encryption: Encryption) -> Donor {
        Donor {
            host: "10.0.0.1".into(),
            port: 17100,
            user: "vt_clone".into(),
            password: "it's".into(),
            encryption,
        }
    }

    #[test]
    fn the_statement_names_donor_account_and_encryption() {
        assert_eq!(
            donor(Encryption::Preferred).sql(),
            "clone instance from 'vt_clone'@'10.0.0.1':17100 identified by 'it\\'s'"
        );
        assert!(donor(Encryption::Required).sql().ends_with(" require ssl"));
        assert!(donor(Encryption::Off).sql().ends_with(" require no ssl"));
        assert_eq!(format!("{:?}", donor(Encryption::Off)), "vt_clone@10.0.0.1:17100");
    }

    #[test]
    fn only_a_server_that_was_started_anew_tells_what_came_of_it() {
        let judged = |told| judge("10.0.0.1:17100", told);
        assert_eq!(judged(["10.0.0.1:17100", "Completed", "0", ""]), Taken::NotYet);
        assert_eq!(judged(["", "In Progress", "0", ""]), Taken::NotYet);
        assert_eq!(judged(["", "Completed", "0", ""]), Taken::Done);
        assert_eq!(judged(["", "", "", ""]), Taken::Unknown);
        let failed = judged(["", "Failed", "3862", "Clone Donor Error"]);
        let Taken::Failed(why) = failed else { panic!("{failed:?}") };
        assert!(why.contains("3862") && why.contains("Clone Donor Error"), "{why}");
    }
}
