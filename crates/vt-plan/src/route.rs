//! The step that sends a statement to shards.

use std::sync::Arc;

use vt_eval::Expr;
use vt_vschema::{Destination, Mapping};

use crate::SortKey;

/// How a statement finds its shards.
#[derive(Clone, Debug)]
pub enum Routing {
    /// The one shard of an unsharded keyspace.
    Unsharded,
    /// Any one shard: a reference table, `information_schema`, an expression without a table.
    AnyShard,
    /// All shards.
    Scatter,
    /// Where the target of the session, or the planner, says.
    By(Destination),
    /// One value, or one row of values for several columns, through a vindex.
    Equal { vindex: Mapping, values: Vec<Expr> },
    /// A list of values through a one-column vindex; `values` is a tuple. Where `list_var` is
    /// given, each shard gets that bind variable with its own part of the list.
    In { vindex: Mapping, values: Expr, list_var: Option<Arc<str>> },
    /// The shards that any of the rows maps to; each row has a value for every vindex column.
    MultiEqual { vindex: Mapping, rows: Vec<Vec<Expr>> },
    /// A prefix of a multi-column vindex's columns: a key range.
    Prefix { vindex: Mapping, values: Vec<Expr> },
    /// The whole numbers from one to another, through a vindex that keeps their order.
    Between { vindex: Mapping, low: Expr, high: Expr },
    /// No shard: the predicate can hold for no row; the fields still come from one.
    Nowhere,
}

/// A statement for the shards of one keyspace.
#[derive(Clone, Debug)]
pub struct Route {
    pub keyspace: Arc<str>,
    pub routing: Routing,
    /// The statement, with `:name` for bind variables.
    pub sql: Arc<str>,
    /// The same with an impossible predicate, to learn the fields; empty where it has none.
    pub field_sql: Arc<str>,
    /// Merge the shards' rows, each sorted so, into one order; empty appends them.
    pub merge_by: Vec<SortKey>,
    /// May run outside a transaction when it goes to several shards.
    pub multi_shard_autocommit: bool,
    /// Failing shards become warnings (`SCATTER_ERRORS_AS_WARNINGS`).
    pub errors_as_warnings: bool,
    /// Milliseconds; 0 leaves the session's own.
    pub timeout_ms: u64,
    /// The statement changes nothing (SELECT, SHOW).
    pub read_only: bool,
    /// Where the statement ends in `limit :__upper_limit`: the two whose sum that variable takes,
    /// so that each shard gives as many rows as may be skipped and kept after merging.
    pub upper_limit: Option<UpperLimit>,
    /// Each shard changes its copy of the same rows: what one of them counts is the answer.
    pub copies: bool,
}

/// The parts of `:__upper_limit`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpperLimit {
    pub count: Expr,
    pub offset: Expr,
}

impl Route {
    /// The bind variable of [`Route::upper_limit`].
    pub const UPPER_LIMIT: &'static str = "__upper_limit";

    /// Makes a route that changes nothing and leaves everything else at its default.
    pub fn new(keyspace: Arc<str>, routing: Routing, sql: impl Into<Arc<str>>) -> Route {
        Route {
            keyspace,
            routing,
            sql: sql.into(),
            field_sql: "".into(),
            merge_by: Vec::new(),
            multi_shard_autocommit: false,
            errors_as_warnings: false,
            timeout_ms: 0,
            read_only: true,
            upper_limit: None,
            copies: false,
        }
    }
}
