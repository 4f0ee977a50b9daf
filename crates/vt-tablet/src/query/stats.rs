//! What the query service counts, under the reference's names.

use std::sync::Arc;
use std::time::Duration;

use vt_base::Error;
use vt_service::stats::{Counter, Counters, Stats, Timings};

use super::Pools;
use super::plan::{Plan, PlanType};

/// The metrics of the query service.
pub struct QueryStats {
    queries: Vec<vt_service::stats::Cell>,
    mysql: Vec<vt_service::stats::Cell>,
    counts: Counters,
    times: Counters,
    error_counts: Counters,
    rows_returned: Counters,
    rows_affected: Counters,
    errors: Counters,
    pub kills: Counters,
    pub warnings: Counters,
    pub transactions: Timings,
    pub waits: Timings,
    pub consolidated: Counter,
    pub total: Counter,
}

impl QueryStats {
    /// Registers the metrics.
    pub fn new(stats: &Stats) -> QueryStats {
        let plan_table = &["Table", "Plan"];
        let queries = stats.timings("Queries", "MySQL query timings", &["plan_type"]);
        let mysql = stats.timings("Mysql", "MySQL query time", &["operation"]);
        let cells = |timings: &Timings| {
            PlanType::ALL.iter().map(|kind| timings.cell(&[kind.name()])).collect()
        };
        QueryStats {
            queries: cells(&queries),
            mysql: cells(&mysql),
            counts: stats.counters("QueryCounts", "query counts", plan_table),
            times: stats.counters("QueryTimesNs", "query times in ns", plan_table),
            error_counts: stats.counters("QueryErrorCounts", "query error counts", plan_table),
            rows_returned: stats.counters("QueryRowsReturned", "query rows returned", plan_table),
            rows_affected: stats.counters("QueryRowsAffected", "query rows affected", plan_table),
            errors: stats.counters("Errors", "critical errors", &["error_code"]),
            kills: stats.counters("Kills", "number of connections being killed", &["query_type"]),
            warnings: stats.counters("Warnings", "warnings", &["type"]),
            transactions: stats.timings("Transactions", "transaction stats", &["operation"]),
            waits: stats.timings("Waits", "wait operations", &["type"]),
            consolidated: stats.counter("QueryConsolidations", "reads that shared a result"),
            total: stats.counter("QueriesTotal", "statements of all kinds"),
        }
    }

    /// Counts a statement.
    pub fn record(&self, plan: &Plan, took: Duration, mysql: Duration, outcome: Outcome<'_>) {
        self.total.add(1);
        let index = plan.kind as usize;
        self.queries[index].record(took);
        if !mysql.is_zero() {
            self.mysql[index].record(mysql);
        }
        let (affected, returned, failed) = match outcome {
            Outcome::Done { affected, returned } => (affected, returned, None),
            Outcome::Failed(error) => (0, 0, Some(error)),
        };
        plan.counts.record(took, mysql, affected, returned, failed.is_none());
        let cells = plan.cells.get_or_init(|| self.cells(plan));
        cells.queries.add(1);
        cells.nanos.add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        cells.errors.add(u64::from(failed.is_some()));
        cells.returned.add(returned);
        cells.affected.add(affected);
        if let Some(error) = failed {
            self.errors.add(&[error.code().grpc_name()], 1);
        }
    }

    fn cells(&self, plan: &Plan) -> PlanCells {
        let labels = [plan.table(), plan.kind.name()];
        PlanCells {
            queries: self.counts.cell(&labels),
            nanos: self.times.cell(&labels),
            errors: self.error_counts.cell(&labels),
            returned: self.rows_returned.cell(&labels),
            affected: self.rows_affected.cell(&labels),
        }
    }
}

/// The metrics by table and plan, looked up once a plan.
#[derive(Clone)]
pub struct PlanCells {
    queries: Counter,
    nanos: Counter,
    errors: Counter,
    returned: Counter,
    affected: Counter,
}

impl std::fmt::Debug for PlanCells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlanCells")
    }
}

/// How a statement ended.
#[derive(Clone, Copy)]
pub enum Outcome<'a> {
    Done { affected: u64, returned: u64 },
    Failed(&'a Error),
}

macro_rules! pool_gauges {
    ($stats:ident, $pools:ident, $pool:ident, $name:literal) => {
        pool_gauges!(@one $stats, $pools, $pool, $name, "Capacity", capacity, "capacity");
        pool_gauges!(@one $stats, $pools, $pool, $name, "MaxCap", max_cap, "largest capacity");
        pool_gauges!(@one $stats, $pools, $pool, $name, "Available", available, "available");
        pool_gauges!(@one $stats, $pools, $pool, $name, "Active", active, "open connections");
        pool_gauges!(@one $stats, $pools, $pool, $name, "InUse", in_use, "in use");
        pool_gauges!(@one $stats, $pools, $pool, $name, "WaitCount", wait_count, "waits");
        pool_gauges!(@one $stats, $pools, $pool, $name, "IdleClosed", idle_closed, "idle closed");
        pool_gauges!(
            @one $stats, $pools, $pool, $name, "MaxLifetimeClosed", max_lifetime_closed, "old closed"
        );
        pool_gauges!(@one $stats, $pools, $pool, $name, "Get", get, "connections taken");
        pool_gauges!(@one $stats, $pools, $pool, $name, "GetSetting", get_setting, "with settings");
        pool_gauges!(@one $stats, $pools, $pool, $name, "DiffSetting", diff_setting, "other settings");
        pool_gauges!(
            @one $stats, $pools, $pool, $name, "ResetSetting", reset_setting, "settings reset"
        );
        let pools = Arc::clone($pools);
        $stats.gauge_func(concat!($name, "WaitTime"), concat!($name, " wait time in ns"), move || {
            i64::try_from(pools.$pool.stats().wait_time.as_nanos()).unwrap_or(i64::MAX)
        });
        let pools = Arc::clone($pools);
        $stats.gauge_func(concat!($name, "IdleTimeout"), concat!($name, " idle timeout"), move || {
            i64::try_from(pools.$pool.stats().idle_timeout.as_nanos()).unwrap_or(i64::MAX)
        });
    };
    (@one $stats:ident, $pools:ident, $pool:ident, $name:literal, $suffix:literal, $field:ident, $help:literal) => {
        let pools = Arc::clone($pools);
        $stats.gauge_func(concat!($name, $suffix), concat!($name, " ", $help), move || {
            i64::try_from(pools.$pool.stats().$field).unwrap_or(i64::MAX)
        });
    };
}

/// Registers what the pools tell of themselves.
pub fn register_pools(stats: &Stats, pools: &Arc<Pools>) {
    pool_gauges!(stats, pools, oltp, "ConnPool");
    pool_gauges!(stats, pools, stream, "StreamConnPool");
    pool_gauges!(stats, pools, transaction, "TransactionPool");
    pool_gauges!(stats, pools, found_rows, "FoundRowsPool");
}
