//! Streams: the same rows as a whole result, a piece at a time.

use tokio::sync::mpsc;
use vt_base::Error;
use vt_plan::{Node, Routing};
use vt_value::{Fields, QueryResult, StreamPart, Type};

use super::fake::{Fake, fields, int, key, lines, plan, result, route, scatter};
use crate::{ShardCall, execute, execute_stream};

const COLUMNS: [(&str, Type); 3] =
    [("n", Type::INT64), ("s", Type::VARBINARY), ("wide", Type::VARBINARY)];
/// Wide enough that a stream has many pieces.
const WIDTH: usize = 2000;

/// Each shard has 50 rows in order: even numbers on the first, odd ones on the second.
fn numbers(call: &ShardCall) -> Result<QueryResult, Error> {
    let odd = u32::from(&*call.shard == "80-");
    let rows: Vec<String> =
        (0..50).map(|n| format!("{} x{n} {}", 2 * n + odd, "w".repeat(WIDTH))).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    Ok(result(&COLUMNS, if call.sql.ends_with("limit 0") { &[] } else { &rows }))
}

fn merged() -> Node {
    let mut route = route(Routing::Scatter, "q");
    route.merge_by = vec![key(0)];
    Node::Route(Box::new(route))
}

/// Reads a stream to its end; returns the fields, which come once and first, and the rows.
async fn read(root: Node, fake: &Fake) -> Result<(Fields, Vec<String>), Error> {
    let (sender, mut parts) = mpsc::channel(1);
    let plan = plan(root);
    let ctx = fake.ctx();
    let reading = async move {
        let mut all: Vec<StreamPart> = Vec::new();
        while let Some(part) = parts.recv().await {
            all.push(part);
        }
        all
    };
    let (result, all) = tokio::join!(execute_stream(&plan, &ctx, sender), reading);
    let result = result?;
    assert!(result.rows.is_empty());
    let head = all[0].fields.clone().expect("the first piece has the fields");
    assert!(all[1..].iter().all(|part| part.fields.is_none()));
    assert_eq!(result.fields, head);
    Ok((head, all.iter().flat_map(|part| lines(&part.rows)).collect()))
}

#[tokio::test]
async fn a_stream_has_the_rows_of_the_whole_result() {
    let plans: Vec<fn() -> Node> = vec![
        merged,
        || Node::Limit {
            input: Box::new(merged()),
            count: Some(int(7)),
            offset: Some(int(20)),
            counts_all: false,
        },
        || Node::Sort {
            input: scatter("q"),
            keys: vec![vt_plan::SortKey { descending: true, ..key(0) }],
            limit: None,
        },
        || Node::Distinct { input: Box::new(merged()), columns: vec![key(1)] },
        || Node::Truncate { input: Box::new(merged()), columns: 1 },
        || Node::Concat { inputs: vec![merged(), merged()] },
        || Node::Route(Box::new(route(Routing::Nowhere, "q"))),
        || Node::Rows { fields: fields(&COLUMNS), rows: super::fake::rows(&["1 a b"]) },
    ];
    for root in plans {
        let fake = Fake::new(numbers);
        let whole = execute(&plan(root()), &fake.ctx()).await.unwrap();
        let (fields, rows) = read(root(), &fake).await.unwrap();
        assert_eq!(fields, whole.fields, "{:?}", root());
        assert_eq!(rows, lines(&whole.rows), "{:?}", root());
    }
}

#[tokio::test]
async fn shards_without_an_order_all_give_their_rows() {
    let fake = Fake::new(numbers);
    let (_, mut rows) = read(*scatter("q"), &fake).await.unwrap();
    rows.sort();
    let mut whole = lines(&execute(&plan(*scatter("q")), &fake.ctx()).await.unwrap().rows);
    whole.sort();
    assert_eq!(rows, whole);
}

#[tokio::test]
async fn enough_rows_end_the_shards_early() {
    let fake = Fake::new(numbers);
    let limit = Node::Limit {
        input: Box::new(merged()),
        count: Some(int(3)),
        offset: None,
        counts_all: false,
    };
    let (_, rows) = read(limit, &fake).await.unwrap();
    let wide = "w".repeat(WIDTH);
    assert_eq!(rows, [format!("0 x0 {wide}"), format!("1 x0 {wide}"), format!("2 x1 {wide}")]);
    // A piece has 3 rows, so that all of a shard's would be 18 pieces.
    let stopped: Vec<usize> = fake
        .trace()
        .lines()
        .filter_map(|line| line.split_once(" stopped after ")?.1.split(' ').next()?.parse().ok())
        .collect();
    assert!(stopped.len() == 2 && stopped.iter().all(|sent| *sent < 18), "{}", fake.trace());
}

#[tokio::test]
async fn a_reader_that_leaves_ends_the_statement() {
    let fake = Fake::new(numbers);
    let (sender, mut parts) = mpsc::channel(1);
    let plan = plan(merged());
    let ctx = fake.ctx();
    let reading = async move {
        parts.recv().await;
    };
    let (result, ()) = tokio::join!(execute_stream(&plan, &ctx, sender), reading);
    result.unwrap();
    assert_eq!(fake.trace().matches("stopped").count(), 2);
}

#[tokio::test]
async fn a_failing_shard_fails_the_stream() {
    let fake = Fake::new(|call: &ShardCall| match &*call.shard {
        "-80" => numbers(call),
        _ => Err(Error::mysql(1146, b"42S02", "no such table")),
    });
    assert_eq!(read(merged(), &fake).await.unwrap_err().errno(), 1146);
    let limit =
        Node::Limit { input: scatter("q"), count: Some(int(500)), offset: None, counts_all: false };
    assert_eq!(read(limit, &fake).await.unwrap_err().errno(), 1146);
}
