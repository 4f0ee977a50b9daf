//! Packets of a login come back as they were, and garbage does no harm.

use proptest::prelude::*;

use super::*;

fn name() -> impl Strategy<Value = String> {
    "[^\\x00]{0,40}"
}

fn attributes() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((".{0,300}", ".{0,300}"), 0..4)
}

/// Capabilities that decide which parts a response has.
fn capabilities() -> impl Strategy<Value = Capabilities> {
    any::<u32>().prop_map(|bits| {
        Capabilities(bits).with(Capabilities::PROTOCOL_41).with(Capabilities::PLUGIN_AUTH_LENENC)
    })
}

proptest! {
    #[test]
    fn greetings_come_back(version in "[0-9a-zA-Z.-]{0,40}", connection_id: u32, capabilities: u32,
        nonce: [u8; 20], collation: u8, status: u16, plugin in name())
    {
        let capabilities = Capabilities(capabilities).with(Capabilities::PLUGIN_AUTH);
        let greeting = Greeting {
            version, connection_id, nonce, capabilities, collation, status, plugin
        };
        let mut payload = Vec::new();
        greeting.encode(&mut payload);
        prop_assert_eq!(Greeting::decode(&payload), Ok(greeting));
    }

    #[test]
    fn responses_come_back(capabilities in capabilities(), packet_max: u32, collation: u8,
        user in name(), auth in prop::collection::vec(any::<u8>(), 0..300), database in name(),
        plugin in name(), attributes in attributes(), zstd_level: u8)
    {
        let has = |flag| capabilities.has(flag);
        let response = Response {
            capabilities,
            packet_max,
            collation,
            user,
            auth,
            database: (has(Capabilities::CONNECT_WITH_DB) && !database.is_empty())
                .then_some(database),
            plugin: if has(Capabilities::PLUGIN_AUTH) { plugin } else { String::new() },
            attributes: if has(Capabilities::CONNECT_ATTRS) { attributes } else { Vec::new() },
            zstd_level: if has(Capabilities::ZSTD) { zstd_level } else { 0 },
        };
        let mut payload = Vec::new();
        response.encode(&mut payload);
        prop_assert_eq!(FirstAnswer::decode(&payload), Ok(FirstAnswer::Response(response.clone())));

        let mut front = Vec::new();
        let response = Response {
            capabilities: capabilities.with(Capabilities::SSL), ..response
        };
        response.encode_front(&mut front);
        prop_assert_eq!(
            FirstAnswer::decode(&front),
            Ok(FirstAnswer::Tls(response.capabilities))
        );
    }

    #[test]
    fn changes_of_user_come_back(user in name(), auth in prop::collection::vec(any::<u8>(), 0..255),
        database in name(), collation: u16, plugin in name(), attributes in attributes())
    {
        let capabilities = Capabilities::PLUGIN_AUTH | Capabilities::CONNECT_ATTRS;
        let change = ChangeUser {
            user, auth, database: (!database.is_empty()).then_some(database),
            collation: Some(collation), plugin, attributes,
        };
        let mut bytes = Vec::new();
        change.encode(&mut bytes, capabilities);
        prop_assert_eq!(ChangeUser::decode(&bytes, capabilities), Ok(change));
    }

    #[test]
    fn garbage_does_no_harm(payload in prop::collection::vec(any::<u8>(), 0..200),
        capabilities: u32)
    {
        let _ = Greeting::decode(&payload);
        let _ = FirstAnswer::decode(&payload);
        let _ = ChangeUser::decode(&payload, Capabilities(capabilities));
        let _ = decode_switch(&payload);
        // The same with a front that lets the decoder go deeper.
        let mut fronted = Vec::new();
        Response { capabilities: Capabilities(capabilities | 0x200), ..Response::default() }
            .encode_front(&mut fronted);
        fronted.extend_from_slice(&payload);
        let _ = Response::decode(&fronted);
    }
}

#[test]
fn a_switch_of_plugin_comes_back() {
    let nonce = *b"abcdefghijklmnopqrst";
    let mut payload = Vec::new();
    encode_switch(&mut payload, "mysql_native_password", &nonce);
    assert_eq!(decode_switch(&payload), Ok(("mysql_native_password".to_owned(), Some(nonce))));
    assert_eq!(
        decode_switch(b"\xfemysql_clear_password\0"),
        Ok(("mysql_clear_password".to_owned(), None))
    );
    // The one byte of servers before 4.1.
    assert!(decode_switch(b"\xfe").is_err());
}
