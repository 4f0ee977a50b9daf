//! `vitrum up`: makes or continues a cluster, and waits until all of it is healthy.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use vt_base::{Code, Error, Result};

use crate::demo;
use crate::layout::{Files, PORT_BASE, Ports};
use crate::ports::check_free;
use crate::spec::{KeyspaceSpec, Spec, wrong};
use crate::state::{Health, Phase, State};
use crate::supervisor::is_running;

/// Starts a cluster on this machine and leaves it running.
#[derive(Clone, Debug, clap::Args)]
pub struct UpArgs {
    /// A keyspace: NAME, NAME:4 for four shards, or NAME:-80,80-; may be repeated.
    #[arg(long, value_name = "NAME[:SHARDS]")]
    pub keyspace: Vec<String>,
    /// Replicas of each shard beside its primary.
    #[arg(long, default_value_t = 1)]
    pub replicas: u32,
    /// The tables of a keyspace: a file of CREATE statements.
    #[arg(long, value_name = "KEYSPACE=FILE")]
    pub schema: Vec<String>,
    /// How the tables of a keyspace are sharded: a file of VSchema JSON.
    #[arg(long, value_name = "KEYSPACE=FILE")]
    pub vschema: Vec<String>,
    /// The lowest port; all others keep their usual distance to it.
    #[arg(long, default_value_t = PORT_BASE)]
    pub port_base: u16,
    /// The data folder.
    #[arg(long, env = "VTDATAROOT", default_value = "vtdataroot")]
    pub data: PathBuf,
    /// Add the demo: keyspaces commerce and customer, with their rows.
    #[arg(long)]
    pub demo: bool,
    /// Keep the topology in this etcd in place of one of our own.
    #[arg(long, value_name = "HOST:PORT")]
    pub etcd: Option<String>,
    /// Run gateway and tablets as one process, with calls in place of connections between them.
    #[arg(long)]
    pub one_process: bool,
    /// Say that tablets and topology are reached at addresses of their own (127.1.0.0/16), where a
    /// proxy of whoever tests the cluster passes on, or does not.
    #[arg(long, hide = true)]
    pub proxied: bool,
    /// A flag for every tablet, as vttablet has it, without the dashes; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub tablet_flag: Vec<String>,
    /// Give up when the cluster is not healthy after so many seconds.
    #[arg(long, default_value_t = 300)]
    pub timeout: u64,
}

/// Runs `vitrum up`; returns the text that tells how to connect.
pub async fn up(args: UpArgs) -> Result<String> {
    let files = Files::new(&args.data)?;
    let stored = Spec::load(&files.spec())?;
    let spec = match &stored {
        Some(spec) => continued(spec, &args)?,
        None => wanted(&args)?,
    };
    let ports = Ports::new(spec.port_base);
    if !is_running(&files) {
        ports.check(&spec)?;
        vt_mysqld::Server::find_in_environment().await?;
        check_free(ports, &spec)?;
        std::fs::create_dir_all(files.logs())
            .map_err(|err| wrong(format!("cannot make {}: {err}", files.logs().display())))?;
        check_space(&files, &spec)?;
        spec.save(&files.spec())?;
        start_supervisor(&files)?;
    }
    wait(&files, Duration::from_secs(args.timeout)).await?;
    Ok(how_to_connect(&files, &spec, ports))
}

/// Makes the cluster that the command line describes.
fn wanted(args: &UpArgs) -> Result<Spec> {
    let demo = if args.demo { &demo::KEYSPACES[..] } else { &[] };
    let given = args.keyspace.iter().map(String::as_str);
    let mut keyspaces = Vec::new();
    for text in demo.iter().copied().chain(given) {
        let keyspace = KeyspaceSpec::parse(text)?;
        if keyspaces.iter().any(|one: &KeyspaceSpec| one.name == keyspace.name) {
            return Err(wrong(format!("keyspace {} is named twice", keyspace.name)));
        }
        keyspaces.push(keyspace);
    }
    if keyspaces.is_empty() {
        keyspaces.push(KeyspaceSpec::parse("main")?);
    }
    for (files, what) in [(&args.schema, "--schema"), (&args.vschema, "--vschema")] {
        for text in files {
            let (name, path) = text
                .split_once('=')
                .ok_or_else(|| wrong(format!("{what} {text}: expecting KEYSPACE=FILE")))?;
            let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
            if !path.is_file() {
                return Err(wrong(format!("{what}: {} is no file", path.display())));
            }
            let keyspace = keyspaces.iter_mut().find(|one| one.name == name).ok_or_else(|| {
                wrong(format!("{what}: no keyspace {name}; add --keyspace {name}"))
            })?;
            match what {
                "--schema" => keyspace.schema = Some(path),
                _ => keyspace.vschema = Some(path),
            }
        }
    }
    if let Some(unsharded) = keyspaces
        .iter()
        .find(|one| one.is_sharded() && one.vschema.is_none() && one.schema.is_some())
        && !(args.demo && demo::schema_of(&unsharded.name).is_some())
    {
        return Err(wrong(format!(
            "keyspace {0} has several shards: say how its tables are sharded with --vschema {0}=FILE",
            unsharded.name
        )));
    }
    let (port_base, replicas) = (args.port_base, args.replicas);
    if replicas > 9 {
        return Err(wrong(format!("--replicas {replicas}: one machine holds 9 at most")));
    }
    let (demo, etcd, one_process) = (args.demo, args.etcd.clone(), args.one_process);
    let (proxied, tablet_flags) = (args.proxied, args.tablet_flag.clone());
    if let Some(flag) = tablet_flags.iter().find(|flag| !flag.contains('=')) {
        return Err(wrong(format!("--tablet-flag {flag}: expecting NAME=VALUE")));
    }
    let loaded = false;
    Ok(Spec {
        port_base,
        replicas,
        keyspaces,
        demo,
        etcd,
        one_process,
        proxied,
        tablet_flags,
        loaded,
    })
}

