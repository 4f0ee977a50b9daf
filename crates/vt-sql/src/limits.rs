//! What a statement may cost.
//!
//! The parser counts nesting and nodes; what it lets through has bounded height, so that all who
//! walk a tree may recurse.

/// The longest text of one statement, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 1 << 30;

/// How deeply expressions, queries and tables may be nested in each other.
///
/// A parenthesis or prefix counts one, a call, list or `CASE` two, a query four: about what they
/// take of the stack. MySQL itself stops at 63 queries in each other.
pub const DEPTH_MAX: u32 = 400;

/// How many links a chain of operators of one kind may have, such as `a + b + c + ...`.
///
/// `AND` and `OR` are lists, and set operations too; they have no such limit.
pub const CHAIN_MAX: u32 = 1000;

/// How many expressions and literals a statement may have; they take some 64 bytes each.
pub const NODES_MAX: u32 = 16_000_000;
