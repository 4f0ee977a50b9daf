//! The command line: which flags there are, and how they are read.
//!
//! A flag is taken with one dash or two and with `_` or `-` between its words; its value follows
//! after `=` or as the next word; a switch takes its value only after `=`. `--` ends the flags.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Failure;
use crate::suggest::nearest;
use crate::values::parse_duration;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On or off; off unless given.
    Switch,
    Text,
    Int,
    Duration,
    /// Several, after commas or by giving the flag again.
    List,
    /// Several, by giving the flag again; commas are part of the value.
    Repeated,
}

/// One flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    pub name: &'static str,
    pub short: Option<char>,
    pub kind: Kind,
    /// Taken where the flag is not given; empty for none.
    pub default: &'static str,
    pub help: &'static str,
}

impl Flag {
    pub const fn new(name: &'static str, kind: Kind, help: &'static str) -> Flag {
        Flag { name, short: None, kind, default: "", help }
    }

    /// The flag with a short form.
    pub const fn short(self, short: char) -> Flag {
        Flag { short: Some(short), ..self }
    }

    /// The flag with a default.
    pub const fn or(self, default: &'static str) -> Flag {
        Flag { default, ..self }
    }
}

/// A line as read: the values of its flags, and its arguments.
#[derive(Clone, Debug, Default)]
pub struct Args {
    values: BTreeMap<&'static str, Vec<String>>,
    defaults: BTreeMap<&'static str, &'static str>,
    pub positional: Vec<String>,
}

impl Args {
    /// Returns whether a flag was given.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Returns a switch.
    pub fn is_on(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// Returns a flag's last value, or its default.
    pub fn text(&self, name: &str) -> &str {
        let given = self.values.get(name).and_then(|values| values.last());
        match given {
            Some(value) => value,
            None => self.defaults.get(name).copied().unwrap_or_default(),
        }
    }

    /// Returns all values of a flag.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.values.get(name).cloned().unwrap_or_default()
    }

    /// Returns a number; reading the line has made sure that it is one.
    pub fn int(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// Returns a duration; zero where the flag was not given and has no default.
    pub fn duration(&self, name: &str) -> Duration {
        parse_duration(self.text(name)).unwrap_or_default()
    }

    /// Returns argument `index`; empty if there are not so many.
    pub fn argument(&self, index: usize) -> &str {
        self.positional.get(index).map_or("", String::as_str)
    }

    /// Takes over the values of a line that was read by another table.
    pub fn absorb(&mut self, other: Args) {
        self.values.extend(other.values);
        self.defaults.extend(other.defaults);
    }
}

/// How far a line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Flags may stand anywhere.
    End,
    /// The first word that is no flag ends it; what follows is left as it is.
    FirstWord,
}

/// Reads a line by a table of flags.
pub fn read(flags: &[Flag], words: &[String], until: Until) -> Result<Args, Failure> {
    let mut args = Args::default();
    for flag in flags.iter().filter(|flag| !flag.default.is_empty()) {
        args.defaults.insert(flag.name, flag.default);
    }
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            args.positional.extend(rest.cloned());
            break;
        }
        if !word.starts_with('-') || word == "-" || is_negative_number(word) {
            args.positional.push(word.clone());
            if until == Until::FirstWord {
                args.positional.extend(rest.cloned());
                break;
            }
            continue;
        }
        let (flag, inline) = find(flags, word)?;
        let value = match (flag.kind, inline) {
            (_, Some(value)) => value,
            (Kind::Switch, None) => "true".to_owned(),
            (_, None) => rest.next().cloned().ok_or_else(|| {
                Failure::Usage(format!("flag needs an argument: --{}", flag.name))
            })?,
        };
        store(&mut args, flag, value)?;
    }
    Ok(args)
}

/// A shard may be called `-80`, but that is no number; `-1` is one.
fn is_negative_number(word: &str) -> bool {
    word.len() > 1 && word[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn store(args: &mut Args, flag: &Flag, value: String) -> Result<(), Failure> {
    let wrong = |what: &str| {
        Failure::Usage(format!("invalid argument {value:?} for --{} flag: {what}", flag.name))
    };
    let values = args.values.entry(flag.name).or_default();
    match flag.kind {
        Kind::Switch => match value.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => values.push("true".to_owned()),
            "false" | "f" | "0" => values.push("false".to_owned()),
            _ => return Err(wrong("it is true or false")),
        },
        Kind::Int => {
            value.parse::<i64>().map_err(|_| wrong("a whole number is needed"))?;
            values.push(value);
        }
        Kind::Duration => {
            parse_duration(&value).map_err(|err| wrong(&err))?;
            values.push(value);
        }
        Kind::List => {
            let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
            values.extend(parts.map(str::to_owned));
        }
        Kind::Text | Kind::Repeated => values.push(value),
    }
    Ok(())
}

/// Finds the flag that a word names, and the value that the word holds.
fn find<'a>(flags: &'a [Flag], word: &str) -> Result<(&'a Flag, Option<String>), Failure> {
    let bare = word.trim_start_matches('-');
    let (name, value) = match bare.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (bare, None),
    };
    let canonical = name.replace('_', "-");
    if let Some(flag) = flags.iter().find(|flag| flag.name == canonical) {
        return Ok((flag, value));
    }
    if !word.starts_with("--")
        && let Some(found) = find_short(flags, name, value)
    {
        return Ok(found);
    }
    let hint = match nearest(&canonical, flags.iter().map(|flag| flag.name)) {
        Some(near) => format!("; did you mean --{near}?"),
        None => String::new(),
    };
    Err(Failure::Usage(format!("unknown flag: {word}{hint}")))
}

