//! Measures the grammar on corpora that others wrote, with mysqld as judge.
//!
//! `cargo xtask corpus` fetches the corpora, starts a server and runs this; by hand it is
//! `corpus --data FOLDER [--socket FILE] [--quick] NAME=TESTS...`. Statements and verdicts are
//! kept in the folder, so that a second run asks the server only about what is new.

mod class;
mod execute;
mod extract;
mod figures;
mod freeze;
mod judge;
mod measure;
mod mysql;
mod residue;
mod shape;
mod variable;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use judge::Judge;
use shape::Words;
use vt_sql::Modes;

/// The other parser recurses deeply, and drops its trees by recursion.
const STACK_BYTES: usize = 1 << 30;

const USAGE: &str = "\
usage: corpus --data FOLDER [--socket FILE] [--quick] [--freeze GOLDEN=FILE] NAME=TESTS...

  --data FOLDER   where statements, verdicts and the residue are kept
  --socket FILE   a mysqld to ask, as root without password; without it only kept verdicts count
  --quick         neither sqlparser, nor verdicts of printed texts, nor running them
  --freeze G=F    instead, judge the statements of the golden files in G, and write them to F
  NAME=TESTS      a corpus: its name, and the folder of its .test files
";

/// What was asked for.
pub(crate) struct Options {
    data: PathBuf,
    socket: Option<PathBuf>,
    quick: bool,
    freeze: Option<(PathBuf, PathBuf)>,
    corpora: Vec<(String, PathBuf)>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprint!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let work = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || run(&options));
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(true))) => ExitCode::SUCCESS,
        Ok(Ok(Ok(false))) => {
            println!("\nnot all goals hold");
            ExitCode::FAILURE
        }
        Ok(Ok(Err(message))) => {
            eprintln!("corpus: {message}");
            ExitCode::FAILURE
        }
        Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}

fn options(mut args: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options {
        data: PathBuf::new(),
        socket: None,
        quick: false,
        freeze: None,
        corpora: Vec::new(),
    };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--data" => options.data = args.next()?.into(),
            "--socket" => options.socket = Some(args.next()?.into()),
            "--quick" => options.quick = true,
            "--freeze" => {
                let arg = args.next()?;
                let (golden, file) = arg.split_once('=')?;
                options.freeze = Some((golden.into(), file.into()));
            }
            _ => {
                let (name, tests) = arg.split_once('=')?;
                options.corpora.push((name.to_owned(), tests.into()));
            }
        }
    }
    (!options.data.as_os_str().is_empty() && !options.corpora.is_empty()).then_some(options)
}

fn run(options: &Options) -> Result<bool, String> {
    fs::create_dir_all(&options.data)
        .map_err(|err| format!("{}: {err}", options.data.display()))?;
    let mut judge = Judge::new(&options.data.join("verdicts.jsonl"), options.socket.as_deref())?;
    if let Some((golden, file)) = &options.freeze {
        return freeze::run(golden, file, &mut judge).map(|()| true);
    }
    let words = words(&options.data.join("keywords.txt"), &mut judge)?;
    let modes = modes(&options.data.join("version.txt"), &mut judge)?;
    let mut holds = true;
    for (name, tests) in &options.corpora {
        let statements = extract::statements(tests)?;
        println!("\n# {name}: {} distinct statements", statements.len());
        let residue = options.data.join(format!("{name}-residue.txt"));
        holds &= measure::run(name, &statements, options, &mut judge, (&words, modes), &residue)?;
        judge.save()?;
    }
    Ok(holds)
}

/// Returns the modes of the server that gave the verdicts: version comments mean what they mean to
/// it.
fn modes(file: &Path, judge: &mut Judge) -> Result<Modes, String> {
    if let Some(server) = judge.server() {
        let rows = server.answer("select version()")?.ok_or("no answer about the version")?;
        let rows = rows.map_err(|errno| format!("select version(): error {errno}"))?;
        let version = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        fs::write(file, version).map_err(|err| format!("{}: {err}", file.display()))?;
    }
    let version = fs::read_to_string(file)
        .map_err(|err| format!("{}: {err}; run once with a server", file.display()))?;
    Modes::default().with_version(version.trim()).ok_or_else(|| format!("version {version:?}"))
}

/// Returns MySQL's words, which shapes keep.
fn words(file: &Path, judge: &mut Judge) -> Result<Words, String> {
    if let Some(server) = judge.server() {
        let sql = "select word from information_schema.keywords order by word";
        let rows = server.answer(sql)?.ok_or("no answer about keywords")?;
        let rows = rows.map_err(|errno| format!("{sql}: error {errno}"))?;
        let words: Vec<String> = rows
            .into_iter()
            .flatten()
            .flatten()
            .map(|word| String::from_utf8_lossy(&word).into_owned())
            .collect();
        fs::write(file, words.join("\n")).map_err(|err| format!("{}: {err}", file.display()))?;
    }
    let text = fs::read_to_string(file)
        .map_err(|err| format!("{}: {err}; run once with a server", file.display()))?;
    Ok(Words::new(text.lines().map(str::to_owned)))
}
