//! Comparison operators, and how two values compare.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::json::Json;
use vt_value::{Collation, Temporal, TemporalKind, Type, Value};

use crate::Func;
use crate::collate;
use crate::compile::columns_wanted;
use crate::context::Context;
use crate::convert;
use crate::function::{Call, CollationUse, Signature, Text};
use crate::functions::json;
use crate::kind::{Class, Kind};
use crate::node::{Node, Op};
use crate::session::Session;

/// What two values are compared as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// One of them is the literal NULL.
    Null,
    Int,
    Decimal,
    Real,
    /// Strings, under a collation.
    Text(Collation),
    /// Dates and times of the calendar, or times of the day.
    Temporal,
    /// Documents, or a document and a value that becomes one; whether either is the answer of a
    /// predicate.
    Json(bool, bool),
    /// Tuples, member by member.
    Tuple(Vec<How>),
}

/// Finds out how two values, or two tuples, compare; brings constants to the type of the other.
pub(crate) fn how(
    a: &mut Node,
    b: &mut Node,
    operation: &str,
    session: &Session,
) -> Result<How, Error> {
    match (&mut a.op, &mut b.op) {
        (Op::Tuple(a), Op::Tuple(b)) => {
            if a.len() != b.len() {
                return Err(columns_wanted(a.len(), b.len()));
            }
            let pairs = a.iter_mut().zip(b);
            let members = pairs.map(|(a, b)| how(a, b, operation, session));
            return Ok(How::Tuple(members.collect::<Result<_, _>>()?));
        }
        (Op::Tuple(members), _) | (_, Op::Tuple(members)) => {
            return Err(columns_wanted(members.len(), 1));
        }
        _ => {}
    }
    if a.kind.is_null() || b.kind.is_null() {
        return Ok(How::Null);
    }
    if a.kind.typ == Type::JSON || b.kind.typ == Type::JSON {
        return Ok(How::Json(json::is_truth(a), json::is_truth(b)));
    }
    temporal_constant(&a.kind, b)?;
    temporal_constant(&b.kind, a)?;
    let (x, y) = (&a.kind, &b.kind);
    refuse_opaque(a, b)?;
    if x.typ.is_temporal() && y.typ.is_temporal() {
        if (x.typ == Type::TIME) != (y.typ == Type::TIME) {
            return Err(Error::unsupported(format_args!("comparing {} with {}", x.typ, y.typ)));
        }
        return Ok(How::Temporal);
    }
    if (x.typ.is_temporal() && y.is_string()) || (y.typ.is_temporal() && x.is_string()) {
        return Err(Error::unsupported(format_args!("comparing {} with {}", x.typ, y.typ)));
    }
    let string = |kind: &Kind| kind.is_string() || collate::has_collation(kind);
    if string(x) && string(y) {
        let (collation, _) =
            collate::aggregate_all(&mut [a, b], CollationUse::Comparison, operation, session)?;
        return Ok(How::Text(collation));
    }
    Ok(match (x.class()?, y.class()?) {
        _ if x.typ.is_temporal() || y.typ.is_temporal() => How::Real,
        (Class::Float, _) | (_, Class::Float) => How::Real,
        (Class::Decimal, _) | (_, Class::Decimal) => How::Decimal,
        _ => How::Int,
    })
}

fn refuse_opaque(a: &Node, b: &Node) -> Result<(), Error> {
    for (one, other) in [(a, b), (b, a)] {
        let kind = &one.kind;
        // A result tells six digits of a FLOAT, and MySQL compares with all that it has.
        if kind.typ == Type::FLOAT32 && one.is_column() {
            return Err(Error::unsupported("comparing FLOAT values"));
        }
        let bytes = matches!(kind.typ, Type::GEOMETRY) && kind.typ == other.kind.typ;
        let text = matches!(kind.typ, Type::ENUM | Type::SET) && other.kind.is_string();
        if kind.is_opaque() && !bytes && !text {
            let other = &other.kind.typ;
            return Err(Error::unsupported(format_args!("comparing {} with {other}", kind.typ)));
        }
    }
    Ok(())
}

