//! One VDiff from its beginning, or from where it was left, to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_service::stats::Counter;

use crate::host::Host;
use crate::plan::{SourcePlan, Tenant};
use crate::snapshot::Opener;
use crate::store::{Record, Store, state};
use crate::stream_row::{Stream, Streams};
use crate::table::stopped;

/// How long it takes until a VDiff that failed for a reason that may pass is tried again, at first
/// and at most.
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Tables of this kind are of the system, and on their way to be dropped.
const SYSTEM_PREFIX: &str = "_vt_";

/// A VDiff that runs.
pub(crate) struct Run {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) store: Store,
    pub(crate) streams: Streams,
    pub(crate) record: Record,
    /// The keyspace and shard of the tablet.
    pub(crate) place: (String, String),
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    pub(crate) rows_compared: Counter,
    pub(crate) restarts: Counter,
    pub(crate) errors: Counter,
}

impl Run {
    pub(crate) fn opener(&self) -> Opener<'_> {
        Opener {
            host: &self.host,
            streams: &self.streams,
            options: &self.record.options,
            place: (&self.place.0, &self.place.1),
            turn: &self.turn,
        }
    }

    /// Runs to the end: all tables are compared, or it is stopped, or fails for a reason that
    /// does not pass.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let id = self.record.id;
        let mut pause = RETRY_FIRST;
        loop {
            let Err(error) = self.attempt(stop).await else { return };
            if stop.is_cancelled() {
                return;
            }
            self.errors.add(1);
            let again = self.record.options.auto_retry && may_pass(&error);
            tracing::warn!(vdiff = self.record.uuid, again, %error, "vdiff failed");
            let state = if again { state::STARTED } else { state::ERROR };
            if let Err(error) = self.store.set_state(id, state, &error.to_string()).await {
                tracing::warn!(vdiff = self.record.uuid, %error, "cannot keep what failed");
            }
            if !again {
                return;
            }
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    async fn attempt(&self, stop: &CancellationToken) -> Result<()> {
        let id = self.record.id;
        self.streams.release().await?;
        let streams = self.streams.load().await?;
        self.streams.check(&streams)?;
        if self.store.tables(id).await?.is_empty() {
            self.add_tables(&streams).await?;
        }
        self.store.set_state(id, state::STARTED, "").await?;
        for table in self.store.tables(id).await? {
            if stop.is_cancelled() {
                return Err(stopped());
            }
            if table.state != state::COMPLETED {
                let diff = self.diff_table(&table, stop);
                if let Err(error) = Box::pin(diff).await {
                    if !stop.is_cancelled() {
                        self.store.set_table_state(id, &table.name, state::ERROR).await?;
                    }
                    return Err(error);
                }
            }
        }
        self.store.set_state(id, state::COMPLETED, "").await
    }

    /// Finds the tables of the workflow, or those of them that were asked for.
    async fn add_tables(&self, streams: &[Stream]) -> Result<()> {
        let mut names = Vec::new();
        for name in self.host.tables().await? {
            if name.starts_with(SYSTEM_PREFIX) {
                continue;
            }
            let mut found = false;
            for stream in streams {
                let filter = stream.source.filter.clone().unwrap_or_default();
                // A rule that cannot be compared is told when its table is.
                found |= !matches!(SourcePlan::new(&filter, &name), Ok(None));
            }
            if found {
                names.push(name);
            }
        }
        let wanted = &self.record.options.tables;
        if !wanted.is_empty() {
            let missing: Vec<&str> =
                wanted.iter().filter(|one| !names.contains(one)).map(String::as_str).collect();
            if !missing.is_empty() {
                return Err(Error::new(
                    Code::InvalidArgument,
                    format!(
                        "workflow {} has no table {}",
                        self.record.workflow,
                        missing.join(", ")
                    ),
                ));
            }
            names.retain(|name| wanted.contains(name));
        }
        if names.is_empty() {
            let text = format!("workflow {} has no tables", self.record.workflow);
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        if self.record.options.update_table_stats {
            for name in &names {
                let sql = format!("analyze table `{}`", name.replace('`', "``"));
                self.host.query(&sql).await?;
            }
        }
        let rows = self.store.estimates(&names).await?;
        self.store.add_tables(self.record.id, &rows).await
    }

    /// Returns the tenant whose rows the workflow moves, if it moves one's.
    pub(crate) async fn tenant(&self, streams: &[Stream]) -> Result<Option<Tenant>> {
        let options = streams.first().map(|stream| stream.options.as_str()).unwrap_or_default();
        let options: serde_json::Value = serde_json::from_str(options).unwrap_or_default();
        let id = options["tenant_id"].as_str().unwrap_or_default();
        if id.is_empty() {
            return Ok(None);
        }
        let Some(column) = self.host.tenant_column().await? else {
            let text = format!(
                "workflow {} moves tenant {id}, and the vschema has no multi_tenant_spec",
                self.record.workflow
            );
            return Err(Error::new(Code::FailedPrecondition, text));
        };
        Ok(Some(Tenant { column, id: id.to_owned() }))
    }
}

/// Returns whether the same may succeed later.
fn may_pass(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::ClusterEvent
            | Code::Canceled
            | Code::ReadOnly
            | Code::Unknown
    )
}
