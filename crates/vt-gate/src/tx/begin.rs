//! BEGIN: nothing is sent; shards join when they are first used.

use vt_base::Result;
use vt_tablet_api::Isolation;

use crate::session::Session;
use crate::tablets::Tablets;
use crate::tx::commit;

/// What `START TRANSACTION` may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BeginOptions {
    pub is_read_only: Option<bool>,
    pub is_snapshot: bool,
    /// Only for the gRPC front; SQL sets it beforehand.
    pub isolation: Option<Isolation>,
}

/// Opens a transaction; one that is open is committed first, as in MySQL.
pub async fn begin(tablets: &Tablets, session: &mut Session, options: BeginOptions) -> Result<()> {
    session.transaction.check_usable()?;
    if session.transaction.is_open {
        commit(tablets, session).await?;
    }
    let transaction = &mut session.transaction;
    transaction.open();
    transaction.is_read_only = options.is_read_only.unwrap_or(transaction.is_read_only);
    transaction.is_snapshot = options.is_snapshot;
    transaction.isolation = options.isolation.or(transaction.isolation);
    Ok(())
}
