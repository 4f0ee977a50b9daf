//! Which statements have one shape.

use std::borrow::Cow;

use super::{BindStyle, LiteralValue, Value, fingerprint, literal_value};
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
fn literals_that_mean_more_than_their_value_count() {
    differ("select a from t order by 1", "select a from t order by 2");
    differ("select a from t group by 1", "select a from t group by 2");
    differ("select 1 from t", "select 2 from t");
    differ("select a, b + 1 from t", "select a, b + 2 from t");
    differ("select now(3) from t", "select now(6) from t");
    differ(
        "select a from t where b = cast(c as char(3))",
        "select a from t where b = cast(c as char(4))",
    );
    differ("select a from t where b->'$.x' = 1", "select a from t where b->'$.y' = 1");
    differ("select a from t where b = _utf8mb4'x'", "select a from t where b = _utf8mb4'y'");
    differ(
        "select a from t where b = date '2026-01-01'",
        "select a from t where b = date '2026-01-02'",
    );
    differ(
        "select a from t where b like 'x' escape '!'",
        "select a from t where b like 'x' escape '?'",
    );
    differ("select a as 'x' from t", "select a as 'y' from t");
    differ("set a = 1", "set a = 2");
    differ("select a from t limit 9223372036854775808", "select a from t limit 1");
    differ("select /*!99999 a, */ b from t", "select /*!99999 c, */ b from t");
    differ("select a + 1 as x from t group by a + 1", "select a + 2 as x from t group by a + 1");
    differ(
        "select a + 1 as x from t group by x having a + 1 > 3",
        "select a + 1 as x from t group by x having a + 2 > 3",
    );
    same("select a from t limit 1", "select a from t limit 2");
    same(
        "select * from (select a from t limit 1) as x",
        "select * from (select a from t limit 2) as x",
    );
    same("select a + 1 as x from t", "select a + 2 as x from t");
    same(
        "select (select b from u where c = 1) as x from t",
        "select (select b from u where c = 2) as x from t",
    );
    same("insert into t select 1, a from u", "insert into t select 2, a from u");
    same(
        "select a, count(*) from t group by a having count(*) > 1",
        "select a, count(*) from t group by a having count(*) > 2",
    );
    same("select value, b from t where c = 1", "SELECT value, b FROM t WHERE c = 2");
    same("select distinct a from t", "SELECT DISTINCT a FROM t");
    same("select a from t ", "select a from t;");
    same("select 1", "SELECT 1 ;");
}

#[test]
fn like_rows_fold() {
    same("insert into t values (1, 'a')", "insert into t values (2, 'b'), (3, 'c'), (4, 'd')");
    same("insert into t values (1, now())", "insert into t values (1, now()), (2, now())");
    differ("insert into t values (1, 'a')", "insert into t values (1, 'a'), (2, null)");
    differ("insert into t values (1, a)", "insert into t values (1, a), (1, b)");
    differ("insert into t values (1), (2)", "insert into t values ((1), (2))");
    differ("insert into t values (1)", "insert into t values (1), (2) as new(a)");
    let many = |rows: usize| format!("insert into t values {}", vec!["(1, 'a')"; rows].join(","));
    let (one, three) = (many(1), many(3));
    let (one, three) = (fingerprint(&one, Modes::default()), fingerprint(&three, Modes::default()));
    let (one, three) = (one.expect("one"), three.expect("three"));
    assert_eq!((one.hash, one.folded_rows), (three.hash, 0));
    assert_eq!((three.folded_rows, three.literals.len()), (2, 6));
    assert_ne!(one.plan_key(), three.plan_key());
    let columns = "column_name, ".repeat(60);
    let head = |rows| many(rows).replace("insert into t", &format!("insert into t ({columns} a)"));
    same(&head(1), &head(5));
}

#[test]
fn texts_with_binds_are_ready_to_send() {
    let check = |sql: &str, question: &str, named: &str| {
        let print = fingerprint(sql, Modes::default()).expect(sql);
        assert_eq!(print.text(sql, Modes::default(), BindStyle::Question), question);
        assert_eq!(print.text(sql, Modes::default(), BindStyle::Named), named);
    };
    check(
        "select a from t where b='x'and c in(1,-2) order by 1 limit 5",
        "select a from t where b=?and c in(?, ?) order by 1 limit ?",
        "select a from t where b=:vtg1 and c in::vtg2 order by 1 limit :vtg4",
    );
    check(
        "insert into t values (1, x'4d'), (2, x'4e')",
        "insert into t values (?, x'4d'), (?, x'4e')",
        "insert into t values (:vtg1, :vtg2), (:vtg3, :vtg4)",
    );
    check("set a = 1", "set a = 1", "set a = 1");
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

#[test]
fn parentheses_too_many_end_no_row() {
    for sql in ["insert into t values(),(),()),((),(),(", "insert into t values (1)), (2)), (3"] {
        assert!(fingerprint(sql, Modes::default()).is_some(), "{sql}");
    }
    differ("insert into t values (1), (2))", "insert into t values (1), (2)");
}
