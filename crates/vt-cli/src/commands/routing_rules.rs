//! Rules that send tables, shards and keyspaces elsewhere.

use vt_proto::json::from_json;
use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::values::{text_or_file, usage};

const FLAGS: &[Flag] = &[
    Flag::new("cells", Kind::List, "cells whose gateways learn of them; all if left out")
        .short('c'),
    Flag::new("dry-run", Kind::Switch, "print the rules, and save nothing").short('d'),
    Flag::new("rules", Kind::Text, "the rules as JSON").short('r'),
    Flag::new("rules-file", Kind::Text, "file with the rules as JSON").short('f'),
    Flag::new("skip-rebuild", Kind::Switch, "save them, and leave the gateways as they are"),
];
const USAGE: &str =
    "{--rules RULES | --rules-file RULES_FILE} [--cells=c1,c2,...] [--skip-rebuild] [--dry-run]";

pub(super) const COMMANDS: &[Command] = &[
    Command::new("GetRoutingRules", "Prints the rules of tables", get_tables),
    Command::new("ApplyRoutingRules", "Replaces the rules of tables", apply_tables)
        .takes(Arguments::Exactly(0), USAGE)
        .flags(FLAGS),
    Command::new("GetShardRoutingRules", "Prints the rules of shards", get_shards),
    Command::new("ApplyShardRoutingRules", "Replaces the rules of shards", apply_shards)
        .takes(Arguments::Exactly(0), USAGE)
        .flags(FLAGS),
    Command::new("GetKeyspaceRoutingRules", "Prints the rules of keyspaces", get_keyspaces),
    Command::new("ApplyKeyspaceRoutingRules", "Replaces the rules of keyspaces", apply_keyspaces)
        .takes(Arguments::Exactly(0), USAGE)
        .flags(FLAGS),
    Command::new(
        "GetMirrorRules",
        "Prints which tables' reads are sent to a second table too",
        get_mirror,
    ),
];

fn rules_text(cx: &Context) -> Result<String, Failure> {
    text_or_file(("rules", cx.args.text("rules")), ("rules-file", cx.args.text("rules-file")))
}

/// Says what would be done.
fn dry_run(cx: &Context, kind: &str, json: &str) -> String {
    let cells = cx.args.list("cells");
    let rebuild = match (cx.args.is_on("skip-rebuild"), cells.is_empty()) {
        (true, _) => "[DRY RUN] Would not have rebuilt VSchema graph, would have required operator to run RebuildVSchemaGraph for changes to take effect.".to_owned(),
        (false, true) => "[DRY RUN] Would have rebuilt the VSchema graph in all cells".to_owned(),
        (false, false) => format!(
            "[DRY RUN] Would have rebuilt the VSchema graph in the following cells: {}.",
            cells.join(", ")
        ),
    };
    format!("[DRY RUN] Would have saved new {kind} object:\n{json}{rebuild}\n")
}

/// Says what was done.
fn done(cx: &Context, kind: &str, json: &str) -> String {
    let rebuild = match cx.args.is_on("skip-rebuild") {
        true => {
            "Skipping rebuild of VSchema graph, will need to run RebuildVSchemaGraph for changes to take effect.\n"
        }
        false => "",
    };
    format!(
        "New {kind} object:\n{json}If this is not what you expected, check the input data (as JSON parsing will skip unexpected fields).\n{rebuild}"
    )
}

fn get_tables(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let reply = cx.client()?.get_routing_rules(GetRoutingRulesRequest {}).await?;
        cx.layout.found("vschema.RoutingRules", reply.routing_rules.as_ref())
    })
}

fn apply_tables(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let rules =
            from_json("vschema.RoutingRules", &rules_text(cx)?).map_err(|err| usage(&err))?;
        let json = cx.layout.message("vschema.RoutingRules", &rules)?;
        if cx.args.is_on("dry-run") {
            return Ok(dry_run(cx, "RoutingRules", &json));
        }
        let request = ApplyRoutingRulesRequest {
            routing_rules: Some(rules),
            skip_rebuild: cx.args.is_on("skip-rebuild"),
            rebuild_cells: cx.args.list("cells"),
        };
        cx.client()?.apply_routing_rules(request).await?;
        Ok(done(cx, "RoutingRules", &json))
    })
}

fn get_shards(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let reply = cx.client()?.get_shard_routing_rules(GetShardRoutingRulesRequest {}).await?;
        cx.layout.found("vschema.ShardRoutingRules", reply.shard_routing_rules.as_ref())
    })
}

fn apply_shards(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let rules =
            from_json("vschema.ShardRoutingRules", &rules_text(cx)?).map_err(|err| usage(&err))?;
        let json = cx.layout.message("vschema.ShardRoutingRules", &rules)?;
        if cx.args.is_on("dry-run") {
            return Ok(dry_run(cx, "ShardRoutingRules", &json));
        }
        let request = ApplyShardRoutingRulesRequest {
            shard_routing_rules: Some(rules),
            skip_rebuild: cx.args.is_on("skip-rebuild"),
            rebuild_cells: cx.args.list("cells"),
        };
        cx.client()?.apply_shard_routing_rules(request).await?;
        Ok(done(cx, "ShardRoutingRules", &json))
    })
}

fn get_keyspaces(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetKeyspaceRoutingRulesRequest {};
        let reply = cx.client()?.get_keyspace_routing_rules(request).await?;
        cx.layout.found("vschema.KeyspaceRoutingRules", reply.keyspace_routing_rules.as_ref())
    })
}

fn apply_keyspaces(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let rules = from_json("vschema.KeyspaceRoutingRules", &rules_text(cx)?)
            .map_err(|err| usage(&err))?;
        let json = cx.layout.message("vschema.KeyspaceRoutingRules", &rules)?;
        if cx.args.is_on("dry-run") {
            return Ok(dry_run(cx, "KeyspaceRoutingRules", &json));
        }
        let request = ApplyKeyspaceRoutingRulesRequest {
            keyspace_routing_rules: Some(rules),
            skip_rebuild: cx.args.is_on("skip-rebuild"),
            rebuild_cells: cx.args.list("cells"),
        };
        cx.client()?.apply_keyspace_routing_rules(request).await?;
        Ok(done(cx, "KeyspaceRoutingRules", &json))
    })
}

fn get_mirror(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let reply = cx.client()?.get_mirror_rules(GetMirrorRulesRequest {}).await?;
        cx.layout.found("vschema.MirrorRules", reply.mirror_rules.as_ref())
    })
}
