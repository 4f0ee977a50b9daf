//! The steps that change rows.

use std::sync::Arc;

use vt_eval::Expr;
use vt_value::{Collation, Type};
use vt_vschema::Mapping;

use crate::{Node, Route, RowParents, TableChange};

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
    /// Rows are inserted after a look at those that they may conflict with.
    pub conflicts: Option<Box<Conflicts>>,
    /// What the rows refer to, where the gateway looks after foreign keys.
    pub parents: Vec<RowParents>,
}

/// What an INSERT into a table with owned lookup vindexes does about rows that are there already:
/// entries are only made for rows that really come.
#[derive(Clone, Debug)]
pub struct Conflicts {
    pub how: ConflictHow,
    /// For each row, the statement that finds, and locks, those with one of its unique keys; where
    /// rows are left out it gives the row's number.
    pub probes: Vec<Arc<str>>,
    /// The same for rows that a query gives.
    pub selected: Option<Probe>,
    /// What tells whether rows of the statement may conflict with each other.
    pub keys: Vec<UniqueKey>,
    /// How found rows go, with their entries.
    pub removal: TableChange,
}

/// A statement about one of the rows that a query gives.
#[derive(Clone, Debug)]
pub struct Probe {
    pub start: Arc<str>,
    /// What stands there for the row, each with the text behind it.
    pub parts: Vec<(ProbePart, Arc<str>)>,
}

impl Probe {
    /// Returns the statement with the numbers of columns, and `#` for the row's.
    pub fn shown(&self) -> String {
        let mut shown = self.start.to_string();
        for (part, text) in &self.parts {
            match part {
                ProbePart::Row => shown.push('#'),
                ProbePart::Column(place) => shown.push_str(&format!(":{place}")),
            }
            shown.push_str(text);
        }
        shown
    }
}

/// What stands in a statement for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbePart {
    /// Its number.
    Row,
    /// The variable of a column.
    Column(usize),
}

/// What rows give for a unique key, or for a lookup vindex that has each value once.
#[derive(Clone, Debug, Default)]
pub struct UniqueKey {
    pub columns: Vec<KeyColumn>,
}

/// What rows give for a column of a unique key.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    pub typ: Type,
    pub collation: Option<Collation>,
    /// How many characters, or bytes, it holds.
    pub size: usize,
    pub nullable: bool,
    /// For each row a literal or a variable; `None` where the shard computes it.
    pub values: Vec<Option<Expr>>,
    /// For a source of rows: where the column stands in them.
    pub offset: Option<usize>,
}

/// What becomes of a row that conflicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictHow {
    /// It is left out.
    Ignore,
    /// Those that are there go.
    Replace,
    /// The shard changes the one that is there; no column of a vindex changes with it.
    Update,
}

/// How rows of an INSERT find their shard.
#[derive(Clone, Debug)]
pub enum InsertRouting {
    Unsharded,
    /// Every shard has a copy of the table, and takes all rows.
    Copies,
    /// The first is the primary vindex; others are checked to agree with it.
    Sharded(Vec<VindexColumn>),
}

/// A vindex of the table, with what each row gives for its columns.
#[derive(Clone, Debug)]
pub struct VindexColumn {
    pub vindex: Mapping,
    pub columns: Vec<Arc<str>>,
    /// For each row, a value for each column; the value is bound as `_COLUMN_ROW` (`_id_0`).
    pub rows: Vec<Vec<Expr>>,
    /// For a source of rows: where the columns stand in them.
    pub offsets: Vec<usize>,
    /// A lookup whose entries come and go with the rows.
    pub owned: bool,
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
