//! The copy of all tables at once, as they were at one position.
//!
//! Rows that name one another by foreign keys come together, and nothing is brought up to date
//! before all are here: what the source's server does to other rows by itself (`ON DELETE CASCADE`)
//! is not in its log, and is done here again, by checking foreign keys while following. So a copy
//! that was cut off begins anew, with tables that are empty.

use std::collections::BTreeSet;

use futures::StreamExt;
use futures::stream::unfold;
use tokio::sync::mpsc;
use tonic::Streaming;
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_proto::binlogdata::{
    VReplicationWorkflowState as State, VStreamOptions, VStreamRowsResponse, VStreamTablesRequest,
    VStreamTablesResponse,
};
use vt_rpc::convert::field_from_proto;
use vt_rpc::status::from_status;

use crate::bound::Bound;
use crate::copier::{Copied, Copier, Reading};
use crate::extent::{Copying, Extent};
use crate::plan::{Plans, TablePlan};
use crate::reader::ended_early;
use crate::store::{StreamRow, now, quote};
use crate::stream::Stream;
use crate::trouble::{Outcome, Trouble};
use crate::{SourceTablet, keys};

/// So many messages of a table may wait to be gathered.
const MESSAGES_MAX: usize = 2;

/// Copies all tables of a stream.
pub(crate) struct AtomicCopier<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) tablet: &'a SourceTablet,
    pub(crate) plans: &'a Plans,
    pub(crate) copying: &'a Copying,
    pub(crate) row: &'a StreamRow,
}

