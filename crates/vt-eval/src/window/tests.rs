use vt_value::{Collation, Field, Type};

use super::*;

fn int() -> Kind {
    Kind::of_column(&Field { column_length: 11, ..Field::new("a", Type::INT32) }, Collation::BINARY)
}

/// Rows in the order of their key; the key is the argument too.
fn rows(keys: &[Option<i64>]) -> Vec<WindowRow> {
    let value = |key: &Option<i64>| key.map_or(Value::Null, Value::Int);
    keys.iter().map(|key| WindowRow { args: vec![value(key)], keys: vec![value(key)] }).collect()
}

fn check(func: WindowFunc, frame: Option<Frame>, keys: &[Option<i64>], wanted: &str) {
    let session = Session::default();
    let mut call =
        WindowCall::new(func.clone(), vec![int()], vec![false], frame, (&session, usize::MAX))
            .unwrap();
    let values = call.compute(&rows(keys), &mut Context::new(&session)).unwrap();
    let shown: Vec<String> = values
        .iter()
        .map(|value| match value.text() {
            Some(text) => String::from_utf8_lossy(&text).into_owned(),
            None => "NULL".to_owned(),
        })
        .collect();
    assert_eq!(shown.join(" "), wanted, "{func:?}");
}

fn frame(unit: FrameUnit, start: Bound, end: Bound) -> Option<Frame> {
    Some(Frame { unit, start, end })
}

const KEYS: &[Option<i64>] = &[None, Some(1), Some(2), Some(2), Some(5)];

#[test]
fn ranks_count_peers() {
    check(WindowFunc::RowNumber, None, KEYS, "1 2 3 4 5");
    check(WindowFunc::Rank, None, KEYS, "1 2 3 3 5");
    check(WindowFunc::DenseRank, None, KEYS, "1 2 3 3 4");
    check(WindowFunc::PercentRank, None, KEYS, "0 0.25 0.5 0.5 1");
    check(WindowFunc::CumeDist, None, KEYS, "0.2 0.4 0.8 0.8 1");
    check(WindowFunc::PercentRank, None, &[Some(1)], "0");
    check(WindowFunc::Ntile(3), None, KEYS, "1 1 2 2 3");
    check(WindowFunc::Ntile(9), None, KEYS, "1 2 3 4 5");
    check(WindowFunc::Lead(1), None, KEYS, "1 2 2 5 NULL");
    check(WindowFunc::Lag(2), None, KEYS, "NULL NULL NULL 1 2");
}

#[test]
fn frames_are_of_rows_or_of_values() {
    let sum = || WindowFunc::Aggregate(AggregateFunc::Sum);
    check(sum(), None, KEYS, "NULL 1 5 5 10");
    let rows = |start, end| frame(FrameUnit::Rows, start, end);
    let back = |count| Bound::Preceding(Offset::Rows(count));
    let on = |count| Bound::Following(Offset::Rows(count));
    check(sum(), rows(back(1), Bound::CurrentRow), KEYS, "NULL 1 3 4 7");
    check(sum(), rows(on(1), on(2)), KEYS, "3 4 7 5 NULL");
    check(sum(), rows(on(2), on(1)), KEYS, "NULL NULL NULL NULL NULL");
    let near = |by: i64| Offset::Number(Value::Int(by));
    let range = frame(FrameUnit::Range, Bound::Preceding(near(1)), Bound::Following(near(3)));
    check(sum(), range, KEYS, "NULL 5 10 10 5");
    check(WindowFunc::LastValue, None, KEYS, "NULL 1 2 2 5");
    let all = rows(Bound::UnboundedPreceding, Bound::UnboundedFollowing);
    check(WindowFunc::NthValue(2), all, KEYS, "1 1 1 1 1");
    check(WindowFunc::FirstValue, rows(on(1), on(9)), KEYS, "1 2 2 5 NULL");
}

#[test]
fn arguments_that_mysql_refuses_are_refused() {
    let session = Session::default();
    let call = |func| {
        WindowCall::new(func, vec![int()], Vec::new(), None, (&session, usize::MAX)).unwrap_err()
    };
    assert_eq!(call(WindowFunc::Ntile(0)).errno(), 1210);
    assert_eq!(call(WindowFunc::NthValue(0)).errno(), 1210);
    let range = Frame {
        unit: FrameUnit::Range,
        start: Bound::Preceding(Offset::Rows(1)),
        end: Bound::CurrentRow,
    };
    let func = WindowFunc::Aggregate(AggregateFunc::Sum);
    let failed =
        WindowCall::new(func, vec![int()], Vec::new(), Some(range), (&session, usize::MAX));
    assert_eq!(failed.unwrap_err().errno(), 3587);
}
