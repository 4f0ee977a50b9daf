//! What a session decides about the evaluation of expressions at the gateway.

use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use super::plan_cache::CachedPlan;
use crate::gate::Gate;
use crate::session::Session;

/// What a statement's evaluation goes by; made only for plans that evaluate.
pub(super) struct Evaluation(Option<Box<vt_eval::Session>>);

impl Evaluation {
    /// Makes what a plan needs.
    pub(super) fn new(gate: &Gate, session: &Session, plan: &CachedPlan) -> Evaluation {
        Evaluation(plan.evaluates.then(|| Box::new(of(gate, session))))
    }

    /// Returns what the session decides, or MySQL's defaults where nobody will ask.
    pub(super) fn session(&self) -> &vt_eval::Session {
        static PLAIN: LazyLock<vt_eval::Session> = LazyLock::new(vt_eval::Session::default);
        self.0.as_deref().unwrap_or(&PLAIN)
    }
}

/// Returns what a session decides about evaluation; what it did not set is as on the servers.
fn of(gate: &Gate, session: &Session) -> vt_eval::Session {
    let servers = gate.defaults.get();
    let mut evaluation = vt_eval::Session {
        connection_collation: session.charsets.collation,
        user: session.account.as_str().into(),
        current_user: session.account.as_str().into(),
        database: session.target.keyspace().map(|_| session.target.as_str().into()),
        connection_id: session.connection_id.into(),
        last_insert_id: session.last_insert_id,
        found_rows: session.found_rows,
        row_count: session.row_count,
        now_micros: now_micros(),
        clock: Some(vt_eval::session::Clock(Arc::new(now_micros))),
        seed: rand::random(),
        ..servers.evaluation.clone()
    };
    for (name, _) in session.settings.iter() {
        let Some(text) = session.settings.text(name) else { continue };
        match name {
            "time_zone" => {
                if let Some(zone) = servers.zone_of(&text) {
                    evaluation.time_zone = zone;
                }
            }
            "collation_connection" => {}
            // What is no part of evaluation is not known there, and MySQL has taken the value.
            _ => drop(evaluation.set_variable(name, &text)),
        }
    }
    evaluation
}

/// The moment at which the statement starts, in microseconds since 1970.
fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
