//! Shards, their records and their lists of tablets.

use vt_base::{KeyRange, TabletAlias};
use vt_control::listing::tablet_line;
use vt_proto::vtctldata::*;
use vt_proto::{replicationdata, topodata};

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::output::lines;
use crate::values::{parse_bool, parse_shard, parse_tablet_type, usage};

const CREATE_FLAGS: &[Flag] = &[
    Flag::new("force", Kind::Switch, "go on if it exists already").short('f'),
    Flag::new("include-parent", Kind::Switch, "create the keyspace too where it is missing")
        .short('p'),
];
const DELETE_FLAGS: &[Flag] = &[
    Flag::new("even-if-serving", Kind::Switch, "delete it though the serving graph names it"),
    Flag::new("force", Kind::Switch, "delete it though its lock cannot be had").short('f'),
    Flag::new("recursive", Kind::Switch, "delete its tablets too").short('r'),
];
const CELL_FLAGS: &[Flag] = &[
    Flag::new("force", Kind::Switch, "go on though the cell cannot be reached").short('f'),
    Flag::new("recursive", Kind::Switch, "delete the tablets of the cell too").short('r'),
];
const CONTROL_FLAGS: &[Flag] = &[
    Flag::new("cells", Kind::List, "cells that it is for; all if left out").short('c'),
    Flag::new("denied-tables", Kind::List, "tables that are not served"),
    Flag::new("disable-query-service", Kind::Switch, "serve nothing at all"),
    Flag::new("remove", Kind::Switch, "take the cells or tables out again").short('r'),
];
const SOURCE_FLAGS: &[Flag] = &[
    Flag::new("key-range", Kind::Text, "part of the key space that is copied"),
    Flag::new("tables", Kind::List, "tables that are copied"),
];
const RANGES_FLAGS: &[Flag] =
    &[Flag::new("shards", Kind::Int, "how many shards, in place of the argument")];
const VTORC_FLAGS: &[Flag] = &[
    Flag::new("disable", Kind::Switch, "the orchestrator leaves a lost primary alone"),
    Flag::new("enable", Kind::Switch, "the orchestrator replaces a lost primary"),
];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("CreateShard", "Creates a shard", create_shard)
        .takes(Arguments::Exactly(1), "[--force|-f] [--include-parent|-p] <keyspace/shard>")
        .flags(CREATE_FLAGS),
    Command::new("DeleteShards", "Deletes shards", delete_shards)
        .takes(
            Arguments::AtLeast(1),
            "[--recursive|-r] [--even-if-serving] [--force|-f] <keyspace/shard> [<keyspace/shard> ...]",
        )
        .flags(DELETE_FLAGS),
    Command::new("GetShard", "Prints a shard's record", get_shard)
        .takes(Arguments::Exactly(1), "<keyspace/shard>"),
    Command::new("GetShardReplication", "Prints the lists of a shard's tablets in the cells", get_shard_replication)
        .takes(Arguments::AtLeast(1), "<keyspace/shard> [cell1 [cell2...]]"),
    Command::new("ShardReplicationFix", "Removes the first wrong entry of a shard's list in a cell", replication_fix)
        .takes(Arguments::Exactly(2), "<cell> <keyspace/shard>"),
    Command::new("ShardReplicationPositions", "Prints where each tablet of a shard stands in replication", replication_positions)
        .takes(Arguments::Exactly(1), "<keyspace/shard>"),
    Command::new("SetShardIsPrimaryServing", "Sets whether a shard's primary serves", set_primary_serving)
        .takes(Arguments::Exactly(2), "<keyspace/shard> <true/false>")
        .details("Meant for repair. Run RebuildKeyspaceGraph afterwards."),
    Command::new("SetShardTabletControl", "Sets what the tablets of a type do not serve", set_tablet_control)
        .takes(
            Arguments::Exactly(2),
            "[--cells=c1,c2...] [--denied-tables=t1,t2,...] [--remove] [--disable-query-service[=0|false]] <keyspace/shard> <tablet_type>",
        )
        .flags(CONTROL_FLAGS),
    Command::new("SourceShardAdd", "Notes that a shard copies from another", source_add)
        .takes(
            Arguments::Exactly(3),
            "[--key-range <keyrange>] [--tables <table1,table2,...> [--tables <table3,...>]...] <keyspace/shard> <uid> <source keyspace/shard>",
        )
        .flags(SOURCE_FLAGS),
    Command::new("SourceShardDelete", "Deletes such a note", source_delete)
        .takes(Arguments::Exactly(2), "<keyspace/shard> <uid>"),
    Command::new("RemoveShardCell", "Takes a cell out of a shard", remove_cell)
        .takes(Arguments::Exactly(2), "[--force|-f] [--recursive|-r] <keyspace/shard> <cell>")
        .flags(CELL_FLAGS),
    Command::new("SetVtorcEmergencyReparent", "Sets whether the orchestrator may replace a lost primary", set_vtorc)
        .takes(Arguments::Between(1, 2), "[--enable|--disable] <keyspace> [<shard>]")
        .flags(VTORC_FLAGS),
    Command::new("GenerateShardRanges", "Prints the names of equal shards", generate_ranges)
        .takes(Arguments::Between(0, 1), "<num_shards>")
        .flags(RANGES_FLAGS)
        .without_server(),
];

