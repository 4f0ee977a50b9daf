//! What the parts of one stream share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vt_base::Result;
use vt_mysql::Conn;
use vt_proto::binlogdata::{Filter, OnDdlAction, VReplicationWorkflowState as State};

use crate::config::Config;
use crate::sources::Sources;
use crate::status::{Metrics, Status};
use crate::store::{Store, now, quote};
use crate::throttle::Throttle;
use crate::trouble::Outcome;

/// How long a stream that has to wait waits before it asks again.
const THROTTLE_PAUSE: Duration = Duration::from_millis(250);
/// It says so in the table every so many times that it asks.
const THROTTLE_TELL: u32 = 20;

/// One stream.
pub(crate) struct Stream {
    pub(crate) id: i32,
    pub(crate) workflow: String,
    pub(crate) workflow_type: i64,
    pub(crate) store: Store,
    pub(crate) sources: Sources,
    pub(crate) config: Config,
    pub(crate) throttle: Arc<dyn Throttle>,
    pub(crate) metrics: Metrics,
    pub(crate) status: Arc<Status>,
    /// Says when to stop; what is being written is written first.
    pub(crate) token: CancellationToken,
}

impl Stream {
    /// Returns a filter without rules that tells who asks.
    pub(crate) fn filter_head(&self) -> Filter {
        Filter {
            workflow_type: self.workflow_type,
            workflow_name: self.workflow.clone(),
            ..Filter::default()
        }
    }

    /// Sets the stream's state in the table and on the pages.
    pub(crate) async fn set_state(
        &self,
        conn: &mut Conn,
        state: State,
        message: &str,
    ) -> Result<()> {
        self.store.set_state(conn, self.id, state, message).await?;
        self.status.set_state(state, message);
        tracing::info!(
            id = self.id,
            workflow = self.workflow,
            state = state.as_str_name(),
            message,
            "stream changed its state"
        );
        Ok(())
    }

    /// Waits until the throttler lets an app go on, or the stream is to stop.
    pub(crate) async fn throttled(&self, conn: &mut Conn, app: &str) -> Outcome<()> {
        let mut asked = 0u32;
        while let Some(reason) = self.throttle.check(app) {
            self.note_throttled(conn, (app, &reason), asked).await?;
            asked = asked.saturating_add(1);
            let waited = self.token.run_until_cancelled(tokio::time::sleep(THROTTLE_PAUSE)).await;
            if waited.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Says in the table, at first and now and then, what holds the stream back.
    pub(crate) async fn note_throttled(
        &self,
        conn: &mut Conn,
        (app, reason): (&str, &str),
        asked: u32,
    ) -> Result<()> {
        if !asked.is_multiple_of(THROTTLE_TELL) {
            return Ok(());
        }
        self.metrics.throttled.add(&[&self.workflow, app], 1);
        let now = now();
        let sql = format!(
            "update {} set time_throttled = {now}, component_throttled = {}, \
             reason_throttled = {}, time_updated = {now} where id = {}",
            self.store.table("vreplication"),
            quote(app),
            quote(crate::store::cut(reason, REASON_BYTES_MAX)),
            self.id
        );
        conn.query(sql, 0).await.map(drop)
    }

    pub(crate) fn count(&self, bulk: u64, noops: u64) {
        if bulk > 0 {
            self.metrics.bulk_queries.add(&[&self.workflow, "insert"], bulk);
        }
        if noops > 0 {
            self.metrics.noop_queries.add(&[&self.workflow, "replicate"], noops);
        }
    }

    pub(crate) fn count_copied(&self, table: &str, rows: u64) {
        self.metrics.copied_rows.add(&[&self.workflow, table], rows);
        self.metrics.copied_rows_all.add(&[&self.workflow], rows);
    }

    /// Notes how long a phase took that has just ended.
    pub(crate) fn time_phase(&self, phase: &str, began: Instant) {
        self.metrics.phases.record(&[&self.workflow, phase], began.elapsed());
    }

    /// Notes how long a snapshot of a table was read.
    pub(crate) fn time_copy(&self, table: &str, began: Instant) {
        self.time_phase("copy", began);
        self.metrics.table_copies.record(&[&self.workflow, table], began.elapsed());
    }

    pub(crate) fn count_transactions(&self, count: u64) {
        self.metrics.queries.add(&[&self.workflow, "replicate"], count);
    }

    /// Counts what became of transactions that could be applied at once.
    pub(crate) fn count_parallel(&self, what: &str) {
        self.metrics.parallel.add(&[&self.workflow, what], 1);
    }

    pub(crate) fn count_definition(&self, action: OnDdlAction) {
        self.metrics.ddl_actions.add(&[&self.workflow, action.as_str_name()], 1);
    }
}

/// The column takes no more.
const REASON_BYTES_MAX: usize = 255;
