use std::cmp::Ordering;
use std::hash::Hasher;

use proptest::prelude::*;

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
fn names_and_ids_go_both_ways() {
    let all: Vec<Collation> = Collation::all().collect();
    assert_eq!(all.len(), 286);
    assert!(all.is_sorted());
    for collation in all {
        assert_eq!(Collation::from_name(collation.name().unwrap()), Some(collation));
    }
    assert_eq!(Collation::from_name("UTF8MB4_0900_AI_CI"), Some(Collation::UTF8MB4_0900_AI_CI));
    assert_eq!(Collation::from_name("utf8_general_ci"), Some(Collation::UTF8MB3_GENERAL_CI));
    assert_eq!(Collation::from_name("utf8mb4_klingon_ci"), None);
    assert_eq!(Collation(8).charset(), Some(Charset::Latin1));
    assert_eq!(Collation::UNKNOWN.name(), None);
    assert_eq!(Collation::UNKNOWN.compare(b"a", b"b"), None);
    assert_eq!(Collation::UNKNOWN.like(b"a", b"b", b""), None);
    assert_eq!(Collation(u16::MAX).compare(b"a", b"b"), None);
}

/// Remembers what it was fed.
#[derive(Default)]
struct Fed(Vec<u8>);

impl Hasher for Fed {
    fn finish(&self) -> u64 {
        self.0.len() as u64
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn check_agreement(collation: Collation, a: &[u8], b: &[u8]) {
    let name = collation.name().unwrap();
    let order = collation.compare(a, b).unwrap();
    assert_eq!(collation.compare(b, a), Some(order.reverse()), "{name}: {a:x?} {b:x?}");
    let key = |text: &[u8]| {
        let mut key = Vec::new();
        assert!(collation.write_key(text, &mut key));
        key
    };
    let hash = |text: &[u8]| {
        let mut fed = Fed::default();
        assert!(collation.hash(text, &mut fed));
        fed.0
    };
    assert_eq!(key(a) == key(b), order.is_eq(), "{name}: {a:x?} {b:x?}");
    assert_eq!(hash(a) == hash(b), order.is_eq(), "{name}: {a:x?} {b:x?}");
    if !collation.pads() {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        assert!(collation.sort_key(a, &mut x) && collation.sort_key(b, &mut y));
        assert_eq!(x.cmp(&y), order, "{name}: {a:x?} {b:x?}");
    }
    assert!(collation.like(a, a, b"").is_some());
    let _ = collation.find(a, b, 0).unwrap();
    assert!(collation.upper(a, &mut Vec::new()) && collation.lower(a, &mut Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_keys_and_hashes_agree(a in "\\PC{0,8}", b in "\\PC{0,8}", extra in " {0,3}") {
        let texts = [a.clone(), b, format!("{a}{extra}"), a.to_uppercase()];
        for collation in Collation::all() {
            let set = collation.charset().unwrap();
            let own = texts.clone().map(|text| {
                let mut own = Vec::new();
                Charset::Utf8mb4.convert(text.as_bytes(), set, &mut own);
                own
            });
            for other in &own[1..] {
                check_agreement(collation, &own[0], other);
            }
        }
    }

    #[test]
    fn any_bytes_are_taken(a in proptest::collection::vec(any::<u8>(), 0..10),
                           b in proptest::collection::vec(any::<u8>(), 0..10)) {
        for collation in Collation::all() {
            check_agreement(collation, &a, &b);
        }
    }
}

/// Returns a string in the character set of a collation.
fn own(collation: Collation, text: &str) -> Vec<u8> {
    let mut own = Vec::new();
    let set = collation.charset().unwrap();
    assert!(Charset::Utf8mb4.convert(text.as_bytes(), set, &mut own).is_exact());
    own
}

#[test]
fn keys_are_the_weight_strings_of_mysql() {
    let seen = [
        ("utf8mb4_0900_ai_ci", "aÁ", "1C471C47"),
        ("utf8mb4_0900_as_cs", "aÁ", "1C471C4700000020002000240000000200080002"),
        ("utf8mb4_da_0900_as_cs", "aÁ", "1C471C4700000020002000240000030201080302"),
        ("utf8mb4_0900_as_cs", "한", "3C073C733CD400000020002000200000000200020002"),
        ("utf8mb4_zh_0900_as_cs", "一乙", "A63EA740000000200020000000020002"),
        ("utf8mb4_0900_as_cs", "\0", "00000000"),
        (
            "utf8mb4_lt_0900_as_cs",
            "i\u{307}\u{300}x",
            "1D3200001EFF00000020002500200000000200020002",
        ),
        ("utf8mb4_sk_0900_as_cs", "ch", "1D1854A50000002000000008"),
        ("utf8mb4_ja_0900_as_cs_ks", "a", "1C470000002000000002"),
        ("utf8mb4_ja_0900_as_cs_ks", "ア", "1FB6000000200000000E00000008"),
        ("utf8mb4_ja_0900_as_cs_ks", "ー", "1C0E000000200000000200000008"),
        (
            "utf8mb4_ja_0900_as_cs_ks",
            "あゝー",
            "1FB61FB61C0E00000020002000200000000E000D002100020000000200020008",
        ),
        // The last character changes the first where the later levels begin.
        ("utf8mb4_ja_0900_as_cs", "ーaか", "1C0E1C471FBC00000020002000200000000C00210002000E"),
        ("utf8mb4_ja_0900_as_cs", "ーかa", "1C0E1FBC1C47000000200020002000000002000E0002"),
        ("utf8mb4_unicode_ci", "한", "FBC1D55C"),
        ("utf8mb4_unicode_ci", "a   ", "0E33020902090209"),
        ("utf8mb4_unicode_520_ci", "한😀", "FBC1D55CFBC3F600"),
        ("gb18030_unicode_520_ci", "一a", "FB40CE00120F"),
        ("utf8mb4_general_ci", "aß😀", "00410053FFFD"),
        ("utf8mb4_bin", "😀a", "01F600000061"),
        ("utf8mb4_0900_bin", "😀a", "F09F988061"),
        ("utf16_bin", "一a", "004E00000061"),
        ("latin1_german2_ci", "äöüßÄ", "41454F45554553534145"),
        ("cp1250_czech_cs", "a-b", "A48FA5020102"),
        ("cp1250_czech_cs", "Ch", "AD02"),
        ("latin2_czech_cs", "a b", "03020302040109010302 0F0103020F00"),
        ("latin2_czech_cs", "  a", "02020301030102030102020300"),
        ("latin2_czech_cs", "cH", "050B010A1801112E01112E00"),
        ("tis620_thai_ci", "กเกแม", "A1A1E0C1E1"),
        ("tis620_thai_ci", "ก่ก๊a", "A1A16161ED"),
        ("gb18030_chinese_ci", "一a", "FFA089DB41"),
        ("big5_chinese_ci", "一a", "A44041"),
        ("ujis_japanese_ci", "一a", "B0EC41"),
    ];
    for (name, text, want) in seen {
        let collation = Collation::from_name(name).unwrap();
        let mut key = Vec::new();
        assert!(collation.sort_key(&own(collation, text), &mut key));
        let want = vt_base::key_range::decode_hex(&want.replace(' ', "")).unwrap();
        assert_eq!(key, want, "{name}: {text:?} {key:x?}");
    }
}

#[test]
fn case_changes_as_in_mysql() {
    // UPPER, then LOWER of a string; where a character grows, the server spoils what follows.
    let seen = [
        ("utf8mb4_0900_ai_ci", "abcdȿef", "ABCDⱾ", "abcdȿef"),
        ("utf8mb4_0900_ai_ci", "ȿ", "", "ȿ"),
        ("utf8mb4_unicode_520_ci", "aȿb", "AⱾ", "aȿb"),
        ("utf32_unicode_520_ci", "aȿb", "AⱾB", "aȿb"),
        ("utf8mb4_turkish_ci", "ıi", "Iİ", "ıi"),
        ("utf8mb4_turkish_ci", "II", "II", "ıı"),
    ];
    for (name, text, upper, lower) in seen {
        let collation = Collation::from_name(name).unwrap();
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let text = own(collation, text);
        assert!(collation.upper(&text, &mut up) && collation.lower(&text, &mut down));
        assert_eq!(up, own(collation, upper), "{name}");
        assert_eq!(down, own(collation, lower), "{name}");
    }
}

#[test]
fn like_takes_wildcards_escapes_and_weights() {
    let like = |name: &str, text: &str, pattern: &str, escape: &str| {
        let collation = Collation::from_name(name).unwrap();
        let [text, pattern, escape] = [text, pattern, escape].map(|text| own(collation, text));
        collation.like(&text, &pattern, &escape).unwrap()
    };
    assert!(like("utf8mb4_0900_ai_ci", "Žluťoučký", "zlu_OU%y", "\\"));
    assert!(!like("utf8mb4_0900_as_cs", "Žluťoučký", "zlu_OU%y", "\\"));
    assert!(like("utf8mb4_0900_ai_ci", "50%", "50\\%", "\\"));
    assert!(!like("utf8mb4_0900_ai_ci", "505", "50\\%", "\\"));
    assert!(!like("utf8mb4_0900_ai_ci", "a", "a ", "\\"));
    assert!(like("utf16_general_ci", "aXbXc", "a%_C", "|"));
    assert!(like("utf8mb4_general_ci", "", "%%", ""));
    let long = "ab".repeat(20_000);
    assert!(!like("utf8mb4_bin", &long, "%ab%ab%ab%abc", ""));
}

#[test]
fn find_takes_what_begins_with_the_same_weights() {
    let find = |name: &str, text: &str, needle: &str| {
        let collation = Collation::from_name(name).unwrap();
        collation.find(&own(collation, text), &own(collation, needle), 0).unwrap()
    };
    assert_eq!(find("utf8mb4_0900_ai_ci", "Žluťoučký", "TOU"), Some(3));
    assert_eq!(find("utf8mb4_0900_ai_ci", "\u{24B7}\u{30C}\u{2014}\u{2100}", "A\u{323}"), Some(3));
    assert_eq!(find("utf8mb4_0900_as_cs", "abc", "B"), None);
    assert_eq!(find("latin2_czech_cs", "Üę", "ÜĘ"), Some(0));
    assert_eq!(find("utf8mb4_bin", "", ""), Some(0));
    // Two forms of one letter, of two and of four bytes.
    let gb18030 = Collation::from_name("gb18030_chinese_ci").unwrap();
    let (short, long) = (b"\xA8\xBA".as_slice(), b"\x81\x30\x87\x38".as_slice());
    assert_eq!(gb18030.equal(short, long), Some(true));
    assert_eq!(gb18030.find(b"\xA8\xBAaaa", long, 0), Some(Some(0)));
    assert_eq!(gb18030.find(short, long, 0), Some(None));
    assert_eq!(gb18030.find(long, short, 0), Some(Some(0)));
}

#[test]
fn sorting_goes_by_keys_where_these_differ_from_comparisons() {
    let big5 = Collation::from_name("big5_chinese_ci").unwrap();
    let (a, b) = (b"\xA1\x56\xC7\xF0".as_slice(), b"\xC7\xF0".as_slice());
    assert_eq!(big5.compare(a, b), Some(Ordering::Less));
    let euckr = Collation::from_name("euckr_korean_ci").unwrap();
    let (a, b) = (b"\xA6\x4C\x99\xA4".as_slice(), b"\xA6\x63\xA4\x6F".as_slice());
    assert_eq!(euckr.compare(a, b), Some(Ordering::Greater));
    let latin7 = Collation::from_name("latin7_general_ci").unwrap();
    assert_eq!(latin7.compare(b"", b"-0"), Some(Ordering::Greater));
    assert_eq!(latin7.sort_order(b"", b"-0"), Some(Ordering::Less));
    let czech = Collation::from_name("cp1250_czech_cs").unwrap();
    assert_eq!(czech.compare(b"B", b"b "), Some(Ordering::Less));
    assert_eq!(czech.sort_order(b"B ", b"b"), Some(Ordering::Greater));
}