/// Turns a string constant that is compared with a date or time into one.
fn temporal_constant(other: &Kind, node: &mut Node) -> Result<(), Error> {
    let kind = match other.typ {
        Type::DATE | Type::DATETIME | Type::TIMESTAMP => TemporalKind::DateTime,
        Type::TIME => TemporalKind::Time,
        _ => return Ok(()),
    };
    let Some(Value::Text(text, _)) = node.constant() else { return Ok(()) };
    let read = match kind {
        TemporalKind::Time => Temporal::parse(kind, text),
        _ => Temporal::parse(TemporalKind::Date, text).or_else(|| Temporal::parse(kind, text)),
    };
    let Some(read) = read else {
        let text = String::from_utf8_lossy(text);
        return Err(Error::unsupported(format_args!("comparing {} with '{text}'", other.typ)));
    };
    node.op = Op::Constant(Value::Temporal(read));
    node.kind.typ = if kind == TemporalKind::Time { Type::TIME } else { Type::DATETIME };
    Ok(())
}

/// A value that is not NULL, with its kind.
#[derive(Clone, Copy)]
pub(crate) struct Side<'v> {
    pub(crate) value: &'v Value,
    pub(crate) kind: &'v Kind,
}

/// Returns the order of two values that are not NULL.
pub(crate) fn order(
    how: &How,
    a: Side<'_>,
    b: Side<'_>,
    ctx: &mut Context<'_>,
) -> Result<Ordering, Error> {
    let known = match (how, a.value, b.value) {
        (How::Int, Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (How::Int, ..) => {
            let (x, y) = (convert::int(a.value, a.kind, ctx)?, convert::int(b.value, b.kind, ctx)?);
            x.zip(y).map(|(x, y)| x.value.cmp(&y.value))
        }
        (How::Decimal, ..) => {
            let x = convert::decimal(a.value, a.kind, ctx)?;
            let y = convert::decimal(b.value, b.kind, ctx)?;
            x.zip(y).map(|(x, y)| x.cmp(&y))
        }
        (How::Real, ..) => {
            let x = convert::real(a.value, a.kind, ctx)?;
            let y = convert::real(b.value, b.kind, ctx)?;
            x.zip(y).and_then(|(x, y)| x.partial_cmp(&y))
        }
        (How::Text(collation), ..) => Some(order_texts(*collation, a, b, ctx)?),
        (How::Json(left, right), ..) => {
            let (x, y) = (document(a, *left, ctx)?, document(b, *right, ctx)?);
            Some(x.cmp(&y))
        }
        (How::Temporal, Value::Temporal(a), Value::Temporal(b)) => {
            Some(a.packed().cmp(&b.packed()))
        }
        _ => a.value.compare(b.value),
    };
    known.ok_or_else(|| {
        Error::unsupported(format_args!("comparing {} with {}", a.kind.typ, b.kind.typ))
    })
}

fn document(side: Side<'_>, truth: bool, ctx: &mut Context<'_>) -> Result<Json, Error> {
    match side.value {
        Value::Int(number) if truth => Ok(Json::Bool(*number != 0)),
        value => json::element_of(value.clone(), side.kind, "=", ctx),
    }
}

fn order_texts(
    collation: Collation,
    a: Side<'_>,
    b: Side<'_>,
    ctx: &mut Context<'_>,
) -> Result<Ordering, Error> {
    let (x, y) = match (a.value, b.value) {
        (Value::Text(x, own), Value::Text(y, others)) => {
            if x == y && own == others {
                return Ok(Ordering::Equal);
            }
            if own.charset() == others.charset() || collation == Collation::BINARY {
                return ordered(collation, x, y);
            }
            let x = Text { bytes: x.clone(), collation: *own };
            (Some(x), Some(Text { bytes: y.clone(), collation: *others }))
        }
        _ => (convert::text(a.value.clone(), a.kind)?, convert::text(b.value.clone(), b.kind)?),
    };
    let (Some(x), Some(y)) = (x, y) else { return Err(Error::bug("comparing a NULL")) };
    let (x, y) = (convert::to_charset(x, collation, ctx)?, convert::to_charset(y, collation, ctx)?);
    ordered(collation, &x, &y)
}

fn ordered(collation: Collation, a: &[u8], b: &[u8]) -> Result<Ordering, Error> {
    if a == b {
        return Ok(Ordering::Equal);
    }
    collation.compare(a, b).ok_or_else(|| {
        Error::unsupported(format_args!(
            "comparing strings under collation {}",
            collation.name().unwrap_or("unknown")
        ))
    })
}

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let (func, session) = (signature.func, signature.session);
    let [a, b] = &mut *signature.args else {
        return Err(Error::bug("a comparison of other than two"));
    };
    let how = how(a, b, &func.message_name(), session)?;
    let nullable = func != Func::NullSafeEq && (is_nullable(a) || is_nullable(b));
    signature.keep(how);
    Ok(Kind::truth().with_nullable(nullable))
}

