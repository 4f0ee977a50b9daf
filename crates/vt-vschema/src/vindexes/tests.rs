//! Known values of every functional vindex.

use vt_value::{Type, TypedBytes};

use super::*;
use crate::Vindex;
use crate::destination::hex;
use crate::spec::VindexSpec;

fn vindex(typ: &str, params: &[(&str, &str)]) -> Vindex {
    let params = params.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let spec = VindexSpec { typ: typ.to_owned(), params: params.collect(), owner: String::new() };
    Vindex::new("v", &spec).unwrap()
}

fn int(number: i64) -> TypedBytes {
    TypedBytes::int64(number)
}

fn text(text: &str) -> TypedBytes {
    TypedBytes::varchar(text)
}

fn uint(number: u64) -> TypedBytes {
    TypedBytes::uint64(number)
}

/// Shows where a row lies: hex of the keyspace id, a key range, or `none`.
fn mapped(vindex: &Vindex, row: &[TypedBytes]) -> String {
    match vindex.map_row(row).unwrap() {
        Destination::KeyspaceId(id) => hex(&id),
        Destination::KeyRange(range) => range.to_string(),
        Destination::None => "none".to_owned(),
        other => format!("{other:?}"),
    }
}

fn check(vindex: &Vindex, cases: &[(TypedBytes, &str)]) {
    for (value, want) in cases {
        assert_eq!(mapped(vindex, std::slice::from_ref(value)), *want, "{value:?}");
    }
}

#[test]
fn hash_matches_the_known_ids() {
    check(
        &vindex("hash", &[]),
        &[
            (int(0), "8ca64de9c1b123a7"),
            (int(1), "166b40b44aba4bd6"),
            (int(2), "06e7ea22ce92708f"),
            (int(3), "4eb190c9a2fa169c"),
            (int(4), "d2fd8867d50d2dfe"),
            (int(5), "70bb023c810ca87a"),
            (int(-1), "355550b2150e2451"),
            (uint(u64::MAX), "355550b2150e2451"),
            (text("1"), "166b40b44aba4bd6"),
            (TypedBytes::new(Type::HEXNUM, "0x4"), "d2fd8867d50d2dfe"),
            (TypedBytes::new(Type::DECIMAL, "4.00"), "d2fd8867d50d2dfe"),
            (TypedBytes::new(Type::DECIMAL, "-1.0"), "355550b2150e2451"),
            (TypedBytes::new(Type::DECIMAL, "18446744073709551615"), "355550b2150e2451"),
            (TypedBytes::new(Type::FLOAT64, "4"), "d2fd8867d50d2dfe"),
            (TypedBytes::new(Type::FLOAT64, "4e0"), "d2fd8867d50d2dfe"),
        ],
    );
}

#[test]
fn what_is_no_number_lies_nowhere() {
    for typ in ["hash", "numeric", "reverse_bits"] {
        check(
            &vindex(typ, &[]),
            &[
                (TypedBytes::NULL, "none"),
                (text("abc"), "none"),
                (text("-1"), "none"),
                (text("+1"), "none"),
                (text(""), "none"),
                (TypedBytes::new(Type::FLOAT64, "1.5"), "none"),
                (TypedBytes::new(Type::DECIMAL, "1.01"), "none"),
                (TypedBytes::new(Type::FLOAT64, "1e300"), "none"),
                (text("1.0"), "none"),
            ],
        );
    }
}

#[test]
fn numbers_as_bytes() {
    check(
        &vindex("numeric", &[]),
        &[
            (int(1), "0000000000000001"),
            (int(2), "0000000000000002"),
            (int(-1), "ffffffffffffffff"),
        ],
    );
    check(
        &vindex("reverse_bits", &[]),
        &[(int(1), "8000000000000000"), (int(3), "c000000000000000")],
    );
    check(&vindex("null", &[]), &[(int(7), "00"), (TypedBytes::NULL, "00")]);
    check(&vindex("binary", &[]), &[(text("ab"), "6162"), (TypedBytes::NULL, "none")]);
}

