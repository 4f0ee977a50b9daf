//! The table of commands, a group a file.

mod cells;
mod fetch;
mod keyspaces;
mod legacy;
mod lookup_vindex;
mod materialize;
mod migrate;
mod mount;
mod move_tables;
mod reparent;
mod reshard;
mod restore;
mod routing_rules;
mod schema;
mod serving;
mod shards;
mod streams;
mod switch;
mod tablets;
mod throttler;
mod topology;
mod validate;
mod vdiff;
mod vschema;
mod workflows;

use futures::future::LocalBoxFuture;

use crate::Failure;
use crate::client::Client;
use crate::flags::{Args, Flag};
use crate::output::Layout;
use crate::suggest::nearest;

/// What a command works with.
pub struct Context {
    pub(crate) client: Option<Client>,
    pub(crate) args: Args,
    pub(crate) layout: Layout,
}

impl Context {
    /// Returns the way to the cluster.
    pub(crate) fn client(&self) -> Result<&Client, Failure> {
        self.client.as_ref().ok_or_else(|| {
            Failure::Rpc(vt_base::Error::bug("a command that needs no server asks for one"))
        })
    }
}

/// What a command returns: the text to print.
pub type Answer<'a> = LocalBoxFuture<'a, Result<String, Failure>>;

/// How many arguments a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    Exactly(usize),
    AtLeast(usize),
    Between(usize, usize),
}

impl Arguments {
    pub(crate) fn check(self, command: &Command, args: &Args) -> Result<(), Failure> {
        let given = args.positional.len();
        let (fits, wanted) = match self {
            Arguments::Exactly(count) => (given == count, format!("accepts {count} arg(s)")),
            Arguments::AtLeast(count) => {
                (given >= count, format!("requires at least {count} arg(s)"))
            }
            Arguments::Between(low, high) => {
                ((low..=high).contains(&given), format!("accepts between {low} and {high} arg(s)"))
            }
        };
        if fits {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "{wanted}, received {given}\nusage: vtctldclient {}",
            crate::help::usage(command)
        )))
    }
}

/// One command.
pub struct Command {
    pub name: &'static str,
    /// What follows the name in the usage line.
    pub usage: &'static str,
    pub about: &'static str,
    /// More than one line of help, where one is not enough.
    pub details: &'static str,
    pub flags: &'static [Flag],
    pub arguments: Arguments,
    pub needs_server: bool,
    pub run: for<'a> fn(&'a Context) -> Answer<'a>,
}

impl Command {
    /// A command without flags, details or arguments.
    pub(crate) const fn new(
        name: &'static str,
        about: &'static str,
        run: for<'a> fn(&'a Context) -> Answer<'a>,
    ) -> Command {
        Command {
            name,
            usage: "",
            about,
            details: "",
            flags: &[],
            arguments: Arguments::Exactly(0),
            needs_server: true,
            run,
        }
    }

    pub(crate) const fn takes(self, arguments: Arguments, usage: &'static str) -> Command {
        Command { arguments, usage, ..self }
    }

    pub(crate) const fn flags(self, flags: &'static [Flag]) -> Command {
        Command { flags, ..self }
    }

    pub(crate) const fn details(self, details: &'static str) -> Command {
        Command { details, ..self }
    }

    pub(crate) const fn without_server(self) -> Command {
        Command { needs_server: false, ..self }
    }
}

/// Commands that share a first word, and the flags that may stand behind it.
pub struct Family {
    pub name: &'static str,
    pub about: &'static str,
    pub flags: &'static [Flag],
}

/// The families; a command of one has its name before its own, `MoveTables create`.
pub const FAMILIES: &[Family] = &[
    move_tables::FAMILY,
    reshard::FAMILY,
    materialize::FAMILY,
    lookup_vindex::FAMILY,
    migrate::FAMILY,
    mount::FAMILY,
    workflows::FAMILY,
];

impl Family {
    /// Returns the commands of the family.
    pub fn commands(&self) -> impl Iterator<Item = &'static Command> {
        let prefix = format!("{} ", self.name);
        all().filter(move |one| one.name.starts_with(&prefix))
    }

    /// Finds a command of the family by its own name.
    pub(crate) fn find(&self, name: &str) -> Result<&'static Command, Failure> {
        let own = |one: &Command| one.name.split_once(' ').map_or("", |(_, own)| own);
        let wanted = plain(name);
        if let Some(command) = self.commands().find(|one| plain(own(one)) == wanted) {
            return Ok(command);
        }
        let names: Vec<&str> = self.commands().map(own).collect();
        let hint = match nearest(&wanted, names.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are {}", names.join(", ")),
        };
        Err(Failure::Usage(format!("unknown command \"{name}\" for \"{}\"; {hint}", self.name)))
    }
}

/// Finds a family by its name.
pub(crate) fn family(name: &str) -> Option<&'static Family> {
    let wanted = plain(name);
    FAMILIES.iter().find(|one| plain(one.name) == wanted)
}

/// Returns the family of a command, if it has one.
pub(crate) fn family_of(command: &Command) -> Option<&'static Family> {
    command.name.split_once(' ').and_then(|(name, _)| family(name))
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace(['-', '_'], "")
}

/// All commands by group, in the order in which they are listed.
pub const GROUPS: &[(&str, &[Command])] = &[
    ("Cells", cells::COMMANDS),
    ("Keyspaces", keyspaces::COMMANDS),
    ("Shards", shards::COMMANDS),
    ("Reparents", reparent::COMMANDS),
    ("Tablets", tablets::COMMANDS),
    ("Restores", restore::COMMANDS),
    ("Throttler", throttler::COMMANDS),
    ("Queries", fetch::COMMANDS),
    ("Schema", schema::COMMANDS),
    ("VSchema", vschema::COMMANDS),
    ("Routing rules", routing_rules::COMMANDS),
    ("VDiff", vdiff::COMMANDS),
    ("Serving graph", serving::COMMANDS),
    ("Validation", validate::COMMANDS),
    ("MoveTables", move_tables::COMMANDS),
    ("Reshard", reshard::COMMANDS),
    ("Materialize", materialize::COMMANDS),
    ("LookupVindex", lookup_vindex::COMMANDS),
    ("Traffic of workflows", switch::COMMANDS),
    ("Migrate", migrate::COMMANDS),
    ("Mount", mount::COMMANDS),
    ("Workflows", workflows::COMMANDS),
    ("Topology", topology::COMMANDS),
    ("Commands of old", legacy::COMMANDS),
];

/// Commands of the reference that are not there yet; they are known by name, and not listed.
const NOT_YET: &[&str] =
    &["Backup", "BackupShard", "DistributedTransaction", "GetBackups", "OnlineDDL", "RemoveBackup"];

/// Returns every command.
pub fn all() -> impl Iterator<Item = &'static Command> {
    GROUPS.iter().flat_map(|(_, group)| group.iter())
}

/// Finds a command by its name, in any letter case and with or without dashes.
pub fn find(name: &str) -> Result<&'static Command, Failure> {
    let wanted = plain(name);
    if let Some(command) = all().find(|one| plain(one.name) == wanted) {
        return Ok(command);
    }
    if let Some(known) = NOT_YET.iter().find(|one| plain(one) == wanted) {
        return Err(Failure::Usage(format!("{known} is not there yet in this release")));
    }
    let hint = match nearest(&wanted, all().map(|one| one.name)) {
        Some(near) => format!("; did you mean {near}?"),
        None => "; `vtctldclient help` lists the commands".to_owned(),
    };
    Err(Failure::Usage(format!("unknown command \"{name}\" for \"vtctldclient\"{hint}")))
}
