//! Which statements have one shape.

use std::borrow::Cow;

use super::{LiteralValue, Value, fingerprint, literal_value};
use crate::{Modes, ast::LiteralKind};

fn hash(sql: &str) -> u128 {
    fingerprint(sql, Modes::default()).expect(sql).hash
}

fn same(one: &str, other: &str) {
    assert_eq!(hash(one), hash(other), "{one}\n{other}");
}

fn differ(one: &str, other: &str) {
    assert_ne!(hash(one), hash(other), "{one}\n{other}");
}

#[test]
fn literals_blanks_comments_and_case_of_keywords_do_not_count() {
    same("select a from t where b = 1", "SELECT a FROM t\n WHERE b=2 -- x");
    same("select a from t where b = 'x'", "select a from t /* y */ where b = 'longer' 'still';");
    same("select a from t where b in (1, 2)", "select a from t where b in (1,2,3,-4)");
    same("update t set a = 1", "update t  set a = 222");
}

#[test]
fn kinds_names_and_meaningful_comments_count() {
    differ("select a from t where b = 1", "select a from t where b = '1'");
    differ("select a from t where b = 1", "select a from t where b = 1.0");
    differ("select a from t where b = 1", "select a from t where c = 1");
    differ("select a from t where b in (1)", "select a from t where b in (1, a)");
    differ("select a from t where b in (1)", "select a from t where b in ('1')");
    differ("select a from T", "select a from t");
    differ("select /*vt+ A=1 */ a from t", "select /*vt+ A=2 */ a from t");
    differ("select /*+ X(1) */ a from t", "select a from t");
    differ("select a from t /*!80000 where b */", "select a from t");
    differ("select a from t where b = ?", "select a from t where b = :v1");
    differ("select a b from t", "select ab from t");
    differ("select a from t where `select` = 1", "select a from t where `selec` = 1");
}

#[test]
fn spelling_counts_where_it_names_a_column() {
    differ("select a+b from t", "select a + b from t");
    differ("select COUNT(*) from t", "select count(*) from t");
    differ("select a AND b from t", "select a and b from t");
    differ("select (select a+b from u) from t", "select (select a +b from u) from t");
    differ("select (select a from u), b+c from t", "select (select a from u), b +c from t");
    same("select  a ,b from t where a+b", "select a, b from t where a + b");
}

#[test]
fn modes_count() {
    let ansi = Modes { ansi_quotes: true, ..Modes::default() };
    let sql = "select a from t where b = \"x\"";
    let print = fingerprint(sql, ansi).expect("sql");
    assert!(print.literals.is_empty());
    assert_ne!(print.hash, hash(sql));
}

#[test]
fn what_is_no_single_statement_has_no_print() {
    for sql in ["select 'a", "select 1; select 2", "select /* x", "select `a", "select \u{1}"] {
        assert_eq!(fingerprint(sql, Modes::default()), None, "{sql}");
    }
    assert!(fingerprint("", Modes::default()).is_some());
}

#[test]
fn long_statements_differ_beyond_the_first_buffer() {
    let head = "select a from t where ".to_owned() + &"column_name = 1 and ".repeat(100);
    differ(&(head.clone() + "x = 1"), &(head.clone() + "y = 1"));
    same(&(head.clone() + "x = 1"), &(head + "x =   33"));
}

#[test]
fn values_come_from_the_text() {
    let sql = r"select a from t where b = 'it''s\n' and c in (1, -2.5, x'4d') and d = 0x041 and e = N'n' 'm'";
    let print = fingerprint(sql, Modes::default()).expect("sql");
    let values: Vec<Value<'_>> =
        print.literals.iter().map(|span| literal_value(sql, span, Modes::default())).collect();
    let one = |kind, bytes: &'static [u8]| LiteralValue { kind, bytes: Cow::Borrowed(bytes) };
    assert_eq!(
        values,
        [
            Value::One(one(LiteralKind::Str, b"it's\n")),
            Value::List(vec![
                one(LiteralKind::Int, b"1"),
                one(LiteralKind::Decimal, b"-2.5"),
                one(LiteralKind::Hex, b"M"),
            ]),
            Value::One(one(LiteralKind::Hex, b"\x00\x41")),
            Value::One(one(LiteralKind::NationalStr, b"nm")),
        ]
    );
}
