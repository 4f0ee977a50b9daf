//! Joins that match by columns, queries that run for rows, and rows that are kept or grow.

use vt_eval::{Expr, Func};
use vt_plan::{Join, JoinColumn, JoinKind, Matching, Node, Predicate, Recurse, Routing, With};
use vt_value::{QueryResult, Type};

use super::fake::{Fake, fields, int, key, lines, plan, result, route, rows};
use crate::{ShardCall, execute};

const LEFT: [(&str, Type); 2] = [("id", Type::INT64), ("n", Type::INT64)];

fn left(lines: &[&str]) -> Node {
    Node::Rows { fields: fields(&LEFT), rows: rows(lines) }
}

fn right(lines: &[&str]) -> Node {
    Node::Rows { fields: fields(&[("k", Type::INT64), ("v", Type::INT64)]), rows: rows(lines) }
}

fn compare(func: Func) -> Predicate {
    let expr = Expr::Call(func, vec![Expr::Column(0), Expr::Column(1)]);
    Predicate { expr, columns: vec![JoinColumn::Left(1), JoinColumn::Right(1)] }
}

async fn run(root: Node) -> Result<QueryResult, vt_base::Error> {
    let fake = Fake::new(|_| Ok(QueryResult::default()));
    execute(&plan(root), &fake.ctx()).await
}

fn matching(kind: JoinKind, predicate: Option<Predicate>) -> Node {
    let columns = match kind {
        JoinKind::Semi | JoinKind::Anti => vec![JoinColumn::Left(0)],
        _ => vec![JoinColumn::Left(0), JoinColumn::Right(1)],
    };
    let (left, right) = (left(&["1 5", "2 6", "- 7", "3 8"]), right(&["1 4", "1 9", "- 0", "3 8"]));
    let join = Join::new(kind, left, right, columns);
    let matching = Some(Matching { keys: vec![(key(0), key(0))], list_var: None });
    Node::Join(Box::new(Join { matching, predicate, ..join }))
}

#[tokio::test]
async fn rows_match_by_equal_columns_and_null_matches_nothing() {
    for (kind, want) in [
        (JoinKind::Inner, vec!["1 4", "1 9", "3 8"]),
        (JoinKind::Left, vec!["1 4", "1 9", "2 -", "- -", "3 8"]),
        (JoinKind::Semi, vec!["1", "3"]),
        (JoinKind::Anti, vec!["2", "-"]),
    ] {
        let result = run(matching(kind, None)).await.unwrap();
        assert_eq!(lines(&result.rows), want, "{kind:?}");
    }
    let less = || Some(compare(Func::Lt));
    let inner = run(matching(JoinKind::Inner, less())).await.unwrap();
    assert_eq!(lines(&inner.rows), ["1 9"]);
    let outer = run(matching(JoinKind::Left, less())).await.unwrap();
    assert_eq!(lines(&outer.rows), ["1 9", "2 -", "- -", "3 -"]);
}

#[tokio::test]
async fn the_right_side_is_asked_once_for_the_values_of_many_rows() {
    let fake = Fake::new(|_: &ShardCall| {
        Ok(result(&[("k", Type::INT64), ("v", Type::INT64)], &["1 4", "3 8"]))
    });
    let right = Node::Route(Box::new(route(Routing::AnyShard, "right where k in ::k_list")));
    let columns = vec![JoinColumn::Left(0), JoinColumn::Right(1)];
    let join = Join::new(JoinKind::Inner, left(&["1 5", "1 6", "- 7", "3 8"]), right, columns);
    let list_var = Some("k_list".into());
    let matching = Some(Matching { keys: vec![(key(0), key(0))], list_var });
    let root = Node::Join(Box::new(Join { matching, ..join }));
    let result = execute(&plan(root), &fake.ctx()).await.unwrap();
    assert_eq!(lines(&result.rows), ["1 4", "1 4", "3 8"]);
    assert_eq!(fake.trace(), "ks/-80 ro: right where k in ::k_list {k_list=(1 3)}");
}

fn apply(kind: JoinKind, found: &[&str], predicate: Option<Predicate>) -> Node {
    let columns = vec![JoinColumn::Left(1), JoinColumn::Right(0)];
    let join = Join::new(kind, left(&["1 5", "2 -"]), right(found), columns);
    Node::Join(Box::new(Join { predicate, ..join }))
}

