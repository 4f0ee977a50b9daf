//! GetWorkflows: the workflows of a keyspace, with their streams, copies and logs.

use std::collections::BTreeMap;
use std::time::SystemTime;

use vt_base::{Result, TabletAlias};
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::workflow::stream::{CopyState, Log, ThrottlerStatus};
use vt_proto::vtctldata::workflow::{ReplicationLocation, ShardStream, Stream};
use vt_proto::vtctldata::*;
use vt_proto::{topodata, vttime};
use vt_reparent::tablets::all;

use super::options::decode_options;
use super::snapshot::{FROZEN, ShardWorkflows};
use super::tables::texts;
use crate::Control;

/// A stream that tells nothing of itself for so long lags.
const LAGGING_SECONDS: i64 = 10;

impl Control {
    pub async fn get_workflows(
        &self,
        request: GetWorkflowsRequest,
    ) -> Result<GetWorkflowsResponse> {
        self.check_keyspace("target", &request.keyspace).await?;
        let include_workflows = match request.workflow.as_str() {
            "" => Vec::new(),
            name => vec![name.to_owned()],
        };
        let read = tm::ReadVReplicationWorkflowsRequest { include_workflows, ..Default::default() };
        let shards = self.read_workflows(&request.keyspace, &request.shards, &read).await?;
        let details = match request.name_only {
            true => Vec::new(),
            false => {
                let calls = shards.iter().map(|shard| self.details(shard, request.include_logs));
                all(self.options.concurrency, calls).await
            }
        };
        let mut workflows: BTreeMap<String, Listed> = BTreeMap::new();
        for shard in &shards {
            for workflow in shard.workflows.iter().filter(|one| !one.streams.is_empty()) {
                workflows.entry(workflow.workflow.clone()).or_default().add(
                    &request.keyspace,
                    shard,
                    workflow,
                    &details,
                )?;
            }
        }
        let mut listed: Vec<Listed> = workflows.into_values().collect();
        if request.active_only {
            listed.retain(|one| one.is_active);
        }
        let workflows = listed.into_iter().map(|one| match request.name_only {
            true => Workflow { name: one.workflow.name, ..Default::default() },
            false => one.workflow,
        });
        Ok(GetWorkflowsResponse { workflows: workflows.collect() })
    }

    /// Asks a primary for the copies that go on, and for the logs.
    async fn details(&self, shard: &ShardWorkflows, logs: bool) -> Details {
        let ids = shard.workflows.iter().flat_map(|one| &one.streams).map(|one| one.id.to_string());
        let ids: Vec<String> = ids.collect();
        let mut details = Details { tablet: Some(shard.end.primary.alias()), ..Details::default() };
        if ids.is_empty() {
            return details;
        }
        let ids = ids.join(", ");
        match self.read_copies(shard, &ids).await {
            Ok(copies) => details.copies = copies,
            Err(err) => tracing::warn!(%err, "cannot read which tables are being copied"),
        }
        if logs {
            match self.read_logs(shard, &ids).await {
                Ok(logs) => details.logs = logs,
                Err(err) => details.log_error = err.to_string(),
            }
        }
        details
    }

    async fn read_copies(&self, shard: &ShardWorkflows, ids: &str) -> Result<Vec<CopyState>> {
        let query = format!(
            "select vrepl_id, table_name, lastpk from _vt.copy_state where vrepl_id in ({ids}) and id in \
             (select max(id) from _vt.copy_state where vrepl_id in ({ids}) group by vrepl_id, table_name) \
             order by vrepl_id, table_name"
        );
        let reply =
            shard.end.primary.v_replication_exec(tm::VReplicationExecRequest { query }).await?;
        let mut copies = Vec::new();
        for row in reply.result.unwrap_or_default().rows {
            let mut values = texts(&row)?.into_iter();
            let mut next = || values.next().flatten().unwrap_or_default();
            let stream_id = next().parse().unwrap_or_default();
            copies.push(CopyState { stream_id, table: next(), last_pk: next() });
        }
        Ok(copies)
    }

