//! UNCOMPRESS and UNCOMPRESSED_LENGTH.
//!
//! COMPRESS is not computed: every library has bytes of its own for the same text.

use flate2::{Decompress, FlushDecompress, Status};
use vt_base::Error;
use vt_value::Value;

use super::strings::{BLOB_MAX, binary};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("uncompress", (1, 1), uncompress_kind, uncompress),
    Function::new("uncompressed_length", (1, 1), length_kind, uncompressed_length),
];

/// The bytes of the length before the data.
const PREFIX: usize = 4;

fn uncompress_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(binary(BLOB_MAX).with_nullable(true))
}

fn length_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(11).with_nullable(signature.any_nullable()))
}

/// Returns the length that compressed data begins with, and the data; `None` if they are too short.
fn parts(text: &[u8]) -> Option<(u32, &[u8])> {
    let (prefix, data) = text.split_first_chunk::<PREFIX>()?;
    let length = u32::from_le_bytes(*prefix) & 0x3fff_ffff;
    (!data.is_empty()).then_some((length, data))
}

fn corrupted(call: &mut Call<'_, '_>) {
    call.warn(1259, "ZLIB: Input data corrupted");
}

fn uncompress(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    if text.is_empty() {
        return Ok(call.made(text));
    }
    let Some((length, data)) = parts(&text) else {
        corrupted(call);
        return Ok(Value::Null);
    };
    let most = call.session().max_allowed_packet;
    if u64::from(length) > most {
        let message = format!(
            "Uncompressed data size too large; the maximum size is {most} (probably, length of \
             uncompressed data was corrupted)"
        );
        return call.null_with_warning(1256, message);
    }
    let mut out = Vec::with_capacity(length as usize);
    match Decompress::new(true).decompress_vec(data, &mut out, FlushDecompress::Finish) {
        Ok(Status::StreamEnd) => Ok(call.made(out)),
        // The data would go on, and there is no more room.
        Ok(_) if out.len() == out.capacity() => call.null_with_warning(
            1258,
            "ZLIB: Not enough room in the output buffer (probably, length of uncompressed data \
             was corrupted)",
        ),
        _ => {
            corrupted(call);
            Ok(Value::Null)
        }
    }
}

fn uncompressed_length(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    if text.is_empty() {
        return Ok(Value::Int(0));
    }
    match parts(&text) {
        Some((length, _)) => Ok(Value::Int(length.into())),
        None => {
            corrupted(call);
            Ok(Value::Int(0))
        }
    }
}

#[cfg(test)]
mod tests;
