//! What MySQL was seen to answer.

use super::{parse, swapped, unswapped, write};

#[test]
fn uuids_are_read_in_three_forms() {
    let bytes = parse(b"6ccd780c-baba-1026-9564-5b8c656024db").unwrap();
    assert_eq!(parse(b"{6CCD780C-baba-1026-9564-5b8c656024db}"), Some(bytes));
    assert_eq!(parse(b"6ccd780cbaba102695645b8c656024db"), Some(bytes));
    for wrong in
        ["", "x", "6ccd780cbaba-102695645b8c656024db", "{6ccd780cbaba102695645b8c656024db}"]
    {
        assert_eq!(parse(wrong.as_bytes()), None, "{wrong:?}");
    }
}

#[test]
fn swapping_puts_the_time_in_front() {
    let bytes = parse(b"6ccd780c-baba-1026-9564-5b8c656024db").unwrap();
    assert_eq!(write(&swapped(bytes)), "1026baba-6ccd-780c-9564-5b8c656024db");
    assert_eq!(write(&unswapped(bytes)), "baba1026-780c-6ccd-9564-5b8c656024db");
}

proptest::proptest! {
    #[test]
    fn what_is_written_is_read_again(bytes: [u8; 16]) {
        proptest::prop_assert_eq!(parse(write(&bytes).as_bytes()), Some(bytes));
        proptest::prop_assert_eq!(unswapped(swapped(bytes)), bytes);
    }
}
