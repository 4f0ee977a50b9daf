//! In what two answers differ.

use std::collections::BTreeSet;

use mysql_async::Value;
use mysql_async::consts::{ColumnFlags, ColumnType};

use crate::exceptions::Named;

use super::answer::{Answer, Meta, Rows, Warning, cell};

/// A part of an answer that can differ by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aspect {
    /// Rows where the other has an error, or the like.
    Kind,
    /// The connection broke, or nothing came in time.
    Lost,
    /// Number or state of an error.
    Error,
    /// The text of the same error.
    Message,
    Rows,
    /// The same rows in another order than ORDER BY says.
    Order,
    Affected,
    InsertId,
    /// `Records: 2  Duplicates: 0  Warnings: 0`.
    Info,
    Names,
    Types,
    Lengths,
    Decimals,
    Flags,
    Charsets,
    /// Table and column that a column comes from.
    Origins,
    Warnings,
    /// What tables hold after a statement.
    Tables,
}

const NAMES: [(Aspect, &str); 18] = [
    (Aspect::Kind, "kind"),
    (Aspect::Lost, "lost"),
    (Aspect::Error, "error"),
    (Aspect::Message, "message"),
    (Aspect::Rows, "rows"),
    (Aspect::Order, "order"),
    (Aspect::Affected, "affected"),
    (Aspect::InsertId, "insert id"),
    (Aspect::Info, "info"),
    (Aspect::Names, "names"),
    (Aspect::Types, "types"),
    (Aspect::Lengths, "lengths"),
    (Aspect::Decimals, "decimals"),
    (Aspect::Flags, "flags"),
    (Aspect::Charsets, "charsets"),
    (Aspect::Origins, "origins"),
    (Aspect::Warnings, "warnings"),
    (Aspect::Tables, "tables"),
];

impl Named for Aspect {
    fn name(self) -> &'static str {
        NAMES.iter().find(|(one, _)| *one == self).map_or("", |(_, name)| name)
    }

    fn from_name(name: &str) -> Option<Aspect> {
        NAMES.iter().find(|(_, one)| *one == name).map(|(aspect, _)| *aspect)
    }
}

impl Aspect {
    /// Whether a wrong result is seen here, and not only something that is told about it.
    pub(crate) fn is_grave(self) -> bool {
        matches!(self, Aspect::Kind | Aspect::Lost | Aspect::Rows | Aspect::Order | Aspect::Tables)
    }
}

/// Whether the order of rows is a part of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowOrder {
    Matters,
    Free,
}

/// Returns in what an answer differs from MySQL's, the gravest first.
pub(crate) fn differing(mysql: &Answer, seen: &Answer, order: RowOrder) -> Vec<Aspect> {
    let mut aspects = Vec::new();
    match (mysql, seen) {
        (_, Answer::Lost(_)) | (Answer::Lost(_), _) => aspects.push(Aspect::Lost),
        (
            Answer::Error { errno, state, message },
            Answer::Error { errno: number, state: other, message: text },
        ) => {
            if (errno, state) != (number, other) {
                aspects.push(Aspect::Error);
            } else if plain(message) != plain(text) {
                aspects.push(Aspect::Message);
            }
        }
        (
            Answer::Done { affected, insert_id, info, warnings },
            Answer::Done { affected: count, insert_id: id, info: told, warnings: warned },
        ) => {
            let pairs = [
                (affected != count, Aspect::Affected),
                (insert_id != id, Aspect::InsertId),
                (info != told, Aspect::Info),
                (distinct(warnings) != distinct(warned), Aspect::Warnings),
            ];
            aspects.extend(pairs.iter().filter(|(differs, _)| *differs).map(|(_, aspect)| *aspect));
        }
        (Answer::Rows(wanted), Answer::Rows(given)) => rows(wanted, given, order, &mut aspects),
        _ => aspects.push(Aspect::Kind),
    }
    aspects.sort_unstable();
    aspects
}

