//! The web pages of a tablet.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::json;
use tokio_stream::wrappers::BroadcastStream;
use vt_service::http::{Pages, escape_html, json_page, text_page};

use crate::core::Core;
use crate::state::Serving;

/// Makes the pages of a tablet.
pub fn pages(core: &Arc<Core>) -> Pages {
    register(core);
    let (checked, shown) = (core.clone(), core.clone());
    let health = move || {
        let state = checked.state.get();
        if checked.state.is_serving() { Ok(()) } else { Err(reason(&state)) }
    };
    let status = move || status_part(&shown);
    Pages::new("vttablet", &core.stats, Arc::new(health), Arc::new(status))
        .with(router(core).merge(crate::throttler::pages::router(core)))
}

fn reason(state: &crate::state::State) -> String {
    format!("{}: {}", state.serving.name(), state.reason)
}

/// Registers what the tablet tells of itself.
fn register(core: &Arc<Core>) {
    let stats = &core.stats;
    let of = |core: &Arc<Core>| Arc::clone(core);
    let shown = of(core);
    stats.gauge_func("TabletState", "tablet server state", move || {
        match shown.state.get().serving {
            Serving::NotConnected => 0,
            Serving::NotServing | Serving::Draining => 1,
            Serving::Serving => 2,
        }
    });
    let shown = of(core);
    stats.text("TabletStateName", "tablet server state name", move || {
        shown.state.get().serving.name().to_owned()
    });
    let shown = of(core);
    stats.text("TabletType", "tablet type", move || {
        shown.tablet_type().as_str().to_ascii_uppercase()
    });
    let (keyspace, shard) = (core.config.keyspace.clone(), core.config.shard.clone());
    stats.text("TabletKeyspace", "tablet keyspace", move || keyspace.clone());
    stats.text("TabletShard", "tablet shard", move || shard.clone());
    let alias = core.config.alias.to_string();
    stats.text("TabletAlias", "tablet alias", move || alias.clone());
    let shown = of(core);
    stats.gauge_func("QueryCacheLength", "plans in the cache", move || {
        i64::try_from(shown.queries.plans.len()).unwrap_or(i64::MAX)
    });
    let shown = of(core);
    stats.gauge_func("ReplicationLagSeconds", "replication lag", move || {
        i64::from(shown.health.lag().seconds)
    });
    let shown = of(core);
    stats.gauge_func("SessionConnections", "connections of sessions", move || {
        i64::try_from(shown.queries.sessions.len()).unwrap_or(i64::MAX)
    });
}

fn status_part(core: &Core) -> String {
    let state = core.state.get();
    let config = &core.config;
    let lag = core.health.lag();
    let mut out = String::from("<h2>Tablet</h2>\n<table>\n");
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "<tr><th>{name}</th><td>{}</td></tr>", escape_html(value));
    };
    line("Alias", &config.alias.to_string());
    line("Keyspace / shard", &format!("{}/{}", config.keyspace, config.shard));
    line("Type", &state.target.tablet_type.as_str().to_ascii_uppercase());
    line("State", state.serving.name());
    line("Reason", &state.reason);
    line("Primary term start", &state.term_start_seconds().to_string());
    line("Lease of the term", if core.state.lease.holds() { "holds" } else { "has ended" });
    line("Replication lag", &format!("{} s {}", lag.seconds, lag.error.as_deref().unwrap_or("")));
    line("MySQL", &config.db.address.to_string());
    line("Queries a second", &format!("{:.1}", core.health.qps()));
    line("Sessions", &core.queries.sessions.len().to_string());
    let jump = *core.clock.lock();
    line("Clock", &jump.map_or_else(|| "steady".to_owned(), |jump| jump.to_string()));
    out.push_str("</table>\n");
    streams_part(core, &mut out);
    out.push_str("<p>");
    for page in [
        "/debug/status_details",
        "/queryz",
        "/livequeryz",
        "/debug/schema",
        "/debug/tablet_plans",
        "/debug/query_stats",
        "/debug/query_rules",
        "/debug/consolidations",
        "/throttler/status",
    ] {
        let _ = write!(out, "<a href=\"{page}\">{page}</a> ");
    }
    out.push_str("</p>\n");
    out
}

