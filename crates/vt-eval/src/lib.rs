//! Expressions, and their evaluation as MySQL would.
//!
//! Start at [`Expr`]. The planner makes expressions out of the syntax tree; the executor evaluates
//! them over rows and bind variables. The crate is pure and knows no SQL text.

pub mod expr;

pub use expr::{Expr, Func};
