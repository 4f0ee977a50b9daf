use vt_eval::Session;

use super::{Outcome, jsonl};

/// Checks the answer to a line, as text.
fn check(line: &str, outcome: Outcome, parts: &[&str]) {
    let (document, seen) = jsonl::respond(line, &Session::default());
    let text = document.to_string();
    assert_eq!(seen, outcome, "{line}: {text}");
    for part in parts {
        assert!(text.contains(part), "{line}: no {part} in {text}");
    }
}

#[test]
fn a_line_is_answered_with_value_type_and_warnings() {
    check(
        r#"{"expr": "1 + 1"}"#,
        Outcome::Computed,
        &[r#""ok":true,"value":"2","type":"BIGINT""#, r#""flags":["NOT_NULL"]"#],
    );
    check(
        r#"{"expr": "'3x' + 1"}"#,
        Outcome::Computed,
        &[r#""value":"4""#, r#"{"level":"Warning","code":1292,"#],
    );
    check(r#"{"expr": "NULL"}"#, Outcome::Computed, &[r#""value":null,"type":"NULL""#]);
    check(r#"{"expr": "x'ff'"}"#, Outcome::Computed, &[r#""value":{"hex":"ff"}"#]);
}

#[test]
fn a_row_gives_columns_with_and_without_types() {
    check(
        r#"{"expr": "a * 2", "row": {"a": {"type": "DECIMAL(10,2)", "value": "1.50"}}}"#,
        Outcome::Computed,
        &[r#""value":"3.00","type":"DECIMAL""#],
    );
    check(
        r#"{"expr": "concat(s, n)", "row": {"s": "x", "n": 7}}"#,
        Outcome::Computed,
        &[r#""value":"x7""#],
    );
    check(
        r#"{"expr": "a", "row": {"a": {"type": "DATE", "value": "never"}}}"#,
        Outcome::Unreadable,
        &["column a", "is no DATE"],
    );
}

#[test]
fn errors_are_told_with_mysqls_number() {
    check(
        r#"{"expr": "9223372036854775807 + 1"}"#,
        Outcome::Failed,
        &[r#""ok":false"#, r#""code":1690,"state":"22003""#],
    );
    check(r#"{"expr": "1 +"}"#, Outcome::Failed, &[r#""code":1064"#]);
    check(r#"{"expr": 1}"#, Outcome::Unreadable, &["\\\"expr\\\" is missing"]);
    check("[1]", Outcome::Unreadable, &["a line is an object"]);
    check(r#"{"expr": "1", "rows": []}"#, Outcome::Unreadable, &["is neither"]);
}
