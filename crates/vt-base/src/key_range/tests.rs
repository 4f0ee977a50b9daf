//! The algebra of key ranges, and the shard names that users write.

use proptest::prelude::*;

use super::*;

fn range(text: &str) -> KeyRange {
    KeyRange::from_shard_name(text).unwrap()
}

#[test]
fn names_are_read_and_printed() {
    for name in ["-80", "80-", "80-c0", "-", "40-8001"] {
        assert_eq!(range(name).to_string(), name);
    }
    assert!(range("0").is_full());
    for wrong in ["8-", "zz-", "80", "80-40", "80-80", "--"] {
        assert!(KeyRange::from_shard_name(wrong).is_err(), "{wrong} was taken");
    }
}

#[test]
fn trailing_zeroes_do_not_matter() {
    assert_eq!(range("-8000"), range("-80"));
    assert!(range("80-").contains(&[0x80]));
    assert!(!range("-80").contains(&[0x80]));
    assert!(range("-80").contains(&[0x7f, 0xff, 0xff]));
}

#[test]
fn generated_ranges_are_the_usual_names() {
    let names = |count| KeyRange::shard_names(count).unwrap();
    assert_eq!(names(1), ["-"]);
    assert_eq!(names(2), ["-80", "80-"]);
    assert_eq!(names(4), ["-40", "40-80", "80-c0", "c0-"]);
    assert_eq!(names(3), ["-55", "55-aa", "aa-"]);
    assert_eq!(names(512)[1], "0080-0100");
    assert!(KeyRange::shard_names(0).is_err());
}

proptest! {
    #[test]
    fn generated_ranges_cover_each_id_once(count in 1u32..600, id in prop::collection::vec(any::<u8>(), 0..9)) {
        let names = KeyRange::shard_names(count).unwrap();
        let ranges: Vec<KeyRange> = names.iter().map(|name| range(name)).collect();
        prop_assert_eq!(ranges.iter().filter(|range| range.contains(&id)).count(), 1);
    }

    #[test]
    fn intersection_agrees_with_a_common_point(a in bounds(), b in bounds(), id in prop::collection::vec(any::<u8>(), 0..4)) {
        if a.contains(&id) && b.contains(&id) {
            prop_assert!(a.intersects(&b));
        }
        prop_assert_eq!(a.intersects(&b), b.intersects(&a));
        if a.contains_range(&b) && b.contains(&id) {
            prop_assert!(a.contains(&id));
        }
    }

    #[test]
    fn printed_range_reads_back(a in bounds()) {
        prop_assert_eq!(a.to_string().parse::<KeyRange>().unwrap(), a);
    }
}

fn bounds() -> impl Strategy<Value = KeyRange> {
    let bound = || prop::collection::vec(any::<u8>(), 0..3);
    (bound(), bound()).prop_filter_map("start before end", |(start, end)| {
        let range = KeyRange::new(&start, &end);
        (range.end().is_empty() || range.start() < range.end()).then_some(range)
    })
}
