//! The plan of a statement as data: a tree that the executor walks.
//!
//! Start at [`Plan`] and [`Node`]. Planner and executor meet here and nowhere else: the executor
//! knows neither SQL grammar nor the planner, the planner does no I/O.

pub mod aggregate;
pub mod change;
pub mod dml;
pub mod explain;
pub mod foreign;
mod inputs;
pub mod join;
pub mod kept;
pub mod lookup;
pub mod matching;
pub mod need;
pub mod node;
pub mod route;
pub mod vindex_rows;
pub mod window;

pub use aggregate::{Aggregate, AggregateSpec};
pub use change::{Change, ChangeAction, ChangePlace, LookupChange, Move, MovedColumn, TableChange};
pub use dml::{
    AutoIncrement, ConflictHow, Conflicts, Insert, InsertRouting, InsertSource, KeyColumn, Probe,
    ProbePart, UniqueKey, VindexColumn, Write,
};
pub use foreign::{
    ChildAction, ChildHow, Dependents, ForeignKeys, KeySearch, ParentCheck, RowParents,
};
pub use join::{Join, JoinColumn, JoinKind, Matching, Predicate};
pub use kept::{Recurse, With};
pub use matching::{Match, MatchKind};
pub use need::Need;
pub use node::{Node, Plan, SortKey, StatementType, Subquery, SubqueryKind};
pub use route::{Route, Routing, UpperLimit};
pub use vindex_rows::VindexRows;
pub use vt_eval::aggregate::AggregateFunc;
pub use window::{FrameBound, FrameOffset, Window, WindowCall, WindowFrame, WindowFunc};
