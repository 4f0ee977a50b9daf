//! IN and BETWEEN.

use std::any::Any;
use std::cmp::Ordering;

use vt_base::Error;
use vt_value::{Collation, Type, Value};

use super::compare::{
    Comparing, How, Pair, Side, bring_bounds, is_date, is_nullable, is_number, is_text, number,
    order, prepared,
};
use crate::Func;
use crate::context::Context;
use crate::convert::{self, Need};
use crate::function::{Call, CollationUse, Signature};
use crate::kind::Kind;
use crate::node::{Node, Op};
use crate::session::Session;

/// How the members of a list compare with the value.
struct Members {
    hows: Vec<How>,
    /// All members are constant, and compare in one way: MySQL brings all to it before it looks.
    sorted: bool,
    constant: bool,
    /// All members are constants of one class, which are computed even where the value is NULL.
    computed: bool,
    /// All members are the same in all rows: MySQL brings them to a type but once.
    still: bool,
    /// The place of the date that warnings name, 0 for the value: a column of the type that decides.
    beside: Option<usize>,
}

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let session = signature.session;
    let func = signature.func_told();
    let [value, list] = &mut *signature.args else {
        return Err(Error::bug("IN of other than two"));
    };
    let Op::Tuple(members) = &mut list.op else {
        return Err(Error::unsupported("IN without a list"));
    };
    let constant = members.iter().all(Node::is_constant);
    let members_many = members.len() > 1;
    // To MySQL a list of one is an equation.
    let operation = match (members_many, func) {
        (true, _) => " IN ",
        (false, Func::In) => "=",
        (false, _) => "<>",
    };
    let mut comparing = Comparing::new(operation, session);
    comparing.note_members(value);
    members.iter().for_each(|member| comparing.note_members(member));
    let mut hows = Vec::with_capacity(members.len());
    let integers = are_integers(value, members);
    let by_value = value.tuple().is_some() && members_many;
    if value.tuple().is_none() && members.len() > 1 {
        refuse_mixed(value, members)?;
    }
    comparing.among = members.len() > 1;
    // A constant beside several columns becomes what none of them is.
    comparing.by_row = members_many && value.tuple().is_none() && !value.is_column();
    let timed = |node: &Node| matches!(node.kind.typ, Type::DATETIME | Type::TIMESTAMP);
    let calendar = timed(value) || members.iter().any(timed);
    comparing.calendar = (calendar && comparing.among && !constant).then_some(Type::DATETIME);
    if value.tuple().is_none() && members_many {
        comparing.settle(value, members.iter_mut(), is_text)?;
    }
    let years = match members_many && is_year(value) {
        true => Some(years_how(value, members)?),
        false => None,
    };
    for member in members.iter_mut() {
        hows.push(match integers {
            _ if years.is_some() && member.kind.is_null() => How::Null,
            _ if years.is_some() => years.clone().unwrap_or(How::Null),
            true if member.kind.is_null() => How::Null,
            true => How::Int,
            false if by_value => row_how(&mut comparing, value, member).map_err(unmixed)?,
            false => comparing.how(value, member).map_err(|err| match (constant, err.errno()) {
                (true, 1525) if members_many => Error::unsupported("IN of tuples with dates"),
                _ => err,
            })?,
        });
    }
    if let Some(typ) = comparing.calendar {
        let dates = hows.iter_mut().filter(|how| matches!(how, How::Calendar(_)));
        dates.for_each(|how| *how = How::Calendar(typ));
    }
    let nullable = is_nullable(value) || members.iter().any(is_nullable);
    let first = hows.iter().find(|how| **how != How::Null);
    let same = hows.iter().all(|how| *how == How::Null || Some(how) == first);
    let no_null = || members.iter().all(|member| !has_null(member));
    let sorted = match by_value {
        true => constant && no_null(),
        false => constant && same && members_many,
    };
    signature.notes.borrow_mut().append(&mut comparing.notes);
    let class = |node: &Node| class(&node.kind);
    let known = || members.iter().filter(|node| !node.kind.is_null());
    let computed = members_many && members.iter().all(Node::is_fixed) && {
        let first = known().next().map(class);
        known().all(|node| Some(class(node)) == first)
    };
    let still = members_many && members.iter().all(Node::is_still);
    let beside = if still || !members_many { None } else { named_date(value, members) };
    signature.keep(Members { hows, sorted, constant, computed, still, beside });
    Ok(Kind::truth().with_nullable(nullable))
}

