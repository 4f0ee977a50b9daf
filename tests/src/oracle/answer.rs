//! What an expression gave, on either side, and in what two answers differ.

use std::fmt;

use crate::exceptions::Named;

/// What the result says of its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// The protocol's type; TEXT and BLOB of all sizes are one.
    pub(crate) typ: u8,
    pub(crate) length: u32,
    pub(crate) decimals: u8,
    pub(crate) not_null: bool,
    pub(crate) unsigned: bool,
    pub(crate) collation: u16,
}

/// A line of SHOW WARNINGS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) level: String,
    pub(crate) errno: u16,
    pub(crate) message: String,
}

/// The answer to an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Rows {
        column: Column,
        values: Vec<Option<Vec<u8>>>,
        warnings: Vec<Warning>,
    },
    Error {
        errno: u16,
        message: String,
    },
    /// We do not compute it: a plan sends it to a shard.
    Refused(String),
    /// We fell over.
    Panic(String),
}

/// In what two answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Aspect {
    Panic,
    Error,
    Value,
    Type,
    Collation,
    Unsigned,
    NotNull,
    Decimals,
    Length,
    Warnings,
    /// The same warnings, of which one quotes its expression in other words.
    Quoted,
    /// The same warnings in another order.
    Order,
    /// The same warnings, one of them more or less often.
    Repeats,
}

impl Aspect {
    pub(crate) const ALL: [Aspect; 13] = [
        Aspect::Panic,
        Aspect::Error,
        Aspect::Value,
        Aspect::Type,
        Aspect::Collation,
        Aspect::Unsigned,
        Aspect::NotNull,
        Aspect::Decimals,
        Aspect::Length,
        Aspect::Warnings,
        Aspect::Quoted,
        Aspect::Order,
        Aspect::Repeats,
    ];
}

impl Named for Aspect {
    fn name(self) -> &'static str {
        match self {
            Aspect::Panic => "panic",
            Aspect::Error => "error",
            Aspect::Value => "value",
            Aspect::Type => "type",
            Aspect::Collation => "collation",
            Aspect::Unsigned => "unsigned",
            Aspect::NotNull => "not_null",
            Aspect::Decimals => "decimals",
            Aspect::Length => "length",
            Aspect::Warnings => "warnings",
            Aspect::Quoted => "quoted",
            Aspect::Order => "order",
            Aspect::Repeats => "repeats",
        }
    }

    fn from_name(name: &str) -> Option<Aspect> {
        Aspect::ALL.into_iter().find(|aspect| aspect.name() == name)
    }
}

impl Answer {
    /// Returns in what our answer differs from MySQL's; a refusal differs in nothing.
    pub(crate) fn differs(&self, ours: &Answer) -> Vec<Aspect> {
        match (self, ours) {
            (_, Answer::Refused(_)) => Vec::new(),
            (_, Answer::Panic(_)) => vec![Aspect::Panic],
            (Answer::Error { errno, message }, Answer::Error { errno: number, message: text }) => {
                // A syntax error quotes the statement, which is another one here.
                let same = errno == number && (message == text || *errno == 1064);
                if same { Vec::new() } else { vec![Aspect::Error] }
            }
            (
                Answer::Rows { column, values, warnings },
                Answer::Rows { column: other, values: seen, warnings: warned },
            ) => {
                let mut aspects = Vec::new();
                let mut check = |same: bool, aspect| {
                    if !same {
                        aspects.push(aspect);
                    }
                };
                check(values == seen, Aspect::Value);
                check(column.typ == other.typ, Aspect::Type);
                check(column.collation == other.collation, Aspect::Collation);
                check(column.unsigned == other.unsigned, Aspect::Unsigned);
                check(column.not_null == other.not_null, Aspect::NotNull);
                check(column.decimals == other.decimals, Aspect::Decimals);
                check(column.length == other.length, Aspect::Length);
                let (theirs, own) = (once(warnings), once(warned));
                let among = |all: &[&Warning], one: &Warning| all.iter().any(|it| it.is_like(one));
                let alike = theirs.iter().all(|one| among(&own, one))
                    && own.iter().all(|one| among(&theirs, one));
                let same = theirs.len() == own.len() && theirs.iter().all(|one| own.contains(one));
                check(alike, Aspect::Warnings);
                check(same || !alike, Aspect::Quoted);
                check(!same || theirs == own, Aspect::Order);
                check(!same || warnings.len() == warned.len(), Aspect::Repeats);
                aspects
            }
            _ => vec![Aspect::Error],
        }
    }
}

