//! What the gateway counts, under Vitess's names.

use std::time::Duration;

use papaya::HashMap;
use vt_base::Error;
use vt_service::Stats;
use vt_service::stats::{Cell, Counter, Counters, Timings};

/// The gateway's metrics.
pub struct Metrics {
    /// `QueryExecutions`: by statement, plan and tablet type.
    pub query_executions: Counters,
    /// `QueryRoutes`: calls to shards.
    pub query_routes: Counters,
    /// `QueryExecutionsByTable`
    pub by_table: Counters,
    /// `VtgateApi`: by operation, keyspace and tablet type.
    pub api: Timings,
    pub api_errors: Counters,
    pub rows_returned: Counters,
    pub rows_affected: Counters,
    pub warnings: Counters,
    pub transactions: Counters,
    pub commit_modes: Timings,
    pub text_characters: Counter,
    pub grpc_calls: Counters,
    /// Handles by label, so that a query costs no look-up of labels in a map of strings.
    handles: HashMap<Labels, Handles>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Labels {
    operation: &'static str,
    plan: &'static str,
    keyspace: std::sync::Arc<str>,
    tablet_type: &'static str,
}

#[derive(Clone)]
struct Handles {
    executions: Counter,
    routes: Counter,
    api: Cell,
    rows_returned: Counter,
    rows_affected: Counter,
}

/// What one statement adds.
pub struct Sample<'a> {
    pub operation: &'static str,
    pub plan: &'static str,
    pub keyspace: &'a std::sync::Arc<str>,
    pub tablet_type: &'static str,
    pub took: Duration,
    pub shard_calls: u64,
    pub rows_returned: u64,
    pub rows_affected: u64,
}

/// How many sets of labels keep handles of their own.
const HANDLES_MAX: usize = 10_000;

impl Metrics {
    /// Registers the metrics.
    pub fn new(stats: &Stats) -> Metrics {
        let plan = &["Query", "Plan", "Tablet"];
        let api = &["Operation", "Keyspace", "DbType"];
        Metrics {
            query_executions: stats.counters("QueryExecutions", "statements executed", plan),
            query_routes: stats.counters("QueryRoutes", "calls made to shards", plan),
            by_table: stats.counters(
                "QueryExecutionsByTable",
                "statements executed, by table",
                &["Query", "Table"],
            ),
            api: stats.timings("VtgateApi", "time that statements took", api),
            api_errors: stats.counters(
                "VtgateApiErrorCounts",
                "statements that failed",
                &["Operation", "Keyspace", "DbType", "Code"],
            ),
            rows_returned: stats.counters("VtgateApiRowsReturned", "rows returned", api),
            rows_affected: stats.counters("VtgateApiRowsAffected", "rows changed", api),
            warnings: stats.counters("VtGateWarnings", "warnings given", &["type"]),
            transactions: stats.counters(
                "TransactionsProcessed",
                "transactions committed",
                &["ShardType", "TransactionMode"],
            ),
            commit_modes: stats.timings("CommitModeTimings", "time that commits took", &["mode"]),
            text_characters: stats
                .counter("VtgateQueryTextCharactersProcessed", "bytes of statements taken"),
            grpc_calls: stats.counters("VtgateGrpcCalls", "calls over gRPC", &["Method"]),
            handles: HashMap::new(),
        }
    }

    /// Adds one statement.
    pub fn record(&self, sample: &Sample<'_>) {
        let handles = self.handles(sample);
        handles.executions.add(1);
        handles.routes.add(sample.shard_calls);
        handles.api.record(sample.took);
        handles.rows_returned.add(sample.rows_returned);
        handles.rows_affected.add(sample.rows_affected);
    }

    /// Adds one that failed.
    pub fn record_error(&self, sample: &Sample<'_>, error: &Error) {
        let code = error.code().grpc_name();
        let labels = [sample.operation, sample.keyspace, sample.tablet_type, code];
        self.api_errors.add(&labels, 1);
    }

    fn handles(&self, sample: &Sample<'_>) -> Handles {
        let labels = Labels {
            operation: sample.operation,
            plan: sample.plan,
            keyspace: sample.keyspace.clone(),
            tablet_type: sample.tablet_type,
        };
        let known = self.handles.pin();
        if let Some(found) = known.get(&labels) {
            return found.clone();
        }
        let plan = [sample.operation, sample.plan, sample.tablet_type];
        let api = [sample.operation, &**sample.keyspace, sample.tablet_type];
        let made = Handles {
            executions: self.query_executions.cell(&plan),
            routes: self.query_routes.cell(&plan),
            api: self.api.cell(&api),
            rows_returned: self.rows_returned.cell(&api),
            rows_affected: self.rows_affected.cell(&api),
        };
        if known.len() < HANDLES_MAX {
            known.insert(labels, made.clone());
        }
        made
    }
}
