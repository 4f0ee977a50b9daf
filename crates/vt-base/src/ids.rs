//! Names of things in the cluster: tablets, their types, and what a query is aimed at.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Code, Error};

/// A tablet's name: its cell and a number unique in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabletAlias {
    pub cell: Arc<str>,
    pub uid: u32,
}

impl TabletAlias {
    pub fn new(cell: &str, uid: u32) -> TabletAlias {
        TabletAlias { cell: cell.into(), uid }
    }
}

/// Prints `cell-0000000100`, the form of the topology and of every output.
impl fmt::Display for TabletAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:010}", self.cell, self.uid)
    }
}

/// Reads `cell-100` and `cell-0000000100`; the cell may itself hold dashes.
impl FromStr for TabletAlias {
    type Err = Error;

    fn from_str(text: &str) -> Result<TabletAlias, Error> {
        let wrong = || {
            Error::new(
                Code::InvalidArgument,
                format!("invalid tablet alias: '{text}', expecting format: '<cell>-<uid>'"),
            )
        };
        let (cell, uid) = text.rsplit_once('-').ok_or_else(wrong)?;
        if cell.is_empty() {
            return Err(wrong());
        }
        Ok(TabletAlias { cell: cell.into(), uid: uid.parse().map_err(|_| wrong())? })
    }
}

/// What a tablet is for; numbered as `topodata.TabletType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i32)]
pub enum TabletType {
    #[default]
    Unknown = 0,
    Primary = 1,
    Replica = 2,
    Rdonly = 3,
    Spare = 4,
    Experimental = 5,
    Backup = 6,
    Restore = 7,
    Drained = 8,
}

impl TabletType {
    pub const ALL: [TabletType; 9] = [
        TabletType::Unknown,
        TabletType::Primary,
        TabletType::Replica,
        TabletType::Rdonly,
        TabletType::Spare,
        TabletType::Experimental,
        TabletType::Backup,
        TabletType::Restore,
        TabletType::Drained,
    ];

    /// Returns the type of a number on the wire; an unknown number is [`TabletType::Unknown`].
    pub fn from_i32(number: i32) -> TabletType {
        TabletType::ALL.into_iter().find(|one| *one as i32 == number).unwrap_or_default()
    }

    /// Returns the lower-case name, `primary`.
    pub fn as_str(self) -> &'static str {
        match self {
            TabletType::Unknown => "unknown",
            TabletType::Primary => "primary",
            TabletType::Replica => "replica",
            TabletType::Rdonly => "rdonly",
            TabletType::Spare => "spare",
            TabletType::Experimental => "experimental",
            TabletType::Backup => "backup",
            TabletType::Restore => "restore",
            TabletType::Drained => "drained",
        }
    }

    /// Returns whether a tablet of this type answers queries.
    pub fn serves_queries(self) -> bool {
        matches!(self, TabletType::Primary | TabletType::Replica | TabletType::Rdonly)
    }
}

impl fmt::Display for TabletType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a type in any letter case, `master` and `batch` as the names of old for two of them.
impl FromStr for TabletType {
    type Err = Error;

    fn from_str(text: &str) -> Result<TabletType, Error> {
        let lower = text.to_ascii_lowercase();
        match lower.as_str() {
            "master" => return Ok(TabletType::Primary),
            "batch" => return Ok(TabletType::Rdonly),
            _ => {}
        }
        TabletType::ALL
            .into_iter()
            .find(|one| one.as_str() == lower)
            .ok_or_else(|| Error::new(Code::InvalidArgument, format!("unknown TabletType {text}")))
    }
}

/// A shard, named with its keyspace: `customer/-80`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyspaceShard {
    pub keyspace: Arc<str>,
    pub shard: Arc<str>,
}

impl fmt::Display for KeyspaceShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.keyspace, self.shard)
    }
}

impl FromStr for KeyspaceShard {
    type Err = Error;

    fn from_str(text: &str) -> Result<KeyspaceShard, Error> {
        match text.split_once('/') {
            Some((keyspace, shard)) if !keyspace.is_empty() && !shard.is_empty() => {
                Ok(KeyspaceShard { keyspace: keyspace.into(), shard: shard.into() })
            }
            _ => Err(Error::new(
                Code::InvalidArgument,
                format!("invalid keyspace/shard: '{text}', expecting format: '<keyspace>/<shard>'"),
            )),
        }
    }
}

/// What a request to a tablet is aimed at; a tablet refuses one that is not its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    pub keyspace: Arc<str>,
    pub shard: Arc<str>,
    pub tablet_type: TabletType,
    /// Empty where any cell will do.
    pub cell: Arc<str>,
}

impl Target {
    pub fn new(keyspace: &str, shard: &str, tablet_type: TabletType) -> Target {
        Target { keyspace: keyspace.into(), shard: shard.into(), tablet_type, cell: "".into() }
    }
}

/// Prints `keyspace.shard.type`, the form that errors carry.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.keyspace, self.shard, self.tablet_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alias_reads_both_forms_and_prints_ten_digits() {
        for text in ["zone1-100", "zone1-0000000100"] {
            let alias: TabletAlias = text.parse().unwrap();
            assert_eq!(alias.to_string(), "zone1-0000000100");
        }
        for wrong in ["zone1", "-100", "zone1-x", "zone1-99999999999"] {
            assert!(wrong.parse::<TabletAlias>().is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn old_type_names_are_read() {
        assert_eq!("MASTER".parse::<TabletType>().unwrap(), TabletType::Primary);
        assert_eq!("batch".parse::<TabletType>().unwrap(), TabletType::Rdonly);
        assert!("king".parse::<TabletType>().is_err());
    }
}
