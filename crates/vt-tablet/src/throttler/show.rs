//! `SHOW VITESS_THROTTLER STATUS` and `SHOW VITESS_THROTTLED_APPS`, as a primary answers them.

use std::time::SystemTime;

use vt_base::{Error, ErrorId, Result, TabletType, Target};
use vt_value::{Field, QueryResult, RowsBuilder, Type};

use super::Throttler;

impl Throttler {
    /// Tells whether the throttler is on, and by what.
    pub fn show_status(&self, target: &Target) -> Result<QueryResult> {
        if target.tablet_type != TabletType::Primary {
            return Err(Error::vt(ErrorId::VT09010, ""));
        }
        let settings = self.settings();
        let query = match settings.custom_query.as_str() {
            "" => self.lag_query(),
            query => query.to_owned(),
        };
        let mut rows = RowsBuilder::default();
        let threshold = settings.threshold(settings.default_metric());
        rows.push([
            Some(target.shard.to_string()),
            Some(i32::from(settings.enabled).to_string()),
            Some(threshold.to_string()),
            Some(query),
        ]);
        let fields = [
            Field::new("shard", Type::VARCHAR),
            Field::new("enabled", Type::INT32),
            Field::new("threshold", Type::FLOAT64),
            Field::new("query", Type::VARCHAR),
        ];
        Ok(QueryResult::with_rows(fields, rows.finish()))
    }

    /// Lists the rules for applications whose time is not over.
    pub fn show_apps(&self, target: &Target) -> Result<QueryResult> {
        if target.tablet_type != TabletType::Primary {
            return Err(Error::vt(ErrorId::VT09007, "SHOW"));
        }
        let now = SystemTime::now();
        let mut rows = RowsBuilder::default();
        for (name, rule) in &self.settings().apps {
            if rule.expires_at.is_some_and(|until| until <= now) {
                continue;
            }
            let until = rule.expires_at.map(|until| {
                let since = until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let text = vt_topo::records::lock::rfc3339(since.as_secs());
                text.trim_end_matches('Z').replacen('T', " ", 1)
            });
            rows.push([Some(name.clone()), until, Some(rule.ratio.to_string())]);
        }
        let fields = [
            Field::new("app", Type::VARCHAR),
            Field::new("expire_at", Type::TIMESTAMP),
            Field::new("ratio", Type::DECIMAL),
        ];
        Ok(QueryResult::with_rows(fields, rows.finish()))
    }
}