    async fn read_logs(&self, shard: &ShardWorkflows, ids: &str) -> Result<Vec<Log>> {
        let query = format!(
            "select id, vrepl_id, type, state, message, unix_timestamp(created_at), \
             unix_timestamp(updated_at), `count` from _vt.vreplication_log where vrepl_id in ({ids}) \
             order by vrepl_id asc, id asc"
        );
        let reply =
            shard.end.primary.v_replication_exec(tm::VReplicationExecRequest { query }).await?;
        let mut logs = Vec::new();
        for row in reply.result.unwrap_or_default().rows {
            let mut values = texts(&row)?.into_iter();
            let mut next = || values.next().flatten().unwrap_or_default();
            logs.push(Log {
                id: next().parse().unwrap_or_default(),
                stream_id: next().parse().unwrap_or_default(),
                r#type: next(),
                state: next(),
                message: next(),
                created_at: time(&next()),
                updated_at: time(&next()),
                count: next().parse().unwrap_or_default(),
            });
        }
        Ok(logs)
    }
}

/// Reads a time that may have a fraction of a second.
fn time(text: &str) -> Option<vttime::Time> {
    let seconds = text.split('.').next()?.parse().ok()?;
    Some(vttime::Time { seconds, nanoseconds: 0 })
}

/// What the tables beside the streams say, of one primary.
#[derive(Clone, Debug, Default)]
struct Details {
    tablet: Option<TabletAlias>,
    copies: Vec<CopyState>,
    logs: Vec<Log>,
    log_error: String,
}

/// A workflow as it is put together from its shards.
#[derive(Clone, Debug, Default)]
struct Listed {
    workflow: Workflow,
    /// Some stream is neither stopped nor frozen.
    is_active: bool,
}

impl Listed {
    fn add(
        &mut self,
        keyspace: &str,
        shard: &ShardWorkflows,
        found: &tm::ReadVReplicationWorkflowResponse,
        details: &[Details],
    ) -> Result<()> {
        let record = &shard.end.record;
        let alias = shard.end.primary.alias();
        let none = Details::default();
        let details =
            details.iter().find(|one| one.tablet.as_ref() == Some(&alias)).unwrap_or(&none);
        let workflow = &mut self.workflow;
        if workflow.name.is_empty() {
            workflow.name.clone_from(&found.workflow);
            found.workflow_type().as_str_name().clone_into(&mut workflow.workflow_type);
            found.workflow_sub_type().as_str_name().clone_into(&mut workflow.workflow_sub_type);
            workflow.defer_secondary_keys = found.defer_secondary_keys;
            workflow.options = Some(decode_options(&found.options)?);
        }
        let target = workflow.target.get_or_insert_with(|| ReplicationLocation {
            keyspace: keyspace.to_owned(),
            shards: Vec::new(),
        });
        target.shards.push(record.name.clone());
        let now = now();
        let mut streams = Vec::new();
        for status in &found.streams {
            let stream = stream(record.name.clone(), &alias, found, status, details, now);
            let bls = status.bls.clone().unwrap_or_default();
            let source = workflow.source.get_or_insert_with(|| ReplicationLocation {
                keyspace: bls.keyspace.clone(),
                shards: Vec::new(),
            });
            if !source.shards.contains(&bls.shard) {
                source.shards.push(bls.shard);
                source.shards.sort();
            }
            let (lag, transaction_lag) = lags(status, status.state(), now);
            workflow.max_v_replication_lag = workflow.max_v_replication_lag.max(lag);
            workflow.max_v_replication_transaction_lag =
                workflow.max_v_replication_transaction_lag.max(transaction_lag);
            self.is_active |= status.state() != State::Stopped && status.message != FROZEN;
            streams.push(stream);
        }
        let listed = ShardStream {
            streams,
            tablet_controls: record.message.tablet_controls.clone(),
            is_primary_serving: record.message.is_primary_serving,
        };
        workflow.shard_streams.insert(format!("{}/{alias}", record.name), listed);
        Ok(())
    }
}

