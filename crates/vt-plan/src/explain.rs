//! Plans as text for people, and as the JSON that tools read.

mod expr;
mod json;
mod text;

pub use json::to_json;
pub use text::to_text;
