//! Values as what a function asks for, with MySQL's rules and warnings.

mod number;
mod text;

pub use number::Int;
pub(crate) use number::{decimal, int, integer_of_text, real, truth};
pub(crate) use text::{characters, converted, text, to_charset, typed, write};
