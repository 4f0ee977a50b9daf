//! The type of an expression, known before it runs.

use std::sync::Arc;

use bytes::Bytes;
use vt_base::Error;
use vt_collation::Charset;
use vt_value::{Collation, Field, Type, TypedBytes, Value};

use crate::collate::coercibility::{COERCIBLE, IGNORABLE, IMPLICIT, NUMERIC};
use crate::{convert, members};

/// The `decimals` of numbers whose digits after the point are not fixed.
pub const NOT_FIXED: u8 = 31;
/// The most bytes of a VARCHAR; longer strings are told as TEXT.
const LONGEST_VARCHAR: u32 = 65_535;
/// The flags of a column.
const NOT_NULL: u16 = 1;
const UNSIGNED: u16 = 32;
const BINARY: u16 = 128;

/// The type of an expression's values, and what a result says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    pub typ: Type,
    /// The most bytes that a value prints as; for strings, characters.
    pub length: u32,
    pub decimals: u8,
    pub nullable: bool,
    /// The number has no sign; that of a decimal shows only in what is computed with it.
    pub unsigned: bool,
    /// The collation of strings; that of numbers and times is [`Collation::BINARY`].
    pub collation: Collation,
    /// How weakly the collation holds against another, as `COERCIBILITY()` has it.
    pub coercibility: u8,
    /// Strings have characters of ASCII alone.
    pub ascii: bool,
    /// The members of an ENUM or a SET, where they are known.
    pub members: Option<Arc<[Bytes]>>,
}

/// What arithmetic makes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Int,
    UInt,
    Decimal,
    Float,
}

impl Kind {
    pub fn new(typ: Type, length: u32, decimals: u8) -> Kind {
        Kind {
            typ,
            length,
            decimals,
            nullable: true,
            unsigned: typ.is_unsigned(),
            collation: Collation::BINARY,
            coercibility: NUMERIC,
            ascii: true,
            members: None,
        }
    }

    /// The kind of the literal NULL.
    pub fn null() -> Kind {
        Kind { coercibility: IGNORABLE, ..Kind::new(Type::NULL_TYPE, 0, 0) }
    }

    /// The answer of a predicate.
    pub fn truth() -> Kind {
        Kind::new(Type::INT64, 1, 0)
    }

    pub fn int(length: u32) -> Kind {
        Kind::new(Type::INT64, length, 0)
    }

    pub fn uint(length: u32) -> Kind {
        Kind::new(Type::UINT64, length, 0)
    }

    pub fn float() -> Kind {
        Kind::new(Type::FLOAT64, 23, NOT_FIXED)
    }

    /// A double with so many digits after the point, if that is known.
    pub fn float_of(decimals: u8) -> Kind {
        let length = if decimals < NOT_FIXED { 17 + u32::from(decimals) } else { 23 };
        Kind { length, decimals, ..Kind::float() }
    }

    /// Returns how many characters a value has as a string.
    pub fn text_length(&self) -> u32 {
        match self.typ {
            Type::FLOAT64 => 22,
            // Of a document, as many characters as the bytes can be.
            Type::JSON => self.length.min(u32::MAX / 4),
            _ => self.length,
        }
    }

    /// Returns how many bytes a value has as a string.
    pub fn text_bytes(&self) -> u32 {
        match self.is_string() || matches!(self.typ, Type::ENUM | Type::SET) {
            true => self.byte_length(),
            false if self.typ == Type::FLOAT64 => self.length,
            false => self.text_length(),
        }
    }

    /// Returns whether values are strings of a TEXT or BLOB: MySQL does not warn where a column of
    /// them becomes a number.
    pub(crate) fn is_long(&self) -> bool {
        matches!(self.typ, Type::TEXT | Type::BLOB)
    }

    /// Returns the most bytes that a string has.
    pub fn byte_length(&self) -> u32 {
        let width = self.collation.charset().map_or(1, |charset| charset.max_len());
        self.length.saturating_mul(u32::try_from(width).unwrap_or(4))
    }

    /// A decimal of so many digits, some of them after the point.
    pub fn decimal(precision: u32, decimals: u8) -> Kind {
        Kind::long_decimal(precision.min(65), decimals)
    }

