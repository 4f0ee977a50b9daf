use proptest::prelude::*;

use super::*;
use crate::{Temporal, TemporalKind};

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).expect(text)
}

fn text(json: &Json) -> String {
    let mut out = Vec::new();
    json.write(&mut out);
    String::from_utf8(out).unwrap()
}

fn path(text: &str) -> Path {
    Path::parse(text).expect(text)
}

/// The lines of a table: what went into a server, and what came out of it.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().map(|line| line.split('\t').collect())
}

#[test]
fn texts_read_and_print_as_mysql_has_them() {
    for row in rows(include_str!("vectors/texts.tsv")) {
        match Json::parse(row[0].as_bytes()) {
            Ok(value) => {
                assert_eq!(text(&value), row[1], "{}", row[0]);
                assert_eq!(value.type_name(), row[2], "{}", row[0]);
            }
            Err(ParseError::Syntax(what, position)) => {
                assert_eq!(format!("!{what}@{position}"), row[1], "{}", row[0]);
            }
            Err(ParseError::TooDeep) => panic!("{}", row[0]),
        }
    }
}

#[test]
fn a_zero_byte_ends_a_text() {
    assert_eq!(text(&json("1\0 abc")), "1");
    assert_eq!(
        Json::parse(b"[1\0]"),
        Err(ParseError::Syntax("Missing a comma or ']' after an array element.", 2))
    );
    assert_eq!(Json::parse(b"\0"), Err(ParseError::Syntax("The document is empty.", 0)));
    assert_eq!(Json::parse(b""), Err(ParseError::Syntax("The document is empty.", 0)));
    assert_eq!(
        Json::parse(b"\"\0\""),
        Err(ParseError::Syntax("Missing a closing quotation mark in string.", 1))
    );
    assert_eq!(Json::parse(b"\"a\nb\""), Err(ParseError::Syntax("Invalid encoding in string.", 2)));
}

