//! Whether what should agree does agree.

use std::collections::BTreeMap;
use std::fmt::Write;

use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::values::parse_shard;

const PING: &[Flag] =
    &[Flag::new("ping-tablets", Kind::Switch, "ask every tablet whether it is there").short('p')];
const SCHEMA_FLAGS: &[Flag] = &[
    Flag::new("exclude-tables", Kind::List, "leave out these tables; /regexp/ stands for several"),
    Flag::new("include-views", Kind::Switch, "compare views too"),
    Flag::new("include-vschema", Kind::Switch, "find tables that the VSchema does not name too"),
    Flag::new("skip-no-primary", Kind::Switch, "leave out shards without a primary"),
];
const SHARDS: &[Flag] = &[Flag::new("shards", Kind::List, "only these shards")];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("Validate", "Compares all records of the topology", validate)
        .takes(Arguments::Exactly(0), "[--ping-tablets]")
        .flags(PING),
    Command::new("ValidateKeyspace", "Compares the records of a keyspace", validate_keyspace)
        .takes(Arguments::Exactly(1), "[--ping-tablets] <keyspace>")
        .flags(PING),
    Command::new("ValidateShard", "Compares the records of a shard", validate_shard)
        .takes(Arguments::Exactly(1), "[--ping-tablets] <keyspace/shard>")
        .flags(PING),
    Command::new("ValidateSchemaKeyspace", "Compares the tables of all tablets of a keyspace", schema_keyspace)
        .takes(
            Arguments::Exactly(1),
            "[--exclude-tables=<exclude_tables>] [--include-views] [--skip-no-primary] [--include-vschema] <keyspace>",
        )
        .flags(SCHEMA_FLAGS),
    Command::new("ValidateSchemaShard", "Compares the tables of all tablets of a shard", schema_shard)
        .takes(
            Arguments::Exactly(1),
            "[--exclude-tables=<exclude_tables>] [--include-views] [--skip-no-primary] [--include-vschema] <keyspace/shard>",
        )
        .flags(SCHEMA_FLAGS),
    Command::new("ValidateVersionKeyspace", "Compares the builds of all tablets of a keyspace", version_keyspace)
        .takes(Arguments::Exactly(1), "<keyspace>"),
    Command::new("ValidateVersionShard", "Compares the builds of all tablets of a shard", version_shard)
        .takes(Arguments::Exactly(1), "<keyspace/shard>"),
    Command::new("ValidatePermissionsKeyspace", "Compares the accounts of all tablets of a keyspace", permissions_keyspace)
        .takes(Arguments::Exactly(1), "[--shards=<shard1>,...] <keyspace>")
        .flags(SHARDS),
    Command::new("ValidatePermissionsShard", "Compares the accounts of all tablets of a shard", permissions_shard)
        .takes(Arguments::Exactly(1), "<keyspace/shard>"),
];

/// Ends a validation: what was found is printed, and is a failure.
fn verdict(found: &str, clean: &str) -> Result<String, Failure> {
    match found.is_empty() {
        true => Ok(format!("{clean}\n")),
        false => Err(Failure::found_faults(format!("Validation results:\n{found}"))),
    }
}

fn add_results(out: &mut String, results: &[String]) {
    for result in results {
        let _infallible = writeln!(out, "- {result}");
    }
}

fn add_shards(out: &mut String, keyspace: &str, shards: &BTreeMap<String, ValidateShardResponse>) {
    for (shard, found) in shards.iter().filter(|(_, found)| !found.results.is_empty()) {
        let _infallible = writeln!(out, "Shard {keyspace}/{shard}:");
        add_results(out, &found.results);
    }
}

fn validate(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let ping_tablets = cx.args.is_on("ping-tablets");
        let reply = cx.client()?.validate(ValidateRequest { ping_tablets }).await?;
        let mut found = String::new();
        add_results(&mut found, &reply.results);
        for (keyspace, of_keyspace) in &reply.results_by_keyspace {
            add_results(&mut found, &of_keyspace.results);
            add_shards(&mut found, keyspace, &of_keyspace.results_by_shard);
        }
        verdict(&found, "Validation completed with no issues found")
    })
}

fn validate_keyspace(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let keyspace = cx.args.argument(0).to_owned();
        let ping_tablets = cx.args.is_on("ping-tablets");
        let request = ValidateKeyspaceRequest { keyspace: keyspace.clone(), ping_tablets };
        let reply = cx.client()?.validate_keyspace(request).await?;
        let mut found = String::new();
        add_results(&mut found, &reply.results);
        add_shards(&mut found, &keyspace, &reply.results_by_shard);
        verdict(&found, &format!("Validation of {keyspace} completed with no issues found"))
    })
}

fn validate_shard(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = ValidateShardRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            ping_tablets: cx.args.is_on("ping-tablets"),
        };
        let reply = cx.client()?.validate_shard(request).await?;
        let mut found = String::new();
        add_results(&mut found, &reply.results);
        verdict(&found, &format!("Validation of {shard} completed with no issues found"))
    })
}

fn schema_request(
    cx: &Context,
    keyspace: &str,
    shards: Vec<String>,
) -> ValidateSchemaKeyspaceRequest {
    ValidateSchemaKeyspaceRequest {
        keyspace: keyspace.to_owned(),
        exclude_tables: cx.args.list("exclude-tables"),
        include_views: cx.args.is_on("include-views"),
        skip_no_primary: cx.args.is_on("skip-no-primary"),
        include_vschema: cx.args.is_on("include-vschema"),
        shards,
    }
}

fn schema_keyspace(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = schema_request(cx, cx.args.argument(0), Vec::new());
        let reply = cx.client()?.validate_schema_keyspace(request).await?;
        Ok(cx.layout.message("vtctldata.ValidateSchemaKeyspaceResponse", &reply)?)
    })
}

fn schema_shard(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = schema_request(cx, &shard.keyspace, vec![shard.shard.to_string()]);
        let reply = cx.client()?.validate_schema_keyspace(request).await?;
        Ok(cx.layout.message("vtctldata.ValidateSchemaKeyspaceResponse", &reply)?)
    })
}

fn version_keyspace(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = ValidateVersionKeyspaceRequest { keyspace: cx.args.argument(0).to_owned() };
        let reply = cx.client()?.validate_version_keyspace(request).await?;
        Ok(cx.layout.message("vtctldata.ValidateVersionKeyspaceResponse", &reply)?)
    })
}

fn version_shard(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = ValidateVersionShardRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
        };
        let reply = cx.client()?.validate_version_shard(request).await?;
        Ok(cx.layout.message("vtctldata.ValidateVersionShardResponse", &reply)?)
    })
}

fn permissions_keyspace(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let keyspace = cx.args.argument(0).to_owned();
        let shards = cx.args.list("shards");
        let request = ValidatePermissionsKeyspaceRequest { keyspace: keyspace.clone(), shards };
        cx.client()?.validate_permissions_keyspace(request).await?;
        Ok(format!("Validation of permissions in {keyspace} completed with no issues found\n"))
    })
}

fn permissions_shard(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = ValidatePermissionsKeyspaceRequest {
            keyspace: shard.keyspace.to_string(),
            shards: vec![shard.shard.to_string()],
        };
        cx.client()?.validate_permissions_keyspace(request).await?;
        Ok(format!("Validation of permissions in {shard} completed with no issues found\n"))
    })
}
