use std::collections::HashMap;

use super::*;

/// Pairs of strings in hex with what `strcmp()` of MySQL 9.7 gives under a collation.
const VECTORS: &str = include_str!("vectors.tsv");

fn vectors() -> impl Iterator<Item = (Collation, Vec<u8>, Vec<u8>, Ordering)> {
    let unhex = |text: &str| vt_base::key_range::decode_hex(text).unwrap();
    VECTORS.lines().map(move |line| {
        let parts: Vec<&str> = line.split('\t').collect();
        let order = parts[3].parse::<i32>().unwrap().cmp(&0);
        (Collation::from_name(parts[0]).unwrap(), unhex(parts[1]), unhex(parts[2]), order)
    })
}

#[test]
fn ascii_strings_compare_as_in_mysql() {
    for (collation, a, b, want) in vectors() {
        let name = collation.name().unwrap();
        assert_eq!(collation.compare(&a, &b), Some(want), "{name}: {a:x?} {b:x?}");
        assert_eq!(collation.equal(&a, &b), Some(want.is_eq()), "{name}: {a:x?} {b:x?}");
    }
}

#[test]
fn keys_are_equal_where_strings_are() {
    let mut seen: HashMap<(Collation, Vec<u8>), Vec<u8>> = HashMap::new();
    for (collation, a, b, want) in vectors() {
        let key = |text: &[u8]| {
            let mut key = Vec::new();
            assert!(collation.write_key(text, &mut key));
            key
        };
        assert_eq!(key(&a) == key(&b), want.is_eq(), "{:?}: {a:x?} {b:x?}", collation.name());
        seen.insert((collation, key(&a)), a);
    }
    assert!(seen.len() > 500, "the vectors have many distinct keys");
}

#[test]
fn what_is_not_known_is_said() {
    let word = "é".as_bytes();
    for name in ["utf8mb4_0900_ai_ci", "utf8mb4_general_ci", "cp1251_bin", "utf8mb4_ja_0900_as_cs"]
    {
        let collation = Collation::from_name(name).unwrap();
        assert!(!collation.is_exact());
        assert_eq!(collation.compare(word, b"e"), None, "{name}");
        assert_eq!(collation.equal(word, b"e"), None, "{name}");
        assert_eq!(collation.equal(word, word), Some(true), "{name}");
        assert!(!collation.write_key(word, &mut Vec::new()));
    }
    assert_eq!(Collation::UTF8MB4_BIN.compare(word, b"e"), Some(Ordering::Greater));
    assert_eq!(Collation::UNKNOWN.compare(b"a", b"b"), None);
    assert_eq!(Collation::UNKNOWN.equal(b"a", b"b"), None);
    assert_eq!(Collation::UNKNOWN.equal(b"a", b"a"), Some(true));
}

#[test]
fn names_and_ids_agree() {
    assert!(table::COLLATIONS.is_sorted_by_key(|entry| entry.0));
    assert_eq!(Collation::from_name("UTF8MB4_0900_AI_CI"), Some(Collation::UTF8MB4_0900_AI_CI));
    assert_eq!(Collation(45).name(), Some("utf8mb4_general_ci"));
    assert_eq!(Collation(8).charset(), Some(crate::Charset::Latin1));
    assert_eq!(Collation(9999).name(), None);
}
