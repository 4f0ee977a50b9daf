//! What a primary gathers of its shard: each replica tells what it measured of itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use vt_base::{Code, Error, Result, TabletType};
use vt_proto::tabletmanagerdata::{CheckThrottlerRequest, CheckThrottlerResponse};
use vt_tablet_api::throttle::{Checked, Scope, app};
use vt_topo::TabletRecord;

use super::decide::{Values, worst};
use crate::core::Core;

const PACE: Duration = Duration::from_millis(250);
const PACE_DORMANT: Duration = Duration::from_secs(5);
/// How long a replica has to answer.
const TIMEOUT: Duration = Duration::from_secs(1);
/// How long the list of tablets is taken for true.
const ROSTER_PERIOD: Duration = Duration::from_secs(20);

impl Core {
    /// Gathers the shard's values again and again while the throttler is on; runs until cancelled.
    pub async fn gather_for_throttler(self: Arc<Core>) {
        let mut roster: (Option<Instant>, Vec<TabletRecord>) = (None, Vec::new());
        loop {
            let woken = self.throttler.woken.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            if !self.throttler.settings().enabled {
                woken.await;
                continue;
            }
            let own = self.throttler.own_values();
            let mut all = vec![own];
            if self.tablet_type() == TabletType::Primary {
                if roster.0.is_none_or(|at| at.elapsed() >= ROSTER_PERIOD)
                    && let Ok(found) = self.throttled_tablets().await
                {
                    roster = (Some(Instant::now()), found);
                }
                let answers = join_all(roster.1.iter().map(|one| self.ask_replica(one)));
                all.extend(answers.await.into_iter().flatten());
            } else {
                // One that is not primary knows of nobody but itself.
                roster.0 = None;
            }
            self.throttler.set_shard(worst(&all));
            let pace = if self.throttler.is_awake() { PACE } else { PACE_DORMANT };
            tokio::select! {
                biased;
                () = woken => {}
                () = tokio::time::sleep(pace) => {}
            }
        }
    }

    /// Returns the other tablets of the shard whose lag counts.
    async fn throttled_tablets(&self) -> Result<Vec<TabletRecord>> {
        let found =
            self.topo.find_tablets_by_shard(&self.config.keyspace, &self.config.shard).await?;
        let counts = |record: &TabletRecord| {
            record.alias() != self.config.alias
                && self.config.throttle_tablet_types.contains(&record.tablet_type())
        };
        Ok(found.records.into_iter().filter(counts).collect())
    }

    /// Asks a replica; `None` if it is not there, since what nobody serves from holds nobody back.
    async fn ask_replica(&self, record: &TabletRecord) -> Option<Values> {
        let request = CheckThrottlerRequest {
            app_name: app::VITESS.to_owned(),
            scope: Scope::Own.name().to_owned(),
            skip_request_heartbeats: true,
            ok_if_not_exists: true,
        };
        let asked = async {
            let mut client = self.dialer.tablet_manager(&record.message)?;
            let reply = client.check_throttler(request).await;
            reply.map_err(|status| vt_rpc::status::from_status(&status))
        };
        let late = || Error::new(Code::DeadlineExceeded, "no answer in time");
        let reply = tokio::time::timeout(TIMEOUT, asked).await.unwrap_or_else(|_| Err(late()));
        match reply {
            Ok(reply) => {
                let reply = reply.into_inner();
                if reply.recently_checked {
                    self.throttler.heartbeats.extend();
                }
                Some(values_of(&reply))
            }
            Err(err) if err.code() == Code::Unavailable => None,
            Err(err) => {
                let text = format!("tablet {}: {}", record.alias(), err.message());
                let metrics = [vt_tablet_api::throttle::Metric::Lag];
                Some(metrics.map(|metric| (metric, Err(text.clone()))).into())
            }
        }
    }
}

/// Reads the values out of a reply; those that the replica does not know yet are left out.
fn values_of(reply: &CheckThrottlerResponse) -> Values {
    use vt_proto::tabletmanagerdata::CheckThrottlerResponseCode as ReplyCode;
    let values = reply.metrics.iter().filter_map(|(name, metric)| {
        let checked: Checked = name.parse().ok()?;
        let value = match metric.response_code() {
            ReplyCode::Ok | ReplyCode::ThresholdExceeded => Ok(metric.value),
            ReplyCode::UnknownMetric => return None,
            _ => Err(metric.error.clone()),
        };
        Some((checked.metric?, value))
    });
    values.collect()
}
