//! Ends of results come back as they were, and garbage does no harm.

use proptest::prelude::*;

use super::*;

fn change() -> impl Strategy<Value = SessionChange> {
    let short = ".{0,300}";
    prop_oneof![
        (".{1,30}", short).prop_map(|(name, value)| SessionChange::SystemVariable { name, value }),
        short.prop_map(SessionChange::Schema),
        any::<bool>().prop_map(SessionChange::StateChanged),
        short.prop_map(SessionChange::Gtids),
        short.prop_map(SessionChange::TransactionCharacteristics),
        short.prop_map(SessionChange::TransactionState),
    ]
}

fn end_info() -> impl Strategy<Value = EndInfo> {
    let changes = prop::collection::vec(change(), 0..5);
    (any::<u64>(), any::<u64>(), any::<u16>(), any::<u16>(), ".{0,300}", changes).prop_map(
        |(affected_rows, insert_id, status, warnings, info, session)| {
            // The flag of changes follows from their being there.
            let flag = if session.is_empty() { 0 } else { status::SESSION_STATE_CHANGED };
            let status = status & !status::SESSION_STATE_CHANGED | flag;
            EndInfo { affected_rows, insert_id, status, warnings, info, session }
        },
    )
}

proptest! {
    #[test]
    fn ends_come_back(end in end_info(), tracks: bool) {
        let mut capabilities = Capabilities::DEPRECATE_EOF;
        let mut told = end.clone();
        if tracks {
            capabilities |= Capabilities::SESSION_TRACK;
        } else {
            told.session.clear();
            told.status &= !status::SESSION_STATE_CHANGED;
        }
        let mut payload = Vec::new();
        encode_ok(&mut payload, &end, capabilities);
        prop_assert_eq!(decode_ok(&payload, capabilities), Ok(told.clone()));
        payload.clear();
        encode_end(&mut payload, &end, capabilities);
        prop_assert!(is_end(&payload, capabilities));
        prop_assert_eq!(decode_end(&payload, capabilities), Ok(told));
    }

    #[test]
    fn old_ends_come_back(warnings: u16, status: u16) {
        let mut payload = Vec::new();
        let end = EndInfo { warnings, status, ..EndInfo::default() };
        encode_end(&mut payload, &end, Capabilities::default());
        prop_assert!(is_end(&payload, Capabilities::default()));
        prop_assert_eq!(decode_end(&payload, Capabilities::default()), Ok(end));
    }

    #[test]
    fn errors_come_back(errno: u16, message in ".{0,200}") {
        let packet = ErrorPacket { errno, sql_state: *b"42S02", message };
        let mut payload = Vec::new();
        packet.encode(&mut payload, Capabilities::PROTOCOL_41);
        prop_assert_eq!(ErrorPacket::decode(&payload), Ok(packet));
    }

    #[test]
    fn garbage_does_no_harm(payload in prop::collection::vec(any::<u8>(), 0..100),
        first in prop::sample::select(vec![OK, EOF, ERR]), capabilities: u32)
    {
        let capabilities = Capabilities(capabilities);
        let with_first = [&[first], &payload[..]].concat();
        for payload in [payload, with_first] {
            let _ = decode_end(&payload, capabilities);
            let _ = decode_ok(&payload, capabilities);
            let _ = ErrorPacket::decode(&payload);
        }
    }
}

#[test]
fn a_long_message_is_cut_at_a_letter() {
    let packet = ErrorPacket { errno: 1, sql_state: *b"HY000", message: "é".repeat(9000) };
    let mut payload = Vec::new();
    packet.encode(&mut payload, Capabilities::default());
    assert_eq!(ErrorPacket::decode(&payload).unwrap().message, "é".repeat(MESSAGE_MAX / 2));
}

#[test]
fn an_error_keeps_its_numbers() {
    let error = Error::mysql(1062, b"23000", "Duplicate entry '1' for key 't.PRIMARY'");
    let back = ErrorPacket::of(&error).into_error();
    assert_eq!((back.errno(), back.sql_state()), (1062, *b"23000"));
    assert_eq!(back.message(), error.message());
    assert_eq!((back.code(), back.origin()), (Code::AlreadyExists, Origin::Mysql));
}

#[test]
fn a_long_value_is_no_end() {
    let mut row = vec![EOF];
    row.resize(crate::frame::FRAME_MAX + 9, 0);
    assert!(!is_end(&row, Capabilities::DEPRECATE_EOF));
    assert!(!is_end(&row[..10], Capabilities::default()));
}
