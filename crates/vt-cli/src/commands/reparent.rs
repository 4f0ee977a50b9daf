//! Who is primary.

use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};
use crate::flags::{Flag, Kind};
use crate::output::events;
use crate::values::{parse_alias, parse_alias_if_given, parse_shard, proto_duration};

const PLANNED_FLAGS: &[Flag] = &[
    Flag::new("allow-cross-cell-promotion", Kind::Switch, "let the new primary be in another cell"),
    Flag::new("avoid-primary", Kind::Text, "tablet that is not to be primary"),
    Flag::new("expected-primary", Kind::Text, "do nothing unless this is the primary now"),
    Flag::new("new-primary", Kind::Text, "tablet that is to be primary; chosen if left out"),
    Flag::new(
        "tolerable-replication-lag",
        Kind::Duration,
        "a replica further behind is not chosen",
    ),
    Flag::new("wait-replicas-timeout", Kind::Duration, "how long each step waits for replication")
        .or("15s"),
];
const EMERGENCY_FLAGS: &[Flag] = &[
    Flag::new(
        "expected-primary",
        Kind::Text,
        "do nothing unless this is the primary in the shard's record",
    ),
    Flag::new(
        "ignore-replicas",
        Kind::List,
        "tablets that do not count, though they may have writes that nobody else has",
    )
    .short('i'),
    Flag::new("new-primary", Kind::Text, "tablet that is to be primary; chosen if left out"),
    Flag::new("prevent-cross-cell-promotion", Kind::Switch, "keep the primary in its cell"),
    Flag::new(
        "wait-for-all-tablets",
        Kind::Switch,
        "taken for old scripts; every tablet is waited for, within the timeout",
    ),
    Flag::new("wait-replicas-timeout", Kind::Duration, "how long each step waits for replication")
        .or("15s"),
];
const INIT_FLAGS: &[Flag] = &[
    Flag::new(
        "force",
        Kind::Switch,
        "taken for old scripts; a shard with a primary is left alone all the same",
    ),
    Flag::new("wait-replicas-timeout", Kind::Duration, "how long each step waits for replication")
        .or("30s"),
];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("PlannedReparentShard", "Hands a shard's primary over to another tablet, or elects the first", planned)
        .takes(Arguments::Exactly(1), "[--new-primary <alias>] [--avoid-primary <alias>] <keyspace/shard>")
        .details("Nothing that was acknowledged is lost. If a step fails before the new primary is promoted, the old one goes on.")
        .flags(PLANNED_FLAGS),
    Command::new("EmergencyReparentShard", "Replaces a primary that is lost", emergency)
        .takes(Arguments::Exactly(1), "[--new-primary <alias>] [--ignore-replicas <alias1,alias2>] <keyspace/shard>")
        .details("The tablet with the most transactions takes over. Where two tablets each have what the other lacks, nothing is done and both are named.")
        .flags(EMERGENCY_FLAGS),
    Command::new("InitShardPrimary", "Makes a tablet the first primary of a shard; use PlannedReparentShard", init)
        .takes(Arguments::Exactly(2), "<keyspace/shard> <primary alias>")
        .flags(INIT_FLAGS),
    Command::new("ReparentTablet", "Points a tablet at its shard's primary again", reparent_tablet)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("TabletExternallyReparented", "Notes that a tablet's MySQL was made primary from outside", externally)
        .takes(Arguments::Exactly(1), "<alias>"),
];

fn planned(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = PlannedReparentShardRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            new_primary: parse_alias_if_given(cx.args.text("new-primary"))?,
            avoid_primary: parse_alias_if_given(cx.args.text("avoid-primary"))?,
            expected_primary: parse_alias_if_given(cx.args.text("expected-primary"))?,
            wait_replicas_timeout: proto_duration(cx.args.duration("wait-replicas-timeout")),
            tolerable_replication_lag: proto_duration(
                cx.args.duration("tolerable-replication-lag"),
            ),
            allow_cross_cell_promotion: cx.args.is_on("allow-cross-cell-promotion"),
        };
        Ok(events(&cx.client()?.planned_reparent_shard(request).await?.events))
    })
}

fn emergency(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let mut ignore_replicas = Vec::new();
        for text in cx.args.list("ignore-replicas") {
            ignore_replicas.push(parse_alias(&text)?);
        }
        let request = EmergencyReparentShardRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            new_primary: parse_alias_if_given(cx.args.text("new-primary"))?,
            ignore_replicas,
            wait_replicas_timeout: proto_duration(cx.args.duration("wait-replicas-timeout")),
            prevent_cross_cell_promotion: cx.args.is_on("prevent-cross-cell-promotion"),
            wait_for_all_tablets: cx.args.is_on("wait-for-all-tablets"),
            expected_primary: parse_alias_if_given(cx.args.text("expected-primary"))?,
        };
        Ok(events(&cx.client()?.emergency_reparent_shard(request).await?.events))
    })
}

fn init(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let shard = parse_shard(cx.args.argument(0))?;
        let request = InitShardPrimaryRequest {
            keyspace: shard.keyspace.to_string(),
            shard: shard.shard.to_string(),
            primary_elect_tablet_alias: Some(parse_alias(cx.args.argument(1))?),
            force: cx.args.is_on("force"),
            wait_replicas_timeout: proto_duration(cx.args.duration("wait-replicas-timeout")),
        };
        Ok(events(&cx.client()?.init_shard_primary(request).await?.events))
    })
}

fn reparent_tablet(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = ReparentTabletRequest { tablet: Some(parse_alias(cx.args.argument(0))?) };
        let reply = cx.client()?.reparent_tablet(request).await?;
        Ok(cx.layout.message("vtctldata.ReparentTabletResponse", &reply)?)
    })
}

fn externally(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet = Some(parse_alias(cx.args.argument(0))?);
        let request = TabletExternallyReparentedRequest { tablet };
        let reply = cx.client()?.tablet_externally_reparented(request).await?;
        Ok(cx.layout.message("vtctldata.TabletExternallyReparentedResponse", &reply)?)
    })
}
