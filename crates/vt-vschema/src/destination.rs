//! Where in a keyspace a statement goes, before shards are known.

use std::fmt;
use std::sync::Arc;

use vt_base::{KeyRange, KeyspaceId};

/// A place, or places, of a keyspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere: the value belongs to no shard.
    None,
    AllShards,
    /// One shard, whichever.
    AnyShard,
    /// The shard of this name.
    Shard(Arc<str>),
    KeyspaceId(KeyspaceId),
    KeyspaceIds(Vec<KeyspaceId>),
    /// Every shard that has a point in common with the range.
    KeyRange(KeyRange),
}

/// Prints the form that errors name a destination by.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::None => f.write_str("DestinationNone()"),
            Destination::AllShards => f.write_str("DestinationAllShards()"),
            Destination::AnyShard => f.write_str("DestinationAnyShard()"),
            Destination::Shard(shard) => write!(f, "DestinationShard({shard})"),
            Destination::KeyspaceId(id) => {
                write!(f, "DestinationKeyspaceID({})", hex(id))
            }
            Destination::KeyspaceIds(ids) => {
                let ids: Vec<String> = ids.iter().map(|id| hex(id)).collect();
                write!(f, "DestinationKeyspaceIDs({})", ids.join(","))
            }
            Destination::KeyRange(range) => write!(f, "DestinationKeyRange({range})"),
        }
    }
}

/// Returns bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
