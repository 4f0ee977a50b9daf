//! What this tablet measures of its own server and machine.

use std::sync::Arc;
use std::time::Duration;

use vt_base::{Error, Result};
use vt_mysql::Conn;
use vt_tablet_api::throttle::Metric;

use super::decide::{Measured, Values};
use super::rules::Settings;
use crate::core::Core;
use crate::db::first_text;
use crate::schema::text;

/// How often the server is looked at while somebody checks.
const PACE: Duration = Duration::from_millis(250);
/// How often while nobody does.
const PACE_DORMANT: Duration = Duration::from_secs(5);
/// How long one look may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Every how many looks the metrics that change slowly are measured.
const SLOW_EVERY: u32 = 4;

impl Core {
    /// Measures again and again while the throttler is on; runs until cancelled.
    pub async fn measure_for_throttler(self: Arc<Core>) {
        let mut looks = 0u32;
        loop {
            let woken = self.throttler.woken.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let settings = self.throttler.settings();
            if !settings.enabled {
                woken.await;
                continue;
            }
            let is_awake = self.throttler.is_awake();
            let mut values = self.throttler.own_values();
            let is_slow = !is_awake || looks.is_multiple_of(SLOW_EVERY) || values.len() < 3;
            looks = looks.wrapping_add(1);
            let looked = tokio::time::timeout(TIMEOUT, self.look_for_throttler(&settings, is_slow));
            match looked.await {
                Ok(Ok(measured)) => values.extend(measured),
                Ok(Err(err)) => values = failed(&values, err.message()),
                Err(_) => values = failed(&values, "mysqld does not answer in time"),
            }
            if settings.custom_query.is_empty() {
                values.remove(&Metric::Custom);
            }
            self.throttler.set_own(values);
            let pace = if is_awake { PACE } else { PACE_DORMANT };
            tokio::select! {
                biased;
                () = woken => {}
                () = tokio::time::sleep(pace) => {}
            }
        }
    }

    async fn look_for_throttler(&self, settings: &Settings, is_slow: bool) -> Result<Values> {
        let mut values = Values::new();
        let mut conn = self.db.dba().await?;
        self.throttler.set_sidecar(&self.sidecar.load());
        let lag = self.throttler.lag_query();
        let lag = number(&mut conn, &lag, "no heartbeat was written yet").await;
        values.insert(Metric::Lag, lag.map(|lag| lag.max(0.0)));
        if !settings.custom_query.is_empty() {
            let custom = number(&mut conn, &settings.custom_query, "the query gives no number");
            values.insert(Metric::Custom, custom.await);
        }
        if !is_slow {
            return Ok(values);
        }
        let running = "select variable_value from performance_schema.global_status \
                       where variable_name = 'Threads_running'";
        let running = number(&mut conn, running, "mysqld does not count its threads").await;
        values.insert(Metric::ThreadsRunning, running);
        let history = "select `count` from information_schema.innodb_metrics \
                       where name = 'trx_rseg_history_len'";
        let history = number(&mut conn, history, "mysqld does not count its history").await;
        values.insert(Metric::HistoryListLength, history);
        let folder = first_text(&conn.query("select @@global.datadir", 1).await?);
        drop(conn);
        let machine = tokio::task::spawn_blocking(move || {
            (crate::host::load_average(), crate::host::used_ratio(&folder))
        });
        let (load, used) = machine
            .await
            .map_err(|err| Error::bug(format_args!("measuring the machine failed: {err}")))?;
        values.insert(Metric::LoadAvg, load.clone());
        values.insert(Metric::MysqldLoadAvg, load);
        values.insert(Metric::MysqldDatadirUsedRatio, used);
        Ok(values)
    }
}

/// Asks for one number: the only column of a SELECT, or the second of SHOW STATUS.
async fn number(conn: &mut Conn, sql: &str, missing: &str) -> Measured {
    let result = conn.query(sql, 2).await.map_err(|err| err.message().to_owned())?;
    let Some(row) = result.rows.iter().next() else { return Err(missing.to_owned()) };
    let column = usize::from(result.fields.len() > 1);
    let value = text(row, column).parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| missing.to_owned())
}

/// Makes an error of every value that the server was to tell.
fn failed(values: &Values, why: &str) -> Values {
    let mut out = values.clone();
    for metric in [Metric::Lag, Metric::Custom, Metric::ThreadsRunning, Metric::HistoryListLength] {
        out.insert(metric, Err(why.to_owned()));
    }
    out
}
