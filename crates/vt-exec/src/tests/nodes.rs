//! Steps on rows, joins, unions, subqueries.

use vt_base::Error;
use vt_eval::{Expr, Func};
use vt_plan::{
    Aggregate, AggregateFunc, AggregateSpec, Join, JoinColumn, JoinKind, Node, Routing, SortKey,
    Subquery, SubqueryKind,
};
use vt_value::{BoundValue, QueryResult, Type, TypedBytes};

use super::fake::{Fake, fields, int, key, lines, plan, result, route, rows, scatter};
use crate::{ShardCall, execute};

const COLUMNS: [(&str, Type); 3] =
    [("g", Type::VARBINARY), ("n", Type::INT64), ("d", Type::DECIMAL)];

fn table(lines: &[&str]) -> Box<Node> {
    let fields = fields(&COLUMNS);
    Box::new(Node::Rows { fields, rows: rows(lines) })
}

async fn run(root: Node) -> Result<QueryResult, Error> {
    let fake = Fake::new(|_| Err(Error::bug("no shard is asked")));
    execute(&plan(root), &fake.ctx()).await
}

async fn run_lines(root: Node) -> Vec<String> {
    lines(&run(root).await.unwrap().rows)
}

fn descending(column: usize) -> SortKey {
    SortKey { descending: true, ..key(column) }
}

#[tokio::test]
async fn limits_skip_and_keep() {
    let input = || table(&["a 1 1.0", "b 2 2.0", "c 3 3.0"]);
    let limit = |count: Option<i64>, offset: Option<i64>| Node::Limit {
        input: input(),
        count: count.map(int),
        offset: offset.map(int),
        counts_all: false,
    };
    assert_eq!(run_lines(limit(Some(2), None)).await, ["a 1 1.0", "b 2 2.0"]);
    assert_eq!(run_lines(limit(Some(1), Some(1))).await, ["b 2 2.0"]);
    assert_eq!(run_lines(limit(None, Some(2))).await, ["c 3 3.0"]);
    assert_eq!(run_lines(limit(Some(5), Some(9))).await, [""; 0]);
    assert_eq!(run_lines(limit(Some(0), None)).await, [""; 0]);
    let error = run(limit(Some(-1), None)).await.unwrap_err();
    assert_eq!(error.message(), "invalid value for LIMIT: INT64(-1)");
}

#[tokio::test]
async fn sorting_is_stable_and_keeps_what_is_asked_for() {
    let input = || table(&["b 2 1.5", "a 10 1.50", "c - -1", "a 2 3"]);
    let sort = |keys: Vec<SortKey>, limit: Option<i64>| Node::Sort {
        input: input(),
        keys,
        limit: limit.map(int),
    };
    assert_eq!(
        run_lines(sort(vec![key(1)], None)).await,
        ["c - -1", "b 2 1.5", "a 2 3", "a 10 1.50"]
    );
    assert_eq!(
        run_lines(sort(vec![descending(2), key(0)], None)).await,
        ["a 2 3", "a 10 1.50", "b 2 1.5", "c - -1"]
    );
    assert_eq!(run_lines(sort(vec![descending(1)], Some(2))).await, ["a 10 1.50", "b 2 1.5"]);
    assert_eq!(run_lines(sort(vec![key(0)], Some(0))).await, [""; 0]);
}

#[tokio::test]
async fn rows_beyond_the_memory_limit_are_not_sorted() {
    let mut fake = Fake::new(|_| Err(Error::bug("no shard is asked")));
    fake.limits.memory_rows = 2;
    let sort = |limit: Option<i64>| {
        plan(Node::Sort {
            input: table(&["a 1 1", "b 2 2", "c 3 3"]),
            keys: vec![key(1)],
            limit: limit.map(int),
        })
    };
    let error = execute(&sort(None), &fake.ctx()).await.unwrap_err();
    assert_eq!(error.message(), "in-memory row count exceeded allowed limit of 2");
    assert_eq!(execute(&sort(Some(1)), &fake.ctx()).await.unwrap().rows.len(), 1);
}

fn aggregate(input: Node, group_by: &[usize], aggregates: Vec<AggregateSpec>) -> Node {
    Node::Aggregate(Box::new(Aggregate {
        input,
        group_by: group_by.iter().map(|column| key(*column)).collect(),
        aggregates,
        ordered: false,
        rollup: false,
    }))
}

fn spec(func: AggregateFunc, column: usize) -> AggregateSpec {
    let made = AggregateSpec::new(func, key(column));
    match func {
        AggregateFunc::CountStar => AggregateSpec { args: Vec::new(), ..made },
        _ => made,
    }
}

