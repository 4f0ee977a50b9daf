//! Which literals of a statement become arguments of its plan.
//!
//! The plan cache works on three facts that must agree:
//!
//! 1. [`fingerprint`](crate::fingerprint) reads a statement's text once, with the lexer alone. It
//!    yields the hash of the shape and the literals, numbered from 0 in the order of the text:
//!    these numbers are the *ordinals*.
//! 2. [`parse`](crate::parse) reads the same text with the same lexer, so every
//!    [`Literal`](crate::ast::Literal) of the tree carries the same ordinal.
//! 3. [`normalize`] decides for every ordinal: it becomes the bind variable `:vtgN`
//!    (`::vtgN` for a folded `IN` list), where N is the ordinal plus one, or it stays
//!    *frozen* in the text.
//!
//! On a hit the gateway takes the literals' values straight from the text and binds them by
//! number; nothing is parsed. A cached plan fits only if the frozen literals have the values that
//! they had when it was made: a literal is frozen where its value decides the plan or the result's
//! shape, or where MySQL takes no parameter.

use crate::{
    Arena,
    ast::{Literal, Statement},
};

/// A statement whose literals have become binds.
#[derive(Clone, Debug)]
pub struct Normalized<'a> {
    pub statement: Statement<'a>,
    /// The literals that stayed, by ordinal. A folded list that stayed gives one entry an item,
    /// all with the list's ordinal.
    pub frozen: Vec<&'a Literal<'a>>,
}

/// Replaces literals by binds wherever that is safe.
pub fn normalize<'a>(arena: &'a Arena, statement: &Statement<'a>) -> Normalized<'a> {
    let _ = arena;
    Normalized { statement: *statement, frozen: Vec::new() }
}
