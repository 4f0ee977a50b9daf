//! The throttler over HTTP, for programs that throttle themselves by it, as gh-ost does.
//!
//! `/throttler/check` asks by the metrics' own scopes, `/throttler/check-self` only for this tablet;
//! the status of the answer is the verdict: 200, 404, 417, 429 or 500. `/throttler/status` tells all.

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use vt_service::http::json_page;
use vt_tablet_api::throttle::Scope;

use super::Asked;
use super::decide::{Check, Outcome};
use super::report::{http_code, reply_code};
use crate::core::Core;

/// What a program says of itself when it asks over HTTP without a name.
const DEFAULT_APP: &str = "default";

#[derive(Deserialize)]
struct Ask {
    #[serde(default)]
    app: String,
}

/// Makes the pages.
pub fn router(core: &Arc<Core>) -> Router {
    let (shard, own, told) = (core.clone(), core.clone(), core.clone());
    Router::new()
        .route(
            "/throttler/check",
            get(async move |Query(ask): Query<Ask>| check(&shard, &ask, None)),
        )
        .route(
            "/throttler/check-self",
            get(async move |Query(ask): Query<Ask>| check(&own, &ask, Some(Scope::Own))),
        )
        .route("/throttler/status", get(async move || json_page(&status(&told))))
}

fn check(core: &Core, ask: &Ask, scope: Option<Scope>) -> Response {
    let app = if ask.app.is_empty() { DEFAULT_APP } else { &ask.app };
    let recently = core.throttler.is_recently_checked();
    let check = core.throttler.answer(Asked { scope, ..Asked::by(app) });
    let code = StatusCode::from_u16(http_code(check.outcome));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    let text = format!("{}\n", check_json(&check, recently));
    (code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), headers, text).into_response()
}

/// Returns a check as JSON. `StatusCode` is the number that older readers look for.
fn check_json(check: &Check, recently_checked: bool) -> Value {
    let metrics: Map<String, Value> = check
        .metrics
        .iter()
        .map(|one| {
            let metric = json!({
                "StatusCode": http_code(one.outcome),
                "ResponseCode": reply_code(one.outcome) as i32,
                "Scope": one.scope.name(),
                "Value": one.value,
                "Threshold": one.threshold,
                "Message": one.error,
                "AppName": check.app,
            });
            (one.name().to_owned(), metric)
        })
        .collect();
    let decisive = check.decisive();
    let message = match check.outcome {
        Outcome::Granted => "",
        Outcome::Denied => "app denied",
        _ => decisive.map_or("", |one| one.error.as_str()),
    };
    json!({
        "StatusCode": http_code(check.outcome),
        "ResponseCode": reply_code(check.outcome) as i32,
        "Value": decisive.map_or(0.0, |one| one.value),
        "Threshold": decisive.map_or(0.0, |one| one.threshold),
        "Message": message,
        "RecentlyChecked": recently_checked,
        "AppName": check.app,
        "MetricName": decisive.map_or("", |one| one.name()),
        "Scope": decisive.map_or("", |one| one.scope.name()),
        "Metrics": metrics,
    })
}

/// Returns all that the throttler knows as JSON.
fn status(core: &Core) -> Value {
    let status = core.throttler_status();
    let time = |at: Option<&vt_proto::vttime::Time>| {
        let seconds = at.and_then(|at| u64::try_from(at.seconds).ok());
        seconds.map(vt_topo::records::lock::rfc3339)
    };
    let results: Map<String, Value> = status
        .aggregated_metrics
        .iter()
        .map(|(name, one)| (name.clone(), json!({"Value": one.value, "Error": one.error})))
        .collect();
    let health: Map<String, Value> = status
        .metrics_health
        .iter()
        .map(|(name, one)| {
            let told = json!({
                "LastHealthyAt": time(one.last_healthy_at.as_ref()),
                "SecondsSinceLastHealthy": one.seconds_since_last_healthy,
            });
            (name.clone(), told)
        })
        .collect();
    let throttled: Vec<Value> = status
        .throttled_apps
        .values()
        .map(|one| {
            json!({
                "AppName": one.name,
                "ExpireAt": time(one.expires_at.as_ref()),
                "Ratio": one.ratio,
                "Exempt": one.exempt,
            })
        })
        .collect();
    let recent: Map<String, Value> = status
        .recent_apps
        .iter()
        .map(|(name, one)| {
            let told = json!({
                "AppName": name,
                "CheckedAt": time(one.checked_at.as_ref()),
                "ResponseCode": one.response_code,
            });
            (name.clone(), told)
        })
        .collect();
    json!({
        "Keyspace": status.keyspace,
        "Shard": status.shard,
        "TabletAlias": status.tablet_alias,
        "IsLeader": status.is_leader,
        "IsOpen": status.is_open,
        "IsEnabled": status.is_enabled,
        "IsDormant": status.is_dormant,
        "RecentlyChecked": status.recently_checked,
        "Query": status.lag_metric_query,
        "CustomQuery": status.custom_metric_query,
        "Threshold": status.default_threshold,
        "MetricNameUsedAsDefault": status.metric_name_used_as_default,
        "AggregatedMetrics": results,
        "MetricsThresholds": status.metric_thresholds,
        "MetricsHealth": health,
        "ThrottledApps": throttled,
        "AppCheckedMetrics": status.app_checked_metrics,
        "RecentApps": recent,
    })
}

#[cfg(test)]
mod tests {
    use vt_tablet_api::throttle::Metric;

    use super::super::decide::MetricCheck;
    use super::*;

    #[test]
    fn a_check_is_told_as_its_readers_expect() {
        let metric = MetricCheck {
            metric: Metric::Lag,
            scope: Scope::Shard,
            value: 7.5,
            threshold: 5.0,
            outcome: Outcome::Exceeded,
            error: "threshold exceeded".to_owned(),
        };
        let check =
            Check { app: "gh-ost".to_owned(), outcome: Outcome::Exceeded, metrics: vec![metric] };
        let told = check_json(&check, true);
        assert_eq!(told["StatusCode"], 429);
        assert_eq!(told["Value"], 7.5);
        assert_eq!(told["Threshold"], 5.0);
        assert_eq!(told["Message"], "threshold exceeded");
        assert_eq!(told["RecentlyChecked"], true);
        assert_eq!(told["Metrics"]["lag"]["Scope"], "shard");
        let granted = check_json(&Check::default(), false);
        assert_eq!((&granted["StatusCode"], &granted["Message"]), (&json!(200), &json!("")));
    }
}