/// Finds the date that decides as what all are compared: the first with a time, else the first;
/// only a column has a name.
fn named_date(value: &Node, members: &[Node]) -> Option<usize> {
    let all = || std::iter::once(value).chain(members);
    let timed = |node: &Node| matches!(node.kind.typ, Type::DATETIME | Type::TIMESTAMP);
    let first = all().position(timed).or_else(|| all().position(|node| is_date(&node.kind)))?;
    all().nth(first).is_some_and(Node::is_column).then_some(first)
}

/// Returns what MySQL takes values for beside a literal NULL: strings, numbers, dates and times.
fn class(kind: &Kind) -> u8 {
    match kind {
        kind if is_text(kind) => 0,
        kind if kind.typ.is_temporal() => 1,
        _ => 2,
    }
}

/// Returns whether a computed integer and constant strings and doubles are compared as integers.
fn are_integers(value: &Node, members: &[Node]) -> bool {
    let lossy = |member: &Node| {
        let text = is_text(&member.kind) && !member.kind.is_bits();
        text || member.kind.typ.is_float()
    };
    members.len() > 1
        && value.tuple().is_none()
        && value.kind.typ.is_integral()
        && !value.is_column()
        && members.iter().all(Node::is_constant)
        && members.iter().any(lossy)
        && members.iter().all(|member| lossy(member) || member.kind.is_null())
}

/// Finds out how a tuple compares with those of a constant list: MySQL sorts these by the types of
/// the tuple's own members, whatever theirs are.
fn row_how(
    comparing: &mut Comparing<'_>,
    value: &mut Node,
    member: &mut Node,
) -> Result<How, Error> {
    let (Op::Tuple(values), Op::Tuple(members)) = (&mut value.op, &mut member.op) else {
        return comparing.how(value, member);
    };
    if values.len() != members.len() {
        return Err(crate::compile::columns_wanted(values.len(), members.len()));
    }
    let mut pairs = values.iter().zip(members.iter());
    if pairs.any(|(value, member)| is_mixed(&value.kind, &member.kind)) {
        return Err(Error::unsupported("IN of tuples whose members have different types"));
    }
    let hows = values.iter_mut().zip(members).map(|(value, member)| {
        let other = |kind: &Kind| {
            let plain = kind.typ.is_number() && kind.typ != Type::YEAR;
            !(plain || kind.is_null() || is_text(kind) && !kind.is_bits())
        };
        if value.tuple().is_some() || other(&value.kind) || other(&member.kind) {
            return comparing.how(value, member);
        }
        Ok(match value.kind.typ {
            _ if value.kind.is_null() || member.kind.is_null() => How::Null,
            Type::DECIMAL => How::Decimal,
            typ if typ.is_float() => How::Real,
            typ if typ.is_number() => How::Int,
            _ => How::Text(comparing.text(&mut [value, member])?),
        })
    });
    hows.collect::<Result<_, _>>().map(How::Tuple)
}

/// Returns whether one is a number, a date or time, a document or a string, and the other another
/// of these.
fn is_mixed(a: &Kind, b: &Kind) -> bool {
    let class = |kind: &Kind| match kind.typ {
        Type::JSON => 0,
        Type::GEOMETRY | Type::VECTOR => 1,
        typ if typ.is_temporal() => 2,
        _ if kind.is_bits() || kind.members.is_some() => 3,
        _ if kind.is_string() && kind.collation == Collation::BINARY => 4,
        _ if kind.is_string() => 5,
        _ => 6,
    };
    !a.is_null() && !b.is_null() && class(a) != class(b)
}

