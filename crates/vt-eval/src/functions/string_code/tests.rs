//! What MySQL was seen to answer.

use super::{base64_len, parse_base64, parse_hex, write_base64};

#[test]
fn hexadecimal_digits_of_an_odd_number_begin_with_one_alone() {
    assert_eq!(parse_hex(b"4D").as_deref(), Some(&b"M"[..]));
    assert_eq!(parse_hex(b"4").as_deref(), Some(&[4][..]));
    assert_eq!(parse_hex(b"").as_deref(), Some(&b""[..]));
    assert_eq!(parse_hex(b"zz"), None);
}

#[test]
fn base_64_may_have_white_space_and_must_be_whole() {
    assert_eq!(parse_base64(b"YWJj").as_deref(), Some(&b"abc"[..]));
    assert_eq!(parse_base64(b"YW Jj").as_deref(), Some(&b"abc"[..]));
    assert_eq!(parse_base64(b"NQ==").as_deref(), Some(&b"5"[..]));
    assert_eq!(parse_base64(b"").as_deref(), Some(&b""[..]));
    assert_eq!(parse_base64(b"YWJ"), None);
    assert_eq!(parse_base64(b"!!"), None);
    assert_eq!(parse_base64(b"NQ==NQ=="), None);
}

proptest::proptest! {
    #[test]
    fn what_is_written_in_base_64_is_read_again(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let text = write_base64(&bytes);
        proptest::prop_assert_eq!(text.len() as u64, base64_len(bytes.len() as u64));
        proptest::prop_assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() <= 76));
        proptest::prop_assert_eq!(parse_base64(&text), Some(bytes));
    }
}
