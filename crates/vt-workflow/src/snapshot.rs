//! What is known of a workflow when a decision is made.

use std::fmt;

/// What a workflow moves, and so by what its traffic is switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Tables to another keyspace: routing rules.
    Tables,
    /// Tables to another keyspace, some shards at a time: shard routing rules.
    TablesByShard,
    /// The rows of one tenant to another keyspace: keyspace routing rules.
    Tenant,
    /// A part of the key space to other shards: the serving graph.
    Shards,
    /// Nothing: the workflow copies, and nobody is sent to the copy.
    Copy,
}

/// On which side something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Source,
    Target,
    /// Here for some and there for others: a change was broken off.
    Mixed,
}

impl Place {
    /// Returns where things are of which each is at the source or at the target.
    pub fn of(at_target: impl IntoIterator<Item = bool>) -> Place {
        let (mut source, mut target) = (false, false);
        for one in at_target {
            if one {
                target = true;
            } else {
                source = true;
            }
        }
        match (source, target) {
            (true, true) => Place::Mixed,
            (false, true) => Place::Target,
            _ => Place::Source,
        }
    }
}

/// The types of tablets that serve nothing but reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadKind {
    Rdonly,
    Replica,
}

impl ReadKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ReadKind::Rdonly => "rdonly",
            ReadKind::Replica => "replica",
        }
    }
}

impl fmt::Display for ReadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the reads of a type go in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    pub kind: ReadKind,
    pub cell: String,
    pub place: Place,
}

/// A workflow as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub workflow: String,
    pub kind: Kind,
    pub source_keyspace: String,
    pub target_keyspace: String,
    pub tables: Vec<String>,
    /// The shards that rows come from; the workflow's reverse streams, if any, lead into them.
    pub source: Vec<ShardState>,
    /// The shards that the workflow's streams lead into.
    pub target: Vec<ShardState>,
    /// Where the primary's traffic is sent.
    pub writes: Place,
    pub reads: Vec<Reads>,
    /// Some rule still tells where the tables are.
    pub has_rules: bool,
    /// Streams of other workflows lead into the source's shards, or wait at the target's.
    pub has_others: bool,
    /// Where tables move by shard: all shards of the keyspace, and whether they have been switched,
    /// by this workflow or by another.
    pub by_shard: Vec<(String, bool)>,
}

/// One shard of either side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardState {
    pub shard: String,
    /// No table of the workflow is denied, and the query service is on.
    pub takes_writes: bool,
    /// The switch away from this shard has been written into its journal.
    pub is_journaled: bool,
    /// The streams into this shard.
    pub streams: Vec<Stream>,
}

/// One stream of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    pub id: i32,
    pub source_shard: String,
    pub state: StreamState,
    pub is_frozen: bool,
    /// How far it is behind, where that is known.
    pub lag_seconds: Option<u64>,
    pub message: String,
}

/// What a stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamState {
    Init,
    Copying,
    Running,
    Lagging,
    Stopped,
    Error,
}

impl Snapshot {
    /// Returns the name that the workflow has the other way round.
    pub fn reverse_name(&self) -> String {
        reverse_name(&self.workflow)
    }

    /// Returns the streams of the workflow, with the shards that they lead into.
    pub fn streams(&self) -> impl Iterator<Item = (&str, &Stream)> {
        self.target
            .iter()
            .flat_map(|shard| shard.streams.iter().map(|stream| (shard.shard.as_str(), stream)))
    }

    /// Returns whether the workflow has done its work: its streams are kept as a mark only.
    pub fn is_frozen(&self) -> bool {
        self.streams().any(|(_, stream)| stream.is_frozen)
    }
}

/// Returns the name of the workflow that leads back.
pub fn reverse_name(workflow: &str) -> String {
    const SUFFIX: &str = "_reverse";
    match workflow.strip_suffix(SUFFIX) {
        Some(forward) if !forward.is_empty() => forward.to_owned(),
        _ => format!("{workflow}{SUFFIX}"),
    }
}
