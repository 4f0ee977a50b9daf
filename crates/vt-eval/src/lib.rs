//! Expressions, and their evaluation as MySQL would.
//!
//! Start at [`Expr`]. The planner makes expressions out of the syntax tree; the executor evaluates
//! them over rows and bind variables: [`Expr::typed`] for a value without a row, else
//! [`Expr::compile`] once and [`Compiled::eval`] per row. What cannot be computed exactly as MySQL
//! does is refused, never guessed. The crate is pure and knows no SQL text.

pub mod compile;
pub mod constant;
pub mod convert;
pub mod expr;

mod infer;
mod kind;
mod run;

pub use compile::{Compiled, Env};
pub use convert::Converter;
pub use expr::{Expr, Func};

#[cfg(test)]
mod tests;