/// Counts what shards have counted.
fn sum_counts(column: usize) -> AggregateSpec {
    AggregateSpec {
        parts: true,
        func: AggregateFunc::CountStar,
        ..spec(AggregateFunc::Count, column)
    }
}

#[tokio::test]
async fn groups_have_their_sums_and_extremes() {
    let input = table(&["b 2 1.50", "a 10 0.25", "b - -1.00", "a 2 3.00", "c - -"]);
    let specs = vec![spec(AggregateFunc::Max, 1), spec(AggregateFunc::Sum, 2)];
    let result = run(aggregate(*input, &[0], specs)).await.unwrap();
    assert_eq!(lines(&result.rows), ["b 2 0.50", "a 10 3.25", "c - -"]);
    let types: Vec<Type> = result.fields.iter().map(|field| field.typ).collect();
    assert_eq!(types, [Type::VARBINARY, Type::INT64, Type::DECIMAL]);
}

#[tokio::test]
async fn no_rows_are_one_group_without_group_by_and_none_with_it() {
    let specs = || vec![spec(AggregateFunc::CountStar, 1), spec(AggregateFunc::Sum, 2)];
    let result = run(aggregate(*table(&[]), &[], specs())).await.unwrap();
    assert_eq!(lines(&result.rows), ["- 0 -"]);
    assert!(run_lines(aggregate(*table(&[]), &[0], specs())).await.is_empty());
}

#[tokio::test]
async fn counts_sums_bits_and_concatenation() {
    let columns = [
        ("c", Type::INT64),
        ("s", Type::INT32),
        ("f", Type::FLOAT64),
        ("t", Type::VARCHAR),
        ("b", Type::UINT64),
    ];
    let rows = rows(&["3 7 0.5 x 6", "- - - - 3", "4 -9 2 y 7"]);
    let input = Box::new(Node::Rows { fields: fields(&columns), rows });
    let mut concat = spec(AggregateFunc::GroupConcat, 3);
    concat.separator = Some(Expr::Literal(TypedBytes::new(Type::VARCHAR, "; ")));
    let specs = vec![
        sum_counts(0),
        AggregateSpec { name: "total".into(), ..spec(AggregateFunc::Sum, 1) },
        spec(AggregateFunc::Sum, 2),
        concat,
        spec(AggregateFunc::BitAnd, 4),
    ];
    let result = run(aggregate(*input, &[], specs)).await.unwrap();
    assert_eq!(lines(&result.rows), ["7 -2 2.5 x; y 2"]);
    assert_eq!((&*result.fields[1].name, result.fields[1].typ), ("total", Type::DECIMAL));
    assert_eq!(result.fields[2].typ, Type::FLOAT64);
}

#[tokio::test]
async fn the_least_string_brings_its_weight() {
    let columns = [("m", Type::VARCHAR), ("w", Type::VARBINARY)];
    let rows = rows(&["c 3", "A 1", "b 2", "- -"]);
    let input = Node::Rows { fields: fields(&columns), rows };
    let weighed = SortKey { weight_column: Some(1), ..key(0) };
    let least = |func| AggregateSpec::new(func, weighed.clone());
    let min = aggregate(input.clone(), &[], vec![least(AggregateFunc::Min)]);
    assert_eq!(run_lines(min).await, ["A 1"]);
    let max = aggregate(input, &[], vec![least(AggregateFunc::Max)]);
    assert_eq!(run_lines(max).await, ["c 3"]);
}

#[tokio::test]
async fn distinct_values_count_once() {
    let input = || table(&["b 2 1.50", "b 2 1.5", "b 3 1.500", "b - -"]);
    let distinct = |func, column| AggregateSpec { distinct: true, ..spec(func, column) };
    let counted = aggregate(
        *input(),
        &[0],
        vec![distinct(AggregateFunc::Count, 1), distinct(AggregateFunc::Sum, 2)],
    );
    assert_eq!(run_lines(counted).await, ["b 2 1.50"]);
    let rows = Node::Distinct { input: input(), columns: vec![key(0), key(2)] };
    assert_eq!(run_lines(rows).await, ["b 2 1.50", "b - -"]);
}

#[tokio::test]
async fn a_long_concatenation_is_cut_with_a_warning() {
    let mut fake = Fake::new(|_| Err(Error::bug("no shard is asked")));
    fake.session.group_concat_max_len = 4;
    let fields = fields(&[("t", Type::VARCHAR)]);
    let input = Box::new(Node::Rows { fields, rows: rows(&["ab", "cé"]) });
    let root = aggregate(*input, &[], vec![spec(AggregateFunc::GroupConcat, 0)]);
    let result = execute(&plan(root), &fake.ctx()).await.unwrap();
    assert_eq!(lines(&result.rows), ["ab,c"]);
    assert_eq!(fake.trace(), "warning 1260: Row 2 was cut by GROUP_CONCAT()");
}

