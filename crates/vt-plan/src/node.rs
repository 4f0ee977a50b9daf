//! The nodes of a plan that work on rows.

use std::sync::Arc;

use vt_eval::Expr;
use vt_value::{Collation, Fields, Rows, Type};

use crate::{
    Aggregate, Change, ForeignKeys, Insert, Join, Match, Need, Recurse, Route, VindexRows, Window,
    With, Write,
};

/// The plan of one statement, shared by every session that runs it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub root: Node,
    pub statement: StatementType,
    /// The tables that take part, `keyspace.table`, for rights, metrics and logs.
    pub tables: Vec<String>,
    /// The statement, normalised, for `/debug/query_plans`.
    pub original: Arc<str>,
    /// What of the session the statement reads, each bound under [`Need::bind_name`].
    pub needs: Vec<Need>,
    /// User variables that the last row of the result sets, each by the place of its column.
    pub assigns: Vec<(usize, Arc<str>)>,
}

/// What kind of statement a plan carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementType {
    Select,
    Insert,
    Replace,
    Update,
    Delete,
    Ddl,
    Show,
    Explain,
    Call,
    Other,
}

/// A step of a plan.
#[derive(Clone, Debug)]
pub enum Node {
    /// One statement to the shards that a routing picks; their rows one after the other, or merged.
    Route(Box<Route>),
    /// Rows that are known already.
    Rows {
        fields: Fields,
        rows: Rows,
    },
    Limit {
        input: Box<Node>,
        count: Option<Expr>,
        offset: Option<Expr>,
        /// Reads all of the input and tells the session how many rows there are
        /// (`SQL_CALC_FOUND_ROWS`).
        counts_all: bool,
    },
    /// Sorts in memory, keeping no more than `limit` rows where it is given.
    Sort {
        input: Box<Node>,
        keys: Vec<SortKey>,
        limit: Option<Expr>,
    },
    Aggregate(Box<Aggregate>),
    /// Computes window functions; their values follow the columns of the input.
    Window(Box<Window>),
    /// INTERSECT or EXCEPT.
    Match(Box<Match>),
    /// Drops rows equal in the named columns.
    Distinct {
        input: Box<Node>,
        columns: Vec<SortKey>,
    },
    Filter {
        input: Box<Node>,
        predicate: Expr,
    },
    /// Computes new columns; `names` are those of the result.
    Project {
        input: Box<Node>,
        exprs: Vec<Expr>,
        names: Vec<Arc<str>>,
    },
    /// Keeps the first `columns` columns; the rest were for the steps below.
    Truncate {
        input: Box<Node>,
        columns: usize,
    },
    Join(Box<Join>),
    /// Runs a subquery first, and binds what it gives for the step that needs it.
    Subquery(Box<Subquery>),
    /// UNION ALL.
    Concat {
        inputs: Vec<Node>,
    },
    With(Box<With>),
    /// The rows that a [`With`] keeps under a number, or that a [`Recurse`] made last.
    Kept {
        slot: usize,
        name: Arc<str>,
    },
    Recurse(Box<Recurse>),
    VindexRows(Box<VindexRows>),
    Insert(Box<Insert>),
    Update(Box<Write>),
    Delete(Box<Write>),
    Change(Box<Change>),
    ForeignKeys(Box<ForeignKeys>),
}

/// A column to order, group or compare by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    pub column: usize,
    /// A column that holds `weight_string(column)`: wanted for strings, unless the order of their
    /// collation is known for all of them ([`vt_value::Collation::is_exact`]). Numbers and times
    /// never use it. A result does not tell the collation of its columns, so strings of which
    /// neither this nor `collation` is given are refused. For ENUM and SET it holds `column + 0`.
    pub weight_column: Option<usize>,
    pub descending: bool,
    /// The type and collation where they are known at planning.
    pub typ: Option<Type>,
    pub collation: Option<u16>,
}

impl SortKey {
    /// Stands for the collation of the connection, which is known when the plan runs.
    pub const OF_CONNECTION: u16 = u16::MAX;

    /// Returns the collation, where it is known.
    pub fn collation_in(&self, connection: Collation) -> Option<Collation> {
        let collation = match self.collation? {
            SortKey::OF_CONNECTION => connection,
            id => Collation(id),
        };
        collation.name().map(|_| collation)
    }
}

/// A subquery that runs once, before the step that uses it.
#[derive(Clone, Debug)]
pub struct Subquery {
    pub kind: SubqueryKind,
    pub subquery: Node,
    pub outer: Node,
    /// The bind variable that takes the result: a value, or for [`SubqueryKind::In`] a list.
    pub var: Arc<str>,
    /// The bind variable that takes 1 if the subquery gave a row, else 0; used by IN and EXISTS.
    pub has_values_var: Option<Arc<str>>,
    /// Columns of the outer step that are the value itself: they have its type.
    pub columns: Vec<usize>,
}

/// What a subquery stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubqueryKind {
    /// One value: NULL for no row; more than one row is MySQL's error 1242.
    Value,
    /// A list for IN or NOT IN; for no row it holds one NULL, and `has_values_var` tells.
    In,
    /// Whether there is a row.
    Exists,
}
