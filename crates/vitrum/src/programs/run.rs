//! What all programs share: output, the runtime, version and help, logs.

use std::future::Future;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_service::log::Format;
use vt_service::{Lanes, Tasks};

use crate::flags::Flags;

/// The release of Vitess whose interfaces the programs have.
const VITESS_RELEASE: &str = "24.0.0";

/// Prints text to standard output.
pub(super) fn say(text: &str) {
    // A closed pipe is no reason to fail.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Prints an error, and gives the exit code for it.
pub(super) fn fail(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {message}");
    ExitCode::FAILURE
}

/// Turns the result of a program into its exit code.
pub(super) fn finish(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => fail(err.message()),
    }
}

/// Returns the line that `--version` prints.
pub(super) fn version(program: &str) -> String {
    format!(
        "{program} version Version: {VITESS_RELEASE} (Vitrum {}) {}/{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// Reads a program's flags; answers `--help` and `--version` itself.
///
/// `Ok(None)` means that there is nothing left to do.
pub(super) fn read_flags(
    program: &'static str,
    table: &'static str,
    args: &[String],
) -> Result<Option<Flags>> {
    let flags = Flags::parse(program, table, args)?;
    if flags.bool("help") {
        say(&flags.help());
        return Ok(None);
    }
    if flags.bool("version") {
        say(&format!("{}\n", version(program)));
        return Ok(None);
    }
    Ok(Some(flags))
}

/// Starts logging as the flags say; flags about log files and rotation have no meaning here.
pub(super) fn start_log(flags: &Flags) {
    let format = if flags.string("log-format") == "text" { Format::Text } else { Format::Json };
    let level = flags.optional("log-level").unwrap_or_else(|| "info".to_owned());
    vt_service::log::start(format, &level);
}

/// Says once which flags were given that mean nothing here.
pub(super) fn tell_unread(flags: &Flags) {
    let unread = flags.unread();
    if !unread.is_empty() {
        tracing::info!(flags = unread.join(","), "these flags have no effect in this program");
    }
}

/// Runs a future on a runtime with a thread a core.
pub(super) fn block_on(future: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|err| Error::new(Code::Internal, format!("cannot start the runtime: {err}")))?
        .block_on(future)
}

/// Starts the threads of the path of queries: one a core.
pub(super) fn lanes(name: &str) -> Result<(Lanes, usize)> {
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok((Lanes::start(count, name)?, count))
}

/// Runs a future on one thread; enough for a tool.
pub(super) fn block_on_one(future: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|err| Error::new(Code::Internal, format!("cannot start the runtime: {err}")))?
        .block_on(future)
}

/// Runs a server until it ends by itself or the process is told to stop.
pub(super) async fn run_until_told<F: Future<Output = Result<()>>>(
    tasks: &Tasks,
    run: impl FnOnce(CancellationToken) -> F,
) -> Result<()> {
    let stop = CancellationToken::new();
    let signals = stop.clone();
    tasks.spawn_until_cancelled("signals", async move {
        vt_service::tasks::termination().await;
        signals.cancel();
    });
    let result = run(stop).await;
    tasks.shutdown(Duration::from_secs(1)).await;
    result
}