#[tokio::test]
async fn rows_are_filtered_computed_and_cut() {
    let input = || table(&["a 1 0.50", "b 2 -", "c 3 2.25"]);
    let filter = Node::Filter {
        input: input(),
        predicate: Expr::Call(Func::Gt, vec![Expr::Column(1), int(1)]),
    };
    assert_eq!(run_lines(filter).await, ["b 2 -", "c 3 2.25"]);
    let mut decimals = fields(&COLUMNS).to_vec();
    decimals[2].decimals = 2;
    let input = Box::new(Node::Rows {
        fields: decimals.into(),
        rows: rows(&["a 1 0.50", "b 2 -", "c 3 2.25"]),
    });
    let project = Node::Project {
        input,
        exprs: vec![Expr::Call(Func::Div, vec![Expr::Column(2), Expr::Column(1)]), Expr::Column(0)],
        names: vec!["avg(d)".into(), "g".into()],
    };
    let result = run(project).await.unwrap();
    assert_eq!(lines(&result.rows), ["0.500000 a", "- b", "0.750000 c"]);
    assert_eq!((&*result.fields[0].name, result.fields[0].typ), ("avg(d)", Type::DECIMAL));
    assert_eq!((result.fields[0].decimals, &*result.fields[1].name), (6, "g"));
    let cut = Node::Truncate { input: table(&["a 1 0.50"]), columns: 2 };
    let result = run(cut).await.unwrap();
    assert_eq!((lines(&result.rows), result.fields.len()), (vec!["a 1".to_owned()], 2));
}

/// `-80` has rows 1 and 2 of the left, `80-` row 3; the right has `x` for 1 and `y`, `z` for 3.
fn join_shards(call: &ShardCall) -> Result<QueryResult, Error> {
    if &*call.sql == "left" {
        let rows: &[&str] = if &*call.shard == "-80" { &["1 a", "2 b"] } else { &["3 c"] };
        return Ok(result(&[("id", Type::INT64), ("l", Type::VARCHAR)], rows));
    }
    let rows: &[&str] = match call.bind_vars.get("id") {
        Some(BoundValue::One(id)) if id == &TypedBytes::int64(1) => &["x"],
        Some(BoundValue::One(id)) if id == &TypedBytes::int64(3) => &["y", "z"],
        _ => &[],
    };
    let rows = if call.sql.ends_with("limit 0") { &[] } else { rows };
    Ok(result(&[("r", Type::VARCHAR)], rows))
}

fn join(kind: JoinKind) -> Node {
    let mut columns = vec![JoinColumn::Left(1)];
    if matches!(kind, JoinKind::Inner | JoinKind::Left) {
        columns.push(JoinColumn::Right(0));
    }
    let right = Node::Route(Box::new(route(Routing::AnyShard, "right")));
    let vars = vec![("id".into(), 0)];
    Node::Join(Box::new(Join { vars, ..Join::new(kind, *scatter("left"), right, columns) }))
}

#[tokio::test]
async fn joins_run_the_right_side_for_rows_of_the_left() {
    for (kind, want) in [
        (JoinKind::Inner, vec!["a x", "c y", "c z"]),
        (JoinKind::Left, vec!["a x", "b -", "c y", "c z"]),
        (JoinKind::Semi, vec!["a", "c"]),
        (JoinKind::Anti, vec!["b"]),
    ] {
        let fake = Fake::new(join_shards);
        let result = execute(&plan(join(kind)), &fake.ctx()).await.unwrap();
        assert_eq!(lines(&result.rows), want, "{kind:?}");
        assert_eq!(result.fields.len(), want[0].split(' ').count(), "{kind:?}");
        assert_eq!(
            fake.trace(),
            "ks/-80 ro: left\nks/80- ro: left\n\
             ks/-80 ro: right {id=1}\nks/-80 ro: right {id=2}\nks/-80 ro: right {id=3}"
        );
    }
}

