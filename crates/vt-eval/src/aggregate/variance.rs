//! Variances and standard deviations, value by value (Welford's recurrence).

use vt_base::{Code, Error};
use vt_value::Value;

use super::AggregateFunc;

/// Mean and sum of squared distances of what came so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Variance {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Variance {
    pub(super) fn add(&mut self, number: f64) {
        self.count += 1;
        if self.count == 1 {
            self.mean = number;
            return;
        }
        let before = self.mean;
        self.mean = before + (number - before) / self.count as f64;
        self.squares += (number - before) * (number - self.mean);
    }

    /// Returns the value; a sample of one has none.
    pub(super) fn value(&self, func: AggregateFunc) -> Result<Value, Error> {
        let sample = matches!(func, AggregateFunc::VarSamp | AggregateFunc::StdSamp);
        let least = if sample { 2 } else { 1 };
        if self.count < least {
            return Ok(Value::Null);
        }
        let divisor = if sample { self.count - 1 } else { self.count };
        let variance = if self.count == 1 { 0.0 } else { self.squares / divisor as f64 };
        let value = match func {
            AggregateFunc::StdPop | AggregateFunc::StdSamp => variance.sqrt(),
            _ => variance,
        };
        if value.is_finite() {
            return Ok(Value::Float(value));
        }
        let message = format!("DOUBLE value is out of range in '{}'", func.name());
        Err(Error::mysql(1690, b"22003", message).with_code(Code::InvalidArgument))
    }
}
