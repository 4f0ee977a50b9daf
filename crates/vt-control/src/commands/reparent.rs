//! PlannedReparentShard, EmergencyReparentShard, InitShardPrimary.

use std::time::Duration;

use vt_base::{Result, TabletAlias};
use vt_proto::vtctldata::*;
use vt_recovery::{CellRule, EmergencyRequest, PlannedRequest};
use vt_reparent::Progress;

use crate::Control;
use crate::control::{duration_or, optional_alias, refused, required_alias, shard_of};

/// How long each step waits for replication where the request does not say.
const WAIT: Duration = Duration::from_secs(15);

impl Control {
    pub async fn planned_reparent_shard(
        &self,
        request: PlannedReparentShardRequest,
    ) -> Result<PlannedReparentShardResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        let wanted = PlannedRequest {
            new_primary: optional_alias(request.new_primary.as_ref()),
            avoid_primary: optional_alias(request.avoid_primary.as_ref()),
            expected_primary: optional_alias(request.expected_primary.as_ref()),
            tolerable_lag: duration_or(request.tolerable_replication_lag.as_ref(), Duration::ZERO),
            cells: match request.allow_cross_cell_promotion {
                true => CellRule::AnyCell,
                false => CellRule::SameCell,
            },
        };
        let wait = duration_or(request.wait_replicas_timeout.as_ref(), WAIT);
        let progress = Progress::default();
        let plan = vt_reparent::planned(&self.cluster, &shard, &wanted, wait, &progress).await?;
        Ok(PlannedReparentShardResponse {
            keyspace: request.keyspace,
            shard: request.shard,
            promoted_primary: Some((&plan.new_primary).into()),
            events: progress.into_events(),
        })
    }

    pub async fn emergency_reparent_shard(
        &self,
        request: EmergencyReparentShardRequest,
    ) -> Result<EmergencyReparentShardResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        let wanted = EmergencyRequest {
            new_primary: optional_alias(request.new_primary.as_ref()),
            expected_primary: optional_alias(request.expected_primary.as_ref()),
            ignore: request.ignore_replicas.iter().map(TabletAlias::from).collect(),
            cells: match request.prevent_cross_cell_promotion {
                true => CellRule::SameCell,
                false => CellRule::AnyCell,
            },
        };
        let wait = duration_or(request.wait_replicas_timeout.as_ref(), WAIT);
        let progress = Progress::default();
        let plan = vt_reparent::emergency(&self.cluster, &shard, &wanted, wait, &progress).await?;
        Ok(EmergencyReparentShardResponse {
            keyspace: request.keyspace,
            shard: request.shard,
            promoted_primary: Some((&plan.new_primary).into()),
            events: progress.into_events(),
        })
    }

    /// The first election of a named tablet; what `PlannedReparentShard --new-primary` does too.
    ///
    /// A shard that has a primary is left to PlannedReparentShard, and `force` does not change
    /// that: it once meant to throw away the history of all tablets.
    pub async fn init_shard_primary(
        &self,
        request: InitShardPrimaryRequest,
    ) -> Result<InitShardPrimaryResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        let elect = required_alias(request.primary_elect_tablet_alias.as_ref())?;
        let record = self.topo.get_shard(&request.keyspace, &request.shard).await?;
        if let Some(primary) = record.primary_alias().filter(|one| *one != elect) {
            return Err(refused(format!(
                "shard {shard} has the primary {primary}; run PlannedReparentShard {shard} --new-primary {elect}"
            )));
        }
        let wanted = PlannedRequest {
            new_primary: Some(elect),
            avoid_primary: None,
            expected_primary: None,
            tolerable_lag: Duration::ZERO,
            cells: CellRule::AnyCell,
        };
        let wait = duration_or(request.wait_replicas_timeout.as_ref(), Duration::from_secs(30));
        let progress = Progress::default();
        vt_reparent::planned(&self.cluster, &shard, &wanted, wait, &progress).await?;
        Ok(InitShardPrimaryResponse { events: progress.into_events() })
    }
}
