//! Columns to order or group by, as values that compare.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use vt_base::Error;
use vt_eval::members;
use vt_plan::SortKey;
use vt_value::{Collation, Field, Type, Value};

/// What the keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// ORDER BY.
    Order,
    /// Grouping: only equality matters.
    Equality,
    /// MIN and MAX, which take members of ENUM and SET for the strings that they are.
    Extreme,
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
    Member { column: usize, members: Arc<[Bytes]> },
}

impl Key {
    /// Finds out how a column compares, or refuses where that is not known.
    fn new(
        key: &SortKey,
        fields: &[Field],
        purpose: Purpose,
        connection: Collation,
    ) -> Result<Key, Error> {
        let field = fields.get(key.column).ok_or_else(|| missing(key.column, fields))?;
        if let Some(weight) = key.weight_column.filter(|weight| *weight >= fields.len()) {
            return Err(missing(weight, fields));
        }
        let column = key.column;
        let own = |collation| How::Column { column, typ: field.typ, collation };
        let known = key.collation_in(connection);
        let how = match field.typ {
            Type::ENUM | Type::SET if purpose == Purpose::Equality => own(Collation::BINARY),
            Type::ENUM | Type::SET if purpose == Purpose::Extreme => {
                match (known, key.weight_column) {
                    (Some(collation), _) => own(collation),
                    (None, Some(weight)) => How::Weight { column: weight },
                    (None, None) => return Err(refused("strings of an unknown collation", field)),
                }
            }
            // Of a FLOAT a result tells six digits; as a double it tells all.
            Type::FLOAT32 if let Some(weight) = numeric(key.weight_column, fields) => {
                let typ = fields[weight].typ;
                How::Column { column: weight, typ, collation: Collation::BINARY }
            }
            // `column + 0` is the place of the member, or the bits of the set.
            Type::ENUM | Type::SET if let Some(weight) = numeric(key.weight_column, fields) => {
                let typ = fields[weight].typ;
                How::Column { column: weight, typ, collation: Collation::BINARY }
            }
            Type::ENUM => match members::of_type(&field.column_type) {
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

    /// Appends bytes that are the same for equal values.
    fn write(
        &self,
        cells: &[Option<&[u8]>],
        owner: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        match self.take(cells, owner)?.write_key(out) {
            true => Ok(()),
            false => Err(Error::unsupported("grouping by values whose equality is not known")),
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

/// The columns to order or group by, the first the most significant.
#[derive(Clone, Debug)]
pub(crate) struct Keys(Vec<Key>);

impl Keys {
    /// Finds out how columns compare; `connection` is the collation of the connection, or
    /// `UNKNOWN` where no key asks for it.
    pub(crate) fn new(
        keys: &[SortKey],
        fields: &[Field],
        purpose: Purpose,
        connection: Collation,
    ) -> Result<Keys, Error> {
        let made = keys.iter().map(|key| Key::new(key, fields, purpose, connection));
        made.collect::<Result<_, _>>().map(Keys)
    }

    /// Takes the keys out of a row whose bytes belong to `owner`.
    pub(crate) fn take(&self, cells: &[Option<&[u8]>], owner: &Bytes) -> Result<Vec<Value>, Error> {
        self.0.iter().map(|key| key.take(cells, owner)).collect()
    }

    /// Compares keys that were taken from rows of one result.
    pub(crate) fn compare(&self, a: &[Value], b: &[Value]) -> Ordering {
        for ((key, a), b) in self.0.iter().zip(a).zip(b) {
            let order = sort_order(a, b);
            if order.is_ne() {
                return if key.descending { order.reverse() } else { order };
            }
        }
        Ordering::Equal
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns for each key whether it descends.
    pub(crate) fn descending(&self) -> Vec<bool> {
        self.0.iter().map(|key| key.descending).collect()
    }

    /// Appends the same bytes as [`Keys::write`], and to `ends` where those of each key end.
    pub(crate) fn write_each(
        &self,
        cells: &[Option<&[u8]>],
        owner: &Bytes,
        out: &mut Vec<u8>,
        ends: &mut Vec<usize>,
    ) -> Result<(), Error> {
        for key in &self.0 {
            key.write(cells, owner, out)?;
            ends.push(out.len());
        }
        Ok(())
    }

    /// Appends bytes that are the same for rows that are equal in the keys.
    pub(crate) fn write(
        &self,
        cells: &[Option<&[u8]>],
        owner: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.0.iter().try_for_each(|key| key.write(cells, owner, out))
    }
}

/// Returns the order in which MySQL sorts two values of one column, which for some old collations
/// is not that of the operators of comparison.
fn sort_order(a: &Value, b: &Value) -> Ordering {
    let order = match (a, b) {
        (Value::Text(a, left), Value::Text(b, right)) if left == right => left.sort_order(a, b),
        (Value::Json(a), Value::Json(b)) => Some(a.sort_order(b)),
        _ => a.compare(b),
    };
    order.unwrap_or(Ordering::Equal)
}
