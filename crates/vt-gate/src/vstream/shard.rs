//! One shard's part of a stream: a tablet is followed, and another one when it fails.

use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, Result, Target};
use vt_discovery::TabletHealth;
use vt_proto::binlogdata::{
    Journal, MigrationType, ShardGtid, VEvent, VEventType, VStreamOptions, VStreamRequest,
};
use vt_proto::query;
use vt_rpc::MESSAGE_BYTES_MAX;
use vt_rpc::dial::{TabletDialer, grpc_address};
use vt_rpc::queryservice::query_client::QueryClient;
use vt_rpc::status::from_status;

use super::Request;
use super::merge::{Arrival, Merge, Turn};
use super::skew::Skew;
use crate::tablets::{Tablets, may_retry};

/// How long a stream waits for a tablet before it fails.
const TABLET_PATIENCE: Duration = Duration::from_secs(60);
/// How long it waits between two tablets that fail.
const PAUSE: Duration = Duration::from_millis(500);
/// So many failures without an event between them end the stream.
const FAILURES_MAX: u32 = 20;

/// Follows one shard.
pub(super) struct ShardReader {
    pub(super) tablets: Arc<Tablets>,
    pub(super) dialer: TabletDialer,
    pub(super) merge: Arc<Merge>,
    pub(super) skew: Arc<Skew>,
    pub(super) request: Arc<Request>,
    /// The shard's place in the position of all.
    pub(super) index: usize,
    pub(super) keyspace: String,
    pub(super) shard: String,
}

/// How the reader of a shard ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With the stream: the client is gone, or wants no more.
    All,
    /// The other shards that its journal concerns are still read.
    Alone,
    /// These shards have taken over.
    Replaced(Vec<(usize, ShardGtid)>),
}

