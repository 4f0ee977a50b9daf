//! Runs a plan for a session: opens the transaction that it needs, ends it, keeps what it tells.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use vt_base::{Error, ErrorId, Result, Retry, TabletType};
use vt_exec::{ExecContext, Limits, Observer};
use vt_plan::{Node, Plan, StatementType};
use vt_tablet_api::{StreamPart, Workload};
use vt_value::{BindVars, Fields, QueryResult, TypedBytes};

use super::evaluation::Evaluation;
use super::plan_cache::CachedPlan;
use super::{Record, Sink, deadline, definitions, needs, select_limit, system_schema};
use crate::gate::Gate;
use crate::scatter::{Scatter, Traced};
use crate::session::{Level, Session, Warning};
use crate::tx;

/// How many pieces of a stream may wait for a slow client.
const PARTS_WAITING_MAX: usize = 4;

/// Runs a plan.
pub async fn execute_plan(
    gate: &Gate,
    session: &mut Session,
    plan: &CachedPlan,
    mut binds: BindVars,
    record: &mut Record,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    session.transaction.check_usable()?;
    begin(gate, session, plan).await?;
    let aimed = system_schema::aimed(gate, &plan.plan, &binds)?;
    let awaited = definitions::awaited(gate, plan);
    needs::fill(gate, session, &plan.plan.needs, &mut binds).await?;
    let binds = Arc::new(binds);
    let evaluation = Evaluation::new(gate, session, plan);
    record.executing();
    let deadline = deadline(gate, session);
    let streams = session.workload == Workload::Olap
        && sink.is_streaming()
        && gives_rows(plan)
        && plan.plan.assigns.is_empty();
    let depth = session.settings.get("cte_max_recursion_depth").and_then(|text| text.parse().ok());
    let recursion_depth = depth.unwrap_or(Limits::default().recursion_depth);
    let found_rows;
    let (result, statement) = {
        let is_apart = plan.plan.statement == StatementType::Ddl && !plan.needs_connection;
        let limited = select_limit::limited(session, plan);
        let scatter = Scatter::new(&gate.tablets, session, deadline)
            .routed(gate.vschemas.current().vschema.clone())
            .apart(is_apart)
            .limited(limited.as_ref().is_some_and(|one| one.is_for_shards));
        let mut context = context(gate, &scatter, &binds, &evaluation);
        context.limits.recursion_depth = recursion_depth;
        let plan = limited.as_ref().map(|one| &one.plan).or(aimed.as_ref()).unwrap_or(&plan.plan);
        let result = match streams {
            true => stream(plan, &context, sink, record).await,
            false => vt_exec::execute(plan, &context).await,
        };
        record.shard_calls += scatter.calls();
        found_rows = scatter.found_rows();
        (result, scatter.statement())
    };
    let result = statement.end(&gate.tablets, session, result).await?;
    keep(gate, session, plan, &result, record);
    assign(session, plan, &result)?;
    if let Some(rows) = found_rows {
        session.found_rows = rows;
    }
    if let Some(awaited) = &awaited {
        definitions::wait(gate, awaited).await;
    }
    Ok(result)
}

/// What a plan did as it ran.
#[derive(Default)]
pub struct Trace {
    /// The calls to shards, in order.
    pub calls: Vec<Traced>,
    /// Which step gave how many rows; a step is known by where it lies in memory.
    steps: Mutex<Vec<(usize, usize)>>,
}

/// Most runs of steps that are noted.
const STEPS_NOTED_MAX: usize = 100_000;

impl Trace {
    /// Returns how many rows a step gave each time that it ran.
    pub fn rows_of(&self, node: &Node) -> Vec<usize> {
        let place = std::ptr::from_ref(node) as usize;
        let steps = self.steps.lock();
        steps.iter().filter(|(step, _)| *step == place).map(|(_, rows)| *rows).collect()
    }
}

impl Observer for Trace {
    fn ran(&self, node: &Node, rows: usize) {
        let mut steps = self.steps.lock();
        if steps.len() < STEPS_NOTED_MAX {
            steps.push((std::ptr::from_ref(node) as usize, rows));
        }
    }
}

