//! Tables: to see them, to change them, to have tablets look at them again.

use vt_proto::vtctldata::*;
use vt_proto::vtrpc::CallerId;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::output::{events, lines};
use crate::values::{parse_alias, parse_shard, proto_duration, text_or_file};

const APPLY_FLAGS: &[Flag] = &[
    Flag::new("batch-size", Kind::Int, "how many statements are sent at once"),
    Flag::new("caller-id", Kind::Text, "who the change is made for"),
    Flag::new("ddl-strategy", Kind::Text, "how tables are changed").or("direct"),
    Flag::new("migration-context", Kind::Text, "name that groups changes"),
    Flag::new("sql", Kind::Repeated, "statements, several with ;"),
    Flag::new("sql-file", Kind::Text, "file with the statements"),
    Flag::new("uuid", Kind::List, "ids of the changes, for other strategies than direct"),
    Flag::new(
        "wait-replicas-timeout",
        Kind::Duration,
        "how long replicas have to catch up before they reload",
    )
    .or("10s"),
];
const GET_FLAGS: &[Flag] = &[
    Flag::new("exclude-tables", Kind::List, "leave out these tables; /regexp/ stands for several"),
    Flag::new("include-views", Kind::Switch, "print views too"),
    Flag::new("table-names-only", Kind::Switch, "print names only, one a line").short('n'),
    Flag::new("table-schema-only", Kind::Switch, "leave out columns and sizes"),
    Flag::new("table-sizes-only", Kind::Switch, "print names, rows and bytes only").short('s'),
    Flag::new("tables", Kind::List, "only these tables; /regexp/ stands for several"),
];
const RELOAD_FLAGS: &[Flag] = &[
    Flag::new("concurrency", Kind::Int, "how many tablets at once").or("10"),
    Flag::new("include-primary", Kind::Switch, "tell the primary too"),
];
const COPY_FLAGS: &[Flag] = &[
    Flag::new("exclude-tables", Kind::List, "leave out these tables; /regexp/ stands for several"),
    Flag::new("include-views", Kind::Switch, "copy views too"),
    Flag::new("skip-verify", Kind::Switch, "do not compare afterwards"),
    Flag::new("tables", Kind::List, "only these tables; /regexp/ stands for several"),
    Flag::new(
        "wait-replicas-timeout",
        Kind::Duration,
        "how long replicas have to catch up before they reload",
    )
    .or("10s"),
];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("ApplySchema", "Runs statements on all shards of a keyspace", apply)
        .takes(
            Arguments::Exactly(1),
            "[--ddl-strategy <strategy>] [--wait-replicas-timeout <duration>] [--caller-id <caller_id>] \
             {--sql-file <file> | --sql <sql>} <keyspace>",
        )
        .details("It ends when every shard has run every statement and the replicas have read their schema anew.")
        .flags(APPLY_FLAGS),
    Command::new("GetSchema", "Prints the tables of a tablet", get)
        .takes(
            Arguments::Exactly(1),
            "[--tables TABLES ...] [--exclude-tables EXCLUDE_TABLES ...] [{--table-names-only | --table-sizes-only}] [--include-views] alias",
        )
        .flags(GET_FLAGS),
    Command::new("ReloadSchema", "Has a tablet read its schema anew", reload)
        .takes(Arguments::Exactly(1), "<tablet_alias>"),
    Command::new("ReloadSchemaShard", "Has all replicas of a shard read their schema anew", reload_shard)
        .takes(Arguments::Exactly(1), "[--concurrency=10] [--include-primary] <keyspace/shard>")
        .flags(RELOAD_FLAGS),
    Command::new("ReloadSchemaKeyspace", "Has all replicas of a keyspace read their schema anew", reload_keyspace)
        .takes(Arguments::Exactly(1), "[--concurrency=<concurrency>] [--include-primary] <keyspace>")
        .flags(RELOAD_FLAGS),
    Command::new("CopySchemaShard", "Makes the tables of a tablet on the primary of a shard", copy)
        .takes(
            Arguments::Exactly(2),
            "[--tables=<table1>,...] [--exclude-tables=<table1>,...] [--include-views] [--skip-verify] \
             {<source keyspace/shard> | <source tablet alias>} <destination keyspace/shard>",
        )
        .flags(COPY_FLAGS),
    Command::new("GetPermissions", "Prints the accounts of a tablet's MySQL", permissions)
        .takes(Arguments::Exactly(1), "<tablet_alias>"),
];

