//! `vtorc`: flags to configuration, then run.

use std::path::PathBuf;
use std::process::ExitCode;

use vt_base::Result;
use vt_orchestrator::config::Watched;
use vt_orchestrator::{Config, Vtorc};
use vt_service::Tasks;

use super::common::{bind_address, dial, or, topo_flags};
use super::run::{block_on, finish, read_flags, run_until_told, start_log, tell_unread};
use crate::flags::Flags;

const TABLE: &str = include_str!("../flags/vtorc.tsv");

/// The port of the pages where none is given.
const PORT: u16 = 16000;

pub(super) fn main(args: &[String]) -> ExitCode {
    match read_flags("vtorc", TABLE, args) {
        Ok(Some(flags)) => {
            start_log(&flags);
            finish(block_on(run(flags)))
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => finish(Err(err)),
    }
}

fn config(flags: &Flags) -> Result<Config> {
    let defaults = Config::default();
    let port = match flags.number::<u16>("port") {
        0 => PORT,
        port => port,
    };
    let watched = flags.list("clusters-to-watch");
    let watched = watched.iter().map(|one| Watched::parse(one)).collect::<Result<_>>()?;
    let duration = |name: &str, otherwise| or(flags.duration(name), otherwise);
    Ok(Config {
        http_address: format!("{}:{port}", bind_address(flags, "bind-address")),
        allow_recovery: flags.bool("allow-recovery"),
        allow_emergency_reparent: flags.bool("allow-emergency-reparent"),
        prevent_cross_cell_failover: flags.bool("prevent-cross-cell-failover"),
        drain_errant: flags.bool("change-tablets-with-errant-gtid-to-drained"),
        restore_errant: flags.bool("restore-tablets-with-errant-gtid"),
        disk_stalled_recovery: flags.bool("enable-primary-disk-stalled-recovery"),
        poll_time: duration("instance-poll-time", defaults.poll_time),
        recovery_poll: duration("recovery-poll-duration", defaults.recovery_poll),
        refresh: duration("topo-information-refresh-duration", defaults.refresh),
        reasonable_lag: duration("reasonable-replication-lag", defaults.reasonable_lag),
        tolerable_lag: flags.duration("tolerable-replication-lag"),
        wait_replicas: duration("wait-replicas-timeout", defaults.wait_replicas),
        tablet_timeout: duration("remote-operation-timeout", defaults.tablet_timeout),
        workers: flags.number::<usize>("discovery-workers").max(1),
        audit_file: flags.optional("audit-file-location").map(PathBuf::from),
        shutdown_wait: duration("shutdown-wait-time", defaults.shutdown_wait),
        watched,
        cell: flags.string("cell"),
        cells: flags.list("cells-to-watch"),
        dial: dial(flags),
    })
}

async fn run(flags: Flags) -> Result<()> {
    let config = config(&flags)?;
    let topo = vt_topo_etcd::open(&topo_flags(&flags)).await?;
    tell_unread(&flags);
    let vtorc = Vtorc::build(config, topo).await?;
    run_until_told(&Tasks::new(), |shutdown| vtorc.run(shutdown)).await
}
