//! The way of a statement.
//!
//! [`run_query`] is the table of contents: understand, begin, execute, end, record.

pub mod binary_text;
mod definitions;
pub mod evaluation;
pub mod execute;
pub mod forward;
pub mod literals;
mod mirror;
mod moving;
pub mod needs;
pub mod plan_cache;
pub mod record;
pub mod select_limit;
pub mod sink;
pub mod system_schema;
pub mod understand;

use std::sync::Arc;

use tokio::time::Instant;
use vt_base::Result;
use vt_value::{BindVars, QueryResult};

use crate::gate::Gate;
use crate::session::{Level, Session, Warning};
use crate::statements;

pub use execute::fields;
pub use forward::{any_keyspace, forward, forward_to_all, forward_to_shard, run_on_any_shard};
pub use moving::run_plan;
pub use record::Record;
pub use sink::{ClientFile, Collected, Sink};
pub use understand::{Understood, understand};

/// One statement, with what it was given.
pub struct Query<'a> {
    /// `Execute`, `StreamExecute`, `Prepare`: for the log.
    pub method: &'static str,
    pub sql: &'a str,
    /// Values of `?` (`v1`, `v2`, ...), or of named bind variables.
    pub params: BindVars,
    pub is_prepared: bool,
}

impl<'a> Query<'a> {
    /// Makes a statement without values.
    pub fn new(sql: &'a str) -> Query<'a> {
        Query { method: "Execute", sql, params: BindVars::new(), is_prepared: false }
    }
}

/// Runs one statement for a session.
///
/// Rows go to `sink` in pieces where the session's workload streams; else they come back, all of
/// them, in the result.
///
/// The future may be dropped where it waits; the session is then to be released, since what was
/// under way on shards is in doubt.
pub async fn run_query(
    gate: &Gate,
    session: &mut Session,
    query: Query<'_>,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    session.consistency.told = Default::default();
    session.warnings.is_prepared = query.is_prepared;
    let mut record = Record::begin(gate, &query, session);
    let understood = check_size(gate, query.sql).and_then(|()| understand(gate, session, &query));
    let result = match understood {
        Ok(understood) => {
            record.understood(&understood);
            run_understood(gate, session, (&query, understood), &mut record, sink).await
        }
        Err(error) => {
            session.warnings.begin();
            Err(error)
        }
    };
    let mut result = result.map_err(|error| presentable(gate, error));
    if let Ok(result) = &mut result {
        // What shards told is the gateway's; the client hears of what it asked to hear. Most
        // statements have neither, and no text is made for them.
        let told = &session.consistency.told;
        if !(told.is_empty() && result.session_state_changes.is_empty()) {
            result.session_state_changes = told.to_string().into();
        }
    }
    if let Err(error) = &result {
        let (code, message) = (error.errno(), error.message().to_owned());
        session.warnings.push(Warning { level: Level::Error, code, message });
    }
    record.end(gate, session, &result);
    result
}

async fn run_understood(
    gate: &Gate,
    session: &mut Session,
    (query, understood): (&Query<'_>, Understood),
    record: &mut Record,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    match understood {
        Understood::Plan { plan, binds, .. } => {
            session.warnings.begin();
            moving::run_plan(gate, session, (query, plan, binds), record, sink).await
        }
        Understood::Local(statement) => {
            if !statement.is_diagnostic() {
                session.warnings.begin();
            }
            // Large, and rarely taken.
            Box::pin(statements::run(gate, session, *statement, record, sink)).await
        }
    }
}

/// Runs a statement that the gateway makes for itself, within the session, and returns its rows.
pub async fn run_internal(gate: &Gate, session: &mut Session, sql: &str) -> Result<QueryResult> {
    run_internal_with(gate, session, sql, BindVars::new()).await
}

/// Runs a statement as [`run_internal`] does, with values for its `?`.
pub async fn run_internal_with(
    gate: &Gate,
    session: &mut Session,
    sql: &str,
    params: BindVars,
) -> Result<QueryResult> {
    let query = Query { params, ..Query::new(sql) };
    let mut record = Record::begin(gate, &query, session);
    let mut sink = Collected;
    let workload = std::mem::replace(&mut session.workload, vt_tablet_api::Workload::Oltp);
    let result = match understand(gate, session, &query) {
        Ok(Understood::Plan { plan, binds, .. }) => {
            moving::run_plan(gate, session, (&query, plan, binds), &mut record, &mut sink).await
        }
        Ok(Understood::Local(_)) => Err(vt_base::Error::bug("an internal statement is no query")),
        Err(error) => Err(error),
    };
    session.workload = workload;
    result
}

/// Refuses a statement that is larger than clients may send.
fn check_size(gate: &Gate, sql: &str) -> Result<()> {
    let config = &gate.config;
    if config.payload_bytes_warn > 0 && sql.len() > config.payload_bytes_warn {
        gate.metrics.warnings.add(&["WarnPayloadSizeExceeded"], 1);
    }
    let limit = config.payload_bytes_max;
    if limit == 0 || sql.len() <= limit || sql.contains("IGNORE_MAX_PAYLOAD_SIZE") {
        return Ok(());
    }
    let message = "query payload size above threshold";
    Err(vt_base::Error::new(vt_base::Code::InvalidArgument, message))
}

/// Cuts an error to what the configuration lets clients see.
fn presentable(gate: &Gate, error: vt_base::Error) -> vt_base::Error {
    const MARK: &str = " [TRUNCATED]";
    let config = &gate.config;
    let text = error.message();
    // Statement and values stand behind the message that tells of them.
    let terse = if config.has_terse_errors { text.find(": Sql: \"") } else { None };
    let limit = config.error_length_max;
    let end = terse.unwrap_or(text.len());
    if limit == 0 || end <= limit {
        let Some(end) = terse else { return error };
        let text = text[..end].to_owned();
        return error.with_message(text);
    }
    let mut end = limit.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = format!("{}{MARK}", &text[..end]);
    error.with_message(text)
}

/// Returns when a statement that begins now must have ended.
pub fn deadline(gate: &Gate, session: &Session) -> Option<Instant> {
    session.query_timeout(&gate.config, 0).map(|limit| Instant::now() + limit)
}

/// Names that bind variables of literals have, made once: `vtg1`, `vtg2`, ...
pub(crate) fn literal_name(ordinal: usize) -> Arc<str> {
    use std::sync::LazyLock;
    const KEPT: usize = 256;
    static NAMES: LazyLock<Vec<Arc<str>>> =
        LazyLock::new(|| (1..=KEPT).map(|number| format!("vtg{number}").into()).collect());
    match NAMES.get(ordinal) {
        Some(name) => name.clone(),
        None => format!("vtg{}", ordinal + 1).into(),
    }
}

#[cfg(test)]
mod tests;
