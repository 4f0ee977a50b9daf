//! Keyspaces.

use vt_proto::topodata::KeyspaceType;
use vt_proto::vtctldata::*;
use vt_proto::vttime;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};

const CREATE_FLAGS: &[Flag] = &[
    Flag::new("allow-empty-vschema", Kind::Switch, "make no VSchema for it").short('e'),
    Flag::new("base-keyspace", Kind::Text, "keyspace that a SNAPSHOT is of"),
    Flag::new(
        "durability-policy",
        Kind::Text,
        "none, semi_sync, cross_cell, semi_sync_with_rdonly_ack or cross_cell_with_rdonly_ack; \
         left out: none until each shard has a second tablet, semi_sync from then on",
    ),
    Flag::new("force", Kind::Switch, "go on if it exists already").short('f'),
    Flag::new("sidecar-db-name", Kind::Text, "database of the system's own tables on its tablets")
        .or("_vt"),
    Flag::new(
        "snapshot-timestamp",
        Kind::Text,
        "moment that a SNAPSHOT is of, as 2006-01-02T15:04:05+00:00",
    ),
    Flag::new("type", Kind::Text, "NORMAL or SNAPSHOT").or("NORMAL"),
];
const DELETE_FLAGS: &[Flag] = &[
    Flag::new("force", Kind::Switch, "delete it though its lock cannot be had").short('f'),
    Flag::new("recursive", Kind::Switch, "delete its shards and tablets too").short('r'),
];
const POLICY_FLAGS: &[Flag] =
    &[Flag::new("durability-policy", Kind::Text, "name of the policy").or("none")];
const GRAPH_FLAGS: &[Flag] = &[
    Flag::new("allow-partial", Kind::Switch, "let a SNAPSHOT keyspace have gaps"),
    Flag::new("cells", Kind::List, "cells to write it in; all if left out").short('c'),
];
const CELL_FLAGS: &[Flag] = &[
    Flag::new("force", Kind::Switch, "go on though the cell cannot be reached").short('f'),
    Flag::new("recursive", Kind::Switch, "delete the tablets of the cell too").short('r'),
];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("CreateKeyspace", "Creates a keyspace", create_keyspace)
        .takes(
            Arguments::Exactly(1),
            "<keyspace> [--force|-f] [--type KEYSPACE_TYPE] [--base-keyspace KEYSPACE --snapshot-timestamp TIME] \
             [--durability-policy <policy_name>] [--sidecar-db-name <db_name>]",
        )
        .flags(CREATE_FLAGS),
    Command::new("DeleteKeyspace", "Deletes a keyspace", delete_keyspace)
        .takes(Arguments::Exactly(1), "[--recursive|-r] [--force|-f] <keyspace>")
        .details("Without --recursive the keyspace must have no shards.")
        .flags(DELETE_FLAGS),
    Command::new("GetKeyspace", "Prints a keyspace's record", get_keyspace)
        .takes(Arguments::Exactly(1), "<keyspace>"),
    Command::new("GetKeyspaces", "Prints the records of all keyspaces", get_keyspaces),
    Command::new("FindAllShardsInKeyspace", "Prints the shards of a keyspace", find_all_shards)
        .takes(Arguments::Exactly(1), "<keyspace>"),
    Command::new("SetKeyspaceDurabilityPolicy", "Sets how surely a keyspace keeps what it has acknowledged", set_policy)
        .takes(Arguments::Exactly(1), "[--durability-policy=policy_name] <keyspace name>")
        .details("Run PlannedReparentShard --new-primary with each shard's present primary to have its tablets follow the policy at once.")
        .flags(POLICY_FLAGS),
    Command::new("RebuildKeyspaceGraph", "Writes the serving graph of keyspaces anew", rebuild_graph)
        .takes(Arguments::AtLeast(1), "[--cells=c1,c2,...] [--allow-partial] ks1 [ks2 ...]")
        .flags(GRAPH_FLAGS),
    Command::new("RemoveKeyspaceCell", "Takes a cell out of all shards of a keyspace", remove_cell)
        .takes(Arguments::Exactly(2), "[--force|-f] [--recursive|-r] <keyspace> <cell>")
        .flags(CELL_FLAGS),
];

fn create_keyspace(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let name = cx.args.argument(0).to_owned();
        let kind = match cx.args.text("type").to_ascii_uppercase().as_str() {
            "NORMAL" => KeyspaceType::Normal,
            "SNAPSHOT" => KeyspaceType::Snapshot,
            other => {
                return Err(Failure::Usage(format!(
                    "unknown type of keyspace {other}: it is NORMAL or SNAPSHOT"
                )));
            }
        };
        let snapshot_time = match cx.args.text("snapshot-timestamp") {
            "" => None,
            text => Some(parse_time(text)?),
        };
        let request = CreateKeyspaceRequest {
            name: name.clone(),
            force: cx.args.is_on("force"),
            allow_empty_v_schema: cx.args.is_on("allow-empty-vschema"),
            r#type: kind as i32,
            base_keyspace: cx.args.text("base-keyspace").to_owned(),
            snapshot_time,
            durability_policy: cx.args.text("durability-policy").to_owned(),
            sidecar_db_name: cx.args.text("sidecar-db-name").to_owned(),
        };
        let reply = cx.client()?.create_keyspace(request).await?;
        let json = cx.layout.found("vtctldata.Keyspace", reply.keyspace.as_ref())?;
        Ok(format!("Successfully created keyspace {name}. Result:\n{json}"))
    })
}