fn rows(wanted: &Rows, given: &Rows, order: RowOrder, aspects: &mut Vec<Aspect>) {
    if !same_rows(wanted, given, RowOrder::Free) {
        aspects.push(Aspect::Rows);
    } else if order == RowOrder::Matters && !same_rows(wanted, given, order) {
        aspects.push(Aspect::Order);
    }
    if distinct(&wanted.warnings) != distinct(&given.warnings) {
        aspects.push(Aspect::Warnings);
    }
    if wanted.columns.len() != given.columns.len() {
        aspects.push(Aspect::Names);
        return;
    }
    let differ = |part: fn(&Meta, &Meta) -> bool| {
        wanted.columns.iter().zip(&given.columns).any(|(mine, theirs)| !part(mine, theirs))
    };
    type Same = fn(&Meta, &Meta) -> bool;
    let parts: [(Aspect, Same); 7] = [
        (Aspect::Names, same_name),
        (Aspect::Types, same_type),
        (Aspect::Lengths, same_length),
        (Aspect::Decimals, |mine, theirs| told_decimals(mine) == told_decimals(theirs)),
        (Aspect::Flags, |mine, theirs| told_flags(mine) == told_flags(theirs)),
        (Aspect::Charsets, |mine, theirs| mine.charset == theirs.charset || are_json(mine, theirs)),
        (Aspect::Origins, same_origin),
    ];
    aspects.extend(parts.iter().filter(|(_, part)| differ(*part)).map(|(aspect, _)| *aspect));
}

/// Whether two lists hold the same rows, in whatever order where it is free.
pub(crate) fn same_rows(wanted: &Rows, given: &Rows, order: RowOrder) -> bool {
    let texts = |rows: &[Vec<Value>]| {
        let mut texts: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        if order == RowOrder::Free {
            texts.sort_unstable();
        }
        texts
    };
    if wanted.rows.len() != given.rows.len() {
        return false;
    }
    let doubles: Vec<bool> =
        wanted.columns.iter().map(|meta| meta.typ == ColumnType::MYSQL_TYPE_DOUBLE).collect();
    let (wanted, given) = (texts(&wanted.rows), texts(&given.rows));
    let same = |(mine, theirs): (&Vec<String>, &Vec<String>)| same_cells(mine, theirs, &doubles);
    wanted == given || wanted.iter().zip(&given).all(same)
}

/// How far two doubles may lie apart, of what they are: sums in another order round otherwise.
const ROUNDING: f64 = 1e-14;

fn same_cells(mine: &[String], theirs: &[String], doubles: &[bool]) -> bool {
    let number = |text: &str| text.trim_matches('"').parse::<f64>();
    let close = |(place, (mine, theirs)): (usize, (&String, &String))| {
        mine == theirs
            || doubles.get(place) == Some(&true)
                && match (number(mine), number(theirs)) {
                    (Ok(one), Ok(other)) => (one - other).abs() <= ROUNDING * one.abs(),
                    _ => false,
                }
    };
    mine.len() == theirs.len() && mine.iter().zip(theirs).enumerate().all(close)
}

/// The query service between gateway and tablet has one type for TEXT and BLOB of all sizes.
fn family(typ: ColumnType) -> ColumnType {
    match typ {
        ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB => ColumnType::MYSQL_TYPE_BLOB,
        other => other,
    }
}

// Where MySQL's optimizer puts rows into a temporary table, which no query tells, columns lose
// flags, get the type of a column that could hold their values, and come from that table. What is
// lost or gained so is no difference.

/// Takes out the flags that are lost in a temporary table, or depend on how a table is read.
fn told_flags(meta: &Meta) -> ColumnFlags {
    let mut flags = meta.flags;
    if meta.typ == ColumnType::MYSQL_TYPE_YEAR {
        flags.remove(ColumnFlags::ZEROFILL_FLAG);
    }
    flags
        & !(ColumnFlags::MULTIPLE_KEY_FLAG
            | ColumnFlags::PART_KEY_FLAG
            | ColumnFlags::PRI_KEY_FLAG
            | ColumnFlags::UNIQUE_KEY_FLAG
            | ColumnFlags::BINARY_FLAG
            | ColumnFlags::BLOB_FLAG
            | ColumnFlags::NO_DEFAULT_VALUE_FLAG)
}

/// Of strings a temporary table tells 0 decimals, where else there are 31: both say nothing.
fn told_decimals(meta: &Meta) -> u8 {
    match family(meta.typ) {
        ColumnType::MYSQL_TYPE_VAR_STRING
        | ColumnType::MYSQL_TYPE_STRING
        | ColumnType::MYSQL_TYPE_BLOB
        | ColumnType::MYSQL_TYPE_JSON => 0,
        _ => meta.decimals,
    }
}

/// What MySQL cuts at 256 characters may end in a blank, which no alias can.
fn same_name(mine: &Meta, theirs: &Meta) -> bool {
    let cut = mine.name.chars().count() >= 255 && mine.name.trim_end() == theirs.name;
    cut || mine.name == theirs.name
}

