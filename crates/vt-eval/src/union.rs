//! The common type of the columns that a UNION puts under one another.

use vt_base::Error;
use vt_value::{Collation, Decimal, Field, Type, Value, float};

/// The most digits that a second has behind the point.
const FRACTION_MAX: u8 = 6;

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
    /// A date as its midnight, with so many digits of a second.
    DateTime(u8),
    /// A time, with so many digits of a second.
    Fraction(u8),
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
        if typ == Type::BINARY && parts.iter().any(|part| part.column_length != first.column_length)
        {
            let what = format!("UNION of BINARY of different lengths in column '{}'", first.name);
            return Err(Error::unsupported(what));
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
                "UNION of times with fractions of unknown length in column '{}'",
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
            Change::DateTime(digits) => {
                out.extend_from_slice(text);
                out.extend_from_slice(b" 00:00:00");
                write_fraction(b"", *digits, out);
            }
            Change::Fraction(digits) => {
                let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
                let (whole, fraction) = text.split_at(point);
                out.extend_from_slice(whole);
                write_fraction(fraction.get(1..).unwrap_or_default(), *digits, out);
            }
        }
        Ok(())
    }
}

/// Appends the digits of a fraction of a second, and as many zeroes as are wanted behind them.
fn write_fraction(known: &[u8], digits: u8, out: &mut Vec<u8>) {
    if digits > 0 {
        out.push(b'.');
        let end = out.len() + usize::from(digits);
        out.extend_from_slice(known);
        out.resize(end, b'0');
    }
}

fn change(part: &Field, typ: Type, decimals: u8) -> Option<Change> {
    let known = |digits: u8| digits <= FRACTION_MAX;
    Some(match typ {
        _ if part.typ == Type::NULL_TYPE => Change::None,
        Type::DECIMAL if part.typ == typ && part.decimals == decimals => Change::None,
        Type::DECIMAL => Change::Decimal(decimals),
        Type::FLOAT64 if part.typ.is_float() => Change::None,
        Type::FLOAT64 => Change::Float(part.typ),
        Type::DATETIME if part.typ == Type::DATE && known(decimals) => Change::DateTime(decimals),
        Type::DATETIME | Type::TIMESTAMP | Type::TIME if part.decimals != decimals => {
            // Where a result does not tell the digits of one of them, it does not tell those of all.
            if !known(decimals) {
                return None;
            }
            Change::Fraction(decimals)
        }
        _ => Change::None,
    })
}

/// Returns the type that values of two types have in common (manual, "UNION Clause").
fn common(a: Type, b: Type) -> Option<Type> {
    let is_string = |typ: Type| typ.is_text() || typ.is_binary();
    let is_member = |typ: Type| matches!(typ, Type::ENUM | Type::SET);
    match (a, b) {
        _ if is_member(a) && is_member(b) => Some(Type::VARCHAR),
        _ if a == b => Some(a),
        (Type::NULL_TYPE, other) | (other, Type::NULL_TYPE) => Some(other),
        _ if is_member(a) && b.is_text() => Some(b),
        _ if is_member(b) && a.is_text() => Some(a),
        (Type::YEAR, Type::UINT8) | (Type::UINT8, Type::YEAR) => None,
        _ if a.is_integral() && b.is_integral() => Some(common_integer(a, b)),
        (Type::FLOAT32, other) | (other, Type::FLOAT32) if other.is_integral() => None,
        _ if a.is_number() && b.is_number() => {
            let float = a.is_float() || b.is_float();
            Some(if float { Type::FLOAT64 } else { Type::DECIMAL })
        }
        // A float as a string has another text than as a number of so many digits.
        (Type::FLOAT32, _) | (_, Type::FLOAT32) => None,
        _ if is_string(a) && is_string(b) => {
            let binary = a.is_binary() || b.is_binary();
            let is = |typ: Type| a == typ || b == typ;
            match (binary, is(Type::TEXT) || is(Type::BLOB)) {
                (true, false) if is(Type::BINARY) && is(Type::CHAR) => None,
                (false, false) => Some(Type::VARCHAR),
                (false, true) => Some(Type::TEXT),
                (true, false) => Some(Type::VARBINARY),
                (true, true) => Some(Type::BLOB),
            }
        }
        (Type::DATE, Type::DATETIME | Type::TIMESTAMP)
        | (Type::DATETIME | Type::TIMESTAMP, Type::DATE)
        | (Type::DATETIME, Type::TIMESTAMP)
        | (Type::TIMESTAMP, Type::DATETIME) => Some(Type::DATETIME),
        // What becomes BINARY is filled up with zero bytes.
        (Type::BINARY, _) | (_, Type::BINARY) => None,
        _ if is_string(a) && (b.is_number() || b.is_temporal()) => Some(a),
        _ if is_string(b) && (a.is_number() || a.is_temporal()) => Some(b),
        _ => None,
    }
}

/// Returns the type that holds the integers of two types.
fn common_integer(a: Type, b: Type) -> Type {
    const SIGNED: [Type; 5] = [Type::INT8, Type::INT16, Type::INT24, Type::INT32, Type::INT64];
    let rank = |typ: Type| match typ {
        Type::INT8 | Type::UINT8 | Type::YEAR => 0,
        Type::INT16 | Type::UINT16 => 1,
        Type::INT24 | Type::UINT24 => 2,
        Type::INT32 | Type::UINT32 => 3,
        _ => 4,
    };
    if a.is_signed() == b.is_signed() {
        return if rank(a) >= rank(b) { a } else { b };
    }
    let (signed, unsigned) = if a.is_signed() { (a, b) } else { (b, a) };
    let wide_enough = rank(signed).max(rank(unsigned) + 1);
    // The text of a decimal without fraction is that of an integer.
    SIGNED.get(wide_enough).copied().unwrap_or(Type::DECIMAL)
}

#[cfg(test)]
mod tests;
