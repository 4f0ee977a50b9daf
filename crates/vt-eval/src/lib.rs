//! Expressions, and their evaluation as MySQL would.
//!
//! Start at [`Expr`]. The planner makes expressions out of the syntax tree; the executor evaluates
//! them over rows and bind variables: [`Expr::typed`] for a value without a row, else
//! [`Expr::compile`] once and [`Compiled::eval`] per row. Functions live in `functions/`, a file a
//! family, and operators in `operators/`; [`Function`] says what each of them is. What cannot be
//! computed exactly as MySQL does is refused when it is compiled, never guessed. The crate is pure:
//! it knows no SQL text, and no clock; time and chance come in [`Session`] and [`Context`].

pub mod aggregate;
pub mod compile;
pub mod constant;
pub mod context;
pub mod convert;
pub mod crypto;
pub mod expr;
pub mod function;
pub mod kind;
pub mod members;
pub mod node;
pub mod regex;
pub mod registry;
pub mod session;
pub mod sql_mode;
pub mod union;
pub mod warning;
pub mod window;

mod choice;
mod collate;
mod describe;
mod functions;
mod operators;
mod vectors;

pub use compile::{Compiled, Env};
pub use context::Context;
pub use expr::{CastTarget, Expr, Func};
pub use function::{Call, Function, Signature, Text, Volatility};
pub use kind::Kind;
pub use node::Node;
pub use registry::FunctionId;
pub use session::Session;
pub use sql_mode::SqlMode;
pub use union::Converter;
pub use warning::{Level, Warning, Warnings};

#[cfg(test)]
mod tests;
