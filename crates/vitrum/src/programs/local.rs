//! `vitrum up`, `status`, `down`, `reshard`, `import`, and the supervisor behind them.

use std::process::ExitCode;

use clap::{Args, Command, FromArgMatches};
use vt_base::Result;
use vt_service::log::Format;

use super::run::{block_on, block_on_one, fail, finish, say};

pub(super) fn main(verb: &str, args: &[String]) -> ExitCode {
    match verb {
        "up" => with_args("up", args, |args| {
            vt_service::log::start(Format::Text, "error");
            block_on_one(async { vt_local::up(args).await.map(|text| say(&text)) })
        }),
        "reshard" => with_args("reshard", args, |args| {
            vt_service::log::start(Format::Text, "error");
            block_on_one(async { vt_local::reshard(args).await.map(|text| say(&text)) })
        }),
        "import" => with_args("import", args, |args| {
            vt_service::log::start(Format::Text, "error");
            block_on_one(async { vt_local::import(args).await.map(|text| say(&text)) })
        }),
        "status" => {
            with_args("status", args, |args| vt_local::status(&args).map(|text| say(&text)))
        }
        "down" => with_args("down", args, |args| {
            block_on_one(async { vt_local::down(args).await.map(|text| say(&text)) })
        }),
        _ => with_args("supervise", args, |args| {
            vt_service::log::start(Format::Text, "info");
            block_on(vt_local::supervise(args))
        }),
    }
}

/// Reads a verb's arguments with clap, which answers `--help` and wrong usage itself.
fn with_args<A: Args + FromArgMatches>(
    verb: &'static str,
    args: &[String],
    run: impl FnOnce(A) -> Result<()>,
) -> ExitCode {
    let command = A::augment_args(Command::new(verb).bin_name(format!("vitrum {verb}")));
    let words = std::iter::once(verb.to_owned()).chain(args.iter().cloned());
    let matches = match command.try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(err) => {
            // Help goes to standard output with success, an error to standard error.
            let _ = err.print();
            return if err.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match A::from_arg_matches(&matches) {
        Ok(args) => finish(run(args)),
        Err(err) => fail(&err.to_string()),
    }
}
