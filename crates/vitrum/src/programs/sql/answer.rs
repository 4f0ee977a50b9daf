//! What is said of one statement.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value as Document, json};
use vt_base::Error;
use vt_sql::ast::{LiteralKind, Query, Statement, TableName};
use vt_sql::fingerprint::{
    BindStyle, Fingerprint, LiteralSpan, LiteralValue, Value, fingerprint, literal_value,
};
use vt_sql::visit::{Node, Visitor, Walk};
use vt_sql::{Arena, Modes, StatementKind, parse_located, preview, to_sql};

use super::stats::{Part, Stats};

/// An answer, to be written as one line.
pub(super) struct Answer<'s> {
    is_ok: bool,
    /// What stands before and behind the binds.
    front: Document,
    back: Document,
    /// There may be millions of binds: they are made one by one.
    binds: Option<Binds<'s>>,
}

impl<'s> Answer<'s> {
    /// Reads a statement.
    pub(super) fn to(arena: &Arena, sql: &'s str, modes: Modes, stats: &mut Stats) -> Answer<'s> {
        let parsed = stats.time(Part::Parse, || parse_located(arena, sql, modes));
        let statement = match parsed {
            Ok(statement) => statement,
            Err((error, place)) => {
                stats.refuse();
                // As in the message: from 1.
                return Answer::refusal(&error, place.map(|place| place + 1))
                    .with_kind(name(preview(sql)));
            }
        };
        let kind = name(statement.kind());
        stats.take(kind, sql.len());
        let print = stats.time(Part::Fingerprint, || fingerprint(sql, modes));
        let (hash, text) = match &print {
            Some(print) => (
                json!(format!("{:032x}", print.hash)),
                json!(print.text(sql, modes, BindStyle::Question)),
            ),
            // The bodies of stored programs have semicolons of their own.
            None => (Document::Null, Document::Null),
        };
        Answer {
            is_ok: true,
            front: json!({
                "ok": true,
                "error": null,
                "kind": kind,
                "canonical": to_sql(&statement),
                "fingerprint": hash,
                "text": text,
            }),
            back: json!({ "tables": tables(&statement) }),
            binds: print.map(|print| Binds { sql, modes, print }),
        }
    }

    pub(super) fn refusal(error: &Error, position: Option<usize>) -> Answer<'s> {
        Answer {
            is_ok: false,
            front: json!({
                "ok": false,
                "error": {
                    "code": error.errno(),
                    "sqlstate": String::from_utf8_lossy(&error.sql_state()),
                    "message": error.message(),
                    "position": position,
                },
                "kind": null,
                "canonical": null,
                "fingerprint": null,
                "text": null,
            }),
            back: json!({ "tables": [] }),
            binds: None,
        }
    }

    fn with_kind(mut self, kind: &str) -> Answer<'s> {
        self.front["kind"] = kind.into();
        self
    }

    pub(super) fn is_taken(&self) -> bool {
        self.is_ok
    }

    /// Writes the line.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        write_members(out, b"{", &self.front)?;
        out.write_all(b",\"binds\":[")?;
        if let Some(binds) = &self.binds {
            binds.write(out)?;
        }
        write_members(out, b"],", &self.back)?;
        out.write_all(b"}\n")
    }
}

/// Writes the members of an object, without its braces.
fn write_members(out: &mut impl Write, lead: &[u8], object: &Document) -> io::Result<()> {
    let mut lead = lead;
    for (name, value) in object.as_object().into_iter().flatten() {
        out.write_all(lead)?;
        serde_json::to_writer(&mut *out, name)?;
        out.write_all(b":")?;
        serde_json::to_writer(&mut *out, value)?;
        lead = b",";
    }
    Ok(())
}

/// The literals that binds can stand for, in the order of the text.
struct Binds<'s> {
    sql: &'s str,
    modes: Modes,
    print: Fingerprint,
}

impl Binds<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let all = self.print.literals.iter().enumerate();
        for (written, (ordinal, literal)) in all.filter(|(_, one)| one.bound).enumerate() {
            if written > 0 {
                out.write_all(b",")?;
            }
            serde_json::to_writer(&mut *out, &self.bind(ordinal, literal))?;
        }
        Ok(())
    }

    fn bind(&self, ordinal: usize, literal: &LiteralSpan) -> Document {
        let name = format!("vtg{}", ordinal + 1);
        let (start, end) = (literal.start + 1, literal.end + 1);
        match literal_value(self.sql, literal, self.modes) {
            Value::One(one) => json!({
                "name": name, "position": start, "end": end,
                "type": type_name(one.kind), "value": value(&one),
            }),
            Value::List(all) => json!({
                "name": name, "position": start, "end": end, "type": "TUPLE",
                "value": all
                    .iter()
                    .map(|one| json!({"type": type_name(one.kind), "value": value(one)}))
                    .collect::<Vec<_>>(),
            }),
        }
    }
}

