//! Tablets: their records, and what they are told.

use std::collections::BTreeMap;

use vt_base::TabletAlias;
use vt_control::listing::{tablet_line, tags_text};
use vt_proto::tabletmanagerdata;
use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::output::lines;
use crate::values::{
    parse_alias, parse_bool, parse_duration, parse_shard, parse_tablet_type, proto_duration,
};

const GET_FLAGS: &[Flag] = &[
    Flag::new("cell", Kind::List, "cells, or aliases of cells").short('c'),
    Flag::new("format", Kind::Text, "awk: a line a tablet; json").or("awk"),
    Flag::new("keyspace", Kind::Text, "only tablets of this keyspace").short('k'),
    Flag::new("shard", Kind::Text, "only tablets of this shard").short('s'),
    Flag::new("strict", Kind::Switch, "fail if a cell or tablet cannot be read"),
    Flag::new("tablet-alias", Kind::List, "these tablets").short('t'),
    Flag::new("tablet-type", Kind::Text, "only tablets of this type"),
];
const DELETE_FLAGS: &[Flag] =
    &[Flag::new("allow-primary", Kind::Switch, "delete it though it is its shard's primary")
        .short('p')];
const TYPE_FLAGS: &[Flag] =
    &[Flag::new("dry-run", Kind::Switch, "say what would change, and change nothing").short('d')];
const TAGS_FLAGS: &[Flag] =
    &[Flag::new("replace", Kind::Switch, "forget the tags that are not given").short('r')];
const REFRESH_FLAGS: &[Flag] =
    &[Flag::new("cells", Kind::List, "only tablets in these cells").short('c')];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("GetTablet", "Prints a tablet's record", get_tablet)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("GetTablets", "Lists tablets", get_tablets)
        .takes(
            Arguments::Exactly(0),
            "[--strict] [{--cell $c1 [--cell $c2 ...] [--tablet-type $t1] [--keyspace $ks [--shard $shard]], --tablet-alias $alias}]",
        )
        .details("A line has alias, keyspace, shard, type, host:web port, host:MySQL port, tags, and the beginning of the primary's term.")
        .flags(GET_FLAGS),
    Command::new("DeleteTablets", "Deletes tablets from the topology", delete_tablets)
        .takes(Arguments::AtLeast(1), "<alias> [ <alias> ... ]")
        .flags(DELETE_FLAGS),
    Command::new("ChangeTabletType", "Changes what a tablet is for", change_type)
        .takes(Arguments::Exactly(2), "[--dry-run] <alias> <tablet-type>")
        .flags(TYPE_FLAGS),
    Command::new("ChangeTabletTags", "Changes a tablet's tags", change_tags)
        .takes(Arguments::AtLeast(2), "<alias> <tablet-tag> [ <tablet-tag> ... ]")
        .details("A tag is written name:value; an empty value removes it.")
        .flags(TAGS_FLAGS),
    Command::new("PingTablet", "Asks a tablet whether it is there", ping)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("SleepTablet", "Keeps a tablet's action queue busy", sleep)
        .takes(Arguments::Exactly(2), "<alias> <duration>"),
    Command::new("RefreshState", "Has a tablet read its record anew", refresh)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("RefreshStateByShard", "Has all tablets of a shard read their records anew", refresh_shard)
        .takes(Arguments::Exactly(1), "[--cell <cell1> ...] <keyspace/shard>")
        .flags(REFRESH_FLAGS),
    Command::new("RunHealthCheck", "Has a tablet check its health now", run_health_check)
        .takes(Arguments::Exactly(1), "<tablet_alias>"),
    Command::new("GetTabletVersion", "Prints which build a tablet runs", get_version)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("GetFullStatus", "Prints the state of a tablet's MySQL and replication", get_full_status)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("SetWritable", "Makes a tablet's MySQL take writes, or not", set_writable)
        .takes(Arguments::Exactly(2), "<alias> <true/false>"),
    Command::new("StartReplication", "Starts replication on a tablet", start_replication)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("StopReplication", "Stops replication on a tablet", stop_replication)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("ExecuteHook", "Runs a program of a tablet's hook folder", execute_hook)
        .takes(Arguments::AtLeast(2), "<alias> <hook_name> [<param1=value1> ...]"),
];

fn get_tablet(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        let reply = cx.client()?.get_tablet(GetTabletRequest { tablet_alias }).await?;
        cx.layout.found("topodata.Tablet", reply.tablet.as_ref())
    })
}

fn get_tablets(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let json = match cx.args.text("format") {
            "awk" => false,
            "json" => true,
            other => {
                return Err(Failure::Usage(format!(
                    "invalid output format {other}: it is awk or json"
                )));
            }
        };
        let mut tablet_aliases = Vec::new();
        for text in cx.args.list("tablet-alias") {
            tablet_aliases.push(parse_alias(&text)?);
        }
        let by_place =
            ["cell", "keyspace", "shard", "tablet-type"].into_iter().find(|flag| cx.args.has(flag));
        if let (false, Some(flag)) = (tablet_aliases.is_empty(), by_place) {
            return Err(Failure::Usage(format!(
                "--tablet-alias and --{flag} cannot be given together"
            )));
        }
        if cx.args.has("shard") && !cx.args.has("keyspace") {
            return Err(Failure::Usage("--shard specified without --keyspace".to_owned()));
        }
        let tablet_type = match cx.args.text("tablet-type") {
            "" => 0,
            text => parse_tablet_type(text)?,
        };
        let request = GetTabletsRequest {
            keyspace: cx.args.text("keyspace").to_owned(),
            shard: cx.args.text("shard").to_owned(),
            cells: cx.args.list("cell"),
            strict: cx.args.is_on("strict"),
            tablet_aliases,
            tablet_type,
        };
        let reply = cx.client()?.get_tablets(request).await?;
        match json {
            true => Ok(cx.layout.array("topodata.Tablet", &reply.tablets)?),
            false => Ok(lines(reply.tablets.iter().map(tablet_line))),
        }
    })
}