/// Returns whether a node is a column of years.
fn is_year(node: &Node) -> bool {
    node.is_column() && node.kind.typ == Type::YEAR
}

/// Finds out how a column of years compares with the members of a list: to MySQL a number of two
/// digits there is no year.
fn years_how(value: &Node, members: &[Node]) -> Result<How, Error> {
    let plain = |node: &&Node| node.kind.typ.is_number() || node.kind.is_null();
    if !members.iter().all(|member| plain(&member)) {
        return Err(Error::unsupported("IN of years and strings"));
    }
    number(&members.iter().chain([value]).map(|node| &node.kind).collect::<Vec<_>>())
}

/// Returns whether a tuple has a member that is NULL.
fn has_null(node: &Node) -> bool {
    match node.tuple() {
        Some(members) => members.iter().any(has_null),
        None => node.kind.is_null() || node.constant().is_some_and(Value::is_null),
    }
}

/// Refuses lists that MySQL compares in ways of its own: a time among strings, a string among
/// dates.
fn refuse_mixed(value: &Node, members: &[Node]) -> Result<(), Error> {
    let string = |node: &Node| is_text(&node.kind);
    let timely = value.kind.typ == Type::TIME && members.iter().any(string);
    let dated = string(value) && members.iter().any(|member| member.kind.typ.is_temporal());
    let all = || members.iter().chain([value]);
    let number = |node: &Node| node.kind.typ.is_number();
    let temporal = |node: &Node| node.kind.typ.is_temporal();
    // Each of these is compared in a way that the other members decide.
    let mixed = all().any(temporal) && all().any(number)
        || value.kind.is_null() && all().any(temporal) && all().any(string);
    let document = |node: &Node| node.kind.typ == Type::JSON;
    let other = |node: &Node| !document(node) && !node.kind.is_null();
    if all().any(document) && all().any(other) {
        return Err(Error::unsupported("IN of documents and other values"));
    }
    match timely || dated || mixed {
        true => Err(Error::unsupported("IN of strings, numbers and times")),
        false => Ok(()),
    }
}

/// Refuses tuples of strings whose collations do not go together, which MySQL compares all the same.
fn unmixed(err: Error) -> Error {
    match err.errno() {
        1267 => Error::unsupported("IN of tuples of strings of different collations"),
        _ => err,
    }
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kept = call.kept::<Members>();
    let kept = kept.ok_or_else(|| Error::bug("a list that was not compiled"))?;
    let [value, list] = call.args else { return Err(Error::bug("IN of other than two")) };
    let members = list.tuple().ok_or_else(|| Error::bug("IN without a list"))?;
    let found = match value.tuple() {
        Some(_) => tuples(call, value, members, kept)?,
        None => values(call, value, members, kept)?,
    };
    Ok(match found {
        None => Value::Null,
        Some(found) => Value::from(found == (call.func == Func::In)),
    })
}

fn tuples(
    call: &mut Call<'_, '_>,
    value: &Node,
    members: &[Node],
    kept: &Members,
) -> Result<Option<bool>, Error> {
    let mut open = false;
    let mut pair = Pair { row: call.row, ctx: call.ctx, named: false };
    if kept.sorted {
        for (member, how) in members.iter().zip(&kept.hows) {
            brought(&mut pair, how, member)?;
        }
    }
    for (member, how) in members.iter().zip(&kept.hows) {
        match pair.equal(how, value, member)? {
            Some(true) => return Ok(Some(true)),
            Some(false) => {}
            None => open = true,
        }
    }
    Ok(if open { None } else { Some(false) })
}

