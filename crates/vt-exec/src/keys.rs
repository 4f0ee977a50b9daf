//! Columns to order or group by, as values that compare.

use std::cmp::Ordering;

use bytes::Bytes;
use vt_base::Error;
use vt_plan::SortKey;
use vt_value::{Collation, Field, Type, Value};

/// What the keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Order,
    /// Grouping: only equality matters.
    Equality,
}

/// A column of a result to order or group by.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    descending: bool,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    /// The column's own values compare.
    Column { column: usize, typ: Type, collation: Collation },
    /// The bytes of `weight_string()` in this column compare.
    Weight { column: usize },
    /// The place in the list of an ENUM's members compares.
    Member { column: usize, members: Vec<Vec<u8>> },
}

impl Key {
    /// Finds out how a column compares, or refuses where that is not known.
    fn new(key: &SortKey, fields: &[Field], purpose: Purpose) -> Result<Key, Error> {
        let field = fields.get(key.column).ok_or_else(|| missing(key.column, fields))?;
        if let Some(weight) = key.weight_column.filter(|weight| *weight >= fields.len()) {
            return Err(missing(weight, fields));
        }
        let column = key.column;
        let own = |collation| How::Column { column, typ: field.typ, collation };
        let known = key.collation.map(Collation).filter(|one| one.name().is_some());
        let how = match field.typ {
            Type::JSON => return Err(refused("JSON values", field)),
            Type::ENUM | Type::SET if purpose == Purpose::Equality => own(Collation::BINARY),
            // `column + 0` is the place of the member, or the bits of the set.
            Type::ENUM | Type::SET if let Some(weight) = numeric(key.weight_column, fields) => {
                let typ = fields[weight].typ;
                How::Column { column: weight, typ, collation: Collation::BINARY }
            }
            Type::ENUM => match enum_members(&field.column_type) {
                Some(members) => How::Member { column, members },
                None => return Err(refused("ENUM values whose members are not known", field)),
            },
            Type::SET => return Err(refused("SET values", field)),
            typ if !typ.is_text() => own(Collation::BINARY),
            _ => match (known, key.weight_column) {
                (Some(collation), _) if collation.is_exact() => own(collation),
                (_, Some(weight)) => How::Weight { column: weight },
                (Some(collation), None) => own(collation),
                (None, None) => return Err(refused("strings of an unknown collation", field)),
            },
        };
        Ok(Key { descending: key.descending, how })
    }

    /// Takes the key out of a row. Keys of one column, once taken, always compare.
    fn take(&self, cells: &[Option<&[u8]>], owner: &Bytes) -> Result<Value, Error> {
        let (Ok(cell), at) = self.cell(cells) else {
            return Err(Error::bug("a key outside of its row"));
        };
        let shared = || cell.map(|cell| owner.slice_ref(cell));
        match &self.how {
            How::Column { typ, collation, .. } => {
                let value = Value::decode(*typ, *collation, shared())?;
                if value.compare(&value).is_none() {
                    let message = format!("comparing strings beyond ASCII in column {at}");
                    return Err(Error::unsupported(message));
                }
                Ok(value)
            }
            How::Weight { .. } => Value::decode(Type::VARBINARY, Collation::BINARY, shared()),
            How::Member { members, .. } => Ok(match cell {
                None => Value::Null,
                // The empty string that stands for an invalid value comes first.
                Some(b"") => Value::UInt(0),
                Some(cell) => {
                    let place = members.iter().position(|member| member == cell);
                    let place =
                        place.ok_or_else(|| Error::bug("an ENUM value that is no member"))?;
                    Value::UInt(place as u64 + 1)
                }
            }),
        }
    }

    fn cell<'r>(&self, cells: &[Option<&'r [u8]>]) -> (Result<Option<&'r [u8]>, ()>, usize) {
        let (How::Column { column, .. } | How::Weight { column } | How::Member { column, .. }) =
            &self.how;
        (cells.get(*column).copied().ok_or(()), *column)
    }
}

