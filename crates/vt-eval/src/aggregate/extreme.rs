//! MIN and MAX.

use vt_base::Error;
use vt_value::Value;

/// The least or greatest value so far.
#[derive(Clone, Debug)]
pub(super) struct Extreme {
    value: Value,
    /// What stands for the value in comparisons.
    key: Value,
}

impl Extreme {
    /// Keeps the lesser or greater of two values; of equal ones the first.
    pub(super) fn keep(
        best: &mut Option<Extreme>,
        value: &Value,
        key: &Value,
        least: bool,
    ) -> Result<(), Error> {
        let better = match best {
            None => true,
            Some(held) => {
                let order = key.compare(&held.key).ok_or_else(|| {
                    Error::unsupported("MIN or MAX of values whose order is unknown")
                })?;
                if least { order.is_lt() } else { order.is_gt() }
            }
        };
        if better {
            *best = Some(Extreme { value: value.clone(), key: key.clone() });
        }
        Ok(())
    }

    pub(super) fn key(&self) -> &Value {
        &self.key
    }

    pub(super) fn value(self) -> Value {
        self.value
    }
}
