//! Operators on bits: of 64-bit integers, and of binary strings.

use bytes::Bytes;
use vt_base::{Code, Error};
use vt_value::{Collation, Type, Value};

use crate::Func;
use crate::collate::coercibility::COERCIBLE;
use crate::function::{Call, Signature};
use crate::kind::Kind;
use crate::node::Node;

/// Returns whether an argument is a string of bytes, other than JSON and geometry.
fn is_bytes(node: &Node) -> bool {
    node.kind.is_string() && node.kind.collation == Collation::BINARY && node.kind.typ != Type::BIT
}

/// A literal alone does not make the operation one on strings.
fn is_weak(node: &Node) -> bool {
    node.kind.is_null() || matches!(node.kind.typ, Type::HEXNUM | Type::HEXVAL | Type::BITNUM)
}

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let args = signature.args();
    let strings = args.iter().all(|arg| is_bytes(arg) || arg.kind.is_null());
    result_kind(signature, strings && !args.iter().all(is_weak))
}

pub(super) fn shift_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let value = &signature.args()[0];
    let strings = is_bytes(value) && !is_weak(value);
    signature.kind(1).class()?;
    result_kind(signature, strings)
}

fn result_kind(signature: &Signature<'_>, strings: bool) -> Result<Kind, Error> {
    let nullable = signature.any_nullable();
    if !strings {
        for kind in signature.kinds() {
            kind.class()?;
        }
        return Ok(Kind::uint(21).with_nullable(nullable));
    }
    let shifts = matches!(signature.func(), Func::ShiftLeft | Func::ShiftRight);
    let counted = if shifts { 1 } else { signature.len() };
    let length = signature.kinds().take(counted).map(|kind| kind.length).max().unwrap_or(0);
    Ok(Kind::text(length, Collation::BINARY, COERCIBLE).with_nullable(nullable))
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let func = call.func();
    let combine = |a: u64, b: u64| match func {
        Func::BitAnd => a & b,
        Func::BitOr => a | b,
        _ => a ^ b,
    };
    if call.kind().typ == Type::UINT64 {
        let Some(a) = call.int(0)? else { return Ok(Value::Null) };
        let Some(b) = call.int(1)? else { return Ok(Value::Null) };
        return Ok(Value::UInt(combine(a.bits_u64(), b.bits_u64())));
    }
    let Some(a) = call.bytes(0)? else { return Ok(Value::Null) };
    let Some(b) = call.bytes(1)? else { return Ok(Value::Null) };
    if a.len() != b.len() {
        let message = "Binary operands of bitwise operators must be of equal length";
        return Err(Error::mysql(3513, b"HY000", message).with_code(Code::InvalidArgument));
    }
    let pairs = a.iter().zip(b.iter());
    let made = pairs.map(|(a, b)| combine((*a).into(), (*b).into()) as u8);
    Ok(binary(made.collect::<Vec<u8>>()))
}

fn binary(bytes: impl Into<Bytes>) -> Value {
    Value::Text(bytes.into(), Collation::BINARY)
}

pub(super) fn not(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if call.kind().typ == Type::UINT64 {
        return Ok(call.int(0)?.map_or(Value::Null, |number| Value::UInt(!number.bits_u64())));
    }
    let Some(bytes) = call.bytes(0)? else { return Ok(Value::Null) };
    Ok(binary(bytes.iter().map(|byte| !byte).collect::<Vec<u8>>()))
}

/// Shifts; what is shifted out is lost.
pub(super) fn shift(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let left = call.func() == Func::ShiftLeft;
    if call.kind().typ == Type::UINT64 {
        let Some(a) = call.int(0)? else { return Ok(Value::Null) };
        let Some(b) = call.int(1)? else { return Ok(Value::Null) };
        let by = u32::try_from(b.bits_u64()).unwrap_or(u32::MAX);
        let a = a.bits_u64();
        let shifted = if left { a.checked_shl(by) } else { a.checked_shr(by) };
        return Ok(Value::UInt(shifted.unwrap_or(0)));
    }
    let Some(bytes) = call.bytes(0)? else { return Ok(Value::Null) };
    let Some(by) = call.int(1)? else { return Ok(Value::Null) };
    let by = usize::try_from(by.bits_u64()).unwrap_or(usize::MAX);
    Ok(binary(if left { shift_left(&bytes, by) } else { shift_right(&bytes, by) }))
}

fn shift_left(bytes: &[u8], by: usize) -> Vec<u8> {
    let (skip, bits) = (by / 8, by % 8);
    let byte = |place: usize| u16::from(bytes.get(place).copied().unwrap_or(0));
    (0..bytes.len())
        .map(|place| match place.checked_add(skip) {
            Some(from) => ((byte(from) << 8 | byte(from + 1)) << bits >> 8) as u8,
            None => 0,
        })
        .collect()
}

fn shift_right(bytes: &[u8], by: usize) -> Vec<u8> {
    let (skip, bits) = (by / 8, by % 8);
    let byte = |place: Option<usize>| {
        u16::from(place.and_then(|place| bytes.get(place)).copied().unwrap_or(0))
    };
    (0..bytes.len())
        .map(|place| {
            let from = place.checked_sub(skip);
            let before = from.and_then(|from| from.checked_sub(1));
            ((byte(before) << 8 | byte(from)) >> bits) as u8
        })
        .collect()
}
