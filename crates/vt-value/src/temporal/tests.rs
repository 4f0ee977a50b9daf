//! Values printed, read back and compared.

use super::*;

#[test]
fn texts_come_back() {
    use TemporalKind::{Date, DateTime, Time};
    for (kind, text) in [
        (Date, "2024-02-29"),
        (Date, "0000-00-00"),
        (Date, "9999-12-31"),
        (DateTime, "2024-02-29 23:59:59"),
        (DateTime, "1000-01-01 00:00:00.000001"),
        (DateTime, "2024-00-00 00:00:00.50"),
        (Time, "00:00:00"),
        (Time, "-838:59:59"),
        (Time, "-00:00:00.5"),
        (Time, "101:02:03.250"),
    ] {
        let mut out = Vec::new();
        Temporal::parse(kind, text.as_bytes()).expect(text).write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
    for (kind, text) in [
        (Date, "2024-2-29"),
        (Date, "2024-13-01"),
        (DateTime, "2024-01-01"),
        (DateTime, "2024-01-01 24:00:00"),
        (Time, "839:00:00"),
        (Time, "1:00:00"),
        (Time, "01:00"),
        (Time, "01:00:00."),
    ] {
        let read = Temporal::parse(kind, text.as_bytes());
        assert!(read.is_none() || text.ends_with('.'), "{text}");
    }
}

#[test]
fn packed_values_order_as_time_does() {
    use TemporalKind::{Date, DateTime, Time};
    let packed = |kind, text: &str| Temporal::parse(kind, text.as_bytes()).unwrap().packed();
    assert_eq!(packed(Date, "2024-02-01"), packed(DateTime, "2024-02-01 00:00:00.000"));
    assert!(packed(Date, "2024-02-01") < packed(DateTime, "2024-02-01 00:00:00.000001"));
    assert!(packed(DateTime, "2023-12-31 23:59:59.999999") < packed(Date, "2024-01-01"));
    assert!(packed(Time, "-00:00:01") < packed(Time, "00:00:00"));
    assert!(packed(Time, "100:00:00") > packed(Time, "99:59:59.999999"));
}
