//! Flame graphs of our processes under point selects: where their time goes.
//!
//! `perf` samples (Debian's package `linux-perf`); stacks are unwound by the debug information of
//! the build, so the profile must have it: `release` does.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options as Folding};
use inferno::flamegraph;

use crate::cases::{Case, Kind};
use crate::options::Options;
use crate::setup::{Setup, Target};
use crate::usage::Process;
use crate::{Outcome, say, sysbench};

/// Samples a second; a number that no timer of ours divides.
const FREQUENCY: &str = "397";
/// Bytes of stack that each sample copies, to be unwound.
const STACK: &str = "dwarf,8192";
/// Seconds until a load runs evenly.
const WARM_UP: u64 = 2;

const HELP: &str = "\
usage: vt-bench flame [--seconds N] [--out DIR]

Writes vtgate.svg, vttablet.svg and vtcombo.svg: where each spends its time under point selects of
eight connections. Needs `perf` (Debian's package linux-perf) and the right to use it.

  --seconds N   how long each process is sampled (default 5)
  --out DIR     where the graphs go (default target/bench)
";

/// Runs the command.
pub(crate) fn main(args: &[String]) -> Outcome<()> {
    let given = ["--quick", "--forms", "vitrum,one-process", "--seconds", "5"].map(str::to_owned);
    let Some(options) = Options::read(given.into_iter().chain(args.iter().cloned()))? else {
        say(HELP.trim_end());
        return Ok(());
    };
    has_perf()?;
    std::fs::create_dir_all(&options.out).map_err(|err| told(&options.out, &err))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|err| err.to_string())?;
    let setup = Setup::start(&options, &runtime)?;
    for target in setup.targets()?.iter().filter(|target| target.is_ours) {
        for (part, name) in
            [("vtgate", "vtgate"), ("vttablet-100", "vttablet"), ("vtcombo", "vtcombo")]
        {
            if let Some(process) = target.processes.iter().find(|one| one.name == part) {
                graph(&options, &setup, target, process, name)?;
            }
        }
    }
    Ok(())
}

fn has_perf() -> Outcome<()> {
    let asked = Command::new("perf").arg("--version").stdout(Stdio::null()).status();
    match asked {
        Ok(status) if status.success() => Ok(()),
        _ => {
            Err("there is no perf on this machine: install Debian's package linux-perf".to_owned())
        }
    }
}

/// Samples one process under load and draws what was seen.
fn graph(
    options: &Options,
    setup: &Setup,
    target: &Target,
    process: &Process,
    name: &str,
) -> Outcome<()> {
    let case =
        Case { kind: Kind::Sysbench("oltp_point_select"), is_prepared: false, connections: 8 };
    let longer = Options { seconds: options.seconds + 2 * WARM_UP, ..options.clone() };
    let samples = options.out.join(format!("{name}.perf"));
    let loaded = std::thread::scope(|scope| {
        let load = scope
            .spawn(|| sysbench::run(&longer, setup, target, &case, "oltp_point_select").map(drop));
        std::thread::sleep(std::time::Duration::from_secs(WARM_UP));
        let sampled = sample(process.pid, options.seconds, &samples);
        load.join().map_err(|_| "the load broke off".to_owned()).flatten().and(sampled)
    });
    loaded?;
    let svg = options.out.join(format!("{name}.svg"));
    let title = format!("{name}: CPU under point selects of eight connections");
    draw(&samples, &svg, &title)?;
    // Large, and of no use to others.
    std::fs::remove_file(&samples).map_err(|err| told(&samples, &err))?;
    say(&format!("{}", svg.display()));
    Ok(())
}

fn sample(pid: u32, seconds: u64, file: &Path) -> Outcome<()> {
    let mut command = Command::new("perf");
    command.args(["record", "-q", "-e", "cpu-clock", "-F", FREQUENCY, "--call-graph", STACK]);
    command.args(["-p", &pid.to_string(), "-o"]).arg(file);
    command.args(["--", "sleep", &seconds.to_string()]);
    vt_testkit::tools::output_of(&mut command).map(drop)
}

/// Folds the samples to stacks and draws them.
fn draw(samples: &Path, svg: &PathBuf, title: &str) -> Outcome<()> {
    let mut script = Command::new("perf")
        .args(["script", "--no-inline", "-i"])
        .arg(samples)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|err| format!("perf script: {err}"))?;
    let lines = script.stdout.take().ok_or("perf script: no output")?;
    let mut folded = Vec::new();
    let mut folder = Folder::from(Folding::default());
    folder.collapse(BufReader::new(lines), &mut folded).map_err(|err| err.to_string())?;
    script.wait().map_err(|err| err.to_string())?;
    let folded = String::from_utf8_lossy(&folded);
    let mut options = flamegraph::Options::default();
    options.title = title.to_owned();
    options.count_name = "samples".to_owned();
    // Narrower ones are not seen, and make the file large.
    options.min_width = 0.3;
    let out = File::create(svg).map_err(|err| told(svg, &err))?;
    flamegraph::from_lines(&mut options, folded.lines(), out).map_err(|err| err.to_string())
}

fn told(path: &Path, err: &std::io::Error) -> String {
    format!("{}: {err}", path.display())
}