fn type_name(kind: LiteralKind) -> &'static str {
    match kind {
        LiteralKind::Int => "INT",
        LiteralKind::Decimal => "DECIMAL",
        LiteralKind::Float => "FLOAT",
        LiteralKind::Str => "STRING",
        LiteralKind::NationalStr => "NATIONAL_STRING",
        LiteralKind::Hex => "HEX",
        LiteralKind::Bit => "BIT",
    }
}

/// Numbers and strings as text; bytes as `{"hex": "..."}`.
fn value(literal: &LiteralValue<'_>) -> Document {
    let is_bytes = matches!(literal.kind, LiteralKind::Hex | LiteralKind::Bit);
    match std::str::from_utf8(&literal.bytes) {
        Ok(text) if !is_bytes => text.into(),
        _ => {
            let hex: String = literal.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "hex": hex })
        }
    }
}

/// Returns the tables of a statement, without common tables and `dual`, each once.
fn tables(statement: &Statement<'_>) -> Vec<String> {
    #[derive(Default)]
    struct Names<'a> {
        tables: Vec<TableName<'a>>,
        common: Vec<&'a str>,
    }
    impl<'a> Visitor<'a> for Names<'a> {
        fn table_name(&mut self, name: &TableName<'a>) {
            self.tables.push(*name);
        }

        fn query(&mut self, query: &Query<'a>) -> Walk {
            let tables = query.with.map_or(&[][..], |with| with.tables);
            self.common.extend(tables.iter().map(|table| table.name.text));
            Walk::Into
        }
    }
    let mut names = Names::default();
    let _ = statement.walk(&mut names);
    let is_table = |name: &&TableName<'_>| {
        let is_common = name.qualifier.is_none()
            && names.common.iter().any(|common| common.eq_ignore_ascii_case(name.name.text));
        !is_common && !name.is_dual()
    };
    let full = |name: &TableName<'_>| match name.qualifier {
        Some(qualifier) => format!("{}.{}", qualifier.text, name.name.text),
        None => name.name.text.to_owned(),
    };
    let tables: BTreeSet<String> = names.tables.iter().filter(is_table).map(full).collect();
    tables.into_iter().collect()
}

fn name(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Select => "SELECT",
        StatementKind::Insert => "INSERT",
        StatementKind::Replace => "REPLACE",
        StatementKind::Update => "UPDATE",
        StatementKind::Delete => "DELETE",
        StatementKind::Set => "SET",
        StatementKind::Show => "SHOW",
        StatementKind::Use => "USE",
        StatementKind::Begin => "BEGIN",
        StatementKind::Commit => "COMMIT",
        StatementKind::Rollback => "ROLLBACK",
        StatementKind::Savepoint => "SAVEPOINT",
        StatementKind::Release => "RELEASE",
        StatementKind::Ddl => "DDL",
        StatementKind::Explain => "EXPLAIN",
        StatementKind::Vexplain => "VEXPLAIN",
        StatementKind::Call => "CALL",
        StatementKind::Kill => "KILL",
        StatementKind::Do => "DO",
        StatementKind::Load => "LOAD",
        StatementKind::LockTables => "LOCK_TABLES",
        StatementKind::UnlockTables => "UNLOCK_TABLES",
        StatementKind::Flush => "FLUSH",
        StatementKind::Maintenance => "MAINTENANCE",
        StatementKind::Prepare => "PREPARE",
        StatementKind::Execute => "EXECUTE",
        StatementKind::Deallocate => "DEALLOCATE",
        StatementKind::Stream => "STREAM",
        StatementKind::Vstream => "VSTREAM",
        StatementKind::Revert => "REVERT",
        StatementKind::Account => "ACCOUNT",
        StatementKind::Xa => "XA",
        StatementKind::Replication => "REPLICATION",
        StatementKind::Handler => "HANDLER",
        StatementKind::Other => "OTHER",
        StatementKind::Empty => "EMPTY",
        StatementKind::Unknown => "UNKNOWN",
    }
}