fn streams_part(core: &Core, out: &mut String) {
    let streams = core.vreplication.shown();
    if streams.is_empty() {
        return;
    }
    out.push_str(
        "<h2>VReplication</h2>\n<table>\n<tr><th>Id</th><th>Workflow</th><th>Source</th>\
         <th>Tablet</th><th>State</th><th>Position</th><th>Lag</th><th>Transactions</th>\
         <th>Message</th></tr>\n",
    );
    for one in streams {
        let cells = [
            one.id.to_string(),
            one.workflow,
            one.source,
            one.tablet,
            one.state.to_owned(),
            one.position,
            format!("{} s", one.lag_seconds),
            one.transactions.to_string(),
            one.message,
        ];
        let cells = cells.map(|cell| format!("<td>{}</td>", escape_html(&cell)));
        let _ = writeln!(out, "<tr>{}</tr>", cells.concat());
    }
    out.push_str("</table>\n");
}

fn router(core: &Arc<Core>) -> Router {
    let page = |make: fn(&Core) -> Response| {
        let core = Arc::clone(core);
        get(move || {
            let response = make(&core);
            async move { response }
        })
    };
    let (listed, ended, logged) = (core.clone(), core.clone(), core.clone());
    Router::new()
        .route("/debug/status_details", page(status_details))
        .route("/debug/schema", page(schema))
        .route("/schemaz", page(schema))
        .route("/debug/tablet_plans", page(tablet_plans))
        .route("/debug/query_stats", page(query_stats))
        .route("/debug/query_rules", page(query_rules))
        .route("/debug/consolidations", page(consolidations))
        .route("/queryz", page(queryz))
        .route("/livequeryz", get(async move || live_queries(&listed)))
        .route("/livequeryz/", page(live_queries))
        .route(
            "/livequeryz/terminate",
            get(async move |query: Query<Terminate>| terminate(&ended, query.conn_id).await),
        )
        .route("/debug/querylog", get(async move |query: Query<Listen>| query_log(&logged, &query)))
}

fn status_details(core: &Core) -> Response {
    let state = core.state.get();
    let lag = core.health.lag();
    let class = match state.serving {
        Serving::Serving => "healthy",
        _ => "unhealthy",
    };
    json_page(&json!([
        {"Key": "Current State", "Class": class, "Value": state.serving.name()},
        {"Key": "Reason", "Class": class, "Value": state.reason},
        {"Key": "Target", "Class": "", "Value": state.target.to_string()},
        {"Key": "Replication Lag", "Class": "", "Value": format!("{}s", lag.seconds)},
        {"Key": "QPS", "Class": "", "Value": format!("{:.2}", core.health.qps())},
    ]))
}

fn schema(core: &Core) -> Response {
    let tables = core.schema.tables();
    let rows: serde_json::Map<String, serde_json::Value> = tables
        .iter()
        .map(|(name, table)| {
            let columns: Vec<_> = table
                .columns
                .iter()
                .map(|(name, typ)| json!({"Name": name, "Type": typ}))
                .collect();
            let value = json!({
                "Type": table.kind.name(),
                "Columns": columns,
                "PrimaryKey": table.primary_key,
                "DataLength": table.data_length,
                "RowCount": table.row_count,
            });
            (name.clone(), value)
        })
        .collect();
    json_page(&serde_json::Value::Object(rows))
}

fn tablet_plans(core: &Core) -> Response {
    let mut plans = core.queries.plans.all();
    plans.sort_by(|a, b| a.0.cmp(&b.0));
    let mut out = String::new();
    for (sql, plan) in plans {
        let shown = json!({
            "PlanID": plan.kind.name(),
            "TableNames": plan.tables,
            "FullQuery": plan.template.text(),
            "Limited": plan.limited,
        });
        let _ = writeln!(out, "{sql:?}\n{shown:#}\n");
    }
    text_page(out)
}

fn query_stats(core: &Core) -> Response {
    let mut plans = core.queries.plans.all();
    plans.sort_by(|a, b| a.0.cmp(&b.0));
    let rows: Vec<_> = plans
        .iter()
        .map(|(sql, plan)| {
            let counts = &plan.counts;
            json!({
                "Query": **sql,
                "Table": plan.table(),
                "Plan": plan.kind.name(),
                "QueryCount": counts.queries.load(Relaxed),
                "Time": counts.nanos.load(Relaxed),
                "MysqlQueryTime": counts.mysql_nanos.load(Relaxed),
                "RowsAffected": counts.rows_affected.load(Relaxed),
                "RowsReturned": counts.rows_returned.load(Relaxed),
                "ErrorCount": counts.errors.load(Relaxed),
            })
        })
        .collect();
    json_page(&serde_json::Value::Array(rows))
}