/// What stands around an expression, or the name of one, that a message quotes.
const QUOTING: [(u16, &str, &str); 4] = [
    (1264, "Out of range value for column '", "' at row "),
    (1411, "Incorrect string value: '", "' for function "),
    (1690, " value is out of range in '", "'"),
    (6527, " value is out of range in '", "'"),
];

impl Warning {
    /// Returns whether two warnings are the same but for the expression that they quote.
    fn is_like(&self, other: &Warning) -> bool {
        if self == other {
            return true;
        }
        if self.level != other.level || self.errno != other.errno {
            return false;
        }
        let around = QUOTING.iter().find(|(errno, ..)| *errno == self.errno);
        around.is_some_and(|(_, before, behind)| {
            let ends = |message: &str| {
                let (start, rest) = message.split_once(before)?;
                let (_, end) = rest.rsplit_once(behind)?;
                Some((start.to_owned(), end.to_owned()))
            };
            ends(&self.message).is_some() && ends(&self.message) == ends(&other.message)
        })
    }
}

/// Returns each different warning once, in the order in which they arose first; one that comes
/// again in a later row, whose number it has, is the same.
fn once(warnings: &[Warning]) -> Vec<&Warning> {
    let mut different: Vec<&Warning> = Vec::new();
    for warning in warnings {
        let known = |one: &&Warning| {
            one.errno == warning.errno && without_row(&one.message) == without_row(&warning.message)
        };
        if !different.iter().any(known) {
            different.push(warning);
        }
    }
    different
}

/// Returns what stands before and behind the number of the row that a message names.
fn without_row(message: &str) -> (&str, &str) {
    let Some((start, end)) = message.rsplit_once(" at row ") else { return (message, "") };
    (start, end.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

/// Shows bytes as text where they are that, else in hexadecimal.
fn shown(value: Option<&[u8]>) -> String {
    const SHOWN_MAX: usize = 300;
    let Some(bytes) = value else { return "NULL".to_owned() };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(|ch: char| ch.is_control()) => format!("'{text}'"),
        _ => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("0x{hex}")
        }
    };
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], bytes.len()),
        None => text,
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Rows { column, values, warnings } => {
                let values: Vec<String> =
                    values.iter().map(|value| shown(value.as_deref())).collect();
                write!(f, "{} ", values.join(" | "))?;
                let Column { typ, length, decimals, not_null, unsigned, collation } = column;
                let null = if *not_null { " not null" } else { "" };
                let sign = if *unsigned { " unsigned" } else { "" };
                write!(f, "[type {typ}({length},{decimals}){sign}{null} collation {collation}]")?;
                for warning in warnings {
                    write!(f, " {} {}: {};", warning.level, warning.errno, warning.message)?;
                }
                Ok(())
            }
            Answer::Error { errno, message } => write!(f, "error {errno}: {message}"),
            Answer::Refused(why) => write!(f, "refused: {why}"),
            Answer::Panic(why) => write!(f, "panic: {why}"),
        }
    }
}

/// Returns the length that a column tells; that of a JSON document is always the greatest, give or
/// take the last character. Strings that only a LONGTEXT holds are of one length: MySQL counts
/// their bytes in 32 bits, and what is beyond begins at zero again.
pub(crate) fn told_length(typ: u8, length: u32) -> u32 {
    const JSON: u8 = 245;
    const LONG: u32 = 1 << 24;
    if typ == JSON || length >= LONG { u32::MAX } else { length }
}

/// Makes one type of TEXT and BLOB of all sizes, as the query service between gateway and tablet
/// has it.
pub(crate) fn family(typ: u8) -> u8 {
    if (249..=252).contains(&typ) { 252 } else { typ }
}
