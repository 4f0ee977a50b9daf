//! Order and equality of values, and keys that agree with equality.

use std::cmp::Ordering;

use super::Value;
use crate::Collation;
use crate::temporal::TemporalKind;

/// Integers beyond this are not all doubles.
const EXACT_AS_DOUBLE: u64 = 1 << 53;

impl Value {
    /// Returns the order of two values as ORDER BY and the comparison operators have it, NULL
    /// first; `None` where it is not known here.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        use Value::{Decimal, Float, Int, Json, Null, Temporal, Text, UInt};
        match (self, other) {
            (Null, Null) => Some(Ordering::Equal),
            (Null, _) => Some(Ordering::Less),
            (_, Null) => Some(Ordering::Greater),
            (Int(a), Int(b)) => Some(a.cmp(b)),
            (UInt(a), UInt(b)) => Some(a.cmp(b)),
            (Int(a), UInt(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (UInt(a), Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (Decimal(a), Decimal(b)) => Some(a.cmp(b)),
            (Int(_) | UInt(_), Decimal(_)) | (Decimal(_), Int(_) | UInt(_)) => {
                Some(self.to_decimal()?.cmp(&other.to_decimal()?))
            }
            (Float(_), Int(_) | UInt(_) | Decimal(_) | Float(_))
            | (Int(_) | UInt(_) | Decimal(_), Float(_)) => {
                self.to_f64()?.partial_cmp(&other.to_f64()?)
            }
            (Text(a, left), Text(b, right)) => common_collation(*left, *right)?.compare(a, b),
            (Text(..), Int(_) | UInt(_) | Decimal(_) | Float(_))
            | (Int(_) | UInt(_) | Decimal(_) | Float(_), Text(..)) => self.compare_as_f64(other),
            (Temporal(a), Temporal(b)) => {
                let comparable = (a.kind == TemporalKind::Time) == (b.kind == TemporalKind::Time);
                comparable.then(|| a.packed().cmp(&b.packed()))
            }
            (Json(a), Json(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Returns whether two values are equal, NULL with NULL; `None` where it is not known here.
    pub fn equal(&self, other: &Value) -> Option<bool> {
        match (self, other) {
            (Value::Text(a, left), Value::Text(b, right)) => {
                if a == b {
                    return Some(true);
                }
                common_collation(*left, *right)?.equal(a, b)
            }
            _ => self.compare(other).map(Ordering::is_eq),
        }
    }

    /// A string and a number compare as doubles, except that MySQL turns a string constant into
    /// an integer where the other side is a column of integers: the same but for great ones.
    fn compare_as_f64(&self, other: &Value) -> Option<Ordering> {
        let doubtful = |value: &Value| match value {
            Value::Int(number) => number.unsigned_abs() > EXACT_AS_DOUBLE,
            Value::UInt(number) => *number > EXACT_AS_DOUBLE,
            _ => false,
        };
        if doubtful(self) || doubtful(other) {
            return None;
        }
        self.to_f64()?.partial_cmp(&other.to_f64()?)
    }

    /// Appends bytes that are the same for equal values of one column, and for these alone;
    /// returns whether they are known.
    ///
    /// Keys of several columns may follow one another. Integers, decimals, and doubles that are
    /// integers, have keys that agree between them.
    pub fn write_key(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Value::Null => out.push(0),
            Value::Int(number) => write_integer_key((*number).into(), out),
            Value::UInt(number) => write_integer_key((*number).into(), out),
            Value::Decimal(number) => {
                let normal = number.normalized();
                let integer = if normal.scale() > 0 { None } else { normal.to_i128() };
                match integer {
                    Some(integer) => write_integer_key(integer, out),
                    None => write_bytes_key(2, normal.to_string().as_bytes(), out),
                }
            }
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e18 => {
                write_integer_key(*number as i128, out);
            }
            Value::Float(number) => {
                out.push(3);
                out.extend_from_slice(&number.to_bits().to_le_bytes());
            }
            Value::Text(text, collation) => {
                out.push(4);
                let start = out.len();
                out.extend_from_slice(&[0; 4]);
                if !collation.write_key(text, out) {
                    return false;
                }
                let width = (out.len() - start - 4) as u32;
                out[start..start + 4].copy_from_slice(&width.to_le_bytes());
            }
            Value::Temporal(temporal) => {
                out.push(if temporal.kind == TemporalKind::Time { 5 } else { 6 });
                out.extend_from_slice(&temporal.packed().to_le_bytes());
            }
            Value::Json(json) => {
                let mut key = Vec::new();
                json.write_key(&mut key);
                write_bytes_key(8, &key, out);
            }
        }
        true
    }
}

fn write_integer_key(number: i128, out: &mut Vec<u8>) {
    out.push(1);
    out.extend_from_slice(&number.to_le_bytes());
}

fn write_bytes_key(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Returns the collation under which strings of two collations compare; `None` where only the
/// rules of coercibility would tell.
fn common_collation(left: Collation, right: Collation) -> Option<Collation> {
    match (left, right) {
        _ if left == right => Some(left),
        (Collation::BINARY, _) | (_, Collation::BINARY) => Some(Collation::BINARY),
        _ => None,
    }
}
