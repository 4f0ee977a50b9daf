//! Frames there and back, and bytes that are none.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use vt_base::{Code, Error, TabletAlias, TabletType, Target};
use vt_tablet_api::{
    Begin, Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, Isolation, Reserve, StreamPart,
    TxState, Workload,
};
use vt_value::{BindVars, BoundValue, Field, QueryResult, RowsBuilder, Type, TypedBytes};

use super::codec::{FrameWriter, OutFrame, Reader};
use super::connection::take_frame;
use super::message::Message;
use super::{HEADER, Kind};

fn frame<M: Message>(message: &M) -> Vec<u8> {
    let mut out = FrameWriter::new(Kind::Execute, 77, message.size());
    message.write(&mut out);
    let OutFrame { mut head, tail } = out.finish().unwrap();
    head.extend_from_slice(&tail);
    head
}

fn there_and_back<M: Message>(message: &M) -> M {
    let mut bytes = BytesMut::from(&frame(message)[..]);
    let frame = take_frame(&mut bytes).unwrap().unwrap();
    assert_eq!((frame.kind, frame.call, bytes.len()), (Kind::Execute, 77, 0));
    let mut from = Reader::new(frame.payload);
    let back = M::read(&mut from).unwrap();
    from.end().unwrap();
    back
}

prop_compose! {
    fn any_request()(
        sql in ".{0,40}",
        names in prop::collection::btree_map("[a-z]{1,5}", (any::<i32>(), prop::collection::vec(any::<u8>(), 0..20), any::<bool>()), 0..5),
        ids in any::<(i64, i64)>(),
        flags in any::<(bool, bool, bool, bool)>(),
        texts in prop::collection::vec(".{0,10}", 0..3),
        number in any::<i64>(),
    ) -> ExecuteRequest {
        let mut binds = BindVars::new();
        for (name, (typ, bytes, list)) in names {
            let value = TypedBytes::new(Type(typ), bytes);
            let value =
                if list { BoundValue::Tuple(vec![value.clone(), value]) } else { value.into() };
            binds.set(name, value);
        }
        let options = ExecuteOptions {
            client_found_rows: flags.0,
            workload: Workload::Olap,
            isolation: Isolation::ReadCommitted,
            timeout_ms: number,
            consolidator: flags.1.then_some(flags.2),
            transaction_timeout_ms: flags.2.then_some(number),
            ..ExecuteOptions::default()
        };
        ExecuteRequest {
            caller: Arc::new(Caller {
                username: "u".into(),
                groups: texts.clone().into(),
                ..Caller::default()
            }),
            target: Target::new("ks", "-80", TabletType::Rdonly),
            sql: sql.into(),
            bind_vars: Arc::new(binds),
            transaction_id: ids.0,
            reserved_id: ids.1,
            options: Arc::new(options),
            begin: flags.0.then(|| Begin { post_queries: texts.clone() }),
            reserve: flags.3.then(|| Reserve { pre_queries: texts.clone() }),
            settings: texts.into(),
            deadline: None,
        }
    }
}

prop_compose! {
    fn any_result()(
        rows in prop::collection::vec(prop::collection::vec(
            prop::option::of(prop::collection::vec(any::<u8>(), 0..300)), 2), 0..6),
        numbers in any::<(u64, u64, bool, u16)>(),
        name in ".{0,10}",
    ) -> QueryResult {
        let mut builder = RowsBuilder::default();
        rows.iter().for_each(|row| builder.push(row.iter().map(Option::as_ref)));
        let fields = [Field::new(&name, Type::VARCHAR), Field::new("b", Type::INT64)];
        QueryResult {
            rows_affected: numbers.0,
            insert_id: numbers.1,
            insert_id_changed: numbers.2,
            status_flags: numbers.3,
            info: name.as_str().into(),
            ..QueryResult::with_rows(fields, builder.finish())
        }
    }
}

proptest! {
    #[test]
    fn requests_survive_the_way(request in any_request()) {
        let back = there_and_back(&request);
        prop_assert_eq!(format!("{back:?}"), format!("{request:?}"));
    }

    #[test]
    fn replies_survive_the_way(result in any_result(), plain: bool) {
        let state = TxState {
            transaction_id: 5,
            reserved_id: 6,
            tablet_alias: Some(TabletAlias::new("zone1", 100)),
            session_state_changes: "gtid".into(),
        };
        let state = if plain { TxState::default() } else { state };
        let back = there_and_back(&ExecuteReply { state: state.clone(), result: Ok(result.clone()) });
        prop_assert_eq!((back.state, back.result.unwrap()), (state, result.clone()));
        let part = StreamPart { fields: plain.then(|| result.fields.clone()), rows: result.rows };
        let back = there_and_back(&part);
        prop_assert_eq!((back.fields, back.rows), (part.fields, part.rows));
    }

    #[test]
    fn bytes_that_are_no_message_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let payload = Bytes::from(bytes);
        drop(ExecuteRequest::read(&mut Reader::new(payload.clone())));
        drop(ExecuteReply::read(&mut Reader::new(payload.clone())));
        drop(StreamPart::read(&mut Reader::new(payload.clone())));
        drop(take_frame(&mut BytesMut::from(&payload[..])));
    }

    #[test]
    fn a_message_with_a_wrong_byte_is_no_panic(
        result in any_result(), at in any::<prop::sample::Index>(), byte: u8)
    {
        let mut bytes = frame(&ExecuteReply { state: TxState::default(), result: Ok(result) });
        let at = HEADER + at.index(bytes.len() - HEADER);
        bytes[at] = byte;
        drop(ExecuteReply::read(&mut Reader::new(Bytes::from(bytes.split_off(HEADER)))));
    }
}

#[test]
fn errors_survive_the_way_with_errno_and_retry() {
    let error = Error::mysql(1205, b"HY000", "Lock wait timeout exceeded")
        .with_code(Code::DeadlineExceeded)
        .with_retry(vt_base::Retry::BeforeSend);
    let back = there_and_back(&error);
    assert_eq!((back.errno(), back.code(), back.retry()), (1205, error.code(), error.retry()));
    assert_eq!(
        back.message(),
        "vttablet: rpc error: code = DeadlineExceeded desc = Lock wait timeout exceeded \
         (errno 1205) (sqlstate HY000)"
    );
}

#[test]
fn a_frame_is_taken_when_it_is_whole() {
    let whole = frame(&7i64);
    for cut in 0..whole.len() {
        assert!(take_frame(&mut BytesMut::from(&whole[..cut])).unwrap().is_none(), "{cut}");
    }
    let mut long = BytesMut::from(&[0xff, 0xff, 0xff, 0x7f, 1][..]);
    assert_eq!(take_frame(&mut long).unwrap_err().code(), Code::Unavailable);
    let mut short = BytesMut::from(&[1, 0, 0, 0, 1][..]);
    assert!(take_frame(&mut short).is_err());
}
