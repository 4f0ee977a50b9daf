//! What MySQL was seen to answer.

use super::parts;

#[test]
fn the_length_stands_before_the_data() {
    assert_eq!(parts(&[3, 0, 0, 0, 1]), Some((3, &[1][..])));
    assert_eq!(parts(&[0xff, 0xff, 0xff, 0xff, 0]), Some((0x3fff_ffff, &[0][..])));
    assert_eq!(parts(b"abc"), None);
    assert_eq!(parts(b"abcd"), None);
}
