//! IN and BETWEEN.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::{Type, Value};

use super::compare::{How, Pair, Side, how, is_nullable, order};
use crate::Func;
use crate::collate;
use crate::context::Context;
use crate::function::{Call, CollationUse, Signature};
use crate::kind::Kind;
use crate::node::{Node, Op};
use crate::session::Session;

/// How the members of a list compare with the value.
struct Members {
    hows: Vec<How>,
    constant: bool,
}

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let (func, session) = (signature.func, signature.session);
    let [value, list] = &mut *signature.args else {
        return Err(Error::bug("IN of other than two"));
    };
    let Op::Tuple(members) = &mut list.op else {
        return Err(Error::unsupported("IN without a list"));
    };
    let operation = func.message_name();
    let pairs = members.iter_mut().map(|member| how(value, member, &operation, session));
    let mut hows = pairs.collect::<Result<Vec<How>, Error>>()?;
    one_collation(value, members, &mut hows, session)?;
    let nullable = is_nullable(value) || members.iter().any(is_nullable);
    let constant = members.iter().all(Node::is_constant);
    signature.keep(Members { hows, constant });
    Ok(Kind::truth().with_nullable(nullable))
}

/// Has all strings of a list compare under the collation that they have in common.
fn one_collation(
    value: &mut Node,
    members: &mut [Node],
    hows: &mut [How],
    session: &Session,
) -> Result<(), Error> {
    let text = |how: &How| matches!(how, How::Text(_));
    if !hows.iter().any(text) {
        return Ok(());
    }
    let mut strings = vec![value];
    let compared = members.iter_mut().zip(hows.iter()).filter(|(_, how)| text(how));
    strings.extend(compared.map(|(member, _)| member));
    let purpose = CollationUse::Comparison;
    let (collation, _) = collate::aggregate_all(&mut strings, purpose, " IN ", session)?;
    hows.iter_mut().filter(|how| text(how)).for_each(|how| *how = How::Text(collation));
    Ok(())
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kept = call.kept::<Members>();
    let kept = kept.ok_or_else(|| Error::bug("a list that was not compiled"))?;
    let [value, list] = call.args else { return Err(Error::bug("IN of other than two")) };
    let members = list.tuple().ok_or_else(|| Error::bug("IN without a list"))?;
    let mut open = false;
    let mut pair = Pair { row: call.row, ctx: call.ctx };
    for (member, how) in members.iter().zip(&kept.hows) {
        if !kept.constant && differ_in_sign(value, member, &mut pair)? {
            return Err(Error::unsupported("IN of great integers with and without sign"));
        }
        match pair.equal(how, value, member)? {
            Some(true) => return Ok(Value::from(call.func == Func::In)),
            Some(false) => {}
            None => open = true,
        }
    }
    Ok(if open { Value::Null } else { Value::from(call.func == Func::NotIn) })
}

/// Returns whether two integers have the same bits but not the same value: in a list that is not
/// constant, MySQL takes them for equal.
fn differ_in_sign(a: &Node, b: &Node, pair: &mut Pair<'_, '_>) -> Result<bool, Error> {
    if !a.kind.typ.is_integral() || !b.kind.typ.is_integral() {
        return Ok(false);
    }
    Ok(match (a.eval(pair.row, pair.ctx)?, b.eval(pair.row, pair.ctx)?) {
        (Value::Int(a), Value::UInt(b)) | (Value::UInt(b), Value::Int(a)) => a < 0 && a as u64 == b,
        _ => false,
    })
}

/// How a value compares with both bounds.
struct Bounds {
    low: How,
    high: How,
}

pub(super) fn between_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let (func, session) = (signature.func, signature.session);
    let nullable = signature.any_nullable();
    let [value, low, high] = &mut *signature.args else {
        return Err(Error::bug("BETWEEN of other than three"));
    };
    let operation = func.message_name();
    let mut bounds = Bounds {
        low: how(value, low, &operation, session)?,
        high: how(value, high, &operation, session)?,
    };
    let kinds = [&value.kind, &low.kind, &high.kind];
    if kinds.iter().any(|kind| kind.typ == Type::JSON) {
        return Err(Error::unsupported("BETWEEN of JSON values"));
    }
    if kinds.iter().any(|kind| kind.typ == Type::NULL_TYPE) {
        return Err(Error::unsupported("BETWEEN with a bare NULL"));
    }
    let strings = kinds.iter().filter(|kind| kind.is_string()).count();
    if strings > 0 && strings < kinds.len() {
        return Err(Error::unsupported("BETWEEN of strings and other values"));
    }
    if strings > 0 {
        let purpose = CollationUse::Comparison;
        let args = &mut [value, low, high];
        let (collation, _) = collate::aggregate_all(args, purpose, &operation, session)?;
        bounds = Bounds { low: How::Text(collation), high: How::Text(collation) };
    } else {
        // The three are compared as one type.
        let widest = [&bounds.low, &bounds.high].into_iter().max_by_key(|how| match how {
            How::Real => 2,
            How::Decimal => 1,
            _ => 0,
        });
        if let Some(widest) = widest.cloned() {
            bounds = Bounds { low: widest.clone(), high: widest };
        }
    }
    signature.keep(bounds);
    Ok(Kind::truth().with_nullable(nullable))
}

pub(super) fn between(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kept = call.kept::<Bounds>();
    let kept = kept.ok_or_else(|| Error::bug("bounds that were not compiled"))?;
    let value = call.value(0)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let (low, high) = (call.value(1)?, call.value(2)?);
    let [one, two, three] = call.args else {
        return Err(Error::bug("BETWEEN of other than three"));
    };
    let value = Side { value: &value, kind: &one.kind };
    let low = Side { value: &low, kind: &two.kind };
    let high = Side { value: &high, kind: &three.kind };
    let above = outside(&kept.low, value, low, Ordering::Less, call.ctx)?;
    let below = outside(&kept.high, value, high, Ordering::Greater, call.ctx)?;
    let result = match (above, below) {
        (Some(true), _) | (_, Some(true)) => Some(false),
        (Some(false), Some(false)) => Some(true),
        _ => None,
    };
    let negated = call.func == Func::NotBetween;
    Ok(result.map_or(Value::Null, |within| Value::from(within != negated)))
}

/// Returns whether a value lies outside of a bound; `None` if the bound is NULL.
fn outside(
    how: &How,
    value: Side<'_>,
    bound: Side<'_>,
    outside: Ordering,
    ctx: &mut Context<'_>,
) -> Result<Option<bool>, Error> {
    if bound.value.is_null() {
        return Ok(None);
    }
    Ok(Some(order(how, value, bound, ctx)? == outside))
}
