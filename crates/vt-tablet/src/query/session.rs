//! Statements of sessions: transactions and reserved connections, from their beginning to their end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vt_base::{Code, Error, Result, TabletType, Target};
use vt_mysql::Settings;
use vt_tablet_api::{Caller, ExecuteOptions, Isolation, TxState, Workload};
use vt_value::QueryResult;

use super::errors::{dress_plain, is_connection_error};
use super::plan::{Leaves, PlanType};
use super::tx::{Taken, Transaction};
use super::{QueryEngine, Run};
use crate::state::{Admit, Effect};

impl QueryEngine {
    /// Runs a statement on its session's connection, opening what the request asks for.
    pub(super) async fn run_in_session(
        &self,
        run: &mut Run<'_>,
        state: &mut TxState,
    ) -> Result<QueryResult> {
        let request = run.request;
        let mut taken = self.take_or_open(run).await?;
        let opened = self.open(&mut taken, run, state).await;
        let result = match opened {
            Ok(()) => {
                if let Some(deadline) = taken.transaction.as_ref().and_then(|one| one.deadline) {
                    run.deadline = Some(run.deadline.map_or(deadline, |own| own.min(deadline)));
                }
                self.run_checked(&mut taken, run).await
            }
            Err(error) => {
                // Nothing has been opened that could be kept.
                *state = TxState::default();
                let fresh = request.transaction_id == 0 && request.reserved_id == 0;
                if fresh || taken.conn.is_broken() {
                    self.end_session(taken, "could not be opened").await;
                } else {
                    self.give_back(taken);
                }
                return Err(error);
            }
        };
        if taken.conn.is_broken() {
            *state = TxState::default();
            taken.remove("connection to MySQL was lost").dispose().await;
        } else {
            self.give_back(taken);
        }
        result
    }

    fn give_back(&self, mut taken: Taken<'_>) {
        if taken.transaction.is_none() {
            taken.idle_deadline = Instant::now().checked_add(self.config.idle_timeout);
        }
        taken.put_back();
    }

    async fn take_or_open(&self, run: &Run<'_>) -> Result<Taken<'_>> {
        let request = run.request;
        let (id, what) = match (request.reserved_id, request.transaction_id) {
            (0, 0) => (0, ""),
            (0, id) => (id, "transaction"),
            (id, _) => (id, "reserved connection"),
        };
        if id != 0 {
            let taken = self.sessions.take(id, what, "for query")?;
            let Some(why) = taken.overdue(Instant::now()) else { return Ok(taken) };
            // Its time was over before it was noticed.
            self.end_session(taken, &why).await;
            return self.sessions.take(id, what, "for query");
        }
        let settings = match &request.reserve {
            Some(reserve) if !reserve.pre_queries.is_empty() => {
                Some(Settings(reserve.pre_queries.clone().into()))
            }
            Some(_) => None,
            None => QueryEngine::settings(request),
        };
        self.open_session(&request.caller, &request.options, settings).await
    }

    async fn open_session(
        &self,
        caller: &Arc<Caller>,
        options: &ExecuteOptions,
        settings: Option<Settings>,
    ) -> Result<Taken<'_>> {
        let pool = if options.client_found_rows {
            &self.pools.found_rows
        } else {
            &self.pools.transaction
        };
        let conn = pool.get(settings.as_ref()).await?;
        Ok(self.sessions.adopt(conn, caller.clone()))
    }

    /// Reserves the connection and begins the transaction, as far as the request asks for it.
    async fn open(&self, taken: &mut Taken<'_>, run: &Run<'_>, state: &mut TxState) -> Result<()> {
        let request = run.request;
        if let Some(reserve) = &request.reserve {
            let fresh = request.transaction_id == 0 && request.reserved_id == 0;
            taken.reserved = true;
            if !fresh {
                for sql in &reserve.pre_queries {
                    taken.conn().query(sql, 1).await?;
                }
            }
        }
        if let Some(begin) = &request.begin {
            let session_state = self.begin_on(taken, &request.options, run.tablet_type).await?;
            for sql in &begin.post_queries {
                taken.conn().query(sql, 1).await?;
            }
            state.session_state_changes = session_state;
        }
        let id = taken.id;
        if taken.transaction.is_some() && (request.begin.is_some() || request.transaction_id != 0) {
            state.transaction_id = id;
        }
        if taken.reserved {
            state.reserved_id = id;
        }
        Ok(())
    }

