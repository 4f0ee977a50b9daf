//! One shard's part of a stream: a tablet is followed, and another one when it fails.

use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, Result, TabletType, Target};
use vt_proto::binlogdata::{Filter, VEvent, VEventType, VStreamOptions, VStreamRequest};
use vt_proto::query;
use vt_proto::vtgate::VStreamFlags;
use vt_rpc::MESSAGE_BYTES_MAX;
use vt_rpc::dial::{TabletDialer, grpc_address};
use vt_rpc::queryservice::query_client::QueryClient;
use vt_rpc::status::from_status;

use super::merge::{Merge, Turn};
use crate::gate::Gate;
use crate::tablets::may_retry;

/// How long a stream waits for a tablet before it fails.
const TABLET_PATIENCE: Duration = Duration::from_secs(60);
/// How long it waits between two tablets that fail.
const PAUSE: Duration = Duration::from_millis(500);
/// So many failures without an event between them end the stream.
const FAILURES_MAX: u32 = 20;

/// Follows one shard.
pub(super) struct ShardReader {
    pub(super) gate: Arc<Gate>,
    pub(super) dialer: TabletDialer,
    pub(super) merge: Arc<Merge>,
    /// The shard's place in the position of all.
    pub(super) index: usize,
    pub(super) keyspace: String,
    pub(super) shard: String,
    pub(super) tablet_type: TabletType,
    pub(super) filter: Filter,
    pub(super) flags: VStreamFlags,
    /// How many bytes of a transaction are kept before its first part is sent.
    pub(super) bytes_max: usize,
}

/// How following a tablet ended.
enum End {
    ClientGone,
    /// The tablet failed; whether anything had come of it.
    Failed(Error, bool),
}

impl ShardReader {
    /// Follows the shard until the client is gone, or no tablet helps any more.
    pub(super) async fn run(self) -> Result<()> {
        let mut failures = 0;
        loop {
            match self.follow().await {
                End::ClientGone => return Ok(()),
                End::Failed(error, progressed) => {
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
        }
    }

    async fn follow(&self) -> End {
        let mut progressed = false;
        match self.follow_one(&mut progressed).await {
            Ok(()) => End::ClientGone,
            Err(error) => End::Failed(error, progressed),
        }
    }

    /// Follows one tablet; ends well when the client is gone.
    async fn follow_one(&self, progressed: &mut bool) -> Result<()> {
        let target = Target::new(&self.keyspace, &self.shard, self.tablet_type);
        let discovery = &self.gate.tablets.discovery;
        let found = discovery.wait_for(&target, &[], TABLET_PATIENCE).await?;
        let channel = self.dialer.channel(&grpc_address(&found.tablet.record)?)?;
        let mut client = QueryClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let at = self.merge.position(self.index).await;
        let request = VStreamRequest {
            target: Some((&target).into()),
            position: at.gtid,
            filter: Some(self.filter.clone()),
            table_last_p_ks: at.table_p_ks,
            options: Some(VStreamOptions {
                tables_to_copy: self.flags.tables_to_copy.clone(),
                ..VStreamOptions::default()
            }),
            ..VStreamRequest::default()
        };
        let reply = client.v_stream(request).await.map_err(|status| from_status(&status))?;
        let mut parts = reply.into_inner();
        let mut pending: Vec<VEvent> = Vec::new();
        let mut bytes = 0;
        let mut turn: Option<Turn<'_>> = None;
        loop {
            let part = parts.message().await.map_err(|status| from_status(&status))?;
            let Some(part) = part else {
                return Err(Error::new(Code::Unavailable, "the tablet ended its stream"));
            };
            for event in part.events {
                if event.r#type() == VEventType::Heartbeat {
                    continue;
                }
                let ends = ends_transaction(event.r#type());
                bytes += size(&event);
                pending.push(self.dressed(event));
                if ends || bytes > self.bytes_max {
                    let mut held = match turn.take() {
                        Some(held) => held,
                        None => self.merge.turn().await,
                    };
                    *progressed = true;
                    bytes = 0;
                    if !held.send(self.index, std::mem::take(&mut pending)).await {
                        return Ok(());
                    }
                    // Between the parts of a transaction no other shard may come.
                    turn = (!ends).then_some(held);
                }
            }
        }
    }

    /// Names keyspace and shard in an event.
    fn dressed(&self, mut event: VEvent) -> VEvent {
        let qualified = |table: &str| match self.flags.exclude_keyspace_from_table_name {
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
