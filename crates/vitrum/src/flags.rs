//! Flags as Vitess's programs take them: one dash or two, `_` or `-`, from a table per program.
//!
//! A program's table lists each flag with its type and default. The programs read values out of
//! [`Flags`]; what a user gave and no program read is named once at the start, since it has no
//! meaning here. A flag that no table has is an error.

mod value;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use vt_base::{Code, Error, Result};

use value::parse_duration;

/// One line of a program's table.
#[derive(Clone, Copy, Debug)]
struct Known {
    typ: &'static str,
    default: &'static str,
    deprecated: bool,
}

/// The flags of one program, as given on its command line and in its configuration file.
#[derive(Debug)]
pub(crate) struct Flags {
    program: &'static str,
    known: BTreeMap<&'static str, Known>,
    given: BTreeMap<String, Vec<String>>,
    read: RefCell<BTreeSet<String>>,
    /// What is not a flag.
    pub(crate) args: Vec<String>,
}

/// Flags that every program has; older spellings of logging among them.
const COMMON: &str = "\
help\tbool\t
version\tbool\t
logtostderr\tbool\t
alsologtostderr\tbool\t
stderrthreshold\tstring\t
log-dir\tstring\t
log-link\tstring\t
vmodule\tstring\t
v\tstring\t
config-file\tstring\t
";

impl Flags {
    /// Reads a command line (without the program's name) by a table.
    ///
    /// `table` has a flag a line: name, type, default, note, with tabs between them.
    pub(crate) fn parse(
        program: &'static str,
        table: &'static str,
        args: &[String],
    ) -> Result<Flags> {
        let mut known = BTreeMap::new();
        for line in COMMON.lines().chain(table.lines()) {
            let mut parts = line.split('\t');
            let name = parts.next().unwrap_or_default();
            let typ = parts.next().unwrap_or("string");
            let default = parts.next().unwrap_or_default().trim_matches('"');
            let deprecated = parts.next() == Some("deprecated");
            known.insert(name, Known { typ, default, deprecated });
        }
        let mut flags = Flags {
            program,
            known,
            given: BTreeMap::new(),
            read: RefCell::default(),
            args: Vec::new(),
        };
        flags.take(args)?;
        if let Some(path) = flags.optional("config-file") {
            flags.take_file(Path::new(&path))?;
        }
        flags.check_types()?;
        Ok(flags)
    }

