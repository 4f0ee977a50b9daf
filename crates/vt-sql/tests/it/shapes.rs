//! What the fingerprint promises: one shape, one tree up to bound literals; and texts with binds
//! that read back as the statement.

use proptest::prelude::*;
use vt_sql::{
    Arena, Modes, Print, Printer,
    ast::LiteralKind,
    fingerprint::{BindStyle, Fingerprint, fingerprint},
    parse, to_sql,
};

use crate::{corpus::statements, ordinals::Values};

/// Other literals of the same kind.
fn other(kind: LiteralKind, seed: u32) -> String {
    match kind {
        LiteralKind::Int => format!("{}", seed % 100_000),
        LiteralKind::Decimal => format!("{seed}.5"),
        LiteralKind::Float => format!("{seed}e2"),
        LiteralKind::Str => format!("'o{seed}'"),
        LiteralKind::NationalStr => format!("N'o{seed}'"),
        LiteralKind::Hex => format!("x'{seed:08x}'"),
        LiteralKind::Bit => format!("b'{seed:b}'"),
    }
}

/// Replaces literals: the bound ones, or one that is kept.
fn replace(sql: &str, print: &Fingerprint, mut choose: impl FnMut(usize) -> Option<u32>) -> String {
    let mut text = String::new();
    let mut done = 0;
    for (index, literal) in print.literals.iter().enumerate() {
        let Some(seed) = choose(index) else { continue };
        text.push_str(&sql[done..literal.start as usize]);
        let new = other(literal.kind, seed);
        let list = if literal.list { format!("({new}, {new})") } else { new };
        // Where a literal ran into what is around it, another may not.
        text.push_str(&format!(" {list} "));
        done = literal.end as usize;
    }
    text.push_str(&sql[done..]);
    text
}

/// Prints a tree with the literals of `print` in place of its binds.
fn with_values(sql: &str, print: &Fingerprint, bound: &str) -> Result<String, String> {
    let arena = Arena::new();
    let statement =
        parse(&arena, bound, Modes::default()).map_err(|err| format!("{bound}\n{err}"))?;
    let values = Values { sql, print };
    let mut printer = Printer::with_hooks(&values);
    statement.print(&mut printer);
    Ok(printer.out)
}

/// Checks everything for one statement; returns how many literals were bound.
fn check(sql: &str, seed: u32) -> usize {
    let modes = Modes::default();
    let arena = Arena::new();
    let Ok(statement) = parse(&arena, sql, modes) else { return 0 };
    let Some(print) = fingerprint(sql, modes) else { return 0 };
    let bound = print.literals.iter().filter(|literal| literal.bound).count();
    let named = print.text(sql, modes, BindStyle::Named);
    if bound > 0 {
        let printed = with_values(sql, &print, &named).expect("the text with binds");
        assert_eq!(printed, to_sql(&statement), "{sql}\n{named}");
        let question = print.text(sql, modes, BindStyle::Question);
        assert!(parse(&arena, &question, modes).is_ok(), "{question}");
    }
    // Other values, in other space: the same shape, and the same tree but for them.
    let changed =
        replace(sql, &print, |index| print.literals[index].bound.then_some(seed + index as u32));
    let spelled = print.literals.iter().all(|literal| !literal.bound) || changed == sql;
    if let (Some(other), false) = (fingerprint(&changed, modes), spelled) {
        let is_selected = sql.to_ascii_lowercase().contains("select");
        // In a select list blanks count, and some literals' blanks are in one.
        if !is_selected {
            assert_eq!(other.hash, print.hash, "{sql}\n{changed}");
        }
        if other.hash == print.hash {
            let other_arena = Arena::new();
            let tree = parse(&other_arena, &changed, modes).expect("the changed text");
            let back =
                with_values(&changed, &other, &other.text(&changed, modes, BindStyle::Named));
            assert_eq!(back.expect("the other text with binds"), to_sql(&tree));
            // Without the values the two are one.
            let template = |sql: &str, print: &Fingerprint| {
                let arena = Arena::new();
                let text = print.text(sql, modes, BindStyle::Named);
                to_sql(&parse(&arena, &text, modes).expect("a text with binds"))
            };
            assert_eq!(template(sql, &print), template(&changed, &other));
        }
    }
    // Another value of a literal that is kept is another shape.
    for (kept, literal) in print.literals.iter().enumerate().filter(|(_, one)| !one.bound) {
        let one = replace(sql, &print, |index| (index == kept).then_some(seed + 77_777));
        if sql[literal.start as usize..literal.end as usize] != other(literal.kind, seed + 77_777) {
            assert_ne!(fingerprint(&one, modes).map(|other| other.hash), Some(print.hash), "{one}");
        }
    }
    bound
}