#[test]
fn digests_of_bytes() {
    check(
        &vindex("xxhash", &[]),
        &[
            (text("test1"), "d01ab7e4d6978f0b"),
            (int(1), "d46405367612b4b7"),
            (text("1"), "d46405367612b4b7"),
            (int(-1), "d8e2a6a7c8c7623d"),
            (text(""), "99e9d85137db46ef"),
            (TypedBytes::NULL, "99e9d85137db46ef"),
        ],
    );
    check(
        &vindex("binary_md5", &[]),
        &[
            (text("test1"), "5a105e8b9d40e1329780d62ea2265d8a"),
            (TypedBytes::NULL, "d41d8cd98f00b204e9800998ecf8427e"),
        ],
    );
}

#[test]
fn texts_that_look_alike_lie_together() {
    let (md5, xxhash) = (vindex("unicode_loose_md5", &[]), vindex("unicode_loose_xxhash", &[]));
    for same in ["Test", "TEST", "T\u{e9}st", "Te\u{301}st", "Test ", "\u{ff34}est"] {
        check(&md5, &[(text(same), "0b5edbb401fd7524393690491d64f1f5")]);
        check(&xxhash, &[(text(same), "42d21361087a4c07")]);
    }
    check(&md5, &[(text("B\u{e9}st"), "c2b2332e4f73d00741026249706f2fb6")]);
    check(&xxhash, &[(text("B\u{e9}st"), "926975b9ce2ec316")]);
    check(&md5, &[(TypedBytes::NULL, "none")]);
}

#[test]
fn collation_keys_know_contractions_expansions_and_unlisted_characters() {
    for (text, want) in [
        ("abc 12", "15ef1605161d010914e714e8"),
        ("\u{df}", "17f317f3"),
        ("\u{4e2d}", "814e2d"),
        ("l\u{b7}", "1711"),
        ("", ""),
        ("  ", ""),
    ] {
        assert_eq!(hex(&collation_key::collation_key(text.as_bytes())), want, "{text}");
    }
    // A vowel that is written before its consonant is compared after it.
    let key = |text: &str| collation_key::collation_key(text.as_bytes());
    assert_eq!(key("\u{e40}\u{e01}"), [key("\u{e01}"), key("\u{e40}")].concat());
}

#[test]
fn several_columns_join_their_hashes() {
    let three = vindex("multicol", &[("column_count", "3")]);
    assert_eq!(mapped(&three, &[int(255), int(1), int(1)]), "254e88166b40166b");
    assert_eq!(mapped(&three, &[int(1)]), "166b40-166b41");
    assert_eq!(mapped(&three, &[int(1), TypedBytes::NULL]), "none");
    assert_eq!(three.cost, 3);
    let params =
        [("column_count", "2"), ("column_bytes", "1,2"), ("column_vindex", "numeric,xxhash")];
    let two = vindex("multicol", &params);
    assert_eq!(mapped(&two, &[int(1), text("1")]), "00d464");
    assert_eq!(mapped(&two, &[int(1)]), "00-01");
    assert!(two.takes_prefix() && two.is_multi_column());
    assert!(two.map_row(&[int(1), int(1), int(1)]).is_err(), "more values than columns");
}

#[test]
fn regions_lead_the_keyspace_id() {
    let one = vindex("region_experimental", &[("region_bytes", "1")]);
    assert_eq!(mapped(&one, &[int(1), int(1)]), "01166b40b44aba4bd6");
    assert_eq!(mapped(&one, &[int(1)]), "01-02");
    assert_eq!(mapped(&one, &[int(255)]), "ff-");
    let two = vindex("region_experimental", &[("region_bytes", "2")]);
    assert_eq!(mapped(&two, &[int(258), int(1)]), "0102166b40b44aba4bd6");

    let map = r#"{"Belgium": 2, "Chile": 258}"#;
    let json = vindex("region_json", &[("region_map", map), ("region_bytes", "1")]);
    assert_eq!(mapped(&json, &[int(1), text("Belgium")]), "02166b40b44aba4bd6");
    assert_eq!(mapped(&json, &[int(1), text("Chile")]), "02166b40b44aba4bd6");
    assert_eq!(mapped(&json, &[int(1), text("Peru")]), "none");
}

