//! The values that DISTINCT has seen.

use std::cmp::Ordering;
use std::collections::HashMap;

use vt_base::Error;
use vt_value::Value;

use crate::kind::Kind;

/// What a value takes up beside its bytes.
const OVERHEAD: usize = 64;

/// Distinct values of a group, by keys that are the same for equal values.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(HashMap<Box<[u8]>, Value>);

/// Returns whether values of the kind can be told apart and ordered here.
pub(super) fn is_known(kind: &Kind) -> bool {
    !(kind.is_string() && kind.collation == vt_value::Collation::UNKNOWN)
}

impl Seen {
    /// Keeps values that are new by what they are compared by, and returns how many bytes that
    /// takes; `None` if they were seen.
    pub(super) fn insert(
        &mut self,
        keys: &[Value],
        values: &[Value],
    ) -> Result<Option<usize>, Error> {
        let mut key = Vec::new();
        for value in keys {
            if !value.write_key(&mut key) {
                return Err(Error::unsupported("DISTINCT of values whose equality is unknown"));
            }
        }
        if self.0.contains_key(key.as_slice()) {
            return Ok(None);
        }
        let held = key.len() + OVERHEAD;
        self.0.insert(key.into(), values.first().cloned().unwrap_or(Value::Null));
        Ok(Some(held))
    }

    /// Returns the values in their order.
    pub(super) fn ordered(self) -> Vec<Value> {
        let mut values: Vec<Value> = self.0.into_values().collect();
        values.sort_by(|a, b| a.compare(b).unwrap_or(Ordering::Equal));
        values
    }
}
