//! One call to one shard.

use std::collections::hash_map::DefaultHasher;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vt_base::{Code, Error, Result, TabletAlias, TabletType, Target};
use vt_discovery::Mode;
use vt_exec::{CallOptions, CommitOrder, ShardCall};
use vt_tablet_api::{Begin, ExecuteReply, ExecuteRequest, Reserve, TxState};
use vt_value::QueryResult;

use super::Scatter;
use super::fresh::Wanted;
use crate::session::{Session, ShardSession};
use crate::tablets::{Reached, Wish, effective_type, ends_transaction, may_retry};

/// How much later than the tablet the gateway gives up, so that the tablet can tell of it itself.
const DEADLINE_GRACE: Duration = Duration::from_millis(500);

/// Where a call goes and what it opens on the way.
pub(super) struct Place {
    pub(super) target: Target,
    /// The tablet that it is bound to.
    alias: Option<TabletAlias>,
    transaction_id: i64,
    reserved_id: i64,
    begin: Option<Begin>,
    reserve: Option<Reserve>,
    settings: Arc<[String]>,
    deadline: Option<Instant>,
    is_read_only: bool,
    /// The client did not ask for the call: it hears no warnings of it.
    is_apart: bool,
    order: CommitOrder,
    /// What the tablet must have executed before the session may read from it.
    pub(super) wanted: Option<Wanted>,
}

impl Place {
    pub(super) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Returns whether the session's transaction and promises have nothing to do with the call.
    pub(super) fn is_beside(&self) -> bool {
        self.is_apart
    }

    /// Returns whether what the call does is decided by a commit that is still to come.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.transaction_id != 0 || self.begin.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Returns whether the call can be made again on another tablet.
    pub(super) fn is_free(&self) -> bool {
        self.alias.is_none()
    }
}

