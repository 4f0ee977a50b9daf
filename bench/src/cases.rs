//! What is measured.

use crate::options::Options;
use crate::setup::Target;
use crate::usage::Spent;

/// One thing to measure.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) is_prepared: bool,
    pub(crate) connections: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A script of sysbench's.
    Sysbench(&'static str),
    /// A statement that we send ourselves.
    Own(Statement),
}

/// A statement, and how it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) sql: String,
    /// On the sharded keyspace where there is one.
    pub(crate) is_sharded: bool,
    /// Read in pieces, under Vitrum's workload for large results.
    pub(crate) is_streamed: bool,
    /// Throughput counts rows, and not statements.
    pub(crate) counts_rows: bool,
}

/// What one measurement gave.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Statements, or rows, a second.
    pub(crate) rate: f64,
    pub(crate) median_ms: f64,
    pub(crate) p99_ms: f64,
    /// Statements that were made.
    pub(crate) queries: u64,
    /// CPU seconds of each process, the client last.
    pub(crate) spent: Vec<Spent>,
    /// Resident bytes of each process but the client.
    pub(crate) memory: Vec<(String, u64)>,
}

impl Case {
    /// Returns the name that reports and `--only` have.
    pub(crate) fn name(&self) -> String {
        let what = match &self.kind {
            Kind::Sysbench(script) => script,
            Kind::Own(statement) => statement.name,
        };
        let how = if self.is_prepared { " prepared" } else { "" };
        format!("{what}{how} c={}", self.connections)
    }

    /// Returns whether a target is measured in this case.
    pub(crate) fn is_for(&self, target: &Target) -> bool {
        match &self.kind {
            Kind::Sysbench(_) => true,
            // Only forwarded: it would be the same as what is forwarded to.
            Kind::Own(statement) => !statement.is_sharded || target.name != "router",
        }
    }
}

/// Returns the cases that are wanted.
pub(crate) fn all(options: &Options) -> Vec<Case> {
    let mut all = Vec::new();
    let sysbench = |script, is_prepared, connections| Case {
        kind: Kind::Sysbench(script),
        is_prepared,
        connections,
    };
    if options.is_quick {
        for connections in [1, 8, 64] {
            all.push(sysbench("oltp_point_select", false, connections));
        }
        for connections in [1, 8] {
            all.push(sysbench("oltp_point_select", true, connections));
        }
        all.push(sysbench("oltp_read_write", false, 8));
    } else {
        for script in [
            "oltp_point_select",
            "oltp_read_only",
            "oltp_read_write",
            "oltp_write_only",
            "select_random_ranges",
        ] {
            for is_prepared in [false, true] {
                for connections in [1, 8, 64] {
                    all.push(sysbench(script, is_prepared, connections));
                }
            }
        }
    }
    for statement in statements(options) {
        let connections = if statement.is_sharded { 8 } else { 1 };
        all.push(Case { kind: Kind::Own(statement), is_prepared: false, connections });
    }
    all.retain(|case| options.wants(&case.name()));
    all
}

fn statements(options: &Options) -> [Statement; 4] {
    // Rows times a list of numbers: a large result from a small table.
    let times = options.stream_rows.div_ceil(options.rows);
    let mut numbers = String::from("select 1 n");
    for number in 2..=times {
        numbers.push_str(&format!(" union all select {number}"));
    }
    let sharded = |name, sql: &str| Statement {
        name,
        sql: sql.to_owned(),
        is_sharded: true,
        is_streamed: false,
        counts_rows: false,
    };
    [
        sharded("scatter_order_limit", "select id, k, pad from sbtest1 order by k, id limit 10"),
        sharded(
            "aggregate_over_shards",
            "select count(*), sum(k), min(pad), max(pad) from sbtest1 where id between 1 and 1000",
        ),
        Statement {
            name: "stream_rows",
            sql: format!(
                "select a.id, a.k, a.c, a.pad from ({numbers}) as many join sbtest1 as a limit {}",
                options.stream_rows
            ),
            is_sharded: false,
            is_streamed: true,
            counts_rows: true,
        },
        Statement {
            name: "blob_64_mib",
            sql: "select repeat('0123456789abcdef', 4194304)".to_owned(),
            is_sharded: false,
            is_streamed: false,
            counts_rows: false,
        },
    ]
}
