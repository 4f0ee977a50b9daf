//! What gateways have open at a tablet: ended at once when a gateway has died, lest its locks stay
//! until their time is over.
//!
//! A gateway names itself on each of its connections, one of which carries health as long as it
//! lives. When the last has ended, and none has come in its place, nobody is left to commit.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use vt_base::Target;
use vt_tablet_api::{Caller, QueryService, TxState};

/// How long a gateway without connections has to come back.
const GRACE: Duration = Duration::from_millis(500);
/// Most connections of sessions that are remembered for a gateway; the oldest are left to their
/// own time limits.
const OPEN_MAX: usize = 100_000;

/// A transaction or a reserved connection.
#[derive(Clone, Debug)]
struct Open {
    caller: Caller,
    target: Target,
    transaction_id: i64,
    reserved_id: i64,
}

#[derive(Debug, Default)]
struct Owner {
    connections: usize,
    /// By the number that the connection has at the tablet.
    open: BTreeMap<i64, Open>,
}

/// The gateways of a tablet, by the names that they gave themselves.
#[derive(Debug, Default)]
pub(super) struct Owners {
    table: Mutex<HashMap<u64, Owner>>,
}

/// One connection of a gateway; [`Membership::end`] tells that it has ended.
pub(super) struct Membership {
    owners: Arc<Owners>,
    name: u64,
}

impl Owners {
    /// Counts a connection of a gateway.
    pub(super) fn join(self: &Arc<Owners>, name: u64) -> Membership {
        self.table.lock().entry(name).or_default().connections += 1;
        Membership { owners: self.clone(), name }
    }
}

impl Membership {
    /// Returns a handle for the calls of the connection; it does not count.
    pub(super) fn ledger(&self) -> Ledger {
        Ledger(Some((self.owners.clone(), self.name)))
    }

    /// Takes the connection out; if it was the gateway's last, ends what the gateway had open.
    pub(super) async fn end(self, service: &dyn QueryService) {
        let is_last = {
            let mut table = self.owners.table.lock();
            table.get_mut(&self.name).is_some_and(|owner| {
                owner.connections = owner.connections.saturating_sub(1);
                owner.connections == 0
            })
        };
        if !is_last {
            return;
        }
        tokio::time::sleep(GRACE).await;
        let gone = {
            let mut table = self.owners.table.lock();
            let is_gone = table.get(&self.name).is_some_and(|owner| owner.connections == 0);
            if is_gone { table.remove(&self.name) } else { None }
        };
        let Some(owner) = gone.filter(|owner| !owner.open.is_empty()) else { return };
        tracing::info!(open = owner.open.len(), "a gateway has gone; what it had open is ended");
        for open in owner.open.into_values() {
            let ids = (open.transaction_id, open.reserved_id);
            let released = service.release(&open.caller, &open.target, ids.0, ids.1).await;
            if let Err(err) = released {
                // It had ended by itself, as most have whose call was under way.
                tracing::debug!(%err, "a session of a gateway that has gone");
            }
        }
    }
}

/// Where calls note what they open and end; of a gateway without a name, nowhere.
#[derive(Clone, Default)]
pub(super) struct Ledger(Option<(Arc<Owners>, u64)>);

impl Ledger {
    /// Notes what a call left open.
    pub(super) fn opened(&self, caller: &Caller, target: &Target, state: &TxState) {
        let number = state.transaction_id.max(state.reserved_id);
        let Some((owners, name)) = self.0.as_ref().filter(|_| number != 0) else { return };
        let open = Open {
            caller: caller.clone(),
            target: target.clone(),
            transaction_id: state.transaction_id,
            reserved_id: state.reserved_id,
        };
        if let Some(owner) = owners.table.lock().get_mut(name) {
            owner.open.insert(number, open);
            while owner.open.len() > OPEN_MAX {
                owner.open.pop_first();
            }
        }
    }

    /// Notes that a connection is given up, or goes on under another number.
    pub(super) fn ended(&self, transaction_id: i64, reserved_id: i64) {
        let Some((owners, name)) = &self.0 else { return };
        if let Some(owner) = owners.table.lock().get_mut(name) {
            owner.open.remove(&transaction_id);
            owner.open.remove(&reserved_id);
        }
    }
}
