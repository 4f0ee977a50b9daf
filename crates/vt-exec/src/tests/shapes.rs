//! Super-aggregate rows, window functions, and what two queries have in common.

use vt_base::Error;
use vt_eval::window::FrameUnit;
use vt_plan::{
    Aggregate, AggregateFunc, AggregateSpec, FrameBound, FrameOffset, Match, MatchKind, Node,
    SortKey, Window, WindowCall, WindowFrame, WindowFunc,
};
use vt_value::{QueryResult, Type};

use super::fake::{Fake, fields, int, key, lines, plan, rows};
use crate::execute;

const COLUMNS: [(&str, Type); 3] =
    [("g", Type::VARBINARY), ("n", Type::INT64), ("d", Type::DECIMAL)];

fn table(lines: &[&str]) -> Node {
    Node::Rows { fields: fields(&COLUMNS), rows: rows(lines) }
}

async fn run(root: Node) -> Result<QueryResult, Error> {
    let fake = Fake::new(|_| Err(Error::bug("no shard is asked")));
    execute(&plan(root), &fake.ctx()).await
}

async fn run_lines(root: Node) -> Vec<String> {
    lines(&run(root).await.unwrap().rows)
}

fn rollup(input: Node) -> Node {
    Node::Aggregate(Box::new(Aggregate {
        input,
        group_by: vec![key(0), key(1)],
        aggregates: vec![AggregateSpec::new(AggregateFunc::Sum, key(2))],
        ordered: true,
        rollup: true,
    }))
}

#[tokio::test]
async fn a_rollup_follows_each_shorter_list_of_groups() {
    let input = table(&["a 1 0.50", "a 1 1.00", "a 2 -", "b 2 2.00"]);
    let result = run(rollup(input)).await.unwrap();
    assert_eq!(
        lines(&result.rows),
        ["a 1 1.50 2", "a 2 - 2", "a - 1.50 1", "b 2 2.00 2", "b - 2.00 1", "- - 3.50 0"]
    );
    // As MySQL has it: one row for all even where there is none.
    assert_eq!(run_lines(rollup(table(&[]))).await, ["- - - 0"]);
}

fn window(partition_by: &[usize], order_by: &[usize], calls: Vec<WindowCall>) -> Node {
    let input = table(&["b 2 1.00", "a 3 2.00", "a 1 3.00", "b 2 4.00", "a 1 5.00"]);
    let keys = |columns: &[usize]| columns.iter().map(|column| key(*column)).collect();
    let (partition_by, order_by) = (keys(partition_by), keys(order_by));
    Node::Window(Box::new(Window { input, partition_by, order_by, calls }))
}

fn call(func: WindowFunc, args: &[usize], frame: Option<WindowFrame>) -> WindowCall {
    let args: Vec<SortKey> = args.iter().map(|column| key(*column)).collect();
    WindowCall { func, args, frame, name: "w".into() }
}

#[tokio::test]
async fn windows_add_their_values_in_their_order() {
    let sum = || WindowFunc::Aggregate(AggregateFunc::Sum);
    let calls = vec![call(WindowFunc::Rank, &[], None), call(sum(), &[2], None)];
    assert_eq!(
        run_lines(window(&[0], &[1], calls)).await,
        [
            "a 1 3.00 1 8.00",
            "a 1 5.00 1 8.00",
            "a 3 2.00 3 10.00",
            "b 2 1.00 1 5.00",
            "b 2 4.00 1 5.00"
        ]
    );
    let before = FrameBound::Preceding(FrameOffset { amount: int(1), unit: None });
    let frame = WindowFrame { unit: FrameUnit::Rows, start: before, end: FrameBound::CurrentRow };
    let calls = vec![call(sum(), &[1], Some(frame)), call(WindowFunc::Lag(int(1)), &[2], None)];
    let result = run(window(&[], &[0, 1], calls)).await.unwrap();
    assert_eq!(
        lines(&result.rows),
        [
            "a 1 3.00 1 -",
            "a 1 5.00 2 3.00",
            "a 3 2.00 4 5.00",
            "b 2 1.00 5 2.00",
            "b 2 4.00 4 1.00"
        ]
    );
    assert_eq!((&*result.fields[3].name, result.fields[3].typ), ("w", Type::DECIMAL));
}

#[tokio::test]
async fn numbers_of_window_functions_are_not_negative() {
    let lag = call(WindowFunc::Lag(int(-1)), &[2], None);
    assert_eq!(run(window(&[], &[], vec![lag])).await.unwrap_err().errno(), 1210);
    let before = FrameBound::Preceding(FrameOffset { amount: int(-1), unit: None });
    let frame = WindowFrame { unit: FrameUnit::Rows, start: before, end: FrameBound::CurrentRow };
    let sum = call(WindowFunc::Aggregate(AggregateFunc::Sum), &[1], Some(frame));
    assert_eq!(run(window(&[], &[1], vec![sum])).await.unwrap_err().errno(), 3586);
}

#[tokio::test]
async fn more_rows_than_memory_allows_are_in_no_window() {
    let mut fake = Fake::new(|_| Err(Error::bug("no shard is asked")));
    fake.limits.memory_rows = 4;
    let root = window(&[0], &[], vec![call(WindowFunc::RowNumber, &[], None)]);
    let error = execute(&plan(root), &fake.ctx()).await.unwrap_err();
    assert_eq!(error.message(), "in-memory row count exceeded allowed limit of 4");
}

#[tokio::test]
async fn rows_are_kept_by_what_the_other_side_has() {
    let matched = |kind, all| {
        let left = table(&["a 1 1.50", "a 1 1.50", "b - -", "c 3 0.00", "c 3 0.00", "c 3 0.00"]);
        let right = table(&["c 3 0.00", "b - -", "c 3 0.00", "d 4 1.00"]);
        let columns = vec![key(0), key(1), key(2)];
        Node::Match(Box::new(Match { kind, all, left, right, columns }))
    };
    let (intersect, except) = (MatchKind::Intersect, MatchKind::Except);
    assert_eq!(run_lines(matched(intersect, false)).await, ["b - -", "c 3 0.00"]);
    assert_eq!(run_lines(matched(intersect, true)).await, ["b - -", "c 3 0.00", "c 3 0.00"]);
    assert_eq!(run_lines(matched(except, false)).await, ["a 1 1.50"]);
    assert_eq!(run_lines(matched(except, true)).await, ["a 1 1.50", "a 1 1.50", "c 3 0.00"]);
}
