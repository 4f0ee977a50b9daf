//! Where in a keyspace something lies, before it is known which shards those are.

use std::sync::Arc;

use vt_base::{KeyRange, KeyspaceId};

/// A set of places in a keyspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere: no row can match.
    None,
    /// Any one shard; for what is the same on all.
    AnyShard,
    AllShards,
    /// The shard of this name.
    Shard(Arc<str>),
    KeyspaceId(KeyspaceId),
    KeyspaceIds(Vec<KeyspaceId>),
    /// Every shard that has a point in common with the range.
    KeyRange(KeyRange),
}