#[test]
fn a_static_map_falls_back() {
    let map = vindex("numeric_static_map", &[("json", r#"{"1": 2, "x": 3}"#)]);
    check(
        &map,
        &[
            (int(1), "0000000000000002"),
            (text("x"), "0000000000000003"),
            (int(5), "0000000000000005"),
            (text("y"), "none"),
        ],
    );
    let params = [("json", r#"{"1": 2}"#), ("fallback_type", "xxhash")];
    check(&vindex("numeric_static_map", &params), &[(text("test1"), "d01ab7e4d6978f0b")]);
}

#[test]
fn cfc_hashes_part_by_part() {
    let plain = vindex("cfc", &[]);
    check(&plain, &[(text("abc"), "616263")]);
    let range = plain.map_value_prefix(b"ab").unwrap();
    assert_eq!(range, Destination::KeyRange("6162-6163".parse().unwrap()));
    let cut = vindex("cfc", &[("hash", "xxhash64"), ("offsets", "[4]")]);
    let digest = |part: &[u8]| hex(&xxhash::digest(part));
    check(
        &cut,
        &[
            (text("test1"), &(digest(b"test") + &digest(b"1"))),
            (text("test"), &digest(b"test")),
            (text("tes"), "none"),
        ],
    );
    assert_eq!(cut.map_value_prefix(b"tes").unwrap(), Destination::AllShards);
}

#[test]
fn reversible_vindexes_give_the_value_back() {
    for typ in ["hash", "numeric", "reverse_bits"] {
        let vindex = vindex(typ, &[]);
        for number in [0, 1, 42, u64::MAX] {
            let Destination::KeyspaceId(id) = vindex.map_row(&[uint(number)]).unwrap() else {
                panic!("{typ} maps numbers")
            };
            assert_eq!(vindex.reverse(&id).unwrap(), uint(number), "{typ}");
        }
        assert!(vindex.reverse(b"short").is_err(), "{typ}");
    }
    assert_eq!(vindex("binary", &[]).reverse(b"ab").unwrap().bytes, "ab");
    let error = vindex("xxhash", &[]).reverse(b"12345678").unwrap_err();
    assert_eq!(error.message(), "vindex v of type xxhash cannot reverse");
}

#[test]
fn lookups_are_described_but_not_mapped() {
    let params = [("table", "ks.t"), ("from", "a,b"), ("to", "id"), ("ignore_nulls", "true")];
    let lookup = vindex("consistent_lookup_unique", &params);
    let described = lookup.lookup().unwrap();
    assert_eq!((described.table.as_str(), described.from.len()), ("ks.t", 2));
    assert!(described.ignore_nulls && described.consistent && lookup.unique);
    assert_eq!((lookup.cost, vindex("lookup", &[]).cost), (10, 20));
    let error = lookup.map_row(&[int(1)]).unwrap_err();
    let want = "VT12001: unsupported: lookup vindex v of type consistent_lookup_unique";
    assert_eq!(error.message(), want);
}

#[test]
fn unknown_parameters_are_listed() {
    let vindex = vindex("region_experimental", &[("region_bytes", "1"), ("colour", "red")]);
    assert_eq!(vindex.unknown_params, ["colour"]);
}

#[test]
fn wrong_parameters_are_refused() {
    for (typ, params, want) in [
        ("nope", &[][..], "vindexType \"nope\" not found"),
        ("region_experimental", &[], "v: missing region_bytes param"),
        ("region_experimental", &[("region_bytes", "3")], "region_bits must be 1 or 2: 3"),
        ("cfc", &[("hash", "sha")], "invalid hash sha to CFC vindex"),
        ("lookup", &[("autocommit", "yes")], "autocommit value must be 'true' or 'false': 'yes'"),
        (
            "multicol",
            &[("column_count", "2"), ("column_bytes", "8")],
            "column bytes count exceeds the keyspace id length (total bytes count cannot exceed \
             8 bytes) in the parameter 'column_bytes'",
        ),
        (
            "numeric_static_map",
            &[("json_path", "/no/such")],
            "v: the file /no/such of json_path could not be read",
        ),
    ] {
        let params = params.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let spec =
            VindexSpec { typ: typ.to_owned(), params: params.collect(), owner: String::new() };
        assert_eq!(Vindex::new("v", &spec).unwrap_err().message(), want);
    }
}
#[test]
fn collation_keys_of_many_scripts_match_the_samples() {
    for line in include_str!("collation_samples.txt").lines() {
        let (text, key) = line.split_once(' ').unwrap();
        let text = vt_base::key_range::decode_hex(text).unwrap();
        assert_eq!(hex(&collation_key::collation_key(&text)), key, "{text:x?}");
    }
}
