//! Columns of results are named as MySQL names them.

use vt_sql::{
    Arena, Modes,
    ast::{QueryBody, SelectItem, Statement},
    parse,
};

fn names(sql: &str) -> Vec<String> {
    let arena = Arena::new();
    let statement = parse(&arena, sql, Modes::default()).expect(sql);
    let Statement::Query(query) = statement else { panic!("{sql}") };
    let QueryBody::Select(select) = query.body else { panic!("{sql}") };
    let name = |item: &SelectItem<'_>| match item {
        SelectItem::Expr(item) => item.name.to_owned(),
        _ => "*".to_owned(),
    };
    select.items.iter().map(name).collect()
}

#[test]
fn names_are_mysqls() {
    for (sql, expected) in [
        ("select a, t.b, ks.t.`c d`, e as f, g 'h i' from t", vec!["a", "b", "c d", "f", "h i"]),
        ("select a+b,  a  +  b , (a), (a + b)", vec!["a+b", "a  +  b", "a", "(a + b)"]),
        ("select COUNT(*), Max( a ), now ()", vec!["COUNT(*)", "Max( a )", "now ()"]),
        (
            "select 1, 1.50, -1, 0x4D, 'it''s', \" x\", null, TRUE, (2)",
            vec!["1", "1.50", "-1", "0x4D", "it's", "x", "NULL", "TRUE", "2"],
        ),
        (
            "select _utf8mb4'abc', n'abc', +5, 'a' 'b', @a, @@version",
            vec!["abc", "abc", "5", "a", "@a", "@@version"],
        ),
        ("select a /* x */ + b, (select 1) from t", vec!["a /* x */ + b", "(select 1)"]),
        ("select *", vec!["*"]),
    ] {
        assert_eq!(names(sql), expected, "{sql}");
    }
    let long = format!("select concat('{}')", "x".repeat(400));
    assert_eq!(names(&long)[0].len(), 255);
}
