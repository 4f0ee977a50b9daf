//! A statement on a connection: whole, or piece by piece to one who may be slow.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use vt_base::{Code, Error, Result};
use vt_mysql::{Conn, SessionChange};
use vt_tablet_api::StreamPart;
use vt_value::{Level, Notice, QueryResult, Row};

use super::kill::{self, StreamGuard};
use super::live::Live;
use super::template::Escaping;
use super::{QueryEngine, Run, errors};

/// MySQL's status flag of the mode `NO_BACKSLASH_ESCAPES`.
const NO_BACKSLASH_ESCAPES: u16 = 0x0200;

/// A value that no `LAST_INSERT_ID(expr)` sets, to tell whether one did.
const UNSET_INSERT_ID: u64 = 18_446_744_073_709_547_416;

/// The most warnings that MySQL can be told to keep (`max_error_count`).
const NOTICES_MAX: usize = 65_535;

impl QueryEngine {
    /// Runs a statement on a connection; the result has no rows if they were sent on.
    pub(super) async fn run_on(&self, conn: &mut Conn, run: &mut Run<'_>) -> Result<QueryResult> {
        let escaping = if conn.status_flags() & NO_BACKSLASH_ESCAPES == 0 {
            Escaping::Backslash
        } else {
            Escaping::Doubling
        };
        let sql = self.statement(run, escaping)?;
        self.run_text(conn, run, &sql).await
    }

    /// Runs a statement whose text is ready.
    pub(super) async fn run_text(
        &self,
        conn: &mut Conn,
        run: &mut Run<'_>,
        sql: &[u8],
    ) -> Result<QueryResult> {
        let started = Instant::now();
        let _live = self.live.add(Live {
            sql: run.request.sql.clone(),
            caller: run.request.caller.username.clone(),
            started,
            stream: run.parts.is_some(),
            handle: conn.kill_handle(),
        });
        let wants_id = run.request.options.fetch_last_insert_id
            && run.plan.kind.is_select()
            && run.plan.may_set_insert_id;
        if wants_id {
            let text = format!("select last_insert_id({UNSET_INSERT_ID})");
            conn.query(&text, 1).await?;
        }
        let result = match run.parts {
            None => {
                let rows_max = self.rows_max(run);
                kill::query(&self.killer, conn, sql, rows_max, run.deadline).await
            }
            Some(parts) => self.stream(conn, sql, parts, run.deadline).await,
        };
        run.mysql += started.elapsed();
        let mut result = result?;
        if run.parts.is_none() && conn.has_skipped_rows() {
            let what = "a procedure that gives several results: it has run, and all but the first \
                        would be lost";
            return Err(Error::unsupported(what));
        }
        if result.warnings > 0 {
            result.notices = notices(conn).await?;
        }
        if wants_id {
            let text = crate::db::first_text(&conn.query("select last_insert_id()", 1).await?);
            match text.parse() {
                Ok(UNSET_INSERT_ID) | Err(_) => {}
                Ok(id) => {
                    result.insert_id = id;
                    result.insert_id_changed = true;
                }
            }
        }
        Ok(result)
    }

    /// Sends rows on as they come; MySQL is read only as fast as they are taken.
    async fn stream(
        &self,
        conn: &mut Conn,
        sql: &[u8],
        parts: &mpsc::Sender<StreamPart>,
        deadline: Option<Instant>,
    ) -> Result<QueryResult> {
        let guard = StreamGuard::new(&self.killer, conn);
        let sending = self.send_parts(conn, sql, parts);
        let result = match deadline {
            None => sending.await,
            Some(deadline) => {
                match tokio::time::timeout_at(deadline.into(), sending).await {
                    Ok(result) => result,
                    // The guard kills the statement.
                    Err(_) => return Err(errors::timed_out()),
                }
            }
        };
        if !conn.is_broken() {
            guard.ended();
        }
        result
    }

    async fn send_parts(
        &self,
        conn: &mut Conn,
        sql: &[u8],
        parts: &mpsc::Sender<StreamPart>,
    ) -> Result<QueryResult> {
        let mut stream = conn.query_stream(sql, self.config.stream_buffer_bytes).await?;
        let fields = stream.fields().clone();
        if !fields.is_empty() {
            let part = StreamPart { fields: Some(fields.clone()), ..StreamPart::default() };
            parts.send(part).await.map_err(|_| gone())?;
        }
        while let Some(rows) = stream.next_batch().await? {
            if !self.state.lease.confirm().await {
                return Err(crate::lease::ended());
            }
            parts.send(StreamPart { fields: None, rows }).await.map_err(|_| gone())?;
        }
        let end = stream.end().cloned().unwrap_or_default();
        let gtids = end.session.iter().find_map(|change| match change {
            SessionChange::Gtids(gtids) => Some(gtids.as_str().into()),
            _ => None,
        });
        Ok(QueryResult {
            fields,
            rows_affected: end.affected_rows,
            insert_id: end.insert_id,
            insert_id_changed: end.insert_id != 0,
            info: end.info.as_str().into(),
            session_state_changes: gtids.unwrap_or_default(),
            status_flags: end.status,
            warnings: end.warnings,
            ..QueryResult::default()
        })
    }
}

/// Reads the warnings of the statement that a connection has just run.
async fn notices(conn: &mut Conn) -> Result<Arc<[Notice]>> {
    let told = conn.query("show warnings", NOTICES_MAX).await?;
    let one = |row: Row<'_>| {
        let text = |column| String::from_utf8_lossy(row.column(column).unwrap_or_default());
        let (level, code) = (Level::from_name(&text(0)), text(1).parse().unwrap_or_default());
        Notice { level, code, message: text(2).into() }
    };
    Ok(told.rows.iter().map(one).collect())
}

fn gone() -> Error {
    Error::new(Code::Canceled, "the receiver of the stream has gone")
}
