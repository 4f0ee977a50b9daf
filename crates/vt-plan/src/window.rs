//! The step that computes window functions.

use std::sync::Arc;

use vt_eval::Expr;
use vt_eval::aggregate::AggregateFunc;
use vt_eval::window::FrameUnit;
use vt_value::temporal::Unit;

use crate::{Node, SortKey};

/// Computes window functions over one window; the rows come out in its order.
#[derive(Clone, Debug)]
pub struct Window {
    pub input: Node,
    pub partition_by: Vec<SortKey>,
    pub order_by: Vec<SortKey>,
    /// Their values follow the columns of the input.
    pub calls: Vec<WindowCall>,
}

/// A window function.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowCall {
    pub func: WindowFunc,
    /// The columns of the arguments.
    pub args: Vec<SortKey>,
    pub frame: Option<WindowFrame>,
    /// The result's name.
    pub name: Arc<str>,
}

/// What is computed; numbers are constants or bind variables.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowFunc {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Ntile(Expr),
    Lead(Expr),
    Lag(Expr),
    FirstValue,
    LastValue,
    NthValue(Expr),
    Aggregate(AggregateFunc),
}

/// Which rows of its partition a row looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowFrame {
    pub unit: FrameUnit,
    pub start: FrameBound,
    pub end: FrameBound,
}

/// How far a frame reaches.
#[derive(Clone, Debug, PartialEq)]
pub enum FrameBound {
    UnboundedPreceding,
    Preceding(FrameOffset),
    CurrentRow,
    Following(FrameOffset),
    UnboundedFollowing,
}

/// A distance: of rows or of a number, or of time where there is a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameOffset {
    pub amount: Expr,
    pub unit: Option<Unit>,
}

impl WindowFunc {
    /// Returns the name that a plan shows.
    pub fn name(&self) -> &'static str {
        match self {
            WindowFunc::RowNumber => "row_number",
            WindowFunc::Rank => "rank",
            WindowFunc::DenseRank => "dense_rank",
            WindowFunc::PercentRank => "percent_rank",
            WindowFunc::CumeDist => "cume_dist",
            WindowFunc::Ntile(_) => "ntile",
            WindowFunc::Lead(_) => "lead",
            WindowFunc::Lag(_) => "lag",
            WindowFunc::FirstValue => "first_value",
            WindowFunc::LastValue => "last_value",
            WindowFunc::NthValue(_) => "nth_value",
            WindowFunc::Aggregate(func) => func.name(),
        }
    }

    /// Returns the number of rows, groups or places that the function takes.
    pub fn number(&self) -> Option<&Expr> {
        match self {
            WindowFunc::Ntile(number)
            | WindowFunc::Lead(number)
            | WindowFunc::Lag(number)
            | WindowFunc::NthValue(number) => Some(number),
            _ => None,
        }
    }
}