    fn take(&mut self, args: &[String]) -> Result<()> {
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                self.args.extend(rest.cloned());
                break;
            }
            let Some(flag) = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-')) else {
                self.args.push(arg.clone());
                continue;
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let name = name.replace('_', "-");
            let known = self.look_up(&name)?;
            let value = match value {
                Some(value) => value,
                None if known.typ == "bool" => "true".to_owned(),
                None => rest
                    .next()
                    .cloned()
                    .ok_or_else(|| wrong(format!("flag needs an argument: --{name}")))?,
            };
            self.given.entry(name).or_default().push(value);
        }
        Ok(())
    }

    /// Takes what a configuration file says and the command line does not; TOML or JSON.
    fn take_file(&mut self, path: &Path) -> Result<()> {
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(err) if self.string("config-file-not-found-handling") != "error" => {
                tracing::warn!(path = %shown, %err, "configuration file not read");
                return Ok(());
            }
            Err(err) => return Err(wrong(format!("cannot read {shown}: {err}"))),
        };
        let malformed = |err: &dyn std::fmt::Display| wrong(format!("{shown}: {err}"));
        let values: serde_json::Map<String, serde_json::Value> =
            if path.extension().is_some_and(|ext| ext == "json") {
                serde_json::from_str(&text).map_err(|err| malformed(&err))?
            } else {
                toml::from_str(&text).map_err(|err| malformed(&err))?
            };
        for (name, value) in values {
            let name = name.replace('_', "-");
            self.look_up(&name).map_err(|err| err.context(shown.to_string()))?;
            let value = match value {
                serde_json::Value::String(text) => text,
                serde_json::Value::Array(items) => {
                    let text = |item: serde_json::Value| match item {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    };
                    items.into_iter().map(text).collect::<Vec<_>>().join(",")
                }
                other => other.to_string(),
            };
            self.given.entry(name).or_insert_with(|| vec![value]);
        }
        Ok(())
    }

    fn look_up(&self, name: &str) -> Result<Known> {
        if let Some(known) = self.known.get(name) {
            return Ok(*known);
        }
        let near = self.known.keys().min_by_key(|one| distance(one, name));
        let hint = match near {
            Some(near) if distance(near, name) <= 1 + name.len() / 4 => {
                format!("; did you mean --{near}?")
            }
            _ => String::new(),
        };
        Err(wrong(format!("unknown flag: --{name}{hint} (`{} --help` lists all)", self.program)))
    }

    /// Refuses values that their types do not allow, wherever they came from.
    fn check_types(&self) -> Result<()> {
        for (name, values) in &self.given {
            let typ = self.look_up(name)?.typ;
            for value in values {
                let fits = match typ {
                    "bool" => value::parse_bool(value).is_some(),
                    "int" => value.parse::<i64>().is_ok(),
                    "uint" | "uint32" => value.parse::<u64>().is_ok(),
                    "float" => value.parse::<f64>().is_ok(),
                    "duration" | "time.Duration" => parse_duration(value).is_some(),
                    _ => true,
                };
                if !fits {
                    return Err(wrong(format!(
                        "invalid argument {value:?} for --{name}: not a {typ}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Returns the value given last, or the table's default.
    pub(crate) fn string(&self, name: &str) -> String {
        self.read.borrow_mut().insert(name.to_owned());
        match self.given.get(name).and_then(|values| values.last()) {
            Some(value) => value.clone(),
            None => self.known.get(name).map_or_else(String::new, |known| known.default.to_owned()),
        }
    }

    /// Returns whether somebody gave the flag: a default of our own may be better than the table's.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.read.borrow_mut().insert(name.to_owned());
        self.given.contains_key(name)
    }

    /// Returns the value if it is not empty.
    pub(crate) fn optional(&self, name: &str) -> Option<String> {
        Some(self.string(name)).filter(|value| !value.is_empty())
    }

    pub(crate) fn bool(&self, name: &str) -> bool {
        value::parse_bool(&self.string(name)).unwrap_or(false)
    }

    /// Returns a number; 0 where the flag has neither value nor default, or the type cannot hold it.
    pub(crate) fn number<N: TryFrom<i64> + Default>(&self, name: &str) -> N {
        self.string(name)
            .parse::<i64>()
            .ok()
            .and_then(|number| N::try_from(number).ok())
            .unwrap_or_default()
    }

    pub(crate) fn float(&self, name: &str) -> f64 {
        self.string(name).parse().unwrap_or_default()
    }

    pub(crate) fn duration(&self, name: &str) -> Duration {
        parse_duration(&self.string(name)).unwrap_or_default()
    }

    /// Returns a list: the flag may be repeated, and each value may have commas.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.read.borrow_mut().insert(name.to_owned());
        let default = self.known.get(name).map_or("", |known| known.default);
        let values = match self.given.get(name) {
            Some(values) => values.join(","),
            None => default.trim_matches(['[', ']']).to_owned(),
        };
        values.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    }

    /// Returns the flags that were given and that nothing has asked for.
    pub(crate) fn unread(&self) -> Vec<String> {
        let read = self.read.borrow();
        self.given.keys().filter(|name| !read.contains(*name)).cloned().collect()
    }

    /// Returns the text of `--help`.
    pub(crate) fn help(&self) -> String {
        let mut text = format!("usage: {} [flags]\n\nflags:\n", self.program);
        for (name, known) in self.known.iter().filter(|(_, known)| !known.deprecated) {
            let default = match known.default {
                "" => String::new(),
                default => format!(" (default {default})"),
            };
            let _ = writeln!(text, "      --{name} {}{default}", known.typ);
        }
        text
    }
}

fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