fn create_shard(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = CreateShardRequest {
            keyspace: shard.keyspace.to_string(),
            shard_name: shard.shard.to_string(),
            force: cx.args.is_on("force"),
            include_parent: cx.args.is_on("include-parent"),
        };
        let reply = cx.client()?.create_shard(request).await?;
        Ok(cx.layout.message("vtctldata.CreateShardResponse", &reply)?)
    })
}

fn delete_shards(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let mut shards = Vec::new();
        for text in &cx.args.positional {
            let shard = parse_shard(text)?;
            shards.push(Shard {
                keyspace: shard.keyspace.to_string(),
                name: shard.shard.to_string(),
                shard: None,
            });
        }
        let count = shards.len();
        let request = DeleteShardsRequest {
            shards,
            recursive: cx.args.is_on("recursive"),
            even_if_serving: cx.args.is_on("even-if-serving"),
            force: cx.args.is_on("force"),
        };
        cx.client()?.delete_shards(request).await?;
        Ok(format!("Successfully deleted {count} shards.\n"))
    })
}

fn get_shard(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = GetShardRequest {
            keyspace: shard.keyspace.to_string(),
            shard_name: shard.shard.to_string(),
        };
        let reply = cx.client()?.get_shard(request).await?;
        cx.layout.found("vtctldata.Shard", reply.shard.as_ref())
    })
}

fn get_shard_replication(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = GetShardReplicationRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            cells: cx.args.positional[1..].to_vec(),
        };
        let reply = cx.client()?.get_shard_replication(request).await?;
        Ok(cx.layout.message("vtctldata.GetShardReplicationResponse", &reply)?)
    })
}

fn replication_fix(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(1))?;
        let request = ShardReplicationFixRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            cell: cx.args.argument(0).to_owned(),
        };
        let reply = cx.client()?.shard_replication_fix(request).await?;
        Ok(match reply.error {
            None => "All nodes in the replication graph are valid.\n".to_owned(),
            Some(error) => {
                let alias = error.tablet_alias.as_ref().map(TabletAlias::from);
                let alias = alias.map_or_else(String::new, |alias| alias.to_string());
                format!("{} has been fixed for {alias}.\n", error.r#type().as_str_name())
            }
        })
    })
}

fn replication_positions(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = ShardReplicationPositionsRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
        };
        let reply = cx.client()?.shard_replication_positions(request).await?;
        Ok(positions(&reply))
    })
}