    async fn run_checked(&self, taken: &mut Taken<'_>, run: &mut Run<'_>) -> Result<QueryResult> {
        if let Leaves::State(what) = run.plan.leaves
            && !taken.reserved
        {
            let text = format!("{what} not allowed without reserved connection");
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        // The text may be empty: the caller only wants the connection.
        if run.plan.template.text().is_empty() {
            return Ok(QueryResult::default());
        }
        let result = self.run_on(taken.conn(), run).await;
        if run.plan.kind == PlanType::DDL
            && !taken.conn.is_broken()
            && let Some(transaction) = taken.transaction.clone()
            && !transaction.autocommit
        {
            // MySQL has committed; the session goes on in a transaction, as it believes to be.
            let begin = begin_sql(&transaction.options, run.tablet_type);
            for sql in begin {
                taken.conn().query(sql, 1).await?;
            }
        }
        result
    }

    async fn begin_on(
        &self,
        taken: &mut Taken<'_>,
        options: &Arc<ExecuteOptions>,
        tablet_type: TabletType,
    ) -> Result<String> {
        if taken.transaction.is_some() {
            let text = format!("transaction {}: already open", taken.id);
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        let started = Instant::now();
        let autocommit = options.isolation == Isolation::Autocommit;
        let mut session_state = String::new();
        if !autocommit {
            for sql in begin_sql(options, tablet_type) {
                let result = taken.conn().query(sql, 1).await?;
                if !result.session_state_changes.is_empty() {
                    session_state = result.session_state_changes.to_string();
                }
            }
        }
        let timeout = self.transaction_timeout(options);
        taken.transaction = Some(Transaction {
            started,
            deadline: timeout.and_then(|timeout| started.checked_add(timeout)),
            timeout: timeout.unwrap_or_default(),
            autocommit,
            options: options.clone(),
        });
        taken.idle_deadline = None;
        self.stats.transactions.record(&["Begin"], started.elapsed());
        Ok(session_state)
    }

    fn transaction_timeout(&self, options: &ExecuteOptions) -> Option<Duration> {
        let own = match options.workload {
            Workload::Dba => Duration::ZERO,
            Workload::Olap => self.config.olap_transaction_timeout,
            Workload::Oltp | Workload::Unspecified => self.config.transaction_timeout,
        };
        let asked = options.transaction_timeout_ms.and_then(|ms| u64::try_from(ms).ok());
        let asked = asked.map(Duration::from_millis).filter(|asked| !asked.is_zero());
        match (asked, Some(own).filter(|own| !own.is_zero())) {
            (Some(asked), Some(own)) => Some(asked.min(own)),
            (asked, own) => asked.or(own),
        }
    }

    /// Opens a transaction.
    pub async fn begin(
        &self,
        caller: &Caller,
        target: &Target,
        options: &ExecuteOptions,
    ) -> Result<TxState> {
        let begun = async {
            let admission = self.state.admit(target, Admit::New)?;
            let (caller, options) = (Arc::new(caller.clone()), Arc::new(options.clone()));
            let mut taken = self.open_session(&caller, &options, None).await?;
            match self.begin_on(&mut taken, &options, admission.tablet_type).await {
                Ok(session_state_changes) => {
                    let state = TxState {
                        transaction_id: taken.id,
                        reserved_id: 0,
                        tablet_alias: Some(self.state.alias().clone()),
                        session_state_changes,
                    };
                    taken.put_back();
                    Ok(state)
                }
                Err(error) => {
                    self.end_session(taken, "could not be opened").await;
                    Err(error)
                }
            }
        };
        begun.await.map_err(|error| self.failed_plain(error, caller))
    }

    /// Commits; returns the number that a reserved connection goes on under, or 0, and the position
    /// that MySQL told.
    pub async fn commit(&self, caller: &Caller, target: &Target, id: i64) -> Result<TxState> {
        self.conclude(target, id, "commit").await.map_err(|error| self.failed_plain(error, caller))
    }

    /// Rolls back; returns the number that a reserved connection goes on under, or 0.
    pub async fn rollback(&self, caller: &Caller, target: &Target, id: i64) -> Result<i64> {
        let concluded = self.conclude(target, id, "rollback").await;
        concluded.map(|one| one.reserved_id).map_err(|error| self.failed_plain(error, caller))
    }

    fn failed_plain(&self, error: Error, caller: &Caller) -> Error {
        if is_connection_error(&error) {
            self.mysqld_suspect.notify_one();
        }
        dress_plain(error, caller)
    }

    async fn conclude(&self, target: &Target, id: i64, verb: &'static str) -> Result<TxState> {
        let admission = self.state.admit(target, Admit::Ongoing)?;
        let started = Instant::now();
        let commit = verb == "commit";
        let purpose = if commit { "for commit" } else { "for rollback" };
        let mut taken = self.sessions.take(id, "transaction", purpose)?;
        let Some(transaction) = taken.transaction.take() else {
            self.give_back(taken);
            return Err(Error::new(Code::Aborted, format!("transaction {id}: not found")));
        };
        let result = if transaction.autocommit {
            Ok(QueryResult::default())
        } else {
            taken.conn().query(verb, 1).await
        };
        self.consolidator.wrote();
        let result = match result {
            Ok(result) => result,
            Err(error) => {
                // Whether it took effect is not known, so nothing may go on with the connection.
                taken.reserved = true;
                taken.remove("failed to conclude").dispose().await;
                return Err(error);
            }
        };
        if commit && let Err(error) = self.state.may_tell(&admission, Effect::Writes).await {
            taken.reserved = true;
            taken.remove("primary closed").dispose().await;
            return Err(error);
        }
        let session_state_changes = result.session_state_changes.to_string();
        let operation = if commit { "Completed" } else { "Aborted" };
        self.stats.transactions.record(&[operation], started.duration_since(transaction.started));
        if taken.reserved {
            taken.idle_deadline = Instant::now().checked_add(self.config.idle_timeout);
            let reserved_id = taken.renumber();
            return Ok(TxState { reserved_id, session_state_changes, ..TxState::default() });
        }
        let why = if commit { "transaction committed" } else { "transaction rolled back" };
        taken.remove(why).dispose().await;
        Ok(TxState { session_state_changes, ..TxState::default() })
    }

    /// Gives up a reserved connection, and the transaction on it.
    pub async fn release(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
        reserved_id: i64,
    ) -> Result<()> {
        let released = async {
            self.state.check(target)?;
            let (id, what) = match (reserved_id, transaction_id) {
                (0, 0) => {
                    let text = "connection id and transaction id both are 0";
                    return Err(Error::new(Code::InvalidArgument, text));
                }
                (0, id) => (id, "transaction"),
                (id, _) => (id, "reserved connection"),
            };
            let taken = self.sessions.take(id, what, "for release")?;
            self.end_session(taken, "released").await;
            Ok(())
        };
        released.await.map_err(|error| dress_plain(error, caller))
    }

    /// Rolls back what is open on a session's connection, and gives the connection up.
    pub(super) async fn end_session(&self, mut taken: Taken<'_>, why: &str) {
        let open = taken.transaction.take();
        if let Some(transaction) = &open
            && !transaction.autocommit
            && !taken.reserved
            && !taken.conn.is_broken()
        {
            let rolling_back = taken.conn().query("rollback", 1);
            let ended = tokio::time::timeout(Duration::from_secs(5), rolling_back).await;
            if !matches!(ended, Ok(Ok(_))) {
                taken.reserved = true;
            }
            self.stats.transactions.record(&["Aborted"], transaction.started.elapsed());
        }
        taken.remove(why).dispose().await;
    }
}

/// Returns the statements that open a transaction.
fn begin_sql(options: &ExecuteOptions, tablet_type: TabletType) -> Vec<&'static str> {
    let mut out = Vec::with_capacity(2);
    match options.isolation {
        Isolation::RepeatableRead | Isolation::ConsistentSnapshotReadOnly => {
            out.push("set transaction isolation level repeatable read");
        }
        Isolation::ReadCommitted => out.push("set transaction isolation level read committed"),
        Isolation::ReadUncommitted => out.push("set transaction isolation level read uncommitted"),
        Isolation::Serializable => out.push("set transaction isolation level serializable"),
        Isolation::Default | Isolation::Autocommit => {}
    }
    let snapshot =
        options.consistent_snapshot || options.isolation == Isolation::ConsistentSnapshotReadOnly;
    let read_only = options.read_only
        || options.isolation == Isolation::ConsistentSnapshotReadOnly
        || tablet_type != TabletType::Primary;
    out.push(match (snapshot, read_only) {
        (true, true) => "start transaction with consistent snapshot, read only",
        (true, false) => "start transaction with consistent snapshot",
        (false, true) => "start transaction read only",
        (false, false) => "begin",
    });
    out
}

/// Makes a request for tests of what opens a transaction.
#[cfg(test)]
mod tests {
    use vt_tablet_api::ExecuteRequest;

    use super::*;

    #[test]
    fn a_transaction_is_opened_as_its_options_say() {
        let with = |isolation, read_only, consistent_snapshot| ExecuteOptions {
            isolation,
            read_only,
            consistent_snapshot,
            ..ExecuteOptions::default()
        };
        let plain = with(Isolation::Default, false, false);
        assert_eq!(begin_sql(&plain, TabletType::Primary), ["begin"]);
        assert_eq!(begin_sql(&plain, TabletType::Replica), ["start transaction read only"]);
        assert_eq!(
            begin_sql(&with(Isolation::Serializable, false, true), TabletType::Primary),
            [
                "set transaction isolation level serializable",
                "start transaction with consistent snapshot"
            ]
        );
        assert_eq!(
            begin_sql(
                &with(Isolation::ConsistentSnapshotReadOnly, false, false),
                TabletType::Primary
            ),
            [
                "set transaction isolation level repeatable read",
                "start transaction with consistent snapshot, read only"
            ]
        );
    }

    #[test]
    fn requests_are_small_enough_to_pass_around() {
        assert!(size_of::<ExecuteRequest>() <= 512);
    }
}