fn apply(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let sql = match (cx.args.list("sql"), cx.args.text("sql-file")) {
            (sql, "") if !sql.is_empty() => sql,
            (sql, file) => vec![text_or_file(("sql", &sql.concat()), ("sql-file", file))?],
        };
        let caller = cx.args.text("caller-id");
        let caller_id = (!caller.is_empty())
            .then(|| CallerId { principal: caller.to_owned(), ..Default::default() });
        let request = ApplySchemaRequest {
            keyspace: cx.args.argument(0).to_owned(),
            sql,
            ddl_strategy: cx.args.text("ddl-strategy").to_owned(),
            uuid_list: cx.args.list("uuid"),
            migration_context: cx.args.text("migration-context").to_owned(),
            wait_replicas_timeout: proto_duration(cx.args.duration("wait-replicas-timeout")),
            caller_id,
            batch_size: cx.args.int("batch-size"),
        };
        Ok(lines(cx.client()?.apply_schema(request).await?.uuid_list))
    })
}

fn get(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let names_only = cx.args.is_on("table-names-only");
        let request = GetSchemaRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            tables: cx.args.list("tables"),
            exclude_tables: cx.args.list("exclude-tables"),
            include_views: cx.args.is_on("include-views"),
            table_names_only: names_only,
            table_sizes_only: cx.args.is_on("table-sizes-only"),
            table_schema_only: cx.args.is_on("table-schema-only"),
        };
        let schema = cx.client()?.get_schema(request).await?.schema.unwrap_or_default();
        match names_only {
            true => Ok(lines(schema.table_definitions.iter().map(|table| &table.name))),
            false => Ok(cx.layout.message("tabletmanagerdata.SchemaDefinition", &schema)?),
        }
    })
}

fn reload(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        cx.client()?.reload_schema(ReloadSchemaRequest { tablet_alias }).await?;
        Ok(String::new())
    })
}

fn concurrency(cx: &Context) -> i32 {
    i32::try_from(cx.args.int("concurrency")).unwrap_or_default()
}

fn reload_shard(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = ReloadSchemaShardRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            include_primary: cx.args.is_on("include-primary"),
            concurrency: concurrency(cx),
            ..Default::default()
        };
        Ok(events(&cx.client()?.reload_schema_shard(request).await?.events))
    })
}

fn reload_keyspace(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = ReloadSchemaKeyspaceRequest {
            keyspace: cx.args.argument(0).to_owned(),
            include_primary: cx.args.is_on("include-primary"),
            concurrency: concurrency(cx),
            ..Default::default()
        };
        Ok(events(&cx.client()?.reload_schema_keyspace(request).await?.events))
    })
}

fn copy(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let target = parse_shard(cx.args.argument(1))?;
        let source = cx.args.argument(0);
        let source_tablet_alias = match source.contains('/') {
            false => Some(parse_alias(source)?),
            true => {
                let shard = parse_shard(source)?;
                let request = GetShardRequest {
                    keyspace: shard.keyspace.to_string(),
                    shard_name: shard.shard.to_string(),
                };
                let found = cx.client()?.get_shard(request).await?.shard;
                let primary = found.and_then(|one| one.shard).and_then(|one| one.primary_alias);
                Some(primary.ok_or_else(|| {
                    Failure::Usage(format!("shard {shard} has no primary; name one of its tablets"))
                })?)
            }
        };
        let request = CopySchemaShardRequest {
            source_tablet_alias,
            tables: cx.args.list("tables"),
            exclude_tables: cx.args.list("exclude-tables"),
            include_views: cx.args.is_on("include-views"),
            skip_verify: cx.args.is_on("skip-verify"),
            wait_replicas_timeout: proto_duration(cx.args.duration("wait-replicas-timeout")),
            destination_keyspace: target.keyspace.to_string(),
            destination_shard: target.shard.to_string(),
        };
        cx.client()?.copy_schema_shard(request).await?;
        Ok(String::new())
    })
}

fn permissions(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        let reply = cx.client()?.get_permissions(GetPermissionsRequest { tablet_alias }).await?;
        cx.layout.found("tabletmanagerdata.Permissions", reply.permissions.as_ref())
    })
}
