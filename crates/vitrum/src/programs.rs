//! Which program is meant, and running it.

mod common;
mod eval;
mod link;
mod local;
mod lookups;
mod mysqlctl;
mod mysqlctld;
mod run;
mod sql;
mod topo;
mod vtcombo;
mod vtctld;
mod vtexplain;
mod vtgate;
mod vtorc;
mod vttablet;

use std::path::Path;
use std::process::ExitCode;

use run::{fail, say};

/// The programs that have links; each is also a first word.
pub(crate) const NAMES: [&str; 9] = [
    "vtgate",
    "vttablet",
    "vtcombo",
    "vtctld",
    "vtctldclient",
    "vtorc",
    "vtexplain",
    "mysqlctl",
    "mysqlctld",
];

const HELP: &str = "\
Vitrum: sharded MySQL, as one binary.

usage: vitrum PROGRAM [flags]

a cluster on this machine:
  up            start one and wait until it is healthy
  status        show its parts
  down          stop it; --wipe removes its data
  reshard       split or merge the shards of a keyspace, while it is used
  import        take the tables of a plain MySQL into a keyspace, while they are written to

programs of a cluster (--help lists the flags of each):
  vtgate        the gateway that applications talk MySQL to
  vttablet      the agent beside a mysqld
  vtcombo       a gateway and tablets in one process
  vtctld        carries out commands on the cluster
  vtctldclient  sends them
  vtorc         watches the shards and mends what breaks
  vtexplain     tells what a cluster would do with statements
  topo          a one-machine server of etcd's API, for the topology
  mysqlctl      makes, starts and stops a mysqld
  mysqlctld     does so as a daemon

  lookups       compare lookup vindexes with their tables through a gateway, and mend them
  eval          compute expressions as MySQL would
  sql           read statements as MySQL does, and tell what they are
  link DIR      make links in DIR, so that programs can be called by their own names
  version       print the version
";

/// Runs the program that the command line names.
pub(crate) fn dispatch(args: Vec<String>) -> ExitCode {
    let called = args.first().map(String::as_str).unwrap_or_default();
    let called = Path::new(called).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let rest = args.get(1..).unwrap_or_default();
    if NAMES.contains(&called) {
        return run_program(called, rest);
    }
    match rest.split_first() {
        None => {
            say(HELP);
            ExitCode::FAILURE
        }
        Some((word, rest)) => match word.as_str() {
            "help" | "--help" | "-h" => {
                say(HELP);
                ExitCode::SUCCESS
            }
            "version" | "--version" | "-V" => {
                say(&format!("{}\n", run::version("vitrum")));
                ExitCode::SUCCESS
            }
            word => run_program(word, rest),
        },
    }
}

fn run_program(name: &str, args: &[String]) -> ExitCode {
    match name {
        "vtctld" => vtctld::main(args),
        "topo" => topo::main(args),
        "vtgate" => vtgate::main(args),
        "vtorc" => vtorc::main(args),
        "vtexplain" => vtexplain::main(args),
        "vttablet" => vttablet::main(args),
        "vtcombo" => vtcombo::main(args),
        "vtctldclient" => vtctldclient(args),
        "mysqlctl" => mysqlctl::main(args),
        "mysqlctld" => mysqlctld::main(args),
        "up" | "status" | "down" | "reshard" | "import" | "supervise" => local::main(name, args),
        "eval" => eval::main(args),
        "sql" => sql::main(args),
        "lookups" => lookups::main(args),
        "link" => link::main(args),
        _ => fail(&format!("unknown program {name:?}; `vitrum help` lists all")),
    }
}

/// The client reads its own line: its commands have flags of their own.
fn vtctldclient(args: &[String]) -> ExitCode {
    vt_cli::run(args.iter().map(Into::into).collect())
}
