//! A value as it computes: decoded from the wire's text, compared, and printed again.

mod compare;

use bytes::Bytes;
use vt_base::Error;
use vt_collation::Charset;

use crate::json::Json;
use crate::temporal::{Temporal, TemporalKind};
use crate::{Collation, Decimal, Field, Type, TypedBytes, float};

/// A value of an expression, or of a column that something must look into.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Int(i64),
    UInt(u64),
    Decimal(Decimal),
    Float(f64),
    /// A string in the character set of its collation; one of bytes has the collation
    /// [`Collation::BINARY`], and so have BIT, GEOMETRY and VECTOR. ENUM and SET are their text.
    Text(Bytes, Collation),
    Temporal(Temporal),
    Json(Json),
}

impl Value {
    /// Reads a value of the text protocol; `None` is NULL.
    ///
    /// A result's column does not tell its collation: `field.charset` is that of the connection.
    /// Strings get `collation`, those of bytes [`Collation::BINARY`]. They arrive in `utf8mb4`,
    /// whatever the character set of their column, and are brought to that.
    pub fn decode(typ: Type, collation: Collation, text: Option<Bytes>) -> Result<Value, Error> {
        let string = typ.is_text() || matches!(typ, Type::ENUM | Type::SET);
        let text = match text {
            Some(text) if string => Some(in_charset(text, collation)),
            text => text,
        };
        Value::read(typ, collation, text)
    }

    /// Reads a value whose strings are in the character set of the collation.
    fn read(typ: Type, collation: Collation, text: Option<Bytes>) -> Result<Value, Error> {
        let Some(text) = text else { return Ok(Value::Null) };
        let temporal = |kind| Temporal::parse(kind, &text).map(Value::Temporal);
        let value = match typ {
            Type::NULL_TYPE => Some(Value::Null),
            Type::DECIMAL => Decimal::parse(&text).map(Value::Decimal),
            Type::FLOAT32 | Type::FLOAT64 => parse(&text).map(Value::Float),
            Type::DATE => temporal(TemporalKind::Date),
            Type::DATETIME | Type::TIMESTAMP => temporal(TemporalKind::DateTime),
            Type::TIME => temporal(TemporalKind::Time),
            Type::JSON => Json::parse(&text).ok().map(Value::Json),
            _ if typ.is_signed() => parse(&text).map(Value::Int),
            _ if typ.is_unsigned() => parse(&text).map(Value::UInt),
            _ if typ.is_text() || matches!(typ, Type::ENUM | Type::SET) => {
                Some(Value::Text(text.clone(), collation))
            }
            _ => Some(Value::Text(text.clone(), Collation::BINARY)),
        };
        value.ok_or_else(|| {
            Error::bug(format_args!("{typ} cannot be {:?}", String::from_utf8_lossy(&text)))
        })
    }

    /// Reads a value of a result's column, a string under an unknown collation.
    pub fn of_field(field: &Field, text: Option<Bytes>) -> Result<Value, Error> {
        Value::decode(field.typ, Collation::UNKNOWN, text)
    }

    /// Reads a literal or a bind variable.
    pub fn of_typed(value: &TypedBytes, collation: Collation) -> Result<Value, Error> {
        Value::read(value.typ, collation, Some(value.bytes.clone()))
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Returns the type that the value has by itself.
    pub fn typ(&self) -> Type {
        match self {
            Value::Null => Type::NULL_TYPE,
            Value::Int(_) => Type::INT64,
            Value::UInt(_) => Type::UINT64,
            Value::Decimal(_) => Type::DECIMAL,
            Value::Float(_) => Type::FLOAT64,
            Value::Text(_, Collation::BINARY) => Type::VARBINARY,
            Value::Text(..) => Type::VARCHAR,
            Value::Temporal(temporal) => match temporal.kind {
                TemporalKind::Date => Type::DATE,
                TemporalKind::DateTime => Type::DATETIME,
                TemporalKind::Time => Type::TIME,
            },
            Value::Json(_) => Type::JSON,
        }
    }

    /// Appends the text that MySQL prints; nothing for NULL.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => {}
            Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::UInt(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Decimal(number) => number.write(out),
            Value::Float(number) => float::write_f64(*number, out),
            Value::Text(text, _) => out.extend_from_slice(text),
            Value::Temporal(temporal) => temporal.write(out),
            Value::Json(json) => json.write(out),
        }
    }

    /// Returns the text that MySQL prints; `None` for NULL.
    pub fn text(&self) -> Option<Bytes> {
        match self {
            Value::Null => None,
            Value::Text(text, _) => Some(text.clone()),
            _ => {
                let mut text = Vec::with_capacity(24);
                self.write(&mut text);
                Some(text.into())
            }
        }
    }

    /// Returns the value with its type, as a bind variable has it.
    pub fn to_typed(&self) -> TypedBytes {
        match self.text() {
            None => TypedBytes::NULL,
            Some(text) => TypedBytes::new(self.typ(), text),
        }
    }

    /// Returns the value as a double, as MySQL converts it; `None` for NULL and what has no number.
    pub fn to_f64(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(*number as f64),
            Value::UInt(number) => Some(*number as f64),
            Value::Decimal(number) => Some(number.to_f64()),
            Value::Float(number) => Some(*number),
            Value::Text(text, _) => Some(float::parse_prefix(text)),
            Value::Null | Value::Temporal(_) | Value::Json(_) => None,
        }
    }

    /// Returns an exact number as a decimal; `None` for any other value.
    pub fn to_decimal(&self) -> Option<Decimal> {
        match self {
            Value::Int(number) => Some(Decimal::from(*number)),
            Value::UInt(number) => Some(Decimal::from(*number)),
            Value::Decimal(number) => Some(*number),
            _ => None,
        }
    }
}

/// Brings a string of `utf8mb4` to the character set of a collation.
fn in_charset(text: Bytes, collation: Collation) -> Bytes {
    let set = collation.charset();
    let same = matches!(
        set,
        None | Some(Charset::Utf8mb4 | Charset::Utf8mb3 | Charset::Binary | Charset::Ascii)
    );
    match set {
        Some(set) if !(same || set.keeps_ascii() && text.is_ascii()) => {
            let mut out = Vec::with_capacity(text.len());
            Charset::Utf8mb4.convert(&text, set, &mut out);
            out.into()
        }
        _ => text,
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Int(truth.into())
    }
}

fn parse<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
