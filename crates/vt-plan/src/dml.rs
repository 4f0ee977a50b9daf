//! The steps that change rows.

use std::sync::Arc;

use vt_eval::Expr;
use vt_vschema::Vindex;

use crate::{Node, Route};

/// An UPDATE or DELETE that every shard it goes to can carry out by itself.
#[derive(Clone, Debug)]
pub struct Write {
    pub route: Route,
    /// `keyspace.table`.
    pub table: Arc<str>,
    /// Do the same from the rows of this plan, a batch of its values bound as `::dml_vals`.
    pub input: Option<Box<Node>>,
}

/// An INSERT or REPLACE.
#[derive(Clone, Debug)]
pub struct Insert {
    pub keyspace: Arc<str>,
    pub table: Arc<str>,
    pub routing: InsertRouting,
    pub auto_increment: Option<AutoIncrement>,
    pub source: InsertSource,
    /// The statement up to and with `values `.
    pub prefix: Arc<str>,
    /// One text a row, `(:_id_0, 'x')`, for rows that go to different shards; empty for a source
    /// of rows, where the executor writes the values.
    pub rows: Vec<Arc<str>>,
    /// What follows the rows: ` on duplicate key update ...`.
    pub suffix: Arc<str>,
    /// INSERT IGNORE: rows whose vindex value maps nowhere are dropped.
    pub ignore: bool,
    pub multi_shard_autocommit: bool,
    pub timeout_ms: u64,
}

/// How rows of an INSERT find their shard.
#[derive(Clone, Debug)]
pub enum InsertRouting {
    Unsharded,
    /// The first is the primary vindex; others are checked to agree with it.
    Sharded(Vec<VindexColumn>),
}

/// A vindex of the table, with what each row gives for its columns.
#[derive(Clone, Debug)]
pub struct VindexColumn {
    pub vindex: Arc<Vindex>,
    pub columns: Vec<Arc<str>>,
    /// For each row, a value for each column; the value is bound as `_COLUMN_ROW` (`_id_0`).
    pub rows: Vec<Vec<Expr>>,
    /// For a source of rows: where the columns stand in them.
    pub offsets: Vec<usize>,
}

/// Ids from a sequence, for rows that give none.
#[derive(Clone, Debug)]
pub struct AutoIncrement {
    pub keyspace: Arc<str>,
    /// `select next :n values from seq`.
    pub sql: Arc<str>,
    /// What each row gives for the column; NULL, 0 or nothing takes an id, bound as `__seqROW`.
    pub values: Vec<Expr>,
    /// For a source of rows: where the column stands in them, `None` to append it.
    pub offset: Option<usize>,
}

/// Where the rows come from.
#[derive(Clone, Debug)]
pub enum InsertSource {
    Values,
    Select(Box<Node>),
}
