//! MIN and MAX.

use vt_base::Error;
use vt_value::Value;

/// Keeps the lesser or greater of two values; of equal ones the first.
pub(super) fn keep(best: &mut Option<Value>, value: &Value, least: bool) -> Result<(), Error> {
    let better = match best {
        None => true,
        Some(held) => {
            let order = value
                .compare(held)
                .ok_or_else(|| Error::unsupported("MIN or MAX of values whose order is unknown"))?;
            if least { order.is_lt() } else { order.is_gt() }
        }
    };
    if better {
        *best = Some(value.clone());
    }
    Ok(())
}
