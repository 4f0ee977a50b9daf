//! From the words of a command line to what is printed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use vt_base::Code;
use vt_control::Control;
use vt_rpc::dial::TabletDialer;
use vt_topo_etcd::TopoFlags;

use crate::client::Client;
use crate::commands::{self, Command, Context};
use crate::flags::{Args, Flag, Until, read};
use crate::output::Layout;
use crate::{Failure, global, help};

/// Carries out one command line, without the program's name; returns what the process exits with.
pub fn run(args: Vec<OsString>) -> ExitCode {
    let words: Vec<String> =
        args.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => {
            say_error(&format!("error: cannot start: {err}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(answer(&words, None)) {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            if let Some(text) = failure.printed() {
                print(text);
            }
            say_error(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output; a reader that has gone away is no error of ours.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn say_error(text: &str) {
    use std::io::Write;
    let _closed = writeln!(std::io::stderr().lock(), "{text}");
}

/// Carries out a line, without the program's name, and returns what it prints.
///
/// With a `client`, that is used whatever the line says of a server.
pub async fn answer(words: &[String], client: Option<Client>) -> Result<String, Failure> {
    let globals: Vec<Flag> = global::all().collect();
    let mut args = read(&globals, words, Until::FirstWord)?;
    let mut words = std::mem::take(&mut args.positional).into_iter();
    let Some(name) = words.next() else {
        return match args.is_on("version") {
            true => Ok(version()),
            false => Ok(help::overview()),
        };
    };
    let mut rest: Vec<String> = words.collect();
    if name.eq_ignore_ascii_case("help") {
        return help::about(&rest);
    }
    let command = match commands::family(&name) {
        None => commands::find(&name)?,
        Some(family) => {
            let mut own = read(&with_free(family.flags, &globals), &rest, Until::FirstWord)?;
            rest = std::mem::take(&mut own.positional);
            args.absorb(own);
            if rest.is_empty() {
                return Ok(help::family(family));
            }
            family.find(&rest.remove(0))?
        }
    };
    let args = read_command(command, &globals, args, &rest)?;
    if args.is_on("help") {
        return Ok(help::command(command));
    }
    check_globals(&args)?;
    command.arguments.check(command, &args)?;
    let layout = if args.is_on("compact") { Layout::OneLine } else { Layout::Indented };
    let client = match client {
        Some(client) => Some(client),
        None if command.needs_server => Some(connect(&args).await?),
        None => None,
    };
    let context = Context { client, args, layout };
    (command.run)(&context).await
}

/// Reads a command's own words; global flags may stand among them.
fn read_command(
    command: &Command,
    globals: &[Flag],
    mut args: Args,
    words: &[String],
) -> Result<Args, Failure> {
    let family = commands::family_of(command).map_or(&[][..], |family| family.flags);
    let table = with_free(&with_free(command.flags, family), globals);
    let mut own = read(&table, words, Until::End).map_err(|failure| match failure {
        Failure::Usage(text) => Failure::Usage(format!(
            "{text}\nusage: vtctldclient {} {}",
            command.name, command.usage
        )),
        other => other,
    })?;
    let positional = std::mem::take(&mut own.positional);
    args.absorb(own);
    args.positional = positional;
    Ok(args)
}

/// Joins flags with others whose names and letters are still free.
fn with_free(own: &[Flag], others: &[Flag]) -> Vec<Flag> {
    let free = others.iter().filter(|one| own.iter().all(|own| own.name != one.name));
    let free = free.map(|one| Flag {
        short: one.short.filter(|short| own.iter().all(|own| own.short != Some(*short))),
        ..*one
    });
    own.iter().copied().chain(free).collect()
}

fn check_globals(args: &Args) -> Result<(), Failure> {
    if let Some(flag) = global::REFUSED.iter().find(|flag| args.has(flag.name)) {
        return Err(Failure::Usage(format!(
            "--{} is not supported: connections are not encrypted yet; leave it out, or go through a tunnel",
            flag.name
        )));
    }
    for flag in global::IGNORED.iter().filter(|flag| args.has(flag.name)) {
        say_error(&format!("note: --{} has no meaning here and is ignored", flag.name));
    }
    Ok(())
}

/// Makes the client that the line asks for.
async fn connect(args: &Args) -> Result<Client, Failure> {
    let timeout = args.duration("action-timeout");
    match args.text("server") {
        "" => Err(Failure::Usage(
            "please specify --server <host:port> of the vtctld to connect to, or --server internal"
                .to_owned(),
        )),
        "internal" => {
            let topo = vt_topo_etcd::open(&topo_flags(args)).await.map_err(vt_base::Error::from)?;
            let options = vt_control::Options { action_timeout: timeout, ..Default::default() };
            let control = Control::new(topo, TabletDialer::default(), options);
            Ok(Client::internal(control, timeout))
        }
        address => {
            let max = usize::try_from(args.int("grpc-max-message-size")).unwrap_or_default();
            Ok(Client::remote(address, max, timeout)?)
        }
    }
}

/// Returns the topology that the line names.
pub(crate) fn topo_flags(args: &Args) -> TopoFlags {
    let file =
        |name: &str| Some(args.text(name)).filter(|text| !text.is_empty()).map(PathBuf::from);
    TopoFlags {
        implementation: args.text("topo-implementation").to_owned(),
        global_server_address: args.text("topo-global-server-address").to_owned(),
        global_root: args.text("topo-global-root").to_owned(),
        tls_ca: file("topo-etcd-tls-ca"),
        tls_cert: file("topo-etcd-tls-cert"),
        tls_key: file("topo-etcd-tls-key"),
        ..TopoFlags::default()
    }
}

fn version() -> String {
    format!("vtctldclient version Version: {}\n", env!("CARGO_PKG_VERSION"))
}

impl Failure {
    /// Says that a command found faults; what it found is printed all the same.
    pub(crate) fn found_faults(printed: String) -> Failure {
        let err = vt_base::Error::new(
            Code::FailedPrecondition,
            "some issues were found during validation; see above for details",
        );
        Failure::Found { printed, err }
    }
}
