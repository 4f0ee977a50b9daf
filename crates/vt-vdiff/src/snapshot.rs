//! Both sides of a table at the same moment.
//!
//! The streams are stopped; each source is read in a snapshot that is no older than its stream;
//! the streams run up to these snapshots, and the target is read in a snapshot of its own. From
//! then on the streams go on, while the rows are compared.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::try_join_all;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::VStreamRowsResponse;
use vt_proto::query;
use vt_proto::tabletmanagerdata::VDiffTableLastPk;
use vt_vreplication::Wish;

use crate::host::{Host, RowStream, Side};
use crate::options::Options;
use crate::plan::{SourcePlan, TargetPlan};
use crate::stream_row::{Stream, Streams};

/// A side's rows, and what its first part said.
pub(crate) struct Opened {
    pub(crate) first: VStreamRowsResponse,
    pub(crate) rows: RowStream,
}

/// Both sides of a table.
pub(crate) struct BothSides {
    pub(crate) sources: Vec<Opened>,
    pub(crate) target: Opened,
}

/// What is needed to open both sides.
pub(crate) struct Opener<'a> {
    pub(crate) host: &'a Arc<dyn Host>,
    pub(crate) streams: &'a Streams,
    pub(crate) options: &'a Options,
    /// The keyspace and shard of the target.
    pub(crate) place: (&'a str, &'a str),
    /// Held while streams are stopped: two VDiffs of one workflow would undo each other's stops.
    pub(crate) turn: &'a tokio::sync::Mutex<()>,
}

impl Opener<'_> {
    /// Opens both sides behind the keys of `last`.
    ///
    /// # Errors
    /// A tablet does not answer, or a stream does not come to the position in time; the streams
    /// go on in any case.
    pub(crate) async fn open(
        &self,
        target: &TargetPlan,
        sources: &[(i64, SourcePlan)],
        last: Option<&VDiffTableLastPk>,
    ) -> Result<BothSides> {
        let _turn = self.turn.lock().await;
        // What an earlier one left behind when its tablet died.
        self.streams.release().await?;
        self.streams.check(&self.streams.load().await?)?;
        let opened = self.open_stopped(target, sources, last).await;
        let released = self.streams.release().await;
        let opened = opened?;
        released?;
        Ok(opened)
    }

    async fn open_stopped(
        &self,
        target: &TargetPlan,
        sources: &[(i64, SourcePlan)],
        last: Option<&VDiffTableLastPk>,
    ) -> Result<BothSides> {
        self.streams.stop().await?;
        let streams = self.streams.load().await?;
        let mut opening = Vec::new();
        for (id, plan) in sources {
            let stream = streams.iter().find(|stream| stream.id == *id).ok_or_else(|| {
                Error::new(Code::Unavailable, format!("stream {id} of the workflow is gone"))
            })?;
            opening.push(self.open_source(stream, plan, last));
        }
        let opened = try_join_all(opening).await?;
        let mut running = Vec::new();
        for ((id, _), opened) in sources.iter().zip(&opened) {
            running.push(self.run_up_to(*id, &opened.first.gtid));
        }
        try_join_all(running).await?;
        let target = self.open_target(target, last).await?;
        Ok(BothSides { sources: opened, target })
    }

    async fn run_up_to(&self, id: i64, position: &str) -> Result<()> {
        self.streams.run_up_to(id, position).await?;
        let reached = self.host.wait_for_stream(id, position);
        let late = || format!("stream {id} did not come to {position}");
        in_time(self.options.patience, reached, late).await
    }

    async fn open_source(
        &self,
        stream: &Stream,
        plan: &SourcePlan,
        last: Option<&VDiffTableLastPk>,
    ) -> Result<Opened> {
        let source = &stream.source;
        if !source.external_mysql.is_empty() || !source.external_cluster.is_empty() {
            return Err(Error::unsupported(
                "VDiff of a workflow whose source is another cluster; compare with SELECTs",
            ));
        }
        let wish = Wish {
            keyspace: source.keyspace.clone(),
            shard: source.shard.clone(),
            cells: self.options.source_cells.clone(),
            types: self.options.types.clone(),
        };
        let side = self.host.pick(&wish).await?;
        self.caught_up(&*side, &stream.position).await?;
        let after = last.and_then(|last| last.source.clone().or_else(|| last.target.clone()));
        self.opened(&*side, &plan.query, after).await
    }

    async fn open_target(
        &self,
        plan: &TargetPlan,
        last: Option<&VDiffTableLastPk>,
    ) -> Result<Opened> {
        let wish = Wish {
            keyspace: self.place.0.to_owned(),
            shard: self.place.1.to_owned(),
            cells: self.options.target_cells.clone(),
            types: self.options.types.clone(),
        };
        let position = self.host.position().await?;
        let side = self.host.pick(&wish).await?;
        self.caught_up(&*side, &position).await?;
        self.opened(&*side, &plan.query, last.and_then(|last| last.target.clone())).await
    }

    async fn caught_up(&self, side: &dyn Side, position: &str) -> Result<()> {
        let patience = self.options.patience;
        let reached = side.wait_for_position(position, patience);
        in_time(patience, reached, || format!("tablet {} did not come to {position}", side.alias()))
            .await
    }

    async fn opened(
        &self,
        side: &dyn Side,
        query: &str,
        after: Option<query::QueryResult>,
    ) -> Result<Opened> {
        let opening = async {
            let mut rows = side.rows(query, after).await?;
            while let Some(first) = rows.next().await {
                let first = first?;
                // A stream that waits says so before it has anything to tell.
                if !first.gtid.is_empty() {
                    return Ok(Opened { first, rows });
                }
            }
            let alias = side.alias();
            Err(Error::new(Code::Unavailable, format!("tablet {alias} ended its rows at once")))
        };
        in_time(self.options.patience, opening, || {
            format!("tablet {} did not open {query:?}", side.alias())
        })
        .await
    }
}

async fn in_time<T>(
    patience: Duration,
    work: impl Future<Output = Result<T>>,
    what: impl FnOnce() -> String,
) -> Result<T> {
    match tokio::time::timeout(patience, work).await {
        Ok(done) => done,
        Err(_elapsed) => {
            Err(Error::new(Code::DeadlineExceeded, format!("{} within {patience:?}", what())))
        }
    }
}
