//! Which literals are bound.

use super::{frozen_literals, frozen_match, normalize};
use crate::{Arena, Modes, fingerprint::fingerprint, parse, to_sql};

/// Checks the normalized text and the texts of the frozen literals.
fn check(sql: &str, expected: &str, frozen: &[&str]) {
    let arena = Arena::new();
    let statement = parse(&arena, sql, Modes::default()).expect(sql);
    let print = fingerprint(sql, Modes::default()).expect(sql);
    let normalized = normalize(&arena, &statement);
    assert_eq!(to_sql(&normalized.statement), expected);
    let literals = frozen_literals(sql, &print, &normalized);
    let texts: Vec<_> = literals.iter().map(|l| String::from_utf8_lossy(&l.text)).collect();
    assert_eq!(texts, frozen, "frozen in {sql}");
    assert!(frozen_match(sql, &print, &literals));
}

#[test]
fn conditions_values_and_limits_are_bound() {
    check(
        "select a from t where b = 1 and c in (1, -2) and d like 'x%' limit 5, 10",
        "select a from t where b = :vtg1 and c in ::vtg2 and d like :vtg3 limit :vtg4, :vtg5",
        &[],
    );
    check(
        "insert into t(a, b) values (1, 'x'), (2, null) on duplicate key update a = 3",
        "insert into t(a, b) values (:vtg1, :vtg2), (:vtg3, null) \
         on duplicate key update a = :vtg4",
        &[],
    );
    check(
        "update t set a = a + 1 where b = -1",
        "update t set a = a + :vtg1 where b = -:vtg2",
        &[],
    );
    check("delete from t where a in (1)", "delete from t where a in ::vtg1", &[]);
}

#[test]
fn names_and_positions_stay() {
    check(
        "select 1, a + 2, a + 3 as x from t where y = 4 order by 2",
        "select 1, a + 2, a + :vtg3 as x from t where y = :vtg4 order by 2 asc",
        &["1", "2", "2"],
    );
    check(
        "select a, count(*) as n from t where x = 1 group by 1 having count(*) > 2",
        "select a, count(*) as n from t where x = :vtg1 group by 1 having count(*) > :vtg3",
        &["1"],
    );
    check(
        "select a + 1 as x from t where b = 2 group by a + 1 having a + 1 > 3",
        "select a + 1 as x from t where b = :vtg2 group by a + 1 having a + 1 > 3",
        &["1", "1", "1", "3"],
    );
    check(
        "select f(a, 1) as x from t where b = 2 order by f(a, 1)",
        "select f(a, 1) as x from t where b = :vtg2 order by f(a, 1) asc",
        &["1", "1"],
    );
    check(
        "select * from (select 1 union select 2) as t where 3",
        "select * from (select 1 from dual union select 2 from dual) as t where :vtg3",
        &["1", "2"],
    );
}

#[test]
fn what_an_insert_reads_needs_no_names() {
    check(
        "insert into t(a, b) select 1, x from (select 2 from u) as d where y = 3",
        "insert into t(a, b) select :vtg1, x from (select 2 from u) as d where y = :vtg3",
        &["2"],
    );
}

#[test]
fn literals_that_mysql_wants_written_stay() {
    check(
        "select a from t where a = N'x' and b = cast('1' as char(5)) and c > now(6) \
         and d->'$.x' = 2 and e like 'x' escape '!'",
        "select a from t where a = N'x' and b = cast(:vtg2 as char(5)) and c > now(6) \
         and d -> '$.x' = :vtg6 and e like :vtg7 escape '!'",
        &["N'x'", "5", "6", "'$.x'", "'!'"],
    );
    check("set a = 1", "set @@a = 1", &["1"]);
}

#[test]
fn other_frozen_literals_do_not_match() {
    let arena = Arena::new();
    let sql = "select a from t where table_schema = 'x' and b = 2";
    let statement = parse(&arena, sql, Modes::default()).expect("sql");
    let print = fingerprint(sql, Modes::default()).expect("sql");
    let frozen = frozen_literals(sql, &print, &normalize(&arena, &statement));
    for (other, matches) in [
        ("select a from t where table_schema = 'x' and b = 3", true),
        ("select a from t where table_schema = 'y' and b = 2", false),
    ] {
        let other_print = fingerprint(other, Modes::default()).expect("sql");
        assert_eq!(other_print.hash, print.hash);
        assert_eq!(frozen_match(other, &other_print, &frozen), matches, "{other}");
    }
}
