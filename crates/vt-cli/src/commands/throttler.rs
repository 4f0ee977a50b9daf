//! The throttler: its settings, what it says of an application, and of itself.

use std::time::SystemTime;

use vt_proto::topodata::ThrottledAppRule;
use vt_proto::vtctldata::*;
use vt_topo::records::shard::to_proto_time;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::values::parse_alias;

const UPDATE_FLAGS: &[Flag] = &[
    Flag::new(
        "app-metrics",
        Kind::List,
        "metrics that are checked for --app-name, as lag or self/loadavg; none forgets them",
    ),
    Flag::new("app-name", Kind::Text, "the application whose metrics --app-metrics gives"),
    Flag::new(
        "check-as-check-self",
        Kind::Switch,
        "kept for old scripts: have checks look at the tablet alone",
    ),
    Flag::new(
        "check-as-check-shard",
        Kind::Switch,
        "kept for old scripts: have checks look at the shard",
    ),
    Flag::new(
        "custom-query",
        Kind::Text,
        "a query that gives one number, used instead of lag; empty goes back to lag",
    ),
    Flag::new("disable", Kind::Switch, "hold nobody back"),
    Flag::new("enable", Kind::Switch, "let checks be decided by metrics and rules"),
    Flag::new(
        "metric-name",
        Kind::Text,
        "the metric that --threshold is for; the default metric if left out",
    ),
    Flag::new(
        "threshold",
        Kind::Text,
        "the value that is too much; 0 goes back to the metric's own",
    ),
    Flag::new("throttle-app", Kind::Text, "an application that is held back by a rule"),
    Flag::new("throttle-app-duration", Kind::Duration, "how long the rule holds").or("1h"),
    Flag::new(
        "throttle-app-exempt",
        Kind::Switch,
        "the rule is that nothing holds the application back",
    ),
    Flag::new(
        "throttle-app-ratio",
        Kind::Text,
        "the part of its checks that is denied, from 0 to 1",
    )
    .or("1"),
    Flag::new("unthrottle-app", Kind::Text, "an application whose rule ends"),
];
const CHECK_FLAGS: &[Flag] = &[
    Flag::new("app-name", Kind::Text, "who asks").or("vitess"),
    Flag::new("ok-if-not-exists", Kind::Switch, "let in where nothing is known of a metric"),
    Flag::new(
        "request-heartbeats",
        Kind::Switch,
        "have heartbeats written for a while, as a check of a real application does",
    ),
    Flag::new("scope", Kind::Text, "shard or self; each metric's own if left out"),
];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("UpdateThrottlerConfig", "Changes how a keyspace's tablets hold batch work back", update)
        .takes(
            Arguments::Exactly(1),
            "[--enable|--disable] [--metric-name=<name>] [--threshold=<float64>] [--custom-query=<query>] [--throttle-app|unthrottle-app=<name>] [--throttle-app-ratio=<float, range [0..1]>] [--throttle-app-duration=<duration>] [--throttle-app-exempt=<bool>] [--app-name=<name> --app-metrics=<metrics>] <keyspace>",
        )
        .flags(UPDATE_FLAGS),
    Command::new("CheckThrottler", "Asks a tablet's throttler whether an application may go on", check)
        .takes(Arguments::Exactly(1), "[--app-name <name>] <tablet alias>")
        .flags(CHECK_FLAGS),
    Command::new("GetThrottlerStatus", "Prints what a tablet's throttler knows", status)
        .takes(Arguments::Exactly(1), "<tablet alias>"),
];

fn number(cx: &Context, flag: &str) -> Result<f64, Failure> {
    let text = cx.args.text(flag);
    if text.is_empty() {
        return Ok(0.0);
    }
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| Failure::Usage(format!("--{flag} takes a number, not {text:?}")))
}

/// Returns the rule that the flags make or end.
fn rule(cx: &Context) -> Result<Option<ThrottledAppRule>, Failure> {
    let (throttle, unthrottle) = (cx.args.text("throttle-app"), cx.args.text("unthrottle-app"));
    if !throttle.is_empty() && !unthrottle.is_empty() {
        let text = "--throttle-app and --unthrottle-app cannot be given together";
        return Err(Failure::Usage(text.to_owned()));
    }
    let now = SystemTime::now();
    if !unthrottle.is_empty() {
        let name = unthrottle.to_owned();
        let expires_at = Some(to_proto_time(now));
        return Ok(Some(ThrottledAppRule { name, expires_at, ..ThrottledAppRule::default() }));
    }
    if throttle.is_empty() {
        return Ok(None);
    }
    let until = now.checked_add(cx.args.duration("throttle-app-duration"));
    let until = until.ok_or_else(|| Failure::Usage("the duration is too long".to_owned()))?;
    Ok(Some(ThrottledAppRule {
        name: throttle.to_owned(),
        ratio: number(cx, "throttle-app-ratio")?,
        expires_at: Some(to_proto_time(until)),
        exempt: cx.args.is_on("throttle-app-exempt"),
    }))
}

fn update(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = UpdateThrottlerConfigRequest {
            keyspace: cx.args.argument(0).to_owned(),
            enable: cx.args.is_on("enable"),
            disable: cx.args.is_on("disable"),
            threshold: number(cx, "threshold")?,
            custom_query: cx.args.text("custom-query").to_owned(),
            custom_query_set: cx.args.has("custom-query"),
            check_as_check_self: cx.args.is_on("check-as-check-self"),
            check_as_check_shard: cx.args.is_on("check-as-check-shard"),
            throttled_app: rule(cx)?,
            metric_name: cx.args.text("metric-name").to_owned(),
            app_name: cx.args.text("app-name").to_owned(),
            app_checked_metrics: cx.args.list("app-metrics"),
        };
        cx.client()?.update_throttler_config(request).await?;
        Ok(String::new())
    })
}

fn check(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = CheckThrottlerRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            app_name: cx.args.text("app-name").to_owned(),
            scope: cx.args.text("scope").to_owned(),
            skip_request_heartbeats: !cx.args.is_on("request-heartbeats"),
            ok_if_not_exists: cx.args.is_on("ok-if-not-exists"),
        };
        let reply = cx.client()?.check_throttler(request).await?;
        Ok(cx.layout.message("vtctldata.CheckThrottlerResponse", &reply)?)
    })
}

fn status(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let tablet_alias = Some(parse_alias(cx.args.argument(0))?);
        let request = GetThrottlerStatusRequest { tablet_alias };
        let reply = cx.client()?.get_throttler_status(request).await?;
        cx.layout.found("tabletmanagerdata.GetThrottlerStatusResponse", reply.status.as_ref())
    })
}
