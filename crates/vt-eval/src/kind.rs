//! The type of an expression, known before it runs.

use vt_base::Error;
use vt_value::{Collation, Field, Type, TypedBytes, Value, float};

/// The `decimals` of numbers whose digits after the point are not fixed.
pub(crate) const NOT_FIXED: u8 = 31;
/// The flags of a column.
const NOT_NULL: u16 = 1;
const UNSIGNED: u16 = 32;
const BINARY: u16 = 128;

/// The type of an expression's values, and what a result says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) typ: Type,
    /// The most bytes that a value prints as; for strings, characters.
    pub(crate) length: u32,
    pub(crate) decimals: u8,
    pub(crate) nullable: bool,
    /// The number has no sign; that of a decimal shows only in what is computed with it.
    pub(crate) unsigned: bool,
    pub(crate) collation: Collation,
    /// How weakly the collation holds against another, as `COERCIBILITY()` has it.
    pub(crate) coercibility: u8,
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
    fn new(typ: Type, length: u32, decimals: u8) -> Kind {
        Kind {
            typ,
            length,
            decimals,
            nullable: true,
            unsigned: typ.is_unsigned(),
            collation: Collation::BINARY,
            coercibility: 5,
        }
    }

    /// The answer of a predicate.
    pub(crate) fn truth() -> Kind {
        Kind::new(Type::INT64, 1, 0)
    }

    pub(crate) fn int(length: u32) -> Kind {
        Kind::new(Type::INT64, length, 0)
    }

    pub(crate) fn uint(length: u32) -> Kind {
        Kind::new(Type::UINT64, length, 0)
    }

    pub(crate) fn float() -> Kind {
        Kind::new(Type::FLOAT64, 23, NOT_FIXED)
    }

    /// A decimal of so many digits, some of them after the point.
    pub(crate) fn decimal(precision: u32, decimals: u8) -> Kind {
        let precision = precision.clamp(u32::from(decimals).max(1), 65);
        let point = u32::from(decimals > 0);
        Kind::new(Type::DECIMAL, precision + 1 + point, decimals)
    }

    pub(crate) fn text(length: u32, collation: Collation, coercibility: u8) -> Kind {
        let typ = if collation == Collation::BINARY { Type::VARBINARY } else { Type::VARCHAR };
        Kind { collation, coercibility, ..Kind::new(typ, length, NOT_FIXED) }
    }

    /// The kind of a result's column, whose collation is not told.
    pub(crate) fn of_field(field: &Field) -> Kind {
        let collation = if field.typ.is_text() { Collation::UNKNOWN } else { Collation::BINARY };
        let length = match field.typ.is_text() {
            true => field.column_length / 4,
            false => field.column_length,
        };
        Kind {
            typ: field.typ,
            length,
            decimals: field.decimals,
            nullable: field.flags & NOT_NULL == 0,
            unsigned: field.typ.is_number() && field.flags & UNSIGNED != 0
                || field.typ.is_unsigned(),
            collation,
            coercibility: 2,
        }
    }

    /// The kind of a literal or a bind variable.
    pub(crate) fn of_typed(value: &TypedBytes, collation: Collation) -> Kind {
        let length = value.bytes.len() as u32;
        let kind = match value.typ {
            Type::NULL_TYPE => return Kind { coercibility: 6, ..Kind::new(Type::NULL_TYPE, 0, 0) },
            Type::DECIMAL => {
                let point = value.bytes.iter().position(|byte| *byte == b'.');
                let decimals = point.map_or(0, |point| value.bytes.len() - point - 1) as u8;
                Kind::decimal(length - u32::from(point.is_some()), decimals)
            }
            Type::FLOAT64 | Type::FLOAT32 => Kind { length, ..Kind::float() },
            typ if typ.is_text() => Kind { typ, ..Kind::text(length, collation, 4) },
            typ if typ.is_binary() => Kind { typ, ..Kind::text(length, Collation::BINARY, 4) },
            typ if typ.is_temporal() => {
                let point = value.bytes.iter().position(|byte| *byte == b'.');
                let decimals = point.map_or(0, |point| value.bytes.len() - point - 1) as u8;
                Kind::new(typ, length, decimals)
            }
            typ => Kind::new(typ, length + 1, 0),
        };
        Kind { nullable: false, ..kind }
    }

    pub(crate) fn is_string(&self) -> bool {
        self.typ.is_text() || self.typ.is_binary()
    }

    /// Returns whether values of the type can only be passed on.
    pub(crate) fn is_opaque(&self) -> bool {
        let known = self.typ.is_number() || self.typ.is_temporal() || self.is_string();
        !known && self.typ != Type::NULL_TYPE
    }

    /// Returns what the values are in arithmetic, or refuses them.
    pub(crate) fn class(&self) -> Result<Class, Error> {
        Ok(match self.typ {
            Type::DECIMAL => Class::Decimal,
            // A result tells six digits of a FLOAT, and MySQL computes with all that it has.
            Type::FLOAT32 => return Err(Error::unsupported("computing with FLOAT values")),
            typ if typ.is_float() && self.decimals < NOT_FIXED => {
                return Err(Error::unsupported(format_args!(
                    "computing with a {typ} of {} digits after the point",
                    self.decimals
                )));
            }
            typ if typ.is_float() => Class::Float,
            typ if typ.is_unsigned() => Class::UInt,
            typ if typ.is_signed() => Class::Int,
            // MySQL takes a bare NULL for a string here.
            Type::NULL_TYPE => Class::Float,
            _ if self.is_string() => Class::Float,
            typ => return Err(Error::unsupported(format_args!("computing with {typ} values"))),
        })
    }

    /// Returns how many digits an exact number has.
    pub(crate) fn precision(&self) -> u32 {
        let sign = u32::from(self.typ != Type::UINT64);
        match self.typ {
            Type::DECIMAL => self.length.saturating_sub(sign + u32::from(self.decimals > 0)),
            Type::INT64 => self.length.saturating_sub(1).min(19),
            _ => self.length.saturating_sub(sign).min(20),
        }
    }

    /// Returns the column that values of the kind make.
    pub(crate) fn field(&self, name: &str) -> Field {
        let mut flags = if self.nullable { 0 } else { NOT_NULL };
        if self.typ.is_unsigned() {
            flags |= UNSIGNED;
        }
        let text = self.typ.is_text();
        if !text {
            flags |= BINARY;
        }
        let charset = if text { Collation::UTF8MB4_0900_AI_CI.0 } else { Collation::BINARY.0 };
        let column_length = if text { self.length.saturating_mul(4) } else { self.length };
        let plain = Field::new(name, self.typ);
        Field { flags, charset, column_length, decimals: self.decimals, ..plain }
    }
}

