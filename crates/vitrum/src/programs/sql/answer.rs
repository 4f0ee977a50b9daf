//! What is said of one statement.

use std::collections::BTreeSet;

use serde_json::{Value as Document, json};
use vt_base::Error;
use vt_sql::ast::{LiteralKind, Query, Statement, TableName};
use vt_sql::fingerprint::{
    BindStyle, LiteralSpan, LiteralValue, Value, fingerprint, literal_value,
};
use vt_sql::visit::{Node, Visitor, Walk};
use vt_sql::{Arena, Modes, StatementKind, parse_located, preview, to_sql};

use super::stats::{Part, Stats};

/// An answer, to be written as one line.
pub(super) struct Answer(Document);

impl Answer {
    /// Reads a statement.
    pub(super) fn to(arena: &Arena, sql: &str, modes: Modes, stats: &mut Stats) -> Answer {
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
        let (hash, binds, text) = match &print {
            Some(print) => (
                json!(format!("{:032x}", print.hash)),
                binds(sql, &print.literals, modes),
                json!(print.text(sql, modes, BindStyle::Question)),
            ),
            // The bodies of stored programs have semicolons of their own.
            None => (Document::Null, Vec::new(), Document::Null),
        };
        Answer(json!({
            "ok": true,
            "error": null,
            "kind": kind,
            "canonical": to_sql(&statement),
            "fingerprint": hash,
            "text": text,
            "binds": binds,
            "tables": tables(&statement),
        }))
    }

    pub(super) fn refusal(error: &Error, position: Option<usize>) -> Answer {
        Answer(json!({
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
            "binds": [],
            "tables": [],
        }))
    }

    fn with_kind(mut self, kind: &str) -> Answer {
        self.0["kind"] = kind.into();
        self
    }

    pub(super) fn is_taken(&self) -> bool {
        self.0["ok"] == true
    }

    pub(super) fn document(&self) -> &Document {
        &self.0
    }
}

/// Returns the literals that binds can stand for, in the order of the text.
fn binds(sql: &str, literals: &[LiteralSpan], modes: Modes) -> Vec<Document> {
    let bound = literals.iter().enumerate().filter(|(_, literal)| literal.bound);
    bound
        .map(|(ordinal, literal)| {
            let name = format!("vtg{}", ordinal + 1);
            let (start, end) = (literal.start + 1, literal.end + 1);
            match literal_value(sql, literal, modes) {
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
        })
        .collect()
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
