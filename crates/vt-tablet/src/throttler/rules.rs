//! What the keyspace's record says of throttling, and what that means for an application.

use std::collections::BTreeMap;
use std::time::SystemTime;

use vt_proto::topodata;
use vt_tablet_api::throttle::{Checked, Metric, app};
use vt_topo::records::shard::to_system_time;

/// A rule for an application.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AppRule {
    /// Which part of the checks is denied, from 0 to 1.
    pub ratio: f64,
    pub expires_at: Option<SystemTime>,
    /// Never held back, whatever is measured.
    pub is_exempt: bool,
}

/// The throttler's settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub enabled: bool,
    /// Of the default metric; 0 leaves that metric's own.
    pub(super) threshold: f64,
    pub custom_query: String,
    pub apps: BTreeMap<String, AppRule>,
    pub checked: BTreeMap<String, Vec<Checked>>,
    pub(super) thresholds: BTreeMap<Metric, f64>,
}

/// What a rule says of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The metrics decide.
    Measured,
    Denied,
    Exempt,
}

impl Settings {
    /// Reads a keyspace's record. Names that this version does not know are left out.
    pub fn from_proto(config: &topodata::ThrottlerConfig) -> Settings {
        let apps = config.throttled_apps.values().map(|rule| {
            let expires_at = rule.expires_at.as_ref().and_then(to_system_time);
            let rule_of = AppRule { ratio: rule.ratio, expires_at, is_exempt: rule.exempt };
            (rule.name.clone(), rule_of)
        });
        let checked = config.app_checked_metrics.iter().map(|(name, metrics)| {
            let metrics = metrics.names.iter().filter_map(|one| one.parse().ok());
            (name.clone(), metrics.collect::<Vec<Checked>>())
        });
        let thresholds = config.metric_thresholds.iter().filter_map(|(name, threshold)| {
            let checked: Checked = name.parse().ok()?;
            Some((checked.metric?, *threshold))
        });
        Settings {
            enabled: config.enabled,
            threshold: config.threshold,
            custom_query: config.custom_query.trim().trim_end_matches(';').to_owned(),
            apps: apps.collect(),
            checked: checked.filter(|(_, metrics)| !metrics.is_empty()).collect(),
            thresholds: thresholds.collect(),
        }
    }

    /// Returns the metric that counts where none is named.
    pub fn default_metric(&self) -> Metric {
        if self.custom_query.is_empty() { Metric::Lag } else { Metric::Custom }
    }

    /// Returns the value of a metric that is too much.
    pub fn threshold(&self, metric: Metric) -> f64 {
        if let Some(own) = self.thresholds.get(&metric) {
            return *own;
        }
        let is_default = metric == self.default_metric();
        match is_default && self.threshold > 0.0 {
            true => self.threshold,
            false => metric.default_threshold(),
        }
    }

    /// Returns what is checked for an application: what a rule says for it or a part of its name,
    /// else what is said for all.
    pub fn checked(&self, name: &str) -> Vec<Checked> {
        let own = std::iter::once(name).chain(name.split(':')).chain([app::ALL]);
        let found = own.into_iter().find_map(|one| self.checked.get(one));
        found.cloned().unwrap_or_else(|| vec![Checked::DEFAULT])
    }

