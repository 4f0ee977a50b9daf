//! Statements that meet a table, or a shard, whose traffic is being switched: they wait, and are
//! planned anew for where it goes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vt_base::{Error, Result, Retry};
use vt_value::{BindVars, QueryResult};

use super::execute::execute_plan;
use super::plan_cache::CachedPlan;
use super::{Query, Record, Sink, Understood, mirror, understand};
use crate::gate::Gate;
use crate::session::Session;
use crate::tx;

/// How long a statement waits before it tries again, if nothing is heard of.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs a statement's plan; while what it asks for moves, waits and plans anew.
///
/// A statement is run again only where nothing of it has been done, so that a client sees a pause
/// and no error. Within a transaction that holds something on a shard, the error goes to the client.
pub async fn run_plan(
    gate: &Gate,
    session: &mut Session,
    (query, plan, binds): (&Query<'_>, Arc<CachedPlan>, BindVars),
    record: &mut Record,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    if let Some(mirror) = mirror::of(gate, session, query, &plan) {
        return mirror::beside(mirror, run_here(gate, session, (query, plan, binds), record, sink))
            .await;
    }
    run_here(gate, session, (query, plan, binds), record, sink).await
}

async fn run_here(
    gate: &Gate,
    session: &mut Session,
    (query, mut plan, mut binds): (&Query<'_>, Arc<CachedPlan>, BindVars),
    record: &mut Record,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    let mut until = None;
    let is_in_flight = session.transaction.open_count() > 0;
    loop {
        let error = match execute_plan(gate, session, &plan, binds, record, sink).await {
            Err(error) if error.retry() == Retry::Elsewhere && !is_in_flight => error,
            done => return done,
        };
        if session.transaction.open_count() > 0 {
            // The transaction holds what this statement brought into it, and nothing else.
            tx::rollback_on_shards(&gate.tablets, session).await;
        }
        let until = *until.get_or_insert_with(|| Instant::now() + gate.tablets.window());
        if !wait(gate, until).await {
            return Err(error);
        }
        (plan, binds) = match understand(gate, session, query)? {
            Understood::Plan { plan, binds, .. } => (plan, binds),
            Understood::Local(_) => return Err(Error::bug("a plan became a local statement")),
        };
    }
}

/// Waits for routing to change, or a moment; returns whether there is still time.
async fn wait(gate: &Gate, until: Instant) -> bool {
    let Some(_permit) = gate.tablets.wait_permit() else { return false };
    let (mut vschema, mut serving) = (gate.vschemas.version(), gate.tablets.serving.changes());
    tokio::select! {
        biased;
        _ = vschema.changed() => {}
        _ = serving.changed() => {}
        () = tokio::time::sleep(PAUSE) => {}
    }
    Instant::now() < until
}

#[cfg(test)]
mod tests;