/// JSON has another length and character set in a temporary table.
fn are_json(mine: &Meta, theirs: &Meta) -> bool {
    mine.typ == ColumnType::MYSQL_TYPE_JSON && theirs.typ == ColumnType::MYSQL_TYPE_JSON
}

fn same_length(mine: &Meta, theirs: &Meta) -> bool {
    mine.length == theirs.length || are_json(mine, theirs) || are_long(mine, theirs)
}

/// Where TEXT goes through an expression, MySQL now and then takes its bytes for characters, of
/// four bytes each.
fn are_long(mine: &Meta, theirs: &Meta) -> bool {
    // Whole characters of four bytes.
    const LONGEST: u32 = u32::MAX - 3;
    let is_long = |meta: &Meta| family(meta.typ) == ColumnType::MYSQL_TYPE_BLOB;
    let times = |one: &Meta, other: &Meta| one.length.checked_mul(4) == Some(other.length);
    let longest = mine.length >= LONGEST && theirs.length >= LONGEST;
    is_long(mine) && is_long(theirs) && (longest || times(mine, theirs) || times(theirs, mine))
}

/// A temporary table holds small whole numbers that are computed as INT, or as what they were
/// before; else they are BIGINT.
fn same_type(mine: &Meta, theirs: &Meta) -> bool {
    let is_whole = |meta: &Meta| {
        matches!(
            meta.typ,
            ColumnType::MYSQL_TYPE_TINY
                | ColumnType::MYSQL_TYPE_SHORT
                | ColumnType::MYSQL_TYPE_INT24
                | ColumnType::MYSQL_TYPE_LONG
                | ColumnType::MYSQL_TYPE_LONGLONG
                | ColumnType::MYSQL_TYPE_YEAR
        )
    };
    // CHAR becomes VARCHAR there.
    let is_string = |meta: &Meta| {
        matches!(meta.typ, ColumnType::MYSQL_TYPE_STRING | ColumnType::MYSQL_TYPE_VAR_STRING)
    };
    // Columns of derived tables have a table; of two types of whole numbers, no two columns of real
    // tables have one width.
    let computed = !mine.is_of_table() || !theirs.is_of_table() || mine.length == theirs.length;
    let alike = is_whole(mine) && is_whole(theirs) || is_string(mine) && is_string(theirs);
    family(mine.typ) == family(theirs.typ) || computed && alike
}

/// A column of a temporary table has its own name for an origin, and no table; the gateway says of
/// it what shards say.
fn same_origin(mine: &Meta, theirs: &Meta) -> bool {
    !mine.is_of_table()
        || (&mine.table, &mine.original_name) == (&theirs.table, &theirs.original_name)
}

/// A shard warns for itself, so of equal warnings one is kept.
fn distinct(warnings: &[Warning]) -> BTreeSet<(String, u16, String)> {
    let one = |warning: &Warning| (warning.level.clone(), warning.code, plain(&warning.message));
    warnings.iter().map(one).collect()
}

/// Tells of a difference what the patterns of known ones may ask for: the warnings of one side
/// alone, which columns are longer or shorter, what became of NOT NULL, and the messages of errors.
pub(crate) fn details(mysql: &Answer, seen: &Answer) -> String {
    let mut lines = Vec::new();
    let warned = |answer: &Answer| match answer {
        Answer::Rows(Rows { warnings, .. }) | Answer::Done { warnings, .. } => distinct(warnings),
        Answer::Error { .. } | Answer::Lost(_) => BTreeSet::new(),
    };
    let (wanted, given) = (warned(mysql), warned(seen));
    for (_, code, message) in wanted.difference(&given) {
        lines.push(format!("missing {code}: {message}"));
    }
    for (_, code, message) in given.difference(&wanted) {
        lines.push(format!("more {code}: {message}"));
    }
    if let (Answer::Rows(wanted), Answer::Rows(given)) = (mysql, seen) {
        let pairs = wanted.columns.iter().zip(&given.columns);
        for (mine, theirs) in pairs.filter(|(mine, theirs)| !same_length(mine, theirs)) {
            lines.push(if theirs.length > mine.length { "longer" } else { "shorter" }.to_owned());
        }
        for (mine, theirs) in wanted.columns.iter().zip(&given.columns) {
            let differing = told_flags(mine) ^ told_flags(theirs);
            match differing.is_empty() {
                true => {}
                false if differing != ColumnFlags::NOT_NULL_FLAG => lines.push("flags".to_owned()),
                false if mine.flags.contains(differing) => lines.push("may be null".to_owned()),
                false => lines.push("not null".to_owned()),
            }
        }
    }
    for answer in [mysql, seen] {
        lines.extend(answer.error().map(|(_, message)| plain(message)));
    }
    lines.join("\n")
}

