//! The transaction of a session: what is open on which shard, and how it is to end.

use vt_base::{Error, ErrorId, Result, TabletType, Target};
use vt_exec::CommitOrder;
use vt_tablet_api::Isolation;

use crate::session::ShardSession;

/// What a transaction may span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransactionMode {
    #[default]
    Unspecified,
    /// One shard.
    Single,
    /// Several shards, committed one after the other.
    Multi,
    /// Several shards, atomically.
    TwoPc,
}

impl TransactionMode {
    pub fn as_str(self) -> &'static str {
        match self {
            TransactionMode::Unspecified => "UNSPECIFIED",
            TransactionMode::Single => "SINGLE",
            TransactionMode::Multi => "MULTI",
            TransactionMode::TwoPc => "TWOPC",
        }
    }

    /// Reads a mode, in any letter case.
    pub fn from_name(name: &str) -> Option<TransactionMode> {
        let modes = [
            TransactionMode::Unspecified,
            TransactionMode::Single,
            TransactionMode::Multi,
            TransactionMode::TwoPc,
        ];
        modes.into_iter().find(|mode| mode.as_str().eq_ignore_ascii_case(name))
    }
}

/// The transaction, and the connections that the session keeps on tablets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    pub is_open: bool,
    /// Opened by the gateway for one statement, which ends it.
    pub is_implicit: bool,
    pub is_read_only: bool,
    pub is_snapshot: bool,
    /// The isolation that the next, or the open, transaction asked for.
    pub isolation: Option<Isolation>,
    /// What the session asks of every transaction.
    pub session_isolation: Option<Isolation>,
    pub session_read_only: bool,
    /// In the order of first use, which among those of one [`CommitOrder`] is that of commit.
    pub shards: Vec<ShardSession>,
    /// Names of live savepoints, oldest first.
    pub savepoints: Vec<String>,
    /// A part of the transaction is lost: nothing but ROLLBACK goes on.
    pub must_roll_back: bool,
    /// The session needs connections of its own: every call reserves one.
    pub is_reserving: bool,
    pub has_temporary_tables: bool,
    pub has_locked_tables: bool,
    /// The connection that keeps the session's user locks.
    pub lock: Option<ShardSession>,
}

impl Transaction {
    /// Opens a transaction; shards join it when they are first used.
    pub fn open(&mut self) {
        self.is_open = true;
        self.is_implicit = false;
        self.isolation = self.isolation.or(self.session_isolation);
        self.is_read_only |= self.session_read_only;
    }

    /// Forgets the transaction once it has ended; connections that are kept stay.
    pub fn close(&mut self) {
        self.is_open = false;
        self.is_implicit = false;
        self.is_read_only = false;
        self.is_snapshot = false;
        self.isolation = None;
        self.must_roll_back = false;
        self.savepoints.clear();
        for shard in &mut self.shards {
            shard.transaction_id = 0;
            shard.is_read_only = true;
            shard.has_changed_rows = false;
        }
        self.shards.retain(ShardSession::is_open);
    }

    /// Returns what is open on a target.
    pub fn find(&self, target: &Target, order: CommitOrder) -> Option<&ShardSession> {
        self.shards.iter().find(|one| one.order == order && is_same_place(&one.target, target))
    }

    pub fn find_mut(&mut self, target: &Target, order: CommitOrder) -> Option<&mut ShardSession> {
        self.shards.iter_mut().find(|one| one.order == order && is_same_place(&one.target, target))
    }

    /// Fails if a call to the target would make the transaction span more shards than it may.
    pub fn check_span(&self, target: &Target, mode: TransactionMode) -> Result<()> {
        let spans = self.shards.iter().any(|one| {
            one.transaction_id != 0 && !one.is_read_only && !is_same_place(&one.target, target)
        });
        if mode != TransactionMode::Single || !self.is_open || !spans {
            return Ok(());
        }
        let open: Vec<String> = self
            .shards
            .iter()
            .filter(|one| one.transaction_id != 0 && !one.is_read_only)
            .map(|one| one.target.to_string())
            .collect();
        let message =
            format!("multi-db transaction attempted: target {target}, open on {}", open.join(", "));
        Err(Error::new(vt_base::Code::Aborted, message))
    }

    /// Fails if only ROLLBACK may come.
    pub fn check_usable(&self) -> Result<()> {
        match self.must_roll_back {
            true => Err(Error::vt(ErrorId::VT09032, "")),
            false => Ok(()),
        }
    }

    /// Returns how many shards have a transaction open.
    pub fn open_count(&self) -> usize {
        self.shards.iter().filter(|one| one.transaction_id != 0).count()
    }

    /// Returns the statements that bring a shard which joins late to the same savepoints.
    pub fn savepoint_queries(&self) -> Vec<String> {
        self.savepoints.iter().map(|name| savepoint_sql("savepoint", name)).collect()
    }
}

/// Returns a statement about a savepoint, its name quoted.
pub fn savepoint_sql(verb: &str, name: &str) -> String {
    format!("{verb} `{}`", name.replace('`', "``"))
}

/// Cells do not matter: a session keeps to one tablet of a shard and type.
fn is_same_place(one: &Target, other: &Target) -> bool {
    let effective = |tablet_type| match tablet_type {
        TabletType::Unknown => TabletType::Primary,
        other => other,
    };
    one.shard == other.shard
        && one.keyspace == other.keyspace
        && effective(one.tablet_type) == effective(other.tablet_type)
}
