//! MySQL's grammar: lexer, fingerprint, syntax tree, parser, printer, visitor.
//!
//! Start at [`parse`], which reads one statement into an [`Arena`], and at [`ast::Statement`],
//! which it yields. [`fingerprint`] is what runs for every statement: one pass of the lexer, from
//! which the plan cache gets its key and the statement's literals. [`normalize`] decides
//! which literals become arguments of the cached plan, and explains how the two work together.
//! [`mod@print`] writes a tree as canonical text, [`visit`] walks and rewrites it.
//!
//! - The tree lies in the arena, is `Copy`, and drops nothing.
//! - No input makes the crate panic or recurse without bound: see [`limits`].
//! - It knows nothing of shards, schemas, types of columns, connections or files.

pub mod arena;
pub mod ast;
pub mod fingerprint;
mod lexer;
pub mod limits;
pub mod modes;
pub mod normalize;
mod parser;
pub mod preview;
pub mod print;
pub mod split;
pub mod visit;

pub use arena::Arena;
pub use modes::Modes;
pub use preview::{StatementKind, preview};
pub use print::{Hooks, Print, Printer, to_sql};
pub use split::{split_script, split_statements};

use parser::{Fail, Parser};
use vt_base::Result;

/// Reads exactly one statement; a semicolon may follow it.
///
/// # Errors
/// MySQL's 1064 with the place and the text near it; 1436 if it is nested too deeply.
pub fn parse<'a>(arena: &'a Arena, sql: &'a str, modes: Modes) -> Result<ast::Statement<'a>> {
    if sql.len() > limits::STATEMENT_BYTES_MAX {
        return Err(Fail::Long.into_error(""));
    }
    Parser::new(arena, sql, modes).whole().map_err(|fail| fail.into_error(sql))
}

/// Reads one statement as [`parse`] does; an error comes with the place in the text, as byte offset,
/// if it has one.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_located<'a>(
    arena: &'a Arena,
    sql: &'a str,
    modes: Modes,
) -> std::result::Result<ast::Statement<'a>, (vt_base::Error, Option<usize>)> {
    if sql.len() > limits::STATEMENT_BYTES_MAX {
        return Err((Fail::Long.into_error(""), None));
    }
    Parser::new(arena, sql, modes).whole().map_err(|fail| (fail.into_error(sql), fail.place()))
}