/// Returns a message without what names a shard: its prefix, its database, the query it was sent.
fn plain(message: &str) -> String {
    let mut text = message;
    if let Some((_, rest)) = text.strip_prefix("target: ").and_then(|rest| rest.split_once(": ")) {
        text = rest;
    }
    text = text.strip_prefix("vttablet: ").unwrap_or(text);
    if let Some(rest) = text.strip_prefix("rpc error: code = ") {
        text = rest.split_once(" desc = ").map_or(rest, |(_, rest)| rest);
    }
    let text = text.split_once(" (errno ").map_or(text, |(text, _)| text);
    // A shard counts its own rows.
    let text = text.split_once(" at row ").map_or(text, |(text, _)| text);
    let mut plain = String::with_capacity(text.len());
    for word in text.split_inclusive(ends) {
        let (name, end) = match word.char_indices().last() {
            Some((place, c)) if ends(c) => word.split_at(place),
            _ => (word, ""),
        };
        let is_database = matches!(name, "plain" | "one" | "two" | "four" | "twin")
            || name.starts_with("vt_one_")
            || name.starts_with("vt_two_")
            || name.starts_with("vt_four_");
        plain.push_str(if is_database { "DATABASE" } else { name });
        plain.push_str(end);
    }
    plain
}

fn ends(c: char) -> bool {
    "'`.; ".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_compared_without_the_shard_that_says_them() {
        let mysql = "Duplicate entry '1' for key 't.PRIMARY'";
        let shard = "target: four.-40.primary: vttablet: rpc error: code = AlreadyExists desc = \
                     Duplicate entry '1' for key 't.PRIMARY' (errno 1062) (sqlstate 23000) (CallerID: user): Sql: \"insert\"";
        assert_eq!(plain(mysql), plain(shard));
        assert_eq!(
            plain("Table 'plain.t' doesn't exist"),
            plain("Table 'vt_two_80_.t' doesn't exist")
        );
        assert_ne!(plain("Unknown column 'a'"), plain("Unknown column 'b'"));
    }

    #[test]
    fn details_tell_which_warnings_differ() {
        let answer = |codes: &[u16]| {
            let warning = |code: &u16| Warning {
                level: "Warning".to_owned(),
                code: *code,
                message: "told".to_owned(),
            };
            let warnings = codes.iter().map(warning).collect();
            Answer::Rows(Rows { warnings, ..Rows::default() })
        };
        assert_eq!(details(&answer(&[1, 2]), &answer(&[2, 3])), "missing 1: told\nmore 3: told");
        assert_eq!(details(&answer(&[1]), &answer(&[1])), "");
    }

    fn column(typ: ColumnType, values: Vec<Value>) -> Rows {
        let meta = Meta {
            name: String::new(),
            original_name: String::new(),
            table: String::new(),
            typ,
            length: 20,
            decimals: 0,
            flags: ColumnFlags::empty(),
            charset: 63,
        };
        let rows = values.into_iter().map(|value| vec![value]).collect();
        Rows { columns: vec![meta], rows, ..Rows::default() }
    }

    #[test]
    fn order_counts_where_it_was_asked_for() {
        let numbers = |numbers: [i64; 2]| {
            column(ColumnType::MYSQL_TYPE_LONGLONG, numbers.map(Value::Int).to_vec())
        };
        let (one, other) = (numbers([1, 2]), numbers([2, 1]));
        assert!(same_rows(&one, &other, RowOrder::Free));
        assert!(!same_rows(&one, &other, RowOrder::Matters));
        assert!(!same_rows(&one, &numbers([1, 1]), RowOrder::Free));
    }

    #[test]
    fn the_last_digit_of_a_double_may_be_another() {
        let same = |typ: ColumnType, one: &str, other: &str| {
            let rows = |text: &str| column(typ, vec![Value::Bytes(text.as_bytes().to_vec())]);
            same_rows(&rows(one), &rows(other), RowOrder::Matters)
        };
        let double = ColumnType::MYSQL_TYPE_DOUBLE;
        assert!(same(double, "2.5071326821120348", "2.507132682112035"));
        assert!(!same(double, "2.5071326821120348", "2.5071326821190348"));
        assert!(!same(ColumnType::MYSQL_TYPE_NEWDECIMAL, "1.10", "1.1"));
        let long = ["12345678901234567.1", "12345678901234567.2"];
        assert!(!same(ColumnType::MYSQL_TYPE_NEWDECIMAL, long[0], long[1]));
    }
}