/// Runs a plan and returns what it did, for `VEXPLAIN`.
pub async fn trace_plan(
    gate: &Gate,
    session: &mut Session,
    plan: &CachedPlan,
    mut binds: BindVars,
) -> Result<Trace> {
    session.transaction.check_usable()?;
    begin(gate, session, plan).await?;
    needs::fill(gate, session, &plan.plan.needs, &mut binds).await?;
    let binds = Arc::new(binds);
    let evaluation = Evaluation::new(gate, session, plan);
    let deadline = deadline(gate, session);
    let mut trace = Trace::default();
    let (result, statement, calls) = {
        let scatter = Scatter::new(&gate.tablets, session, deadline)
            .routed(gate.vschemas.current().vschema.clone())
            .traced();
        let context = context(gate, &scatter, &binds, &evaluation);
        let context = ExecContext { observer: Some(&trace), ..context };
        let result = vt_exec::execute(&plan.plan, &context).await;
        if let (Ok(result), Node::Route(_)) = (&result, &plan.plan.root) {
            trace.ran(&plan.plan.root, result.rows.len());
        }
        (result, scatter.statement(), scatter.into_trace())
    };
    statement.end(&gate.tablets, session, result).await?;
    trace.calls = calls;
    Ok(trace)
}

/// Returns the fields of a plan's rows, for a statement that is prepared.
///
/// The literals are among the bind variables, so that their types are told, and `DATE :vtg1` gets
/// a text that is a date.
pub async fn fields(
    gate: &Gate,
    session: &mut Session,
    plan: &CachedPlan,
    mut binds: BindVars,
) -> Result<Fields> {
    needs::fill(gate, session, &plan.plan.needs, &mut binds).await?;
    let binds = Arc::new(binds);
    let evaluation = Evaluation::new(gate, session, plan);
    let deadline = deadline(gate, session);
    let scatter = Scatter::new(&gate.tablets, session, deadline)
        .routed(gate.vschemas.current().vschema.clone());
    vt_exec::fields(&plan.plan, &context(gate, &scatter, &binds, &evaluation)).await
}

fn context<'a>(
    gate: &Gate,
    scatter: &'a Scatter<'_>,
    binds: &'a Arc<BindVars>,
    evaluation: &'a Evaluation,
) -> ExecContext<'a> {
    ExecContext {
        shards: scatter,
        binds,
        session: evaluation.session(),
        limits: Limits { memory_rows: gate.config.memory_rows_max, ..Limits::default() },
        exclusive: scatter.is_exclusive(),
        kept: None,
        cascading: None,
        any_shard: gate.next_shard(),
        observer: None,
    }
}

/// Opens, or ends, the session's transaction as the statement asks.
async fn begin(gate: &Gate, session: &mut Session, plan: &CachedPlan) -> Result<()> {
    match plan.plan.statement {
        // MySQL commits before it changes definitions.
        StatementType::Ddl if !gate.config.is_direct_ddl_allowed => {
            return Err(Error::unsupported("direct DDL: it is disabled (--enable-direct-ddl)"));
        }
        // A temporary table is the session's own, and its definition commits nothing.
        StatementType::Ddl if plan.needs_connection => {
            session.transaction.is_reserving = true;
            session.transaction.has_temporary_tables = true;
        }
        StatementType::Ddl => return tx::commit(&gate.tablets, session).await,
        StatementType::Insert
        | StatementType::Replace
        | StatementType::Update
        | StatementType::Delete => check_writable(session, plan)?,
        _ => {}
    }
    if !session.autocommit && !session.transaction.is_open {
        session.transaction.open();
    }
    Ok(())
}

fn check_writable(session: &Session, plan: &CachedPlan) -> Result<()> {
    let transaction = &session.transaction;
    if transaction.session_read_only && !transaction.is_open {
        let message = "Cannot execute statement in a READ ONLY transaction.";
        let error = Error::mysql(1792, b"25006", message);
        return Err(error.with_code(vt_base::Code::FailedPrecondition));
    }
    let tablet_type = session.target.tablet_type;
    if matches!(tablet_type, TabletType::Primary | TabletType::Unknown) {
        return Ok(());
    }
    let verb = operation(plan.plan.statement);
    Err(Error::vt(ErrorId::VT09002, verb))
}

