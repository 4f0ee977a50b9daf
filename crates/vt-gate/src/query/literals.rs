//! From the literals of a statement's text to bind variables.

use std::borrow::Cow;

use bytes::Bytes;
use vt_sql::Modes;
use vt_sql::ast::LiteralKind;
use vt_sql::fingerprint::{Fingerprint, LiteralValue, Value, literal_value};
use vt_sql::normalize::FrozenLiteral;
use vt_value::{BindVars, BoundValue, Type, TypedBytes};

use super::literal_name;

/// Adds a bind variable for each literal that is not one of `frozen`.
///
/// The values share one copy of the text, so that a statement costs one allocation, however many
/// literals it has.
pub fn bind(
    sql: &str,
    fingerprint: &Fingerprint,
    frozen: &[FrozenLiteral],
    modes: Modes,
    binds: &mut BindVars,
) {
    if fingerprint.literals.len() <= frozen.len() && all_frozen(fingerprint, frozen) {
        return;
    }
    let text = Text { shared: Bytes::copy_from_slice(sql.as_bytes()), sql };
    for (ordinal, span) in fingerprint.literals.iter().enumerate() {
        if !frozen.is_empty() && frozen.iter().any(|one| one.ordinal as usize == ordinal) {
            continue;
        }
        let value = match literal_value(sql, span, modes) {
            Value::One(one) => BoundValue::One(text.typed(&one)),
            Value::List(all) => BoundValue::Tuple(all.iter().map(|one| text.typed(one)).collect()),
        };
        binds.set(literal_name(ordinal), value);
    }
}

fn all_frozen(fingerprint: &Fingerprint, frozen: &[FrozenLiteral]) -> bool {
    (0..fingerprint.literals.len())
        .all(|ordinal| frozen.iter().any(|one| one.ordinal as usize == ordinal))
}

/// Returns the literals of these ordinals, as a plan that was made for them has them.
pub fn frozen(sql: &str, fingerprint: &Fingerprint, ordinals: &[u32]) -> Vec<FrozenLiteral> {
    let one = |ordinal: &u32| {
        let span = fingerprint.literals.get(*ordinal as usize)?;
        let text = sql.as_bytes().get(span.start as usize..span.end as usize)?;
        Some(FrozenLiteral { ordinal: *ordinal, text: text.into() })
    };
    ordinals.iter().filter_map(one).collect()
}

/// A statement's text, and a copy that values can share.
struct Text<'a> {
    shared: Bytes,
    sql: &'a str,
}

impl Text<'_> {
    fn typed(&self, literal: &LiteralValue<'_>) -> TypedBytes {
        let typ = match literal.kind {
            LiteralKind::Int => int_type(&literal.bytes),
            LiteralKind::Decimal => Type::DECIMAL,
            LiteralKind::Float => Type::FLOAT64,
            LiteralKind::Str | LiteralKind::NationalStr => Type::VARCHAR,
            // As text of SQL: these are numbers or strings, by where they stand.
            LiteralKind::Hex | LiteralKind::Bit => {
                return TypedBytes::new(Type::HEXNUM, hex(&literal.bytes));
            }
        };
        TypedBytes { typ, bytes: self.share(&literal.bytes) }
    }

    /// Returns a value's bytes; a part of the shared copy if they are a part of the text.
    fn share(&self, value: &[u8]) -> Bytes {
        let start = (value.as_ptr() as usize).wrapping_sub(self.sql.as_ptr() as usize);
        let end = start.wrapping_add(value.len());
        if start <= end && end <= self.shared.len() {
            return self.shared.slice(start..end);
        }
        Bytes::copy_from_slice(value)
    }
}

/// Returns the type of digits: signed as long as they fit.
fn int_type(digits: &[u8]) -> Type {
    let fits = std::str::from_utf8(digits).is_ok_and(|text| text.parse::<i64>().is_ok());
    if fits { Type::INT64 } else { Type::UINT64 }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Returns a literal's value with its type; for literals of a tree.
pub fn typed(kind: LiteralKind, value: &[u8]) -> TypedBytes {
    let literal = LiteralValue { kind, bytes: Cow::Owned(value.to_vec()) };
    Text { shared: Bytes::new(), sql: "" }.typed(&literal)
}
