//! A statement's text with binds in place of its literals.

use std::fmt::Write;

use super::{Fingerprint, LiteralSpan};
use crate::{
    Modes,
    ast::LiteralKind,
    lexer::{is_name_byte, list_items},
};

/// How binds are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindStyle {
    /// `?`, as MySQL prepares it; a list is as many of them as it has items.
    ///
    /// Hex and bit literals stay: they are numbers or strings by where they stand, and no value of
    /// a parameter is that.
    Question,
    /// `:vtg1`, and `::vtg1` for a list, as Vitess's gateways name them: the ordinal plus one.
    Named,
}

impl BindStyle {
    /// Tells whether a bind of this style stands for a literal.
    pub fn binds(self, literal: &LiteralSpan) -> bool {
        let is_bytes = matches!(literal.kind, LiteralKind::Hex | LiteralKind::Bit);
        literal.bound && !(self == BindStyle::Question && is_bytes && !literal.list)
    }
}

impl Fingerprint {
    /// Returns the text with binds, ready to be prepared or sent; the rest is as it is written.
    ///
    /// `sql` and `modes` are what the fingerprint was taken of.
    pub fn text(&self, sql: &str, modes: Modes, style: BindStyle) -> String {
        let mut text = String::with_capacity(sql.len());
        let mut done = 0;
        for (ordinal, literal) in self.literals.iter().enumerate() {
            let (start, end) = (literal.start as usize, literal.end as usize);
            if !style.binds(literal) {
                continue;
            }
            text.push_str(sql.get(done..start).unwrap_or_default());
            match (style, literal.list) {
                (BindStyle::Question, false) => text.push('?'),
                (BindStyle::Question, true) => {
                    let list = sql.as_bytes().get(start..end).unwrap_or_default();
                    let items = list_items(list, modes).count();
                    text.push('(');
                    text.push_str(&vec!["?"; items].join(", "));
                    text.push(')');
                }
                (BindStyle::Named, is_list) => {
                    let colons = if is_list { "::" } else { ":" };
                    let _ = write!(text, "{colons}vtg{}", ordinal + 1);
                    // The name must not run into what follows.
                    let next = sql.as_bytes().get(end).copied();
                    if next.is_some_and(|byte| is_name_byte(byte) || byte == b'.') {
                        text.push(' ');
                    }
                }
            }
            done = end;
        }
        text.push_str(sql.get(done..).unwrap_or_default());
        text
    }
}