    /// The same, of digits that may be more than a column can have.
    pub(crate) fn long_decimal(precision: u32, decimals: u8) -> Kind {
        let precision = precision.max(u32::from(decimals).max(1));
        let point = u32::from(decimals > 0);
        Kind::new(Type::DECIMAL, precision + 1 + point, decimals)
    }

    /// A string of at most so many characters; of bytes, if the collation is that of bytes.
    pub fn text(length: u32, collation: Collation, coercibility: u8) -> Kind {
        let plain = Kind::new(Type::VARCHAR, length, NOT_FIXED);
        let kind = Kind { collation, coercibility, ascii: false, ..plain };
        let long = kind.byte_length() > LONGEST_VARCHAR;
        let typ = match collation == Collation::BINARY {
            true if long => Type::BLOB,
            true => Type::VARBINARY,
            false if long => Type::TEXT,
            false => Type::VARCHAR,
        };
        Kind { typ, ..kind }
    }

    /// Has values be NULL or not.
    #[must_use]
    pub fn with_nullable(self, nullable: bool) -> Kind {
        Kind { nullable, ..self }
    }

    /// The kind of a result's column, whose collation is not told.
    pub fn of_field(field: &Field) -> Kind {
        let text = field.typ.is_text() || matches!(field.typ, Type::ENUM | Type::SET);
        let collation = match field.typ {
            Type::JSON => Collation::UTF8MB4_BIN,
            _ if text => Collation::UNKNOWN,
            _ => Collation::BINARY,
        };
        let string = text || field.typ.is_binary() || matches!(field.typ, Type::JSON | Type::BIT);
        Kind {
            typ: field.typ,
            length: if text { field.column_length / 4 } else { field.column_length },
            decimals: field.decimals,
            nullable: field.flags & NOT_NULL == 0,
            unsigned: field.typ.is_number() && field.flags & UNSIGNED != 0
                || field.typ.is_unsigned()
                || field.typ == Type::BIT,
            collation,
            coercibility: if string { IMPLICIT } else { NUMERIC },
            ascii: !string,
            members: if text { members::of_type(&field.column_type) } else { None },
        }
    }

    /// The kind of a column whose collation is known, told as to a client that speaks utf8mb4.
    pub fn of_column(field: &Field, collation: Collation) -> Kind {
        let kind = Kind::of_field(field);
        // A result tells no collation of JSON.
        if field.typ == Type::JSON { kind } else { Kind { collation, ..kind } }
    }

    /// The kind of a literal or a bind variable.
    pub(crate) fn of_typed(value: &TypedBytes, collation: Collation) -> Kind {
        let length = value.bytes.len() as u32;
        let kind = match value.typ {
            Type::NULL_TYPE => return Kind::null(),
            Type::DECIMAL => {
                let point = value.bytes.iter().position(|byte| *byte == b'.');
                let decimals = point.map_or(0, |point| value.bytes.len() - point - 1) as u8;
                Kind::decimal(length - u32::from(point.is_some()), decimals)
            }
            Type::FLOAT64 | Type::FLOAT32 => Kind { length, ..Kind::float() },
            typ if typ.is_text() => {
                let length = String::from_utf8_lossy(&value.bytes).chars().count() as u32;
                let ascii = value.bytes.is_ascii();
                Kind { typ, ascii, ..Kind::text(length, collation, COERCIBLE) }
            }
            typ if typ.is_binary() => {
                Kind { typ, ..Kind::text(length, Collation::BINARY, COERCIBLE) }
            }
            typ if typ.is_temporal() => {
                let point = value.bytes.iter().position(|byte| *byte == b'.');
                let decimals = point.map_or(0, |point| value.bytes.len() - point - 1) as u8;
                Kind::new(typ, length, decimals)
            }
            // TRUE and FALSE.
            Type::INT8 => Kind::truth(),
            typ if typ.is_unsigned() => Kind::new(typ, length, 0),
            typ if typ.is_signed() && value.bytes.first() == Some(&b'-') => {
                Kind::new(typ, length, 0)
            }
            typ => Kind::new(typ, length + 1, 0),
        };
        Kind { nullable: false, ..kind }
    }

    /// Returns whether values are strings of characters or bytes.
    pub fn is_string(&self) -> bool {
        self.typ.is_text() || self.typ.is_binary() || self.is_bits()
    }

