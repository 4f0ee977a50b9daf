//! CASE.

use vt_base::Error;
use vt_value::{Type, Value};

use super::compare::{Comparing, How, Pair};
use crate::choice::{common_kind, passed};
use crate::function::{Call, Signature};
use crate::kind::Kind;

/// The kind of `CASE WHEN`, whose arguments are condition and value in turn, and ELSE.
pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let count = signature.len();
    results(signature, (1..count).step_by(2), !count.is_multiple_of(2))
}

/// The kind of `CASE x WHEN`.
pub(super) fn of_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let mut comparing = Comparing::new("case", signature.session);
    let count = signature.len();
    let Some((operand, rest)) = signature.args.split_first_mut() else {
        return Err(Error::bug("CASE without an operand"));
    };
    let mut hows = Vec::with_capacity(rest.len() / 2);
    for pair in rest.chunks_mut(2) {
        if let [value, _] = pair {
            // MySQL compares such a pair as numbers or as documents, by the other pairs.
            if (operand.kind.typ == Type::JSON) != (value.kind.typ == Type::JSON) {
                return Err(Error::unsupported("CASE of JSON and other values"));
            }
            hows.push(comparing.how(operand, value)?);
        }
    }
    signature.notes.borrow_mut().append(&mut comparing.notes);
    signature.keep(hows);
    results(signature, (2..count).step_by(2), count.is_multiple_of(2))
}

/// Returns the kind that the results have in common; without ELSE, NULL is one of them.
fn results(
    signature: &mut Signature<'_>,
    places: impl Iterator<Item = usize>,
    otherwise: bool,
) -> Result<Kind, Error> {
    let mut places: Vec<usize> = places.collect();
    if otherwise {
        places.push(signature.len() - 1);
    }
    let nullable = places.iter().any(|place| signature.kind(*place).nullable);
    let kind = common_kind(signature, &places)?;
    Ok(kind.with_nullable(nullable || !otherwise))
}

/// Finds the result whose condition is the first that holds, or that of ELSE.
pub(crate) fn choose(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    let count = call.len();
    for place in (0..count.saturating_sub(1)).step_by(2) {
        if call.condition(place)? == Some(true) {
            return Ok(Some(place + 1));
        }
    }
    Ok((!count.is_multiple_of(2)).then(|| count - 1))
}

/// Finds the result whose value is the first that equals the operand, or that of ELSE.
pub(crate) fn choose_of(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    let hows = call.kept::<Vec<How>>();
    let hows = hows.ok_or_else(|| Error::bug("a CASE that was not compiled"))?;
    let count = call.len();
    for (branch, how) in hows.iter().enumerate() {
        let place = 1 + 2 * branch;
        // Nothing equals a literal NULL: the operand is not even computed.
        if call.args[place].kind.is_null() && call.args[place].is_literal() {
            continue;
        }
        let mut pair = Pair { row: call.row, ctx: call.ctx };
        if pair.equal(how, &call.args[0], &call.args[place])? == Some(true) {
            return Ok(Some(place + 1));
        }
    }
    Ok(count.is_multiple_of(2).then(|| count - 1))
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    match choose(call)? {
        Some(place) => chosen(call, place),
        None => Ok(Value::Null),
    }
}

pub(super) fn of(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    match choose_of(call)? {
        Some(place) => chosen(call, place),
        None => Ok(Value::Null),
    }
}

fn chosen(call: &mut Call<'_, '_>, place: usize) -> Result<Value, Error> {
    let value = call.value(place)?;
    passed(call, place, value)
}