/// Returns the collation of strings that are combined or compared, with its coercibility.
pub(crate) fn common_collation<'k>(kinds: impl IntoIterator<Item = &'k Kind>) -> (Collation, u8) {
    let mut best: Option<(Collation, u8)> = None;
    for kind in kinds {
        if kind.typ == Type::NULL_TYPE || !(kind.is_string() || kind.is_opaque()) {
            continue;
        }
        best = Some(match best {
            None => (kind.collation, kind.coercibility),
            Some((collation, coercibility)) => {
                if collation == Collation::BINARY || kind.collation == Collation::BINARY {
                    (Collation::BINARY, coercibility.min(kind.coercibility))
                } else if coercibility != kind.coercibility {
                    [(collation, coercibility), (kind.collation, kind.coercibility)]
                        .into_iter()
                        .min_by_key(|(_, coercibility)| *coercibility)
                        .unwrap_or((collation, coercibility))
                } else if collation == kind.collation {
                    (collation, coercibility)
                } else {
                    (Collation::UNKNOWN, coercibility)
                }
            }
        });
    }
    best.unwrap_or((Collation::UTF8MB4_0900_AI_CI, 4))
}

/// Returns the kind that values of several kinds have in common, as IF, CASE and COALESCE give it.
pub(crate) fn common_kind(kinds: &[&Kind]) -> Result<Kind, Error> {
    let kinds: Vec<&Kind> =
        kinds.iter().copied().filter(|one| one.typ != Type::NULL_TYPE).collect();
    let Some(first) = kinds.first() else { return Ok(Kind::new(Type::NULL_TYPE, 0, 0)) };
    let length = kinds.iter().map(|kind| kind.length).max().unwrap_or(0);
    let decimals = kinds.iter().map(|kind| kind.decimals).max().unwrap_or(0);
    if kinds.iter().all(|kind| kind.typ == first.typ) && !first.is_string() {
        if first.typ.is_temporal() && kinds.iter().any(|kind| kind.decimals != decimals) {
            return Err(Error::unsupported("choosing between times with different fractions"));
        }
        if first.typ == Type::DECIMAL {
            return Ok(decimal_of(&kinds));
        }
        let unsigned = first.typ.is_unsigned();
        return Ok(Kind { length, decimals, unsigned, coercibility: 5, ..(*first).clone() });
    }
    if kinds.iter().all(|kind| kind.typ.is_number()) {
        let mut classes = Vec::with_capacity(kinds.len());
        for kind in &kinds {
            classes.push(kind.class()?);
        }
        let greatest = classes.iter().max().copied().unwrap_or(Class::Int);
        return Ok(match greatest {
            Class::Float => Kind::float(),
            Class::Decimal => decimal_of(&kinds),
            // Signed and unsigned together fit a decimal alone.
            Class::UInt if classes.contains(&Class::Int) => decimal_of(&kinds),
            Class::UInt => Kind::uint(length),
            Class::Int => Kind::int(length),
        });
    }
    if kinds.iter().any(|kind| kind.is_opaque()) {
        return Err(Error::unsupported(format_args!("choosing between {} and others", first.typ)));
    }
    if kinds.iter().all(|kind| kind.typ.is_temporal()) {
        return Err(Error::unsupported("choosing between temporal values of different types"));
    }
    let (collation, coercibility) = common_collation(kinds.iter().copied());
    Ok(Kind::text(length, collation, coercibility))
}