/// Continues what the data folder holds; refuses a wish that it does not fulfil.
fn continued(stored: &Spec, args: &UpArgs) -> Result<Spec> {
    let mut asked = args.clone();
    asked.demo |= stored.demo;
    // The data is the same either way, so that each start may choose.
    let going_on = || Spec { one_process: args.one_process, ..stored.clone() };
    if args.keyspace.is_empty() && (!args.demo || stored.demo) {
        return Ok(going_on());
    }
    let wish = wanted(&asked)?;
    // A server that is being imported from is none of what was asked for.
    let kept = stored.keyspaces.iter().filter(|one| one.external.is_none()).count();
    let same = wish.keyspaces.len() == kept
        && wish.keyspaces.iter().all(|one| {
            stored.keyspaces.iter().any(|two| two.name == one.name && two.shards == one.shards)
        });
    if same {
        return Ok(going_on());
    }
    let names: Vec<&str> = stored.keyspaces.iter().map(|one| one.name.as_str()).collect();
    Err(Error::new(
        Code::AlreadyExists,
        format!(
            "{} holds another cluster (keyspaces {}): use another folder with --data DIR, or remove \
             it with `vitrum down --wipe --data {0}`",
            args.data.display(),
            names.join(", ")
        ),
    ))
}

/// Each new server takes some 250 MB at the start.
fn check_space(files: &Files, spec: &Spec) -> Result<()> {
    let is_new = |uid: u32| !files.root.join(format!("vt_{uid:010}")).exists();
    let own = spec.own_tablets();
    let fresh = own.iter().filter(|tablet| is_new(tablet.uid)).count();
    let needed = 250 * fresh as u64;
    let Ok(found) = rustix::fs::statvfs(&files.root) else { return Ok(()) };
    let free = found.f_bavail.saturating_mul(found.f_frsize) / 1_000_000;
    if free >= needed {
        return Ok(());
    }
    Err(Error::new(
        Code::ResourceExhausted,
        format!(
            "{} has {free} MB free and the cluster needs {needed} MB: free some space, or use \
             another disk with --data DIR",
            files.root.display()
        ),
    ))
}

fn start_supervisor(files: &Files) -> Result<()> {
    let failed = |err: &dyn std::fmt::Display| {
        Error::new(Code::Internal, format!("cannot start the supervisor: {err}"))
    };
    // What a supervisor before left must not be taken for what the new one does.
    match std::fs::remove_file(files.state()) {
        Err(err) if err.kind() != std::io::ErrorKind::NotFound => return Err(failed(&err)),
        _ => {}
    }
    let log = std::fs::File::create(files.log_of("supervisor")).map_err(|err| failed(&err))?;
    let copy = log.try_clone().map_err(|err| failed(&err))?;
    let program = std::env::current_exe().map_err(|err| failed(&err))?;
    std::process::Command::new(program)
        .arg("supervise")
        .arg("--data")
        .arg(&files.root)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(copy)
        .spawn()
        .map_err(|err| failed(&err))?;
    Ok(())
}

/// Shows progress until the cluster is ready, has failed, or time is up.
async fn wait(files: &Files, limit: Duration) -> Result<()> {
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:24} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let started = Instant::now();
    let mut last = String::new();
    loop {
        let state = State::load(&files.state()).unwrap_or_default();
        let up = state.parts.iter().filter(|part| part.health == Health::Up).count();
        bar.set_length(state.parts.len().max(1) as u64);
        bar.set_position(up as u64);
        bar.set_message(state.message.clone());
        bar.tick();
        if bar.is_hidden() && state.message != last && state.phase != Phase::Failed {
            last.clone_from(&state.message);
            if !last.is_empty() {
                // Nobody watches a bar here: a line a step, for a log. A closed pipe is no failure.
                let _ = writeln!(std::io::stderr(), "{last} ...");
            }
        }
        let gone = started.elapsed() > Duration::from_secs(5) && !is_running(files);
        match state.phase {
            Phase::Ready => {
                bar.finish_and_clear();
                return Ok(());
            }
            Phase::Failed => {
                bar.abandon();
                return Err(Error::new(Code::Unavailable, state.message));
            }
            _ if gone => {
                let log = files.log_of("supervisor");
                let message = format!("the supervisor ended; see {}", log.display());
                return Err(Error::new(Code::Unavailable, message));
            }
            _ if started.elapsed() > limit => {
                let message = format!(
                    "not healthy after {} s ({}); `vitrum status` shows which part is not up",
                    limit.as_secs(),
                    state.message
                );
                return Err(Error::new(Code::DeadlineExceeded, message));
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

fn how_to_connect(files: &Files, spec: &Spec, ports: Ports) -> String {
    let keyspaces =
        spec.keyspaces.iter().map(|one| format!("{} ({})", one.name, one.shards.join(" ")));
    let keyspaces = keyspaces.collect::<Vec<_>>().join(", ");
    let (mysql, web, control) = (ports.gate_mysql(), ports.gate_web(), ports.vtctld_grpc());
    let data = files.root.display();
    format!(
        "The cluster is up: {keyspaces}.\n\n  \
         mysql -h 127.0.0.1 -P {mysql} -u user\n  \
         vitrum vtctldclient --server localhost:{control} GetTablets\n  \
         http://127.0.0.1:{web}/debug/status\n\n\
         Data and logs: {data}\n\
         `vitrum status` shows the parts, `vitrum down` stops them.\n"
    )
}
