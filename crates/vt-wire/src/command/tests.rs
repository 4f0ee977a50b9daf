//! Commands come back as they were sent, and garbage does no harm.

use proptest::prelude::*;

use super::*;

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn named() -> impl Strategy<Value = Bytes> {
    "[^\\x00]{0,30}".prop_map(Bytes::from)
}

fn command() -> impl Strategy<Value = Command> {
    let attribute = (".{0,20}", "[^\\x00]{0,300}").prop_map(|(name, value)| {
        let value =
            if name.len() % 3 == 0 { TypedBytes::NULL } else { TypedBytes::varchar(&value) };
        (name, value)
    });
    prop_oneof![
        Just(Command::Quit),
        Just(Command::Ping),
        Just(Command::Statistics),
        Just(Command::ProcessInfo),
        Just(Command::Debug),
        Just(Command::ResetConnection),
        bytes().prop_map(Command::InitDb),
        (bytes(), prop::collection::vec(attribute, 0..20))
            .prop_map(|(sql, attributes)| Command::Query { sql, attributes }),
        (named(), named()).prop_map(|(table, wildcard)| Command::FieldList { table, wildcard }),
        any::<u32>().prop_map(Command::ProcessKill),
        bytes().prop_map(Command::BinlogDump),
        bytes().prop_map(Command::BinlogDumpGtid),
        bytes().prop_map(Command::RegisterReplica),
        bytes().prop_map(Command::Prepare),
        (any::<u32>(), any::<u8>(), bytes()).prop_map(|(statement, flags, values)| {
            Command::Execute { statement, flags, values }
        }),
        (any::<u32>(), any::<u16>(), bytes()).prop_map(|(statement, param, data)| {
            Command::SendLongData { statement, param, data }
        }),
        any::<u32>().prop_map(Command::CloseStatement),
        any::<u32>().prop_map(Command::ResetStatement),
        (any::<u32>(), any::<u32>())
            .prop_map(|(statement, rows)| Command::Fetch { statement, rows }),
        any::<u16>().prop_map(Command::SetOption),
        (0x21_u8..).prop_map(|byte| Command::Unknown(Some(byte))),
        Just(Command::Unknown(None)),
    ]
}

proptest! {
    #[test]
    fn commands_come_back(command in command()) {
        let mut payload = Vec::new();
        command.encode(&mut payload, Capabilities::QUERY_ATTRIBUTES);
        prop_assert_eq!(
            Command::decode(&payload.into(), Capabilities::QUERY_ATTRIBUTES),
            Ok(command)
        );
    }

    #[test]
    fn garbage_does_no_harm(payload in bytes(), first in 0_u8..0x22, capabilities: u32) {
        let mut with_first = vec![first];
        with_first.extend_from_slice(&payload);
        let _ = Command::decode(&payload, Capabilities(capabilities));
        let _ = Command::decode(&with_first.into(), Capabilities(capabilities));
    }
}

#[test]
fn a_query_without_attributes_is_its_text() {
    let payload = Bytes::from_static(b"\x03select 1");
    assert_eq!(
        Command::decode(&payload, Capabilities::default()),
        Ok(Command::Query { sql: Bytes::from_static(b"select 1"), attributes: Vec::new() })
    );
    let payload = Bytes::from_static(b"\x03\x00\x01select 1");
    assert_eq!(
        Command::decode(&payload, Capabilities::QUERY_ATTRIBUTES),
        Ok(Command::Query { sql: Bytes::from_static(b"select 1"), attributes: Vec::new() })
    );
}
