//! Values that are given by hand for the rows of an expression, checked against their column.

use bytes::Bytes;
use vt_base::{Code, Error};
use vt_collation::Collation;
use vt_value::geometry::{Geometry, Shape};
use vt_value::{Decimal, Temporal, TemporalKind, Type, Value};

use super::ExpressionColumn;

/// What is given for a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    Null,
    /// As MySQL prints the value; a geometry as WKT, a vector as `[1,2.5]`, bits as a number.
    Text(String),
    /// The bytes of a string, of bits, of a geometry or of a vector.
    Bytes(Vec<u8>),
}

/// The flag of a column that holds no NULL.
const NOT_NULL: u16 = 1;

impl ExpressionColumn {
    /// Returns the value that is given, if a column of the type can hold it as it is.
    ///
    /// # Errors
    /// What is given is no value of the type, or does not fit the column.
    pub fn given(&self, given: &Given) -> Result<Value, Error> {
        let field = &self.field;
        let value = match given {
            Given::Null if field.flags & NOT_NULL != 0 => {
                return Err(wrong("NULL in a column that is NOT NULL".to_owned()));
            }
            Given::Null => return Ok(Value::Null),
            Given::Bytes(bytes) => self.of_bytes(bytes),
            Given::Text(text) => self.of_text(text),
        };
        let shown = || match given {
            Given::Text(text) => format!("{text:?}"),
            _ => "what is given".to_owned(),
        };
        let value = value.ok_or_else(|| wrong(format!("{} is no {}", shown(), field.typ)))?;
        match self.holds(&value) {
            true => Ok(value),
            false => Err(wrong(format!("{} does not fit {}", shown(), field.column_type))),
        }
    }

    fn of_bytes(&self, bytes: &[u8]) -> Option<Value> {
        let typ = self.field.typ;
        let bytes = Bytes::copy_from_slice(bytes);
        match typ {
            Type::BIT | Type::VECTOR => Some(Value::Text(bytes, Collation::BINARY)),
            Type::GEOMETRY => {
                Geometry::parse(&bytes).map(|_| Value::Text(bytes, Collation::BINARY))
            }
            _ if typ.is_text() => {
                let charset = self.collation().charset()?;
                let whole = charset.well_formed(&bytes) == bytes.len();
                whole.then_some(Value::Text(bytes, self.collation()))
            }
            _ if typ.is_binary() => Some(Value::Text(bytes, Collation::BINARY)),
            _ => None,
        }
    }

    fn of_text(&self, text: &str) -> Option<Value> {
        let plain = |text: &str| self.value(Some(Bytes::copy_from_slice(text.as_bytes()))).ok();
        let digits = self.field.decimals;
        match self.field.typ {
            Type::DECIMAL => {
                let number = Decimal::parse(text.as_bytes())?;
                // Only zeroes may be lost.
                let fitted = number.round(digits);
                let same = fitted.sub(&number).is_some_and(|rest| rest.is_zero());
                same.then_some(Value::Decimal(fitted))
            }
            Type::DATETIME | Type::TIMESTAMP => {
                let midnight = Temporal::parse(TemporalKind::Date, text.as_bytes());
                let moment = match midnight {
                    Some(date) => date.to_datetime(),
                    None => Temporal::parse(TemporalKind::DateTime, text.as_bytes())?,
                };
                with_digits(moment, digits)
            }
            Type::TIME => {
                with_digits(Temporal::parse(TemporalKind::Time, text.as_bytes())?, digits)
            }
            Type::BIT => {
                let width = self.field.column_length.div_ceil(8).clamp(1, 8) as usize;
                let bytes = text.parse::<u64>().ok()?.to_be_bytes();
                let (unused, bytes) = bytes.split_at(8 - width);
                let fits = unused.iter().all(|byte| *byte == 0);
                fits.then(|| Value::Text(Bytes::copy_from_slice(bytes), Collation::BINARY))
            }
            Type::GEOMETRY => {
                let geometry = Geometry { srid: 0, shape: Shape::of_wkt(text)? };
                Some(Value::Text(geometry.to_bytes().into(), Collation::BINARY))
            }
            Type::VECTOR => vector(text),
            Type::ENUM => self.member(text),
            Type::SET => self.members(text),
            _ => plain(text),
        }
    }

    /// Finds a member of an ENUM; the empty string stands for what is none.
    fn member(&self, text: &str) -> Option<Value> {
        if text.is_empty() {
            return self.value(Some(Bytes::new())).ok();
        }
        let members = self.kind.as_ref()?.members.as_ref()?;
        let found = members.iter().find(|member| ***member == *text.as_bytes())?;
        self.value(Some(found.clone())).ok()
    }

    /// Brings members of a SET into the order of its type.
    fn members(&self, text: &str) -> Option<Value> {
        let members = self.kind.as_ref()?.members.as_ref()?;
        let chosen: Vec<&[u8]> =
            text.split(',').filter(|one| !one.is_empty()).map(str::as_bytes).collect();
        if !chosen.iter().all(|one| members.iter().any(|member| **member == **one)) {
            return None;
        }
        let ordered = members.iter().filter(|member| chosen.contains(&&***member));
        let ordered: Vec<&[u8]> = ordered.map(|member| &**member).collect();
        self.value(Some(ordered.join(&b',').into())).ok()
    }

