//! The common type of the columns that a UNION puts under one another.

use vt_base::Error;
use vt_value::{Collation, Decimal, Field, Type, Value, float};

/// How the values of a column are brought to the common type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converter(Change);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// The text stays as it is.
    None,
    /// An integer or decimal, with so many digits after the point.
    Decimal(u8),
    /// An integer or decimal as a double.
    Float(Type),
    /// A date as its midnight.
    DateTime,
}

impl Converter {
    /// Returns the column that the columns of several inputs make together, and how each changes;
    /// refuses types whose common type is not known here.
    pub fn union(parts: &[&Field]) -> Result<(Field, Vec<Converter>), Error> {
        let Some(first) = parts.first() else {
            return Err(Error::bug("a union of nothing"));
        };
        let mut typ = first.typ;
        for part in &parts[1..] {
            typ = common(typ, part.typ).ok_or_else(|| {
                let what = format!("UNION of {} and {} in column '{}'", typ, part.typ, first.name);
                Error::unsupported(what)
            })?;
        }
        let template = parts.iter().find(|part| part.typ == typ).unwrap_or(first);
        let decimals = parts.iter().map(|part| part.decimals).max().unwrap_or(0);
        let same = parts.iter().all(|part| part.typ == typ);
        let mut field = Field { name: first.name.clone(), typ, decimals, ..(*template).clone() };
        field.column_length = parts.iter().map(|part| part.column_length).max().unwrap_or(0);
        // NOT NULL holds for all only if it holds for each.
        field.flags = parts.iter().fold(field.flags, |flags, part| flags & (part.flags | !1));
        if !same && !typ.is_text() && !typ.is_binary() {
            field.charset = Collation::BINARY.0;
        }
        let changes = parts.iter().map(|part| change(part, typ, decimals).map(Converter));
        let changes: Option<Vec<Converter>> = changes.collect();
        let refused = || {
            Error::unsupported(format_args!(
                "UNION of times with different fractions in column '{}'",
                first.name
            ))
        };
        Ok((field, changes.ok_or_else(refused)?))
    }

    pub fn is_identity(&self) -> bool {
        self.0 == Change::None
    }

    /// Appends the text of a value that is not NULL.
    pub fn convert(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let decimal =
            || Decimal::parse(text).ok_or_else(|| Error::bug("a number of a UNION that is none"));
        match &self.0 {
            Change::None => out.extend_from_slice(text),
            Change::Decimal(scale) => decimal()?.round(*scale).write(out),
            Change::Float(typ) => {
                let bytes = bytes::Bytes::copy_from_slice(text);
                let value = Value::decode(*typ, Collation::BINARY, Some(bytes))?;
                float::write_f64(value.to_f64().unwrap_or(0.0), out);
            }
            Change::DateTime => {
                out.extend_from_slice(text);
                out.extend_from_slice(b" 00:00:00");
            }
        }
        Ok(())
    }
}

fn change(part: &Field, typ: Type, decimals: u8) -> Option<Change> {
    Some(match typ {
        _ if part.typ == Type::NULL_TYPE => Change::None,
        Type::DECIMAL if part.typ == typ && part.decimals == decimals => Change::None,
        Type::DECIMAL => Change::Decimal(decimals),
        Type::FLOAT64 if part.typ.is_float() => Change::None,
        Type::FLOAT64 => Change::Float(part.typ),
        Type::DATETIME if part.typ == Type::DATE => Change::DateTime,
        Type::DATETIME | Type::TIMESTAMP | Type::TIME if part.decimals != decimals => return None,
        _ => Change::None,
    })
}

