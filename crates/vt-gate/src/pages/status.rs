//! The gateway table: every tablet and how it is.

use std::fmt::Write;

use serde_json::{Value, json};
use vt_service::http::escape_html;

use crate::gate::Gate;

/// Returns the body of the status page.
pub(super) fn body(gate: &Gate) -> String {
    let mut out = String::new();
    let config = &gate.config;
    let vschema = gate.vschemas.current();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<p>Cell: {} &middot; MySQL version: {} &middot; {} client(s) &middot; up for {} s &middot; \
         vschema {}</p>",
        escape_html(&config.discovery.cell),
        escape_html(&config.mysql.version),
        gate.connections.count(),
        gate.started.elapsed().as_secs(),
        vschema.version,
    );
    if let Some(stale) = stale(gate) {
        let _ = write!(out, "<p><b>The topology is away</b>: {}</p>", escape_html(&stale));
    }
    out.push_str(
        "<h2>Gateway</h2>\n<table><tr><th>Keyspace</th><th>Shard</th><th>Type</th><th>Alias</th>\
         <th>Address</th><th>State</th><th>Lag</th><th>Error</th></tr>\n",
    );
    for tablet in gate.tablets.discovery.snapshot() {
        let cells = [
            tablet.target.keyspace.to_string(),
            tablet.target.shard.to_string(),
            tablet.target.tablet_type.as_str().to_uppercase(),
            tablet.alias().to_string(),
            format!("{}:{}", tablet.tablet.hostname(), tablet.tablet.port("vt").unwrap_or(0)),
            tablet.state_name().to_owned(),
            format!("{} s", tablet.stats.replication_lag_seconds),
            tablet.error.as_ref().map(ToString::to_string).unwrap_or_default()
                + &tablet.stats.health_error,
        ];
        out.push_str("<tr>");
        for cell in cells {
            let _ = write!(out, "<td>{}</td>", escape_html(&cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str(
        "</table>\n<p><a href=\"/debug/vschema\">vschema</a> <a href=\"/debug/query_plans\">plans</a> \
         <a href=\"/debug/queryz\">queries</a> <a href=\"/debug/gateway\">gateway</a></p>",
    );
    out
}

/// Returns what of the topology cannot be followed now, if anything.
pub(super) fn stale(gate: &Gate) -> Option<String> {
    gate.topo
        .states()
        .into_iter()
        .find_map(|state| state.error.map(|error| format!("{}: {error}", state.record)))
}

/// Returns the tablets as JSON, by keyspace, shard and type.
pub(super) fn gateway(gate: &Gate) -> Value {
    let tablets = gate.tablets.discovery.snapshot();
    let one = |tablet: &std::sync::Arc<vt_discovery::TabletHealth>| {
        json!({
            "alias": tablet.alias().to_string(),
            "keyspace": &*tablet.target.keyspace,
            "shard": &*tablet.target.shard,
            "tablet_type": tablet.target.tablet_type.as_str().to_uppercase(),
            "hostname": tablet.tablet.hostname(),
            "port_map": tablet.tablet.record.port_map,
            "serving": tablet.is_usable(),
            "primary_term_start_time": tablet.primary_term_start,
            "replication_lag_seconds": tablet.stats.replication_lag_seconds,
            "cpu_usage": tablet.stats.cpu_usage,
            "qps": tablet.stats.qps,
            "health_error": tablet.stats.health_error,
            "last_error": tablet.error.as_ref().map(ToString::to_string).unwrap_or_default(),
        })
    };
    Value::Array(tablets.iter().map(one).collect())
}

/// Returns how reads of replicas are shared.
pub(super) fn balancer(gate: &Gate) -> Value {
    let balance = &gate.config.discovery.balance;
    let shard = |(target, parts): &(vt_base::Target, Vec<_>)| {
        let part = |(tablet, share): &(std::sync::Arc<vt_discovery::TabletHealth>, f64)| json!({"alias": tablet.alias().to_string(), "share": share});
        json!({
            "keyspace": &*target.keyspace,
            "shard": &*target.shard,
            "tablet_type": target.tablet_type.as_str().to_uppercase(),
            "mode": balance.mode_of(&target.keyspace).name(),
            "tablets": parts.iter().map(part).collect::<Vec<_>>(),
        })
    };
    json!({
        "cell": gate.config.discovery.cell,
        "mode": balance.mode.name(),
        "vtgate_cells": balance.cells,
        "keyspaces": balance.keyspaces,
        "shares": gate.tablets.discovery.shares().iter().map(shard).collect::<Vec<_>>(),
    })
}
