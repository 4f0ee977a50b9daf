//! The HTTP API: what is wrong, what was done, and the switch of recoveries.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use vt_base::KeyspaceShard;
use vt_recovery::Analysis;
use vt_recovery::detect::{Contact, TabletView};
use vt_service::http::{escape_html, json_page, text_page};

use crate::Config;
use crate::board::{Board, Outcome, Recovery, Standing, name_of};

/// Which shards a request is about: `?keyspace=K&shard=S`.
type Asked = Query<HashMap<String, String>>;

/// Returns the pages of the API.
pub fn router(board: &Board, config: &Config) -> Router {
    let shown = config_json(config);
    let page = |answer: fn(&Board, &HashMap<String, String>) -> Value| {
        let board = board.clone();
        get(async move |Query(asked): Asked| json_page(&answer(&board, &asked)))
    };
    let switch = |disabled: bool| {
        let board = board.clone();
        get(async move || switched(&board, disabled))
    };
    Router::new()
        .route("/api/problems", page(problems))
        // Names that the analysis had in turn; scripts know all of them.
        .route("/api/detection-analysis", page(problems))
        .route("/api/replication-analysis", page(problems))
        .route("/api/errant-gtids", page(errant))
        .route("/api/database-state", page(state))
        .route("/api/recoveries", page(recoveries))
        .route("/api/disable-global-recoveries", switch(true))
        .route("/api/enable-global-recoveries", switch(false))
        .route("/api/config", get(async move || json_page(&shown)))
}

fn switched(board: &Board, disabled: bool) -> Response {
    board.set_disabled(disabled);
    tracing::warn!(disabled, "recoveries were switched");
    let word = if disabled { "disabled" } else { "enabled" };
    text_page(format!("Global recoveries {word}\n"))
}

fn is_asked(asked: &HashMap<String, String>, shard: &KeyspaceShard) -> bool {
    let same =
        |name: &str, own: &str| asked.get(name).is_none_or(|one| one.is_empty() || one == own);
    same("keyspace", &shard.keyspace) && same("shard", &shard.shard)
}

fn each(
    board: &Board,
    asked: &HashMap<String, String>,
    wanted: impl Fn(&Standing) -> bool,
) -> Value {
    let mut found = Vec::new();
    for (shard, state) in board.shards() {
        if is_asked(asked, &shard) {
            let standing = state.standing.iter().filter(|one| wanted(one));
            found.extend(standing.map(|one| finding_json(&shard, one)));
        }
    }
    Value::Array(found)
}

fn problems(board: &Board, asked: &HashMap<String, String>) -> Value {
    each(board, asked, |_| true)
}

fn errant(board: &Board, asked: &HashMap<String, String>) -> Value {
    each(board, asked, |one| one.finding.analysis == Analysis::ErrantGTIDDetected)
}

fn finding_json(shard: &KeyspaceShard, standing: &Standing) -> Value {
    let finding = &standing.finding;
    json!({
        "AnalyzedKeyspace": &*shard.keyspace,
        "AnalyzedShard": &*shard.shard,
        "AnalyzedInstanceAlias": name_of(finding.tablet.as_ref()),
        "Analysis": finding.analysis.name(),
        "Description": finding.detail,
        "Recovery": finding.analysis.recovery_name(),
        "Since": unix(standing.since_wall),
    })
}

fn state(board: &Board, asked: &HashMap<String, String>) -> Value {
    let shards = board.shards();
    let shown = shards.iter().filter(|(shard, _)| is_asked(asked, shard)).map(|(shard, state)| {
        let tablets = state.view.iter().flat_map(|view| &view.tablets).map(tablet_json);
        json!({
            "Keyspace": &*shard.keyspace,
            "Shard": &*shard.shard,
            "PrimaryAlias": name_of(state.view.as_ref().and_then(|one| one.recorded_primary.as_ref())),
            "DurabilityPolicy": state.view.as_ref().map(|one| one.durability.name()),
            "LastSeen": state.looked_at.map(unix),
            "Error": state.error,
            "Tablets": tablets.collect::<Vec<_>>(),
        })
    });
    Value::Array(shown.collect())
}

fn tablet_json(tablet: &TabletView) -> Value {
    let mut shown = json!({
        "Alias": tablet.alias.to_string(),
        "TabletType": tablet.tablet_type.to_string(),
        "Hostname": tablet.mysql_host,
        "Port": tablet.mysql_port,
    });
    match &tablet.contact {
        Contact::Silent { since, reason, known } => {
            shown["Silent"] = json!({
                "Seconds": since.as_secs_f64(),
                "Reason": reason,
                "HasAnswered": known,
            });
        }
        Contact::Answered(server) => {
            shown["ReadOnly"] = json!(server.read_only);
            shown["SemiSyncPrimaryEnabled"] = json!(server.semi_sync_primary);
            shown["SemiSyncReplicaEnabled"] = json!(server.semi_sync_replica);
            shown["SemiSyncBlocked"] = json!(server.semi_sync_blocked);
            shown["ExecutedGtidSet"] = json!(server.executed.to_string());
            shown["Replication"] = json!(server.replicating.as_ref().map(|one| json!({
                "SourceHost": one.source_host,
                "SourcePort": one.source_port,
                "IOThread": format!("{:?}", one.io),
                "SQLThread": format!("{:?}", one.sql),
                "LagSeconds": one.lag.map(|lag| lag.as_secs()),
                "Errors": one.errors,
            })));
        }
    }
    shown
}

