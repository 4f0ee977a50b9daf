//! VStream: what happens on all shards of keyspaces, as one stream.
//!
//! A reader of each shard ([`shard`]) follows one tablet at a time and hands whole transactions to
//! [`merge::Merge`], which knows how far every shard has come: each transaction ends with the
//! position of all, from which a client can go on.

mod merge;
mod shard;

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

use self::merge::Merge;
use self::shard::ShardReader;
use crate::gate::Gate;
use crate::tablets::effective_type;

/// A stream reads so many shards at most.
const SHARDS_MAX: usize = 4096;
/// How many bytes of one transaction are kept before its first part is handed on.
const TRANSACTION_BYTES_MAX: usize = 128 << 20;

type Replies = BoxStream<'static, Result<vtgate::VStreamResponse, Status>>;

/// Starts a stream.
///
/// # Errors
/// The request names no keyspace, or shards that are not there.
pub(super) fn start(
    gate: Arc<Gate>,
    dialer: TabletDialer,
    request: vtgate::VStreamRequest,
) -> Result<Replies> {
    let flags = request.flags.unwrap_or_default();
    let tablet_type = effective_type(TabletType::from_i32(request.tablet_type));
    let start = resolve(&gate, tablet_type, request.vgtid.unwrap_or_default())?;
    let filter = request.filter.unwrap_or_else(everything);
    Ok(row_streams::run(|out| async move {
        run(gate, dialer, Request { flags, tablet_type, start, filter }, out).await
    }))
}

/// What a client asks for.
struct Request {
    flags: vtgate::VStreamFlags,
    tablet_type: TabletType,
    start: VGtid,
    filter: binlogdata::Filter,
}

async fn run(
    gate: Arc<Gate>,
    dialer: TabletDialer,
    request: Request,
    out: mpsc::Sender<vtgate::VStreamResponse>,
) -> Result<()> {
    let chunk = usize::try_from(request.flags.transaction_chunk_size).unwrap_or_default();
    let bytes_max = if chunk == 0 { TRANSACTION_BYTES_MAX } else { chunk };
    let shards = request.start.shard_gtids.clone();
    let merge = Arc::new(Merge::new(request.start, out));
    let mut readers: FuturesUnordered<_> = shards
        .into_iter()
        .enumerate()
        .map(|(index, shard)| {
            let reader = ShardReader {
                gate: gate.clone(),
                dialer: dialer.clone(),
                merge: merge.clone(),
                index,
                keyspace: shard.keyspace,
                shard: shard.shard,
                tablet_type: request.tablet_type,
                filter: request.filter.clone(),
                flags: request.flags.clone(),
                bytes_max,
            };
            reader.run()
        })
        .collect();
    let period = match request.flags.heartbeat_interval {
        0 => None,
        seconds => Some(Duration::from_secs(u64::from(seconds))),
    };
    let beating = merge.heartbeats(period);
    tokio::pin!(beating);
    loop {
        tokio::select! {
            biased;
            () = merge.closed() => return Ok(()),
            ended = readers.next() => match ended {
                Some(end) => end?,
                None => return Ok(()),
            },
            () = &mut beating => {}
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
