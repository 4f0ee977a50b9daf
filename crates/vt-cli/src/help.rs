//! What `help` prints.

use std::fmt::Write;

use crate::Failure;
use crate::commands::{self, Command, Family};
use crate::flags::{Flag, Kind};
use crate::global;

/// Lists all commands by group.
pub(crate) fn overview() -> String {
    let mut out = String::from(
        "vtctldclient carries out commands on a cluster, through a vtctld or by itself.\n\n\
         Usage:\n  vtctldclient --server <host:port> <command> [flags] [arguments]\n  \
         vtctldclient --server internal <command> [flags] [arguments]\n",
    );
    let width = commands::all().map(|one| one.name.len()).max().unwrap_or_default();
    for (title, group) in commands::GROUPS {
        let _infallible = write!(out, "\n{title}:\n");
        for command in *group {
            let _infallible = writeln!(out, "  {:<width$}  {}", command.name, command.about);
        }
    }
    out.push_str("\nFlags of every command:\n");
    out.push_str(&flag_lines(global::FLAGS));
    out.push_str("\nRun `vtctldclient help <command>` for one command.\n");
    out
}

/// Describes one command or a family of them, or lists all.
pub(crate) fn about(names: &[String]) -> Result<String, Failure> {
    match names {
        [] => Ok(overview()),
        [name, rest @ ..] => match (commands::family(name), rest) {
            (None, _) => commands::find(name).map(command),
            (Some(one), []) => Ok(family(one)),
            (Some(one), [own, ..]) => one.find(own).map(command),
        },
    }
}

/// Lists the commands of a family.
pub(crate) fn family(family: &Family) -> String {
    let mut out = format!(
        "{}\n\nUsage:\n  vtctldclient {} [flags] <command> [flags] [arguments]\n\nCommands:\n",
        family.about, family.name
    );
    let width = family.commands().map(|one| one.name.len()).max().unwrap_or_default();
    for command in family.commands() {
        let _infallible = writeln!(out, "  {:<width$}  {}", command.name, command.about);
    }
    if !family.flags.is_empty() {
        let _infallible = write!(out, "\nFlags:\n{}", flag_lines(family.flags));
    }
    out
}

/// Describes a command.
pub(crate) fn command(command: &Command) -> String {
    let mut out = format!("{}\n\n", command.about);
    if !command.details.is_empty() {
        let _infallible = write!(out, "{}\n\n", command.details);
    }
    let _infallible = writeln!(out, "Usage:\n  vtctldclient {}", usage(command));
    if !command.flags.is_empty() {
        let _infallible = write!(out, "\nFlags:\n{}", flag_lines(command.flags));
    }
    if let Some(family) = commands::family_of(command).filter(|one| !one.flags.is_empty()) {
        let _infallible =
            write!(out, "\nFlags of every {} command:\n{}", family.name, flag_lines(family.flags));
    }
    out.push_str("\nThe flags of every command are listed by `vtctldclient help`.\n");
    out
}

/// Returns a command's name and what follows it.
pub(crate) fn usage(command: &Command) -> String {
    format!("{} {}", command.name, command.usage).trim_end().to_owned()
}

fn flag_lines(flags: &[Flag]) -> String {
    let heads: Vec<String> = flags.iter().map(head).collect();
    let width = heads.iter().map(String::len).max().unwrap_or_default();
    let mut out = String::new();
    for (flag, head) in flags.iter().zip(&heads) {
        let default = match flag.default {
            "" => String::new(),
            default => format!(" (default {default})"),
        };
        let _infallible = writeln!(out, "  {head:<width$}  {}{default}", flag.help);
    }
    out
}

/// Returns `-c, --cells strings`.
pub(crate) fn head(flag: &Flag) -> String {
    let short = flag.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
    let value = match flag.kind {
        Kind::Switch => "",
        Kind::Text => " string",
        Kind::Int => " int",
        Kind::Duration => " duration",
        Kind::List => " strings",
        Kind::Repeated => " string...",
    };
    format!("{short}--{}{value}", flag.name)
}
