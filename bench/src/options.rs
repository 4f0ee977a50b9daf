//! What the command line asks for.

use std::path::PathBuf;

use crate::Outcome;

pub(crate) const HELP: &str = "\
usage: vt-bench [--quick] [options]      (make bench, make bench-quick)
       vt-bench scale | flame [options]  (--help tells more)
       vt-bench copy [options]           how fast a table is copied; copy --help tells more

  --quick             the cases that the targets are about, short: under four minutes
  --seconds N         how long each measurement takes (default 10; quick 2)
  --rounds N          how often each is made, in turns (default 3; quick 2)
  --only WORD         the cases whose name has the word; may be repeated
  --forms LIST        of plain,router,vitrum,one-process (default all)
  --rows N            rows of the table (default 100000; quick 20000)
  --stream-rows N     rows of the large result (default 1000000)
  --idle N            idle connections (default 5000)
  --out DIR           where JSON and plots go (default target/bench)
  --history FILE      one line a run (default bench/history.jsonl)
  --keep SECONDS      leave everything running for so long at the start, to look at it
";

/// What to measure, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) is_quick: bool,
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
    pub(crate) only: Vec<String>,
    pub(crate) forms: Vec<String>,
    pub(crate) rows: u64,
    pub(crate) stream_rows: u64,
    pub(crate) idle_connections: usize,
    pub(crate) out: PathBuf,
    pub(crate) history: PathBuf,
    pub(crate) keep_seconds: u64,
}

impl Options {
    /// Reads the arguments; `None` if help is asked for.
    pub(crate) fn read(args: impl Iterator<Item = String>) -> Outcome<Option<Options>> {
        let args: Vec<String> = args.collect();
        if args.iter().any(|arg| arg == "--help" || arg == "-h") {
            return Ok(None);
        }
        let is_quick = args.iter().any(|arg| arg == "--quick");
        let root = vt_testkit::tools::repository();
        let mut options = Options {
            is_quick,
            seconds: if is_quick { 2 } else { 10 },
            rounds: if is_quick { 2 } else { 3 },
            only: Vec::new(),
            forms: ["plain", "router", "vitrum", "one-process"].map(str::to_owned).into(),
            rows: if is_quick { 20_000 } else { 100_000 },
            stream_rows: 1_000_000,
            idle_connections: 5_000,
            out: root.join("target/bench"),
            history: root.join("bench/history.jsonl"),
            keep_seconds: 0,
        };
        let mut rest = args.into_iter().filter(|arg| arg != "--quick");
        while let Some(name) = rest.next() {
            let value = rest.next().ok_or_else(|| format!("{name} needs a value\n{HELP}"))?;
            options.set(&name, value)?;
        }
        Ok(Some(options))
    }

    fn set(&mut self, name: &str, value: String) -> Outcome<()> {
        let number = || value.parse::<u64>().map_err(|_| format!("{name} {value}: not a number"));
        match name {
            "--seconds" => self.seconds = number()?.max(1),
            "--rounds" => self.rounds = usize::try_from(number()?.max(1)).unwrap_or(1),
            "--rows" => self.rows = number()?.max(1_000),
            "--stream-rows" => self.stream_rows = number()?.max(1),
            "--idle" => self.idle_connections = usize::try_from(number()?).unwrap_or(0),
            "--keep" => self.keep_seconds = number()?,
            "--only" => self.only.push(value),
            "--forms" => self.forms = value.split(',').map(str::to_owned).collect(),
            "--out" => self.out = value.into(),
            "--history" => self.history = value.into(),
            _ => return Err(format!("unknown option {name}\n{HELP}")),
        }
        Ok(())
    }

    /// Returns whether cases of this name are wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }

    pub(crate) fn has_form(&self, name: &str) -> bool {
        self.forms.iter().any(|form| form == name)
    }
}