    /// Returns whether the column has room for a value.
    fn holds(&self, value: &Value) -> bool {
        let field = &self.field;
        match value {
            Value::Int(number) => range(field.typ).contains(&i128::from(*number)),
            Value::UInt(number) => range(field.typ).contains(&i128::from(*number)),
            Value::Decimal(number) => {
                let signless = field.flags & UNSIGNED != 0;
                let other = u32::from(!signless) + u32::from(field.decimals > 0);
                let whole = field.column_length.saturating_sub(other + u32::from(field.decimals));
                number.integer_digits() <= whole as usize && !(signless && number.is_negative())
            }
            Value::Float(number) => number.is_finite(),
            Value::Text(bytes, _) if field.typ == Type::BIT => {
                let bits = bytes.iter().position(|byte| *byte != 0).map_or(0, |first| {
                    (bytes.len() - first) * 8 - bytes[first].leading_zeros() as usize
                });
                bits <= field.column_length as usize
            }
            Value::Text(bytes, _) if field.typ == Type::VECTOR => {
                bytes.len().is_multiple_of(4) && bytes.len() <= field.column_length as usize
            }
            Value::Text(bytes, collation) => {
                let length = collation.charset().map_or(bytes.len(), |set| set.count(bytes));
                self.kind.as_ref().is_none_or(|kind| length <= kind.length as usize)
            }
            Value::Null | Value::Temporal(_) | Value::Json(_) => true,
        }
    }
}

/// The flag of a number without a sign.
const UNSIGNED: u16 = 32;

/// Returns which integers a type holds.
fn range(typ: Type) -> std::ops::RangeInclusive<i128> {
    match typ {
        Type::INT8 => i8::MIN.into()..=i8::MAX.into(),
        Type::UINT8 => 0..=u8::MAX.into(),
        Type::INT16 => i16::MIN.into()..=i16::MAX.into(),
        Type::UINT16 => 0..=u16::MAX.into(),
        Type::INT24 => -(1 << 23)..=(1 << 23) - 1,
        Type::UINT24 => 0..=(1 << 24) - 1,
        Type::INT32 => i32::MIN.into()..=i32::MAX.into(),
        Type::UINT32 => 0..=u32::MAX.into(),
        Type::YEAR => 0..=2155,
        Type::UINT64 => 0..=u64::MAX.into(),
        _ => i64::MIN.into()..=i64::MAX.into(),
    }
}

/// Shows a moment with so many digits of its fraction, if no others are lost.
fn with_digits(value: Temporal, digits: u8) -> Option<Value> {
    let unit = 10u32.pow(u32::from(6 - digits.min(6)));
    value.micros().is_multiple_of(unit).then(|| Value::Temporal(value.with_digits(digits)))
}

/// Reads `[1,2.5]`.
fn vector(text: &str) -> Option<Value> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut bytes = Vec::new();
    for number in inner.split(',') {
        let number: f32 = number.trim().parse().ok()?;
        if !number.is_finite() {
            return None;
        }
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    Some(Value::Text(bytes.into(), Collation::BINARY))
}

fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vt_eval::Session;

    /// Returns the text of a value that is given for a column, or what is wrong with it.
    fn given(definition: &str, given: &Given) -> Result<String, String> {
        let session = Session::default();
        let column = ExpressionColumn::of_definition("a", definition, &session);
        let column = column.map_err(|err| err.to_string())?;
        let value = column.given(given).map_err(|err| err.to_string())?;
        let bytes = value.text().unwrap_or_default();
        Ok(match std::str::from_utf8(&bytes) {
            Ok(text) if !text.contains(|one: char| one.is_control()) => text.to_owned(),
            _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    #[test]
    fn what_fits_is_taken_as_the_column_has_it() {
        for (definition, text, want) in [
            ("TINYINT", "-128", "-128"),
            ("DECIMAL(5,2)", "1.5", "1.50"),
            ("DATETIME(3)", "2024-00-00", "2024-00-00 00:00:00.000"),
            ("DATETIME", "0000-00-00 00:00:00", "0000-00-00 00:00:00"),
            ("TIME(1)", "-838:59:59.0", "-838:59:59.0"),
            ("ENUM('a','it''s')", "it's", "it's"),
            ("SET('x','y','z')", "z,x", "x,z"),
            ("BIT(10)", "513", "0201"),
            ("VECTOR(2)", "[1, -2]", "0000803f000000c0"),
            ("POINT", "POINT(1 2)", "000000000101000000000000000000f03f0000000000000040"),
            ("VARCHAR(1)", "é", "é"),
        ] {
            assert_eq!(given(definition, &Given::Text(text.to_owned())), Ok(want.to_owned()));
        }
        let bytes = Given::Bytes(vec![0xe9]);
        assert_eq!(given("VARCHAR(1) CHARACTER SET latin1", &bytes), Ok("e9".to_owned()));
        assert_eq!(given("BIT(8)", &bytes), Ok("e9".to_owned()));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (definition, text) in [
            ("TINYINT", "128"),
            ("INT UNSIGNED", "-1"),
            ("DECIMAL(5,2)", "1000"),
            ("DECIMAL(5,2)", "1.005"),
            ("DECIMAL(66,2)", "1"),
            ("DATETIME", "2024-01-01 00:00:00.5"),
            ("DATE", "never"),
            ("TIME", "839:00:00"),
            ("ENUM('a')", "b"),
            ("SET('x')", "x,y"),
            ("BIT(3)", "8"),
            ("VECTOR(1)", "[1,2]"),
            ("VECTOR(1)", "[nan]"),
            ("POINT", "POINT(1)"),
            ("VARCHAR(1)", "ab"),
            ("JSON", "{bad"),
        ] {
            assert!(
                given(definition, &Given::Text(text.to_owned())).is_err(),
                "{definition} {text}"
            );
        }
        assert!(given("INT NOT NULL", &Given::Null).is_err());
        assert!(given("VARCHAR(1)", &Given::Bytes(vec![0xff])).is_err());
        assert!(given("INT", &Given::Bytes(vec![1])).is_err());
    }
}
