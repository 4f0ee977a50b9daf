//! Every decoder of MySQL's protocol on any bytes: none may panic, and what is understood must come
//! back from its own encoding.
//!
//! The first five bytes of an input choose the decoder and the capabilities, the rest is the packet.

#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use vt_value::{Row, Type};
use vt_wire::compress::{Algorithm, Compression};
use vt_wire::handshake::{self, ChangeUser, FirstAnswer, Greeting, Response};
use vt_wire::params::{self, Known, ParamType};
use vt_wire::{Capabilities, Command, ErrorPacket, Scan, binary, column, end};

fuzz_target!(|input: &[u8]| {
    let Some(([choice, capabilities @ ..], payload)) = input.split_first_chunk::<5>() else {
        return;
    };
    let capabilities = Capabilities(u32::from_le_bytes(*capabilities));
    match choice % 10 {
        0 => greeting(payload),
        1 => answer(payload),
        2 => change_user(payload, capabilities),
        3 => command(payload, capabilities),
        4 => execution(payload, capabilities),
        5 => ends(payload, capabilities),
        6 => columns(payload),
        7 => values(payload),
        8 => compressed(payload, Algorithm::Zlib),
        _ => compressed(payload, Algorithm::Zstd(3)),
    }
});

/// Decodes, and what was understood once more from its encoding.
fn back<T: PartialEq + std::fmt::Debug>(
    decode: impl Fn(&[u8]) -> Option<T>,
    encode: impl Fn(&T, &mut Vec<u8>),
    payload: &[u8],
) {
    let Some(first) = decode(payload) else { return };
    let mut encoded = Vec::new();
    encode(&first, &mut encoded);
    assert_eq!(decode(&encoded), Some(first));
}

fn greeting(payload: &[u8]) {
    let decode = |payload: &[u8]| {
        let greeting = Greeting::decode(payload).ok()?;
        // Without plugins a greeting ends before their name, which ours always has.
        greeting.capabilities.has(Capabilities::PLUGIN_AUTH).then_some(greeting)
    };
    back(decode, Greeting::encode, payload);
}

fn answer(payload: &[u8]) {
    let decode = |payload: &[u8]| match FirstAnswer::decode(payload) {
        Ok(FirstAnswer::Response(response)) => Some(response),
        Ok(FirstAnswer::Tls(_)) | Err(_) => None,
    };
    back(decode, Response::encode, payload);
    let _ = handshake::decode_switch(payload);
}

fn change_user(payload: &[u8], capabilities: Capabilities) {
    let Ok(first) = ChangeUser::decode(payload, capabilities) else { return };
    let told = ChangeUser { collation: Some(first.collation.unwrap_or(255)), ..first };
    let mut encoded = Vec::new();
    told.encode(&mut encoded, capabilities);
    assert_eq!(ChangeUser::decode(&encoded, capabilities), Ok(told));
}

fn command(payload: &[u8], capabilities: Capabilities) {
    let payload = Bytes::copy_from_slice(payload);
    let Ok(command) = Command::decode(&payload, capabilities) else { return };
    let mut encoded = Vec::new();
    command.encode(&mut encoded, capabilities);
    let again = Command::decode(&encoded.into(), capabilities);
    match (&command, &again) {
        // Attributes go out as text, whatever they came as.
        (Command::Query { sql, .. }, Ok(Command::Query { sql: back, .. })) => {
            assert_eq!(sql, back);
        }
        (Command::ChangeUser(_), Ok(Command::ChangeUser(_))) => {}
        _ => assert_eq!(again, Ok(command)),
    }
}

fn execution(payload: &[u8], capabilities: Capabilities) {
    let Some(([flags, count, kind, sign], values)) = payload.split_first_chunk::<4>() else {
        return;
    };
    let param_count = u16::from(*count);
    let remembered = ParamType { kind: *kind, is_unsigned: sign % 2 == 1 };
    let types = vec![remembered; usize::from(sign % 3) * usize::from(param_count) / 2];
    let long_data = [None, Some(Bytes::from_static(b"long"))];
    let known = Known { param_count, types: &types, long_data: &long_data };
    let values = Bytes::copy_from_slice(values);
    if let Ok(execution) = params::decode_execution(&values, *flags, known, capabilities) {
        assert!(execution.params.len() == usize::from(param_count) || execution.params.is_empty());
    }
}

fn ends(payload: &[u8], capabilities: Capabilities) {
    let _ = end::is_end(payload, capabilities);
    let _ = end::decode_eof(payload);
    let _ = ErrorPacket::decode(payload).map(ErrorPacket::into_error);
    if let Ok(first) = end::decode_ok(payload, capabilities) {
        // What is not known, or not to be told, is left out of the first encoding.
        let again = |end: &end::EndInfo| {
            let mut encoded = Vec::new();
            end::encode_ok(&mut encoded, end, capabilities);
            end::decode_ok(&encoded, capabilities).expect("what was encoded is understood")
        };
        let second = again(&first);
        assert_eq!(again(&second), second);
    }
}

fn columns(payload: &[u8]) {
    if let Ok(field) = column::decode(payload) {
        let mut encoded = Vec::new();
        column::encode(&mut encoded, &field);
        let again = column::decode(&encoded).expect("what was encoded is understood");
        assert_eq!((again.name, again.org_table), (field.name, field.org_table));
    }
}

/// Binary values of any type become text, and text of a row becomes binary values.
fn values(payload: &[u8]) {
    let Some(([kind, sign], rest)) = payload.split_first_chunk::<2>() else { return };
    let whole = Bytes::copy_from_slice(rest);
    let mut scan = Scan::new(&whole);
    let _ = binary::decode_value(&whole, &mut scan, *kind, sign % 2 == 1);
    let (typ, _) = Type::ALL[usize::from(*kind) % Type::ALL.len()];
    let fields = vec![vt_value::Field::new("c", typ); usize::from(sign % 5)];
    let _ = binary::encode_row(&mut Vec::new(), &fields, Row(rest));
}

fn compressed(payload: &[u8], algorithm: Algorithm) {
    let mut stream = BytesMut::from(payload);
    let mut plain = BytesMut::new();
    let mut compression = Compression::new(algorithm);
    while let Ok(None) = compression.decompress(&mut stream, &mut plain) {
        if stream.is_empty() {
            break;
        }
    }
    let mut squeezed = Vec::new();
    Compression::new(algorithm).compress(payload, &mut squeezed);
    let (mut stream, mut back) = (BytesMut::from(&squeezed[..]), BytesMut::new());
    let mut compression = Compression::new(algorithm);
    while !stream.is_empty() {
        assert_eq!(compression.decompress(&mut stream, &mut back), Ok(None));
    }
    assert_eq!(back, payload);
}