#[tokio::test]
async fn comparisons_with_all_rows_or_any_have_three_values() {
    for (found, any, all) in [
        (&[][..], ["5 0", "- 0"], ["5 1", "- 1"]),
        (&["0 5"][..], ["5 1", "- -"], ["5 1", "- -"]),
        (&["0 5", "0 6"][..], ["5 1", "- -"], ["5 0", "- -"]),
        (&["0 6", "0 -"][..], ["5 -", "- -"], ["5 0", "- -"]),
        (&["0 5", "0 -"][..], ["5 1", "- -"], ["5 -", "- -"]),
    ] {
        let equal = || Some(compare(Func::Eq));
        let result = run(apply(JoinKind::Any, found, equal())).await.unwrap();
        assert_eq!(lines(&result.rows), any, "any of {found:?}");
        let result = run(apply(JoinKind::All, found, equal())).await.unwrap();
        assert_eq!(lines(&result.rows), all, "all of {found:?}");
    }
    // Without a comparison it is whether there is a row.
    let result = run(apply(JoinKind::Any, &["0 -"], None)).await.unwrap();
    assert_eq!(lines(&result.rows), ["5 1", "- 1"]);
}

#[tokio::test]
async fn a_query_that_stands_for_a_value_gives_one_row() {
    let none = run(apply(JoinKind::Value, &[], None)).await.unwrap();
    assert_eq!(lines(&none.rows), ["5 -", "- -"]);
    let one = run(apply(JoinKind::Value, &["7 0"], None)).await.unwrap();
    assert_eq!(lines(&one.rows), ["5 7", "- 7"]);
    let error = run(apply(JoinKind::Value, &["7 0", "8 0"], None)).await.unwrap_err();
    assert_eq!(error.errno(), 1242);
}

#[tokio::test]
async fn rows_of_a_join_count_against_the_limit() {
    let mut fake = Fake::new(|_| Ok(QueryResult::default()));
    fake.limits.memory_rows = 5;
    let all = ["1 1", "1 2", "1 3"];
    let columns = vec![JoinColumn::Left(1), JoinColumn::Right(1)];
    let root = Node::Join(Box::new(Join::new(JoinKind::Inner, left(&all), right(&all), columns)));
    let error = execute(&plan(root), &fake.ctx()).await.unwrap_err();
    assert_eq!(error.message(), "in-memory row count exceeded allowed limit of 5");
}

fn kept(slot: usize) -> Node {
    Node::Kept { slot, name: "t".into() }
}

#[tokio::test]
async fn kept_rows_are_made_once() {
    let fake = Fake::new(|_: &ShardCall| Ok(result(&LEFT, &["1 5", "2 6"])));
    let definition = Node::Route(Box::new(route(Routing::AnyShard, "q")));
    let body = Node::Concat { inputs: vec![kept(1), kept(1)] };
    let root = Node::With(Box::new(With { slot: 1, name: "t".into(), definition, body }));
    let result = execute(&plan(root), &fake.ctx()).await.unwrap();
    assert_eq!(lines(&result.rows), ["1 5", "2 6", "1 5", "2 6"]);
    assert_eq!(fake.trace(), "ks/-80 ro: q");
}

/// Counts upwards from the seed: `n + by` while `n < below`.
fn counting(seed: &[&str], below: i64, by: i64, distinct: bool) -> Node {
    let seed = Node::Rows { fields: fields(&[("n", Type::INT64)]), rows: rows(seed) };
    let predicate = Expr::Call(Func::Lt, vec![Expr::Column(0), int(below)]);
    let input = Box::new(Node::Filter { input: Box::new(kept(1)), predicate });
    let next = Expr::Call(Func::Add, vec![Expr::Column(0), int(by)]);
    let step = Node::Project { input, exprs: vec![next], names: vec!["".into()] };
    let distinct = distinct.then(|| vec![key(0)]);
    let columns = vec!["n".into()];
    let recurse = Recurse { slot: 1, name: "t".into(), columns, seed, step, distinct };
    Node::Recurse(Box::new(recurse))
}

#[tokio::test]
async fn rows_grow_until_none_come() {
    let all = run(counting(&["1", "3"], 3, 1, false)).await.unwrap();
    assert_eq!(lines(&all.rows), ["1", "3", "2", "3"]);
    let distinct = run(counting(&["1", "3"], 3, 1, true)).await.unwrap();
    assert_eq!(lines(&distinct.rows), ["1", "3", "2"]);
    // UNION ends where nothing new comes.
    let still = run(counting(&["1"], 9, 0, true)).await.unwrap();
    assert_eq!(lines(&still.rows), ["1"]);
    let error = run(counting(&["1"], 9, 0, false)).await.unwrap_err();
    assert_eq!(error.errno(), 3636);
    let last = run(counting(&["1"], 1000, 1, false)).await.unwrap();
    assert_eq!(last.rows.len(), 1000);
    let error = run(counting(&["1"], 1001, 1, false)).await.unwrap_err();
    assert_eq!(
        error.message(),
        "Recursive query aborted after 1001 iterations. Try increasing @@cte_max_recursion_depth to a larger value."
    );
    let error = run(counting(&["9223372036854775806"], i64::MAX, 1, false)).await;
    assert_eq!(lines(&error.unwrap().rows).len(), 2);
}
