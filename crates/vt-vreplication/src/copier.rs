//! The copy phase: a table's rows, in the order of its key, as they were at one position.
//!
//! What is here already is first brought to the position of the snapshot, no further; so what is
//! here is always that of one position: tables that are done, and of the one under way the rows up
//! to the last key, or those of several ranges of the key, each up to a key of its own
//! (`extent.rs`). `reader.rs` gathers what comes, `writer.rs` writes it.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_proto::binlogdata::{VStreamRowsRange, VStreamRowsRequest, VStreamRowsResponse};
use vt_proto::query;
use vt_rpc::convert::field_from_proto;
use vt_rpc::status::from_status;

use crate::SourceTablet;
use crate::bound::Bound;
use crate::extent::{Copying, Extent, Part};
use crate::plan::{Mode, Plans, TablePlan};
use crate::player::{Played, Player, Start, Until, position};
use crate::reader::{Reader, Rows, ended_early};
use crate::store::{now, number, quote};
use crate::stream::Stream;
use crate::trouble::{Outcome, Trouble};
use crate::writer::{Lane, Session, Writer};

/// How a copy ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Copied {
    /// The table is here whole.
    Done,
    /// The snapshot was read for as long as one may be.
    Paused,
    Cancelled,
    /// Catching up ended with something else.
    Ended(Played),
}

/// Copies one table.
pub(crate) struct Copier<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) tablet: &'a SourceTablet,
    pub(crate) plans: &'a Plans,
    pub(crate) copying: &'a Copying,
    pub(crate) table: &'a str,
}

/// What is read of a table in one snapshot.
pub(crate) struct Reading {
    pub(crate) head: VStreamRowsResponse,
    pub(crate) messages: Rows,
    /// When the snapshot is given up for a new one.
    pub(crate) until: Option<Instant>,
    /// The ranges, as they are kept, and where each ends.
    pub(crate) parts: Vec<(Part, Option<query::Row>)>,
}

