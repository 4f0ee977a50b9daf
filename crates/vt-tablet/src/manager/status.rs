//! What the server tells of itself: replication, positions, variables, the machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use vt_base::{Code, Error, Result};
use vt_mysqld::replication::{
    self, IoState, PrimaryStatus, ReplicaStatus, SemiSync, SemiSyncState,
};
use vt_proto::tabletmanagerdata::*;
use vt_proto::{mysqlctl, replicationdata as data};

use super::Call;
use crate::core::Core;
use crate::db::{first_text, quote_name, quote_text};
use crate::role::DEMOTED;
use crate::schema::text;
use crate::state::Serving;

pub(super) async fn replication(
    core: &Arc<Core>,
    _: ReplicationStatusRequest,
    _: Call,
) -> Result<ReplicationStatusResponse> {
    let status = replica_status(core).await?;
    Ok(ReplicationStatusResponse { status: Some(status) })
}

/// Returns the status of replication with that of semi-sync; an error where none is configured.
pub(super) async fn replica_status(core: &Core) -> Result<data::Status> {
    let mut conn = core.db.dba().await?;
    let status = replication::replica_status(&mut conn).await?.ok_or_else(no_replication)?;
    let semi_sync = SemiSync::state(&mut conn).await?;
    Ok(status_message(&status, semi_sync))
}

/// Makes the error of a server that follows none.
pub(super) fn no_replication() -> Error {
    Error::new(Code::FailedPrecondition, "no replication status")
}

/// Makes the message of a replica's status.
pub(super) fn status_message(status: &ReplicaStatus, semi_sync: SemiSyncState) -> data::Status {
    let state = |state: IoState| match state {
        IoState::Unknown => 0,
        IoState::Stopped => 1,
        IoState::Connecting => 2,
        IoState::Running => 3,
    };
    let lag = status.lag.map(|lag| u32::try_from(lag.as_secs()).unwrap_or(u32::MAX));
    data::Status {
        position: status.executed.to_string(),
        relay_log_position: status.received.to_string(),
        file_position: file_position(&status.applied_file),
        relay_log_source_binlog_equivalent_position: file_position(&status.received_file),
        relay_log_file_position: file_position(&status.relay_file),
        replication_lag_seconds: lag.unwrap_or(0),
        replication_lag_unknown: lag.is_none(),
        source_host: status.source_host.clone(),
        source_port: i32::from(status.source_port),
        source_user: status.source_user.clone(),
        source_server_id: status.source_server_id,
        source_uuid: status.source_uuid.clone(),
        connect_retry: i32::try_from(status.connect_retry).unwrap_or(i32::MAX),
        io_state: state(status.io),
        last_io_error: status.last_io_error.clone(),
        sql_state: state(status.sql),
        last_sql_error: status.last_sql_error.clone(),
        sql_delay: status.sql_delay,
        auto_position: status.auto_position,
        using_gtid: true,
        has_replication_filters: status.has_filters,
        ssl_allowed: status.ssl_allowed,
        backup_running: false,
        semi_sync_primary_enabled: semi_sync.source_enabled,
        semi_sync_replica_enabled: semi_sync.replica_enabled,
        semi_sync_primary_status: semi_sync.source_active,
        semi_sync_replica_status: semi_sync.replica_active,
    }
}

fn file_position((file, at): &(String, u64)) -> String {
    if file.is_empty() { String::new() } else { format!("FilePos/{file}:{at}") }
}

/// Makes the message of a primary's status.
pub(super) fn primary_message(status: &PrimaryStatus) -> data::PrimaryStatus {
    data::PrimaryStatus {
        position: status.position.to_string(),
        file_position: file_position(&status.file),
        server_uuid: status.server_uuid.clone(),
    }
}

pub(super) async fn primary(
    core: &Arc<Core>,
    _: PrimaryStatusRequest,
    _: Call,
) -> Result<PrimaryStatusResponse> {
    let mut conn = core.db.dba().await?;
    let status = replication::primary_status(&mut conn).await?;
    Ok(PrimaryStatusResponse { status: Some(primary_message(&status)) })
}

pub(super) async fn primary_position(
    core: &Arc<Core>,
    _: PrimaryPositionRequest,
    _: Call,
) -> Result<PrimaryPositionResponse> {
    let mut conn = core.db.dba().await?;
    let position = replication::position(&mut conn).await?.to_string();
    Ok(PrimaryPositionResponse { position })
}

