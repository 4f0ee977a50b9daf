//! What the topology and the primaries say of a workflow's traffic.

use std::collections::BTreeMap;
use std::time::SystemTime;

use vt_base::{Error, Result};
use vt_proto::binlogdata::{
    VReplicationWorkflowState as State, VReplicationWorkflowSubType as SubType,
    VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::topodata::TabletType;
use vt_reparent::tablets::all;
use vt_topo::records::shard::{tablet_control, to_system_time};
use vt_topo::records::srv_keyspace::partition;
use vt_workflow::{Kind, ReadKind, Reads, ShardState, Stream, StreamState};

use super::routes::Routes;
use crate::Control;
use crate::workflow::Snapshot;
use crate::workflow::snapshot::{FROZEN, ShardEnd};

/// A workflow as it stands: what a decision needs, and the way to its shards.
pub(crate) struct Observed {
    pub(super) found: Snapshot,
    /// What decisions are made of.
    pub(crate) view: vt_workflow::Snapshot,
    /// The streams that lead back, by source shard.
    pub(super) reverse: BTreeMap<String, Vec<tm::read_v_replication_workflow_response::Stream>>,
}

impl Observed {
    pub(super) fn sources(&self) -> Vec<&ShardEnd> {
        self.found.source.shards.values().collect()
    }

    pub(super) fn targets(&self) -> Vec<&ShardEnd> {
        self.found.target.shards.values().collect()
    }
}

/// Returns by what a workflow's traffic is switched.
fn kind_of(found: &Snapshot) -> Kind {
    match found.workflow_type {
        Type::MoveTables if !found.options.tenant_id.is_empty() => Kind::Tenant,
        Type::MoveTables if found.sub_type == SubType::Partial => Kind::TablesByShard,
        Type::MoveTables => Kind::Tables,
        Type::Reshard => Kind::Shards,
        Type::Migrate | Type::Materialize | Type::CreateLookupIndex | Type::OnlineDdl => Kind::Copy,
    }
}

impl Control {
    /// Looks at a workflow and at where its traffic goes.
    pub(crate) async fn observe_workflow(
        &self,
        keyspace: &str,
        workflow: &str,
    ) -> Result<Observed> {
        let found = Snapshot::load(self, keyspace, workflow, &[]).await?;
        self.observe_found(found).await
    }

    /// Looks at where the traffic of a workflow goes whose streams are known.
    pub(crate) async fn observe_found(&self, found: Snapshot) -> Result<Observed> {
        let kind = kind_of(&found);
        let mut view = vt_workflow::Snapshot {
            workflow: found.name.clone(),
            kind,
            source_keyspace: found.source.keyspace.clone(),
            target_keyspace: found.target.keyspace.clone(),
            tables: found.tables.clone(),
            source: Vec::new(),
            target: Vec::new(),
            writes: vt_workflow::Place::Source,
            reads: Vec::new(),
            has_rules: false,
            has_others: false,
            by_shard: Vec::new(),
        };
        let mut reverse = BTreeMap::new();
        if kind != Kind::Copy {
            let routes = Routes::load(self, &found, kind).await?;
            reverse = self.reverse_streams(&found, &view.reverse_name()).await?;
            let journaled = self.journaled_shards(&found).await?;
            for (name, end) in &found.source.shards {
                let streams = reverse.get(name).map(Vec::as_slice).unwrap_or_default();
                view.source.push(ShardState {
                    shard: name.clone(),
                    takes_writes: self.takes_writes(&found, kind, end).await?,
                    is_journaled: journaled.contains(name),
                    streams: streams.iter().map(|one| stream(one, "")).collect(),
                });
            }
            view.writes = routes.writes(&found);
            view.reads = reads(&routes, &found);
            view.by_shard = routes.by_shard(&found);
            view.has_rules = routes.has_rules(&found);
            view.has_others = self.has_others(&found, kind).await?;
        }
        for (name, end) in &found.target.shards {
            let takes_writes = kind == Kind::Copy || self.takes_writes(&found, kind, end).await?;
            let streams = found.streams_of(name);
            view.target.push(ShardState {
                shard: name.clone(),
                takes_writes,
                is_journaled: false,
                streams: streams.map(|one| stream(&one.status, &one.source.shard)).collect(),
            });
        }
        Ok(Observed { found, view, reverse })
    }

    /// Reads the streams that lead back into the source's shards.
    async fn reverse_streams(
        &self,
        found: &Snapshot,
        name: &str,
    ) -> Result<BTreeMap<String, Vec<tm::read_v_replication_workflow_response::Stream>>> {
        let request = tm::ReadVReplicationWorkflowRequest { workflow: name.to_owned() };
        let calls = found.source.shards.iter().map(async |(shard, end)| {
            let reply = end.primary.read_v_replication_workflow(request.clone()).await?;
            Ok::<_, Error>((shard.clone(), reply.streams))
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }

    /// Returns whether nothing in the topology keeps a shard's primary from taking writes.
    async fn takes_writes(&self, found: &Snapshot, kind: Kind, end: &ShardEnd) -> Result<bool> {
        let shard = &end.record;
        if kind == Kind::Shards {
            let serving = self.topo.get_srv_keyspaces(&shard.keyspace, &[]).await?;
            let is_off = serving
                .values()
                .filter_map(|srv| partition(srv, TabletType::Primary))
                .any(|part| {
                    let mut controls = part.shard_tablet_controls.iter();
                    controls.any(|one| one.name == shard.name && one.query_service_disabled)
                });
            return Ok(!is_off);
        }
        let control = tablet_control(&shard.message, TabletType::Primary);
        let denied = control.map(|one| one.denied_tables.as_slice()).unwrap_or_default();
        Ok(!found.tables.iter().any(|table| denied.contains(table)))
    }
}

fn reads(routes: &Routes, found: &Snapshot) -> Vec<Reads> {
    let mut reads = Vec::new();
    for cell in routes.cells() {
        for kind in [ReadKind::Rdonly, ReadKind::Replica] {
            let place = routes.reads(found, &cell, kind);
            reads.push(Reads { kind, cell: cell.clone(), place });
        }
    }
    reads
}

fn stream(status: &tm::read_v_replication_workflow_response::Stream, source_shard: &str) -> Stream {
    Stream {
        id: status.id,
        source_shard: source_shard.to_owned(),
        state: match status.state() {
            // A copy that has not begun has no position yet.
            State::Running if status.pos.is_empty() => StreamState::Copying,
            State::Running => StreamState::Running,
            State::Copying => StreamState::Copying,
            State::Lagging => StreamState::Lagging,
            State::Stopped => StreamState::Stopped,
            State::Error => StreamState::Error,
            State::Init | State::Unknown => StreamState::Init,
        },
        is_frozen: status.message == FROZEN,
        lag_seconds: lag(status),
        message: status.message.clone(),
    }
}

/// Returns how far a stream is behind: how old the transaction is that it applied last, or, where
/// there is none to apply, how long ago it heard of its source.
fn lag(status: &tm::read_v_replication_workflow_response::Stream) -> Option<u64> {
    let time = |time: &Option<vt_proto::vttime::Time>| time.as_ref().and_then(to_system_time);
    let heard = time(&status.transaction_timestamp).max(time(&status.time_heartbeat));
    let latest = heard.or_else(|| time(&status.time_updated))?;
    Some(SystemTime::now().duration_since(latest).unwrap_or_default().as_secs())
}