/// Returns the type that values of two types have in common (manual, "UNION Clause").
fn common(a: Type, b: Type) -> Option<Type> {
    let is_string = |typ: Type| typ.is_text() || typ.is_binary();
    let width = |typ: Type| match typ {
        Type::INT8 | Type::UINT8 => 1,
        Type::INT16 | Type::UINT16 | Type::YEAR => 2,
        Type::INT24 | Type::UINT24 => 3,
        Type::INT32 | Type::UINT32 => 4,
        _ => 8,
    };
    match (a, b) {
        _ if a == b => Some(a),
        (Type::NULL_TYPE, other) | (other, Type::NULL_TYPE) => Some(other),
        (Type::YEAR, _) | (_, Type::YEAR) => None,
        _ if a.is_integral() && b.is_integral() => {
            if a.is_signed() == b.is_signed() {
                return Some(if width(a) >= width(b) { a } else { b });
            }
            // The text of both is that of a decimal without fraction.
            Some(if width(a).max(width(b)) < 8 { Type::INT64 } else { Type::DECIMAL })
        }
        _ if a.is_number() && b.is_number() => {
            let float = a.is_float() || b.is_float();
            Some(if float { Type::FLOAT64 } else { Type::DECIMAL })
        }
        // A double as a string has another text than as a number of so many digits.
        (Type::FLOAT32, _) | (_, Type::FLOAT32) => None,
        _ if is_string(a) && is_string(b) => {
            let binary = a.is_binary() || b.is_binary();
            let long = [Type::TEXT, Type::BLOB].iter().any(|typ| *typ == a || *typ == b);
            Some(match (binary, long) {
                (false, false) => Type::VARCHAR,
                (false, true) => Type::TEXT,
                (true, false) => Type::VARBINARY,
                (true, true) => Type::BLOB,
            })
        }
        (Type::DATE, Type::DATETIME | Type::TIMESTAMP)
        | (Type::DATETIME | Type::TIMESTAMP, Type::DATE)
        | (Type::DATETIME, Type::TIMESTAMP)
        | (Type::TIMESTAMP, Type::DATETIME) => Some(Type::DATETIME),
        _ if is_string(a) && (b.is_number() || b.is_temporal()) => Some(widened(a)),
        _ if is_string(b) && (a.is_number() || a.is_temporal()) => Some(widened(b)),
        _ => None,
    }
}

/// Returns the type of strings of any length among which are those of a type.
fn widened(typ: Type) -> Type {
    match typ {
        Type::CHAR => Type::VARCHAR,
        Type::BINARY => Type::VARBINARY,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(typ: Type, decimals: u8) -> Field {
        Field { decimals, ..Field::new("c", typ) }
    }

    #[test]
    fn columns_find_their_common_type() {
        let cases = [
            ((Type::INT32, 0, "7"), (Type::INT64, 0, "8"), Some((Type::INT64, "7", "8"))),
            (
                (Type::INT64, 0, "7"),
                (Type::DECIMAL, 2, "8.25"),
                Some((Type::DECIMAL, "7.00", "8.25")),
            ),
            (
                (Type::DECIMAL, 1, "1.5"),
                (Type::FLOAT64, 31, "0.1"),
                Some((Type::FLOAT64, "1.5", "0.1")),
            ),
            ((Type::INT64, 0, "-7"), (Type::UINT64, 0, "8"), Some((Type::DECIMAL, "-7", "8"))),
            (
                (Type::NULL_TYPE, 0, ""),
                (Type::DATE, 0, "2024-01-01"),
                Some((Type::DATE, "", "2024-01-01")),
            ),
            ((Type::INT64, 0, "7"), (Type::CHAR, 0, "x"), Some((Type::VARCHAR, "7", "x"))),
            (
                (Type::DATE, 0, "2024-01-01"),
                (Type::DATETIME, 0, "2024-01-01 01:02:03"),
                Some((Type::DATETIME, "2024-01-01 00:00:00", "2024-01-01 01:02:03")),
            ),
            ((Type::DATETIME, 0, ""), (Type::DATETIME, 6, ""), None),
            ((Type::JSON, 0, ""), (Type::INT64, 0, ""), None),
        ];
        for ((a, a_scale, a_text), (b, b_scale, b_text), want) in cases {
            let union = Converter::union(&[&field(a, a_scale), &field(b, b_scale)]);
            let Some((typ, a_want, b_want)) = want else {
                assert!(union.is_err(), "{a} {b}");
                continue;
            };
            let (field, changes) = union.unwrap();
            assert_eq!(field.typ, typ, "{a} {b}");
            for (change, text, want) in
                [(&changes[0], a_text, a_want), (&changes[1], b_text, b_want)]
            {
                let mut out = Vec::new();
                change.convert(text.as_bytes(), &mut out).unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), want, "{a} {b}");
            }
        }
    }
}
