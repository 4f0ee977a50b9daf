//! Signs of life, tags, and state read anew.

use std::sync::Arc;
use std::time::Duration;

use vt_base::Result;
use vt_proto::tabletmanagerdata::*;

use super::Call;
use crate::core::Core;

pub(super) async fn ping(_: &Arc<Core>, request: PingRequest, _: Call) -> Result<PingResponse> {
    std::future::ready(Ok(PingResponse { payload: request.payload })).await
}

/// Sleeps for a duration in nanoseconds.
pub(super) async fn sleep(_: &Arc<Core>, request: SleepRequest, _: Call) -> Result<SleepResponse> {
    let nanos = u64::try_from(request.duration).unwrap_or(0);
    tokio::time::sleep(Duration::from_nanos(nanos)).await;
    Ok(SleepResponse {})
}

/// Sets tags; an empty value takes one away, and `replace` all that are not given.
pub(super) async fn change_tags(
    core: &Arc<Core>,
    request: ChangeTagsRequest,
    _: Call,
) -> Result<ChangeTagsResponse> {
    core.change_record(|record| {
        if request.replace {
            record.tags.clear();
        }
        for (name, value) in &request.tags {
            if value.is_empty() {
                record.tags.remove(name);
            } else {
                record.tags.insert(name.clone(), value.clone());
            }
        }
    })
    .await;
    Ok(ChangeTagsResponse { tags: core.record.load().tags.clone() })
}

/// Takes what the topology says of the tablet: its tags, what it may serve, its shard's primary.
pub(super) async fn refresh_state(
    core: &Arc<Core>,
    _: RefreshStateRequest,
    _: Call,
) -> Result<RefreshStateResponse> {
    let stored = core.topo.get_tablet(&core.config.alias).await?.message;
    core.record.rcu(|record| {
        let mut record = vt_proto::topodata::Tablet::clone(record);
        record.tags.clone_from(&stored.tags);
        record
    });
    let shard = core.topo.get_shard(&core.config.keyspace, &core.config.shard).await?;
    core.take_controls(&shard).await;
    core.sync.notify_one();
    core.health.tell();
    Ok(RefreshStateResponse {})
}

pub(super) async fn run_health_check(
    core: &Arc<Core>,
    _: RunHealthCheckRequest,
    _: Call,
) -> Result<RunHealthCheckResponse> {
    // The loop that watches the server looks at once.
    core.queries.mysqld_suspect.notify_one();
    core.db.dba_query("select 1").await.map_err(|err| crate::db::unavailable(&err))?;
    core.health.tell();
    Ok(RunHealthCheckResponse {})
}

pub(super) async fn reset_sequences(
    core: &Arc<Core>,
    request: ResetSequencesRequest,
    _: Call,
) -> Result<ResetSequencesResponse> {
    core.queries.sequences.reset(Some(&request.tables));
    std::future::ready(Ok(ResetSequencesResponse {})).await
}
