//! A vindex over columns of one table, whose types tell how the values of statements are read.
//!
//! MySQL compares and stores by the column's type: `id = '037'` finds 37, and 37.4 is stored as 37.
//! Vindexes hash bytes, so a value must have the form that the column holds before it is mapped.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_value::{Type, TypedBytes};

use crate::{ColumnVindex, Destination, Table, Vindex};

/// Doubles, by which MySQL compares numbers with texts, hold every whole number below this.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// How much of a value an error shows.
const SHOWN_MAX: usize = 64;

/// A vindex with the columns that a table has for it.
#[derive(Clone, Debug)]
pub struct Mapping {
    vindex: Arc<Vindex>,
    /// Empty where nothing is known of the columns.
    columns: Arc<[MappedColumn]>,
}

#[derive(Clone, Debug)]
struct MappedColumn {
    name: Arc<str>,
    kind: Kind,
    nullable: bool,
}

/// What a column holds, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    WholeNumber,
    Text,
    /// Unknown, or a type whose values are taken as they stand.
    Other,
}

/// What a value is where it is compared with a column.
enum Compared {
    /// This value of the column, and no other.
    One(TypedBytes),
    Same,
    /// No value of the column.
    None,
    /// Perhaps several values of the column.
    Several,
}

impl Deref for Mapping {
    type Target = Vindex;

    fn deref(&self) -> &Vindex {
        &self.vindex
    }
}

impl From<Arc<Vindex>> for Mapping {
    /// Takes a vindex over columns of which nothing is known.
    fn from(vindex: Arc<Vindex>) -> Mapping {
        Mapping { vindex, columns: Arc::default() }
    }
}

impl Mapping {
    /// Returns a table's vindex with what the table says of its columns.
    pub fn of(table: &Table, one: &ColumnVindex) -> Mapping {
        if one.vindex.lookup().is_some() {
            return Mapping::from(one.vindex.clone());
        }
        let column = |name: &Arc<str>| {
            let known = table.column(name);
            MappedColumn {
                name: name.clone(),
                kind: known.map_or(Kind::Other, |column| Kind::of(column.typ)),
                nullable: known.is_none_or(|column| column.nullable),
            }
        };
        let columns = one.columns.iter().map(column).collect();
        Mapping { vindex: one.vindex.clone(), columns }
    }

    /// Returns whether both map the same values to the same places.
    pub fn maps_as(&self, other: &Mapping) -> bool {
        let kinds = |mapping: &Mapping| -> Vec<Kind> {
            mapping.columns.iter().map(|column| column.kind).collect()
        };
        Arc::ptr_eq(&self.vindex, &other.vindex) && kinds(self) == kinds(other)
    }

    /// Maps values that a statement compares with the columns; all shards if they may equal
    /// several values of a column.
    ///
    /// # Errors
    /// As [`Vindex::map_row`].
    pub fn map_row(&self, row: &[TypedBytes]) -> Result<Destination, Error> {
        let mut changed: Option<Vec<TypedBytes>> = None;
        for (place, (value, column)) in row.iter().zip(self.columns.iter()).enumerate() {
            match compared(column.kind, value, self.vindex.reads_numbers()) {
                Compared::Same => {}
                Compared::One(value) => {
                    changed.get_or_insert_with(|| row.to_vec())[place] = value;
                }
                Compared::None => return Ok(Destination::None),
                Compared::Several => return Ok(Destination::AllShards),
            }
        }
        self.vindex.map_row(changed.as_deref().unwrap_or(row))
    }

    /// Maps rows of values as [`Mapping::map_row`] does.
    ///
    /// # Errors
    /// As [`Vindex::map_row`].
    pub fn map(&self, rows: &[&[TypedBytes]]) -> Result<Vec<Destination>, Error> {
        rows.iter().map(|row| self.map_row(row)).collect()
    }

