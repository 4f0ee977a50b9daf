//! VStream: what happens on all shards of keyspaces, as one stream.
//!
//! A reader of each shard ([`shard`]) follows one tablet at a time and hands whole transactions to
//! [`merge::Merge`], which knows how far every shard has come: each transaction ends with the
//! position of all, from which a client can go on. Where shards are split or merged, the readers of
//! those that take over begin where the journal says that the others have ended.

mod merge;
mod shard;
mod skew;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, FuturesUnordered};
use tokio::sync::mpsc;
use tonic::Status;
use vt_base::{Code, Error, Result, TabletType};
use vt_proto::binlogdata::{self, ShardGtid, VGtid};
use vt_proto::vtgate;
use vt_rpc::dial::TabletDialer;
use vt_rpc::row_streams;

use self::merge::{Ends, Merge};
use self::shard::{Ended, ShardReader};
use self::skew::Skew;
use crate::gate::Gate;
use crate::tablets::{Tablets, effective_type};

/// A stream reads so many shards at most.
const SHARDS_MAX: usize = 4096;
/// How many bytes of one transaction are kept before its first part is handed on.
const TRANSACTION_BYTES_MAX: usize = 128 << 20;

type Replies = BoxStream<'static, Result<vtgate::VStreamResponse, Status>>;

/// Starts a stream for a client of gRPC.
///
/// # Errors
/// The request names no keyspace, or shards that are not there, or flags that mean nothing.
pub fn start(
    gate: &Gate,
    dialer: TabletDialer,
    request: vtgate::VStreamRequest,
) -> Result<Replies> {
    let request = Request::read(gate, request)?;
    let tablets = gate.tablets.clone();
    Ok(row_streams::run(|out| async move { run(tablets, dialer, request, out).await }))
}

/// What a client asks for.
pub struct Request {
    flags: vtgate::VStreamFlags,
    /// The cells whose tablets are read; empty for the nearest.
    cells: Vec<String>,
    tablet_type: TabletType,
    start: VGtid,
    filter: binlogdata::Filter,
}

impl Request {
    /// Reads a request, and names the shards that it means.
    ///
    /// # Errors
    /// It names no keyspace, or shards that are not there, or flags that mean nothing.
    pub fn read(gate: &Gate, request: vtgate::VStreamRequest) -> Result<Request> {
        let flags = request.flags.unwrap_or_default();
        if flags.stream_keyspace_heartbeats {
            return Err(Error::unsupported(
                "VStream with the rows of the heartbeat table; set heartbeat_interval for events",
            ));
        }
        let tablet_type = effective_type(TabletType::from_i32(request.tablet_type));
        let start = resolve(gate, tablet_type, request.vgtid.unwrap_or_default())?;
        let filter = request.filter.unwrap_or_else(everything);
        Ok(Request { cells: cells(&flags)?, flags, tablet_type, start, filter })
    }
}

/// Reads the cells whose tablets a client wants.
fn cells(flags: &vtgate::VStreamFlags) -> Result<Vec<String>> {
    let wrong = |message: String| Err(Error::new(Code::InvalidArgument, message));
    match flags.tablet_order.to_ascii_lowercase().as_str() {
        // There is one type of tablets, so that there is nothing to put in order.
        "" | "any" | "inorder" => {}
        other => return wrong(format!("tablet_order {other:?} is neither any nor inorder")),
    }
    let names = flags.cells.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    match flags.cell_preference.to_ascii_lowercase().as_str() {
        "" | "preferlocalwithalias" if names.is_empty() => Ok(names),
        // The tablets of the own cell and of its alias are tried before those of other cells.
        "" | "preferlocalwithalias" => Ok([vec![String::new()], names].concat()),
        "onlyspecified" if names.is_empty() => {
            wrong("cell_preference onlyspecified wants cells".to_owned())
        }
        "onlyspecified" => Ok(names),
        other => wrong(format!(
            "cell_preference {other:?} is neither preferlocalwithalias nor onlyspecified"
        )),
    }
}

