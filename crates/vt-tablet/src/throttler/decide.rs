//! A check decided from what was measured: a plain function.

use std::collections::BTreeMap;

use vt_tablet_api::throttle::{Checked, Metric, Scope};

use super::rules::{Settings, Verdict};

/// A measured value, or why there is none.
pub type Measured = Result<f64, String>;
/// Measured values of a tablet or a shard.
pub type Values = BTreeMap<Metric, Measured>;

/// How a check ends, with the numbers of the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    #[default]
    Granted,
    /// A value is above its threshold.
    Exceeded,
    /// A rule denies the application.
    Denied,
    /// Nothing is known of the metric.
    Unknown,
    /// The metric could not be measured.
    Failed,
}

/// One metric of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricCheck {
    pub metric: Metric,
    pub scope: Scope,
    pub value: f64,
    pub threshold: f64,
    pub outcome: Outcome,
    /// Why it is not granted; empty where it is.
    pub error: String,
}

/// A whole check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    pub app: String,
    pub outcome: Outcome,
    /// In the order in which they are named; a check that a rule decides has none.
    pub metrics: Vec<MetricCheck>,
}

impl Check {
    /// Returns the metric that decides: the first that is not granted, else the first.
    pub fn decisive(&self) -> Option<&MetricCheck> {
        let refused = self.metrics.iter().find(|one| one.outcome == self.outcome);
        refused.or_else(|| self.metrics.first())
    }

    /// Says in a sentence how the check ended.
    pub fn summary(&self) -> String {
        let app = &self.app;
        let decisive = self.decisive();
        match (self.outcome, decisive) {
            (Outcome::Granted, _) => format!("{app} is granted access"),
            (Outcome::Denied, _) => format!("{app} is explicitly denied access"),
            (Outcome::Exceeded, Some(one)) => format!(
                "{app} is denied access due to {}/{} metric value {} exceeding threshold {}",
                one.scope.name(),
                one.metric.name(),
                one.value,
                one.threshold
            ),
            (Outcome::Unknown, _) => {
                format!("{app} is denied access due to unknown or uncollected metric")
            }
            (_, one) => {
                let error = one.map_or("", |one| one.error.as_str());
                format!("{app} is denied access due to unexpected error: {error}")
            }
        }
    }
}

/// What a check is decided from.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub settings: &'a Settings,
    pub own: &'a Values,
    pub shard: &'a Values,
}

/// Decides a check. `scope` overrides what the metrics' names say, where a caller wants that;
/// `verdict` is what the rules say of the application.
pub fn decide(picture: Picture<'_>, app: &str, scope: Option<Scope>, verdict: Verdict) -> Check {
    let mut check = Check { app: app.to_owned(), ..Check::default() };
    match verdict {
        Verdict::Exempt => return check,
        Verdict::Denied => {
            check.outcome = Outcome::Denied;
            return check;
        }
        Verdict::Measured => {}
    }
    for checked in picture.settings.checked(app) {
        let one = judge(picture, checked, scope);
        let is_known = check
            .metrics
            .iter()
            .any(|before| before.metric == one.metric && before.scope == one.scope);
        if !is_known {
            check.metrics.push(one);
        }
    }
    let outcomes = check.metrics.iter().map(|one| one.outcome);
    check.outcome = outcomes.max().unwrap_or_default();
    check
}

/// Judges one metric.
pub fn judge(picture: Picture<'_>, checked: Checked, scope: Option<Scope>) -> MetricCheck {
    let settings = picture.settings;
    let metric = checked.metric.unwrap_or_else(|| settings.default_metric());
    let scope = scope.or(checked.scope).unwrap_or_else(|| metric.default_scope());
    let values = match scope {
        Scope::Own => picture.own,
        Scope::Shard => picture.shard,
    };
    let threshold = settings.threshold(metric);
    let (value, outcome, error) = match values.get(&metric) {
        None => (0.0, Outcome::Unknown, "metric not collected yet".to_owned()),
        Some(Err(error)) => (0.0, Outcome::Failed, error.clone()),
        Some(Ok(value)) if *value > threshold => {
            (*value, Outcome::Exceeded, "threshold exceeded".to_owned())
        }
        Some(Ok(value)) => (*value, Outcome::Granted, String::new()),
    };
    MetricCheck { metric, scope, value, threshold, outcome, error }
}

/// Puts the values of a shard's tablets together: the worst counts, and an error more than any.
pub fn worst<'a>(tablets: impl IntoIterator<Item = &'a Values>) -> Values {
    let mut out = Values::new();
    for (metric, value) in tablets.into_iter().flatten() {
        let entry = out.entry(*metric).or_insert_with(|| value.clone());
        let is_worse = match (&*entry, value) {
            (Err(_), _) => false,
            (Ok(_), Err(_)) => true,
            (Ok(known), Ok(other)) => other > known,
        };
        if is_worse {
            entry.clone_from(value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        own: &[(Metric, Measured)],
        shard: &[(Metric, Measured)],
        scope: Option<Scope>,
    ) -> Check {
        let settings = Settings { enabled: true, ..Settings::default() };
        let own: Values = own.iter().cloned().collect();
        let shard: Values = shard.iter().cloned().collect();
        let picture = Picture { settings: &settings, own: &own, shard: &shard };
        decide(picture, "test", scope, Verdict::Measured)
    }

    #[test]
    fn lag_counts_for_the_shard_unless_said_otherwise() {
        let own = [(Metric::Lag, Ok(1.0))];
        let shard = [(Metric::Lag, Ok(10.5))];
        let of_shard = check(&own, &shard, None);
        assert_eq!(
            of_shard.summary(),
            "test is denied access due to shard/lag metric value 10.5 exceeding threshold 5"
        );
        assert_eq!(of_shard.outcome, Outcome::Exceeded);
        let own = check(&own, &shard, Some(Scope::Own));
        assert_eq!(
            (own.outcome, own.summary().as_str()),
            (Outcome::Granted, "test is granted access")
        );
    }

    #[test]
    fn what_was_not_or_could_not_be_measured_lets_nobody_in() {
        let none = check(&[], &[], None);
        assert_eq!(none.outcome, Outcome::Unknown);
        let failed = check(&[], &[(Metric::Lag, Err("no heartbeat".into()))], None);
        assert_eq!(failed.outcome, Outcome::Failed);
        assert!(failed.summary().ends_with("unexpected error: no heartbeat"));
    }

    #[test]
    fn rules_come_before_values() {
        let settings = Settings::default();
        let values: Values = [(Metric::Lag, Ok(100.0))].into();
        let picture = Picture { settings: &settings, own: &values, shard: &values };
        let exempt = decide(picture, "a", None, Verdict::Exempt);
        assert_eq!(exempt.outcome, Outcome::Granted);
        let denied = decide(picture, "a", None, Verdict::Denied);
        assert_eq!(denied.summary(), "a is explicitly denied access");
    }

    #[test]
    fn the_worst_tablet_speaks_for_the_shard() {
        let one: Values = [(Metric::Lag, Ok(1.0)), (Metric::LoadAvg, Ok(0.5))].into();
        let two: Values = [(Metric::Lag, Ok(3.0))].into();
        let broken: Values = [(Metric::LoadAvg, Err("away".into()))].into();
        let worst = worst([&one, &two, &broken]);
        assert_eq!(worst[&Metric::Lag], Ok(3.0));
        assert_eq!(worst[&Metric::LoadAvg], Err("away".into()));
    }
}
