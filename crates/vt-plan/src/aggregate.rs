//! The step that groups rows.

use std::sync::Arc;

use vt_eval::Expr;
use vt_eval::aggregate::AggregateFunc;

use crate::{Node, SortKey};

/// Groups rows and computes aggregates.
#[derive(Clone, Debug)]
pub struct Aggregate {
    pub input: Node,
    /// Columns to group by; none means one group, even over no rows.
    pub group_by: Vec<SortKey>,
    pub aggregates: Vec<AggregateSpec>,
    /// The input comes sorted by the group columns.
    pub ordered: bool,
    /// `WITH ROLLUP`: a row follows for each shorter list of the group columns, the others NULL.
    /// The input must be ordered. A column is added behind all others: how many of the group
    /// columns a row is for.
    pub rollup: bool,
}

/// One aggregate; its value replaces what a column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateSpec {
    pub func: AggregateFunc,
    /// The column that takes the value.
    pub column: usize,
    /// The arguments, with what their values are compared by.
    pub args: Vec<SortKey>,
    /// The arguments are what the same aggregate came to on each shard.
    pub parts: bool,
    pub distinct: bool,
    /// Of GROUP_CONCAT.
    pub order_by: Vec<SortKey>,
    /// Of GROUP_CONCAT; a comma if there is none.
    pub separator: Option<Expr>,
    /// The result's name; empty keeps the column's.
    pub name: Arc<str>,
}

impl AggregateSpec {
    /// Makes an aggregate of one column, whose place it takes.
    pub fn new(func: AggregateFunc, arg: SortKey) -> AggregateSpec {
        AggregateSpec {
            func,
            column: arg.column,
            args: vec![arg],
            parts: false,
            distinct: false,
            order_by: Vec::new(),
            separator: None,
            name: "".into(),
        }
    }

    /// Returns whether values of the arguments are compared.
    pub fn compares(&self) -> bool {
        self.distinct || matches!(self.func, AggregateFunc::Min | AggregateFunc::Max)
    }
}