/// Returns whether a value, or a member of a tuple, may be NULL.
pub(super) fn is_nullable(node: &Node) -> bool {
    match node.tuple() {
        Some(members) => members.iter().any(is_nullable),
        None => node.kind.nullable,
    }
}

/// Two nodes for one row.
pub(crate) struct Pair<'p, 's> {
    pub(crate) row: &'p [Value],
    pub(crate) ctx: &'p mut Context<'s>,
}

impl Pair<'_, '_> {
    /// Returns the order of two operands; `None` if either is NULL.
    pub(crate) fn order(
        &mut self,
        how: &How,
        a: &Node,
        b: &Node,
    ) -> Result<Option<Ordering>, Error> {
        if let (How::Tuple(hows), Some(left), Some(right)) = (how, a.tuple(), b.tuple()) {
            for ((how, a), b) in hows.iter().zip(left).zip(right) {
                match self.order(how, a, b)? {
                    Some(Ordering::Equal) => {}
                    decided => return Ok(decided),
                }
            }
            return Ok(Some(Ordering::Equal));
        }
        let x = a.eval(self.row, self.ctx)?;
        if x.is_null() {
            // The other side may be an error that is never seen.
            return Ok(None);
        }
        let y = b.eval(self.row, self.ctx)?;
        if y.is_null() {
            return Ok(None);
        }
        let (x, y) = (Side { value: &x, kind: &a.kind }, Side { value: &y, kind: &b.kind });
        order(how, x, y, self.ctx).map(Some)
    }

    /// Returns whether two operands are equal; `None` where a NULL leaves it open.
    pub(crate) fn equal(&mut self, how: &How, a: &Node, b: &Node) -> Result<Option<bool>, Error> {
        let (How::Tuple(hows), Some(left), Some(right)) = (how, a.tuple(), b.tuple()) else {
            return Ok(self.order(how, a, b)?.map(Ordering::is_eq));
        };
        let mut open = false;
        for ((how, a), b) in hows.iter().zip(left).zip(right) {
            match self.equal(how, a, b)? {
                Some(true) => {}
                Some(false) => return Ok(Some(false)),
                None => open = true,
            }
        }
        Ok(if open { None } else { Some(true) })
    }

    /// Returns whether two operands are equal, NULL with NULL.
    fn null_safe_equal(&mut self, how: &How, a: &Node, b: &Node) -> Result<bool, Error> {
        if let (How::Tuple(hows), Some(left), Some(right)) = (how, a.tuple(), b.tuple()) {
            for ((how, a), b) in hows.iter().zip(left).zip(right) {
                if !self.null_safe_equal(how, a, b)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let (x, y) = (a.eval(self.row, self.ctx)?, b.eval(self.row, self.ctx)?);
        if x.is_null() || y.is_null() {
            return Ok(x.is_null() && y.is_null());
        }
        let (x, y) = (Side { value: &x, kind: &a.kind }, Side { value: &y, kind: &b.kind });
        order(how, x, y, self.ctx).map(Ordering::is_eq)
    }
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let how = call.kept::<How>().ok_or_else(|| Error::bug("a comparison that was not compiled"))?;
    let [a, b] = call.args else { return Err(Error::bug("a comparison of other than two")) };
    let func = call.func;
    let mut pair = Pair { row: call.row, ctx: call.ctx };
    let result = match func {
        Func::Eq => pair.equal(how, a, b)?,
        Func::Ne => pair.equal(how, a, b)?.map(|equal| !equal),
        Func::NullSafeEq => Some(pair.null_safe_equal(how, a, b)?),
        _ => pair.order(how, a, b)?.map(|order| match func {
            Func::Lt => order.is_lt(),
            Func::Le => order.is_le(),
            Func::Gt => order.is_gt(),
            _ => order.is_ge(),
        }),
    };
    Ok(result.map_or(Value::Null, Value::from))
}