impl AtomicCopier<'_> {
    /// Copies the tables, and makes the stream run or stop then.
    pub(crate) async fn run(&self, conn: &mut Conn, stop_after_copy: bool) -> Outcome<Copied> {
        self.stream.throttled(conn, "vcopier").await?;
        if !self.row.pos.is_empty() || self.copying.values().any(Extent::has_begun) {
            self.begin_anew(conn).await?;
            return Ok(Copied::Paused);
        }
        let opening = self.open();
        let Some(opened) = self.stream.token.run_until_cancelled(opening).await else {
            return Ok(Copied::Cancelled);
        };
        let (head, mut messages) = opened?;
        if !head.is_filtered {
            let message = "the source sends all of its tables, whatever is asked for: make the \
                           workflow without --atomic-copy";
            return Err(Trouble::Plan(Error::new(Code::FailedPrecondition, message)));
        }
        self.set_position(conn, &head.gtid).await?;
        self.stream.metrics.copy_loops.add(&[&self.stream.workflow], 1);
        let mut left: BTreeSet<&String> = self.plans.by_target.keys().collect();
        let mut next = Some(head);
        while let Some(head) = next {
            let Some(plan) = self.plans.of_source(&head.table_name) else {
                next = self.skip(&head.table_name, &mut messages).await?;
                continue;
            };
            if !left.remove(&plan.table.name) {
                let message = format!("the source sends table {} twice", head.table_name);
                return Err(Error::bug(message).into());
            }
            let (copied, following) = self.copy(conn, plan, head, &mut messages).await?;
            if copied != Copied::Done {
                return Ok(copied);
            }
            next = following;
        }
        if self.stream.token.is_cancelled() {
            return Ok(Copied::Cancelled);
        }
        if !left.is_empty() {
            return Err(ended_early().into());
        }
        self.finish(conn, stop_after_copy).await?;
        Ok(Copied::Done)
    }

    /// Opens the snapshot; returns its first message, which tells its position.
    async fn open(&self) -> Result<(VStreamTablesResponse, Streaming<VStreamTablesResponse>)> {
        let plans = self.plans.by_target.values();
        let filter = vt_proto::binlogdata::Filter {
            rules: plans.clone().map(|plan| plan.rule(&[])).collect(),
            ..self.stream.filter_head()
        };
        // Who knows of no filter may know of names.
        let options = VStreamOptions {
            tables_to_copy: plans.map(|plan| plan.source_table.clone()).collect(),
            ..VStreamOptions::default()
        };
        let request = VStreamTablesRequest {
            filter: Some(filter),
            options: Some(options),
            ..VStreamTablesRequest::default()
        };
        let mut messages = self.tablet.v_stream_tables(request).await?;
        let head = messages.message().await.map_err(|status| from_status(&status))?;
        let ended = || Error::new(Code::Unavailable, "the source ended a copy at once");
        let head = head.filter(|head| !head.gtid.is_empty()).ok_or_else(ended)?;
        Ok((head, messages))
    }

    async fn set_position(&self, conn: &mut Conn, gtid: &str) -> Outcome<()> {
        let stream = self.stream;
        let sql = format!(
            "update {} set pos = {}, time_updated = {} where id = {} and pos = ''",
            stream.store.table("vreplication"),
            quote(gtid),
            now(),
            stream.id
        );
        if conn.query(sql, 0).await?.rows_affected != 1 {
            return Err(Trouble::Moved);
        }
        let message = format!("{} tables as of {gtid}", self.plans.by_target.len());
        stream.store.log(conn, stream.id, "Started Copy Phase", &message).await?;
        Ok(())
    }

    /// Copies one table; returns the first message of the one that comes next.
    async fn copy(
        &self,
        conn: &mut Conn,
        plan: &std::sync::Arc<TablePlan>,
        head: VStreamTablesResponse,
        messages: &mut Streaming<VStreamTablesResponse>,
    ) -> Outcome<(Copied, Option<VStreamTablesResponse>)> {
        let (stream, name) = (self.stream, &plan.table.name);
        if self.row.defer_secondary_keys && keys::defers(stream.workflow_type) {
            keys::stash(stream, conn, name).await?;
        }
        let fields = head.fields.iter().map(field_from_proto).collect();
        let bound =
            Bound::new(plan.clone(), &stream.store.database, fields).map_err(Trouble::Plan)?;
        let part = self.copying.get(name).and_then(|extent| extent.parts.first().cloned());
        let part = part.ok_or_else(|| Error::bug("a table is copied that is not to be"))?;
        let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
        let table = head.table_name.clone();
        let reading = Reading {
            head: rows_of(head),
            messages: unfold(receiver, async |mut receiver| {
                receiver.recv().await.map(|message| (message, receiver))
            })
            .boxed(),
            until: None,
            parts: vec![(part, None)],
        };
        let (tablet, plans, copying) = (self.tablet, self.plans, self.copying);
        let copier = Copier { stream, tablet, plans, copying, table: name };
        let feeding = async {
            // The sender must go when the table ends, for the other half to end.
            let sender = sender;
            while let Some(message) = self.message(messages).await? {
                if message.table_name != table {
                    return Ok(Some(message));
                }
                if sender.send(Ok(rows_of(message))).await.is_err() {
                    break;
                }
            }
            Ok::<_, Trouble>(None)
        };
        let (copied, following) = tokio::try_join!(copier.insert_all(bound, reading), feeding)?;
        if copied == Copied::Done {
            keys::restore(stream, conn, name).await?;
            let message = format!("table {name}");
            stream.store.log(conn, stream.id, "Ended Copy Phase", &message).await?;
        }
        Ok((copied, following))
    }

    /// Returns the next message; nothing once the stream is to stop.
    async fn message(
        &self,
        messages: &mut Streaming<VStreamTablesResponse>,
    ) -> Result<Option<VStreamTablesResponse>> {
        match self.stream.token.run_until_cancelled(messages.message()).await {
            Some(message) => message.map_err(|status| from_status(&status)),
            None => Ok(None),
        }
    }

    /// Passes a table by that is not copied; returns the first message of the one behind it.
    async fn skip(
        &self,
        table: &str,
        messages: &mut Streaming<VStreamTablesResponse>,
    ) -> Result<Option<VStreamTablesResponse>> {
        loop {
            match self.message(messages).await? {
                Some(message) if message.table_name == table => {}
                other => return Ok(other),
            }
        }
    }

    /// Takes away what a copy that was cut off has left.
    async fn begin_anew(&self, conn: &mut Conn) -> Outcome<()> {
        let (stream, store) = (self.stream, &self.stream.store);
        let streams = store.table("vreplication");
        let others = format!(
            "select 1 from {streams} where db_name = {} and workflow = {} and id <> {} limit 1",
            quote(&store.database),
            quote(&stream.workflow),
            stream.id
        );
        if !conn.query(others, 1).await?.rows.is_empty() {
            let message = "an atomic copy was cut off, and other streams write into its tables: \
                           end the workflow with cancel, and make it anew";
            return Err(Trouble::Plan(Error::new(Code::FailedPrecondition, message)));
        }
        let message = "the copy of all tables was cut off: they are emptied, and copied anew";
        stream.store.log(conn, stream.id, "Message", message).await?;
        for name in self.plans.by_target.keys() {
            // What was under way keeps the table until it has ended, one way or the other.
            let sql = format!("truncate table {}", store.target(name));
            conn.query(sql, 0).await.map_err(Trouble::Target)?;
        }
        conn.query("begin", 0).await?;
        let states = store.table("copy_state");
        conn.query(format!("delete from {states} where vrepl_id = {}", stream.id), 0).await?;
        let sql = format!(
            "update {streams} set pos = '', rows_copied = 0 where id = {} and pos = {}",
            stream.id,
            quote(&self.row.pos)
        );
        if conn.query(sql, 0).await?.rows_affected != 1 {
            conn.query("rollback", 0).await?;
            return Err(Trouble::Moved);
        }
        conn.query("commit", 0).await?;
        Ok(())
    }

    /// All tables are here.
    async fn finish(&self, conn: &mut Conn, stop_after_copy: bool) -> Outcome<()> {
        let stream = self.stream;
        let (state, message) = match stop_after_copy {
            true => (State::Stopped, "Stopped after copy."),
            false => (State::Running, ""),
        };
        conn.query("begin", 0).await?;
        let states = stream.store.table("copy_state");
        conn.query(format!("delete from {states} where vrepl_id = {}", stream.id), 0).await?;
        stream.set_state(conn, state, message).await?;
        conn.query("commit", 0).await?;
        Ok(())
    }
}

/// Makes of a message of all tables that of one.
fn rows_of(message: VStreamTablesResponse) -> VStreamRowsResponse {
    VStreamRowsResponse {
        fields: message.fields,
        pkfields: message.pkfields,
        gtid: message.gtid,
        rows: message.rows,
        lastpk: message.lastpk,
        ..VStreamRowsResponse::default()
    }
}
