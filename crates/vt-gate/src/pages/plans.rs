//! The plans that are kept, and how often each was used.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::Html;
use serde_json::{Value, json};
use vt_plan::{Node, Routing};
use vt_service::http::escape_html;

use crate::gate::Gate;
use crate::query::plan_cache::CachedPlan;

/// Most plans on a page.
const SHOWN_MAX: usize = 1_000;

fn by_use(gate: &Gate) -> Vec<Arc<CachedPlan>> {
    let mut plans = gate.plans.plans();
    plans.sort_by_key(|plan| std::cmp::Reverse(plan.uses.load(Ordering::Relaxed)));
    plans.truncate(SHOWN_MAX);
    plans
}

pub(super) fn query_plans(gate: &Gate) -> Value {
    let one = |plan: &Arc<CachedPlan>| {
        json!({
            "Key": &*plan.context.target,
            "ExecCount": plan.uses.load(Ordering::Relaxed),
            "Plan": vt_plan::explain::to_json(&plan.plan),
        })
    };
    Value::Array(by_use(gate).iter().map(one).collect())
}

/// Returns the plans that go to all shards, with their share of all uses.
pub(super) fn scatter_stats(gate: &Gate) -> Value {
    let plans = by_use(gate);
    let uses = |plan: &CachedPlan| plan.uses.load(Ordering::Relaxed);
    let total: u64 = plans.iter().map(|plan| uses(plan)).sum();
    let scatters: Vec<_> = plans.iter().filter(|plan| is_scatter(&plan.plan.root)).collect();
    let part: u64 = scatters.iter().map(|plan| uses(plan)).sum();
    let percent = |count: u64| 100.0 * count as f64 / total.max(1) as f64;
    let one = |plan: &&Arc<CachedPlan>| {
        json!({
            "Query": &*plan.plan.original,
            "ExecCount": uses(plan),
            "PercentOfQueries": percent(uses(plan)),
            "From": plan.plan.tables,
        })
    };
    json!({
        "PercentTimeOfScatters": Value::Null,
        "PercentCountOfScatters": percent(part),
        "Plans": scatters.iter().map(one).collect::<Vec<_>>(),
    })
}

fn is_scatter(node: &Node) -> bool {
    let own = match node {
        Node::Route(route) => matches!(route.routing, Routing::Scatter),
        Node::Update(write) | Node::Delete(write) => {
            matches!(write.route.routing, Routing::Scatter)
        }
        _ => false,
    };
    own || node.inputs().into_iter().any(is_scatter)
}

/// The table of statements.
pub(super) async fn queryz(State(gate): State<Arc<Gate>>) -> Html<String> {
    let mut out = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>queryz</title></head>\
         <body><table border=\"1\"><tr><th>Query</th><th>Keyspace</th><th>Plan</th><th>Uses</th></tr>\n",
    );
    let limit = gate.config.sql_length_ui_max;
    for plan in by_use(&gate) {
        let text: String = plan.plan.original.chars().take(limit).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape_html(&text),
            escape_html(&plan.context.target),
            crate::query::record::plan_name(&plan.plan.root),
            plan.uses.load(Ordering::Relaxed)
        );
    }
    out.push_str("</table></body></html>\n");
    Html(out)
}