pub(super) async fn full(
    core: &Arc<Core>,
    _: FullStatusRequest,
    _: Call,
) -> Result<FullStatusResponse> {
    let role = core.role.lock().clone();
    // A server that waits for its disk may never answer.
    if let Err(disk) = role.disk {
        if role.tablet_type != vt_base::TabletType::Primary {
            return Err(Error::new(Code::Unavailable, disk));
        }
        let status = data::FullStatus {
            disk_stalled: true,
            tablet_type: role.tablet_type as i32,
            ..data::FullStatus::default()
        };
        return Ok(FullStatusResponse { status: Some(status) });
    }
    let closed = role.tablet_type == vt_base::TabletType::Primary
        && matches!(role.stopped, Some((Serving::NotServing, DEMOTED)));
    let mut conn = core.db.dba().await?;
    let facts = replication::server_facts(&mut conn).await?;
    let replica = replication::replica_status(&mut conn).await?;
    let primary = replication::primary_status(&mut conn).await?;
    let semi_sync = SemiSync::state(&mut conn).await?;
    let heartbeat = "select heartbeat_interval from \
                     performance_schema.replication_connection_configuration limit 1";
    let heartbeat = first_text(&conn.query(heartbeat, 1).await?);
    let purged = vt_base::gtid::Position { gtid_set: facts.gtid_purged };
    let status = data::FullStatus {
        server_id: facts.server_id,
        server_uuid: facts.server_uuid,
        replication_status: replica.map(|status| status_message(&status, semi_sync)),
        primary_status: Some(primary_message(&primary)),
        gtid_purged: purged.to_string(),
        version: facts.version,
        version_comment: facts.version_comment,
        // One that was closed serves nobody, even where its server does not know it.
        read_only: facts.read_only || closed,
        gtid_mode: facts.gtid_mode,
        binlog_format: facts.binlog_format,
        binlog_row_image: facts.binlog_row_image,
        log_bin_enabled: facts.log_bin,
        log_replica_updates: facts.log_replica_updates,
        semi_sync_primary_enabled: semi_sync.source_enabled,
        semi_sync_replica_enabled: semi_sync.replica_enabled,
        semi_sync_primary_status: semi_sync.source_active,
        semi_sync_replica_status: semi_sync.replica_active,
        semi_sync_primary_clients: semi_sync.clients,
        semi_sync_primary_timeout: semi_sync.timeout_ms,
        semi_sync_wait_for_replica_count: semi_sync.wait_for_count,
        super_read_only: facts.super_read_only,
        replication_configuration: Some(data::Configuration {
            heartbeat_interval: heartbeat.parse().unwrap_or(0.0),
            replica_net_timeout: i32::try_from(facts.replica_net_timeout).unwrap_or(i32::MAX),
        }),
        disk_stalled: false,
        semi_sync_blocked: semi_sync.source_enabled
            && semi_sync.waiting > 0
            && semi_sync.clients == 0,
        tablet_type: core.tablet_type() as i32,
    };
    Ok(FullStatusResponse { status: Some(status) })
}

pub(super) async fn replicas(
    core: &Arc<Core>,
    _: GetReplicasRequest,
    _: Call,
) -> Result<GetReplicasResponse> {
    let mut conn = core.db.dba().await?;
    Ok(GetReplicasResponse { addrs: replication::replica_addresses(&mut conn).await? })
}

pub(super) async fn global_status_vars(
    core: &Arc<Core>,
    request: GetGlobalStatusVarsRequest,
    _: Call,
) -> Result<GetGlobalStatusVarsResponse> {
    let mut sql = "show global status".to_owned();
    if !request.variables.is_empty() {
        let names: Vec<String> = request.variables.iter().map(|name| quote_text(name)).collect();
        sql.push_str(&format!(" where variable_name in ({})", names.join(", ")));
    }
    let result = core.db.dba_query(&sql).await?;
    let status_values = result.rows.iter().map(|row| (text(row, 0), text(row, 1))).collect();
    Ok(GetGlobalStatusVarsResponse { status_values })
}

/// Returns whether workflows that copy data have streams here.
pub(super) async fn has_workflows(
    core: &Arc<Core>,
    _: HasVReplicationWorkflowsRequest,
    _: Call,
) -> Result<HasVReplicationWorkflowsResponse> {
    let sql = format!(
        "select 1 from {}.vreplication where db_name = {} limit 1",
        quote_name(&core.sidecar.load()),
        quote_text(core.db.name())
    );
    match core.db.dba_query(&sql).await {
        Ok(result) => Ok(HasVReplicationWorkflowsResponse { has: !result.rows.is_empty() }),
        // A server that nobody has prepared has none.
        Err(error) if matches!(error.errno(), 1049 | 1146) => {
            Ok(HasVReplicationWorkflowsResponse { has: false })
        }
        Err(error) => Err(error),
    }
}

/// Returns load and disk of the machine, each with its value or the reason why there is none.
pub(super) async fn host_metrics(
    core: &Arc<Core>,
    _: MysqlHostMetricsRequest,
    _: Call,
) -> Result<MysqlHostMetricsResponse> {
    let folder = first_text(&core.db.dba_query("select @@global.datadir").await?);
    let metrics = tokio::task::spawn_blocking(move || measure(&folder)).await;
    let metrics = metrics.map_err(|err| Error::bug(format_args!("measuring failed: {err}")))?;
    Ok(MysqlHostMetricsResponse { host_metrics: Some(mysqlctl::HostMetricsResponse { metrics }) })
}

fn measure(folder: &str) -> BTreeMap<String, mysqlctl::host_metrics_response::Metric> {
    let (used, load) = (crate::host::used_ratio(folder), crate::host::load_average());
    [("datadir-used-ratio", used), ("loadavg", load)]
        .into_iter()
        .map(|(name, measured)| {
            let (value, error) = match measured {
                Ok(value) => (value, None),
                Err(text) => {
                    let error = Error::new(Code::Unavailable, text);
                    (0.0, Some(vt_rpc::status::to_rpc_error(&error)))
                }
            };
            let name = name.to_owned();
            (name.clone(), mysqlctl::host_metrics_response::Metric { name, value, error })
        })
        .collect()
}
