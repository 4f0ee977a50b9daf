//! Where each record lies. The names are a public format: others read and write the same keys.

use vt_base::TabletAlias;

use crate::{Result, TopoError};

/// The name by which the global store is opened and browsed.
pub const GLOBAL_CELL: &str = "global";

pub const CELLS: &str = "cells";
pub const CELLS_ALIASES: &str = "cells_aliases";
pub const KEYSPACES: &str = "keyspaces";
pub const SHARDS: &str = "shards";
pub const TABLETS: &str = "tablets";
pub const METADATA: &str = "metadata";
pub const LOCKS: &str = "locks";
pub const ELECTIONS: &str = "elections";
pub const NAMED_LOCKS: &str = "internal/named_locks";
pub const GATEWAYS: &str = "internal/gateways";
pub const EXTERNAL_CLUSTERS: &str = "ExternalClusters/vitess";

pub const CELL_INFO_FILE: &str = "CellInfo";
pub const CELLS_ALIAS_FILE: &str = "CellsAlias";
pub const KEYSPACE_FILE: &str = "Keyspace";
pub const SHARD_FILE: &str = "Shard";
pub const TABLET_FILE: &str = "Tablet";
pub const VSCHEMA_FILE: &str = "VSchema";
pub const SHARD_REPLICATION_FILE: &str = "ShardReplication";
pub const SRV_KEYSPACE_FILE: &str = "SrvKeyspace";

pub const ROUTING_RULES: &str = "RoutingRules";
pub const SHARD_ROUTING_RULES: &str = "ShardRoutingRules";
pub const MIRROR_RULES: &str = "MirrorRules";
pub const KEYSPACE_ROUTING_RULES_DIR: &str = "routing_rules";
pub const KEYSPACE_ROUTING_RULES: &str = "routing_rules/keyspace/Rules";
pub const SRV_VSCHEMA: &str = "SrvVSchema";

pub fn gateway_dir(number: u16) -> String {
    format!("{GATEWAYS}/{number}")
}

pub fn cell_info(cell: &str) -> String {
    format!("{CELLS}/{cell}/{CELL_INFO_FILE}")
}

pub fn cells_alias(alias: &str) -> String {
    format!("{CELLS_ALIASES}/{alias}/{CELLS_ALIAS_FILE}")
}

pub fn keyspace_dir(keyspace: &str) -> String {
    format!("{KEYSPACES}/{keyspace}")
}

pub fn keyspace(keyspace: &str) -> String {
    format!("{KEYSPACES}/{keyspace}/{KEYSPACE_FILE}")
}

pub fn vschema(keyspace: &str) -> String {
    format!("{KEYSPACES}/{keyspace}/{VSCHEMA_FILE}")
}

pub fn shards_dir(keyspace: &str) -> String {
    format!("{KEYSPACES}/{keyspace}/{SHARDS}")
}

pub fn shard_dir(keyspace: &str, shard: &str) -> String {
    format!("{KEYSPACES}/{keyspace}/{SHARDS}/{shard}")
}

pub fn shard(keyspace: &str, shard: &str) -> String {
    format!("{}/{SHARD_FILE}", shard_dir(keyspace, shard))
}

pub fn shard_replication(keyspace: &str, shard: &str) -> String {
    format!("{}/{SHARD_REPLICATION_FILE}", shard_dir(keyspace, shard))
}

pub fn srv_keyspace(keyspace: &str) -> String {
    format!("{KEYSPACES}/{keyspace}/{SRV_KEYSPACE_FILE}")
}

pub fn tablet(alias: &TabletAlias) -> String {
    format!("{TABLETS}/{alias}/{TABLET_FILE}")
}

pub fn election(name: &str) -> String {
    format!("{ELECTIONS}/{name}")
}

pub fn named_lock(name: &str) -> String {
    format!("{NAMED_LOCKS}/{name}")
}

pub fn external_cluster(name: &str) -> String {
    format!("{EXTERNAL_CLUSTERS}/{name}")
}

pub fn metadata(key: &str) -> String {
    format!("{METADATA}/{key}")
}

/// Refuses a name that would not stay one part of a path.
pub fn check_name(what: &str, name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(TopoError::Invalid(format!("{what} name must not be empty")));
    }
    let bad = |c: char| c == '/' || c.is_control();
    if name.contains(bad) || name == "." || name == ".." {
        return Err(TopoError::Invalid(format!(
            "{what} name {name} contains invalid characters; it may not contain any of the \
             following: /"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_reference() {
        assert_eq!(cell_info("zone1"), "cells/zone1/CellInfo");
        assert_eq!(cells_alias("near"), "cells_aliases/near/CellsAlias");
        assert_eq!(keyspace("commerce"), "keyspaces/commerce/Keyspace");
        assert_eq!(vschema("commerce"), "keyspaces/commerce/VSchema");
        assert_eq!(shard("customer", "-80"), "keyspaces/customer/shards/-80/Shard");
        assert_eq!(
            shard_replication("commerce", "-"),
            "keyspaces/commerce/shards/-/ShardReplication"
        );
        assert_eq!(srv_keyspace("commerce"), "keyspaces/commerce/SrvKeyspace");
        assert_eq!(tablet(&TabletAlias::new("zone1", 100)), "tablets/zone1-0000000100/Tablet");
        assert_eq!(external_cluster("e"), "ExternalClusters/vitess/e");
        assert_eq!(named_lock("wf"), "internal/named_locks/wf");
    }

    #[test]
    fn names_that_leave_their_folder_are_refused() {
        for bad in ["", "a/b", "..", ".", "a\nb"] {
            assert!(check_name("keyspace", bad).is_err(), "{bad:?} was taken");
        }
        assert!(check_name("keyspace", "commerce").is_ok());
    }
}
