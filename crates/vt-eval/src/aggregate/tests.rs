use vt_value::{Collation, Field, Type, Value};

use super::*;

const MEMORY: usize = 1 << 20;

fn kind(typ: Type) -> Kind {
    let collation = if typ.is_text() { Collation::UTF8MB4_0900_AI_CI } else { Collation::BINARY };
    Kind::of_column(&Field { column_length: 20, ..Field::new("a", typ) }, collation)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned().into(), Collation::UTF8MB4_0900_AI_CI)
}

/// Returns the value of a group and the warnings that it gave.
fn run(
    func: AggregateFunc,
    options: Options,
    kinds: Vec<Kind>,
    rows: &[Vec<Value>],
) -> Result<(String, Vec<String>), Error> {
    let session = Session { group_concat_max_len: 10, ..Session::default() };
    let mut aggregate = Aggregate::new(func, options, kinds, &session, MEMORY)?;
    let mut ctx = Context::new(&session);
    let mut state = aggregate.start();
    for row in rows {
        aggregate.add(&mut state, row, &mut ctx)?;
    }
    let value = aggregate.finish(state, &mut ctx)?;
    let value = aggregate.shown(value);
    let mut shown = Vec::new();
    value.write(&mut shown);
    let shown = if value.is_null() { b"NULL".to_vec() } else { shown };
    let warnings = ctx.warnings.take().iter().map(|one| one.message.to_string()).collect();
    Ok((String::from_utf8(shown).unwrap(), warnings))
}

fn check(func: AggregateFunc, kind: Kind, values: &[Value], wanted: &str) {
    let rows: Vec<Vec<Value>> = values.iter().map(|value| vec![value.clone()]).collect();
    let (seen, _) = run(func, Options::default(), vec![kind], &rows).unwrap();
    assert_eq!(seen, wanted, "{func:?} of {values:?}");
}

fn geometry(srid: u32, wkt: &str) -> Value {
    let shape = vt_value::geometry::Shape::of_wkt(wkt).unwrap();
    let bytes = vt_value::geometry::Geometry { srid, shape }.to_bytes();
    Value::Text(bytes.into(), Collation::BINARY)
}

/// Collects in two steps: what shards have collected is collected again.
fn collected(shards: &[&[Value]]) -> Result<Value, Error> {
    let session = Session::default();
    let new = || {
        let kinds = vec![kind(Type::GEOMETRY)];
        Aggregate::new(AggregateFunc::Collect, Options::default(), kinds, &session, MEMORY).unwrap()
    };
    let mut ctx = Context::new(&session);
    let mut total = new();
    let mut state = total.start();
    for values in shards {
        let mut part = new();
        let mut own = part.start();
        for value in *values {
            part.add(&mut own, std::slice::from_ref(value), &mut ctx)?;
        }
        let value = part.finish(own, &mut ctx)?;
        total.add_parts(&mut state, &[value], &mut ctx)?;
    }
    total.finish(state, &mut ctx)
}

#[test]
fn geometries_are_collected_as_narrowly_as_they_can_be() {
    let (point, line) = ("POINT(1 2)", "LINESTRING(0 0,1 1)");
    let of = |wkt: &str| geometry(0, wkt);
    let bytes = |shards: &[&[Value]]| collected(shards).unwrap().text();
    let both = bytes(&[&[of(point), Value::Null], &[], &[of("POINT(3 4)")]]);
    assert_eq!(both, of("MULTIPOINT((1 2),(3 4))").text());
    let mixed = bytes(&[&[of(point)], &[of(line)]]);
    assert_eq!(mixed, of(&format!("GEOMETRYCOLLECTION({point},{line})")).text());
    let several = "MULTIPOINT((1 2),(3 4))";
    let nested = bytes(&[&[of(several)]]);
    assert_eq!(nested, of(&format!("GEOMETRYCOLLECTION({several})")).text());
    assert_eq!(bytes(&[&[Value::Null]]), None);
    let systems = collected(&[&[of(point)], &[geometry(4326, point)]]);
    assert!(systems.unwrap_err().message().contains("different SRIDs"));
}

#[test]
fn numbers_are_aggregated() {
    let ints = [Value::Int(1), Value::Null, Value::Int(2), Value::Int(5)];
    let int = || kind(Type::INT64);
    check(AggregateFunc::Count, int(), &ints, "3");
    check(AggregateFunc::Sum, int(), &ints, "8");
    check(AggregateFunc::Avg, int(), &ints, "2.6667");
    check(AggregateFunc::Min, int(), &ints, "1");
    check(AggregateFunc::Max, int(), &ints, "5");
    check(AggregateFunc::BitOr, int(), &ints, "7");
    check(AggregateFunc::BitAnd, int(), &[], "18446744073709551615");
    check(AggregateFunc::Sum, int(), &[Value::Null], "NULL");
    check(
        AggregateFunc::VarPop,
        int(),
        &[Value::Int(1), Value::Int(2), Value::Int(3)],
        "0.6666666666666666",
    );
    check(AggregateFunc::StdSamp, int(), &[Value::Int(1)], "NULL");
    let floats = [Value::Float(0.1), Value::Float(0.2), Value::Float(0.3)];
    check(AggregateFunc::Avg, kind(Type::FLOAT64), &floats, "0.20000000000000004");
    check(AggregateFunc::JsonArrayAgg, int(), &ints, "[1, null, 2, 5]");
}