impl Scatter<'_> {
    pub(super) async fn call(&self, call: &ShardCall, how: CallOptions) -> Result<QueryResult> {
        let mut place = self.place(call, how);
        let mut refused: Vec<TabletAlias> = Vec::new();
        let until = self.patience(&place);
        loop {
            let tablet = self.reach_fresh(&mut place, &refused, until).await?;
            let request = self.request(call, &place);
            let reply = self.before_deadline(&place, tablet.service.execute(request)).await;
            let error = match self.take(&place, &tablet, reply) {
                Ok(result) => {
                    self.note_position(&place, &tablet.alias, &result.session_state_changes).await;
                    return Ok(result);
                }
                Err(error) => error,
            };
            let tries_left = refused.len() < self.tablets.retry_count as usize
                || (is_refusal(&error) && Instant::now() < until);
            if !place.is_free() || !tries_left || !may_retry(&error, place.is_read_only) {
                return Err(error.context(format!("target: {}", place.target)));
            }
            refused.push(tablet.alias);
        }
    }

    /// Decides where a call goes, from what is open there.
    pub(super) fn place(&self, call: &ShardCall, how: CallOptions) -> Place {
        let session = self.session.lock();
        let tablet_type = match how.outside_transaction {
            true => TabletType::Primary,
            false => effective_type(session.target.tablet_type),
        };
        let target = Target {
            keyspace: call.keyspace.clone(),
            shard: call.shard.clone(),
            tablet_type,
            cell: Arc::default(),
        };
        let of_call =
            (how.timeout_ms > 0).then(|| Instant::now() + Duration::from_millis(how.timeout_ms));
        let mut place = Place {
            target,
            alias: None,
            transaction_id: 0,
            reserved_id: 0,
            begin: None,
            reserve: None,
            settings: session.settings.queries().clone(),
            deadline: of_call.or(self.deadline),
            is_read_only: how.read_only,
            is_apart: how.outside_transaction,
            order: how.order,
            wanted: None,
        };
        if how.outside_transaction {
            return place;
        }
        place.alias.clone_from(&session.target.alias);
        self.join(&session, &mut place);
        drop(session);
        if how.read_only {
            place.wanted = self.wanted(&place.target, place.transaction_id != 0);
        }
        place
    }

    /// Adds the transaction and the connection of the session.
    fn join(&self, session: &Session, place: &mut Place) {
        let transaction = &session.transaction;
        let open = transaction.find(&place.target, place.order);
        if let Some(open) = open {
            place.alias = Some(open.alias.clone());
            place.transaction_id = open.transaction_id;
            place.reserved_id = open.reserved_id;
        }
        if transaction.is_open && place.transaction_id == 0 {
            place.begin = Some(Begin { post_queries: self.post_begin(session) });
        }
        if transaction.is_reserving && place.reserved_id == 0 {
            let pre_queries = session.settings.queries().to_vec();
            place.reserve = Some(Reserve { pre_queries });
        }
    }

    /// Returns until when the call may wait for a tablet.
    pub(super) fn patience(&self, place: &Place) -> Instant {
        let until = Instant::now() + self.tablets.window();
        place.deadline.map_or(until, |deadline| deadline.min(until))
    }

    pub(super) async fn reach(
        &self,
        place: &Place,
        refused: &[TabletAlias],
        until: Instant,
    ) -> Result<Reached> {
        let found = match &place.alias {
            Some(alias) => self.tablets.reach_alias(alias),
            None => {
                let session = self.session_key(&place.target);
                let wish = Wish { target: &place.target, except: refused, until, session };
                self.tablets.reach_wished(wish).await
            }
        };
        found.map_err(|error| {
            let error = error.context(format!("target: {}", place.target));
            self.note_loss(place, error)
        })
    }

    /// Returns the session's number, where sessions keep to replicas.
    fn session_key(&self, target: &Target) -> Option<u64> {
        let balance = &self.tablets.discovery.config().balance;
        if target.tablet_type == TabletType::Primary
            || balance.mode_of(&target.keyspace) != Mode::Session
        {
            return None;
        }
        let session = self.session.lock();
        (!session.uuid.is_empty()).then(|| {
            let mut hasher = DefaultHasher::new();
            session.uuid.hash(&mut hasher);
            hasher.finish()
        })
    }

    pub(super) fn request(&self, call: &ShardCall, place: &Place) -> ExecuteRequest {
        ExecuteRequest {
            caller: self.caller.clone(),
            target: place.target.clone(),
            sql: call.sql.clone(),
            bind_vars: call.bind_vars.clone(),
            transaction_id: place.transaction_id,
            reserved_id: place.reserved_id,
            options: self.options.clone(),
            begin: place.begin.clone(),
            reserve: place.reserve.clone(),
            settings: place.settings.clone(),
            deadline: place.deadline.map(Instant::into_std),
        }
    }

    /// Waits for a reply, no longer than the statement may take.
    pub(super) async fn before_deadline(
        &self,
        place: &Place,
        call: impl Future<Output = ExecuteReply>,
    ) -> ExecuteReply {
        let Some(deadline) = place.deadline else { return call.await };
        match tokio::time::timeout_at(deadline + DEADLINE_GRACE, call).await {
            Ok(reply) => reply,
            Err(_) => {
                let error = Error::new(Code::DeadlineExceeded, "context deadline exceeded");
                ExecuteReply::failed(error)
            }
        }
    }

    /// Notes what a reply says is open, and returns its result.
    pub(super) fn take(
        &self,
        place: &Place,
        tablet: &Reached,
        reply: ExecuteReply,
    ) -> Result<QueryResult> {
        if let Ok(result) = &reply.result
            && result.warnings > 0
            && !place.is_apart
        {
            let database = format!("{}.", self.tablets.database_of(&place.target.keyspace));
            let keyspace = format!("{}.", place.target.keyspace);
            let mut session = self.session.lock();
            session.warnings.take(result, (&database, &keyspace), self.is_apart);
        }
        let has_changed = reply.result.as_ref().is_ok_and(|result| result.rows_affected > 0);
        let is_alone = place.transaction_id == 0 && place.begin.is_none();
        // Definitions change no rows, and are changes all the same.
        if is_alone && !place.is_read_only && (has_changed || self.is_apart) && reply.result.is_ok()
        {
            self.statement.lock().has_committed = true;
        }
        self.note(place, tablet, reply.state, has_changed && !place.is_read_only);
        reply.result.map_err(|error| self.note_loss(place, error))
    }

    fn note(&self, place: &Place, tablet: &Reached, state: TxState, has_changed: bool) {
        let is_known = place.transaction_id != 0 || place.reserved_id != 0;
        if !is_known && state.transaction_id == 0 && state.reserved_id == 0 {
            return;
        }
        let mut session = self.session.lock();
        let transaction = &mut session.transaction;
        if transaction.find(&place.target, place.order).is_none() {
            transaction.shards.push(ShardSession {
                target: place.target.clone(),
                alias: state.tablet_alias.unwrap_or_else(|| tablet.alias.clone()),
                transaction_id: 0,
                reserved_id: 0,
                is_read_only: true,
                has_changed_rows: false,
                order: place.order,
            });
        }
        let Some(open) = transaction.find_mut(&place.target, place.order) else { return };
        if state.transaction_id != 0 {
            open.transaction_id = state.transaction_id;
        }
        if state.reserved_id != 0 {
            open.reserved_id = state.reserved_id;
        }
        open.is_read_only &= place.is_read_only;
        open.has_changed_rows |= has_changed;
    }

    /// Notes that an error took the transaction, or the session's connection, with it; then says so.
    fn note_loss(&self, place: &Place, error: Error) -> Error {
        let is_held = place.transaction_id != 0 || place.reserved_id != 0;
        if !is_held || !ends_transaction(&error) {
            return error;
        }
        let mut session = self.session.lock();
        let transaction = &mut session.transaction;
        if place.transaction_id == 0 {
            transaction.shards.retain(|one| one.order != place.order || one.target != place.target);
            return error;
        }
        if transaction.is_implicit {
            return error;
        }
        transaction.must_roll_back = true;
        error.context("VT15001: transaction error")
    }
}

/// Whether the tablet refused because it does not serve: the one that does may not be known yet.
fn is_refusal(error: &Error) -> bool {
    matches!(error.code(), Code::FailedPrecondition | Code::ClusterEvent)
}
