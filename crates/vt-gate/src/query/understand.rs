//! From text to a plan, or to a statement that the gateway answers itself.

use std::sync::Arc;

use vt_base::{Error, Result};
use vt_plan::Plan;
use vt_planner::PlanContext;
use vt_sql::ast::Statement;
use vt_sql::fingerprint::{Fingerprint, fingerprint};
use vt_sql::{Arena, StatementKind, preview};
use vt_value::BindVars;

use super::plan_cache::{CachedPlan, Context, Lookup};
use super::{Query, literals};
use crate::gate::Gate;
use crate::session::Session;
use crate::statements::Local;
use crate::vschema::Snapshot;

/// What a statement turned out to be.
pub enum Understood {
    Plan { plan: Arc<CachedPlan>, binds: BindVars, is_cached: bool },
    Local(Box<Local>),
}

/// Finds, or makes, the plan of a statement.
pub fn understand(gate: &Gate, session: &Session, query: &Query<'_>) -> Result<Understood> {
    let kind = preview(query.sql);
    let is_cacheable = matches!(
        kind,
        StatementKind::Select
            | StatementKind::Insert
            | StatementKind::Replace
            | StatementKind::Update
            | StatementKind::Delete
    );
    let print = fingerprint(query.sql, session.modes);
    let (Some(print), true) = (print, is_cacheable) else {
        return understand_anew(gate, session, query, kind);
    };
    let snapshot = gate.vschemas.current();
    let context = context(session, &snapshot);
    let hash = context.hash();
    if let Some(plan) = find(gate, session, query, &print, (hash, &context)) {
        let mut binds = query.params.clone();
        literals::bind(query.sql, &print, &plan.frozen, session.modes, &mut binds);
        return Ok(Understood::Plan { plan, binds, is_cached: true });
    }
    let arena = Arena::new();
    let statement = vt_sql::parse(&arena, query.sql, session.modes)?;
    if let Some(local) = Local::of(&statement, query, session)? {
        return Ok(Understood::Local(Box::new(local)));
    }
    let normalized = vt_sql::normalize::normalize(&arena, &statement);
    let plan = plan(gate, session, &snapshot, &normalized.statement)?;
    let frozen = vt_sql::normalize::frozen_literals(query.sql, &print, &normalized);
    let plan = Arc::new(CachedPlan::new(plan, context, frozen));
    if !session.skip_query_plan_cache && !skips_cache(&statement) {
        gate.plans.insert(print.plan_key(), hash, plan.clone());
    }
    let mut binds = query.params.clone();
    literals::bind(query.sql, &print, &plan.frozen, session.modes, &mut binds);
    Ok(Understood::Plan { plan, binds, is_cached: false })
}

fn find(
    gate: &Gate,
    session: &Session,
    query: &Query<'_>,
    print: &Fingerprint,
    (hash, context): (u64, &Context),
) -> Option<Arc<CachedPlan>> {
    if session.skip_query_plan_cache {
        return None;
    }
    let found = match gate.plans.find(print.plan_key(), hash, context) {
        Lookup::Frozen(ordinals) => {
            let frozen = literals::frozen(query.sql, print, &ordinals);
            gate.plans.find_frozen(print.plan_key(), hash, context, &frozen)
        }
        other => other,
    };
    match found {
        Lookup::Plan(plan) => Some(plan),
        _ => None,
    }
}

/// Reads a statement that is not kept: DDL, session statements, SHOW.
fn understand_anew(
    gate: &Gate,
    session: &Session,
    query: &Query<'_>,
    kind: StatementKind,
) -> Result<Understood> {
    if kind == StatementKind::Empty {
        // Of a comment alone MySQL makes nothing; of no text at all an error.
        if !query.sql.trim_ascii().is_empty() {
            return Ok(Understood::Local(Box::new(Local::Nothing)));
        }
        return Err(Error::mysql(1065, b"42000", "Query was empty")
            .with_code(vt_base::Code::InvalidArgument));
    }
    let arena = Arena::new();
    let statement = vt_sql::parse(&arena, query.sql, session.modes)?;
    if let Some(local) = Local::of(&statement, query, session)? {
        return Ok(Understood::Local(Box::new(local)));
    }
    let snapshot = gate.vschemas.current();
    let plan = plan(gate, session, &snapshot, &statement)?;
    let context = context(session, &snapshot);
    let mut plan = CachedPlan::new(plan, context, Vec::new());
    plan.needs_connection = is_temporary(&statement);
    let binds = query.params.clone();
    Ok(Understood::Plan { plan: Arc::new(plan), binds, is_cached: false })
}

/// Returns whether a statement is about a temporary table.
fn is_temporary(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::CreateTable(create) => create.temporary,
        Statement::DropTable(drop) => drop.temporary,
        _ => false,
    }
}

/// Plans a statement as the session stands.
pub fn plan(
    gate: &Gate,
    session: &Session,
    snapshot: &Snapshot,
    statement: &Statement<'_>,
) -> Result<Plan> {
    let context = PlanContext {
        vschema: &snapshot.vschema,
        keyspace: session.target.keyspace(),
        target: session.target.destination.as_ref(),
        tablet_type: session.target.tablet_type,
        no_scatter: gate.config.is_scatter_refused,
        foreign_key_checks: checks_foreign_keys(session),
    };
    let plan = vt_planner::plan(statement, &context)?;
    // What stays in the plan's text is printed with escapes, which such a session's shards do not
    // read; values that became bind variables are written as the shard's connection wants them.
    if session.modes.no_backslash_escapes && plan.original.contains('\\') {
        let what = "a string with a backslash that names a column, or stands in a definition, \
                    under NO_BACKSLASH_ESCAPES: write it as x'...'";
        return Err(Error::unsupported(what));
    }
    Ok(plan)
}

fn context(session: &Session, snapshot: &Snapshot) -> Context {
    Context {
        target: session.target.text().clone(),
        tablet_type: session.target.tablet_type,
        modes: session.modes,
        foreign_key_checks: checks_foreign_keys(session),
        vschema_version: snapshot.version,
    }
}

/// Returns whether the session wants foreign keys to be checked.
pub fn checks_foreign_keys(session: &Session) -> bool {
    let is_off =
        |value: String| ["0", "off", "false"].iter().any(|off| value.eq_ignore_ascii_case(off));
    !session.settings.text("foreign_key_checks").is_some_and(is_off)
}

/// Returns whether a directive keeps the statement out of the cache.
fn skips_cache(statement: &Statement<'_>) -> bool {
    crate::statements::comments(statement)
        .directive("SKIP_QUERY_PLAN_CACHE")
        .is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
}