/// Reads `-c value`, `-cvalue` and `-c=value`.
fn find_short<'a>(
    flags: &'a [Flag],
    name: &str,
    value: Option<String>,
) -> Option<(&'a Flag, Option<String>)> {
    let mut letters = name.chars();
    let first = letters.next()?;
    let flag = flags.iter().find(|flag| flag.short == Some(first))?;
    let tail = letters.as_str();
    match (tail.is_empty(), flag.kind, value) {
        (true, _, value) => Some((flag, value)),
        (false, Kind::Switch, _) => None,
        (false, _, None) => Some((flag, Some(tail.to_owned()))),
        (false, _, Some(value)) => Some((flag, Some(format!("{tail}={value}")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[
        Flag::new("force", Kind::Switch, "").short('f'),
        Flag::new("durability-policy", Kind::Text, "").or("none"),
        Flag::new("cells", Kind::List, "").short('c'),
        Flag::new("sql", Kind::Repeated, ""),
        Flag::new("max-rows", Kind::Int, "").or("10000"),
        Flag::new("wait", Kind::Duration, "").or("15s"),
    ];

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn all_spellings_are_one_flag() {
        for line in [
            "--durability-policy semi_sync ks",
            "-durability_policy=semi_sync ks",
            "ks --durability_policy semi_sync",
            "-durability-policy semi_sync ks",
        ] {
            let args = read(FLAGS, &words(line), Until::End).unwrap();
            assert_eq!(args.text("durability-policy"), "semi_sync", "{line}");
            assert_eq!(args.positional, ["ks"], "{line}");
        }
    }

    #[test]
    fn switches_take_a_value_after_equals_only() {
        let args = read(FLAGS, &words("--force false"), Until::End).unwrap();
        assert!(args.is_on("force"));
        assert_eq!(args.positional, ["false"]);
        assert!(!read(FLAGS, &words("-force=false"), Until::End).unwrap().is_on("force"));
        assert!(read(FLAGS, &words("-f"), Until::End).unwrap().is_on("force"));
        assert!(read(FLAGS, &words("--force=maybe"), Until::End).is_err());
    }

    #[test]
    fn lists_split_and_repeated_do_not() {
        let args =
            read(FLAGS, &words("-c a,b --cells=c -cd --sql x,y --sql z"), Until::End).unwrap();
        assert_eq!(args.list("cells"), ["a", "b", "c", "d"]);
        assert_eq!(args.list("sql"), ["x,y", "z"]);
    }

    #[test]
    fn values_that_look_like_flags_are_values() {
        let line =
            ["--sql".to_owned(), "-- a comment".to_owned(), "--".to_owned(), "-80".to_owned()];
        let args = read(FLAGS, &line, Until::End).unwrap();
        assert_eq!(args.text("sql"), "-- a comment");
        assert_eq!(args.positional, ["-80"]);
    }

    #[test]
    fn wrong_lines_say_what_is_wrong() {
        for (line, expected) in [
            ("--forse", "error: unknown flag: --forse; did you mean --force?"),
            (
                "--max-rows x",
                "error: invalid argument \"x\" for --max-rows flag: a whole number is needed",
            ),
            ("--wait", "error: flag needs an argument: --wait"),
            (
                "--wait 10",
                "error: invalid argument \"10\" for --wait flag: a unit is missing, as in 10s",
            ),
        ] {
            let err = read(FLAGS, &words(line), Until::End).unwrap_err();
            assert_eq!(err.to_string(), expected);
        }
    }

    #[test]
    fn defaults_hold_until_given() {
        let args = read(FLAGS, &words("--max-rows 5"), Until::End).unwrap();
        assert_eq!(args.int("max-rows"), 5);
        assert_eq!(args.duration("wait"), Duration::from_secs(15));
        assert!(!args.has("wait"));
        assert_eq!(args.text("durability-policy"), "none");
    }
}