/// Reads `2026-03-09T09:34:35Z`, with `Z` or an offset.
fn parse_time(text: &str) -> Result<vttime::Time, Failure> {
    let wrong = || {
        Failure::Usage(format!(
            "cannot read the time {text:?}; it is written as 2006-01-02T15:04:05+00:00"
        ))
    };
    let number = |from: usize, to: usize| -> Result<i64, Failure> {
        text.get(from..to).and_then(|part| part.parse().ok()).ok_or_else(wrong)
    };
    let separators = [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')];
    if separators
        .iter()
        .any(|(at, mark)| text.get(*at..*at + 1) != Some(mark.encode_utf8(&mut [0; 4])))
    {
        return Err(wrong());
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return Err(wrong());
    }
    let offset = match text.get(19..).unwrap_or_default() {
        "Z" | "z" => 0,
        zone if zone.len() == 6 && zone.is_ascii() => {
            let sign = match &zone[..1] {
                "+" => 1,
                "-" => -1,
                _ => return Err(wrong()),
            };
            let hours: i64 = zone[1..3].parse().map_err(|_| wrong())?;
            let minutes: i64 = zone[4..6].parse().map_err(|_| wrong())?;
            sign * (hours * 3600 + minutes * 60)
        }
        _ => return Err(wrong()),
    };
    // Days since 1970 of the proleptic Gregorian calendar; the year is counted from March.
    let (shifted_year, shifted_month) =
        if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Ok(vttime::Time { seconds, nanoseconds: 0 })
}

fn delete_keyspace(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let keyspace = cx.args.argument(0).to_owned();
        let request = DeleteKeyspaceRequest {
            keyspace: keyspace.clone(),
            recursive: cx.args.is_on("recursive"),
            force: cx.args.is_on("force"),
        };
        cx.client()?.delete_keyspace(request).await?;
        Ok(format!("Successfully deleted keyspace {keyspace}.\n"))
    })
}

fn get_keyspace(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetKeyspaceRequest { keyspace: cx.args.argument(0).to_owned() };
        let reply = cx.client()?.get_keyspace(request).await?;
        cx.layout.found("vtctldata.Keyspace", reply.keyspace.as_ref())
    })
}

fn get_keyspaces(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let reply = cx.client()?.get_keyspaces(GetKeyspacesRequest {}).await?;
        Ok(cx.layout.array("vtctldata.Keyspace", &reply.keyspaces)?)
    })
}

fn find_all_shards(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = FindAllShardsInKeyspaceRequest { keyspace: cx.args.argument(0).to_owned() };
        let reply = cx.client()?.find_all_shards_in_keyspace(request).await?;
        Ok(cx.layout.message("vtctldata.FindAllShardsInKeyspaceResponse", &reply)?)
    })
}

fn set_policy(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = SetKeyspaceDurabilityPolicyRequest {
            keyspace: cx.args.argument(0).to_owned(),
            durability_policy: cx.args.text("durability-policy").to_owned(),
        };
        let reply = cx.client()?.set_keyspace_durability_policy(request).await?;
        Ok(cx.layout.message("vtctldata.SetKeyspaceDurabilityPolicyResponse", &reply)?)
    })
}

fn rebuild_graph(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        for keyspace in &cx.args.positional {
            let request = RebuildKeyspaceGraphRequest {
                keyspace: keyspace.clone(),
                cells: cx.args.list("cells"),
                allow_partial: cx.args.is_on("allow-partial"),
            };
            cx.client()?.rebuild_keyspace_graph(request).await?;
        }
        Ok(String::new())
    })
}

fn remove_cell(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, cell) = (cx.args.argument(0).to_owned(), cx.args.argument(1).to_owned());
        let request = RemoveKeyspaceCellRequest {
            keyspace: keyspace.clone(),
            cell: cell.clone(),
            force: cx.args.is_on("force"),
            recursive: cx.args.is_on("recursive"),
        };
        cx.client()?.remove_keyspace_cell(request).await?;
        Ok(format!("Successfully removed keyspace {keyspace} from cell {cell}\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_zone() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-03-09T09:34:35Z", 1_773_048_875),
            ("2026-03-09T10:34:35+01:00", 1_773_048_875),
            ("2000-02-29T00:00:00-00:30", 951_784_200),
        ] {
            assert_eq!(parse_time(text).unwrap().seconds, seconds, "{text}");
        }
        for wrong in [
            "",
            "2026-03-09",
            "2026-13-09T09:34:35Z",
            "2026-03-09T09:34:35",
            "20é6-03-09T09:34:35Z",
        ] {
            assert!(parse_time(wrong).is_err(), "{wrong} was taken");
        }
    }
}
