//! The grammar on the test suites of MySQL and MariaDB, with a mysqld as judge; and its speed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{deps, sh};

/// How long a new server may take to answer.
const START_PATIENCE: Duration = Duration::from_secs(90);

/// Fetches the corpora, starts a server, and measures; `--socket FILE` asks a server that runs.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let folder = deps::corpora()?;
    let data = folder.join("corpora");
    fs::create_dir_all(&data).map_err(|err| format!("{}: {err}", data.display()))?;
    let is_told = args.iter().any(|arg| arg == "--socket" || arg == "--quick");
    // Stopped when it is dropped.
    let server = if is_told { None } else { Some(Server::start(&data)?) };
    let mut command = cargo(&["run", "--release", "--quiet", "--bin", "corpus", "--"]);
    command.arg("--data").arg(&data);
    if let Some(server) = &server {
        command.arg("--socket").arg(&server.socket);
    }
    if args.iter().any(|arg| arg == "--freeze") {
        let own = sh::root().join("crates/vt-sql");
        let (golden, file) = (own.join("golden"), own.join("tests/verdicts.tsv"));
        command.args(args.iter().filter(|arg| *arg != "--freeze"));
        command.arg("--freeze").arg(format!("{}={}", golden.display(), file.display()));
    } else {
        command.args(args);
    }
    for (name, tests) in [("mysql", "mysql-tests"), ("mariadb", "mariadb-tests")] {
        command.arg(format!("{name}={}", folder.join(tests).display()));
    }
    sh::run(&mut command)
}

/// Measures time, allocations and instructions; `--criterion` runs the benches instead, `eval`
/// measures expressions, `growth` doubles hostile texts.
pub(crate) fn speed(args: &[String]) -> Result<(), String> {
    if args.first().is_some_and(|arg| arg == "eval") {
        return sh::run(&mut cargo(&["run", "--release", "--quiet", "--bin", "speed-eval"]));
    }
    if args.iter().any(|arg| arg == "--criterion") {
        return sh::run(&mut cargo(&["bench"]));
    }
    if sh::which("valgrind").is_none() {
        sh::say("speed: installing valgrind, which counts instructions");
        deps::install_package("valgrind")?;
    }
    if args.first().is_some_and(|arg| arg == "growth") {
        return sh::run(&mut cargo(&["run", "--release", "--quiet", "--bin", "growth"]));
    }
    sh::run(
        cargo(&["run", "--release", "--quiet", "--bin", "speed", "--", "--callgrind"]).args(args),
    )
}

/// A cargo command on the workspace that measures.
fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    let (verb, rest) = args.split_first().map_or(("", args), |(verb, rest)| (*verb, rest));
    command.arg(verb).arg("--manifest-path").arg(sh::root().join("measure/Cargo.toml")).args(rest);
    command
}

/// A server of our own, on fresh data, that only its socket leads to.
struct Server {
    child: Child,
    socket: PathBuf,
}

impl Server {
    fn start(folder: &Path) -> Result<Server, String> {
        deps::run(false)?;
        let data = folder.join("server");
        if data.exists() {
            fs::remove_dir_all(&data).map_err(|err| format!("{}: {err}", data.display()))?;
        }
        sh::say("corpus: starting a mysqld");
        let log = folder.join("server.log");
        let log = fs::File::create(&log).map_err(|err| format!("{}: {err}", log.display()))?;
        let again = || log.try_clone().map_err(|err| err.to_string());
        let mut make = deps::mysqld_command()?;
        make.args(["--user=root", "--initialize-insecure"]);
        make.arg(format!("--datadir={}", data.display())).stderr(again()?).stdout(again()?);
        sh::run(&mut make)?;
        // The path of a socket is short, wherever the repository lies.
        let socket = std::env::temp_dir().join(format!("corpus-{}.sock", std::process::id()));
        let mut serve = deps::mysqld_command()?;
        serve.args(["--user=root", "--skip-networking", "--mysqlx=OFF"]);
        serve.args(["--skip-log-bin", "--innodb-buffer-pool-size=64M", "--max-allowed-packet=1G"]);
        serve.arg(format!("--datadir={}", data.display()));
        serve.arg(format!("--socket={}", socket.display()));
        serve.stderr(again()?).stdout(again()?).stdin(Stdio::null());
        let child = serve.spawn().map_err(|err| format!("cannot start mysqld: {err}"))?;
        let server = Server { child, socket };
        let started = Instant::now();
        while std::os::unix::net::UnixStream::connect(&server.socket).is_err() {
            if started.elapsed() > START_PATIENCE {
                return Err(format!("mysqld does not answer; see {}/server.log", folder.display()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data are thrown away: there is nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.socket);
    }
}