/// Brings the members of a constant tuple to the numbers that they are compared as: what matters
/// is what that warns of.
fn brought(pair: &mut Pair<'_, '_>, how: &How, member: &Node) -> Result<(), Error> {
    let (How::Tuple(hows), Some(members)) = (how, member.tuple()) else { return Ok(()) };
    for (how, member) in hows.iter().zip(members) {
        if matches!(how, How::Int | How::Decimal | How::Real) {
            pair.number(how, member)?;
        }
    }
    Ok(())
}

/// Looks for a value that is no tuple; brings it but once to each type that it is compared as.
fn values(
    call: &mut Call<'_, '_>,
    node: &Node,
    members: &[Node],
    kept: &Members,
) -> Result<Option<bool>, Error> {
    let (row, ctx) = (call.row, &mut *call.ctx);
    if let ([member], [how]) = (members, kept.hows.as_slice()) {
        return Pair { row, ctx, named: false }.equal(how, node, member);
    }
    if kept.sorted && !node.kind.is_null() {
        sort(members, kept, row, ctx)?;
    }
    let value = node.eval(row, ctx)?;
    if value.is_null() && node.kind.is_null() {
        // Constants are computed all the same.
        for member in members.iter().filter(|_| kept.computed) {
            member.eval(row, ctx)?;
        }
        return Ok(None);
    }
    let mut cache: Vec<(&How, Value)> = Vec::new();
    let (mut open, mut found) = (value.is_null(), false);
    let beside = kept.beside.and_then(|place| match place {
        0 => Some(node),
        place => members.get(place - 1),
    });
    for (member, how) in members.iter().zip(&kept.hows) {
        let plain = *how == How::Int && !is_text(&member.kind);
        let direct = plain || matches!(how, How::Null | How::Text(_) | How::Json(..));
        // The value becomes what it is compared as before the member is looked at.
        let known = match direct || value.is_null() {
            true => None,
            false => Some(match cache.iter().position(|(one, _)| *one == how) {
                Some(place) => place,
                None => {
                    let side = Side { constant: true, ..Side::of(&value, node) };
                    cache.push((how, prepared(how, side, ctx)?));
                    cache.len() - 1
                }
            }),
        };
        let one = match kept.sorted {
            true => ctx.once(member, |ctx| member.eval(row, ctx))?,
            false => member.eval(row, ctx)?,
        };
        if one.is_null() || *how == How::Null {
            open = true;
            continue;
        }
        let once = kept.sorted || kept.still && matches!(how, How::Calendar(_));
        if value.is_null() {
            // Only what it warns of matters.
            let side = Side { beside, ..Side::of(&one, member) };
            match kept.sorted {
                true => ctx.once(member, |ctx| prepared(how, side, ctx))?,
                false => prepared(how, side, ctx)?,
            };
            continue;
        }
        let same_bits = !kept.constant && *how == How::Int;
        let equal = match known.map(|known| &cache[known].1) {
            None => {
                let (a, b) = (Side::of(&value, node), Side::of(&one, member));
                order(how, a, b, ctx)?.is_eq()
            }
            Some(known) => {
                let side = Side { constant: true, beside, ..Side::of(&one, member) };
                let other = match once {
                    true => ctx.once(member, |ctx| prepared(how, side, ctx))?,
                    false => prepared(how, side, ctx)?,
                };
                known.compare(&other).is_some_and(Ordering::is_eq)
            }
        };
        found |= equal || same_bits && differ_in_sign_alone(&value, &one);
        if found && !kept.sorted {
            return Ok(Some(true));
        }
    }
    Ok(if found {
        Some(true)
    } else if open {
        None
    } else {
        Some(false)
    })
}

/// Computes the members of a constant list before the value, as MySQL does to sort them: what that
/// warns of comes but once.
fn sort(
    members: &[Node],
    kept: &Members,
    row: &[Value],
    ctx: &mut Context<'_>,
) -> Result<(), Error> {
    for (member, how) in members.iter().zip(&kept.hows) {
        ctx.once(member, |ctx| {
            let one = member.eval(row, ctx)?;
            if !one.is_null() && is_number(how) {
                prepared(how, Side { constant: true, ..Side::of(&one, member) }, ctx)?;
            }
            Ok::<(), Error>(())
        })?;
    }
    Ok(())
}

