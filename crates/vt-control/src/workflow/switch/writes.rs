//! Writes of one side: stopped, waited for, allowed again.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use vt_base::{Error, Result};
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::topodata::TabletType;
use vt_reparent::tablets::all;
use vt_topo::records::shard::{DeniedTables, change_denied_tables};
use vt_workflow::Kind;

use super::observe::Observed;
use super::run::Locks;
use crate::Control;
use crate::control::refused;
use crate::workflow::create::unchanged;
use crate::workflow::rules::sql_name;
use crate::workflow::snapshot::ShardEnd;

/// What streams say that were stopped for a switch.
const CUTOVER: &str = "stopped for cutover";

/// How long a statement may lie between a tablet's look at its rules and its server: tables are
/// locked a second time after that.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Whether a side takes writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writes {
    Stop,
    Allow,
}

impl Control {
    /// Lets the primaries of shards take writes to the workflow's tables, or no more.
    ///
    /// All shards are changed in the topology, and all primaries told, also where one fails.
    pub(super) async fn set_writes(
        &self,
        seen: &Observed,
        ends: &[&ShardEnd],
        writes: Writes,
        locks: &Locks,
    ) -> Result<()> {
        let changed = match seen.view.kind {
            Kind::Shards => self.set_query_service(ends, writes, locks).await,
            _ => self.set_denied(ends, &seen.found.tables, writes).await,
        };
        let calls = ends
            .iter()
            .map(async |end| end.primary.refresh_state(tm::RefreshStateRequest {}).await.map(drop));
        let told = all(self.options.concurrency, calls).await.into_iter().collect::<Result<()>>();
        changed.and(told)
    }

    async fn set_denied(
        &self,
        ends: &[&ShardEnd],
        tables: &[String],
        writes: Writes,
    ) -> Result<()> {
        let change = match writes {
            Writes::Stop => DeniedTables::Add,
            Writes::Allow => DeniedTables::Remove,
        };
        let mut result = Ok(());
        for end in ends {
            let (keyspace, shard) = (&end.record.keyspace, &end.record.name);
            let done = self
                .topo
                .update_shard_fields(keyspace, shard, |record| {
                    change_denied_tables(record, TabletType::Primary, &[], tables, change)
                })
                .await;
            result = result.and(done.map(drop).map_err(Error::from));
        }
        result
    }

    async fn set_query_service(
        &self,
        ends: &[&ShardEnd],
        writes: Writes,
        locks: &Locks,
    ) -> Result<()> {
        let Some(first) = ends.first() else { return Ok(()) };
        let keyspace = &first.record.keyspace;
        let shards: Vec<_> = ends.iter().map(|end| end.record.clone()).collect();
        let (target, disabled) = ((keyspace.as_str(), TabletType::Primary), writes == Writes::Stop);
        let lock = locks.of(keyspace)?;
        Ok(self.topo.set_query_service_disabled(target, &shards, &[], disabled, lock).await?)
    }

    /// Waits until no transaction is open on the source that has written to the tables.
    ///
    /// A query service that is off has none any more. Where tables are denied, a lock on them is
    /// had when the last transaction that used them has ended.
    pub(super) async fn drain(&self, seen: &Observed, until: Instant) -> Result<()> {
        if seen.view.kind == Kind::Shards || seen.found.tables.is_empty() {
            return Ok(());
        }
        let tables: Vec<String> =
            seen.found.tables.iter().map(|table| format!("{} read", sql_name(table))).collect();
        for round in 0..2 {
            if round > 0 {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            let left = until.saturating_duration_since(Instant::now());
            let sql = format!(
                "set session lock_wait_timeout = {}; lock tables {}",
                left.as_secs().max(1),
                tables.join(", ")
            );
            let sources = seen.sources();
            let calls = sources.iter().map(async |end| {
                let request = tm::ExecuteMultiFetchAsDbaRequest {
                    sql: sql.clone().into_bytes().into(),
                    db_name: end.primary.record.db_name(),
                    max_rows: 1,
                    ..Default::default()
                };
                let primary = end.primary.within(left);
                primary.execute_multi_fetch_as_dba(request).await.map(drop).map_err(|err| {
                    err.context("transactions that use the tables did not end in time")
                })
            });
            let locked = all(self.options.concurrency, calls).await;
            locked.into_iter().collect::<Result<()>>()?;
        }
        // Numbers that are in memory are the other keyspace's from now on.
        let sources = seen.sources();
        let calls = sources.iter().map(async |end| {
            let tables = seen.found.tables.clone();
            end.primary.reset_sequences(tm::ResetSequencesRequest { tables }).await.map(drop)
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }

    /// Waits until the streams have come to where the source stands, then stops them.
    pub(super) async fn catch_up(&self, seen: &Observed, until: Instant) -> Result<()> {
        let targets = seen.targets();
        if seen.found.streams.iter().any(|stream| stream.state == State::Stopped) {
            // A switch that was broken off has stopped them before they were to.
            self.start_streams(&seen.found.name, &targets).await?;
        }
        let positions = self.positions(&seen.sources()).await?;
        let left = until.saturating_duration_since(Instant::now());
        let calls = seen.found.streams.iter().map(async |stream| {
            let target = seen.found.target.shards.get(&stream.shard);
            let position = positions.get(&stream.source.shard);
            let (Some(target), Some(position)) = (target, position) else {
                return Err(refused(format!(
                    "stream {} into shard {} comes from shard {}, which is not the source's",
                    stream.status.id, stream.shard, stream.source.shard
                )));
            };
            let request = tm::VReplicationWaitForPosRequest {
                id: stream.status.id,
                position: position.clone(),
            };
            target.primary.within(left).v_replication_wait_for_pos(request).await.map(drop)
        });
        let come: Vec<Result<()>> = all(seen.found.streams.len(), calls).await;
        come.into_iter().collect::<Result<()>>()?;
        let request = tm::UpdateVReplicationWorkflowRequest {
            state: Some(State::Stopped as i32),
            message: Some(CUTOVER.to_owned()),
            ..unchanged(&seen.found.name)
        };
        self.update_streams(&targets, &request).await.map(drop)
    }

    /// Lets the streams of a workflow run.
    pub(super) async fn start_streams(&self, workflow: &str, ends: &[&ShardEnd]) -> Result<()> {
        let request = tm::UpdateVReplicationWorkflowRequest {
            state: Some(State::Running as i32),
            message: Some(String::new()),
            ..unchanged(workflow)
        };
        self.update_streams(ends, &request).await.map(drop)
    }

    /// Asks primaries where they stand, by shard.
    pub(super) async fn positions(&self, ends: &[&ShardEnd]) -> Result<BTreeMap<String, String>> {
        let calls = ends.iter().map(async |end| {
            let reply = end.primary.primary_position(tm::PrimaryPositionRequest {}).await?;
            Ok::<_, Error>((end.record.name.clone(), reply.position))
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }
}
