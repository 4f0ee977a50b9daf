//! Plans as text for people, and as the JSON that tools read.

mod change;
mod expr;
mod json;
mod rows;
mod text;

pub use json::to_json;
pub use text::to_text;
