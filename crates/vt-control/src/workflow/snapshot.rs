//! How a workflow stands: its streams as all target primaries tell, and the shards at both ends.

use std::collections::{BTreeMap, BTreeSet};

use vt_base::{Code, Error, Result, TabletAlias};
use vt_proto::binlogdata::{
    BinlogSource, VReplicationWorkflowState as State, VReplicationWorkflowSubType as SubType,
    VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::tabletmanagerdata::read_v_replication_workflow_response::Stream as StreamStatus;
use vt_proto::vtctldata::WorkflowOptions;
use vt_reparent::Tablet;
use vt_reparent::tablets::all;
use vt_topo::ShardRecord;

use super::options::decode_options;
use crate::Control;

/// The message of a stream whose traffic was switched away and that waits for `complete`.
pub const FROZEN: &str = "FROZEN";

/// A workflow at one moment.
#[derive(Clone)]
pub struct Snapshot {
    pub name: String,
    pub workflow_type: Type,
    pub sub_type: SubType,
    pub defer_secondary_keys: bool,
    pub options: WorkflowOptions,
    /// The mounted cluster that the source lies in; empty for this one.
    pub external_cluster: String,
    /// Its shards are empty where the source is not in this cluster.
    pub source: End,
    /// The shards that have streams.
    pub target: End,
    /// In order of target shard and id.
    pub streams: Vec<Stream>,
    /// The target's tables that the rules name, in order; empty where one rule takes every table,
    /// as `Reshard`'s does.
    pub tables: Vec<String>,
    /// Some stream is frozen: writes were switched.
    pub frozen: bool,
}

/// One end of a workflow.
#[derive(Clone)]
pub struct End {
    pub keyspace: String,
    /// By name.
    pub shards: BTreeMap<String, ShardEnd>,
}

/// A shard at one end, and the way to its primary.
#[derive(Clone)]
pub struct ShardEnd {
    pub record: ShardRecord,
    pub primary: Tablet,
}

/// One stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The target's shard.
    pub shard: String,
    /// The target's primary.
    pub tablet: TabletAlias,
    /// Where from, and by which rules.
    pub source: BinlogSource,
    pub state: State,
    pub status: StreamStatus,
}

impl Stream {
    pub fn is_frozen(&self) -> bool {
        self.status.message == FROZEN
    }
}

/// What the primary of one shard says of its workflows.
#[derive(Clone)]
pub struct ShardWorkflows {
    pub end: ShardEnd,
    pub workflows: Vec<tm::ReadVReplicationWorkflowResponse>,
}

impl Snapshot {
    /// Reads a workflow of a target keyspace; `shards` limits it to some target shards, none of
    /// them to all.
    ///
    /// An error says that there is no such workflow; one whose shards do not agree on its type is
    /// an error too.
    pub async fn load(
        control: &Control,
        keyspace: &str,
        name: &str,
        shards: &[String],
    ) -> Result<Snapshot> {
        match Snapshot::find(control, keyspace, name, shards).await? {
            Some(snapshot) => Ok(snapshot),
            None => Err(Error::new(
                Code::NotFound,
                format!(
                    "no streams found in keyspace {keyspace} for {name}; \
                     `Workflow --keyspace {keyspace} list` names the workflows that there are"
                ),
            )),
        }
    }

    /// As [`Snapshot::load`]; nothing where there is no such workflow.
    pub async fn find(
        control: &Control,
        keyspace: &str,
        name: &str,
        shards: &[String],
    ) -> Result<Option<Snapshot>> {
        if name.is_empty() {
            return Err(Error::new(Code::InvalidArgument, "a workflow must be named"));
        }
        let request = tm::ReadVReplicationWorkflowsRequest {
            include_workflows: vec![name.to_owned()],
            ..Default::default()
        };
        let mut found = control.read_workflows(keyspace, shards, &request).await?;
        for shard in &mut found {
            shard.workflows.retain(|one| one.workflow == name && !one.streams.is_empty());
        }
        found.retain(|shard| !shard.workflows.is_empty());
        let Some(head) = found.first().and_then(|shard| shard.workflows.first()) else {
            return Ok(None);
        };
        let mut snapshot = Snapshot {
            name: name.to_owned(),
            workflow_type: head.workflow_type(),
            sub_type: head.workflow_sub_type(),
            defer_secondary_keys: head.defer_secondary_keys,
            options: decode_options(&head.options)?,
            external_cluster: String::new(),
            source: End { keyspace: String::new(), shards: BTreeMap::new() },
            target: End { keyspace: keyspace.to_owned(), shards: BTreeMap::new() },
            streams: Vec::new(),
            tables: Vec::new(),
            frozen: false,
        };
        for shard in found {
            snapshot.take(shard)?;
        }
        snapshot.find_source(control).await?;
        Ok(Some(snapshot))
    }

