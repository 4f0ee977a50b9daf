//! Primaries whose term has ended, and that do not know it: paused, or cut off.
//!
//! What was sent to them gets no answer that counts; whoever waits for one is told so.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use vt_base::{Code, Error, KeyspaceShard, TabletType};

use crate::table::{Event, Table};
use crate::tablet::TabletHealth;

/// How long a primary that another has followed may take to say that it is none any more. One that
/// lives ends its calls by itself.
const GRACE: Duration = Duration::from_secs(1);

/// Follows the changes of primaries for as long as the future is polled.
pub(crate) async fn follow(table: Arc<Table>) {
    let mut events = table.events();
    loop {
        let shards = match events.recv().await {
            Ok(Event::PrimaryChanged { shard, .. }) => vec![shard],
            Ok(Event::SchemaChanged { .. }) => continue,
            Err(RecvError::Lagged(_)) => table.known_shards(),
            Err(RecvError::Closed) => return,
        };
        tokio::time::sleep(GRACE).await;
        for shard in shards {
            end_terms(&table, &shard).await;
        }
    }
}

/// Lets go of every primary of the shard whose term is not the latest.
async fn end_terms(table: &Table, shard: &KeyspaceShard) {
    let primaries: Vec<Arc<TabletHealth>> = table
        .of_shard(shard)
        .into_iter()
        .filter(|one| one.target.tablet_type == TabletType::Primary && one.is_known)
        .collect();
    let Some(latest) = primaries.iter().max_by_key(|one| one.primary_term_start) else { return };
    for old in &primaries {
        if old.primary_term_start >= latest.primary_term_start {
            continue;
        }
        let Some(service) = &old.service else { continue };
        let (was, now) = (old.alias(), latest.alias());
        tracing::warn!(%shard, primary = %now, tablet = %was, "the term of a primary has ended and it does not say so");
        let text =
            format!("primary {was} was replaced by {now}; what it was doing is lost or unknown");
        service.abandon(Error::new(Code::Unavailable, text)).await;
    }
}
