//! What is noted of a statement, for metrics and the query log.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::{Duration, Instant};
use vt_base::Result;
use vt_plan::{MatchKind, Node};
use vt_value::QueryResult;

use super::execute::operation;
use super::{Query, Understood};
use crate::gate::Gate;
use crate::metrics::Sample;
use crate::querylog::Entry;
use crate::session::Session;

/// The notes of one statement.
pub struct Record {
    method: &'static str,
    sql: Arc<str>,
    began: Instant,
    planned: Duration,
    operation: &'static str,
    plan: &'static str,
    tables: Arc<[String]>,
    keyspace: Arc<str>,
    is_plan_cached: bool,
    pub shard_calls: u64,
    pub rows_returned: u64,
    pub rows_affected: u64,
    text_bytes: u64,
}

impl Record {
    /// Begins the notes. The text is kept only where the log wants it.
    pub fn begin(gate: &Gate, query: &Query<'_>, session: &Session) -> Record {
        Record {
            method: query.method,
            sql: if gate.querylog.is_wanted() { query.sql.into() } else { Arc::default() },
            began: Instant::now(),
            planned: Duration::ZERO,
            operation: "UNKNOWN",
            plan: "Local",
            tables: Arc::default(),
            keyspace: session.target.keyspace.clone(),
            is_plan_cached: false,
            shard_calls: 0,
            rows_returned: 0,
            rows_affected: 0,
            text_bytes: query.sql.len() as u64,
        }
    }

    /// Notes what the statement is.
    pub fn understood(&mut self, understood: &Understood) {
        match understood {
            Understood::Plan { plan, is_cached, .. } => {
                self.operation = operation(plan.plan.statement);
                self.plan = plan_name(&plan.plan.root);
                self.is_plan_cached = *is_cached;
                self.tables = plan.tables().clone();
            }
            Understood::Local(statement) => self.operation = statement.operation(),
        }
    }

    /// Notes that planning is done.
    pub fn executing(&mut self) {
        self.planned = self.began.elapsed();
    }

    /// Ends the notes.
    pub fn end(self, gate: &Gate, session: &Session, result: &Result<QueryResult>) {
        let took = self.began.elapsed();
        let tablet_type = session.target.tablet_type.as_str();
        let sample = Sample {
            operation: self.operation,
            plan: self.plan,
            keyspace: &self.keyspace,
            tablet_type,
            took,
            shard_calls: self.shard_calls,
            rows_returned: self.rows_returned,
            rows_affected: self.rows_affected,
        };
        gate.metrics.record(&sample);
        gate.metrics.text_characters.add(self.text_bytes);
        if let Err(error) = result {
            gate.metrics.record_error(&sample, error);
        }
        if !gate.querylog.is_wanted() {
            return;
        }
        gate.querylog.add(Entry {
            method: self.method,
            user: session.caller.username.clone(),
            session_uuid: session.uuid.clone(),
            at: SystemTime::now() - took,
            took,
            plan_time: self.planned,
            execute_time: took.saturating_sub(self.planned),
            operation: self.operation,
            sql: self.sql,
            shard_calls: self.shard_calls,
            rows_affected: self.rows_affected,
            rows_returned: self.rows_returned,
            error: result.as_ref().err().map(ToString::to_string).unwrap_or_default(),
            keyspace: self.keyspace,
            tables: self.tables,
            tablet_type,
            is_plan_cached: self.is_plan_cached,
        });
    }
}

/// Returns the word for the root of a plan.
pub fn plan_name(node: &Node) -> &'static str {
    match node {
        Node::Route(_) => "Route",
        Node::Rows { .. } => "Rows",
        Node::Limit { .. } => "Limit",
        Node::Sort { .. } => "MemorySort",
        Node::Aggregate(_) => "Aggregate",
        Node::Window(_) => "Window",
        Node::Match(one) => match one.kind {
            MatchKind::Intersect => "Intersect",
            MatchKind::Except => "Except",
        },
        Node::Distinct { .. } => "Distinct",
        Node::Filter { .. } => "Filter",
        Node::Project { .. } => "Projection",
        Node::Truncate { .. } => "SimpleProjection",
        Node::Join(_) => "Join",
        Node::Subquery(_) => "Subquery",
        Node::Concat { .. } => "Concatenate",
        Node::With(_) => "With",
        Node::VindexRows(_) => "VindexFunc",
        Node::Kept { .. } => "Kept",
        Node::Recurse(_) => "RecurseCTE",
        Node::Insert(_) => "Insert",
        Node::Update(_) => "Update",
        Node::Delete(_) => "Delete",
        Node::Change(_) => "DMLWithInput",
        Node::ForeignKeys(_) => "FKCascade",
    }
}
