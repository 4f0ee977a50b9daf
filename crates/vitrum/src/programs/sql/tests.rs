use serde_json::{Value, json};
use vt_collation::Charset;
use vt_sql::{Arena, Modes};

use super::input::Source;
use super::stats::Stats;
use super::{Outcome, Reading, Run, is_mode};

/// Runs over an input; returns the answers, and how it ended.
fn answers(input: &'static [u8], reading: &Reading) -> (Vec<Value>, Outcome, String) {
    let mut run = Run {
        reading,
        arena: Arena::new(),
        stats: Stats::default(),
        out: Vec::new(),
        worst: Outcome::Taken,
    };
    if run.source(Source::of(input)).is_err() {
        run.worst = Outcome::Unreadable;
    }
    let text = String::from_utf8(run.out).expect("answers are text");
    let answers = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    (answers, run.worst, run.stats.to_string())
}

fn script() -> Reading {
    Reading { is_jsonl: false, modes: Modes::default(), charset: Charset::Utf8mb4 }
}

fn lines() -> Reading {
    Reading { is_jsonl: true, ..script() }
}

#[test]
fn a_statement_is_answered_with_all_that_is_known_of_it() {
    let (answers, outcome, _) =
        answers(b"SELECT a FROM ks.t WHERE b = 'x' AND c IN (1, -2) LIMIT 3;", &script());
    assert_eq!(outcome, Outcome::Taken);
    let [answer] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["error"], Value::Null);
    assert_eq!(answer["kind"], "SELECT");
    assert_eq!(answer["canonical"], "select a from ks.t where b = 'x' and c in (1, -2) limit 3");
    assert_eq!(answer["text"], "SELECT a FROM ks.t WHERE b = ? AND c IN (?, ?) LIMIT ?");
    assert_eq!(answer["fingerprint"].as_str().map(str::len), Some(32));
    assert_eq!(answer["tables"], json!(["ks.t"]));
    assert_eq!(
        answer["binds"],
        json!([
            {"name": "vtg1", "position": 30, "end": 33, "type": "STRING", "value": "x"},
            {"name": "vtg2", "position": 43, "end": 50, "type": "TUPLE", "value": [
                {"type": "INT", "value": "1"}, {"type": "INT", "value": "-2"}]},
            {"name": "vtg3", "position": 57, "end": 58, "type": "INT", "value": "3"},
        ])
    );
}

#[test]
fn a_fault_has_mysqls_error_and_its_place() {
    let (answers, outcome, _) = answers(b"select 1; selec 2; select 3 from;", &script());
    assert_eq!(outcome, Outcome::Refused);
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["ok"], true);
    let error = &answers[1]["error"];
    assert_eq!((&error["code"], &error["sqlstate"]), (&json!(1064), &json!("42000")));
    assert_eq!(error["position"], 1);
    assert_eq!(answers[1]["kind"], "UNKNOWN");
    assert_eq!(answers[2]["error"]["position"], 14);
}

#[test]
fn scripts_have_delimiters_and_programs() {
    let script_text = b"delimiter //\ncreate procedure p() begin select 1; end//\ndelimiter ;\n\
        with c as (select a from t) select * from c, u, T;";
    let (answers, outcome, _) = answers(script_text, &script());
    assert_eq!(outcome, Outcome::Taken);
    assert_eq!(answers[0]["kind"], "DDL");
    assert_eq!(answers[1]["tables"], json!(["T", "t", "u"]));
}

#[test]
fn lines_of_json_are_read_and_bad_ones_answered() {
    let input = b"{\"sql\": \"select 1\", \"id\": 7}\n\n{\"sql\": 5}\nnonsense\n{\"sq\": \"\"}\n\
        {\"sql\": \"select '\xff'\"}\n{\"sql\": \"select\\n2\"}\n[1]\n{\"sql\": \"\"}";
    let (answers, outcome, _) = answers(input, &lines());
    assert_eq!(outcome, Outcome::Unreadable);
    let taken: Vec<_> = answers.iter().map(|answer| answer["ok"] == true).collect();
    assert_eq!(taken, [true, false, false, false, false, true, false, false]);
    assert_eq!(answers[4]["error"]["code"], 1300);
    assert_eq!(answers[7]["error"]["code"], 1065);
}

#[test]
fn bytes_that_are_no_text_spoil_only_their_statement() {
    let (answers, outcome, _) = answers(b"select 1; select '\xff'; select '\xc3\xa9'", &script());
    assert_eq!(outcome, Outcome::Refused);
    let taken: Vec<_> = answers.iter().map(|answer| answer["ok"] == true).collect();
    assert_eq!(taken, [true, false, true]);
    assert_eq!(answers[1]["error"]["sqlstate"], "HY000");
}

#[test]
fn charset_version_and_modes_change_what_is_read() {
    let latin1 = Reading { charset: Charset::from_name("latin1").expect("latin1"), ..script() };
    let (answers_latin1, _, _) = answers(b"select '\xe9' as x", &latin1);
    assert_eq!(answers_latin1[0]["canonical"], "select 'é' as x from dual");
    let sql = b"select /*!90000 a, */ b from t where c = \"d\"";
    let (old, _, _) = answers(sql, &script());
    assert_eq!(old[0]["canonical"], "select b from t where c = 'd'");
    let modes = Modes::from_sql_mode("ANSI_QUOTES").with_version("9.1.0").expect("a version");
    let (new, _, _) = answers(sql, &Reading { modes, ..script() });
    assert_eq!(new[0]["canonical"], "select a, b from t where c = d");
    assert!(is_mode("ansi_quotes") && !is_mode("ansi_quote"));
    assert_eq!(Modes::default().with_version("x"), None);
}

#[test]
fn statistics_count_by_kind() {
    let (_, _, stats) =
        answers(b"select 1; select 2; insert into t values (1); nonsense", &script());
    for line in ["statements: 3 taken, 1 refused", "  INSERT: 1", "  SELECT: 2"] {
        assert!(stats.lines().any(|one| one == line), "{stats}");
    }
}