fn delete_tablets(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let mut tablet_aliases = Vec::new();
        for text in &cx.args.positional {
            tablet_aliases.push(parse_alias(text)?);
        }
        let names = lines(tablet_aliases.iter().map(|one| TabletAlias::from(one).to_string()));
        let allow_primary = cx.args.is_on("allow-primary");
        cx.client()?.delete_tablets(DeleteTabletsRequest { tablet_aliases, allow_primary }).await?;
        Ok(format!("Successfully deleted these tablets from the topology:\n{names}"))
    })
}

fn change_type(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = ChangeTabletTypeRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            db_type: parse_tablet_type(cx.args.argument(1))?,
            dry_run: cx.args.is_on("dry-run"),
        };
        let reply = cx.client()?.change_tablet_type(request).await?;
        let head = if reply.was_dry_run { "--- DRY RUN ---\n" } else { "" };
        let line = |tablet: Option<&vt_proto::topodata::Tablet>| {
            tablet.map(tablet_line).unwrap_or_default()
        };
        Ok(format!(
            "{head}- {}\n+ {}\n",
            line(reply.before_tablet.as_ref()),
            line(reply.after_tablet.as_ref())
        ))
    })
}

fn change_tags(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let mut tags = BTreeMap::new();
        for text in &cx.args.positional[1..] {
            let (name, value) = text.split_once([':', '=']).ok_or_else(|| {
                Failure::Usage(format!("a tag is written name:value, not {text:?}"))
            })?;
            tags.insert(name.to_owned(), value.to_owned());
        }
        let request = ChangeTabletTagsRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            tags,
            replace: cx.args.is_on("replace"),
        };
        let reply = cx.client()?.change_tablet_tags(request).await?;
        Ok(format!("- {}\n+ {}\n", tags_text(&reply.before_tags), tags_text(&reply.after_tags)))
    })
}

fn ping(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        cx.client()?.ping_tablet(PingTabletRequest { tablet_alias }).await?;
        Ok(String::new())
    })
}

fn sleep(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        let text = cx.args.argument(1);
        let duration = parse_duration(text)
            .map_err(|err| Failure::Usage(format!("invalid duration {text:?}: {err}")))?;
        let request = SleepTabletRequest { tablet_alias, duration: proto_duration(duration) };
        cx.client()?.sleep_tablet(request).await?;
        Ok(String::new())
    })
}

fn refresh(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let alias = parse_alias(cx.args.argument(0))?;
        let name = TabletAlias::from(&alias);
        cx.client()?.refresh_state(RefreshStateRequest { tablet_alias: Some(alias) }).await?;
        Ok(format!("Refreshed state on {name}\n"))
    })
}

fn refresh_shard(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = RefreshStateByShardRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            cells: cx.args.list("cells"),
        };
        let reply = cx.client()?.refresh_state_by_shard(request).await?;
        Ok(match reply.is_partial_refresh {
            false => format!("Refreshed state on {shard}\n"),
            true => format!(
                "State refresh was partial; some tablets in {shard} may not have succeeded.\n{}\n",
                reply.partial_refresh_details
            ),
        })
    })
}

fn run_health_check(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        cx.client()?.run_health_check(RunHealthCheckRequest { tablet_alias }).await?;
        Ok(String::new())
    })
}

fn get_version(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        Ok(cx.client()?.get_version(GetVersionRequest { tablet_alias }).await?.version + "\n")
    })
}

fn get_full_status(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        let reply = cx.client()?.get_full_status(GetFullStatusRequest { tablet_alias }).await?;
        cx.layout.found("replicationdata.FullStatus", reply.status.as_ref())
    })
}

fn set_writable(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = SetWritableRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            writable: parse_bool(cx.args.argument(1))?,
        };
        cx.client()?.set_writable(request).await?;
        Ok(String::new())
    })
}

fn start_replication(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        cx.client()?.start_replication(StartReplicationRequest { tablet_alias }).await?;
        Ok(String::new())
    })
}

fn stop_replication(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        cx.client()?.stop_replication(StopReplicationRequest { tablet_alias }).await?;
        Ok(String::new())
    })
}

fn execute_hook(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let hook = tabletmanagerdata::ExecuteHookRequest {
            name: cx.args.argument(1).to_owned(),
            parameters: cx.args.positional[2..].to_vec(),
            ..Default::default()
        };
        let request = ExecuteHookRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            tablet_hook_request: Some(hook),
        };
        let reply = cx.client()?.execute_hook(request).await?;
        cx.layout.found("tabletmanagerdata.ExecuteHookResponse", reply.hook_result.as_ref())
    })
}
