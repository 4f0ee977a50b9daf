//! `vitrum lookups`: compares lookup vindexes with the tables that own them, and mends them.
//!
//! It speaks MySQL to a gateway. [`subject`] asks what there is to compare, [`compare`] reads both
//! sides and finds what does not agree, [`settle`] looks again under locks, and mends.

mod compare;
mod settle;
mod sql;
mod subject;

use std::fmt::Write;
use std::process::ExitCode;

use vt_base::{Code, Error, Result};
use vt_mysql::client::{Address, Conn, ConnectParams};

use super::run::{block_on_one, fail, read_flags, say};
use crate::flags::Flags;
use settle::Outcome;
use subject::Subject;

const TABLE: &str = "\
mysql-host\tstring\t\"127.0.0.1\"
mysql-port\tint64\t15306
mysql-socket\tstring\t
mysql-user\tstring\t\"root\"
mysql-password-file\tstring\t
mend\tbool\t
lock-wait-timeout\tint64\t5
";

const USAGE: &str = "\
usage: vitrum lookups [flags] KEYSPACE [VINDEX...]

Compares the owned lookup vindexes of a keyspace, or those named, with the tables that own them,
through a gateway, while it serves. Each fault is looked at again under locks before it is told.

  row without entry     a query by the value does not find the row; --mend adds the entry
  entry elsewhere       the entry names another keyspace id, where no row has the value; --mend
                        points it at the row
  entry without row     it keeps a unique value from being used; --mend removes it
  value taken twice     two rows have the value of a unique vindex: change one of them
  row on a wrong shard  its primary vindex maps elsewhere: move or delete it, aimed at its shard

The exit status is 0 if nothing is left to do, 1 if a fault was found and not mended, 2 if the
comparison failed.

  --mysql-host HOST           the gateway (127.0.0.1)
  --mysql-port PORT           its port (15306)
  --mysql-socket PATH         its socket, in place of both
  --mysql-user USER           who asks (root)
  --mysql-password-file PATH  a file with the password
  --mend                      mend what was found
  --lock-wait-timeout SECONDS how long a row that another transaction has is waited for (5)
";

/// The exit status of a comparison that failed.
const FAILED: u8 = 2;
/// The most faults that are written out; all are counted.
const TOLD_MAX: usize = 1000;

pub(super) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| matches!(arg.as_str(), "--help" | "-help" | "-h")) {
        say(USAGE);
        return ExitCode::SUCCESS;
    }
    let mut left = 0;
    let done = read_flags("vitrum lookups", TABLE, args).and_then(|flags| match flags {
        Some(flags) => block_on_one(async {
            left = run(&flags).await?;
            Ok(())
        }),
        None => Ok(()),
    });
    match done {
        Ok(()) if left == 0 => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(err) => {
            fail(err.message());
            ExitCode::from(FAILED)
        }
    }
}

/// Compares what the flags name; returns how many faults are left.
async fn run(flags: &Flags) -> Result<u64> {
    let Some((keyspace, names)) = flags.args.split_first() else {
        return Err(wrong("a keyspace is missing; `vitrum lookups --help` tells more"));
    };
    let gateway = Gateway::of(flags)?;
    let mut conn = gateway.connect(Some(keyspace)).await?;
    let subjects = subject::find(&mut conn, keyspace, names).await?;
    let shards = subject::shards(&mut conn, keyspace).await?;
    let mut left = 0;
    for subject in &subjects {
        let mut tally = Tally { mend: flags.bool("mend"), ..Tally::default() };
        compare::run(&gateway, subject, &shards, &mut tally).await?;
        say(&tally.summary(subject));
        left += tally.left;
    }
    Ok(left)
}

/// How to reach the gateway.
struct Gateway {
    params: ConnectParams,
    lock_wait_timeout: i64,
}

impl Gateway {
    fn of(flags: &Flags) -> Result<Gateway> {
        let address = match flags.optional("mysql-socket") {
            Some(path) => Address::unix(path),
            None => Address::tcp(&flags.string("mysql-host"), flags.number("mysql-port")),
        };
        let mut params = ConnectParams::new(address, &flags.string("mysql-user"));
        if let Some(path) = flags.optional("mysql-password-file") {
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|err| wrong(format!("{path}: {err}")))?;
            text.trim_end().clone_into(&mut params.password);
        }
        let lock_wait_timeout: i64 = flags.number("lock-wait-timeout");
        Ok(Gateway { params, lock_wait_timeout: lock_wait_timeout.clamp(1, 3600) })
    }

    /// Opens a session; `target` is a keyspace, or a shard as `ks:-80`.
    async fn connect(&self, target: Option<&str>) -> Result<Conn> {
        let database = target.map(str::to_owned);
        let mut conn = Conn::connect(ConnectParams { database, ..self.params.clone() }).await?;
        let wait = format!("set innodb_lock_wait_timeout = {}", self.lock_wait_timeout);
        conn.query("set workload = 'olap'", 0).await?;
        conn.query(wait, 0).await?;
        Ok(conn)
    }

    /// Opens a session for short transactions.
    async fn connect_short(&self, target: Option<&str>) -> Result<Conn> {
        let mut conn = self.connect(target).await?;
        conn.query("set workload = 'oltp'", 0).await?;
        Ok(conn)
    }
}

/// What was found of one vindex.
#[derive(Default)]
struct Tally {
    mend: bool,
    rows: u64,
    entries: u64,
    mended: u64,
    left: u64,
    told: usize,
}

impl Tally {
    /// Counts and tells a fault that was looked at again.
    fn note(&mut self, subject: &Subject, what: &str, outcome: &Outcome) {
        let how = match outcome {
            Outcome::Fine => return,
            Outcome::Mended => {
                self.mended += 1;
                "mended".to_owned()
            }
            Outcome::Left => {
                self.left += 1;
                "found".to_owned()
            }
            Outcome::Unknown(reason) => {
                self.left += 1;
                format!("not looked at again: {reason}")
            }
        };
        self.told += 1;
        if self.told <= TOLD_MAX {
            say(&format!("{}.{}: {what}: {how}\n", subject.keyspace, subject.vindex.name));
        }
    }

    fn summary(&self, subject: &Subject) -> String {
        let mut text = format!(
            "{}.{}: {} rows of {}, {} entries of {}",
            subject.keyspace,
            subject.vindex.name,
            self.rows,
            subject.owner,
            self.entries,
            subject.lookup().table
        );
        // Writing to a String cannot fail.
        let _ = match (self.mended, self.left) {
            (0, 0) => writeln!(text, ": they agree"),
            (mended, left) => writeln!(text, ": {} faults, {mended} mended", mended + left),
        };
        text
    }
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}
