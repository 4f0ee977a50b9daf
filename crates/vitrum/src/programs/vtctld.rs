//! `vtctld`: flags to configuration, then run.

use std::process::ExitCode;

use vt_base::Result;
use vt_control::server::{Config, Vtctld};
use vt_service::Tasks;

use super::common::{bind_address, dial, message_bytes, or, topo_flags};
use super::run::{block_on, finish, read_flags, run_until_told, start_log, tell_unread};
use crate::flags::Flags;

const TABLE: &str = include_str!("../flags/vtctld.tsv");

pub(super) fn main(args: &[String]) -> ExitCode {
    match read_flags("vtctld", TABLE, args) {
        Ok(Some(flags)) => {
            start_log(&flags);
            finish(block_on(run(flags)))
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => finish(Err(err)),
    }
}

fn config(flags: &Flags) -> Config {
    let defaults = Config::default();
    let (web, grpc) = (flags.number::<u16>("port"), flags.number::<u16>("grpc-port"));
    let mut options = defaults.options.clone();
    options.tablet_timeout = or(flags.duration("remote-operation-timeout"), options.tablet_timeout);
    Config {
        grpc_address: format!("{}:{grpc}", bind_address(flags, "grpc-bind-address")),
        http_address: format!("{}:{web}", bind_address(flags, "bind-address")),
        advertised_address: format!("localhost:{grpc}"),
        options,
        dial: dial(flags),
        message_bytes_max: message_bytes(flags, defaults.message_bytes_max),
        shutdown_grace: or(flags.duration("onterm-timeout"), defaults.shutdown_grace),
        ..defaults
    }
}

async fn run(flags: Flags) -> Result<()> {
    let topo = vt_topo_etcd::open(&topo_flags(&flags)).await?;
    let config = config(&flags);
    // All services are on the one port; which of them to serve, and the cell, need no telling.
    let _ = (flags.list("service-map"), flags.string("cell"));
    tell_unread(&flags);
    let vtctld = Vtctld::build(config, topo).await?;
    run_until_told(&Tasks::new(), |shutdown| vtctld.run(shutdown)).await
}