impl ShardReader {
    /// Follows the shard until the client is gone, the shard is replaced, or no tablet helps.
    pub(super) async fn run(self) -> Result<Ended> {
        let mut failures = 0;
        loop {
            let mut progressed = false;
            let error = match self.follow(&mut progressed).await {
                Ok(ended) => {
                    self.skew.leave(self.index);
                    return Ok(ended);
                }
                Err(error) => error,
            };
            failures = if progressed { 1 } else { failures + 1 };
            let passing = may_retry(&error, true) && error.errno() != 1236;
            if !passing || failures > FAILURES_MAX {
                return Err(error);
            }
            tracing::info!(
                keyspace = self.keyspace, shard = self.shard, %error,
                "a stream goes on with another tablet"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Returns a tablet of the shard, the nearest of those that the client wants.
    ///
    /// One that serves no queries any more is taken where there is no other: the journal of a
    /// shard that was split is written when it has ended to serve.
    async fn tablet(&self) -> Result<Arc<TabletHealth>> {
        let discovery = &self.tablets.discovery;
        let target = self.target();
        let mut generation = discovery.generation();
        let until = tokio::time::Instant::now() + TABLET_PATIENCE;
        loop {
            generation.mark_unchanged();
            let cells = &self.request.cells;
            let found = match cells.is_empty() {
                true => discovery.pick(&target, &[]),
                false => cells.iter().find_map(|cell| {
                    discovery.pick(&Target { cell: cell.as_str().into(), ..target.clone() }, &[])
                }),
            };
            let found = found.or_else(|| {
                discovery.snapshot().into_iter().find(|one| {
                    let in_cell = cells.is_empty()
                        || cells.iter().any(|cell| cell.is_empty() || **cell == *one.alias().cell);
                    one.target == target && one.is_known && one.error.is_none() && in_cell
                })
            });
            if let Some(found) = found {
                return Ok(found);
            }
            let changed = tokio::time::timeout_at(until, generation.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                let message = format!("no tablet of '{target}' that could be streamed from");
                return Err(Error::new(Code::Unavailable, message));
            }
        }
    }

    fn target(&self) -> Target {
        Target::new(&self.keyspace, &self.shard, self.request.tablet_type)
    }

    /// Follows one tablet; whether anything comes of it, `progressed` tells.
    async fn follow(&self, progressed: &mut bool) -> Result<Ended> {
        let found = self.tablet().await?;
        let channel = self.dialer.channel(&grpc_address(&found.tablet.record)?)?;
        let mut client = QueryClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let at = self.merge.position(self.index).await;
        let request = VStreamRequest {
            target: Some((&self.target()).into()),
            position: at.gtid,
            filter: Some(self.request.filter.clone()),
            table_last_p_ks: at.table_p_ks,
            options: Some(VStreamOptions {
                tables_to_copy: self.request.flags.tables_to_copy.clone(),
                ..VStreamOptions::default()
            }),
            ..VStreamRequest::default()
        };
        let reply = client.v_stream(request).await.map_err(|status| from_status(&status))?;
        let mut parts = reply.into_inner();
        let bytes_max = self.request.bytes_max();
        let mut pending: Vec<VEvent> = Vec::new();
        let mut bytes = 0;
        let mut turn: Option<Turn<'_>> = None;
        loop {
            let part = parts.message().await.map_err(|status| from_status(&status))?;
            let Some(part) = part else {
                return Err(Error::new(Code::Unavailable, "the tablet ended its stream"));
            };
            for event in part.events {
                self.skew.note(self.index, &event);
                if event.r#type() == VEventType::Heartbeat {
                    continue;
                }
                let ends = ends_transaction(event.r#type());
                bytes += size(&event);
                pending.push(self.dressed(event));
                if !ends && bytes <= bytes_max {
                    continue;
                }
                let events = std::mem::take(&mut pending);
                if let Some(journal) = journal(&events) {
                    return Ok(match self.merge.arrive(self.index, &journal, events).await? {
                        Arrival::Waits => Ended::Alone,
                        Arrival::Replaced(shards) => Ended::Replaced(shards),
                        Arrival::Ends => Ended::All,
                    });
                }
                let mut held = match turn.take() {
                    Some(held) => held,
                    None => {
                        self.skew.align(self.index).await?;
                        self.merge.turn().await
                    }
                };
                *progressed = true;
                bytes = 0;
                if !held.send(self.index, events).await {
                    return Ok(Ended::All);
                }
                // Between the parts of a transaction no other shard may come.
                turn = (!ends).then_some(held);
            }
        }
    }

    /// Names keyspace and shard in an event.
    fn dressed(&self, mut event: VEvent) -> VEvent {
        let qualified = |table: &str| match self.request.flags.exclude_keyspace_from_table_name {
            true => table.to_owned(),
            false => format!("{}.{table}", self.keyspace),
        };
        if let Some(field) = &mut event.field_event {
            field.table_name = qualified(&field.table_name);
            field.keyspace.clone_from(&self.keyspace);
            field.shard.clone_from(&self.shard);
        }
        if let Some(row) = &mut event.row_event {
            row.table_name = qualified(&row.table_name);
            row.keyspace.clone_from(&self.keyspace);
            row.shard.clone_from(&self.shard);
        }
        event.keyspace.clone_from(&self.keyspace);
        event.shard.clone_from(&self.shard);
        event
    }
}

/// Returns the journal of a split or a merge that a transaction wrote. Tables that move to another
/// keyspace are another's rows from then on: the stream of their shard goes on without them.
fn journal(events: &[VEvent]) -> Option<Journal> {
    let journals = events.iter().filter_map(|event| event.journal.as_ref());
    let mut of_shards = journals.filter(|one| one.migration_type() == MigrationType::Shards);
    of_shards.next().cloned()
}

/// Returns whether a transaction ends, or something that stands outside of one has come whole.
fn ends_transaction(kind: VEventType) -> bool {
    matches!(
        kind,
        VEventType::Commit
            | VEventType::Rollback
            | VEventType::Ddl
            | VEventType::Other
            | VEventType::CopyCompleted
    )
}

fn size(event: &VEvent) -> usize {
    let of_row = |row: &query::Row| row.values.len() + 2 * row.lengths.len();
    let rows = event.row_event.iter().flat_map(|event| &event.row_changes);
    let images = rows.flat_map(|change| [&change.before, &change.after]).flatten();
    images.map(of_row).sum::<usize>() + 64
}
