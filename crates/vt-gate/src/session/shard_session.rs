//! What a session has open on one shard.

use vt_base::{TabletAlias, Target};
use vt_exec::CommitOrder;

/// A transaction, or a connection kept, on one tablet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardSession {
    pub target: Target,
    pub alias: TabletAlias,
    /// 0 if no transaction is open here.
    pub transaction_id: i64,
    /// 0 if no connection is kept here.
    pub reserved_id: i64,
    /// Nothing but reads has been sent.
    pub is_read_only: bool,
    pub has_changed_rows: bool,
    /// A session may have up to three transactions on a shard, each with its turn at the end.
    pub order: CommitOrder,
}

impl ShardSession {
    /// Returns whether the session holds anything on the tablet.
    pub fn is_open(&self) -> bool {
        self.transaction_id != 0 || self.reserved_id != 0
    }
}
