//! `vtcombo`: a gateway and tablets in one process, where one machine is enough.
//!
//! The gateway calls its tablets directly, without sockets between them, by the same trait and with
//! the same checks. All else is as apart: each tablet has its pages, its gRPC for the programs that
//! watch and command it, and its place in the topology.

use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result, TabletAlias};
use vt_gate::{Deps, Vtgate};
use vt_rpc::dial::DialConfig;
use vt_service::{Stats, Tasks};
use vt_tablet::Tablet;
use vt_tablet_api::QueryService;

use super::common::{dial, topo_flags};
use super::run::{
    block_on, finish, lanes, read_flags, run_until_told, say, start_log, tell_unread,
};
use super::{vtgate, vttablet};
use crate::flags::Flags;

const HELP: &str = "\
usage: vtcombo [flags of vtgate] [-- flags of a vttablet]...

A gateway and any number of tablets in one process; `vtgate --help` and `vttablet --help` list
the flags. Each group after a lone -- is one tablet. Logs are as the first group says.
";

pub(super) fn main(args: &[String]) -> ExitCode {
    if args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--help" || arg == "-h") {
        say(HELP);
        return ExitCode::SUCCESS;
    }
    match read(args) {
        Ok(Some((gate, tablets))) => {
            start_log(&gate);
            finish(block_on(run(gate, tablets)))
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => finish(Err(err)),
    }
}

/// Reads the groups: the gateway's flags, and those of each tablet.
fn read(args: &[String]) -> Result<Option<(Flags, Vec<Flags>)>> {
    let mut groups = args.split(|arg| arg == "--");
    let Some(gate) = read_flags("vtgate", vtgate::TABLE, groups.next().unwrap_or_default())? else {
        return Ok(None);
    };
    let mut tablets = Vec::new();
    for group in groups {
        match read_flags("vttablet", vttablet::TABLE, group)? {
            Some(flags) => tablets.push(flags),
            None => return Ok(None),
        }
    }
    Ok(Some((gate, tablets)))
}

async fn run(gate_flags: Flags, tablet_flags: Vec<Flags>) -> Result<()> {
    let mut tablets = Vec::new();
    let mut local: Vec<(TabletAlias, Arc<dyn QueryService>)> = Vec::new();
    for flags in &tablet_flags {
        let config = vttablet::config(flags)?;
        let alias = config.alias.clone();
        let topo = vt_topo_etcd::open(&topo_flags(flags)).await?;
        let _ = flags.list("service-map");
        tell_unread(flags);
        let tablet = Tablet::build(config, topo, Stats::new("vttablet")).await?;
        local.push((alias, tablet.query_service()));
        tablets.push(tablet);
    }
    let config = vtgate::config(&gate_flags)?;
    let tasks = Tasks::new();
    let mut server = vtgate::server(&gate_flags, &tasks)?;
    let (lanes, count) = lanes("query")?;
    server.lanes = lanes;
    let topo = vt_topo_etcd::open(&topo_flags(&gate_flags)).await?;
    let _ = gate_flags.list("service-map");
    let deps = Deps { topo, dial: DialConfig { lanes: count, ..dial(&gate_flags) }, local, server };
    tell_unread(&gate_flags);
    let gate = Vtgate::build(config, deps).await?;
    run_until_told(&tasks, |shutdown| run_all(gate, tablets, shutdown)).await
}

/// Runs gateway and tablets until the token is cancelled, or one of them ends: the gateway goes
/// first, so that its clients' transactions find their tablets to the end.
async fn run_all(gate: Vtgate, tablets: Vec<Tablet>, shutdown: CancellationToken) -> Result<()> {
    let stop_tablets = CancellationToken::new();
    let mut running = tokio::task::JoinSet::new();
    for tablet in tablets {
        running.spawn(tablet.run(stop_tablets.clone()));
    }
    let stop_gate = shutdown.child_token();
    let serving = gate.run(stop_gate.clone());
    tokio::pin!(serving);
    let (mut result, is_gate_done) = tokio::select! {
        biased;
        served = &mut serving => (served, true),
        Some(ended) = running.join_next() => (ended_early(ended), false),
    };
    if !is_gate_done {
        stop_gate.cancel();
        result = result.and(serving.await);
    }
    stop_tablets.cancel();
    while let Some(ended) = running.join_next().await {
        result = result.and(ended.unwrap_or_else(|err| Err(Error::bug(err))));
    }
    result
}

/// A tablet that ends while it should run takes the process with it, which is then started anew.
fn ended_early(ended: Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    match ended {
        Ok(Ok(())) => Err(Error::new(Code::Internal, "a tablet ended by itself")),
        Ok(Err(err)) => Err(err),
        Err(err) => Err(Error::bug(err)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_flags_are_told_apart() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let line = "--cell zone1 -- --init-keyspace a --init-shard 0 -- --init-keyspace b";
        let (gate, tablets) = read(&words(line)).unwrap().unwrap();
        assert_eq!(gate.optional("cell").as_deref(), Some("zone1"));
        let keyspaces: Vec<_> =
            tablets.iter().map(|one| one.optional("init-keyspace").unwrap()).collect();
        assert_eq!(keyspaces, ["a", "b"]);
        assert!(read(&words("--init-shard 0")).is_err(), "a tablet's flag among the gateway's");
    }
}
