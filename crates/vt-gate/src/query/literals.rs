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
/// The values share one copy of the text from the first literal to the last, so that a statement
/// costs one allocation, however many literals it has, and a point select that of its key, however
/// long it is.
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
    let part = from_first_to_last(sql, fingerprint);
    let text = Text { shared: Bytes::copy_from_slice(part.as_bytes()), part };
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

/// Returns the part of a statement's text that its literals stand in.
fn from_first_to_last<'s>(sql: &'s str, fingerprint: &Fingerprint) -> &'s str {
    let (Some(first), Some(last)) = (fingerprint.literals.first(), fingerprint.literals.last())
    else {
        return "";
    };
    sql.get(first.start as usize..last.end as usize).unwrap_or(sql)
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

/// A part of a statement's text, and a copy of it that values can share.
struct Text<'a> {
    shared: Bytes,
    part: &'a str,
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
        let start = (value.as_ptr() as usize).wrapping_sub(self.part.as_ptr() as usize);
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
    Text { shared: Bytes::new(), part: "" }.typed(&literal)
}

#[cfg(test)]
mod tests {
    use vt_sql::fingerprint::fingerprint;

    use super::*;

    #[test]
    fn a_point_select_copies_its_key_alone() {
        for columns in [1, 400] {
            let columns = vec!["a_column"; columns].join(", ");
            let sql = format!("select {columns} from t where id = 12345");
            let print = fingerprint(&sql, Modes::default()).unwrap();
            assert_eq!(from_first_to_last(&sql, &print), "12345");
            let mut binds = BindVars::new();
            bind(&sql, &print, &[], Modes::default(), &mut binds);
            let values: Vec<&BoundValue> = binds.iter().map(|(_, value)| value).collect();
            assert_eq!(values, [&BoundValue::One(TypedBytes::int64(12345))]);
        }
    }

    #[test]
    fn values_are_found_wherever_they_stand() {
        let sql = "select 'a\\'b', 'plain' from t where id in (1, 2) and b = -3 and c = x'41'";
        let print = fingerprint(sql, Modes::default()).unwrap();
        let mut binds = BindVars::new();
        bind(sql, &print, &[], Modes::default(), &mut binds);
        let shown: Vec<String> = binds.iter().map(|(_, value)| format!("{value:?}")).collect();
        for wanted in ["a'b", "plain", "0x41"] {
            assert!(shown.iter().any(|one| one.contains(wanted)), "{wanted}: {shown:?}");
        }
        assert_eq!(binds.iter().filter(|(_, one)| matches!(one, BoundValue::Tuple(_))).count(), 1);
    }
}
