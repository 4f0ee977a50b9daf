//! PingTablet, SleepTablet, RefreshState(ByShard), RunHealthCheck, GetFullStatus, SetWritable.

use vt_base::Result;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::{duration_or, required_alias, shard_of};
use vt_reparent::tablets::all;

impl Control {
    pub async fn ping_tablet(&self, request: PingTabletRequest) -> Result<PingTabletResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        self.tablet(&alias).await?.ping(tm::PingRequest { payload: "payload".to_owned() }).await?;
        Ok(PingTabletResponse {})
    }

    /// Blocks a tablet's action queue; for tests of what then happens.
    pub async fn sleep_tablet(&self, request: SleepTabletRequest) -> Result<SleepTabletResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let duration = duration_or(request.duration.as_ref(), self.options.tablet_timeout);
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let tablet = self.tablet(&alias).await?;
        let limit = duration.saturating_add(self.options.tablet_timeout);
        tablet.within(limit).sleep(tm::SleepRequest { duration: nanos }).await?;
        Ok(SleepTabletResponse {})
    }

    pub async fn refresh_state(
        &self,
        request: RefreshStateRequest,
    ) -> Result<RefreshStateResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        self.tablet(&alias).await?.refresh_state(tm::RefreshStateRequest {}).await?;
        Ok(RefreshStateResponse {})
    }

    /// Refreshes all tablets of a shard; those that fail are named and do not fail the command.
    pub async fn refresh_state_by_shard(
        &self,
        request: RefreshStateByShardRequest,
    ) -> Result<RefreshStateByShardResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        self.topo.get_shard(&request.keyspace, &request.shard).await?;
        let failures = self.refresh_shard_tablets(&shard, &request.cells).await?;
        Ok(RefreshStateByShardResponse {
            is_partial_refresh: !failures.is_empty(),
            partial_refresh_details: failures.join("; "),
        })
    }

    /// Refreshes the tablets of a shard, in some cells or all; returns what failed.
    pub(crate) async fn refresh_shard_tablets(
        &self,
        shard: &vt_base::KeyspaceShard,
        cells: &[String],
    ) -> Result<Vec<String>> {
        let found = self.topo.find_tablets_by_shard(&shard.keyspace, &shard.shard).await?;
        let mut failures: Vec<String> =
            found.failed.iter().map(|(cell, err)| format!("cell {cell}: {err}")).collect();
        let wanted = found
            .records
            .into_iter()
            .filter(|one| cells.is_empty() || cells.contains(&one.alias().cell.to_string()));
        let calls = all(
            self.options.concurrency,
            wanted.into_iter().map(async |record| {
                self.connect(record)?.refresh_state(tm::RefreshStateRequest {}).await
            }),
        );
        for result in calls.await {
            failures.extend(result.err().map(|err| err.to_string()));
        }
        failures.sort();
        Ok(failures)
    }

    pub async fn run_health_check(
        &self,
        request: RunHealthCheckRequest,
    ) -> Result<RunHealthCheckResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        self.tablet(&alias).await?.run_health_check(tm::RunHealthCheckRequest {}).await?;
        Ok(RunHealthCheckResponse {})
    }

    pub async fn get_full_status(
        &self,
        request: GetFullStatusRequest,
    ) -> Result<GetFullStatusResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let reply = self.tablet(&alias).await?.full_status(tm::FullStatusRequest {}).await?;
        Ok(GetFullStatusResponse { status: reply.status })
    }

    pub async fn set_writable(&self, request: SetWritableRequest) -> Result<SetWritableResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let tablet = self.tablet(&alias).await?;
        match request.writable {
            true => drop(tablet.set_read_write(tm::SetReadWriteRequest {}).await?),
            false => drop(tablet.set_read_only(tm::SetReadOnlyRequest {}).await?),
        }
        Ok(SetWritableResponse {})
    }
}