    /// Returns whether values are bytes that stand for a number where one is wanted: BIT columns,
    /// hexadecimal and bit literals.
    pub fn is_bits(&self) -> bool {
        matches!(self.typ, Type::BIT | Type::HEXNUM | Type::HEXVAL | Type::BITNUM)
    }

    pub fn is_null(&self) -> bool {
        self.typ == Type::NULL_TYPE
    }

    /// Returns whether values of the type can only be passed on.
    pub(crate) fn is_opaque(&self) -> bool {
        let known = self.typ.is_number() || self.typ.is_temporal() || self.is_string();
        !known && !matches!(self.typ, Type::NULL_TYPE | Type::JSON)
    }

    /// Returns what the values are in arithmetic, or refuses them.
    pub(crate) fn class(&self) -> Result<Class, Error> {
        Ok(match self.typ {
            Type::DECIMAL => Class::Decimal,
            typ if typ.is_float() => Class::Float,
            typ if typ.is_unsigned() => Class::UInt,
            typ if typ.is_signed() => Class::Int,
            // MySQL takes a bare NULL for a string here.
            Type::NULL_TYPE => Class::Float,
            Type::JSON => Class::Float,
            Type::BITNUM => Class::Int,
            _ if self.is_bits() => Class::UInt,
            _ if self.is_string() => Class::Float,
            typ if typ.is_temporal() && self.decimals > 0 => Class::Decimal,
            typ if typ.is_temporal() => Class::Int,
            Type::ENUM | Type::SET if self.members.is_some() => Class::Float,
            typ => return Err(Error::unsupported(format_args!("computing with {typ} values"))),
        })
    }

    /// Returns how many digits an exact number has.
    pub(crate) fn precision(&self) -> u32 {
        let sign = u32::from(self.typ != Type::UINT64);
        match self.typ {
            Type::DECIMAL => {
                let sign = u32::from(!self.unsigned);
                self.length.saturating_sub(sign + u32::from(self.decimals > 0)).min(65)
            }
            Type::NULL_TYPE => 0,
            Type::DATE => 8,
            Type::TIME => 7 + u32::from(self.decimals),
            Type::DATETIME | Type::TIMESTAMP => 14 + u32::from(self.decimals),
            Type::YEAR => 4,
            Type::BIT => self.length,
            Type::HEXNUM | Type::HEXVAL => digits_of_bytes(self.length),
            // A byte makes three digits at most.
            _ if self.is_bits() => self.length.saturating_mul(3).clamp(1, 20),
            typ if typ.is_unsigned() => self.length,
            _ => self.length.saturating_sub(sign).max(1),
        }
    }

    /// Appends the text that a value has in a result, in UTF-8; nothing for NULL.
    pub fn write_utf8(&self, value: &Value, out: &mut Vec<u8>) {
        if let Value::Text(bytes, collation) = value
            && let Some(charset) = collation.charset()
            && !matches!(charset, Charset::Utf8mb4 | Charset::Utf8mb3 | Charset::Binary)
        {
            charset.convert(bytes, Charset::Utf8mb4, out);
            return;
        }
        convert::write(value, self, out);
    }

    /// Returns the column that values of the kind make.
    pub fn field(&self, name: &str) -> Field {
        let mut flags = if self.nullable { 0 } else { NOT_NULL };
        if self.typ.is_unsigned() {
            flags |= UNSIGNED;
        }
        let text = self.typ.is_text() || self.typ == Type::JSON;
        if !text || self.collation.is_binary() {
            flags |= BINARY;
        }
        let typ = match self.typ {
            Type::HEXNUM | Type::HEXVAL | Type::BITNUM => Type::VARBINARY,
            typ => typ,
        };
        let charset = if text { Collation::UTF8MB4_0900_AI_CI.0 } else { Collation::BINARY.0 };
        let column_length = match self.typ {
            // The most that whole characters of four bytes make.
            Type::JSON => u32::MAX - 3,
            _ if text => self.length.saturating_mul(4),
            _ => self.length,
        };
        let plain = Field::new(name, typ);
        Field { flags, charset, column_length, decimals: self.decimals, ..plain }
    }
}

/// Returns how many digits the greatest number of so many bytes has, 64 bits at most.
fn digits_of_bytes(bytes: u32) -> u32 {
    match bytes {
        0 => 1,
        1..8 => ((1u64 << (bytes * 8)) - 1).ilog10() + 1,
        _ => 20,
    }
}
