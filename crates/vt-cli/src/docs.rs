//! The reference page of all commands, out of the tables that the client itself reads.

use std::fmt::Write;

use crate::flags::Flag;
use crate::{commands, global, help};

/// Returns the page in Markdown.
pub fn commands_page() -> String {
    let mut out = String::from(
        "# vtctldclient\n\nCommands on a cluster.\nThis page is generated from the client's own tables.\n\n\
         ```\nvtctldclient --server <host:port> <command> [flags] [arguments]\n\
         vtctldclient --server internal <command> [flags] [arguments]\n```\n\n\
         A command's name may be written in any letter case, with or without dashes.\n\
         A flag may be written with one dash or two, and with `_` or `-` between its words.\n\n\
         ## Flags of every command\n\n",
    );
    flag_table(&mut out, global::FLAGS);
    for (title, group) in commands::GROUPS {
        let _infallible = write!(out, "\n## {title}\n");
        if let Some(family) = group.first().and_then(commands::family_of) {
            let _infallible = write!(out, "\n{}.\n", family.about.trim_end_matches('.'));
            if !family.flags.is_empty() {
                out.push('\n');
                flag_table(&mut out, family.flags);
            }
        }
        for command in *group {
            let _infallible =
                write!(out, "\n### {}\n\n{}.\n", command.name, command.about.trim_end_matches('.'));
            if !command.details.is_empty() {
                let _infallible = writeln!(out, "{}", command.details);
            }
            let _infallible = write!(out, "\n```\nvtctldclient {}\n```\n", help::usage(command));
            if !command.flags.is_empty() {
                out.push('\n');
                flag_table(&mut out, command.flags);
            }
        }
    }
    out
}

fn flag_table(out: &mut String, flags: &[Flag]) {
    out.push_str("| flag | default | meaning |\n|---|---|---|\n");
    for flag in flags {
        let default = match flag.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let _infallible =
            writeln!(out, "| `{}` | {default} | {} |", help::head(flag).trim(), flag.help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE=1` writes the page anew.
    #[test]
    fn the_page_of_commands_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, commands_page()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == commands_page(),
            "docs/commands.md is old: run `cargo xtask golden vt-cli`"
        );
    }
}
