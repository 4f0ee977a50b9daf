//! RANDOM_BYTES.

use vt_base::Error;
use vt_value::Value;

use super::strings::{binary, error};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] =
    &[Function::new("random_bytes", (1, 1), kind, random_bytes).row()];

const LENGTH_MAX: usize = 1024;

fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let nullable = signature.session().sql_mode.is_strict() || signature.any_nullable();
    Ok(binary(LENGTH_MAX as u64).with_nullable(nullable))
}

fn random_bytes(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(length) = call.int(0)? else { return Ok(Value::Null) };
    let length = usize::try_from(length.value).ok().filter(|one| (1..=LENGTH_MAX).contains(one));
    let Some(length) = length else {
        return Err(error(1690, "length value is out of range in 'random_bytes'"));
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&call.random().to_le_bytes());
    }
    bytes.truncate(length);
    Ok(call.made(bytes))
}
