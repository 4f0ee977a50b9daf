//! ST_BUFFER_STRATEGY: how ST_BUFFER, which a shard computes, shall go round corners and ends.

use vt_base::Error;
use vt_value::Value;

use super::geojson::utf8;
use super::{error, name_of};
use crate::function::{Call, Signature};
use crate::functions::strings::binary;
use crate::kind::Kind;

const LENGTH: u64 = 16;

/// The names, the number of each, and whether it takes a number of its own.
const STRATEGIES: &[(&str, u32, bool)] = &[
    ("end_round", 1, true),
    ("end_flat", 2, false),
    ("join_round", 3, true),
    ("join_miter", 4, true),
    ("point_circle", 5, true),
    ("point_square", 6, false),
];

pub(super) fn kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(binary(LENGTH).with_nullable(true))
}

pub(super) fn strategy(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(name) = utf8(call, 0)? else { return Ok(Value::Null) };
    let number = match call.len() {
        1 => None,
        _ => match call.real(1)? {
            Some(number) => Some(number),
            None => return Ok(Value::Null),
        },
    };
    let known = STRATEGIES.iter().find(|(one, ..)| name.eq_ignore_ascii_case(one));
    let right = known.filter(|(.., numbered)| match number {
        Some(number) => *numbered && number > 0.0,
        None => !numbered,
    });
    let Some((_, code, _)) = right else {
        return Err(error(1210, b"HY000", format!("Incorrect arguments to {}", name_of(call))));
    };
    let mut bytes = code.to_le_bytes().to_vec();
    bytes.extend_from_slice(&number.unwrap_or(0.0).to_le_bytes());
    Ok(call.made(bytes))
}
