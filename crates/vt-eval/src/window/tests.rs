use vt_value::{Collation, Decimal, Field, Type};

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

#[test]
fn a_range_beyond_all_integers_is_an_error() {
    let session = Session::default();
    let run = |keys: &[Value], start: Bound, end: Bound| {
        let rows: Vec<WindowRow> = keys
            .iter()
            .map(|key| WindowRow { args: vec![key.clone()], keys: vec![key.clone()] })
            .collect();
        let frame = frame(FrameUnit::Range, start, end);
        let func = WindowFunc::Aggregate(AggregateFunc::Max);
        let limits = (&session, usize::MAX);
        let mut call = WindowCall::new(func, vec![int()], vec![false], frame, limits).unwrap();
        let values = call.compute(&rows, &mut Context::new(&session));
        values.map(|values| values.len()).map_err(|error| error.errno())
    };
    let back = |number| Bound::Preceding(Offset::Number(Value::Int(number)));
    let on = |number| Bound::Following(Offset::Number(Value::Int(number)));
    let keys = [Value::UInt(3), Value::UInt(30)];
    assert!(run(&keys, back(3), Bound::CurrentRow).is_ok());
    assert_eq!(run(&keys, back(4), Bound::CurrentRow), Err(1690));
    assert!(run(&[Value::Int(3)], back(4), Bound::CurrentRow).is_ok());
    assert_eq!(run(&[Value::Int(i64::MAX)], Bound::CurrentRow, on(1)), Err(1690));
    // The frame is empty before its end is looked for.
    assert!(run(&[Value::UInt(u64::MAX - 2)], on(1), on(20)).is_ok());
}

#[test]
fn sums_are_held_in_65_digits_and_kinds_are_those_of_fields() {
    let most = Decimal::max_value(false);
    let Value::Decimal(held) = super::held(Value::Decimal(most.add(&most).unwrap())) else {
        panic!("another value");
    };
    assert_eq!(held, most);
    let kept = |typ, length| {
        let field = Field { column_length: length, ..Field::new("a", typ) };
        let kind = Kind::of_column(&field, Collation::BINARY);
        let limits = (&Session::default(), usize::MAX);
        let call = WindowCall::new(WindowFunc::Lag(1), vec![kind], vec![false], None, limits);
        let call = call.unwrap();
        (call.kind().typ, call.kind().length, call.kind().unsigned)
    };
    assert_eq!(kept(Type::INT8, 4), (Type::INT32, 4, false));
    assert_eq!(kept(Type::UINT24, 8), (Type::UINT32, 8, true));
    assert_eq!(kept(Type::INT32, 11), (Type::INT64, 11, false));
    assert_eq!(kept(Type::YEAR, 4), (Type::UINT32, 4, true));
    assert_eq!(kept(Type::FLOAT32, 12).1, 23);
}
