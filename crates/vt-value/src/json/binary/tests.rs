use proptest::prelude::*;

use crate::json::Json;
use crate::json::tests::any_json;

fn text(json: &Json) -> String {
    let mut out = Vec::new();
    json.write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn sizes_are_those_of_json_storage_size() {
    for line in include_str!("../vectors/sizes.tsv").lines() {
        let (document, size) = line.split_once('\t').unwrap();
        let binary = Json::parse(document.as_bytes()).unwrap().to_binary().unwrap();
        assert_eq!(binary.len().to_string(), size, "{document}");
    }
    // Where the small layout ends, and what the large one then costs.
    for (length, nested, size) in [(70_000, 1, 70_027), (65_520, 1, 65_547), (65_519, 4, 65_585)] {
        let inside = format!("[\"{}\",1,70000]", "a".repeat(length));
        let document = format!("{}{inside}{}", "[".repeat(nested - 1), "]".repeat(nested - 1));
        let binary = Json::parse(document.as_bytes()).unwrap().to_binary().unwrap();
        assert_eq!(binary.len(), size);
        assert_eq!(text(&Json::from_binary(&binary).unwrap()), document.replace(',', ", "));
    }
}

#[test]
fn bytes_are_those_of_the_documented_layout() {
    let binary = |text: &str| Json::parse(text.as_bytes()).unwrap().to_binary().unwrap();
    assert_eq!(binary("null"), [4, 0]);
    assert_eq!(binary("true"), [4, 1]);
    assert_eq!(binary("-2"), [5, 0xfe, 0xff]);
    assert_eq!(binary("\"ab\""), [0x0c, 2, b'a', b'b']);
    assert_eq!(binary("[1,\"x\"]"), [2, 2, 0, 12, 0, 5, 1, 0, 0x0c, 10, 0, 1, b'x']);
    assert_eq!(
        binary("{\"k\":null}"),
        [0, 1, 0, 12, 0, 11, 0, 1, 0, 4, 0, 0, b'k'],
        "one member: count, size, name entry, value entry, name"
    );
}

#[test]
fn crafted_documents_cost_no_more_than_their_bytes() {
    // An array whose entries all point back to the array itself.
    let mut bytes = vec![2, 0, 0, 0, 0];
    for _ in 0..1000 {
        bytes.extend([2, 0, 0]);
    }
    bytes[1..3].copy_from_slice(&1000u16.to_le_bytes());
    let size = (bytes.len() - 1) as u16;
    bytes[3..5].copy_from_slice(&size.to_le_bytes());
    assert!(Json::from_binary(&bytes).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn binary_reads_back(value in any_json()) {
        let back = Json::from_binary(&value.to_binary().unwrap()).unwrap();
        prop_assert_eq!(text(&back), text(&value));
        prop_assert_eq!(back.type_name() == "INTEGER", value.type_name() == "INTEGER");
        prop_assert_eq!(back, value);
    }

    #[test]
    fn reading_never_panics(
        value in any_json(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = value.to_binary().unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = Json::from_binary(&bytes);
        let _ = Json::from_binary(&bytes[..place]);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(0u8..16, 0..60)) {
        let _ = Json::from_binary(&bytes);
    }
}
