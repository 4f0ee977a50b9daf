//! Why a text is no statement.

use vt_base::{Code, Error};

use crate::limits::{DEPTH_MAX, NODES_MAX, STATEMENT_BYTES_MAX};

/// How parsing can end without a tree; small, because it travels through every function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fail {
    Syntax {
        at: u32,
    },
    Deep,
    Large,
    Long,
    Empty,
    /// Known to the grammar, but refused by MySQL itself.
    NotYet(&'static str),
    /// A derived table without an alias.
    NoAlias,
    /// A table function without an alias.
    NoFunctionAlias,
    /// `INTO` in a subquery, or before the last part of a set operation.
    MisplacedInto,
    /// A second `INTO` in one query.
    TwoIntos,
    /// `INTO` in the query of a view.
    ViewInto,
    /// `INTO` in the query of a cursor.
    CursorInto,
    /// `USE` in the body of a stored program.
    UseInProgram,
    /// A user variable that is a sign alone.
    NamelessVariable,
    /// `SELECT ALL DISTINCT`.
    AllDistinct,
    /// A number with an exponent that no double holds.
    HugeDouble {
        start: u32,
        end: u32,
    },
}

/// How much of the text behind the fault a message shows, in bytes.
const NEAR_MAX: usize = 80;

impl Fail {
    /// Returns where in the text the fault is.
    pub(crate) fn place(self) -> Option<usize> {
        match self {
            Fail::Syntax { at } => Some(at as usize),
            _ => None,
        }
    }

    /// Makes the error that a client sees.
    pub(crate) fn into_error(self, sql: &str) -> Error {
        match self {
            Fail::Syntax { at } => syntax_error(sql, at as usize),
            Fail::Deep => Error::mysql(
                1436,
                b"HY000",
                format!("statement is nested too deeply: over {DEPTH_MAX} levels"),
            )
            .with_code(Code::InvalidArgument),
            Fail::Large => Error::mysql(
                1153,
                b"08S01",
                format!("statement is too large: over {NODES_MAX} expressions"),
            )
            .with_code(Code::ResourceExhausted),
            Fail::Long => Error::mysql(
                1153,
                b"08S01",
                format!("statement is too long: over {STATEMENT_BYTES_MAX} bytes"),
            )
            .with_code(Code::ResourceExhausted),
            Fail::NotYet(what) => Error::mysql(
                1235,
                b"42000",
                format!("This version of MySQL doesn't yet support '{what}'"),
            )
            .with_code(Code::Unimplemented),
            Fail::Empty => invalid(1065, b"42000", "Query was empty"),
            Fail::NoAlias => invalid(1248, b"42000", "Every derived table must have its own alias"),
            Fail::NoFunctionAlias => {
                invalid(3667, b"42000", "Every table function must have an alias")
            }
            Fail::MisplacedInto => invalid(
                3954,
                b"HY000",
                "Misplaced INTO clause, INTO is not allowed inside subqueries, and must be placed \
                 at end of UNION clauses.",
            ),
            Fail::TwoIntos => invalid(3953, b"HY000", "Multiple INTO clauses in one query block."),
            Fail::ViewInto => invalid(1350, b"HY000", "View's SELECT contains a 'INTO' clause"),
            Fail::CursorInto => invalid(1323, b"42000", "Cursor SELECT must not have INTO"),
            Fail::UseInProgram => {
                invalid(1314, b"0A000", "USE is not allowed in stored procedures")
            }
            Fail::NamelessVariable => invalid(3061, b"42000", "User variable name '' is illegal"),
            Fail::AllDistinct => invalid(1221, b"HY000", "Incorrect usage of ALL and DISTINCT"),
            Fail::HugeDouble { start, end } => {
                let text = sql.get(start as usize..end as usize).unwrap_or_default();
                invalid(
                    1367,
                    b"22007",
                    &format!("Illegal double '{text}' value found during parsing"),
                )
            }
        }
    }
}

/// An error of the statement's author.
fn invalid(errno: u16, state: &[u8; 5], message: &str) -> Error {
    Error::mysql(errno, state, message).with_code(Code::InvalidArgument)
}

/// MySQL's wording first, which programs look for; behind it Vitess's, which has the place.
fn syntax_error(sql: &str, at: usize) -> Error {
    let at = at.min(sql.len());
    let (before, rest) = sql.as_bytes().split_at(at);
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    // Whole characters, of which those beyond the basic plane show as question marks.
    let rest = String::from_utf8_lossy(&rest[..rest.len().min(NEAR_MAX + 4)]).into_owned();
    let near: String = rest
        .char_indices()
        .take_while(|(start, char)| start + char.len_utf8() <= NEAR_MAX)
        .map(|(_, char)| if char.len_utf8() > 3 { '?' } else { char })
        .collect();
    let word: String = near.split_whitespace().next().unwrap_or_default().to_owned();
    let message = format!(
        "You have an error in your SQL syntax; check the manual that corresponds to your MySQL \
         server version for the right syntax to use near '{near}' at line {line} \
         (syntax error at position {} near '{word}')",
        at + 1,
    );
    Error::mysql(1064, b"42000", message).with_code(Code::InvalidArgument)
}
