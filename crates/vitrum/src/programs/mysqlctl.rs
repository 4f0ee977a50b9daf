//! `mysqlctl`: makes, starts, stops and removes the mysqld of one tablet.

use std::path::PathBuf;
use std::process::ExitCode;

use vt_base::{Code, Error, Result};
use vt_mysqld::{CnfOptions, Instance, Mysqld, Server, Timeouts, read_init_sql};

use super::run::{block_on_one, finish, read_flags, say, start_log};
use crate::flags::Flags;

/// The flags of mysqlctl, and those that its commands have.
const TABLE: &str = concat!(
    include_str!("../flags/mysqlctl.tsv"),
    "init-db-sql-file\tstring\t\nwait-time\tduration\t5m0s\nshutdown-wait-time\tduration\t5m0s\n\
     mysqld-args\tstrings\t\nforce\tbool\t\n"
);

const USAGE: &str = "\
usage: mysqlctl [--tablet-uid N] [--mysql-port P] COMMAND [flags]

commands:
  init           make the instance and start it (--init-db-sql-file, --wait-time)
  init_config    make its folders and my.cnf only
  reinit_config  write my.cnf anew
  start          start it (--mysqld-args, --wait-time)
  shutdown       stop it (--wait-time)
  teardown       stop it and remove its folder (--force)
  position       print the transactions that it has
";

pub(super) fn main(args: &[String]) -> ExitCode {
    let flags = match read_flags("mysqlctl", TABLE, args) {
        Ok(Some(flags)) => flags,
        Ok(None) => return ExitCode::SUCCESS,
        Err(err) => return finish(Err(err)),
    };
    start_log(&flags);
    let Some(command) = flags.args.first().cloned() else {
        say(USAGE);
        return ExitCode::FAILURE;
    };
    finish(block_on_one(run(&flags, &command)))
}

/// Names the instance that the flags mean, under `VTDATAROOT`.
pub(super) fn instance(flags: &Flags) -> Result<Instance> {
    let root = std::env::var_os("VTDATAROOT").filter(|root| !root.is_empty()).ok_or_else(|| {
        let message = "VTDATAROOT is not set: it names the folder that instances lie in";
        Error::new(Code::InvalidArgument, message)
    })?;
    let root = std::path::absolute(PathBuf::from(root))
        .map_err(|err| Error::new(Code::InvalidArgument, format!("VTDATAROOT: {err}")))?;
    Ok(Instance::new(&root, flags.number("tablet-uid"), flags.number("mysql-port")))
}

/// Makes the handle of the instance with the program that runs it.
pub(super) async fn mysqld(flags: &Flags) -> Result<Mysqld> {
    let server = Server::find_in_environment().await?;
    let mut mysqld = Mysqld::new(instance(flags)?, server);
    let wait = flags.duration("wait-time");
    mysqld.timeouts = Timeouts { start: wait, shutdown: wait };
    Ok(mysqld)
}

pub(super) fn cnf_options(flags: &Flags) -> CnfOptions {
    CnfOptions::from_environment(flags.optional("mysqlctl-mycnf-template").map(PathBuf::from))
}

pub(super) fn init_sql(flags: &Flags) -> Result<Option<String>> {
    flags.optional("init-db-sql-file").map(|path| read_init_sql(path.as_ref())).transpose()
}

async fn run(flags: &Flags, command: &str) -> Result<()> {
    let mysqld = mysqld(flags).await?;
    let options = cnf_options(flags);
    match command {
        "init" => mysqld.init(&options, init_sql(flags)?.as_deref()).await,
        "init_config" => mysqld.init_config(&options),
        "reinit_config" => mysqld.reinit_config(&options),
        "start" => mysqld.start(&flags.list("mysqld-args")).await,
        "shutdown" => mysqld.shutdown().await,
        "teardown" => mysqld.teardown(flags.bool("force")).await,
        "position" => {
            say(&format!("{}\n", mysqld.position().await?));
            Ok(())
        }
        _ => {
            let message = format!("unknown command {command:?}\n{USAGE}");
            Err(Error::new(Code::InvalidArgument, message))
        }
    }
}