/// Returns how a list of one compares, of what it keeps; `None` for every other list.
pub(crate) fn single_how(kept: &(dyn Any + Send + Sync)) -> Option<&How> {
    match kept.downcast_ref::<Members>()?.hows.as_slice() {
        [how] => Some(how),
        _ => None,
    }
}

/// Returns whether two integers have the same bits but not the same value: in a list that is not
/// constant, MySQL takes them for equal.
fn differ_in_sign_alone(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::UInt(b)) | (Value::UInt(b), Value::Int(a)) => {
            a.cast_unsigned() == *b
        }
        _ => false,
    }
}

pub(super) fn between_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let session = signature.session;
    let nullable = signature.any_nullable();
    let mut comparing = Comparing::new("between", session);
    let how = between_how(&mut comparing, signature.args)?;
    signature.notes.borrow_mut().append(&mut comparing.notes);
    signature.keep(how);
    Ok(Kind::truth().with_nullable(nullable))
}

/// The three are compared as one type.
fn between_how(comparing: &mut Comparing<'_>, args: &mut [Node]) -> Result<How, Error> {
    let years = args.first().is_some_and(is_year);
    if years && bring_bounds(args, comparing.session)? {
        return Ok(How::Int);
    }
    let nodes: Vec<&Node> = args.iter().filter(|arg| !arg.kind.is_null()).collect();
    let all = |test: &dyn Fn(&Kind) -> bool| nodes.iter().all(|node| test(&node.kind));
    let any = |test: &dyn Fn(&Kind) -> bool| nodes.iter().any(|node| test(&node.kind));
    if any(&|kind| matches!(kind.typ, Type::JSON | Type::GEOMETRY | Type::VECTOR)) {
        return Err(Error::unsupported("BETWEEN of JSON"));
    }
    if all(&|kind| kind.typ == Type::TIME) {
        return Ok(How::Time);
    }
    if nodes.len() < 3 && any(&|kind| kind.typ.is_temporal()) && any(&is_text) {
        return Err(Error::unsupported("BETWEEN of dates, strings and NULL"));
    }
    if any(&is_date) && all(&|kind| kind.typ.is_temporal() || is_text(kind)) {
        let date = nodes.iter().find(|node| is_date(&node.kind)).map(|node| node.kind.typ);
        let column = args.first().is_some_and(|node| node.is_column() && is_date(&node.kind));
        let none = |node: &&Node| is_text(&node.kind) && is_no_date(node, comparing.session);
        // Between two constants that are one, MySQL makes an equation.
        let one = nodes.len() == 3
            && nodes[1].constant().is_some_and(|low| {
                nodes[2]
                    .constant()
                    .is_some_and(|high| low.compare(high).is_some_and(Ordering::is_eq))
            });
        if (!column || one) && nodes.iter().any(none) {
            return Err(Error::unsupported("BETWEEN of dates and what is none"));
        }
        // Two strings must go together, though they are compared as dates.
        if nodes.iter().filter(|node| is_text(&node.kind)).count() > 1 {
            let mut all: Vec<&mut Node> = args.iter_mut().collect();
            comparing.common(&mut all, CollationUse::Comparison)?;
        }
        return Ok(How::Calendar(date.unwrap_or(Type::DATETIME)));
    }
    if all(&|kind| is_text(kind) || kind.typ == Type::TIME) {
        if any(&|kind| kind.typ == Type::TIME) && any(&|kind| !kind.ascii) {
            return Err(Error::unsupported("BETWEEN of times and such strings"));
        }
        let mut all: Vec<&mut Node> = args.iter_mut().collect();
        return comparing.common(&mut all, CollationUse::Comparison).map(How::Text);
    }
    // MySQL looks for a common character set of strings even where it compares numbers.
    let foreign = |node: &&Node| is_text(&node.kind) && !node.kind.ascii && node.is_constant();
    if nodes.iter().any(foreign) {
        return Err(Error::unsupported("BETWEEN of numbers and such strings"));
    }
    let dated = nodes.first().is_some_and(|node| is_date(&node.kind) && node.is_column());
    if dated && nodes.iter().skip(1).any(|node| is_no_date(node, comparing.session)) {
        return Err(Error::unsupported("BETWEEN of dates and what is none"));
    }
    number(&nodes.iter().map(|node| &node.kind).collect::<Vec<_>>())
}

