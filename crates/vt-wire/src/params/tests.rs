//! Parameters of every type become their text, and garbage does no harm.

use proptest::prelude::*;

use super::*;

fn known(param_count: u16) -> Known<'static> {
    Known { param_count, types: &[], long_data: &[] }
}

/// Bytes of one parameter's execution.
fn execution(kind: u8, is_unsigned: bool, value: &[u8]) -> Bytes {
    let mut bytes = vec![0, 1, kind, if is_unsigned { 0x80 } else { 0 }];
    bytes.extend_from_slice(value);
    bytes.into()
}

fn check(kind: u8, is_unsigned: bool, value: &[u8], typ: Type, printed: &str) {
    let decoded = decode_execution(
        &execution(kind, is_unsigned, value),
        0,
        known(1),
        Capabilities::default(),
    );
    let expected = TypedBytes::new(typ, printed.as_bytes().to_vec());
    assert_eq!(decoded.unwrap().params, [expected], "type {kind} of {value:?}");
}

#[test]
fn every_type_becomes_text() {
    check(1, false, &[0x80], Type::INT8, "-128");
    check(1, true, &[0x80], Type::UINT8, "128");
    check(2, false, &[0, 0x80], Type::INT16, "-32768");
    check(13, true, &[0xe7, 0x07], Type::YEAR, "2023");
    check(3, true, &[0xff; 4], Type::UINT32, "4294967295");
    check(9, false, &[0xff; 4], Type::INT24, "-1");
    check(8, false, &i64::MIN.to_le_bytes(), Type::INT64, "-9223372036854775808");
    check(8, true, &[0xff; 8], Type::UINT64, "18446744073709551615");
    check(4, false, &0.1_f32.to_le_bytes(), Type::FLOAT32, "0.1");
    check(5, false, &(-1e300_f64).to_le_bytes(), Type::FLOAT64, "-1e300");
    check(5, false, &0.5_f64.to_le_bytes(), Type::FLOAT64, "0.5");
    check(246, false, b"\x041.50", Type::DECIMAL, "1.50");
    check(253, false, "\u{2}é".as_bytes(), Type::VARCHAR, "é");
    check(254, false, b"\0", Type::VARCHAR, "");
    check(252, false, b"\x02\x00a", Type::BLOB, "\0a");
    check(245, false, b"\x02{}", Type::JSON, "{}");
    check(10, false, &[4, 0xe7, 0x07, 12, 31], Type::DATE, "2023-12-31");
    check(10, false, &[0], Type::DATE, "0000-00-00");
    check(12, false, &[4, 0xe7, 0x07, 12, 31], Type::DATETIME, "2023-12-31 00:00:00");
    check(12, false, &[7, 0xe7, 0x07, 1, 2, 3, 4, 5], Type::DATETIME, "2023-01-02 03:04:05");
    check(
        7,
        false,
        &[11, 0xe7, 0x07, 1, 2, 3, 4, 5, 1, 0, 0, 0],
        Type::TIMESTAMP,
        "2023-01-02 03:04:05.000001",
    );
    check(11, false, &[0], Type::TIME, "00:00:00");
    check(11, false, &[8, 1, 34, 0, 0, 0, 22, 59, 59], Type::TIME, "-838:59:59");
    check(11, false, &[12, 0, 0, 0, 0, 0, 1, 2, 3, 63, 66, 15, 0], Type::TIME, "01:02:03.999999");
}

#[test]
fn values_that_are_sent_are_read_back() {
    let long = vec![7_u8; 70_000];
    let sent = [Sent::Text(b"hi"), Sent::Null, Sent::Bytes(&long), Sent::Text(b"")];
    let mut out = Vec::new();
    encode_values(&mut out, &sent);
    let decoded = decode_execution(&out.into(), 0, known(4), Capabilities::default()).unwrap();
    let text = |text: &'static str| TypedBytes::new(Type::VARCHAR, text);
    let blob = TypedBytes::new(Type::BLOB, long);
    assert_eq!(decoded.params, [text("hi"), TypedBytes::NULL, blob, text("")]);
    let mut out = Vec::new();
    encode_values(&mut out, &[]);
    assert!(out.is_empty());
}

#[test]
fn types_are_remembered_and_nulls_have_no_bytes() {
    let types = [ParamType { kind: 3, is_unsigned: false }; 2];
    let remembered = Known { types: &types, ..known(2) };
    let values = Bytes::from_static(&[0b10, 0, 5, 0, 0, 0]);
    let decoded = decode_execution(&values, 0, remembered, Capabilities::default()).unwrap();
    assert_eq!(decoded.params, [TypedBytes::new(Type::INT32, "5"), TypedBytes::NULL]);
    assert_eq!(decoded.types, types);
    assert!(decode_execution(&values, 0, known(2), Capabilities::default()).is_err());
}

#[test]
fn long_data_comes_before_what_the_packet_says() {
    let long = [None, Some(Bytes::from_static(b"long"))];
    let known = Known { long_data: &long, ..known(2) };
    let values = Bytes::from_static(&[0, 1, 1, 0, 252, 0, 7]);
    let decoded = decode_execution(&values, 0, known, Capabilities::default()).unwrap();
    assert_eq!(
        decoded.params,
        [TypedBytes::new(Type::INT8, "7"), TypedBytes::new(Type::BLOB, "long")]
    );
}

#[test]
fn attributes_follow_the_parameters() {
    let values = Bytes::from_static(&[2, 0, 1, 1, 0, 0, 253, 0, 1, b'n', 7, 2, b'h', b'i']);
    let decoded = decode_execution(
        &values,
        execute_flag::PARAMETER_COUNT,
        known(1),
        Capabilities::QUERY_ATTRIBUTES,
    )
    .unwrap();
    assert_eq!(decoded.params, [TypedBytes::new(Type::INT8, "7")]);
    assert_eq!(decoded.attributes, [("n".to_owned(), TypedBytes::varchar("hi"))]);
    assert_eq!(decoded.types.len(), 1);
}

proptest! {
    #[test]
    fn garbage_does_no_harm(values in prop::collection::vec(any::<u8>(), 0..120), flags: u8,
        param_count in 0_u16..40, capabilities: u32)
    {
        let types = vec![ParamType { kind: 12, is_unsigned: true }; usize::from(param_count)];
        let _ = decode_execution(&values.into(), flags, Known { types: &types, ..known(param_count) },
            Capabilities(capabilities));
    }
}