fn query_rules(core: &Core) -> Response {
    let rules: serde_json::Map<String, serde_json::Value> = core
        .queries
        .rules
        .all()
        .iter()
        .map(|(source, denied)| {
            let value = json!({"TableNames": denied.tables, "AllowReads": denied.allow_reads});
            (source.clone(), value)
        })
        .collect();
    json_page(&serde_json::Value::Object(rules))
}

fn consolidations(core: &Core) -> Response {
    let mut out = String::from("Length: ");
    let shared = core.queries.consolidator.shared();
    let _ = writeln!(out, "{}", shared.len());
    for (sql, count) in shared {
        let shown: &str = if core.config.queries.redact { "[REDACTED]" } else { &sql };
        let _ = writeln!(out, "{count}: {shown}");
    }
    text_page(out)
}

fn queryz(core: &Core) -> Response {
    let mut plans = core.queries.plans.all();
    plans.sort_by_key(|(_, plan)| std::cmp::Reverse(plan.counts.nanos.load(Relaxed)));
    let mut out = String::from(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>queryz</title></head><body>\
         <table border=\"1\"><tr><th>Query</th><th>Table</th><th>Plan</th><th>Count</th>\
         <th>Time ms</th><th>MySQL ms</th><th>Rows affected</th><th>Rows returned</th>\
         <th>Errors</th><th>Time per query ms</th></tr>\n",
    );
    for (sql, plan) in plans {
        let counts = &plan.counts;
        let queries = counts.queries.load(Relaxed);
        let ms = |nanos: u64| nanos as f64 / 1e6;
        let nanos = counts.nanos.load(Relaxed);
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{queries}</td><td>{:.3}</td><td>{:.3}</td>\
             <td>{}</td><td>{}</td><td>{}</td><td>{:.3}</td></tr>",
            escape_html(&sql),
            escape_html(plan.table()),
            plan.kind.name(),
            ms(nanos),
            ms(counts.mysql_nanos.load(Relaxed)),
            counts.rows_affected.load(Relaxed),
            counts.rows_returned.load(Relaxed),
            counts.errors.load(Relaxed),
            ms(nanos) / queries.max(1) as f64,
        );
    }
    out.push_str("</table></body></html>\n");
    axum::response::Html(out).into_response()
}

fn live_queries(core: &Core) -> Response {
    let rows: Vec<_> = core
        .queries
        .live
        .all()
        .into_iter()
        .map(|live| {
            let shown: &str = if core.config.queries.redact { "[REDACTED]" } else { &live.sql };
            json!({
                "Type": if live.stream { "stream" } else { "oltp" },
                "Query": shown,
                "Caller": *live.caller,
                "Duration": format!("{:?}", live.started.elapsed()),
                "ConnID": live.handle.id(),
                "TerminateURL": format!("/livequeryz/terminate?connID={}", live.handle.id()),
            })
        })
        .collect();
    json_page(&serde_json::Value::Array(rows))
}

#[derive(Deserialize)]
struct Terminate {
    #[serde(rename = "connID")]
    conn_id: u32,
}

async fn terminate(core: &Core, conn_id: u32) -> Response {
    match core.queries.live.terminate(conn_id).await {
        Ok(()) => live_queries(core),
        Err(err) => (StatusCode::NOT_FOUND, format!("error: {err}\n")).into_response(),
    }
}

#[derive(Deserialize)]
struct Listen {
    /// Seconds to listen; without end where none are given.
    timeout: Option<u64>,
}

/// Streams the query log as it is written.
fn query_log(core: &Core, listen: &Listen) -> Response {
    let lines = BroadcastStream::new(core.queries.log.listen())
        .filter_map(async |line| line.ok().map(Ok::<_, std::convert::Infallible>));
    let timeout = Duration::from_secs(listen.timeout.unwrap_or(u64::from(u32::MAX)));
    let token = core.tasks.token().clone();
    let end = async move {
        tokio::select! {
            biased;
            () = token.cancelled_owned() => {}
            () = tokio::time::sleep(timeout) => {}
        }
    };
    Body::from_stream(lines.take_until(Box::pin(end))).into_response()
}
