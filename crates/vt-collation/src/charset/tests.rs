use super::*;

#[test]
fn the_table_is_in_the_order_of_the_variants() {
    for (number, set) in Charset::all().enumerate() {
        assert_eq!(set as usize, number);
        assert_eq!(Charset::from_name(set.name()), Some(set));
        assert_eq!(set.default_collation().charset(), Some(set));
        assert_eq!(set.binary_collation().charset(), Some(set));
    }
    assert_eq!(Charset::from_name("UTF8"), Some(Charset::Utf8mb3));
    assert_eq!(Charset::from_name("klingon"), None);
}

#[test]
fn characters_are_counted_and_cut() {
    let text = "aß€😀".as_bytes();
    assert_eq!(Charset::Utf8mb4.count(text), 4);
    assert_eq!(Charset::Utf8mb4.substr(text, 1, 2), "ß€".as_bytes());
    assert_eq!(Charset::Utf8mb4.substr(text, 3, 9), "😀".as_bytes());
    assert_eq!(Charset::Utf8mb4.substr(text, 4, 1), b"");
    assert_eq!(Charset::Utf8mb3.well_formed(text), 6);
    assert_eq!(Charset::Gbk.count(b"a\x81\x40\x81"), 3);
}

#[test]
fn sets_hold_others_as_in_mysql() {
    let holds = |left: &str, right: &str| {
        let [left, right] = [left, right].map(|name| Charset::from_name(name).unwrap());
        left.holds(right)
    };
    assert!(holds("utf8mb3", "gb18030") && holds("utf8mb4", "utf16") && holds("utf32", "utf8mb4"));
    assert!(!holds("utf16", "utf8mb3") && !holds("utf8mb3", "ucs2") && !holds("gb18030", "latin1"));
    assert!(!holds("utf8mb4", "binary") && !holds("binary", "latin1"));
}
