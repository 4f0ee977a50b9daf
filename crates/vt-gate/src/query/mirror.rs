//! Reads that are sent along to where their tables are being moved, to see how it bears them.
//!
//! The client hears nothing of it: what comes back is dropped, and a mirror that is slower than the
//! statement itself is broken off.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use vt_base::Result;
use vt_plan::StatementType;
use vt_sql::Arena;
use vt_tablet_api::Workload;
use vt_value::{BindVars, QueryResult};

use super::execute::execute_plan;
use super::plan_cache::{CachedPlan, Context};
use super::{Collected, Query, Record, understand};
use crate::gate::Gate;
use crate::session::{Session, Transaction};

/// How much longer than the statement its mirror may take.
const GRACE: Duration = Duration::from_millis(4);

/// A read that is to be sent along.
pub(super) struct Mirror<'a> {
    gate: &'a Gate,
    session: Session,
    plan: Arc<CachedPlan>,
    binds: BindVars,
    record: Record,
}

/// Returns the mirror of a statement, if it is this one's turn to have one.
pub(super) fn of<'a>(
    gate: &'a Gate,
    session: &Session,
    query: &Query<'_>,
    plan: &CachedPlan,
) -> Option<Mirror<'a>> {
    let snapshot = gate.vschemas.current();
    if snapshot.vschema.mirror_rules.is_empty()
        || plan.plan.statement != StatementType::Select
        || session.workload != Workload::Oltp && session.workload != Workload::Unspecified
        || session.transaction.is_open
        || session.transaction.is_reserving
    {
        return None;
    }
    let tablet_type = session.target.tablet_type;
    let percent = snapshot.vschema.mirror_percent(plan.tables(), tablet_type);
    if !is_turn(gate.mirrorable.fetch_add(1, Ordering::Relaxed), percent) {
        return None;
    }
    let mut aside = session.clone();
    aside.transaction = Transaction::default();
    aside.autocommit = true;
    let arena = Arena::new();
    let statement = vt_sql::parse(&arena, query.sql, session.modes).ok()?;
    let mirrored = snapshot.mirrored();
    let made = understand::plan(gate, &aside, &mirrored, &statement).ok()?;
    let context = Context {
        target: aside.target.text().clone(),
        tablet_type,
        modes: aside.modes,
        foreign_key_checks: understand::checks_foreign_keys(&aside),
        vschema_version: mirrored.version,
    };
    let plan = Arc::new(CachedPlan::new(made, context, Vec::new()));
    let record = Record::begin(gate, query, &aside);
    Some(Mirror { gate, session: aside, plan, binds: query.params.clone(), record })
}

/// Spreads a percentage evenly over statements that are counted.
fn is_turn(count: u64, percent: f32) -> bool {
    let share = f64::from(percent.clamp(0.0, 100.0)) / 100.0;
    #[expect(clippy::cast_precision_loss, reason = "a share of statements")]
    let before = (count as f64 * share).floor();
    #[expect(clippy::cast_precision_loss, reason = "a share of statements")]
    let after = ((count + 1) as f64 * share).floor();
    after > before
}

/// Runs a statement with its mirror beside it.
pub(super) async fn beside(
    mirror: Mirror<'_>,
    statement: impl Future<Output = Result<QueryResult>>,
) -> Result<QueryResult> {
    let (mut mirror, mut statement) = (pin!(mirror.run()), pin!(statement));
    tokio::select! {
        biased;
        done = &mut statement => {
            if tokio::time::timeout(GRACE, mirror).await.is_err() {
                tracing::debug!("a mirrored read took too long");
            }
            done
        }
        () = &mut mirror => statement.await,
    }
}

impl Mirror<'_> {
    async fn run(mut self) {
        let (plan, mut sink) = (self.plan.clone(), Collected);
        let (session, record) = (&mut self.session, &mut self.record);
        let done = execute_plan(self.gate, session, &plan, self.binds, record, &mut sink).await;
        if let Err(error) = done {
            tracing::debug!(%error, "a mirrored read failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_turn;

    #[test]
    fn a_percentage_is_spread_evenly() {
        let count = |percent| (0..1_000).filter(|count| is_turn(*count, percent)).count();
        assert_eq!((count(0.0), count(1.0), count(50.0), count(100.0)), (0, 10, 500, 1_000));
    }
}
