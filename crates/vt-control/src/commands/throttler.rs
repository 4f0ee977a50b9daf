//! UpdateThrottlerConfig, CheckThrottler, GetThrottlerStatus.

use std::time::SystemTime;

use vt_base::Result;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::topodata::{ThrottledAppRule, ThrottlerConfig, throttler_config::MetricNames};
use vt_proto::vtctldata::*;
use vt_tablet_api::throttle::{Checked, Metric, app};
use vt_topo::records::shard::to_system_time;

use crate::Control;
use crate::control::{invalid, required_alias};

impl Control {
    pub async fn update_throttler_config(
        &self,
        request: UpdateThrottlerConfigRequest,
    ) -> Result<UpdateThrottlerConfigResponse> {
        check_request(&request)?;
        let keyspace = &request.keyspace;
        let now = SystemTime::now();
        let lock = self.topo.lock_keyspace(keyspace, "UpdateThrottlerConfig").await?;
        let changed = async {
            let record = self
                .topo
                .update_keyspace_fields(keyspace, |record| {
                    let config = record.throttler_config.get_or_insert_with(Default::default);
                    apply_request(config, &request, now);
                    Ok(())
                })
                .await?;
            let config = record.message.throttler_config;
            lock.check().await?;
            // Tablets follow the serving graph of their own cells.
            self.topo
                .update_srv_keyspace_fields(keyspace, &[], |srv| {
                    srv.throttler_config.clone_from(&config);
                    Ok(())
                })
                .await
        };
        let changed = changed.await;
        lock.unlock().await?;
        changed?;
        Ok(UpdateThrottlerConfigResponse {})
    }

    pub async fn check_throttler(
        &self,
        request: CheckThrottlerRequest,
    ) -> Result<CheckThrottlerResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let asked = tm::CheckThrottlerRequest {
            app_name: request.app_name,
            scope: request.scope,
            skip_request_heartbeats: request.skip_request_heartbeats,
            ok_if_not_exists: request.ok_if_not_exists,
        };
        let check = self.tablet(&alias).await?.check_throttler(asked).await?;
        Ok(CheckThrottlerResponse { tablet_alias: request.tablet_alias, check: Some(check) })
    }

    pub async fn get_throttler_status(
        &self,
        request: GetThrottlerStatusRequest,
    ) -> Result<GetThrottlerStatusResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let tablet = self.tablet(&alias).await?;
        let status = tablet.get_throttler_status(tm::GetThrottlerStatusRequest {}).await?;
        Ok(GetThrottlerStatusResponse { status: Some(status) })
    }
}

/// Refuses what cannot be meant.
fn check_request(request: &UpdateThrottlerConfigRequest) -> Result<()> {
    if request.keyspace.is_empty() {
        return Err(invalid("the request names no keyspace"));
    }
    if request.enable && request.disable {
        return Err(invalid("--enable and --disable cannot be given together"));
    }
    if request.check_as_check_self && request.check_as_check_shard {
        return Err(invalid(
            "--check-as-check-self and --check-as-check-shard cannot be given together",
        ));
    }
    if !request.threshold.is_finite() || request.threshold < 0.0 {
        return Err(invalid("a threshold is a number that is not negative"));
    }
    if !request.app_checked_metrics.is_empty() && request.app_name.is_empty() {
        return Err(invalid("--app-metrics needs --app-name"));
    }
    for name in &request.app_checked_metrics {
        name.parse::<Checked>()?;
    }
    if !request.metric_name.is_empty() {
        let checked: Checked = request.metric_name.parse()?;
        if checked.scope.is_some() {
            return Err(invalid("--metric-name takes a metric without a scope"));
        }
    }
    if let Some(rule) = &request.throttled_app {
        if rule.name.is_empty() || rule.name == app::ALWAYS_THROTTLED {
            return Err(invalid("no rule can be made for this application"));
        }
        if !(0.0..=1.0).contains(&rule.ratio) {
            return Err(invalid("--throttle-app-ratio is a number from 0 to 1"));
        }
    }
    Ok(())
}

