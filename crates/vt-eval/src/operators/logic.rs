//! AND, OR, XOR, NOT, and the tests for NULL and truth.

use vt_base::Error;
use vt_value::{Type, Value};

use crate::Func;
use crate::function::{Call, Signature};
use crate::functions::json::cast::note_truth;
use crate::kind::Kind;

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    conditions(signature)?;
    Ok(Kind::truth().with_nullable(signature.any_nullable()))
}

pub(super) fn not_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.func() == Func::Bang {
        let message = "'!' is deprecated and will be removed in a future release. \
                       Please use NOT instead";
        signature.note(1287, message);
    }
    kind(signature)
}

/// The kind of what is never NULL.
pub(super) fn known_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if !matches!(signature.func(), Func::IsNull | Func::IsNotNull) {
        conditions(signature)?;
    }
    Ok(Kind::truth().with_nullable(false))
}

/// Checks that each argument can be true or false.
fn conditions(signature: &Signature<'_>) -> Result<(), Error> {
    if signature.kinds().any(|kind| kind.typ == Type::JSON) {
        note_truth(signature);
    }
    match signature.kinds().find(|kind| kind.is_opaque()) {
        Some(kind) => Err(Error::unsupported(format_args!("{} as a condition", kind.typ))),
        None => Ok(()),
    }
}

fn answer(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::from)
}

pub(super) fn all(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let mut all = Some(true);
    for place in 0..call.len() {
        match call.truth(place)? {
            Some(false) => return Ok(Value::from(false)),
            Some(true) => {}
            None => all = None,
        }
    }
    Ok(answer(all))
}

pub(super) fn any(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let mut any = Some(false);
    for place in 0..call.len() {
        match call.truth(place)? {
            Some(true) => return Ok(Value::from(true)),
            Some(false) => {}
            None => any = None,
        }
    }
    Ok(answer(any))
}

pub(super) fn xor(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(a) = call.truth(0)? else { return Ok(Value::Null) };
    Ok(answer(call.truth(1)?.map(|b| a != b)))
}

pub(super) fn not(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(answer(call.truth(0)?.map(|truth| !truth)))
}

pub(super) fn is_null(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::from(match call.func() {
        Func::IsNull => call.is_null(0)?,
        _ => !call.value(0)?.is_null(),
    }))
}

pub(super) fn is_truth(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let truth = call.truth(0)?;
    Ok(Value::from(match call.func() {
        Func::IsTrue => truth == Some(true),
        Func::IsNotTrue => truth != Some(true),
        Func::IsFalse => truth == Some(false),
        _ => truth != Some(false),
    }))
}