#[test]
fn documents_nest_a_hundred_deep() {
    let nested = |depth, inside| format!("{}{inside}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(json(&nested(100, "")).depth(), 100);
    assert_eq!(json(&nested(100, "1")).depth(), 101);
    assert_eq!(Json::parse(nested(101, "").as_bytes()), Err(ParseError::TooDeep));
    assert_eq!(Json::parse("{\"a\":[".repeat(1_000_000).as_bytes()), Err(ParseError::TooDeep));
    let error = Json::array(vec![json(&nested(100, ""))]).unwrap_err();
    assert_eq!(error.errno(), 3157);
    let deep = json(&nested(60, ""));
    let at = path(&format!("${}", "[0]".repeat(59)));
    assert_eq!(deep.clone().edit(Edit::Set, &at, deep).unwrap_err().errno(), 3157);
}

#[test]
fn paths_lead_where_mysql_goes() {
    let mut lines = include_str!("vectors/paths.tsv").lines();
    let document = json(lines.next().unwrap());
    for line in lines {
        let (written, want) = line.split_once('\t').unwrap();
        let path = match Path::parse(written) {
            Ok(path) => path,
            Err(error) => {
                assert_eq!(format!("!{}", error.position), want, "{written}");
                continue;
            }
        };
        let found = document.seek_all(&path);
        assert_eq!(document.seek(&path), found.first().copied(), "{written}");
        let answer = match (path.is_many(), found.as_slice()) {
            (_, []) => "NULL".to_owned(),
            (false, [one]) => text(one),
            (_, many) => text(&Json::array(many.iter().copied().cloned().collect()).unwrap()),
        };
        assert_eq!(answer, want, "{written}");
        let mut again = Vec::new();
        path.write(&mut again);
        assert_eq!(Path::parse(std::str::from_utf8(&again).unwrap()), Ok(path), "{written}");
    }
}

#[test]
fn long_paths_are_followed_without_a_stack() {
    let steps = |step: &str| path(&format!("${}", step.repeat(20_000)));
    let one = json("1");
    assert_eq!(one.seek_all(&steps("[0]")), [&one]);
    assert_eq!(one.seek_all(&steps("[0 to 0]")), [&one]);
    assert_eq!(one.seek_all(&steps("**[0]")), [&one]);
    assert_eq!(one.clone().edit(Edit::Set, &steps("[0]"), Json::Null).unwrap(), Json::Null);
    assert_eq!(one.clone().remove(&steps("[0]")).unwrap(), one);
}

#[test]
fn documents_compare_and_merge_as_mysql_has_it() {
    for row in rows(include_str!("vectors/pairs.tsv")) {
        let (a, b) = (json(row[0]), json(row[1]));
        let truth = |truth: bool| if truth { "1" } else { "0" };
        assert_eq!(truth(a.contains(&b)), row[2], "{row:?}");
        assert_eq!(truth(a.overlaps(&b)), row[3], "{row:?}");
        assert_eq!(truth(a < b), row[4], "{row:?}");
        assert_eq!(truth(a == b), row[5], "{row:?}");
        assert_eq!(text(&a.clone().merge_preserve(b.clone()).unwrap()), row[6], "{row:?}");
        assert_eq!(text(&a.merge_patch(b).unwrap()), row[7], "{row:?}");
    }
}

#[test]
fn edits_change_what_mysql_changes() {
    const EDITS: [Edit; 5] =
        [Edit::Set, Edit::Insert, Edit::Replace, Edit::ArrayAppend, Edit::ArrayInsert];
    for row in rows(include_str!("vectors/edits.tsv")) {
        let (document, at) = (json(row[0]), path(row[1]));
        for (edit, want) in EDITS.iter().zip(&row[2..]) {
            if want.starts_with('!') {
                // JSON_ARRAY_INSERT() wants a cell at the path's end.
                assert_eq!((*edit, *want), (Edit::ArrayInsert, NO_CELL), "{row:?}");
                continue;
            }
            let edited = document.clone().edit(*edit, &at, Json::Int(99)).unwrap();
            assert_eq!(text(&edited), *want, "{edit:?} {row:?}");
        }
        if !row[7].starts_with('!') {
            assert_eq!(text(&document.remove(&at).unwrap()), row[7], "{row:?}");
        }
    }
}

const NO_CELL: &str = "!A path expression is not a path to a cell in an array.";

#[test]
fn types_of_mysqls_own_print_and_rank() {
    let temporal =
        |kind, text: &str| Json::Temporal(Temporal::parse(kind, text.as_bytes()).unwrap());
    let ascending = [
        (json("null"), "null", "NULL"),
        (Json::decimal(Decimal::parse(b"1.10").unwrap()), "1.10", "DECIMAL"),
        (json("\"a\""), "\"a\"", "STRING"),
        (json("{}"), "{}", "OBJECT"),
        (json("[]"), "[]", "ARRAY"),
        (json("false"), "false", "BOOLEAN"),
        (json("true"), "true", "BOOLEAN"),
        (temporal(TemporalKind::Date, "2020-01-02"), "\"2020-01-02\"", "DATE"),
        (temporal(TemporalKind::Time, "-01:02:03.5"), "\"-01:02:03.500000\"", "TIME"),
        (
            temporal(TemporalKind::DateTime, "2020-01-01 01:02:03"),
            "\"2020-01-01 01:02:03.000000\"",
            "DATETIME",
        ),
        (Json::opaque(opaque::BIT, "\u{1}".into()), "\"base64:type16:AQ==\"", "BIT"),
        (Json::opaque(opaque::VARCHAR, "A".into()), "\"base64:type15:QQ==\"", "BLOB"),
        (Json::opaque(opaque::BLOB, "B".into()), "\"base64:type252:Qg==\"", "BLOB"),
    ];
    for (value, printed, name) in &ascending {
        assert_eq!((text(value).as_str(), value.type_name()), (*printed, *name));
    }
    assert!(ascending.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn order_by_sees_the_length_of_arrays_alone() {
    // In the order in which a server sorted them; what it held for equal stands together.
    let sorted: [&[&str]; 9] = [
        &["null"],
        &["-5"],
        &["1.5"],
        &["\"aaaa\""],
        &["{}"],
        &["{\"b\": 0}", "{\"a\": 1}", "{\"a\": 2}"],
        &["[]"],
        &["[1]", "[2]"],
        &["[1, 0]"],
    ];
    let ranked = || {
        sorted
            .iter()
            .enumerate()
            .flat_map(|(rank, same)| same.iter().map(move |one| (rank, json(one))))
    };
    for (left, a) in ranked() {
        for (right, b) in ranked() {
            assert_eq!(a.sort_order(&b), left.cmp(&right), "{a:?} {b:?}");
        }
    }
}

#[test]
fn pretty_text_has_a_line_for_each_element() {
    let mut out = Vec::new();
    json(r#"{"a":[1,2,{}],"b":{"c":[]},"d":"x"}"#).write_pretty(&mut out);
    let want = "{\n  \"a\": [\n    1,\n    2,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  },\n  \
                \"d\": \"x\"\n}";
    assert_eq!(String::from_utf8(out).unwrap(), want);
}

/// Any document of a few levels.
pub(super) fn any_json() -> impl Strategy<Value = Json> {
    let temporal = |kind, text: String| Temporal::parse(kind, text.as_bytes()).map(Json::Temporal);
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::Int),
        (-70_000i64..70_000).prop_map(Json::Int),
        any::<u64>().prop_map(Json::UInt),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Json::Double),
        "[a-zé😀\"\\\\\n\u{0}-\u{2f}]{0,20}".prop_map(|text| Json::string(&text)),
        "-?[1-9][0-9]{0,30}\\.[0-9]{1,30}"
            .prop_map(|text| Json::decimal(Decimal::parse(text.as_bytes()).unwrap())),
        (0u8..9, proptest::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(typ, bytes)| Json::opaque(247 + typ, bytes.into())),
        (0..839, 0..60, 0..1_000_000, any::<bool>()).prop_filter_map(
            "range",
            move |(hour, minute, micros, negative)| temporal(
                TemporalKind::Time,
                format!("{}{hour:02}:{minute:02}:07.{micros:06}", if negative { "-" } else { "" })
            )
        ),
        (0..10_000, 0..13, 0..32, 0..24).prop_filter_map(
            "range",
            move |(year, month, day, hour)| temporal(
                TemporalKind::DateTime,
                format!("{year:04}-{month:02}-{day:02} {hour:02}:01:02.000100")
            )
        ),
        (0..10_000, 0..13, 0..32).prop_filter_map("range", move |(year, month, day)| temporal(
            TemporalKind::Date,
            format!("{year:04}-{month:02}-{day:02}")
        )),
    ];
    scalar.prop_recursive(4, 60, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8)
                .prop_map(|items| Json::array(items).unwrap()),
            proptest::collection::vec(("[a-z\"é]{0,4}", inner), 0..8).prop_map(|members| {
                let members = members.into_iter().map(|(name, value)| (name.into(), value));
                Json::object(members.collect()).unwrap()
            }),
        ]
    })
}