/// Changes a keyspace's settings as a request says, and forgets rules whose time is over.
fn apply_request(
    config: &mut ThrottlerConfig,
    request: &UpdateThrottlerConfigRequest,
    now: SystemTime,
) {
    if request.enable || request.disable {
        config.enabled = request.enable;
    }
    if request.check_as_check_self || request.check_as_check_shard {
        config.check_as_check_self = request.check_as_check_self;
    }
    if request.custom_query_set {
        config.custom_query.clone_from(&request.custom_query);
    }
    match request.metric_name.as_str() {
        "" | "default" if request.threshold > 0.0 => config.threshold = request.threshold,
        "" | "default" => {}
        // Changing the query of the metric is no reason to forget its threshold.
        name if name == Metric::Custom.name() && request.custom_query_set => {
            if request.threshold > 0.0 {
                config.metric_thresholds.insert(name.to_owned(), request.threshold);
            }
        }
        name if request.threshold > 0.0 => {
            config.metric_thresholds.insert(name.to_owned(), request.threshold);
        }
        name => {
            config.metric_thresholds.remove(name);
        }
    }
    if !request.app_name.is_empty() {
        let names = request.app_checked_metrics.clone();
        match names.is_empty() {
            true => config.app_checked_metrics.remove(&request.app_name),
            false => {
                config.app_checked_metrics.insert(request.app_name.clone(), MetricNames { names })
            }
        };
    }
    if let Some(rule) = &request.throttled_app {
        config.throttled_apps.insert(rule.name.clone(), rule.clone());
    }
    config.throttled_apps.retain(|_, rule| is_live(rule, now));
}

fn is_live(rule: &ThrottledAppRule, now: SystemTime) -> bool {
    rule.expires_at.as_ref().and_then(to_system_time).is_none_or(|until| until > now)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vt_topo::records::shard::to_proto_time;

    use super::*;

    fn request() -> UpdateThrottlerConfigRequest {
        UpdateThrottlerConfigRequest { keyspace: "ks".into(), ..Default::default() }
    }

    #[test]
    fn settings_change_only_where_the_request_says() {
        let now = SystemTime::now();
        let mut config = ThrottlerConfig::default();
        let on = UpdateThrottlerConfigRequest { enable: true, threshold: 3.5, ..request() };
        apply_request(&mut config, &on, now);
        let load = UpdateThrottlerConfigRequest {
            metric_name: "loadavg".into(),
            threshold: 2.0,
            app_name: "online-ddl".into(),
            app_checked_metrics: vec!["lag".into(), "self/loadavg".into()],
            ..request()
        };
        apply_request(&mut config, &load, now);
        assert!(config.enabled);
        assert_eq!(config.threshold, 3.5);
        assert_eq!(config.metric_thresholds["loadavg"], 2.0);
        assert_eq!(config.app_checked_metrics["online-ddl"].names, ["lag", "self/loadavg"]);
        let less = UpdateThrottlerConfigRequest {
            metric_name: "loadavg".into(),
            app_name: "online-ddl".into(),
            disable: true,
            ..request()
        };
        apply_request(&mut config, &less, now);
        assert!(!config.enabled && config.metric_thresholds.is_empty());
        assert!(config.app_checked_metrics.is_empty());
    }

    #[test]
    fn rules_come_and_go() {
        let now = SystemTime::now();
        let rule = |name: &str, until: SystemTime| UpdateThrottlerConfigRequest {
            throttled_app: Some(ThrottledAppRule {
                name: name.into(),
                ratio: 0.5,
                expires_at: Some(to_proto_time(until)),
                exempt: false,
            }),
            ..request()
        };
        let mut config = ThrottlerConfig::default();
        apply_request(&mut config, &rule("a", now + Duration::from_secs(60)), now);
        assert_eq!(config.throttled_apps["a"].ratio, 0.5);
        apply_request(&mut config, &rule("a", now), now);
        assert!(config.throttled_apps.is_empty());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refused = |request: UpdateThrottlerConfigRequest| check_request(&request).is_err();
        assert!(!refused(request()));
        assert!(refused(UpdateThrottlerConfigRequest::default()));
        assert!(refused(UpdateThrottlerConfigRequest { enable: true, disable: true, ..request() }));
        assert!(refused(UpdateThrottlerConfigRequest { threshold: f64::NAN, ..request() }));
        assert!(refused(UpdateThrottlerConfigRequest { metric_name: "speed".into(), ..request() }));
        let metrics = vec!["lag".to_owned()];
        assert!(refused(UpdateThrottlerConfigRequest {
            app_checked_metrics: metrics,
            ..request()
        }));
    }
}
