use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

fn value(typ: Type, text: &str) -> Value {
    Value::decode(typ, Collation::UTF8MB4_BIN, Some(Bytes::copy_from_slice(text.as_bytes())))
        .expect(text)
}

fn key(value: &Value) -> Vec<u8> {
    let mut key = Vec::new();
    assert!(value.write_key(&mut key), "{value:?}");
    key
}

#[test]
fn strings_are_decoded_into_the_character_set_of_their_column() {
    let decoded = |name: &str, text: &str| {
        let collation = Collation::from_name(name).unwrap();
        let value = Value::decode(Type::VARCHAR, collation, Some(text.to_owned().into()));
        value.unwrap().text().unwrap().to_vec()
    };
    assert_eq!(decoded("latin1_swedish_ci", "caf\u{e9}"), b"caf\xe9");
    assert_eq!(decoded("latin1_swedish_ci", "cafe"), b"cafe");
    assert_eq!(decoded("utf16_general_ci", "a"), b"\0a");
    assert_eq!(decoded("utf8mb4_bin", "caf\u{e9}"), "caf\u{e9}".as_bytes());
    let literal = TypedBytes::new(Type::VARCHAR, &b"\0a"[..]);
    let utf16 = Collation::from_name("utf16_general_ci").unwrap();
    assert_eq!(Value::of_typed(&literal, utf16).unwrap().text().unwrap(), &b"\0a"[..]);
}

#[test]
fn what_is_decoded_prints_the_same() {
    for (typ, text) in [
        (Type::INT64, "-9223372036854775808"),
        (Type::UINT64, "18446744073709551615"),
        (Type::YEAR, "2024"),
        (Type::DECIMAL, "-0.50"),
        (Type::FLOAT64, "1.5e20"),
        (Type::FLOAT32, "3.14159"),
        (Type::DATE, "2024-02-29"),
        (Type::TIMESTAMP, "2024-02-29 01:02:03.5"),
        (Type::TIME, "-01:02:03"),
        (Type::VARCHAR, "é"),
        (Type::BLOB, "\0x"),
        (Type::JSON, "{\"a\": 1}"),
        (Type::ENUM, "red"),
    ] {
        let decoded = value(typ, text);
        assert_eq!(decoded.text().unwrap(), text, "{typ}");
    }
    assert!(value(Type::NULL_TYPE, "").is_null());
}

#[test]
fn malformed_text_is_an_error() {
    for (typ, text) in [
        (Type::INT64, "1.0"),
        (Type::INT64, ""),
        (Type::UINT64, "-1"),
        (Type::DECIMAL, "x"),
        (Type::FLOAT64, "1x"),
        (Type::DATE, "today"),
    ] {
        let decoded = Value::decode(typ, Collation::BINARY, Some(Bytes::from(text)));
        assert!(decoded.is_err(), "{typ} {text}");
    }
}

#[test]
fn values_of_different_types_compare_as_numbers() {
    let (less, equal, greater) = (Ordering::Less, Ordering::Equal, Ordering::Greater);
    for (a, b, want) in [
        (value(Type::INT64, "-1"), value(Type::UINT64, "18446744073709551615"), less),
        (value(Type::INT64, "1"), value(Type::DECIMAL, "1.00"), equal),
        (value(Type::DECIMAL, "0.1"), value(Type::FLOAT64, "0.1"), equal),
        (value(Type::FLOAT64, "-0"), value(Type::INT64, "0"), equal),
        (value(Type::VARCHAR, " 10x"), value(Type::INT64, "9"), greater),
        (value(Type::VARCHAR, "abc"), value(Type::DECIMAL, "0"), equal),
        (value(Type::DATE, "2024-01-02"), value(Type::DATETIME, "2024-01-01 23:00:00"), greater),
        (value(Type::BLOB, "a"), value(Type::BLOB, "B"), greater),
        (value(Type::JSON, "[1, 2]"), value(Type::JSON, "[1.0,2]"), equal),
        (value(Type::JSON, "\"a\""), value(Type::JSON, "9"), greater),
        (Value::Null, value(Type::INT64, "-5"), less),
        (Value::Null, Value::Null, equal),
    ] {
        assert_eq!(a.compare(&b), Some(want), "{a:?} {b:?}");
        assert_eq!(b.compare(&a), Some(want.reverse()), "{b:?} {a:?}");
    }
    for (a, b) in [
        (value(Type::TIME, "01:00:00"), value(Type::DATE, "2024-01-01")),
        (value(Type::VARCHAR, "9007199254740993"), value(Type::INT64, "9007199254740993")),
    ] {
        assert_eq!(a.compare(&b), None, "{a:?} {b:?}");
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (-3i64..3).prop_map(Value::Int),
        (0u64..3).prop_map(Value::UInt),
        (-30i64..30, 0u32..3).prop_map(|(number, scale)| {
            let text = format!("{number}e-{scale}");
            Value::Decimal(Decimal::parse(text.as_bytes()).unwrap())
        }),
        (-3i32..3).prop_map(|number| Value::Float(number.into())),
    ]
}

fn any_text() -> impl Strategy<Value = Value> {
    prop::collection::vec(prop::sample::select(b"aAb \0".to_vec()), 0..4)
        .prop_map(|text| Value::Text(text.into(), Collation::UTF8MB4_GENERAL_CI))
}

proptest! {
    #[test]
    fn keys_agree_with_equality(a in any_value(), b in any_value()) {
        prop_assert_eq!(key(&a) == key(&b), a.equal(&b).unwrap());
    }

    #[test]
    fn keys_of_strings_agree_with_equality(a in any_text(), b in any_text()) {
        prop_assert_eq!(key(&a) == key(&b), a.equal(&b).unwrap());
    }

    #[test]
    fn order_is_transitive(a in any_value(), b in any_value(), c in any_value()) {
        if a.compare(&b) == Some(Ordering::Less) && b.compare(&c) == Some(Ordering::Less) {
            prop_assert_eq!(a.compare(&c), Some(Ordering::Less));
        }
    }
}