#[test]
fn shapes_hold_over_the_corpus() {
    let bound: usize = statements().iter().map(|sql| check(sql, 4_000)).sum();
    assert!(bound > 60, "only {bound} literals were bound");
}

#[test]
fn shapes_hold_where_literals_mean_more() {
    for sql in [
        "select 1, a + 2, a + 3 as x, 'y' 'z' from t where b = 4 order by 5",
        "select a + 1 as x, count(*) from t where b = 2 group by a + 1 having a + 1 > 3",
        "select sum(a) over (order by b rows 3 preceding) as s from t where c = 1 limit 2, 3",
        "select group_concat(a order by 1 separator '-') as g from t where b in (1, 2, 3)",
        "select * from json_table('[1]', '$[*]' columns (a int path '$.a' default '1' on empty)) j where 1",
        "select json_value(a, '$.x' returning decimal(4, 2)) as v from t where b = 'c'",
        "select (select 5 from u where v = 6) as x, (select 7) from t where exists (select 8)",
        "insert into t (a, b) select 1, c + 2 from u where d = 3 on duplicate key update a = 4",
        "insert into t values (1, 'a'), (2, 'b'), (default, null) on duplicate key update a = values(a) + 1, b = values(b)",
        "insert into t value (1, 2), (3, 4)",
        "replace into t set a = 1, b = 'x'",
        "update t set a = a + 1, b = 'x' where c between 2 and 3 order by d + 4 limit 5",
        "delete from t where a in ('x', 'y') and b <=> 3 limit 4",
        "with recursive c as (select 1 as n union all select n + 1 from c where n < 5) select * from c where n > 2",
        "select a from t where b = date '2026-01-01' and c > {d '2026-01-01'} and e = _utf8mb4'x' and f = n'y'",
        "select a from t where b + interval 5 day > now(3) and cast(c as char(4)) = 'x'",
        "values row(1, 'a'), row(2, 'b') order by 1 limit 3",
        "(select 1 as a) union (select 2) order by 1 limit 4",
        "select trim(leading 'x' from a) as b, substring(a from 2 for 3) as c from t where position('x' in (a)) = 4",
        "select case a when 1 then 'x' else 'y' end as c from t where a = case b when 2 then 3 end",
        "select value, a from t where value = 1",
        "select 5 limit 1",
    ] {
        check(sql, 5_000);
    }
}

/// A literal's text.
fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u32>().prop_map(|n| n.to_string()),
        "[a-z'%]{0,5}".prop_map(|s| format!("'{}'", s.replace('\'', "''"))),
        Just("1.25".to_owned()),
        Just("x'4d'".to_owned()),
    ]
}

/// Something that may stand in any clause, with literals in it.
fn operand() -> impl Strategy<Value = String> {
    prop_oneof![
        literal(),
        Just("a".to_owned()),
        literal().prop_map(|one| format!("a+{one}")),
        (literal(), literal()).prop_map(|(one, two)| format!("f({one},{two})")),
        (literal(), literal()).prop_map(|(one, two)| format!("a in({one},{two})")),
        literal().prop_map(|one| format!("(select b from u where c={one})")),
        literal().prop_map(|one| format!("(select {one} as d from u)")),
        literal().prop_map(|one| format!("cast({one} as char(3))")),
        literal().prop_map(|one| format!("case when a={one}then a else now(3) end")),
    ]
}

fn statement() -> impl Strategy<Value = String> {
    let list = |name: &'static str| {
        (operand(), any::<bool>()).prop_map(move |(operand, alias)| {
            if alias { format!("{operand} as {name}") } else { operand }
        })
    };
    let optional = |word: &'static str| {
        (operand(), any::<bool>()).prop_map(move |(operand, said)| {
            if said { format!(" {word} {operand}") } else { String::new() }
        })
    };
    let select = (
        (list("x"), list("y")),
        optional("where"),
        optional("group by"),
        optional("having"),
        optional("order by"),
    )
        .prop_map(|((x, y), filter, group, having, order)| {
            format!("select {x}, {y} from t{filter}{group}{having}{order} limit 7")
        })
        .boxed();
    prop_oneof![
        select.clone(),
        (select.clone(), optional("where"))
            .prop_map(|(inner, filter)| format!("select * from ({inner}) as d{filter}")),
        select.clone().prop_map(|select| format!("insert into t {select}")),
        prop::collection::vec((literal(), operand()), 1..4).prop_map(|rows| {
            let rows: Vec<_> = rows.iter().map(|(one, two)| format!("({one},{two})")).collect();
            format!("insert into t values {}", rows.join(","))
        }),
        (operand(), optional("where"))
            .prop_map(|(value, filter)| format!("update t set a={value}{filter} limit 3")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn shapes_hold_for_generated_statements(sql in statement(), seed in 2_000_000_000_u32..4_000_000_000) {
        check(&sql, seed);
    }
}