fn decimal_of(kinds: &[&Kind]) -> Kind {
    let decimals = kinds.iter().map(|kind| kind.decimals.min(30)).max().unwrap_or(0);
    let integer = |kind: &&Kind| kind.precision().saturating_sub(u32::from(kind.decimals));
    let integer = kinds.iter().map(integer).max().unwrap_or(0);
    Kind::decimal(integer + u32::from(decimals), decimals)
}

/// Brings a value to the common kind.
pub(crate) fn convert(value: Value, kind: &Kind) -> Result<Value, Error> {
    if value.is_null() || value.typ() == kind.typ {
        return Ok(value);
    }
    Ok(match kind.typ {
        Type::DECIMAL => match value.to_decimal() {
            Some(number) => Value::Decimal(number),
            None => return Err(Error::bug("no decimal to choose")),
        },
        Type::FLOAT64 | Type::FLOAT32 => match value.to_f64() {
            Some(number) => Value::Float(number),
            None => return Err(Error::bug("no double to choose")),
        },
        _ if kind.is_string() => match value {
            Value::Text(text, _) => Value::Text(text, kind.collation),
            Value::Float(number) => {
                let mut text = Vec::new();
                if !float::write_f64_as_string(number, &mut text) {
                    return Err(Error::unsupported("a string of a double of so many digits"));
                }
                Value::Text(text.into(), kind.collation)
            }
            other => match other.text() {
                Some(text) => Value::Text(text, kind.collation),
                None => Value::Null,
            },
        },
        _ => value,
    })
}
