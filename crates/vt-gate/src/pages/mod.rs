//! The web pages of a gateway, beside those that every program has.

mod plans;
mod querylog;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use vt_service::Stats;
use vt_service::http::{HealthCheck, Pages, StatusPart, json_page};

use crate::gate::Gate;

/// Makes the pages; `health` says whether the gateway is fit to serve.
pub fn pages(gate: &Arc<Gate>, stats: &Stats, health: HealthCheck) -> Pages {
    let part = gate.clone();
    let status: StatusPart = Arc::new(move || status::body(&part));
    let page = |make: fn(&Gate) -> Value| {
        let gate = gate.clone();
        get(async move || json_page(&make(&gate)))
    };
    let queryz = gate.clone();
    let log = gate.clone();
    let router = Router::new()
        .route("/debug/vschema", page(vschema))
        .route("/debug/query_plans", page(plans::query_plans))
        .route("/debug/gateway", page(status::gateway))
        .route("/debug/balancer", page(status::balancer))
        .route("/debug/scatter_stats", page(plans::scatter_stats))
        .route("/debug/config", page(config))
        .route("/debug/queryz", get(plans::queryz).with_state(queryz.clone()))
        .route("/queryz", get(plans::queryz).with_state(queryz))
        .route("/debug/querylog", get(querylog::stream).with_state(log));
    Pages::new("vtgate", stats, health, status).with(router)
}

fn vschema(gate: &Gate) -> Value {
    let record = &gate.vschemas.current().record;
    let unset = vt_proto::json::Unset::Skipped;
    vt_proto::json::to_json("vschema.SrvVSchema", &**record, unset)
        .unwrap_or_else(|error| json!({"error": error.to_string()}))
}

/// What the gateway was told; nothing in it is secret.
fn config(gate: &Gate) -> Value {
    let config = &gate.config;
    json!({
        "cell": config.discovery.cell,
        "cells-to-watch": config.discovery.cells_to_watch,
        "default-tablet-type": config.session.tablet_type.as_str(),
        "transaction-mode": config.session.transaction_mode.as_str(),
        "max-memory-rows": config.memory_rows_max,
        "retry-count": config.retry_count,
        "gate-query-cache-memory": config.query_cache_bytes,
        "query-timeout": config.session.query_timeout_ms,
        "mysql-server-version": config.mysql.version,
        "no-scatter": config.is_scatter_refused,
        "schema-change-signal": config.is_schema_tracked,
        "allow-kill-statement": config.is_kill_allowed,
    })
}
