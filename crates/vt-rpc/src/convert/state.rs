//! Who calls, whom the call is for, and what a tablet says of itself.

use std::sync::Arc;

use vt_base::{TabletAlias, Target};
use vt_proto::{query, topodata, vtrpc};
use vt_tablet_api::{Caller, HealthState, RealtimeStats};

/// Makes the two messages that say who calls: for whom the application acts, and who is logged in.
pub fn caller_to_proto(
    caller: &Caller,
) -> (Option<vtrpc::CallerId>, Option<query::VtGateCallerId>) {
    let effective = vtrpc::CallerId {
        principal: caller.principal.to_string(),
        component: caller.component.to_string(),
        subcomponent: caller.subcomponent.to_string(),
        groups: Vec::new(),
    };
    let immediate = query::VtGateCallerId {
        username: caller.username.to_string(),
        groups: caller.groups.to_vec(),
    };
    let acts = effective != vtrpc::CallerId::default();
    let logged_in = immediate != query::VtGateCallerId::default();
    (acts.then_some(effective), logged_in.then_some(immediate))
}

/// Reads who calls.
pub fn caller_from_proto(
    effective: Option<vtrpc::CallerId>,
    immediate: Option<query::VtGateCallerId>,
) -> Arc<Caller> {
    let (effective, immediate) = (effective.unwrap_or_default(), immediate.unwrap_or_default());
    Arc::new(Caller {
        username: immediate.username.into(),
        groups: immediate.groups.into(),
        principal: effective.principal.into(),
        component: effective.component.into(),
        subcomponent: effective.subcomponent.into(),
    })
}

/// Reads whom a call is for; none gives the empty target.
pub fn target_from_proto(target: Option<&query::Target>) -> Target {
    target.map(Target::from).unwrap_or_default()
}

/// Reads a tablet's name.
pub fn alias_from_proto(alias: Option<&topodata::TabletAlias>) -> Option<TabletAlias> {
    alias.map(TabletAlias::from)
}

/// Makes the message of a health stream.
pub fn health_to_proto(health: &HealthState) -> query::StreamHealthResponse {
    let stats = &health.stats;
    query::StreamHealthResponse {
        target: Some((&health.target).into()),
        serving: health.serving,
        primary_term_start_timestamp: health.primary_term_start,
        realtime_stats: Some(query::RealtimeStats {
            health_error: stats.health_error.clone(),
            replication_lag_seconds: stats.replication_lag_seconds,
            binlog_players_count: stats.binlog_players_count,
            filtered_replication_lag_seconds: stats.filtered_replication_lag_seconds,
            cpu_usage: stats.cpu_usage,
            qps: stats.qps,
            table_schema_changed: stats.table_schema_changed.clone(),
            view_schema_changed: stats.view_schema_changed.clone(),
            udfs_changed: stats.udfs_changed,
            tx_unresolved: stats.tx_unresolved,
        }),
        tablet_alias: health.alias.as_ref().map(topodata::TabletAlias::from),
    }
}

/// Reads a message of a health stream.
pub fn health_from_proto(health: query::StreamHealthResponse) -> HealthState {
    let stats = health.realtime_stats.unwrap_or_default();
    HealthState {
        target: target_from_proto(health.target.as_ref()),
        serving: health.serving,
        primary_term_start: health.primary_term_start_timestamp,
        alias: alias_from_proto(health.tablet_alias.as_ref()),
        stats: RealtimeStats {
            health_error: stats.health_error,
            replication_lag_seconds: stats.replication_lag_seconds,
            binlog_players_count: stats.binlog_players_count,
            filtered_replication_lag_seconds: stats.filtered_replication_lag_seconds,
            cpu_usage: stats.cpu_usage,
            qps: stats.qps,
            table_schema_changed: stats.table_schema_changed,
            view_schema_changed: stats.view_schema_changed,
            udfs_changed: stats.udfs_changed,
            tx_unresolved: stats.tx_unresolved,
        },
    }
}

#[cfg(test)]
mod tests {
    use vt_base::TabletType;

    use super::*;

    #[test]
    fn health_and_caller_survive_the_way_there_and_back() {
        let health = HealthState {
            target: Target::new("ks", "-80", TabletType::Replica),
            serving: true,
            primary_term_start: 17,
            alias: Some(TabletAlias::new("zone1", 101)),
            stats: RealtimeStats {
                health_error: "broken".into(),
                replication_lag_seconds: 3,
                qps: 1.5,
                table_schema_changed: vec!["t".into()],
                tx_unresolved: true,
                ..RealtimeStats::default()
            },
        };
        assert_eq!(health_from_proto(health_to_proto(&health)), health);

        let caller = Caller {
            username: "u".into(),
            groups: ["g".to_owned()].into(),
            principal: "p".into(),
            component: "".into(),
            subcomponent: "s".into(),
        };
        let (effective, immediate) = caller_to_proto(&caller);
        assert_eq!(*caller_from_proto(effective, immediate), caller);
    }
}