/// Returns the column that weighs, if it holds numbers.
fn numeric(weight: Option<usize>, fields: &[Field]) -> Option<usize> {
    weight.filter(|weight| fields.get(*weight).is_some_and(|field| field.typ.is_number()))
}

fn missing(column: usize, fields: &[Field]) -> Error {
    Error::bug(format_args!("column {column} of a result that has {}", fields.len()))
}

fn refused(what: &str, field: &Field) -> Error {
    Error::unsupported(format_args!("ordering or grouping by {what} in column '{}'", field.name))
}

/// Reads the members out of `enum('a','b')`.
fn enum_members(column_type: &str) -> Option<Vec<Vec<u8>>> {
    let lower = column_type.get(..5).filter(|start| start.eq_ignore_ascii_case("enum("))?;
    let mut rest = column_type[lower.len()..].strip_suffix(')')?.as_bytes();
    let mut members = Vec::new();
    loop {
        rest = rest.strip_prefix(b"'")?;
        let mut member = Vec::new();
        loop {
            match rest {
                [b'\'', b'\'', tail @ ..] => {
                    member.push(b'\'');
                    rest = tail;
                }
                [b'\'', tail @ ..] => {
                    rest = tail;
                    break;
                }
                [byte, tail @ ..] => {
                    member.push(*byte);
                    rest = tail;
                }
                [] => return None,
            }
        }
        members.push(member);
        match rest {
            [] => return Some(members),
            [b',', tail @ ..] => rest = tail,
            _ => return None,
        }
    }
}

/// The columns to order or group by, the first the most significant.
#[derive(Clone, Debug)]
pub(crate) struct Keys(Vec<Key>);

impl Keys {
    pub(crate) fn new(keys: &[SortKey], fields: &[Field], purpose: Purpose) -> Result<Keys, Error> {
        keys.iter().map(|key| Key::new(key, fields, purpose)).collect::<Result<_, _>>().map(Keys)
    }

    /// Takes the keys out of a row whose bytes belong to `owner`.
    pub(crate) fn take(&self, cells: &[Option<&[u8]>], owner: &Bytes) -> Result<Vec<Value>, Error> {
        self.0.iter().map(|key| key.take(cells, owner)).collect()
    }

    /// Compares keys whatever the direction that they sort in.
    pub(crate) fn compare_ascending(&self, a: &[Value], b: &[Value]) -> Ordering {
        let orders = a.iter().zip(b).map(|(a, b)| a.compare(b).unwrap_or(Ordering::Equal));
        orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// Compares keys that were taken from rows of one result.
    pub(crate) fn compare(&self, a: &[Value], b: &[Value]) -> Ordering {
        for ((key, a), b) in self.0.iter().zip(a).zip(b) {
            let order = a.compare(b).unwrap_or(Ordering::Equal);
            if order.is_ne() {
                return if key.descending { order.reverse() } else { order };
            }
        }
        Ordering::Equal
    }

    /// Appends bytes that are the same for rows that are equal in the keys.
    pub(crate) fn write(
        &self,
        cells: &[Option<&[u8]>],
        owner: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        for key in &self.0 {
            if !key.take(cells, owner)?.write_key(out) {
                return Err(Error::unsupported("grouping by values whose equality is not known"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_an_enum_are_read() {
        let members = |text: &str| {
            enum_members(text)
                .map(|all| all.into_iter().map(|one| String::from_utf8(one).unwrap()).collect())
        };
        let want = |all: &[&str]| -> Option<Vec<String>> {
            Some(all.iter().map(|one| (*one).to_owned()).collect())
        };
        assert_eq!(members("enum('b','a')"), want(&["b", "a"]));
        assert_eq!(members("ENUM('it''s',',')"), want(&["it's", ","]));
        for wrong in ["", "enum", "enum(", "enum()", "enum('a'", "enum('a',)", "set('a')"] {
            assert_eq!(members(wrong), None, "{wrong}");
        }
    }
}
