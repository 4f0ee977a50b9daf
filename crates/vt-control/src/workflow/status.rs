//! WorkflowStatus: how far each stream is, and how much of each table is copied.

use std::collections::{BTreeMap, BTreeSet};

use vt_base::{Error, Result};
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::topodata;
use vt_proto::vtctldata::workflow_status_response::{
    ShardStreamState, ShardStreams, TableCopyState,
};
use vt_proto::vtctldata::*;
use vt_reparent::tablets::all;
use vt_topo::records::lock::rfc3339;

use super::listing::{now, shown_state};
use super::rules::sql_string;
use super::snapshot::{ShardEnd, Snapshot, Stream};
use super::tables::{fetch, texts};
use crate::Control;

/// Statistics of more tables are not asked for at once.
const TABLES_MAX: u64 = 10_000;

/// The tables that a target shard is still copying, each with whether it has begun.
pub(super) type Copying = BTreeMap<String, bool>;

impl Control {
    pub async fn workflow_status(
        &self,
        request: WorkflowStatusRequest,
    ) -> Result<WorkflowStatusResponse> {
        let (keyspace, name) = (&request.keyspace, &request.workflow);
        let snapshot = Snapshot::load(self, keyspace, name, &request.shards).await?;
        let mut copying: BTreeMap<String, Copying> = BTreeMap::new();
        let calls = snapshot.target.shards.iter().map(async |(shard, end)| {
            Ok::<_, Error>((shard.clone(), self.copying_tables(end, &snapshot, shard).await?))
        });
        for one in all(self.options.concurrency, calls).await {
            let (shard, tables) = one?;
            copying.insert(shard, tables);
        }
        let mut shard_streams: BTreeMap<String, ShardStreams> = BTreeMap::new();
        let now = now();
        for stream in &snapshot.streams {
            let is_copying = copying.get(&stream.shard).is_some_and(|one| !one.is_empty());
            let place = format!("{keyspace}/{}", stream.shard);
            let streams = &mut shard_streams.entry(place).or_default().streams;
            streams.push(stream_state(stream, is_copying, now));
        }
        Ok(WorkflowStatusResponse {
            table_copy_state: self.copy_progress(&snapshot, &copying).await?,
            shard_streams,
            traffic_state: self.traffic_state(&snapshot).await?,
        })
    }

    /// Asks a target's primary which tables its streams are still copying.
    pub(super) async fn copying_tables(
        &self,
        end: &ShardEnd,
        snapshot: &Snapshot,
        shard: &str,
    ) -> Result<Copying> {
        let ids: Vec<String> =
            snapshot.streams_of(shard).map(|one| one.status.id.to_string()).collect();
        let query = format!(
            "select table_name, max(lastpk is not null) from _vt.copy_state where vrepl_id in ({}) \
             group by table_name",
            ids.join(", ")
        );
        let request = tm::VReplicationExecRequest { query };
        let reply = end.primary.v_replication_exec(request).await?;
        let mut copying = Copying::new();
        for row in reply.result.unwrap_or_default().rows {
            let mut values = texts(&row)?.into_iter().flatten();
            let (table, begun) = (values.next().unwrap_or_default(), values.next());
            copying.insert(table, begun.as_deref() == Some("1"));
        }
        Ok(copying)
    }

    /// Compares the sizes of tables at both ends, as their MySQL estimates them; nothing once all
    /// is copied.
    async fn copy_progress(
        &self,
        snapshot: &Snapshot,
        copying: &BTreeMap<String, Copying>,
    ) -> Result<BTreeMap<String, TableCopyState>> {
        let unfinished: BTreeSet<&String> = copying.values().flat_map(BTreeMap::keys).collect();
        if unfinished.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut tables: BTreeSet<String> = snapshot.tables.iter().cloned().collect();
        tables.extend(unfinished.iter().map(|one| (*one).clone()));
        let copied = self.table_sizes(snapshot.target.shards.values(), &tables).await?;
        let total = self.table_sizes(snapshot.source.shards.values(), &tables).await?;
        let state = |table: &String| {
            let (rows_copied, bytes_copied) = copied.get(table).copied().unwrap_or_default();
            let (rows_total, bytes_total) = total.get(table).copied().unwrap_or_default();
            let begun = copying.values().any(|one| one.get(table) == Some(&true));
            let waits = copying.values().any(|one| one.contains_key(table));
            let phase = match (waits, begun) {
                (false, _) => TableCopyPhase::Complete,
                (true, true) => TableCopyPhase::InProgress,
                (true, false) => TableCopyPhase::NotStarted,
            };
            TableCopyState {
                rows_copied,
                rows_total,
                rows_percentage: percentage(rows_copied, rows_total),
                bytes_copied,
                bytes_total,
                bytes_percentage: percentage(bytes_copied, bytes_total),
                phase: phase as i32,
            }
        };
        Ok(tables.iter().map(|table| (table.clone(), state(table))).collect())
    }

    /// Adds up the rows and bytes of tables over the primaries of shards.
    async fn table_sizes<'a>(
        &self,
        ends: impl Iterator<Item = &'a ShardEnd>,
        tables: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, (i64, i64)>> {
        let names: Vec<String> = tables.iter().map(|one| sql_string(one)).collect();
        let calls = ends.map(async |end| {
            let sql = format!(
                "select table_name, table_rows, data_length from information_schema.tables \
                 where table_schema = {} and table_name in ({})",
                sql_string(&end.primary.record.db_name()),
                names.join(",")
            );
            fetch(&end.primary, &sql, TABLES_MAX).await
        });
        let mut sizes: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for result in all(self.options.concurrency, calls).await {
            for row in result?.rows {
                let mut values = texts(&row)?.into_iter();
                let mut next = || values.next().flatten().unwrap_or_default();
                let size = sizes.entry(next()).or_default();
                size.0 = size.0.saturating_add(next().parse().unwrap_or_default());
                size.1 = size.1.saturating_add(next().parse().unwrap_or_default());
            }
        }
        Ok(sizes)
    }
}

/// Returns how much a part is of a whole; it may be more, for both are estimates.
fn percentage(part: i64, whole: i64) -> f32 {
    if whole <= 0 {
        return 0.0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a percentage"
    )]
    let percentage = (100.0 * part as f64 / whole as f64) as f32;
    percentage
}

fn stream_state(stream: &Stream, is_copying: bool, now: i64) -> ShardStreamState {
    let status = &stream.status;
    ShardStreamState {
        id: status.id,
        tablet: Some(topodata::TabletAlias::from(&stream.tablet)),
        source_shard: format!("{}/{}", stream.source.keyspace, stream.source.shard),
        position: status.pos.clone(),
        status: shown_state(status, is_copying, now).as_str_name().to_owned(),
        info: info(stream, now),
    }
}

/// Says what is to be said of a stream beside its state.
fn info(stream: &Stream, now: i64) -> String {
    let status = &stream.status;
    if stream.state == State::Error {
        return status.message.clone();
    }
    if status.pos.is_empty() {
        return "VStream has not started".to_owned();
    }
    let seconds = |time: Option<vt_proto::vttime::Time>| time.map_or(0, |time| time.seconds);
    let (updated, transaction) =
        (seconds(status.time_updated), seconds(status.transaction_timestamp));
    // A stream without transactions to apply is as far as its last sign of life.
    let heard = updated.max(transaction);
    let mut info = format!("VStream Lag: {}s", now.saturating_sub(heard).max(0));
    if let Ok(seconds @ 1..) = u64::try_from(transaction) {
        info.push_str(&format!("; Tx time: {}", rfc3339(seconds)));
    }
    info
}