/// Sends the events that a request asks for, until their receiver is gone.
///
/// # Errors
/// No tablet of a shard can be read any more, or shards were resharded in a way that the stream
/// cannot follow.
pub async fn run(
    tablets: Arc<Tablets>,
    dialer: TabletDialer,
    request: Request,
    out: mpsc::Sender<vtgate::VStreamResponse>,
) -> Result<()> {
    let flags = &request.flags;
    let period = match flags.heartbeat_interval {
        0 => None,
        seconds => Some(Duration::from_secs(u64::from(seconds))),
    };
    let ends = match (flags.stop_on_reshard, flags.include_reshard_journal_events) {
        (true, _) => Ends::WithJournal,
        (false, told) => Ends::Never { told },
    };
    let shards: Vec<(usize, ShardGtid)> =
        request.start.shard_gtids.iter().cloned().enumerate().collect();
    let merge = Arc::new(Merge::new(request.start.clone(), ends, out));
    let skew = Arc::new(Skew::new(flags.minimize_skew));
    let request = Arc::new(request);
    let read = |(index, at): (usize, ShardGtid)| {
        let reader = ShardReader {
            tablets: tablets.clone(),
            dialer: dialer.clone(),
            merge: merge.clone(),
            skew: skew.clone(),
            request: request.clone(),
            index,
            keyspace: at.keyspace,
            shard: at.shard,
        };
        reader.run()
    };
    let mut readers: FuturesUnordered<_> = shards.into_iter().map(&read).collect();
    let beating = merge.heartbeats(period);
    tokio::pin!(beating);
    loop {
        tokio::select! {
            biased;
            () = merge.closed() => return Ok(()),
            ended = readers.next() => match ended {
                Some(Ok(Ended::Replaced(shards))) => readers.extend(shards.into_iter().map(&read)),
                Some(Ok(Ended::Alone)) => {}
                Some(Ok(Ended::All)) | None => return Ok(()),
                Some(Err(err)) => return Err(err),
            },
            () = &mut beating => {}
        }
    }
}

impl Request {
    /// Returns how many bytes of one transaction are kept before its first part is handed on.
    fn bytes_max(&self) -> usize {
        match usize::try_from(self.flags.transaction_chunk_size) {
            Ok(bytes) if bytes > 0 => bytes,
            _ => TRANSACTION_BYTES_MAX,
        }
    }
}

/// A filter that takes every table.
fn everything() -> binlogdata::Filter {
    let rule = binlogdata::Rule { r#match: "/.*/".to_owned(), ..Default::default() };
    binlogdata::Filter { rules: vec![rule], ..Default::default() }
}

/// Names the shards that a position means: a keyspace may be a pattern (`/.*/`), and no shard
/// stands for all of them.
fn resolve(gate: &Gate, tablet_type: TabletType, asked: VGtid) -> Result<VGtid> {
    let wrong = |message: String| Error::new(Code::InvalidArgument, message);
    if asked.shard_gtids.is_empty() {
        return Err(wrong(
            "vgtid must have at least one value with a starting position in shard_gtids".to_owned(),
        ));
    }
    let mut shard_gtids = Vec::new();
    for one in asked.shard_gtids {
        let keyspaces: Vec<String> = match one.keyspace.strip_prefix('/') {
            Some(pattern) => {
                let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
                let pattern = regex::Regex::new(pattern)
                    .map_err(|error| wrong(format!("keyspace {:?}: {error}", one.keyspace)))?;
                let names = gate.tablets.serving.names();
                names
                    .iter()
                    .filter(|name| pattern.is_match(name))
                    .map(|name| name.to_string())
                    .collect()
            }
            None => vec![one.keyspace.clone()],
        };
        if keyspaces.is_empty() {
            return Err(wrong(format!("no keyspace matches {:?}", one.keyspace)));
        }
        for keyspace in keyspaces {
            let shards = gate.tablets.serving.shards(&keyspace, tablet_type)?;
            let names: Vec<String> =
                shards.shards().iter().map(|shard| shard.name.to_string()).collect();
            let wanted: Vec<String> = match one.shard.as_str() {
                "" => names,
                shard if names.iter().any(|name| name == shard) => vec![shard.to_owned()],
                shard => return Err(wrong(format!("keyspace {keyspace} has no shard {shard}"))),
            };
            let of = |shard| ShardGtid { keyspace: keyspace.clone(), shard, ..one.clone() };
            shard_gtids.extend(wanted.into_iter().map(of));
        }
    }
    match shard_gtids.len() > SHARDS_MAX {
        true => Err(wrong(format!("a stream reads {SHARDS_MAX} shards at most"))),
        false => Ok(VGtid { shard_gtids }),
    }
}
