//! The throttler's answers and its state as messages of the manager.

use std::time::SystemTime;

use vt_base::TabletType;
use vt_proto::tabletmanagerdata as proto;
use vt_proto::tabletmanagerdata::CheckThrottlerResponseCode as ReplyCode;
use vt_proto::topodata;
use vt_tablet_api::throttle::{Metric, Scope};
use vt_topo::records::shard::to_proto_time;

use super::decide::{Check, Outcome, Values};
use super::rules::AppRule;
use crate::core::Core;

/// Returns how an outcome is told.
pub fn reply_code(outcome: Outcome) -> ReplyCode {
    match outcome {
        Outcome::Granted => ReplyCode::Ok,
        Outcome::Exceeded => ReplyCode::ThresholdExceeded,
        Outcome::Denied => ReplyCode::AppDenied,
        Outcome::Unknown => ReplyCode::UnknownMetric,
        Outcome::Failed => ReplyCode::InternalError,
    }
}

/// Returns how an outcome is told over HTTP.
pub fn http_code(outcome: Outcome) -> u16 {
    match outcome {
        Outcome::Granted => 200,
        Outcome::Denied => 417,
        Outcome::Exceeded => 429,
        Outcome::Unknown => 404,
        Outcome::Failed => 500,
    }
}

/// Makes the message of a check.
pub fn check_message(check: &Check, recently_checked: bool) -> proto::CheckThrottlerResponse {
    let metrics = check.metrics.iter().map(|one| {
        let metric = proto::check_throttler_response::Metric {
            name: one.name().to_owned(),
            value: one.value,
            threshold: one.threshold,
            error: one.error.clone(),
            message: one.error.clone(),
            scope: one.scope.name().to_owned(),
            response_code: reply_code(one.outcome) as i32,
        };
        (one.name().to_owned(), metric)
    });
    let decisive = check.decisive();
    let error = match check.outcome {
        Outcome::Granted => String::new(),
        Outcome::Denied => "app denied".to_owned(),
        _ => decisive.map(|one| one.error.clone()).unwrap_or_default(),
    };
    proto::CheckThrottlerResponse {
        value: decisive.map_or(0.0, |one| one.value),
        threshold: decisive.map_or(0.0, |one| one.threshold),
        message: error.clone(),
        error,
        recently_checked,
        metrics: metrics.collect(),
        app_name: check.app.clone(),
        summary: check.summary(),
        response_code: reply_code(check.outcome) as i32,
    }
}

/// Makes the message of a rule.
fn rule_message(name: &str, rule: &AppRule) -> topodata::ThrottledAppRule {
    topodata::ThrottledAppRule {
        name: name.to_owned(),
        ratio: rule.ratio,
        expires_at: rule.expires_at.map(to_proto_time),
        exempt: rule.is_exempt,
    }
}

fn aggregated(
    scope: Scope,
    values: &Values,
) -> impl Iterator<Item = (String, proto::get_throttler_status_response::MetricResult)> + '_ {
    values.iter().map(move |(metric, value)| {
        let result = proto::get_throttler_status_response::MetricResult {
            value: value.as_ref().copied().unwrap_or_default(),
            error: value.as_ref().err().cloned().unwrap_or_default(),
        };
        (format!("{}/{}", scope.name(), metric.name()), result)
    })
}

impl Core {
    /// Tells all that the throttler knows.
    pub fn throttler_status(&self) -> proto::GetThrottlerStatusResponse {
        let throttler = &self.throttler;
        let settings = throttler.settings();
        let now = SystemTime::now();
        let (own, shard) = (throttler.own_values(), throttler.shard_values());
        let health = throttler.healthy_at().into_iter().map(|(metric, at)| {
            let since = now.duration_since(at).unwrap_or_default().as_secs();
            let health = proto::get_throttler_status_response::MetricHealth {
                last_healthy_at: Some(to_proto_time(at)),
                seconds_since_last_healthy: i64::try_from(since).unwrap_or(i64::MAX),
            };
            (metric.name().to_owned(), health)
        });
        let recent = throttler.recent_apps().into_iter().map(|(name, one)| {
            let recent = proto::get_throttler_status_response::RecentApp {
                checked_at: Some(to_proto_time(one.at)),
                response_code: reply_code(one.outcome) as i32,
            };
            (name, recent)
        });
        let default = settings.default_metric();
        let is_there =
            |metric: &Metric| *metric != Metric::Custom || !settings.custom_query.is_empty();
        proto::GetThrottlerStatusResponse {
            tablet_alias: self.config.alias.to_string(),
            keyspace: self.config.keyspace.clone(),
            shard: self.config.shard.clone(),
            is_leader: self.tablet_type() == TabletType::Primary,
            is_open: settings.enabled && self.role.lock().mysqld.is_ok(),
            is_enabled: settings.enabled,
            is_dormant: !throttler.is_awake(),
            lag_metric_query: throttler.lag_query(),
            custom_metric_query: settings.custom_query.clone(),
            default_threshold: settings.threshold(default),
            metric_name_used_as_default: default.name().to_owned(),
            aggregated_metrics: aggregated(Scope::Own, &own)
                .chain(aggregated(Scope::Shard, &shard))
                .collect(),
            metric_thresholds: Metric::ALL
                .into_iter()
                .filter(is_there)
                .map(|metric| (metric.name().to_owned(), settings.threshold(metric)))
                .collect(),
            metrics_health: health.collect(),
            throttled_apps: settings
                .apps
                .iter()
                .filter(|(_, rule)| rule.expires_at.is_none_or(|until| until > now))
                .map(|(name, rule)| (name.clone(), rule_message(name, rule)))
                .collect(),
            app_checked_metrics: settings
                .checked
                .iter()
                .map(|(name, checked)| {
                    let names: Vec<String> = checked.iter().map(ToString::to_string).collect();
                    (name.clone(), names.join(","))
                })
                .collect(),
            recently_checked: throttler.is_recently_checked(),
            recent_apps: recent.collect(),
        }
    }
}