    /// Judges an application by its rules alone; `dice` is a number from 0 to 1 drawn for this check.
    ///
    /// A rule for the whole name comes before those for its parts (`vreplication:online-ddl` is
    /// held back where either part is), and those before the rule for all.
    pub fn verdict(&self, name: &str, now: SystemTime, dice: f64) -> Verdict {
        if name.split(':').any(|part| app::EXEMPT.contains(&part)) {
            return Verdict::Exempt;
        }
        if name.split(':').any(|part| part == app::ALWAYS_THROTTLED) {
            return Verdict::Denied;
        }
        let live = |part: &str| {
            self.apps.get(part).filter(|rule| rule.expires_at.is_none_or(|until| until > now))
        };
        let own: Vec<&AppRule> =
            std::iter::once(name).chain(name.split(':')).filter_map(live).collect();
        if own.iter().any(|rule| rule.is_exempt) {
            return Verdict::Exempt;
        }
        let rules = if own.is_empty() { live(app::ALL).into_iter().collect() } else { own };
        if rules.iter().any(|rule| rule.is_exempt) {
            return Verdict::Exempt;
        }
        match rules.iter().any(|rule| dice < rule.ratio) {
            true => Verdict::Denied,
            false => Verdict::Measured,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rule(name: &str, ratio: f64) -> (String, AppRule) {
        (name.to_owned(), AppRule { ratio, expires_at: None, is_exempt: false })
    }

    #[test]
    fn rules_hold_for_names_their_parts_and_all() {
        let now = SystemTime::now();
        let settings = Settings { apps: [rule("online-ddl", 0.5)].into(), ..Settings::default() };
        let of = |settings: &Settings, name: &str, dice| settings.verdict(name, now, dice);
        assert_eq!(of(&settings, "online-ddl", 0.4), Verdict::Denied);
        assert_eq!(of(&settings, "online-ddl", 0.5), Verdict::Measured);
        assert_eq!(of(&settings, "vreplication:online-ddl:uuid", 0.1), Verdict::Denied);
        assert_eq!(of(&settings, "vreplication", 0.1), Verdict::Measured);
        assert_eq!(of(&settings, "always-throttled-app", 0.99), Verdict::Denied);
        let exempt = AppRule { ratio: 0.0, expires_at: None, is_exempt: true };
        let apps = [rule("all", 1.0), ("tablegc".to_owned(), exempt)].into();
        let settings = Settings { apps, ..Settings::default() };
        assert_eq!(of(&settings, "vreplication", 0.1), Verdict::Denied);
        assert_eq!(of(&settings, "tablegc", 0.1), Verdict::Exempt);
        assert_eq!(of(&settings, "schema-tracker", 0.1), Verdict::Exempt);
    }

    #[test]
    fn a_rule_ends_with_its_time() {
        let now = SystemTime::now();
        let (name, mut one) = rule("x", 1.0);
        one.expires_at = Some(now);
        let settings = Settings { apps: [(name, one)].into(), ..Settings::default() };
        assert_eq!(settings.verdict("x", now, 0.0), Verdict::Measured);
        let before = now - Duration::from_secs(1);
        assert_eq!(settings.verdict("x", before, 0.0), Verdict::Denied);
    }

    #[test]
    fn thresholds_come_from_the_metric_its_own_setting_or_the_default() {
        let mut config = topodata::ThrottlerConfig { threshold: 7.0, ..Default::default() };
        config.metric_thresholds.insert("loadavg".into(), 2.5);
        config.metric_thresholds.insert("no such".into(), 2.5);
        let settings = Settings::from_proto(&config);
        assert_eq!(settings.threshold(Metric::Lag), 7.0);
        assert_eq!(settings.threshold(Metric::LoadAvg), 2.5);
        assert_eq!(settings.threshold(Metric::ThreadsRunning), 100.0);
        config.custom_query = "select 1;".into();
        let settings = Settings::from_proto(&config);
        assert_eq!(settings.default_metric(), Metric::Custom);
        assert_eq!(settings.threshold(Metric::Custom), 7.0);
        assert_eq!(settings.threshold(Metric::Lag), 5.0);
    }

    #[test]
    fn what_is_checked_is_found_by_name_part_or_all() {
        let mut config = topodata::ThrottlerConfig::default();
        let names = |names: &[&str]| topodata::throttler_config::MetricNames {
            names: names.iter().map(|one| (*one).to_owned()).collect(),
        };
        config.app_checked_metrics.insert("online-ddl".into(), names(&["self/loadavg"]));
        config.app_checked_metrics.insert("all".into(), names(&["lag", "threads_running"]));
        let settings = Settings::from_proto(&config);
        let text = |name: &str| -> Vec<String> {
            settings.checked(name).iter().map(ToString::to_string).collect()
        };
        assert_eq!(text("vreplication:online-ddl"), ["self/loadavg"]);
        assert_eq!(text("other"), ["lag", "threads_running"]);
    }
}
