//! `vitrum topo`: etcd's API on one file, for the topology of one machine.

use std::path::PathBuf;
use std::process::ExitCode;

use vt_base::{Code, Error, Result};
use vt_service::Tasks;
use vt_topo_embedded::{Config, ServeError, Server};

use super::run::{block_on, finish, read_flags, run_until_told, start_log};
use crate::flags::Flags;

const TABLE: &str = "\
listen\tstring\t\"127.0.0.1:2379\"
data\tstring\t\"topo\"
log-format\tstring\t\"json\"
log-level\tstring\t\"info\"
";

pub(super) fn main(args: &[String]) -> ExitCode {
    match read_flags("vitrum topo", TABLE, args) {
        Ok(Some(flags)) => {
            start_log(&flags);
            finish(block_on(run(flags)))
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => finish(Err(err)),
    }
}

async fn run(flags: Flags) -> Result<()> {
    let listen = flags.string("listen");
    let listen = listen.parse().map_err(|err| {
        Error::new(Code::InvalidArgument, format!("--listen {listen}: {err}; as in 127.0.0.1:2379"))
    })?;
    let data_path = PathBuf::from(flags.string("data"));
    let server = Server::bind(Config { listen, data_path }).await.map_err(failed)?;
    run_until_told(&Tasks::new(), |shutdown| async { server.run(shutdown).await.map_err(failed) })
        .await
}

fn failed(err: ServeError) -> Error {
    Error::new(Code::Unavailable, err.to_string()).with_source(err)
}