impl Copier<'_> {
    /// Copies the table; `start` is where what is here already stands.
    pub(crate) async fn run(&self, conn: &mut Conn, start: Start) -> Outcome<Copied> {
        let plan = self
            .plans
            .by_target
            .get(self.table)
            .ok_or_else(|| Trouble::Plan(Error::bug("a table is copied that has no plan")))?;
        let extent = self
            .copying
            .get(self.table)
            .ok_or_else(|| Error::bug("a table is copied that is not to be"))?;
        self.stream.throttled(conn, "vcopier").await?;
        let rest = extent.rest();
        let request = self.request(plan, extent, &rest);
        let opening = self.open(request);
        let Some(opened) = self.stream.token.run_until_cancelled(opening).await else {
            return Ok(Copied::Cancelled);
        };
        let (head, messages) = opened?;
        if let Some(ended) = self.catch_up(conn, start, &head.gtid).await? {
            return Ok(Copied::Ended(ended));
        }
        let fields = head.fields.iter().map(field_from_proto).collect();
        let bound =
            Bound::new(plan.clone(), &self.stream.store.database, fields).map_err(Trouble::Plan)?;
        let parts = self.parts(conn, (extent, rest), &head).await?;
        self.stream.metrics.copy_loops.add(&[&self.stream.workflow], 1);
        let messages = messages.map(|one| one.map_err(|status| from_status(&status))).boxed();
        let until = Some(Instant::now() + self.stream.config.copy_phase_duration);
        let copied = self.insert_all(bound, Reading { head, messages, until, parts }).await?;
        if copied == Copied::Done {
            self.finish(conn).await?;
        }
        Ok(copied)
    }

    /// Asks for what is not here yet.
    fn request(
        &self,
        plan: &TablePlan,
        extent: &Extent,
        rest: &[(Part, VStreamRowsRange)],
    ) -> VStreamRowsRequest {
        let query = plan.ask(&[]);
        if extent.parts.len() > 1 {
            let ranges = rest.iter().map(|(_, range)| range.clone()).collect();
            return VStreamRowsRequest { query, ranges, ..VStreamRowsRequest::default() };
        }
        let ranges_max = match plan.mode {
            Mode::Plain => u32::try_from(self.stream.config.copy_ranges).unwrap_or(1),
            Mode::Ignore | Mode::Aggregate => 1,
        };
        let lastpk = extent.first_key();
        VStreamRowsRequest { query, lastpk, ranges_max, ..VStreamRowsRequest::default() }
    }

    /// Returns the ranges that the source reads; those that it has cut are written down first.
    async fn parts(
        &self,
        conn: &mut Conn,
        (extent, rest): (&Extent, Vec<(Part, VStreamRowsRange)>),
        head: &VStreamRowsResponse,
    ) -> Outcome<Vec<(Part, Option<query::Row>)>> {
        if extent.parts.len() > 1 {
            let same = head.ranges.len() == rest.len()
                && head.ranges.iter().zip(&rest).all(|(told, (_, asked))| told == asked);
            if !same {
                let message = format!(
                    "the source does not read ranges of table {}, of which several are copied; \
                     let the stream come from a tablet that does",
                    self.table
                );
                return Err(Error::new(Code::FailedPrecondition, message).into());
            }
            return Ok(rest.into_iter().map(|(part, range)| (part, range.up_to)).collect());
        }
        let parts = match head.ranges.len() {
            0 | 1 => extent.parts.clone(),
            _ => {
                let what = (self.table, head.ranges.as_slice());
                let parts = extent.divide(self.stream, conn, what, &head.pkfields).await?;
                let message = format!("table {} is copied in {} ranges", self.table, parts.len());
                self.stream.store.log(conn, self.stream.id, "Message", &message).await?;
                parts
            }
        };
        let ends = head.ranges.iter().map(|range| range.up_to.clone()).chain([None]);
        Ok(parts.into_iter().zip(ends).collect())
    }

    /// Opens the snapshot; returns its first message, which tells its position.
    async fn open(
        &self,
        request: VStreamRowsRequest,
    ) -> Result<(VStreamRowsResponse, tonic::Streaming<VStreamRowsResponse>)> {
        let mut messages = self.tablet.v_stream_rows(request).await?;
        loop {
            let ended = || Error::new(Code::Unavailable, "the source ended a copy at once");
            let message = messages.message().await.map_err(|status| from_status(&status))?;
            let message = message.ok_or_else(ended)?;
            if !message.gtid.is_empty() {
                return Ok((message, messages));
            }
        }
    }

    /// Brings what is here to a position; returns how that ended if it did not come there.
    async fn catch_up(&self, conn: &mut Conn, start: Start, gtid: &str) -> Outcome<Option<Played>> {
        let wanted = position(gtid)?;
        let here = self
            .plans
            .by_target
            .keys()
            .any(|name| self.copying.get(name).is_none_or(Extent::has_begun));
        if start.position.is_empty() || !here {
            // There is nothing yet that could be at another position.
            let table = self.stream.store.table("vreplication");
            let sql = format!(
                "update {table} set pos = {}, time_updated = {} where id = {} and pos = {}",
                quote(gtid),
                now(),
                self.stream.id,
                quote(&start.position)
            );
            let same = start.position == gtid;
            let set = conn.query(sql, 0).await?;
            return if same || set.rows_affected == 1 { Ok(None) } else { Err(Trouble::Moved) };
        }
        let mut player =
            Player::new(self.stream, conn, self.tablet, (self.plans, self.copying), start);
        let began = Instant::now();
        let played = player.play(&Until::Has(wanted.clone())).await?;
        self.stream.time_phase("fastforward", began);
        if played != Played::Reached {
            return Ok(Some(played));
        }
        // Transactions beyond the snapshot would be lacking in the rows that come of it.
        if position(player.position())? != wanted {
            return Err(Error::new(
                Code::Unavailable,
                format!("the snapshot of table {} is older than what is here", self.table),
            )
            .into());
        }
        Ok(None)
    }

    /// Writes what comes of the table, to its end if it comes so far.
    pub(crate) async fn insert_all(&self, bound: Bound, reading: Reading) -> Outcome<Copied> {
        // Rows that are counted together would wait for one another, and for their turn.
        let workers = match bound.plan.mode {
            Mode::Plain => self.stream.config.insert_workers,
            Mode::Ignore | Mode::Aggregate => 1,
        };
        let mut conns = Vec::with_capacity(workers);
        let loads = bound.load().is_some() && self.may_load().await?;
        for _ in 0..workers {
            let mut conn = self.stream.store.connect().await?;
            conn.query("set session foreign_key_checks = 0", 0).await?;
            conn.query("set session transaction_isolation = 'READ-COMMITTED'", 0).await?;
            conns.push(Session::new(conn));
        }
        let Reading { head, messages, until, parts } = reading;
        let (parts, ends): (Vec<Part>, Vec<Option<query::Row>>) = parts.into_iter().unzip();
        let mut reader = Reader::new(self.stream, (messages, until), parts.len());
        let writer = Writer {
            stream: self.stream,
            table: self.table,
            bound,
            fields: head.pkfields,
            ranges: parts.into_iter().map(Lane::new).collect(),
            conns: Mutex::new(conns),
            loads: AtomicBool::new(loads),
        };
        let (sender, receiver) = mpsc::channel(1);
        let reading = async {
            // The sender must go when the table ends, for the other half to end.
            let sender = sender;
            while let Some(batch) = reader.next().await? {
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
            Ok::<(), Trouble>(())
        };
        let began = Instant::now();
        tokio::try_join!(reading, writer.write_all(receiver, workers))?;
        self.stream.time_copy(self.table, began);
        let end = reader.end.take().unwrap_or(Copied::Done);
        let whole = |(range, end): (usize, &Option<query::Row>)| {
            end.is_none() || writer.last_of(range) == *end
        };
        if end == Copied::Done && !ends.iter().enumerate().all(whole) {
            return Err(ended_early().into());
        }
        Ok(end)
    }

    /// Makes the server take rows as files of its clients, if it does not and lets us.
    async fn may_load(&self) -> Outcome<bool> {
        let mut conn = self.stream.store.connect().await?;
        let found = conn.query("select @@global.local_infile", 1).await?;
        let is_on = found.rows.iter().next().is_some_and(|row| number(row, 0) == 1);
        if is_on {
            return Ok(true);
        }
        let set = conn.query("set global local_infile = on", 0).await;
        if let Err(error) = &set {
            tracing::info!(%error, "rows are inserted: the server takes no files of its clients");
        }
        conn.close().await;
        Ok(set.is_ok())
    }

    /// The table is here whole.
    async fn finish(&self, conn: &mut Conn) -> Outcome<()> {
        crate::keys::restore(self.stream, conn, self.table).await?;
        let sql = format!(
            "delete from {} where vrepl_id = {} and table_name = {}",
            self.stream.store.table("copy_state"),
            self.stream.id,
            quote(self.table)
        );
        conn.query(sql, 0).await?;
        let message = format!("table {}", self.table);
        self.stream.store.log(conn, self.stream.id, "Ended Copy Phase", &message).await?;
        Ok(())
    }
}
