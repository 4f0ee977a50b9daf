//! What kind of statement a text is, by its first words.

use crate::{
    Modes,
    lexer::{Keyword, Lexer, Token, TokenKind},
};

/// The kind of a statement, for logs, metrics, and for text that does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatementKind {
    /// Also `VALUES ...`, `TABLE ...`, and queries that begin with `WITH` or a parenthesis.
    Select,
    Insert,
    Replace,
    Update,
    Delete,
    Set,
    Show,
    Use,
    Begin,
    Commit,
    Rollback,
    Savepoint,
    Release,
    /// `CREATE`, `ALTER`, `DROP`, `TRUNCATE`, `RENAME` of anything but accounts.
    Ddl,
    Explain,
    Vexplain,
    Call,
    Kill,
    Do,
    Load,
    LockTables,
    UnlockTables,
    Flush,
    /// `ANALYZE`, `CHECK`, `CHECKSUM`, `OPTIMIZE`, `REPAIR`.
    Maintenance,
    Prepare,
    Execute,
    Deallocate,
    Stream,
    Vstream,
    Revert,
    /// `GRANT`, `REVOKE`, and what concerns users and roles.
    Account,
    Xa,
    /// `CHANGE`, `START`, `STOP`, `RESET`, `PURGE`, `BINLOG`, `CLONE`.
    Replication,
    Handler,
    /// `INSTALL`, `UNINSTALL`, `SHUTDOWN`, `RESTART`, `IMPORT`, `HELP`, `CACHE`, `SIGNAL`, ...
    Other,
    /// No word at all: an empty text, or only comments.
    Empty,
    Unknown,
}

/// Tells the kind of a statement from its first words.
pub fn preview(sql: &str) -> StatementKind {
    let source = sql.as_bytes();
    let mut lexer = Lexer::new(source, Modes::default());
    let token = lexer.next();
    kind_of(source, token, lexer)
}

/// Tells the kind from the first token and what follows it.
pub(crate) fn kind_of(source: &[u8], mut token: Token, mut lexer: Lexer<'_>) -> StatementKind {
    while token.kind == TokenKind::LeftParen {
        token = lexer.next();
    }
    match token.kind {
        TokenKind::End | TokenKind::Semicolon => return StatementKind::Empty,
        TokenKind::Word(Keyword::With) => return kind_behind_with(lexer),
        TokenKind::Word(_) => {}
        _ => return StatementKind::Unknown,
    }
    let text = |token: Token| &source[token.start as usize..token.end as usize];
    let mut next_word = || {
        let token = lexer.next();
        text(token)
    };
    let is = |word: &[u8], other: &str| word.eq_ignore_ascii_case(other.as_bytes());
    let first = text(token);
    let kind = VERBS.iter().find(|(verb, _)| is(first, verb)).map(|(_, kind)| *kind);
    match kind.unwrap_or(StatementKind::Unknown) {
        StatementKind::Ddl | StatementKind::Other
            if is(first, "rename") || is_definition(first) =>
        {
            let object = next_word();
            let or_default = is(object, "user") || is(object, "role");
            if or_default { StatementKind::Account } else { StatementKind::Ddl }
        }
        StatementKind::Replication if is(first, "start") => match is(next_word(), "transaction") {
            true => StatementKind::Begin,
            false => StatementKind::Replication,
        },
        StatementKind::LockTables if is(next_word(), "instance") => StatementKind::Other,
        StatementKind::UnlockTables if is(next_word(), "instance") => StatementKind::Other,
        kind => kind,
    }
}

fn is_definition(verb: &[u8]) -> bool {
    ["create", "alter", "drop"].iter().any(|word| verb.eq_ignore_ascii_case(word.as_bytes()))
}

/// Finds the verb behind `WITH name AS (...), ...`.
fn kind_behind_with(mut lexer: Lexer<'_>) -> StatementKind {
    let mut depth = 0_u32;
    loop {
        match lexer.next().kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => depth = depth.saturating_sub(1),
            TokenKind::End | TokenKind::Bad => return StatementKind::Select,
            TokenKind::Word(Keyword::Select | Keyword::Values | Keyword::Table) if depth == 0 => {
                return StatementKind::Select;
            }
            TokenKind::Word(Keyword::Update) if depth == 0 => return StatementKind::Update,
            TokenKind::Word(Keyword::Delete) if depth == 0 => return StatementKind::Delete,
            _ => {}
        }
    }
}

const VERBS: &[(&str, StatementKind)] = &[
    ("select", StatementKind::Select),
    ("values", StatementKind::Select),
    ("table", StatementKind::Select),
    ("insert", StatementKind::Insert),
    ("replace", StatementKind::Replace),
    ("update", StatementKind::Update),
    ("delete", StatementKind::Delete),
    ("set", StatementKind::Set),
    ("show", StatementKind::Show),
    ("use", StatementKind::Use),
    ("begin", StatementKind::Begin),
    ("commit", StatementKind::Commit),
    ("rollback", StatementKind::Rollback),
    ("savepoint", StatementKind::Savepoint),
    ("release", StatementKind::Release),
    ("create", StatementKind::Ddl),
    ("alter", StatementKind::Ddl),
    ("drop", StatementKind::Ddl),
    ("truncate", StatementKind::Ddl),
    ("rename", StatementKind::Ddl),
    ("explain", StatementKind::Explain),
    ("describe", StatementKind::Explain),
    ("desc", StatementKind::Explain),
    ("vexplain", StatementKind::Vexplain),
    ("call", StatementKind::Call),
    ("kill", StatementKind::Kill),
    ("do", StatementKind::Do),
    ("load", StatementKind::Load),
    ("lock", StatementKind::LockTables),
    ("unlock", StatementKind::UnlockTables),
    ("flush", StatementKind::Flush),
    ("analyze", StatementKind::Maintenance),
    ("check", StatementKind::Maintenance),
    ("checksum", StatementKind::Maintenance),
    ("optimize", StatementKind::Maintenance),
    ("repair", StatementKind::Maintenance),
    ("prepare", StatementKind::Prepare),
    ("execute", StatementKind::Execute),
    ("deallocate", StatementKind::Deallocate),
    ("stream", StatementKind::Stream),
    ("vstream", StatementKind::Vstream),
    ("revert", StatementKind::Revert),
    ("grant", StatementKind::Account),
    ("revoke", StatementKind::Account),
    ("xa", StatementKind::Xa),
    ("change", StatementKind::Replication),
    ("start", StatementKind::Replication),
    ("stop", StatementKind::Replication),
    ("reset", StatementKind::Replication),
    ("purge", StatementKind::Replication),
    ("binlog", StatementKind::Replication),
    ("clone", StatementKind::Replication),
    ("handler", StatementKind::Handler),
    ("install", StatementKind::Other),
    ("uninstall", StatementKind::Other),
    ("shutdown", StatementKind::Other),
    ("restart", StatementKind::Other),
    ("import", StatementKind::Other),
    ("help", StatementKind::Other),
    ("cache", StatementKind::Other),
    ("signal", StatementKind::Other),
    ("resignal", StatementKind::Other),
    ("get", StatementKind::Other),
];

#[cfg(test)]
mod tests;