#[test]
fn group_concat_is_cut_with_a_warning() {
    let rows = ["aaaa", "bbbb", "ääää"].map(|one| vec![text(one)]);
    let seen =
        run(AggregateFunc::GroupConcat, Options::default(), vec![kind(Type::VARCHAR)], &rows);
    let wanted = "Row 3 was cut by GROUP_CONCAT()".to_owned();
    assert_eq!(seen.unwrap(), ("aaaa,bbbb,".to_owned(), vec![wanted]));
    let options =
        Options { descending: vec![true], separator: Some(b";;".to_vec()), ..Options::default() };
    let rows = [("aaaa", 1), ("bbbb", 2), ("cccc", 5)]
        .map(|(one, key)| vec![text(one), Value::Int(key), Value::Int(key)]);
    let kinds = vec![kind(Type::VARCHAR), kind(Type::INT32), kind(Type::INT32)];
    let seen = run(AggregateFunc::GroupConcat, options, kinds, &rows).unwrap();
    assert_eq!(seen.0, "cccc5;;bbb");
    assert_eq!(seen.1, ["Row 2 was cut by GROUP_CONCAT()"]);
}

#[test]
fn bytes_have_bits_too() {
    let bytes = |text: &'static str| vec![Value::Text(text.into(), Collation::BINARY)];
    let kinds = || vec![kind(Type::VARBINARY)];
    let run_bits = |func, rows: &[Vec<Value>]| run(func, Options::default(), kinds(), rows);
    let rows = [bytes("ab"), bytes("cd")];
    assert_eq!(run_bits(AggregateFunc::BitAnd, &rows).unwrap().0, "a`");
    assert_eq!(run_bits(AggregateFunc::BitOr, &rows).unwrap().0, "cf");
    let uneven = [bytes("ab"), bytes("abc")];
    assert_eq!(run_bits(AggregateFunc::BitXor, &uneven).unwrap_err().errno(), 3513);
}

#[test]
fn distinct_counts_what_the_collation_tells_apart() {
    let options = || Options { distinct: true, ..Options::default() };
    let rows = ["a", "A", "b"].map(|one| vec![text(one)]);
    let counted = run(AggregateFunc::Count, options(), vec![kind(Type::VARCHAR)], &rows).unwrap();
    assert_eq!(counted.0, "2");
    let rows = [1, 1, 4].map(|one| vec![Value::Int(one)]);
    let sum = run(AggregateFunc::Sum, options(), vec![kind(Type::INT64)], &rows).unwrap();
    assert_eq!(sum.0, "5");
    let rows = [7, -1, 7].map(|one| vec![Value::Int(one)]);
    let texts = run(AggregateFunc::GroupConcat, options(), vec![kind(Type::INT64)], &rows).unwrap();
    assert_eq!(texts.0, "-1,7");
}

#[test]
fn names_of_members_are_not_null() {
    let rows = [
        vec![text("x"), Value::Int(1)],
        vec![text("y"), Value::Int(2)],
        vec![text("x"), Value::Int(3)],
    ];
    let kinds = || vec![kind(Type::VARCHAR), kind(Type::INT64)];
    let seen = run(AggregateFunc::JsonObjectAgg, Options::default(), kinds(), &rows).unwrap();
    assert_eq!(seen.0, r#"{"x": 3, "y": 2}"#);
    let rows = [vec![Value::Null, Value::Int(1)]];
    let failed = run(AggregateFunc::JsonObjectAgg, Options::default(), kinds(), &rows);
    assert_eq!(failed.unwrap_err().errno(), 3158);
}

#[test]
fn what_is_held_is_bounded() {
    let session = Session::default();
    let options = Options { distinct: true, ..Options::default() };
    let kinds = vec![kind(Type::INT64)];
    let mut aggregate =
        Aggregate::new(AggregateFunc::Count, options, kinds, &session, 200).unwrap();
    let mut ctx = Context::new(&session);
    let mut state = aggregate.start();
    let added =
        (0..100).try_for_each(|number| aggregate.add(&mut state, &[Value::Int(number)], &mut ctx));
    assert_eq!(added.unwrap_err().code(), vt_base::Code::ResourceExhausted);
}

#[test]
fn parts_of_shards_make_the_whole() {
    let session = Session::default();
    let mut ctx = Context::new(&session);
    let funcs = [
        AggregateFunc::Count,
        AggregateFunc::Sum,
        AggregateFunc::Avg,
        AggregateFunc::Min,
        AggregateFunc::Max,
        AggregateFunc::BitXor,
        AggregateFunc::JsonArrayAgg,
    ];
    for func in funcs {
        let make = |func| {
            let kinds = vec![kind(Type::INT64)];
            Aggregate::new(func, Options::default(), kinds, &session, MEMORY).unwrap()
        };
        let mut whole = make(func);
        let (mut direct, mut merged) = (whole.start(), whole.start());
        for shard in [&[1i64, 2][..], &[], &[7, 8, -3]] {
            let mut parts = Vec::new();
            for part in whole.parts().unwrap() {
                let mut aggregate = make(*part);
                let mut state = aggregate.start();
                for number in shard {
                    aggregate.add(&mut state, &[Value::Int(*number)], &mut ctx).unwrap();
                }
                parts.push(aggregate.finish(state, &mut ctx).unwrap());
            }
            whole.add_parts(&mut merged, &parts, &mut ctx).unwrap();
            for number in shard {
                whole.add(&mut direct, &[Value::Int(*number)], &mut ctx).unwrap();
            }
        }
        let direct = whole.finish(direct, &mut ctx).unwrap();
        let merged = whole.finish(merged, &mut ctx).unwrap();
        assert_eq!(direct.text(), merged.text(), "{func:?}");
    }
}
