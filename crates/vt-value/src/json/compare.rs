//! Order, equality and hash of JSON values, as MySQL compares them.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{Json, opaque};
use crate::{Decimal, TemporalKind};

impl Json {
    /// Returns the place of the value's type in the order of types (manual, "Comparison and
    /// Ordering of JSON Values").
    fn rank(&self) -> u8 {
        match self {
            Json::Null => 0,
            Json::Int(_) | Json::UInt(_) | Json::Double(_) | Json::Decimal(_) => 1,
            Json::String(_) => 2,
            Json::Object(_) => 3,
            Json::Array(_) => 4,
            Json::Bool(_) => 5,
            Json::Temporal(temporal) => match temporal.kind {
                TemporalKind::Date => 6,
                TemporalKind::Time => 7,
                TemporalKind::DateTime => 8,
            },
            Json::Opaque(..) if self.type_name() == "BLOB" => 11,
            Json::Opaque(opaque::BIT, _) => 10,
            Json::Opaque(..) => 9,
        }
    }

    pub(super) fn as_f64(&self) -> Option<f64> {
        match self {
            Json::Int(number) => Some(*number as f64),
            Json::UInt(number) => Some(*number as f64),
            Json::Double(number) => Some(*number),
            Json::Decimal(number) => Some(number.to_f64()),
            _ => None,
        }
    }

    /// Returns the number as a decimal; a double is what its text says.
    pub(super) fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Json::Int(number) => Some(Decimal::from(*number)),
            Json::UInt(number) => Some(Decimal::from(*number)),
            Json::Double(number) => Decimal::from_f64(*number),
            Json::Decimal(number) => Some(**number),
            _ => None,
        }
    }
}

/// Numbers of different kinds compare as doubles, and those that are the same double by all of
/// their digits.
fn compare_numbers(a: &Json, b: &Json) -> Ordering {
    match (a, b) {
        (Json::Int(a), Json::Int(b)) => return a.cmp(b),
        (Json::UInt(a), Json::UInt(b)) => return a.cmp(b),
        (Json::Int(a), Json::UInt(b)) => return i128::from(*a).cmp(&i128::from(*b)),
        (Json::UInt(a), Json::Int(b)) => return i128::from(*a).cmp(&i128::from(*b)),
        (Json::Decimal(a), Json::Decimal(b)) => return a.cmp(b),
        _ => {}
    }
    let rough = a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal);
    let both_doubles = matches!((a, b), (Json::Double(_), Json::Double(_)));
    if rough.is_ne() || both_doubles {
        return rough;
    }
    match (a.as_decimal(), b.as_decimal()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => rough,
    }
}

/// The manual leaves the order of unequal objects open; this one is what a server gives.
fn compare_members(a: &[(Arc<str>, Json)], b: &[(Arc<str>, Json)]) -> Ordering {
    let member = |a: &(Arc<str>, Json), b: &(Arc<str>, Json)| {
        a.0.as_bytes().cmp(b.0.as_bytes()).then_with(|| a.1.cmp(&b.1))
    };
    let mut orders = a.iter().zip(b).map(|(a, b)| member(a, b));
    let first = || orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal);
    a.len().cmp(&b.len()).then_with(first)
}

impl Json {
    /// Returns the order that ORDER BY has: of arrays, and of objects, it sees the length alone,
    /// and MySQL warns of that (1235).
    pub fn sort_order(&self, other: &Json) -> Ordering {
        match (self, other) {
            (Json::Array(_), Json::Array(_)) | (Json::Object(_), Json::Object(_)) => {
                self.len().cmp(&other.len())
            }
            _ => self.cmp(other),
        }
    }
}

impl Ord for Json {
    fn cmp(&self, other: &Json) -> Ordering {
        let ranks = self.rank().cmp(&other.rank());
        if ranks.is_ne() {
            return ranks;
        }
        match (self, other) {
            (Json::Null, _) => Ordering::Equal,
            (Json::String(a), Json::String(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
            (Json::Temporal(a), Json::Temporal(b)) => a.packed().cmp(&b.packed()),
            (Json::Opaque(_, a), Json::Opaque(_, b)) => a.cmp(b),
            (Json::Array(a), Json::Array(b)) => a.items().cmp(b.items()),
            (Json::Object(a), Json::Object(b)) => compare_members(a.members(), b.members()),
            _ => compare_numbers(self, other),
        }
    }
}

impl PartialOrd for Json {
    fn partial_cmp(&self, other: &Json) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Json {}

impl Hash for Json {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut key = Vec::new();
        self.write_key(&mut key);
        state.write(&key);
    }
}

impl Json {
    /// Appends bytes that are the same for equal values, and for these alone.
    pub fn write_key(&self, out: &mut Vec<u8>) {
        out.push(self.rank());
        match self {
            Json::Null => {}
            Json::Bool(truth) => out.push((*truth).into()),
            Json::String(text) => write_counted(text.as_bytes(), out),
            Json::Temporal(temporal) => out.extend_from_slice(&temporal.packed().to_le_bytes()),
            Json::Opaque(_, bytes) => write_counted(bytes, out),
            Json::Array(array) => {
                out.extend_from_slice(&(array.items().len() as u64).to_le_bytes());
                array.items().iter().for_each(|item| item.write_key(out));
            }
            Json::Object(object) => {
                out.extend_from_slice(&(object.members().len() as u64).to_le_bytes());
                for (name, value) in object.members() {
                    write_counted(name.as_bytes(), out);
                    value.write_key(out);
                }
            }
            // A double that no decimal can be equal to has its own bits.
            _ => match (self.as_decimal(), self.as_f64()) {
                (Some(number), _) => {
                    write_counted(number.normalized().to_string().as_bytes(), out);
                }
                (None, number) => {
                    out.extend_from_slice(&number.unwrap_or(0.0).to_bits().to_le_bytes());
                }
            },
        }
    }
}

fn write_counted(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}
