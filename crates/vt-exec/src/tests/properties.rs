//! What holds for any rows: shards that are merged are the same as one table.

use proptest::prelude::*;
use vt_plan::{Aggregate, AggregateFunc, AggregateSpec, Node, Routing, SortKey};
use vt_value::{QueryResult, Type};

use super::fake::{Fake, key, lines, plan, result, route};
use crate::{ShardCall, execute};

const COLUMNS: [(&str, Type); 3] =
    [("g", Type::INT64), ("n", Type::DECIMAL), ("s", Type::VARBINARY)];

/// A row, and whether it lies on the second shard.
type Row = (Option<i64>, Option<i64>, String, bool);

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let group = prop::option::weighted(0.9, -3i64..3);
    let number = prop::option::weighted(0.9, -500i64..500);
    prop::collection::vec((group, number, "[a-c]{1,2}", any::<bool>()), 0..40)
}

fn line(row: &Row) -> String {
    let number = |number: Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
    let decimal = row.1.map_or("-".to_owned(), |n| format!("{:.2}", n as f64 / 100.0));
    format!("{} {decimal} {}", number(row.0), row.2)
}

/// Answers with the rows of each shard, in the order that `sort` gives them.
fn shards(rows: &[Row], sort: fn(&mut [Row])) -> Fake {
    let rows = rows.to_vec();
    Fake::new(move |call: &ShardCall| {
        let mut own: Vec<Row> =
            rows.iter().filter(|row| row.3 == (&*call.shard == "80-")).cloned().collect();
        sort(&mut own);
        let own: Vec<String> = own.iter().map(line).collect();
        Ok(result(&COLUMNS, &own.iter().map(String::as_str).collect::<Vec<_>>()))
    })
}

fn run(fake: &Fake, root: Node) -> QueryResult {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(execute(&plan(root), &fake.ctx())).unwrap()
}

fn scatter(merge_by: Vec<SortKey>) -> Node {
    let mut route = route(Routing::Scatter, "q");
    route.merge_by = merge_by;
    Node::Route(Box::new(route))
}

/// Groups by the first column; the others become the sum, and the least.
fn grouped(input: Node, ordered: bool) -> Node {
    let spec = |func, column| AggregateSpec::new(func, key(column));
    Node::Aggregate(Box::new(Aggregate {
        input,
        group_by: vec![key(0)],
        aggregates: vec![spec(AggregateFunc::Sum, 1), spec(AggregateFunc::Min, 2)],
        ordered,
        rollup: false,
    }))
}

fn by_group(rows: &mut [Row]) {
    rows.sort_by_key(|row| row.0);
}

/// The groups of the rows, worked out here.
fn expected(rows: &[Row]) -> Vec<String> {
    let mut groups: std::collections::BTreeMap<Option<i64>, (Option<i64>, String)> =
        std::collections::BTreeMap::new();
    for (group, number, text, _) in rows {
        let entry = groups.entry(*group).or_insert((None, text.clone()));
        if let Some(number) = number {
            *entry.0.get_or_insert(0) += number;
        }
        entry.1 = entry.1.clone().min(text.clone());
    }
    groups.into_iter().map(|(group, (sum, least))| line(&(group, sum, least, false))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_sorted_shards_is_sorting(rows in any_rows()) {
        let keys = vec![key(0), SortKey { descending: true, ..key(2) }];
        let by_keys: fn(&mut [Row]) =
            |rows| rows.sort_by(|a, b| a.0.cmp(&b.0).then(b.2.cmp(&a.2)));
        let merged = run(&shards(&rows, by_keys), scatter(keys.clone()));
        let sort = Node::Sort { input: Box::new(scatter(Vec::new())), keys, limit: None };
        let sorted = run(&shards(&rows, |_| ()), sort);
        let keys_of = |result: &QueryResult| -> Vec<String> {
            let word = |line: String| {
                let words: Vec<&str> = line.split(' ').collect();
                format!("{} {}", words[0], words[2])
            };
            lines(&result.rows).into_iter().map(word).collect()
        };
        prop_assert_eq!(keys_of(&merged), keys_of(&sorted));
        let (mut all, mut also) = (lines(&merged.rows), lines(&sorted.rows));
        all.sort();
        also.sort();
        prop_assert_eq!(all, also);
    }

    #[test]
    fn aggregates_over_shards_are_those_over_all_rows(rows in any_rows()) {
        let want = expected(&rows);
        let ordered = run(&shards(&rows, by_group), grouped(scatter(vec![key(0)]), true));
        prop_assert_eq!(lines(&ordered.rows), want.clone());
        let mut hashed = lines(&run(&shards(&rows, |_| ()), grouped(scatter(Vec::new()), false)).rows);
        let mut want = want;
        hashed.sort();
        want.sort();
        prop_assert_eq!(hashed, want.clone());
        // Aggregating what shards have aggregated gives the same.
        let partial = grouped(grouped(scatter(vec![key(0)]), true), true);
        let mut twice = lines(&run(&shards(&rows, by_group), partial).rows);
        twice.sort();
        prop_assert_eq!(twice, want);
    }
}
