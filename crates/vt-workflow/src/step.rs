//! The steps, each of which may be done twice, or once more after it was broken off.

use crate::snapshot::{Kind, ReadKind, Snapshot};

/// One step of a switch or of an ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reads of these types go to the target, in these cells or in all.
    RouteReads { kinds: Vec<ReadKind>, cells: Vec<String>, to: Side },
    /// The source takes no writes to the tables any more.
    StopWrites,
    /// Streams of other workflows into the source's shards stop.
    StopOthers,
    /// Transactions that wrote to the source have ended.
    Drain,
    /// The streams have brought to the target what the source has, and stop.
    CatchUp,
    /// The target's sequences give numbers above those that its tables have.
    InitializeSequences,
    /// Streams that lead back stand ready at the target's positions; they do not run.
    CreateReverse,
    /// Streams for those of other workflows stand ready at the target's shards; they do not run.
    MoveOthers,
    /// The switch is written down at the source; from here on there is no way but on.
    Journal,
    /// The target takes writes.
    AllowWrites,
    /// Writes go to the target.
    RouteWrites,
    /// The streams that lead back run.
    StartReverse,
    /// The streams that lead back go.
    RemoveReverse,
    /// Streams of other workflows run into the target's shards, and those into the source's go.
    StartOthers,
    /// Streams of other workflows run into the source's shards again.
    RestartOthers,
    /// The workflow's streams are marked as having done their work.
    Freeze,
    /// The source takes writes again.
    AllowSourceWrites,
    /// The workflow's streams run again.
    RestartStreams,
    /// The workflow's streams stop for good.
    StopStreams,
    /// Tables that were moved go from the source, or are renamed.
    RemoveSourceTables { rename: bool },
    /// Tables that were copied go from the target.
    RemoveTargetTables,
    /// The rules that route to either side go.
    RemoveRules,
    /// What was denied on either side is allowed again.
    LiftDenials,
    /// The workflow's own streams go; without them there is no workflow.
    RemoveStreams,
}

/// Either side of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Source,
    Target,
}

impl Step {
    /// Says what the step does, or would do.
    pub fn describe(&self, snapshot: &Snapshot) -> String {
        let (source, target) = (&snapshot.source_keyspace, &snapshot.target_keyspace);
        let tables = format!("[{}]", snapshot.tables.join(","));
        let by_shard = snapshot.kind == Kind::Shards;
        let reverse = snapshot.reverse_name();
        let shards = |side: &[crate::ShardState]| {
            let names: Vec<&str> = side.iter().map(|one| one.shard.as_str()).collect();
            format!("[{}]", names.join(","))
        };
        let (from, to) = (shards(&snapshot.source), shards(&snapshot.target));
        match self {
            Step::RouteReads { kinds, cells, to: side } => {
                let ((keyspace, _), (_, shards)) = match side {
                    Side::Target => ((target, source), (&from, &to)),
                    Side::Source => ((source, target), (&to, &from)),
                };
                let what = match by_shard {
                    true => format!("to shards {shards}"),
                    false => format!("for tables {tables} to keyspace {keyspace}"),
                };
                format!("Switch reads {what} for tablet types {}", kinds_in(kinds, cells))
            }
            Step::StopWrites if by_shard => {
                format!("Stop writes on keyspace {source}, shards {from}")
            }
            Step::StopWrites => format!("Stop writes on keyspace {source} for tables {tables}"),
            Step::Drain => format!("Wait for transactions on keyspace {source} to end"),
            Step::CatchUp => "Wait for vreplication on stopped streams to catchup".to_owned(),
            Step::InitializeSequences => {
                format!("Initialize sequences of tables {tables} in keyspace {target}")
            }
            Step::CreateReverse => format!("Create reverse vreplication workflow {reverse}"),
            Step::Journal => "Create journal entries on source databases".to_owned(),
            Step::AllowWrites if by_shard => {
                format!("Enable writes on keyspace {target}, shards {to}")
            }
            Step::AllowWrites => format!("Enable writes on keyspace {target} for tables {tables}"),
            Step::RouteWrites if by_shard => format!("Switch routing from shards {from} to {to}"),
            Step::RouteWrites => {
                format!("Switch routing from keyspace {source} to keyspace {target}")
            }
            Step::StartReverse => format!("Start reverse vreplication workflow {reverse}"),
            Step::RemoveReverse => {
                format!("Delete reverse vreplication workflow {reverse} on keyspace {source}")
            }
            Step::StopOthers => {
                format!("Stop streams of other workflows into shards {from} of keyspace {source}")
            }
            Step::MoveOthers => {
                format!("Create streams of other workflows into shards {to} of keyspace {target}")
            }
            Step::StartOthers => {
                format!("Start streams of other workflows into shards {to} of keyspace {target}")
            }
            Step::RestartOthers => {
                format!("Start streams of other workflows into shards {from} of keyspace {source}")
            }
            Step::Freeze => format!("Mark vreplication streams frozen on keyspace {target}"),
            Step::AllowSourceWrites => format!("Enable writes on keyspace {source}"),
            Step::RestartStreams | Step::StopStreams => {
                let verb = if *self == Step::StopStreams { "Stop" } else { "Start" };
                format!("{verb} vreplication streams on keyspace {target}")
            }
            Step::RemoveSourceTables { rename: true } => {
                format!("Renaming these tables from the database of keyspace {source}: {tables}")
            }
            Step::RemoveSourceTables { rename: false } => {
                format!("Dropping these tables from the database of keyspace {source}: {tables}")
            }
            Step::RemoveTargetTables => {
                format!("Dropping these tables from the database of keyspace {target}: {tables}")
            }
            Step::RemoveRules => {
                "Routing rules for participating tables will be deleted".to_owned()
            }
            Step::LiftDenials => {
                format!("Denied tables {tables} will be removed from keyspaces {source}, {target}")
            }
            Step::RemoveStreams => format!("Delete vreplication streams on keyspace {target}"),
        }
    }
}

/// Writes kinds of reads, and the cells that are meant where not all are.
fn kinds_in(kinds: &[ReadKind], cells: &[String]) -> String {
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.as_str().to_uppercase()).collect();
    let cells = match cells.is_empty() {
        true => String::new(),
        false => format!(" in cells [{}]", cells.join(",")),
    };
    format!("[{}]{cells}", kinds.join(","))
}