    /// Returns the values that the columns hold once these are stored; `row` is the number of the
    /// row in its statement, from 1.
    ///
    /// # Errors
    /// MySQL's 1366 for what is no number in a column of numbers, 1048 for NULL where there can be
    /// none.
    pub fn stored<'v>(
        &self,
        values: &'v [TypedBytes],
        row: usize,
    ) -> Result<Cow<'v, [TypedBytes]>, Error> {
        let mut changed = Cow::Borrowed(values);
        for (place, (value, column)) in values.iter().zip(self.columns.iter()).enumerate() {
            if value.is_null() {
                if !column.nullable {
                    let message = format!("Column '{}' cannot be null", column.name);
                    return Err(Error::mysql(1048, b"23000", message));
                }
            } else if column.kind == Kind::WholeNumber && !is_plain(value) {
                let whole = rounded(value).ok_or_else(|| incorrect(value, &column.name, row))?;
                changed.to_mut()[place] = whole_number(whole);
            }
        }
        Ok(changed)
    }

    /// Maps values that are stored in a row.
    ///
    /// # Errors
    /// As [`Mapping::stored`]; values that lie nowhere.
    pub fn keyspace_id(&self, values: &[TypedBytes]) -> Result<vt_base::KeyspaceId, Error> {
        let values = self.stored(values, 1)?;
        match self.vindex.map_row(&values)? {
            Destination::KeyspaceId(id) => Ok(id),
            _ => {
                let shown: Vec<String> = values.iter().map(shown).collect();
                Err(Error::vt(ErrorId::VT09023, format!("[{}]", shown.join(" "))))
            }
        }
    }
}

impl Kind {
    fn of(typ: Type) -> Kind {
        match typ {
            Type::YEAR => Kind::Other,
            typ if typ.is_integral() => Kind::WholeNumber,
            Type::CHAR | Type::VARCHAR | Type::TEXT | Type::ENUM | Type::SET => Kind::Text,
            Type::BINARY | Type::VARBINARY | Type::BLOB => Kind::Text,
            _ => Kind::Other,
        }
    }
}

/// Returns what a value is where it is compared with a column of a kind.
fn compared(kind: Kind, value: &TypedBytes, reads_numbers: bool) -> Compared {
    match kind {
        Kind::Other => Compared::Same,
        _ if value.is_null() => Compared::Same,
        Kind::WholeNumber if is_plain(value) => Compared::Same,
        Kind::WholeNumber => number_compared(value, reads_numbers),
        Kind::Text if is_text(value.typ) => Compared::Same,
        // Texts that a vindex of numbers takes are all spelt so that they are found.
        Kind::Text if reads_numbers => Compared::Same,
        Kind::Text => Compared::Several,
    }
}

fn number_compared(value: &TypedBytes, reads_numbers: bool) -> Compared {
    let Ok(text) = std::str::from_utf8(&value.bytes) else { return Compared::Several };
    if value.typ.is_integral() || value.typ == Type::DECIMAL {
        let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.bytes().any(|byte| byte != b'0') {
            return Compared::None;
        }
        return digits.parse().map_or(Compared::Same, |whole| Compared::One(whole_number(whole)));
    }
    if value.typ == Type::HEXNUM && reads_numbers {
        return Compared::Same;
    }
    if !value.typ.is_float() && !is_text(value.typ) {
        return Compared::Several;
    }
    let number = leading_number(text);
    match number.fract() == 0.0 {
        _ if number.abs() >= EXACT_MAX || number.is_nan() => Compared::Several,
        true => Compared::One(whole_number(number as i128)),
        false => Compared::None,
    }
}

/// Returns whether a value is a whole number in the form that a column gives it back in.
fn is_plain(value: &TypedBytes) -> bool {
    let digits = value.bytes.strip_prefix(b"-").unwrap_or(&value.bytes);
    let is_canonical = match digits {
        [b'0'] => digits.len() == value.bytes.len(),
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    value.typ.is_integral() && is_canonical
}

fn is_text(typ: Type) -> bool {
    matches!(
        typ,
        Type::CHAR
            | Type::VARCHAR
            | Type::TEXT
            | Type::BINARY
            | Type::VARBINARY
            | Type::BLOB
            | Type::ENUM
            | Type::SET
    )
}

/// Returns the number that a text begins with, as MySQL reads one; 0 if there is none.
fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let mut end = 0;
    let (mut seen_point, mut seen_exponent, mut digits) = (false, false, false);
    for (place, c) in text.char_indices() {
        let before = text[..place].chars().next_back();
        match c {
            '0'..='9' => digits = true,
            '+' | '-' if place == 0 || matches!(before, Some('e' | 'E')) => continue,
            '.' if !seen_point && !seen_exponent => seen_point = true,
            'e' | 'E' if digits && !seen_exponent => {
                seen_exponent = true;
                continue;
            }
            _ => break,
        }
        end = place + 1;
    }
    text[..end].parse().unwrap_or(0.0)
}