fn hash(json: &Json) -> u64 {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(json)
}

fn key(json: &Json) -> Vec<u8> {
    let mut key = Vec::new();
    json.write_key(&mut key);
    key
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_printed_reads_back_to_the_same_text(value in any_json()) {
        // Reading forgets MySQL's own types, and then no more.
        let printed = text(&json(&text(&value)));
        prop_assert_eq!(text(&json(&printed)), printed);
    }

    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(
        prop_oneof![Just(b'['), Just(b'{'), Just(b'"'), Just(b'\\'), Just(b'u'), Just(b'1'), any::<u8>()],
        0..40,
    )) {
        let _ = Json::parse(&bytes);
        let _ = Path::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn equal_values_hash_alike(a in any_json(), b in any_json(), number in -100i64..100) {
        prop_assert_eq!(hash(&a), hash(&a.clone()));
        prop_assert_eq!(key(&a) == key(&b), a == b);
        let same = [
            Json::Int(number),
            Json::Double(number as f64),
            Json::decimal(Decimal::from(number).round(3)),
        ];
        for one in &same {
            prop_assert_eq!(one, &same[0]);
            prop_assert_eq!(hash(one), hash(&same[0]));
        }
    }

    #[test]
    fn order_is_total(mut values in proptest::collection::vec(any_json(), 0..20)) {
        values.sort();
        for (place, a) in values.iter().enumerate() {
            for b in &values[place..] {
                prop_assert!(a <= b);
                prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            }
        }
    }

    #[test]
    fn a_value_is_found_where_it_was_put(value in any_json(), inner in any_json()) {
        let at = path("$.a[1].\"b c\"");
        let base = json("{\"a\":[0,{}]}");
        let base = base.edit(Edit::Set, &path("$.x"), value).unwrap();
        let put = base.clone().edit(Edit::Set, &at, inner.clone()).unwrap();
        prop_assert_eq!(put.seek(&at), Some(&inner));
        prop_assert_eq!(put.remove(&at).unwrap(), base);
    }
}
