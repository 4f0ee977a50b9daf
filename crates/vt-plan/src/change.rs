//! Changing rows that a query finds first.

use std::sync::Arc;

use vt_base::KeyspaceId;
use vt_vschema::{Mapping, Vindex};

use crate::{Dependents, Node};

/// Finds rows, locked, then changes them: what no shard can do by itself.
#[derive(Clone, Debug)]
pub struct Change {
    /// Gives, for each row to change, the columns that the tables below name by their places.
    pub input: Node,
    pub tables: Vec<TableChange>,
    /// What does not fit is passed over with a warning (`IGNORE`).
    pub ignore: bool,
}

/// What becomes of the rows of one table.
#[derive(Clone, Debug)]
pub struct TableChange {
    /// `keyspace.table`.
    pub table: Arc<str>,
    pub keyspace: Arc<str>,
    pub place: ChangePlace,
    /// Where the columns of the primary key stand in the input. A row that stands there twice is
    /// changed once; one whose key is NULL is none (the right side of an outer join).
    pub key: Vec<usize>,
    pub lookups: Vec<LookupChange>,
    pub action: ChangeAction,
    /// What foreign keys ask, where the gateway looks after them.
    pub foreign: Option<Box<Dependents>>,
}

/// Where the rows of a table lie.
#[derive(Clone, Debug)]
pub enum ChangePlace {
    /// The one shard of an unsharded keyspace.
    Unsharded,
    /// Every shard has a copy.
    EveryShard,
    /// In the shard of a keyspace id.
    Pinned(KeyspaceId),
    /// By the primary vindex, whose columns stand at these places.
    Vindex { vindex: Mapping, columns: Vec<usize> },
}

/// An entry of a lookup vindex that goes with a row.
#[derive(Clone, Debug)]
pub struct LookupChange {
    pub vindex: Arc<Vindex>,
    /// Where the values stand that the row has.
    pub old: Vec<usize>,
    /// Where those stand that it will have; `None` if the row goes.
    pub new: Option<Vec<usize>>,
    /// Where it stands whether both are the same for MySQL: 1 or 0.
    pub same: Option<usize>,
}

/// How rows are changed.
#[derive(Clone, Debug)]
pub enum ChangeAction {
    /// `prefix` (`delete from t where (a, b) in (`), the keys, `suffix`; rows of the same `sets`
    /// share a statement.
    ByKey { prefix: Arc<str>, suffix: Arc<str>, sets: Sets },
    /// The row goes from its shard, and comes as another to the shard of its new values.
    Move(Box<Move>),
}

/// The variables of a statement, each with the column of the row that fills it.
pub type Sets = Vec<(Arc<str>, usize)>;

/// A row that may change its shard.
#[derive(Clone, Debug)]
pub struct Move {
    /// As [`ChangeAction::ByKey`], for a row that does not.
    pub stay: (Arc<str>, Arc<str>, Sets),
    /// `delete from t where (a) in (` and `)`.
    pub delete: (Arc<str>, Arc<str>),
    /// `insert into t(a, b) values ` up to the row.
    pub insert: Arc<str>,
    /// What each column of the row becomes.
    pub columns: Vec<MovedColumn>,
    /// The places of the primary vindex's columns in the new row.
    pub vindex_columns: Vec<usize>,
}

/// A column of a row that moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MovedColumn {
    /// The value at a place of the input.
    Input(usize),
    /// An expression that the shard computes.
    Sql(Arc<str>),
}