/// Returns whether a node is a constant that is no date.
fn is_no_date(node: &Node, session: &Session) -> bool {
    let Some(value) = node.constant() else { return false };
    if matches!(value, Value::Float(_) | Value::Decimal(_)) {
        return true;
    }
    let mut ctx = Context::new(session);
    let read = convert::datetime(value, Need::Stored, &mut ctx);
    !matches!(read, Ok(Some(_))) || ctx.warnings.count() > 0
}

pub(super) fn between(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let how = call.kept::<How>();
    let how = how.ok_or_else(|| Error::bug("bounds that were not compiled"))?;
    let [one, two, three] = call.args else {
        return Err(Error::bug("BETWEEN of other than three"));
    };
    let (above, below) = if is_number(how) {
        let mut pair = Pair { row: call.row, ctx: call.ctx, named: false };
        let value = pair.brought(how, one)?;
        if value.is_null() {
            return Ok(Value::Null);
        }
        let low = pair.brought(how, two)?;
        let above = beyond(&value, &low, Ordering::Less)?;
        let high = pair.brought(how, three)?;
        (above, beyond(&value, &high, Ordering::Greater)?)
    } else {
        let value = call.value(0)?;
        if value.is_null() {
            return Ok(Value::Null);
        }
        let value = prepared(how, Side::of(&value, one), call.ctx)?;
        let low = call.value(1)?;
        let constant = Side::of(&low, one).constant;
        let beside = (one.is_column() && is_date(&one.kind)).then_some(one);
        let side = |value, node| {
            let side = Side::of(value, node);
            Side { constant: constant || side.constant, beside, ..side }
        };
        let above = outside(how, &value, side(&low, two), Ordering::Less, call.ctx)?;
        let high = call.value(2)?;
        (above, outside(how, &value, side(&high, three), Ordering::Greater, call.ctx)?)
    };
    let result = match (above, below) {
        (Some(true), _) | (_, Some(true)) => Some(false),
        (Some(false), Some(false)) => Some(true),
        _ => None,
    };
    let negated = call.func == Func::NotBetween;
    Ok(result.map_or(Value::Null, |within| Value::from(within != negated)))
}

/// Returns whether a number lies outside of a bound; `None` if the bound is NULL.
fn beyond(value: &Value, bound: &Value, outside: Ordering) -> Result<Option<bool>, Error> {
    if bound.is_null() {
        return Ok(None);
    }
    let order = value.compare(bound);
    let known = order.ok_or_else(|| Error::bug("numbers without an order"))?;
    Ok(Some(known == outside))
}

/// Returns whether a value lies outside of a bound; `None` if the bound is NULL.
fn outside(
    how: &How,
    value: &Value,
    bound: Side<'_>,
    outside: Ordering,
    ctx: &mut Context<'_>,
) -> Result<Option<bool>, Error> {
    if bound.value.is_null() {
        return Ok(None);
    }
    let bound = prepared(how, bound, ctx)?;
    let order = match (how, value, &bound) {
        (How::Text(collation), Value::Text(a, _), Value::Text(b, _)) => collation.compare(a, b),
        (_, Value::Temporal(a), Value::Temporal(b)) => Some(a.packed().cmp(&b.packed())),
        _ => value.compare(&bound),
    };
    let known = order.ok_or_else(|| Error::unsupported("BETWEEN of values without an order"))?;
    Ok(Some(known == outside))
}