#[tokio::test]
async fn a_join_asks_once_for_equal_values_and_learns_fields_where_it_has_no_rows() {
    let fake = Fake::new(|call: &ShardCall| match &*call.sql {
        "left" => {
            let rows: &[&str] = if &*call.shard == "-80" { &["1 a", "1 b"] } else { &["1 c"] };
            Ok(result(&[("id", Type::INT64), ("l", Type::VARCHAR)], rows))
        }
        _ => join_shards(call),
    });
    let result_ = execute(&plan(join(JoinKind::Inner)), &fake.ctx()).await.unwrap();
    assert_eq!(lines(&result_.rows), ["a x", "b x", "c x"]);
    assert_eq!(fake.trace().matches("right").count(), 1);

    let empty = Fake::new(|call: &ShardCall| match &*call.sql {
        "left" => Ok(result(&[("id", Type::INT64), ("l", Type::VARCHAR)], &[])),
        _ => join_shards(call),
    });
    let result_ = execute(&plan(join(JoinKind::Left)), &empty.ctx()).await.unwrap();
    assert_eq!(result_.fields, fields(&[("l", Type::VARCHAR), ("r", Type::VARCHAR)]));
    assert!(empty.trace().ends_with("ks/-80 ro: right limit 0 {id=null}"));
}

#[tokio::test]
async fn unions_append_and_agree_on_types() {
    let part =
        |typ: Type, line: &str| Node::Rows { fields: fields(&[("a", typ)]), rows: rows(&[line]) };
    let union = Node::Concat { inputs: vec![part(Type::INT32, "1"), part(Type::VARCHAR, "x")] };
    let result = run(union).await.unwrap();
    assert_eq!(
        (lines(&result.rows), result.fields[0].typ),
        (vec!["1".into(), "x".into()], Type::VARCHAR)
    );
    let uneven = Node::Concat { inputs: vec![part(Type::INT32, "1"), *table(&["a 1 1"])] };
    let error = run(uneven).await.unwrap_err();
    assert_eq!(
        (error.errno(), error.message()),
        (1222, "The used SELECT statements have a different number of columns")
    );
}

#[tokio::test]
async fn subqueries_run_first_and_bind_their_result() {
    let shards = |found: &'static [&'static str]| {
        Fake::new(move |call: &ShardCall| match &*call.sql {
            "inner" => Ok(result(&[("id", Type::INT64)], found)),
            _ => Ok(result(&[("a", Type::INT64)], &["1"])),
        })
    };
    let subquery = |kind| {
        plan(Node::Subquery(Box::new(Subquery {
            kind,
            subquery: Node::Route(Box::new(route(Routing::AnyShard, "inner"))),
            outer: Node::Route(Box::new(route(Routing::AnyShard, "outer"))),
            var: "__sq1".into(),
            has_values_var: Some("__sq_has_values".into()),
            columns: Vec::new(),
        })))
    };
    let cases: [(SubqueryKind, &[&str], &str); 6] = [
        (SubqueryKind::Value, &["5"], "__sq1=5, __sq_has_values=1"),
        (SubqueryKind::Value, &[], "__sq1=null, __sq_has_values=0"),
        (SubqueryKind::In, &["5", "-"], "__sq1=(5 null), __sq_has_values=1"),
        (SubqueryKind::In, &[], "__sq1=(null), __sq_has_values=0"),
        (SubqueryKind::Exists, &["5", "6"], "__sq1=1, __sq_has_values=1"),
        (SubqueryKind::Exists, &[], "__sq1=0, __sq_has_values=0"),
    ];
    for (kind, found, binds) in cases {
        let fake = shards(Box::leak(found.to_vec().into_boxed_slice()));
        execute(&subquery(kind), &fake.ctx()).await.unwrap();
        assert_eq!(fake.trace(), format!("ks/-80 ro: inner\nks/-80 ro: outer {{{binds}}}"));
    }
    let error = execute(&subquery(SubqueryKind::Value), &shards(&["5", "6"]).ctx()).await;
    assert_eq!(error.unwrap_err().errno(), 1242);
}

#[tokio::test]
async fn fields_are_learnt_without_running_the_plan() {
    let fake = Fake::new(|call: &ShardCall| {
        assert!(call.sql.ends_with("limit 0"), "{}", call.sql);
        Ok(result(&COLUMNS, &[]))
    });
    let grouped = aggregate(*scatter("q"), &[0], vec![spec(AggregateFunc::CountStar, 1)]);
    let root = Node::Truncate { input: Box::new(grouped), columns: 2 };
    let have = crate::fields(&plan(root), &fake.ctx()).await.unwrap();
    let names: Vec<(&str, Type)> = have.iter().map(|one| (&*one.name, one.typ)).collect();
    assert_eq!(names, [("g", Type::VARBINARY), ("n", Type::INT64)]);
    assert_eq!(fake.trace(), "ks/-80 ro: q limit 0");
}