fn recoveries(board: &Board, asked: &HashMap<String, String>) -> Value {
    let history = board.history();
    let shown = history.iter().filter(|one| is_asked(asked, &one.shard)).map(recovery_json);
    Value::Array(shown.collect())
}

fn recovery_json(recovery: &Recovery) -> Value {
    let (success, message) = match &recovery.outcome {
        Outcome::Done => ("done", ""),
        Outcome::Failed(err) => ("failed", err.as_str()),
        Outcome::Skipped(reason) => ("skipped", reason.as_str()),
    };
    json!({
        "Id": recovery.id,
        "Keyspace": &*recovery.shard.keyspace,
        "Shard": &*recovery.shard.shard,
        "Alias": name_of(recovery.finding.tablet.as_ref()),
        "Analysis": recovery.finding.analysis.name(),
        "Detail": recovery.finding.detail,
        "Recovery": recovery.name,
        "Started": unix(recovery.started),
        "TookMilliseconds": u64::try_from(recovery.took_ms).unwrap_or(u64::MAX),
        "Outcome": success,
        "Message": message,
    })
}

fn config_json(config: &Config) -> Value {
    json!({
        "allow-recovery": config.allow_recovery,
        "allow-emergency-reparent": config.allow_emergency_reparent,
        "prevent-cross-cell-failover": config.prevent_cross_cell_failover,
        "cell": config.cell,
        "cells-to-watch": config.cells,
        "change-tablets-with-errant-gtid-to-drained": config.drain_errant,
        "restore-tablets-with-errant-gtid": config.restore_errant,
        "enable-primary-disk-stalled-recovery": config.disk_stalled_recovery,
        "instance-poll-time": format!("{:?}", config.poll_time),
        "recovery-poll-duration": format!("{:?}", config.recovery_poll),
        "topo-information-refresh-duration": format!("{:?}", config.refresh),
        "reasonable-replication-lag": format!("{:?}", config.reasonable_lag),
        "tolerable-replication-lag": format!("{:?}", config.tolerable_lag),
        "wait-replicas-timeout": format!("{:?}", config.wait_replicas),
        "remote-operation-timeout": format!("{:?}", config.tablet_timeout),
    })
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Returns the part of the status page that is vtorc's own.
pub fn status_page(board: &Board) -> String {
    let mut page = String::new();
    if board.is_disabled() {
        page.push_str("<p><b>Recoveries are switched off on this process.</b></p>\n");
    }
    page.push_str("<h2>Shards</h2>\n<table><tr><th>shard</th><th>primary</th><th>tablets</th><th>findings</th></tr>\n");
    for (shard, state) in board.shards() {
        let primary = name_of(state.view.as_ref().and_then(|one| one.recorded_primary.as_ref()));
        let tablets = state.view.as_ref().map_or(0, |view| view.tablets.len());
        let mut findings: Vec<String> = state
            .standing
            .iter()
            .map(|one| escape_html(&format!("{}: {}", one.finding.analysis, one.finding.detail)))
            .collect();
        findings.extend(state.error.iter().map(|err| escape_html(err)));
        let shard = escape_html(&shard.to_string());
        let findings = findings.join("<br>");
        page.push_str(&format!(
            "<tr><td>{shard}</td><td>{primary}</td><td>{tablets}</td><td>{findings}</td></tr>\n"
        ));
    }
    page.push_str("</table>\n<h2>Recoveries</h2>\n<table><tr><th>recovery</th><th>shard</th><th>why</th><th>outcome</th></tr>\n");
    for one in board.history().iter().take(50) {
        let why = escape_html(&format!("{}: {}", one.finding.analysis, one.finding.detail));
        let outcome = match &one.outcome {
            Outcome::Done => format!("done in {} ms", one.took_ms),
            Outcome::Failed(err) => format!("failed: {}", escape_html(err)),
            Outcome::Skipped(reason) => format!("left out: {}", escape_html(reason)),
        };
        let shard = escape_html(&one.shard.to_string());
        page.push_str(&format!(
            "<tr><td>{}</td><td>{shard}</td><td>{why}</td><td>{outcome}</td></tr>\n",
            one.name
        ));
    }
    page.push_str("</table>\n");
    page
}