    /// Adds what one target shard has of it.
    fn take(&mut self, shard: ShardWorkflows) -> Result<()> {
        let (name, alias) = (shard.end.record.name.clone(), shard.end.primary.alias());
        for workflow in shard.workflows {
            if workflow.workflow_type() != self.workflow_type {
                return Err(Error::new(
                    Code::FailedPrecondition,
                    format!(
                        "workflow {} in keyspace {} is of different types on its shards: {} and, on {alias}, {}",
                        self.name,
                        self.target.keyspace,
                        self.workflow_type.as_str_name(),
                        workflow.workflow_type().as_str_name()
                    ),
                ));
            }
            for status in workflow.streams {
                let source = status.bls.clone().unwrap_or_default();
                self.streams.push(Stream {
                    shard: name.clone(),
                    tablet: alias.clone(),
                    source,
                    state: status.state(),
                    status,
                });
            }
        }
        self.target.shards.insert(name, shard.end);
        Ok(())
    }

    /// Fills in what the streams say of their source.
    async fn find_source(&mut self, control: &Control) -> Result<()> {
        self.streams.sort_by(|a, b| (&a.shard, a.status.id).cmp(&(&b.shard, b.status.id)));
        self.frozen = self.streams.iter().any(Stream::is_frozen);
        let mut tables = BTreeSet::new();
        let mut shards = BTreeSet::new();
        let mut elsewhere = false;
        for Stream { source, .. } in &self.streams {
            if self.source.keyspace.is_empty() {
                self.source.keyspace.clone_from(&source.keyspace);
                self.external_cluster.clone_from(&source.external_cluster);
            } else if self.source.keyspace != source.keyspace {
                return Err(Error::new(
                    Code::FailedPrecondition,
                    format!(
                        "workflow {} in keyspace {} has streams from two keyspaces, {} and {}",
                        self.name, self.target.keyspace, self.source.keyspace, source.keyspace
                    ),
                ));
            }
            elsewhere |= !source.external_cluster.is_empty() || !source.external_mysql.is_empty();
            shards.insert(source.shard.clone());
            let rules = source.filter.iter().flat_map(|filter| &filter.rules);
            tables.extend(
                rules.map(|rule| &rule.r#match).filter(|one| !one.starts_with('/')).cloned(),
            );
        }
        self.tables = tables.into_iter().collect();
        if elsewhere {
            return Ok(());
        }
        for shard in shards {
            let record =
                control.topo.get_shard(&self.source.keyspace, &shard).await.map_err(|err| {
                    Error::from(err).context(format!(
                        "workflow {} copies from shard {}/{shard}",
                        self.name, self.source.keyspace
                    ))
                })?;
            let end = control.shard_end(record).await?;
            self.source.shards.insert(shard, end);
        }
        Ok(())
    }

    /// Returns the streams of one target shard.
    pub fn streams_of<'a>(&'a self, shard: &'a str) -> impl Iterator<Item = &'a Stream> {
        self.streams.iter().filter(move |one| one.shard == shard)
    }

    /// Returns the names of the source's shards, also of a source that is not in this cluster.
    pub fn source_shards(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.streams.iter().map(|one| &one.source.shard).collect();
        names.into_iter().cloned().collect()
    }
}

impl Control {
    /// Asks the primaries of a keyspace's shards, or of some of them, for their workflows.
    ///
    /// Shards without a primary have none, unless they are asked for by name.
    pub(crate) async fn read_workflows(
        &self,
        keyspace: &str,
        shards: &[String],
        request: &tm::ReadVReplicationWorkflowsRequest,
    ) -> Result<Vec<ShardWorkflows>> {
        let mut records = self.topo.find_all_shards_in_keyspace(keyspace).await?;
        for wanted in shards {
            if !records.iter().any(|one| one.name == *wanted) {
                return Err(Error::new(
                    Code::NotFound,
                    format!("there is no shard {wanted} in keyspace {keyspace}"),
                ));
            }
        }
        records.retain(|one| match shards.is_empty() {
            true => one.primary_alias().is_some(),
            false => shards.contains(&one.name),
        });
        let calls = records.into_iter().map(async |record| {
            let end = self.shard_end(record).await?;
            let reply = end.primary.read_v_replication_workflows(request.clone()).await?;
            Ok::<_, Error>(ShardWorkflows { end, workflows: reply.workflows })
        });
        let mut found = Vec::new();
        for one in all(self.options.concurrency, calls).await {
            found.push(one?);
        }
        found.sort_by(|a, b| a.end.record.name.cmp(&b.end.record.name));
        Ok(found)
    }

    /// Opens the way to the primary of a shard.
    pub(crate) async fn shard_end(&self, record: ShardRecord) -> Result<ShardEnd> {
        let Some(alias) = record.primary_alias() else {
            let (keyspace, shard) = (&record.keyspace, &record.name);
            return Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "shard {keyspace}/{shard} has no primary; run PlannedReparentShard {keyspace}/{shard}"
                ),
            ));
        };
        let primary = self.tablet(&alias).await?;
        Ok(ShardEnd { record, primary })
    }
}

#[cfg(test)]
mod tests;
