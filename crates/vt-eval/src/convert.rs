//! Values as what a function asks for, with MySQL's rules and warnings.

mod number;
mod text;

pub use number::Int;
pub(crate) use number::{decimal, integer_of_text, int, real, truth};
pub(crate) use text::{text, to_charset, typed};
