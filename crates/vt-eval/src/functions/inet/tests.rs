//! What MySQL was seen to answer.

use super::{parse_short, parse_v4, parse_v6, write};

#[test]
fn short_addresses_are_read_as_mysql_reads_them() {
    let cases: &[(&str, Option<u64>)] = &[
        ("1.2.3.4", Some(16_909_060)),
        ("1.2.3", Some(16_908_291)),
        ("1.2", Some(16_777_218)),
        ("1", Some(1)),
        ("1..2", Some(16_777_218)),
        (".1", Some(1)),
        ("001.2.3.4", Some(16_909_060)),
        ("255.255.255.255", Some(4_294_967_295)),
        ("1.2.3.256", None),
        ("1.2.3.4.", None),
        ("1.2.3.4.5", None),
        ("", None),
        ("a", None),
        (" 1.2.3.4", None),
        ("16909060", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_short(text.as_bytes()), *expected, "{text:?}");
    }
}

#[test]
fn long_addresses_are_read_as_mysql_reads_them() {
    let cases: &[(&str, Option<u128>)] = &[
        ("::", Some(0)),
        ("::1.2.3.4", Some(0x0102_0304)),
        ("::1.2.3.04", Some(0x0102_0304)),
        ("1:2:3:4:5:6:7:8", Some(0x0001_0002_0003_0004_0005_0006_0007_0008)),
        ("1:2:3:4:5:6:7::", Some(0x0001_0002_0003_0004_0005_0006_0007_0000)),
        ("::2:3:4:5:6:7:8", Some(0x0002_0003_0004_0005_0006_0007_0008)),
        ("1:2:3:4:5:6:1.2.3.4", Some(0x0001_0002_0003_0004_0005_0006_0102_0304)),
        ("1:2:3:4:5:6:7", None),
        (":::", None),
        ("1::2::3", None),
        ("12345::", None),
        ("1:", None),
        (":1", None),
        ("fe80::1%eth0", None),
    ];
    for (text, expected) in cases {
        let found = parse_v6(text.as_bytes()).map(u128::from_be_bytes);
        assert_eq!(found, *expected, "{text:?}");
    }
    assert_eq!(parse_v4(b"01.2.3.4"), Some([1, 2, 3, 4]));
    assert_eq!(parse_v4(b"0001.2.3.4"), None);
}

#[test]
fn addresses_are_written_as_mysql_writes_them() {
    let cases: &[(u128, &str)] = &[
        (0xfdfe_0000_0000_0000_5a55_caff_fefa_9089, "fdfe::5a55:caff:fefa:9089"),
        (0x0102_0304, "::1.2.3.4"),
        (0xffff_0102_0304, "::ffff:1.2.3.4"),
        (1, "::1"),
        (0, "::"),
        (0xffff, "::ffff"),
        (0x1_0000, "::0.1.0.0"),
        (0x0001_0000_0000_0002_0000_0000_0000_0003, "1:0:0:2::3"),
        (0x0001_0000_0002_0003_0004_0005_0006_0007, "1::2:3:4:5:6:7"),
        (0xffff_0000_0102_0304, "::ffff:0:102:304"),
    ];
    for (address, expected) in cases {
        assert_eq!(write(&address.to_be_bytes()).as_deref(), Some(*expected));
    }
    assert_eq!(write(&[1, 2, 3, 4]).as_deref(), Some("1.2.3.4"));
    assert_eq!(write(b"abc"), None);
}

proptest::proptest! {
    #[test]
    fn what_is_written_is_read_again(address: u128) {
        let bytes = address.to_be_bytes();
        let text = write(&bytes).unwrap();
        proptest::prop_assert_eq!(parse_v6(text.as_bytes()), Some(bytes), "{}", text);
    }
}
