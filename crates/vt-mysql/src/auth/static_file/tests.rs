//! Which entries of a users file let in whom.

use super::*;

fn tcp() -> Peer {
    Peer::Tcp("127.0.0.1:1".parse().unwrap())
}

#[test]
fn entries_are_read_in_their_forms() {
    let auth = StaticAuth::from_json(
        r#"{
            "one": [{"Password": "p", "UserData": "rights", "Groups": ["g1", "g2"]}],
            "two": [{"Password": "old"}, {"password": "new"}],
            "object": {"Password": ""},
            "native": [{"MysqlNativePassword": "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7"}],
            "local": [{"Password": "p", "SourceHost": "localhost"}]
        }"#,
    )
    .unwrap();
    let one = auth.accounts("one", &tcp());
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].user.login, "one");
    assert_eq!(one[0].user.name, "rights");
    assert_eq!(one[0].user.groups, ["g1", "g2"]);
    assert_eq!(auth.accounts("two", &tcp()).len(), 2);
    assert_eq!(auth.accounts("two", &tcp())[0].user.name, "two");
    let empty = &auth.accounts("object", &tcp())[0].credential;
    assert!(matches!(empty, Credential::Password { is_empty: true, .. }));
    let native = &auth.accounts("native", &tcp())[0].credential;
    assert!(matches!(native, Credential::Native(stored) if *stored == native::stored(b"secret")));
    assert!(auth.accounts("local", &tcp()).is_empty());
    assert_eq!(auth.accounts("local", &Peer::Unix).len(), 1);
    assert!(auth.accounts("nobody", &tcp()).is_empty());
    assert_eq!(auth.default_plugin(), Plugin::CachingSha2);
}

#[test]
fn hashes_of_caching_sha2_come_in_three_forms() {
    let stored = sha2::Crypted::new(b"secret", *b"abcdefghijklmnopqrst").stored();
    let as_text = String::from_utf8(stored.clone()).unwrap();
    let as_hex: String = stored.iter().map(|byte| format!("{byte:02X}")).collect();
    let doubled: String =
        sha2::doubled(b"secret").iter().map(|byte| format!("{byte:02x}")).collect();
    for printed in [as_text, format!("0x{as_hex}"), doubled.clone(), format!("*{doubled}")] {
        let json = serde_json::json!([{"User": "u", "CachingSha2Password": printed}]);
        let auth = StaticAuth::from_json(&json.to_string()).unwrap();
        let is_right = match &auth.accounts("u", &tcp())[0].credential {
            Credential::Crypted(stored) => stored.verify(b"secret"),
            Credential::Doubled(stored) => *stored == sha2::doubled(b"secret"),
            _ => false,
        };
        assert!(is_right, "{printed}");
    }
}

#[test]
fn a_file_of_native_hashes_greets_with_the_native_plugin() {
    let json = r#"{"u": [{"MysqlNativePassword": "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7"}]}"#;
    let auth = StaticAuth::from_json(json).unwrap();
    assert_eq!(auth.default_plugin(), Plugin::Native);
    let none = StaticAuth::from_json("{}").unwrap();
    assert_eq!(none.default_plugin(), Plugin::CachingSha2);
}

#[test]
fn what_makes_no_sense_is_an_error() {
    for json in [
        "",
        "3",
        "[3]",
        "[{}]",
        r#"{"u": [3]}"#,
        r#"{"u": [{"Password": 3}]}"#,
        r#"{"u": [{"MysqlNativePassword": "*14"}]}"#,
        r#"{"u": [{"CachingSha2Password": "x"}]}"#,
        r#"{"u": [{"Password": "p", "SourceHost": "10.0.0.1"}]}"#,
    ] {
        assert!(StaticAuth::from_json(json).is_err(), "{json}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_read_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.json");
    std::fs::write(&path, r#"{"a": [{"Password": "p"}]}"#).unwrap();
    let auth = Arc::new(StaticAuth::from_file(&path).unwrap());
    let stop = CancellationToken::new();
    let watching = tokio::spawn({
        let (auth, stop) = (Arc::clone(&auth), stop.clone());
        async move { auth.watch(Duration::from_secs(30), stop).await }
    });
    let knows = |login: &str| !auth.accounts(login, &tcp()).is_empty();

    std::fs::write(&path, "{broken").unwrap();
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(knows("a"));
    std::fs::write(&path, r#"{"longer": [{"Password": "p"}]}"#).unwrap();
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(knows("longer") && !knows("a"));

    stop.cancel();
    watching.await.unwrap();
    assert!(StaticAuth::from_file(&folder.path().join("none.json")).is_err());
}
