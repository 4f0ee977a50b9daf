//! Text to binary and back, and the bytes that the protocol's pages give.

use proptest::prelude::*;
use vt_value::RowsBuilder;

use super::*;

fn encode(typ: Type, text: &str) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    encode_value(&mut out, typ, text.as_bytes()).map(|()| out)
}

fn decode(typ: Type, bytes: Vec<u8>) -> String {
    let bytes = Bytes::from(bytes);
    let mut scan = Scan::new(&bytes);
    let (kind, _) = typ.to_mysql();
    let value = decode_value(&bytes, &mut scan, kind, typ.is_unsigned()).unwrap().unwrap();
    assert!(scan.is_empty());
    String::from_utf8(value.to_vec()).unwrap()
}

#[test]
fn text_comes_back() {
    for (typ, text) in [
        (Type::INT8, "-128"),
        (Type::UINT8, "255"),
        (Type::INT16, "-1"),
        (Type::UINT16, "65535"),
        (Type::YEAR, "2024"),
        (Type::INT24, "-8388608"),
        (Type::INT32, "-2147483648"),
        (Type::UINT32, "4294967295"),
        (Type::INT64, "-9223372036854775808"),
        (Type::UINT64, "18446744073709551615"),
        (Type::FLOAT32, "0.1"),
        (Type::FLOAT64, "-1.7976931348623157e308"),
        (Type::DECIMAL, "-12.340"),
        (Type::DATE, "0000-00-00"),
        (Type::DATE, "2024-02-29"),
        (Type::DATETIME, "2024-02-29 00:00:00"),
        (Type::DATETIME, "2024-02-29 23:59:59"),
        (Type::TIMESTAMP, "2024-02-29 23:59:59.000001"),
        (Type::TIME, "00:00:00"),
        (Type::TIME, "-838:59:59"),
        (Type::TIME, "01:02:03.500000"),
        (Type::VARCHAR, "grün"),
        (Type::JSON, "{\"a\": 1}"),
        (Type::BIT, "\u{1}"),
    ] {
        assert_eq!(decode(typ, encode(typ, text).unwrap()), text, "{typ}");
    }
}

#[test]
fn bytes_are_those_of_the_protocol() {
    // Examples of the page "Binary Protocol Value".
    let datetime = encode(Type::DATETIME, "2010-10-17 19:27:30.000001").unwrap();
    assert_eq!(datetime, [0x0b, 0xda, 0x07, 0x0a, 0x11, 0x13, 0x1b, 0x1e, 0x01, 0, 0, 0]);
    let date = encode(Type::DATE, "2010-10-17").unwrap();
    assert_eq!(date, [0x04, 0xda, 0x07, 0x0a, 0x11]);
    let time = encode(Type::TIME, "-2899:27:30");
    assert!(time.is_err(), "MySQL's times have three digits of hours at most");
    let time = encode(Type::TIME, "-120:27:30.000001").unwrap();
    assert_eq!(time, [0x0c, 0x01, 0x05, 0, 0, 0, 0x00, 0x1b, 0x1e, 0x01, 0, 0, 0]);
    assert_eq!(
        encode(Type::FLOAT64, "10.2").unwrap(),
        [0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x24, 0x40]
    );
    // A fraction of fewer digits counts from the left.
    assert_eq!(encode(Type::TIME, "00:00:00.5").unwrap()[9..], 500_000_u32.to_le_bytes());
}

#[test]
fn text_of_another_type_is_refused() {
    for (typ, text) in [
        (Type::INT8, "128"),
        (Type::INT8, "-129"),
        (Type::UINT8, "256"),
        (Type::UINT64, "-1"),
        (Type::INT64, "1.5"),
        (Type::INT64, ""),
        (Type::FLOAT64, "x"),
        (Type::DATE, "2024"),
        (Type::DATE, "2024-02-29x"),
        (Type::DATETIME, "2024-02-29 1"),
        (Type::TIME, "12"),
        (Type::TIME, "12:00:00.1234567"),
        (Type::NULL_TYPE, "1"),
    ] {
        assert!(encode(typ, text).is_err(), "{typ} {text:?}");
    }
}

#[test]
fn nulls_are_bits_with_an_offset_of_two() {
    let fields: Vec<Field> = (0..8).map(|_| Field::new("c", Type::INT8)).collect();
    let mut builder = RowsBuilder::default();
    let values = [None, Some("1"), None, None, None, None, Some("2"), None];
    builder.push(values);
    let rows = builder.finish();
    let mut out = Vec::new();
    encode_row(&mut out, &fields, rows.get(0)).unwrap();
    assert_eq!(out, [0, 0b1111_0100, 0b10, 1, 2]);
    assert!(encode_row(&mut out, &[fields.clone(), fields].concat(), rows.get(0)).is_err());
}

proptest! {
    #[test]
    fn numbers_come_back(signed: i64, unsigned: u64, float: f64, single: f32) {
        prop_assert_eq!(
            decode(Type::INT64, encode(Type::INT64, &signed.to_string()).unwrap()),
            signed.to_string()
        );
        prop_assert_eq!(
            decode(Type::UINT64, encode(Type::UINT64, &unsigned.to_string()).unwrap()),
            unsigned.to_string()
        );
        if float.is_finite() {
            let text = decode(Type::FLOAT64, float.to_le_bytes().to_vec());
            prop_assert_eq!(text.parse::<f64>().unwrap(), float);
        }
        if single.is_finite() {
            let text = decode(Type::FLOAT32, single.to_le_bytes().to_vec());
            prop_assert_eq!(text.parse::<f32>().unwrap(), single);
        }
    }

    #[test]
    fn garbage_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..40), kind: u8,
        is_unsigned: bool, text in ".{0,30}")
    {
        let bytes = Bytes::from(bytes);
        let _ = decode_value(&bytes, &mut Scan::new(&bytes), kind, is_unsigned);
        for (typ, _) in Type::ALL {
            let _ = encode(*typ, &text);
        }
    }
}
