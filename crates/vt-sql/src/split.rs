//! Where statements end, by the lexer alone.

mod script;

pub use script::split_script;

use crate::{
    Modes,
    lexer::{Keyword, Lexer, TokenKind},
};

/// Splits a text into statements at its semicolons, without them.
///
/// Quotes and comments are respected, and so are the bodies of stored programs, whose semicolons
/// are their own. Pieces without a token are left out. What the lexer cannot read is one piece.
pub fn split_statements(sql: &str, modes: Modes) -> impl Iterator<Item = &str> {
    let source = sql.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < source.len() {
            let start = at;
            let mut lexer = Lexer::new(source, modes);
            lexer.jump(start);
            let end = end_of_statement(source, lexer);
            at = end + 1;
            let piece = sql.get(start..end).unwrap_or_default().trim_ascii();
            let first = Lexer::new(piece.as_bytes(), modes).next().kind;
            if first != TokenKind::End {
                return Some(piece);
            }
        }
        None
    })
}

/// Returns where the statement ends that the lexer stands before: its semicolon, or the text's
/// end.
pub(crate) fn end_of_statement(source: &[u8], mut lexer: Lexer<'_>) -> usize {
    let mut blocks = Blocks::default();
    loop {
        let token = lexer.next();
        match token.kind {
            TokenKind::End | TokenKind::Bad => return source.len(),
            TokenKind::Semicolon if blocks.open.is_empty() => return token.start as usize,
            _ => {}
        }
        blocks.step(token.kind, &source[token.start as usize..token.end as usize]);
    }
}

/// How deeply the text is inside of a stored program's blocks.
#[derive(Default)]
struct Blocks {
    /// The blocks that are open, the innermost last.
    open: Vec<Block>,
    words: u32,
    state: State,
    /// The next token begins a statement of a body.
    fresh: bool,
    /// The token before is `END`.
    closing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Its `END` begins a statement: elsewhere the word is a name.
    Statements,
    /// `CASE` in an expression, and `REPEAT`: its `END` may stand behind an expression.
    Expression,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Before the first words have told what the statement is.
    #[default]
    Unknown,
    /// Behind `CREATE`.
    Create,
    /// In a stored program.
    Program,
    Plain,
}

/// How many words may stand between `CREATE` and `PROCEDURE`: `DEFINER = u@h` and the like.
const HEAD_WORDS_MAX: u32 = 16;

impl Blocks {
    fn step(&mut self, kind: TokenKind, text: &[u8]) {
        let is = |word: &str| text.eq_ignore_ascii_case(word.as_bytes());
        match self.state {
            State::Plain => {}
            State::Unknown => {
                self.state = match kind {
                    TokenKind::Word(Keyword::Create) => State::Create,
                    _ => State::Plain,
                };
            }
            State::Create => {
                self.words += 1;
                if is("procedure") || is("function") || is("trigger") || is("event") {
                    self.state = State::Program;
                } else if self.words > HEAD_WORDS_MAX || is("table") || is("view") || is("index") {
                    self.state = State::Plain;
                }
            }
            State::Program => self.body(kind, text),
        }
    }

    fn body(&mut self, kind: TokenKind, text: &[u8]) {
        let fresh = std::mem::take(&mut self.fresh);
        let closing = std::mem::take(&mut self.closing);
        let TokenKind::Word(keyword) = kind else {
            self.fresh = match kind {
                TokenKind::Semicolon | TokenKind::Colon => true,
                // Behind the parameters the body may begin.
                TokenKind::RightParen => self.open.is_empty(),
                _ => false,
            };
            return;
        };
        match keyword {
            // `END IF` and its kin close what `END` has closed already.
            Keyword::If | Keyword::Case | Keyword::Loop | Keyword::Repeat | Keyword::While
                if closing => {}
            Keyword::Begin => {
                self.open.push(Block::Statements);
                self.fresh = true;
            }
            Keyword::Case if fresh => self.open.push(Block::Statements),
            Keyword::Case => self.open.push(Block::Expression),
            Keyword::Loop | Keyword::Repeat if fresh => {
                let is_loop = keyword == Keyword::Loop;
                self.open.push(if is_loop { Block::Statements } else { Block::Expression });
                self.fresh = true;
            }
            Keyword::If | Keyword::While if fresh => self.open.push(Block::Statements),
            Keyword::Then | Keyword::Else | Keyword::Row => self.fresh = true,
            Keyword::End if fresh || self.open.last() == Some(&Block::Expression) => {
                self.open.pop();
                self.closing = true;
            }
            _ => self.fresh = text.eq_ignore_ascii_case(b"do"),
        }
    }
}

#[cfg(test)]
mod tests;