/// Prints a tablet a line: the primary first, then those that answered, then the others.
fn positions(reply: &ShardReplicationPositionsResponse) -> String {
    type Found<'a> = (&'a topodata::Tablet, Option<&'a replicationdata::Status>);
    let mut found: Vec<Found<'_>> = reply
        .tablet_map
        .iter()
        .map(|(alias, tablet)| (tablet, reply.replication_statuses.get(alias)))
        .collect();
    found.sort_by_key(|(tablet, status)| {
        (tablet.r#type() != topodata::TabletType::Primary, status.is_none())
    });
    lines(found.into_iter().map(|(tablet, status)| {
        let line = tablet_line(tablet);
        match status {
            None => format!("{line} <err> <err>"),
            Some(status) => {
                format!("{line} {} {}", status.position, status.replication_lag_seconds)
            }
        }
    }))
}

fn set_primary_serving(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = SetShardIsPrimaryServingRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            is_serving: parse_bool(cx.args.argument(1))?,
        };
        let reply = cx.client()?.set_shard_is_primary_serving(request).await?;
        cx.layout.found("topodata.Shard", reply.shard.as_ref())
    })
}

fn set_tablet_control(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = SetShardTabletControlRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            tablet_type: parse_tablet_type(cx.args.argument(1))?,
            cells: cx.args.list("cells"),
            denied_tables: cx.args.list("denied-tables"),
            disable_query_service: cx.args.is_on("disable-query-service"),
            remove: cx.args.is_on("remove"),
        };
        let reply = cx.client()?.set_shard_tablet_control(request).await?;
        cx.layout.found("topodata.Shard", reply.shard.as_ref())
    })
}

fn parse_uid(text: &str) -> Result<i32, Failure> {
    text.parse().map_err(|_| Failure::Usage(format!("the uid {text:?} is not a number")))
}

fn source_add(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let source = parse_shard(cx.args.argument(2))?;
        let key_range = match cx.args.text("key-range") {
            "" => None,
            text => {
                let range: KeyRange = text.parse().map_err(|err| usage(&err))?;
                Some((&range).into())
            }
        };
        let request = SourceShardAddRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            uid: parse_uid(cx.args.argument(1))?,
            source_keyspace: source.keyspace.to_string(),
            source_shard: source.shard.to_string(),
            key_range,
            tables: cx.args.list("tables"),
        };
        let reply = cx.client()?.source_shard_add(request).await?;
        let json = cx.layout.found("topodata.Shard", reply.shard.as_ref())?;
        Ok(format!("Updated shard record:\n{json}"))
    })
}

fn source_delete(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = SourceShardDeleteRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            uid: parse_uid(cx.args.argument(1))?,
        };
        let reply = cx.client()?.source_shard_delete(request).await?;
        let json = cx.layout.found("topodata.Shard", reply.shard.as_ref())?;
        Ok(format!("Updated shard record:\n{json}"))
    })
}

fn remove_cell(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let cell = cx.args.argument(1).to_owned();
        let request = RemoveShardCellRequest {
            keyspace: shard.keyspace.to_string(),
            shard_name: shard.shard.to_string(),
            cell: cell.clone(),
            force: cx.args.is_on("force"),
            recursive: cx.args.is_on("recursive"),
        };
        cx.client()?.remove_shard_cell(request).await?;
        Ok(format!("Successfully removed cell {cell} from shard {shard}\n"))
    })
}

fn set_vtorc(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (enable, disable) = (cx.args.is_on("enable"), cx.args.is_on("disable"));
        if enable == disable {
            return Err(Failure::Usage("pass either --enable or --disable".to_owned()));
        }
        let request = SetVtorcEmergencyReparentRequest {
            keyspace: cx.args.argument(0).to_owned(),
            shard: cx.args.argument(1).to_owned(),
            disable,
        };
        cx.client()?.set_vtorc_emergency_reparent(request).await?;
        Ok(String::new())
    })
}

fn generate_ranges(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let given = match cx.args.argument(0) {
            "" => cx.args.text("shards"),
            argument => argument,
        };
        let count: u32 =
            given.parse().ok().filter(|count| *count <= SHARDS_MAX).ok_or_else(|| {
                Failure::Usage(format!(
                    "the number of shards is a number from 1 to {SHARDS_MAX}, not {given:?}"
                ))
            })?;
        let names = KeyRange::shard_names(count).map_err(|err| usage(&err))?;
        Ok(cx.layout.value(&serde_json::json!(names)))
    })
}

/// More shards than this are no keyspace of this world.
const SHARDS_MAX: u32 = 65_536;