/// Rounds a value to the whole number that a column would hold; `None` if it is no number.
fn rounded(value: &TypedBytes) -> Option<i128> {
    let text = std::str::from_utf8(&value.bytes).ok()?;
    if value.typ.is_float() {
        let number: f64 = text.parse().ok()?;
        return (number.abs() < EXACT_MAX).then(|| number.round_ties_even() as i128);
    }
    if !value.typ.is_number() && !is_text(value.typ) {
        return None;
    }
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if !is_digits(unsigned) || !is_digits(fraction) || unsigned.len() + fraction.len() == 0 {
        return None;
    }
    let whole: i128 = if unsigned.is_empty() { 0 } else { unsigned.parse().ok()? };
    let whole = whole.checked_add(i128::from(fraction.starts_with(['5', '6', '7', '8', '9'])))?;
    Some(if digits.starts_with('-') { -whole } else { whole })
}

fn whole_number(number: i128) -> TypedBytes {
    let typ = if i64::try_from(number).is_ok() { Type::INT64 } else { Type::UINT64 };
    TypedBytes::new(typ, number.to_string())
}

fn incorrect(value: &TypedBytes, column: &str, row: usize) -> Error {
    let text = String::from_utf8_lossy(&value.bytes);
    let text: String = text.chars().take(SHOWN_MAX).collect();
    let message = format!("Incorrect integer value: '{text}' for column '{column}' at row {row}");
    Error::mysql(1366, b"HY000", message)
}

fn shown(value: &TypedBytes) -> String {
    match value.typ {
        typ if value.is_null() => format!("{typ}(NULL)"),
        typ if typ.is_quoted() => format!("{typ}({:?})", String::from_utf8_lossy(&value.bytes)),
        typ => format!("{typ}({})", String::from_utf8_lossy(&value.bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, typ: Type, text: &str) -> String {
        match compared(kind, &TypedBytes::new(typ, text.to_owned()), false) {
            Compared::Same => "same".to_owned(),
            Compared::One(value) => String::from_utf8_lossy(&value.bytes).into_owned(),
            Compared::None => "none".to_owned(),
            Compared::Several => "several".to_owned(),
        }
    }

    #[test]
    fn numbers_are_compared_as_the_column_holds_them() {
        for (typ, text, wanted) in [
            (Type::INT64, "37", "same"),
            (Type::INT64, "-37", "same"),
            (Type::INT64, "007", "7"),
            (Type::INT64, "-0", "0"),
            (Type::DECIMAL, "37.00", "37"),
            (Type::DECIMAL, "37.5", "none"),
            (Type::FLOAT64, "3.7e1", "37"),
            (Type::FLOAT64, "1e300", "several"),
            (Type::VARCHAR, " 037", "37"),
            (Type::VARCHAR, "37abc", "37"),
            (Type::VARCHAR, "3.7e1x", "37"),
            (Type::VARCHAR, "3.7e+", "none"),
            (Type::VARCHAR, "abc", "0"),
            (Type::VARCHAR, "9007199254740993", "several"),
            (Type::HEXNUM, "0x25", "several"),
        ] {
            assert_eq!(of(Kind::WholeNumber, typ, text), wanted, "{text}");
        }
        assert_eq!(of(Kind::Text, Type::VARCHAR, "a"), "same");
        assert_eq!(of(Kind::Text, Type::INT64, "5"), "several");
    }

    #[test]
    fn numbers_are_stored_rounded() {
        for (typ, text, wanted) in [
            (Type::DECIMAL, "37.4", Some(37)),
            (Type::DECIMAL, "-37.5", Some(-38)),
            (Type::FLOAT64, "2.5", Some(2)),
            (Type::VARCHAR, " 037 ", Some(37)),
            (Type::VARCHAR, "37.5", Some(38)),
            (Type::VARCHAR, ".5", Some(1)),
            (Type::VARCHAR, "abc", None),
            (Type::VARCHAR, "", None),
            (Type::VARCHAR, "37abc", None),
        ] {
            assert_eq!(rounded(&TypedBytes::new(typ, text.to_owned())), wanted, "{text}");
        }
    }
}
