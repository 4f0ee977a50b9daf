//! The kind that several values have in common, and how each is brought to it: what IF, CASE,
//! COALESCE and their like share.

use vt_base::Error;
use vt_value::{Type, Value};

use crate::collate::{self, coercibility::NUMERIC};
use crate::context::Context;
use crate::function::{CollationUse, Signature};
use crate::kind::{Class, Kind, NOT_FIXED};
use crate::node::Node;

/// Returns the kind that some arguments have in common, nullable or not as they are.
pub(crate) fn common_kind(signature: &mut Signature<'_>, places: &[usize]) -> Result<Kind, Error> {
    let operation = signature.func.message_name();
    let session = signature.session;
    let mut picked: Vec<&mut Node> = signature
        .args
        .iter_mut()
        .enumerate()
        .filter(|(place, node)| places.contains(place) && !node.kind.is_null())
        .map(|(_, node)| node)
        .collect();
    let kind = match typed(&picked.iter().map(|node| &node.kind).collect::<Vec<_>>())? {
        Common::Kind(kind) => kind,
        Common::Text(length) => {
            let purpose = CollationUse::Result;
            let (collation, coercibility) =
                collate::aggregate_all(&mut picked, purpose, &operation, session)?;
            let ascii = picked.iter().all(|node| node.kind.ascii);
            Kind { ascii, ..Kind::text(length, collation, coercibility) }
        }
    };
    let nullable = places.iter().any(|place| signature.args[*place].kind.nullable);
    Ok(kind.with_nullable(nullable))
}

enum Common {
    Kind(Kind),
    Text(u32),
}

fn typed(kinds: &[&Kind]) -> Result<Common, Error> {
    let Some(first) = kinds.first() else { return Ok(Common::Kind(Kind::null())) };
    let length = kinds.iter().map(|kind| kind.length).max().unwrap_or(0);
    let decimals = kinds.iter().map(|kind| kind.decimals).max().unwrap_or(0);
    if kinds.iter().all(|kind| kind.typ == first.typ) && !first.is_string() {
        if first.typ.is_temporal() && kinds.iter().any(|kind| kind.decimals != decimals) {
            return Err(Error::unsupported("choosing between times with different fractions"));
        }
        if first.typ == Type::DECIMAL {
            return Ok(Common::Kind(decimal_of(kinds)));
        }
        let unsigned = first.typ.is_unsigned();
        let coercibility = if collate::has_collation(first) { first.coercibility } else { NUMERIC };
        let kind = Kind { length, decimals, unsigned, coercibility, ..(*first).clone() };
        return Ok(Common::Kind(kind));
    }
    if kinds.iter().all(|kind| kind.typ.is_number()) {
        return number_of(kinds, length).map(Common::Kind);
    }
    if kinds.iter().any(|kind| kind.is_opaque()) {
        return Err(Error::unsupported(format_args!("choosing between {} and others", first.typ)));
    }
    if kinds.iter().all(|kind| kind.typ.is_temporal()) {
        return Err(Error::unsupported("choosing between temporal values of different types"));
    }
    Ok(Common::Text(length))
}

fn number_of(kinds: &[&Kind], length: u32) -> Result<Kind, Error> {
    let classes = kinds.iter().map(|kind| kind.class()).collect::<Result<Vec<Class>, Error>>()?;
    let greatest = classes.iter().max().copied().unwrap_or(Class::Int);
    Ok(match greatest {
        Class::Float => Kind {
            decimals: kinds.iter().map(|kind| kind.decimals.min(NOT_FIXED)).max().unwrap_or(0),
            ..Kind::float()
        },
        Class::Decimal => decimal_of(kinds),
        // Signed and unsigned together fit a decimal alone.
        Class::UInt if classes.contains(&Class::Int) => decimal_of(kinds),
        Class::UInt => Kind::uint(length),
        Class::Int => Kind::int(length),
    })
}

fn decimal_of(kinds: &[&Kind]) -> Kind {
    let decimals = kinds.iter().map(|kind| kind.decimals.min(30)).max().unwrap_or(0);
    let integer = |kind: &&Kind| kind.precision().saturating_sub(u32::from(kind.decimals));
    let integer = kinds.iter().map(integer).max().unwrap_or(0);
    Kind::decimal(integer + u32::from(decimals), decimals)
}

/// Brings a value of one kind to another.
pub(crate) fn convert(
    value: Value,
    from: &Kind,
    to: &Kind,
    ctx: &mut Context<'_>,
) -> Result<Value, Error> {
    if value.is_null() {
        return Ok(value);
    }
    Ok(match to.typ {
        Type::DECIMAL => {
            crate::convert::decimal(&value, from, ctx)?.map_or(Value::Null, Value::Decimal)
        }
        Type::FLOAT64 | Type::FLOAT32 => {
            crate::convert::real(&value, from, ctx)?.map_or(Value::Null, Value::Float)
        }
        _ if to.is_string() => match value {
            Value::Text(bytes, own) if own == to.collation => Value::Text(bytes, own),
            other => match crate::convert::text(other, from)? {
                None => Value::Null,
                Some(text) => {
                    let bytes = crate::convert::to_charset(text, to.collation, ctx)?;
                    Value::Text(bytes, to.collation)
                }
            },
        },
        _ => value,
    })
}