fn stream(
    shard: String,
    alias: &TabletAlias,
    found: &tm::ReadVReplicationWorkflowResponse,
    status: &tm::read_v_replication_workflow_response::Stream,
    details: &Details,
    now: i64,
) -> Stream {
    let id = i64::from(status.id);
    let own = |one: i64| one == id;
    let copy_states: Vec<CopyState> =
        details.copies.iter().filter(|one| own(one.stream_id)).cloned().collect();
    let logs = details.logs.iter().filter(|one| own(one.stream_id)).cloned().collect();
    let list = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    let state = shown_state(status, !copy_states.is_empty(), now);
    Stream {
        id,
        shard,
        tablet: Some(topodata::TabletAlias::from(alias)),
        binlog_source: status.bls.clone(),
        position: status.pos.clone(),
        stop_position: status.stop_pos.clone(),
        state: state.as_str_name().to_owned(),
        db_name: found.db_name.clone(),
        transaction_timestamp: status.transaction_timestamp,
        time_updated: status.time_updated,
        message: status.message.clone(),
        copy_states,
        logs,
        log_fetch_error: details.log_error.clone(),
        tags: list(&found.tags),
        rows_copied: status.rows_copied,
        throttler_status: Some(ThrottlerStatus {
            component_throttled: status.component_throttled.clone(),
            time_throttled: status.time_throttled,
        }),
        tablet_types: found.tablet_types.clone(),
        tablet_selection_preference: found.tablet_selection_preference,
        cells: list(&found.cells),
    }
}

/// Returns a stream's state as it is shown: one that copies, or that has long been silent, says so.
pub(super) fn shown_state(
    status: &tm::read_v_replication_workflow_response::Stream,
    is_copying: bool,
    now: i64,
) -> State {
    let updated = status.time_updated.map_or(0, |time| time.seconds);
    match status.state() {
        State::Running if is_copying => State::Copying,
        State::Running if now.saturating_sub(updated) > LAGGING_SECONDS => State::Lagging,
        state => state,
    }
}

/// Returns for how many seconds a stream has been silent, and how far behind its source it is.
fn lags(
    status: &tm::read_v_replication_workflow_response::Stream,
    state: State,
    now: i64,
) -> (i64, i64) {
    let seconds = |time: &Option<vttime::Time>| time.map_or(0, |time| time.seconds);
    let updated = seconds(&status.time_updated);
    let lag = now.saturating_sub(updated).max(0);
    if state == State::Copying {
        return (lag, i64::MAX);
    }
    let transaction = seconds(&status.transaction_timestamp);
    // Without transactions, heartbeats say that the stream is there.
    let heard = match transaction == 0 || updated == seconds(&status.time_heartbeat) {
        true => updated,
        false => transaction,
    };
    (lag, now.saturating_sub(heard).max(0))
}

/// Returns the time in seconds of Unix.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_lags_are_told_from_times() {
        let at = |seconds: i64| Some(vttime::Time { seconds, nanoseconds: 0 });
        let mut status = tm::read_v_replication_workflow_response::Stream {
            state: State::Running as i32,
            time_updated: at(95),
            time_heartbeat: at(95),
            transaction_timestamp: at(10),
            ..Default::default()
        };
        assert_eq!(shown_state(&status, false, 100), State::Running);
        assert_eq!(shown_state(&status, true, 100), State::Copying);
        assert_eq!(shown_state(&status, false, 200), State::Lagging);
        assert_eq!(lags(&status, State::Running, 100), (5, 5));
        status.time_heartbeat = at(90);
        assert_eq!(lags(&status, State::Running, 100), (5, 90));
        assert_eq!(lags(&status, State::Copying, 100), (5, i64::MAX));
        status.state = State::Stopped as i32;
        assert_eq!(shown_state(&status, false, 200), State::Stopped);
        assert_eq!(time("1773048875.000000").unwrap().seconds, 1_773_048_875);
    }
}
