//! Questions and answers as lines of JSON.

use serde_json::{Map, Value as Document, json};
use vt_base::{Code, Error, Result};
use vt_eval::{Kind, Session};
use vt_planner::{ExpressionAnswer, ExpressionColumn, Given, PreparedExpression};
use vt_value::{Collation, Type, Value};

use super::Outcome;
use crate::programs::run::say;

/// Answers one line.
pub(super) fn answer(line: &str, session: &Session) -> Outcome {
    let (document, outcome) = respond(line, session);
    say(&format!("{document}\n"));
    outcome
}

/// Answers a line that is no text.
pub(super) fn unreadable(err: &Error) -> Outcome {
    say(&format!("{}\n", failure(err)));
    Outcome::Unreadable
}

/// Returns the answer to a line.
pub(super) fn respond(line: &str, session: &Session) -> (Document, Outcome) {
    let question = match Question::parse(line, session) {
        Ok(question) => question,
        Err(err) => return (failure(&err), Outcome::Unreadable),
    };
    let computed = PreparedExpression::new(&question.expr, &question.columns, session)
        .and_then(|prepared| prepared.answer(&question.row));
    match computed {
        Ok(answer) => (success(&answer), Outcome::Computed),
        Err(err) => (failure(&err), Outcome::Failed),
    }
}

struct Question {
    expr: String,
    columns: Vec<ExpressionColumn>,
    row: Vec<Value>,
}

impl Question {
    fn parse(line: &str, session: &Session) -> Result<Question> {
        let document: Document =
            serde_json::from_str(line).map_err(|err| wrong(format!("no JSON: {err}")))?;
        let Document::Object(members) = document else {
            return Err(wrong("a line is an object with \"expr\""));
        };
        let unknown = members.keys().find(|name| !matches!(name.as_str(), "expr" | "row"));
        if let Some(name) = unknown {
            return Err(wrong(format!("\"{name}\" is neither \"expr\" nor \"row\"")));
        }
        let Some(Document::String(expr)) = members.get("expr") else {
            return Err(wrong("\"expr\" is missing, or no string"));
        };
        let (mut columns, mut row) = (Vec::new(), Vec::new());
        match members.get("row") {
            None | Some(Document::Null) => {}
            Some(Document::Object(cells)) => {
                for (name, cell) in cells {
                    let (column, value) = column(name, cell, session)
                        .map_err(|err| err.context(format_args!("column {name}")))?;
                    columns.push(column);
                    row.push(value);
                }
            }
            Some(_) => return Err(wrong("\"row\" is no object")),
        }
        Ok(Question { expr: expr.clone(), columns, row })
    }
}

/// Reads a cell: a value, or an object with its type.
fn column(name: &str, cell: &Document, session: &Session) -> Result<(ExpressionColumn, Value)> {
    let (definition, value) = match cell {
        Document::Object(members) if members.contains_key("type") => {
            let Some(Document::String(definition)) = members.get("type") else {
                return Err(wrong("\"type\" is no string"));
            };
            (definition.clone(), members.get("value").unwrap_or(&Document::Null))
        }
        other => (definition_of(other), other),
    };
    let column = ExpressionColumn::of_definition(name, &definition, session)?;
    let json = column.field.typ == Type::JSON;
    let given = match value {
        Document::Null => Given::Null,
        Document::Bool(truth) if !json => Given::Text(u8::from(*truth).to_string()),
        Document::String(text) => Given::Text(text.clone()),
        Document::Object(members) if !json => {
            let digits = match members.get("hex") {
                Some(Document::String(digits)) if members.len() == 1 => bytes_of(digits),
                _ => None,
            };
            Given::Bytes(digits.ok_or_else(|| wrong(format!("{value} is no {definition}")))?)
        }
        other => Given::Text(other.to_string()),
    };
    let value = column.given(&given)?;
    Ok((column, value))
}

/// Returns the bytes of hexadecimal digits.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        digits.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Returns the type that a bare value has.
fn definition_of(value: &Document) -> String {
    match value {
        Document::Null | Document::Bool(_) => "BIGINT".to_owned(),
        Document::Number(number) if number.is_u64() && !number.is_i64() => {
            "BIGINT UNSIGNED".to_owned()
        }
        Document::Number(number) if number.is_i64() => "BIGINT".to_owned(),
        Document::Number(_) => "DOUBLE".to_owned(),
        Document::String(text) => format!("VARCHAR({})", text.chars().count().max(1)),
        Document::Array(_) | Document::Object(_) => "JSON".to_owned(),
    }
}

fn success(answer: &ExpressionAnswer) -> Document {
    let warnings: Vec<Document> = answer
        .warnings
        .iter()
        .map(|warning| {
            json!({
                "level": warning.level.name(),
                "code": warning.errno,
                "message": &*warning.message,
            })
        })
        .collect();
    let kind = &answer.kind;
    let mut members = Map::new();
    members.insert("ok".to_owned(), true.into());
    members.insert("value".to_owned(), value(answer.text.as_deref(), kind));
    members.insert("type".to_owned(), type_name(kind).into());
    members.insert("length".to_owned(), kind.length.into());
    members.insert("decimals".to_owned(), kind.decimals.into());
    members.insert("collation".to_owned(), kind.collation.name().unwrap_or("binary").into());
    members.insert("flags".to_owned(), flags(kind));
    members.insert("warnings".to_owned(), warnings.into());
    members.insert("error".to_owned(), Document::Null);
    Document::Object(members)
}

fn failure(err: &Error) -> Document {
    json!({
        "ok": false,
        "value": null,
        "type": null,
        "collation": null,
        "flags": [],
        "warnings": [],
        "error": {
            "code": err.errno(),
            "state": String::from_utf8_lossy(&err.sql_state()),
            "message": err.message(),
        },
    })
}

/// Text as a string; bytes that are none as `{"hex": "..."}`.
fn value(text: Option<&[u8]>, kind: &Kind) -> Document {
    let Some(bytes) = text else { return Document::Null };
    let charset = kind.collation.charset().map(|charset| charset.name());
    let utf8 = kind.collation == Collation::BINARY
        || matches!(charset, None | Some("utf8mb4" | "utf8mb3" | "ascii"))
        || bytes.is_ascii();
    match std::str::from_utf8(bytes) {
        Ok(text) if utf8 => text.into(),
        _ => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "hex": hex })
        }
    }
}

/// Returns the type's name without what the flags tell.
fn type_name(kind: &Kind) -> &'static str {
    match kind.typ {
        Type::NULL_TYPE => "NULL",
        Type::INT8 | Type::UINT8 => "TINYINT",
        Type::INT16 | Type::UINT16 => "SMALLINT",
        Type::INT24 | Type::UINT24 => "MEDIUMINT",
        Type::INT32 | Type::UINT32 => "INT",
        Type::INT64 | Type::UINT64 => "BIGINT",
        Type::FLOAT32 => "FLOAT",
        Type::FLOAT64 => "DOUBLE",
        Type::HEXNUM | Type::HEXVAL | Type::BITNUM => "VARBINARY",
        typ => typ.name(),
    }
}

fn flags(kind: &Kind) -> Document {
    let mut flags = Vec::new();
    if !kind.nullable {
        flags.push("NOT_NULL");
    }
    if kind.unsigned || kind.typ.is_unsigned() {
        flags.push("UNSIGNED");
    }
    flags.into()
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}
