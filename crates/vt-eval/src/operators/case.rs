//! CASE.

use vt_base::Error;
use vt_value::{Type, Value};

use super::compare::{Comparing, How, Pair, is_date, is_text};
use crate::choice::{common_kind, passed};
use crate::function::{Call, Signature};
use crate::kind::Kind;
use crate::node::Node;

/// As how many types an operand is known at once.
const KNOWN_MAX: usize = 4;

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
    let whens = rest.len() / 2;
    let becomes_text = |kind: &Kind| is_text(kind) || is_date(kind);
    comparing.settle(operand, rest.iter_mut().step_by(2).take(whens), becomes_text)?;
    let mut hows = Vec::with_capacity(whens);
    for value in rest.iter_mut().step_by(2).take(whens) {
        hows.push(of_pair(&mut comparing, operand, value)?);
    }
    signature.notes.borrow_mut().append(&mut comparing.notes);
    signature.keep(hows);
    results(signature, (2..count).step_by(2), count.is_multiple_of(2))
}

/// Finds out how the operand compares with one of the values.
fn of_pair(
    comparing: &mut Comparing<'_>,
    operand: &mut Node,
    value: &mut Node,
) -> Result<How, Error> {
    // MySQL compares such a pair as numbers or as documents, by the other pairs.
    if (operand.kind.typ == Type::JSON) != (value.kind.typ == Type::JSON) {
        return Err(Error::unsupported("CASE of JSON and other values"));
    }
    let plain = |kind: &Kind| is_text(kind) && !kind.is_bits();
    // The operand decides: a string is compared with the text of a date.
    if is_date(&value.kind) && is_text(&operand.kind) {
        return comparing.text(&mut [operand, value]).map(How::Text);
    }
    if is_date(&operand.kind) && plain(&value.kind) {
        return Ok(How::Calendar(operand.kind.typ));
    }
    comparing.how(operand, value)
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
    let (row, ctx) = (call.row, &mut *call.ctx);
    let mut pair = Pair { row, ctx, named: true };
    // The operand is brought but once to each type that it is compared as.
    let mut known: [Option<(&How, Value)>; KNOWN_MAX] = Default::default();
    for (branch, how) in hows.iter().enumerate() {
        let place = 1 + 2 * branch;
        // Nothing equals a literal NULL: the operand is not even computed.
        if call.args[place].kind.is_null() && call.args[place].is_literal() {
            continue;
        }
        let (operand, value) = (&call.args[0], &call.args[place]);
        let slot = known.iter().position(|one| one.as_ref().is_none_or(|(own, _)| *own == how));
        let slot = slot.unwrap_or(KNOWN_MAX - 1);
        if known[slot].as_ref().is_none_or(|(own, _)| *own != how) {
            known[slot] = Some((how, pair.brought(how, operand)?));
        }
        let Some((_, x)) = known[slot].as_ref().filter(|(_, x)| !x.is_null()) else { break };
        let y = pair.brought(how, value)?;
        if !y.is_null() && pair.compared(how, (operand, x), (value, &y))?.is_eq() {
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
