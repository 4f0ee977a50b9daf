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
fn rows_have_values_of_every_type() {
    for (typ, value, expr, want) in [
        ("ENUM('a','b')", r#""b""#, "a + 0", r#""value":"2""#),
        ("SET('x','y')", r#""y,x""#, "a", r#""value":"x,y","type":"SET""#),
        ("BIT(10)", "513", "a + 0", r#""value":"513""#),
        ("VECTOR(2)", "[1, 2.5]", "vector_dim(a)", r#""value":"2""#),
        ("POINT", r#""POINT(1 2)""#, "st_x(a)", r#""value":"1""#),
        ("VARBINARY(2)", r#"{"hex": "00ff"}"#, "hex(a)", r#""value":"00FF""#),
        ("DATETIME(1)", r#""0000-00-00""#, "a", r#""value":"0000-00-00 00:00:00.0""#),
    ] {
        let line = format!(
            r#"{{"expr": "{expr}", "row": {{"a": {{"type": "{typ}", "value": {value}}}}}}}"#
        );
        check(&line, Outcome::Computed, &[want]);
    }
    for (typ, value) in [
        ("TINYINT", "1000"),
        ("INT NOT NULL", "null"),
        ("VARCHAR(1)", r#""ab""#),
        ("VARBINARY(4)", r#"{"hex": "0"}"#),
        ("VARBINARY(4)", r#"{"hexes": "00"}"#),
    ] {
        let line =
            format!(r#"{{"expr": "a", "row": {{"a": {{"type": "{typ}", "value": {value}}}}}}}"#);
        check(&line, Outcome::Unreadable, &["column a"]);
    }
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
