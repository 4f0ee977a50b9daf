//! ReloadSchema, ReloadSchemaShard, ReloadSchemaKeyspace.

use std::time::Duration;

use vt_base::{KeyspaceShard, Result};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::{required_alias, shard_of};
use vt_reparent::Progress;
use vt_reparent::tablets::all;

/// How many tablets reload at once where the request does not say.
const CONCURRENCY: usize = 10;

/// What a reload of many tablets waits for, and which it takes in.
pub(crate) struct Reload<'a> {
    /// The position that a replica must have reached first; empty for none.
    pub wait_position: &'a str,
    pub include_primary: bool,
    pub concurrency: usize,
    pub timeout: Duration,
}

impl Control {
    pub async fn reload_schema(
        &self,
        request: ReloadSchemaRequest,
    ) -> Result<ReloadSchemaResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        self.tablet(&alias).await?.reload_schema(tm::ReloadSchemaRequest::default()).await?;
        Ok(ReloadSchemaResponse {})
    }

    pub async fn reload_schema_shard(
        &self,
        request: ReloadSchemaShardRequest,
    ) -> Result<ReloadSchemaShardResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        self.topo.get_shard(&request.keyspace, &request.shard).await?;
        let progress = Progress::default();
        let reload = Reload {
            wait_position: &request.wait_position,
            include_primary: request.include_primary,
            concurrency: concurrency(request.concurrency),
            timeout: self.options.tablet_timeout,
        };
        self.reload_shard(&shard, &reload, &progress).await?;
        Ok(ReloadSchemaShardResponse { events: progress.into_events() })
    }

    pub async fn reload_schema_keyspace(
        &self,
        request: ReloadSchemaKeyspaceRequest,
    ) -> Result<ReloadSchemaKeyspaceResponse> {
        let progress = Progress::default();
        let reload = Reload {
            wait_position: &request.wait_position,
            include_primary: request.include_primary,
            concurrency: concurrency(request.concurrency),
            timeout: self.options.tablet_timeout,
        };
        for shard in self.topo.get_shard_names(&request.keyspace).await? {
            self.reload_shard(&shard_of(&request.keyspace, &shard)?, &reload, &progress).await?;
        }
        Ok(ReloadSchemaKeyspaceResponse { events: progress.into_events() })
    }

    /// Tells the tablets of a shard to read their schema anew; those that fail are reported.
    ///
    /// A tablet that misses it reads its schema by itself before long.
    pub(crate) async fn reload_shard(
        &self,
        shard: &KeyspaceShard,
        reload: &Reload<'_>,
        progress: &Progress,
    ) -> Result<()> {
        let found = self.topo.find_tablets_by_shard(&shard.keyspace, &shard.shard).await?;
        for (cell, err) in &found.failed {
            progress.warn(format!("the tablets of {shard} in cell {cell} were not told: {err}"));
        }
        let wanted =
            found.records.into_iter().filter(|one| reload.include_primary || !one.is_primary());
        let calls = all(
            reload.concurrency,
            wanted.into_iter().map(async |record| {
                let alias = record.alias();
                let wait_position = match record.is_primary() {
                    true => String::new(),
                    false => reload.wait_position.to_owned(),
                };
                let tablet = self.connect(record)?.within(reload.timeout);
                tablet.reload_schema(tm::ReloadSchemaRequest { wait_position }).await?;
                Ok::<_, vt_base::Error>(alias)
            }),
        );
        for result in calls.await {
            match result {
                Ok(alias) => tracing::debug!(%alias, "schema reloaded"),
                Err(err) => progress.warn(format!("failed to reload schema: {err}")),
            }
        }
        Ok(())
    }
}

fn concurrency(wanted: i32) -> usize {
    usize::try_from(wanted).ok().filter(|one| *one > 0).unwrap_or(CONCURRENCY)
}