/// Sends rows on as they come.
async fn stream(
    plan: &Plan,
    context: &ExecContext<'_>,
    sink: &mut dyn Sink,
    record: &mut Record,
) -> Result<QueryResult> {
    let (sender, mut parts) = mpsc::channel::<StreamPart>(PARTS_WAITING_MAX);
    let run = vt_exec::execute_stream(plan, context, sender);
    let mut has_begun = false;
    let pass = async {
        let rows = pass(&mut parts, sink, &mut has_begun).await;
        // Who sends hears that nobody takes any more.
        drop(parts);
        rows
    };
    let (result, rows) = futures::future::join(run, pass).await;
    let result = result.map_err(|error| match has_begun {
        // The client has a part of the rows: they cannot be sent once more.
        true if error.retry() == Retry::Elsewhere => error.with_retry(Retry::Never),
        _ => error,
    })?;
    record.rows_returned = rows?;
    Ok(result)
}

/// Passes pieces on to the client; returns how many rows they had.
async fn pass(
    parts: &mut mpsc::Receiver<StreamPart>,
    sink: &mut dyn Sink,
    has_begun: &mut bool,
) -> Result<u64> {
    let mut rows = 0;
    while let Some(part) = parts.recv().await {
        *has_begun = true;
        rows += part.rows.len() as u64;
        sink.take(part).await?;
    }
    Ok(rows)
}

fn gives_rows(plan: &CachedPlan) -> bool {
    matches!(plan.plan.statement, StatementType::Select | StatementType::Show)
}

/// Keeps in the session what the statement tells: counts, ids, warnings.
fn keep(
    gate: &Gate,
    session: &mut Session,
    plan: &CachedPlan,
    result: &QueryResult,
    record: &mut Record,
) {
    let rows = record.rows_returned.max(result.rows.len() as u64);
    record.rows_returned = rows;
    match plan.plan.statement {
        StatementType::Select | StatementType::Show | StatementType::Explain => {
            session.found_rows = rows;
            session.row_count = -1;
            if result.insert_id_changed {
                session.last_insert_id = result.insert_id;
            }
        }
        StatementType::Insert
        | StatementType::Replace
        | StatementType::Update
        | StatementType::Delete => {
            record.rows_affected = result.rows_affected;
            session.row_count = i64::try_from(result.rows_affected).unwrap_or(i64::MAX);
            if result.insert_id > 0 || result.insert_id_changed {
                session.last_insert_id = result.insert_id;
            }
        }
        _ => session.row_count = 0,
    }
    let warn_at = gate.config.memory_rows_warn as u64;
    if warn_at > 0 && rows > warn_at {
        gate.metrics.warnings.add(&["ResultsExceeded"], 1);
        let message = format!("{rows} rows were returned; {warn_at} is where warnings begin");
        session.warnings.push(Warning { level: Level::Warning, code: 1105, message });
    }
}

const DEPRECATED_ASSIGNMENT: &str = "Setting user variables within expressions is deprecated and \
     will be removed in a future release. Consider alternatives: 'SET variable=expression, ...', \
     or 'SELECT expression(s) INTO variables(s)'.";

/// Keeps what the last row assigns to user variables.
fn assign(session: &mut Session, plan: &CachedPlan, result: &QueryResult) -> Result<()> {
    let told = if session.warnings.is_prepared { 0 } else { plan.plan.assigns.len() };
    for _ in 0..told {
        let message = DEPRECATED_ASSIGNMENT.to_owned();
        session.warnings.push(Warning { level: Level::Warning, code: 1287, message });
    }
    let Some(row) = result.rows.iter().last() else { return Ok(()) };
    for (column, name) in &plan.plan.assigns {
        let value = match (row.column(*column), result.fields.get(*column)) {
            (Some(bytes), Some(field)) => TypedBytes::new(field.typ, bytes.to_vec()),
            _ => TypedBytes::NULL,
        };
        session.set_user_variable(name.to_string(), value)?;
    }
    Ok(())
}

/// Returns the word that metrics and logs have for a kind of statement.
pub fn operation(statement: StatementType) -> &'static str {
    match statement {
        StatementType::Select => "SELECT",
        StatementType::Insert => "INSERT",
        StatementType::Replace => "REPLACE",
        StatementType::Update => "UPDATE",
        StatementType::Delete => "DELETE",
        StatementType::Ddl => "DDL",
        StatementType::Show => "SHOW",
        StatementType::Explain => "EXPLAIN",
        StatementType::Call => "CALL_PROC",
        StatementType::Other => "OTHER",
    }
}
