//! Statements outside of transactions, on connections that are anybody's.

use vt_base::{Code, Error, Result};
use vt_value::{BoundValue, Field, QueryResult, RowsBuilder, Type};

use super::consolidate::Share;
use super::errors::is_connection_error;
use super::plan::{Leaves, NextCount, PlanType};
use super::template::Escaping;
use super::{QueryEngine, Run};
use crate::db::{DbConn, DbPool};
use vt_base::TabletType;
use vt_tablet_api::Workload;

/// MySQL's status flag of an open transaction.
const IN_TRANSACTION: u16 = 0x0001;

impl QueryEngine {
    /// Runs a statement on a pooled connection.
    pub(super) async fn run_pooled(&self, run: &mut Run<'_>) -> Result<QueryResult> {
        if let Leaves::State(what) = run.plan.leaves {
            let text = format!("{what} not allowed without reserved connection");
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        if self.may_share(run) {
            return self.run_shared(run).await;
        }
        self.run_alone(run).await
    }

    fn pool(&self, run: &Run<'_>) -> &DbPool {
        let kind = run.plan.kind;
        if kind.is_write() || kind == PlanType::CallProcedure {
            if run.request.options.client_found_rows {
                &self.pools.found_rows
            } else {
                &self.pools.transaction
            }
        } else if run.parts.is_some() {
            &self.pools.stream
        } else {
            &self.pools.oltp
        }
    }

    async fn connection(&self, run: &Run<'_>) -> Result<DbConn> {
        let settings = QueryEngine::settings(run.request);
        let getting = self.pool(run).get(settings.as_ref());
        match run.deadline {
            None => getting.await,
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), getting).await {
                Ok(conn) => conn,
                Err(_) => Err(super::errors::timed_out()),
            },
        }
    }

    async fn run_alone(&self, run: &mut Run<'_>) -> Result<QueryResult> {
        let mut conn = self.connection(run).await?;
        let result = self.run_on(&mut conn, run).await;
        let result = match result {
            // MySQL had closed a connection that lay idle; a read may be tried again.
            Err(error)
                if is_connection_error(&error)
                    && run.plan.kind.is_select()
                    && run.parts.is_none() =>
            {
                drop(conn);
                conn = self.connection(run).await?;
                self.run_on(&mut conn, run).await
            }
            result => result,
        };
        if run.plan.leaves == Leaves::Unknown {
            let open = conn.status_flags() & IN_TRANSACTION != 0;
            // What it left behind goes with the connection.
            conn.detach().close().await;
            if open && result.is_ok() {
                let text = "Transaction not concluded inside the stored procedure, leaking \
                            transaction from stored procedure is not allowed";
                return Err(Error::new(Code::Canceled, text));
            }
        }
        result
    }

    fn may_share(&self, run: &Run<'_>) -> bool {
        let request = run.request;
        let on = request.options.consolidator.unwrap_or({
            self.config.consolidator
                || (self.config.consolidator_replicas && run.tablet_type != TabletType::Primary)
        });
        on && run.plan.shareable
            && run.plan.kind.is_select()
            && run.parts.is_none()
            && request.settings.is_empty()
            && !request.options.fetch_last_insert_id
            && !matches!(request.options.workload, Workload::Olap | Workload::Dba)
    }

    /// Runs a read, or waits for an equal one that is under way.
    async fn run_shared(&self, run: &mut Run<'_>) -> Result<QueryResult> {
        let key = self.statement(run, Escaping::Backslash)?;
        loop {
            match self.consolidator.join(&key) {
                Share::Alone => return self.run_alone(run).await,
                Share::Lead(leader) => {
                    let result = self.run_alone(run).await;
                    leader.finish(&result);
                    return result;
                }
                Share::Follow(follower) => {
                    let waiting = follower.wait();
                    let outcome = match run.deadline {
                        None => waiting.await,
                        Some(deadline) => {
                            match tokio::time::timeout_at(deadline.into(), waiting).await {
                                Ok(outcome) => outcome,
                                Err(_) => return Err(super::errors::timed_out()),
                            }
                        }
                    };
                    // If the one that ran it went away, another takes its place.
                    if let Some(result) = outcome {
                        self.consolidator.count(&run.request.sql);
                        self.stats.consolidated.add(1);
                        return result;
                    }
                }
            }
        }
    }

    /// Takes values of a sequence.
    pub(super) async fn next_values(&self, run: &mut Run<'_>) -> Result<QueryResult> {
        let plan = run.plan.clone();
        let next =
            plan.next.as_ref().ok_or_else(|| Error::bug("a plan for a sequence names one"))?;
        let count = match &next.count {
            NextCount::Number(count) => *count,
            NextCount::Bind(name) => bound_count(run, name)?,
        };
        let first = self
            .sequences
            .next(&next.table, count, async || self.pools.transaction.get(None).await)
            .await?;
        let mut rows = RowsBuilder::default();
        rows.push([Some(first.to_string())]);
        let result = QueryResult::with_rows([Field::new("nextval", Type::INT64)], rows.finish());
        let Some(parts) = run.parts else { return Ok(result) };
        let part = vt_tablet_api::StreamPart {
            fields: Some(result.fields.clone()),
            rows: result.rows.clone(),
        };
        drop(parts.send(part).await);
        Ok(QueryResult { rows: vt_value::Rows::default(), ..result })
    }
}

fn bound_count(run: &Run<'_>, name: &str) -> Result<i64> {
    let text = match run.request.bind_vars.get(name) {
        Some(BoundValue::One(value)) => std::str::from_utf8(&value.bytes).ok(),
        _ => None,
    };
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Error::new(Code::InvalidArgument, format!("missing or wrong bind var {name}"))
    })
}
