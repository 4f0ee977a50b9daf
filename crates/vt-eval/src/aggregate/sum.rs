//! SUM and AVG: exact numbers as decimals, others as doubles.

use vt_base::Error;
use vt_value::{Decimal, Type, Value};

use crate::context::Context;
use crate::convert;
use crate::kind::Kind;

/// A sum and how many values it is of.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    total: Number,
    count: i64,
}

#[derive(Clone, Debug)]
enum Number {
    Decimal(Decimal),
    Float(f64),
}

impl Sum {
    pub(super) fn new(kind: &Kind) -> Sum {
        let total = match kind.typ {
            Type::DECIMAL => Number::Decimal(Decimal::ZERO),
            _ => Number::Float(0.0),
        };
        Sum { total, count: 0 }
    }

    pub(super) fn add(
        &mut self,
        value: &Value,
        kind: &Kind,
        ctx: &mut Context<'_>,
    ) -> Result<(), Error> {
        match &mut self.total {
            Number::Decimal(total) => {
                let Some(number) = convert::decimal(value, kind, ctx)? else { return Ok(()) };
                *total = added(total, &number, self.count == 0);
            }
            Number::Float(total) => {
                let Some(number) = convert::real(value, kind, ctx)? else { return Ok(()) };
                *total += number;
            }
        }
        self.count += 1;
        Ok(())
    }

    /// Adds a sum of so many values.
    pub(super) fn add_sum(&mut self, value: &Value, count: i64) -> Result<(), Error> {
        let none = || Error::bug("a sum that is no number");
        match &mut self.total {
            Number::Decimal(total) => {
                let number = value.to_decimal().ok_or_else(none)?;
                *total = added(total, &number, self.count == 0);
            }
            Number::Float(total) => *total += value.to_f64().ok_or_else(none)?,
        }
        self.count = self.count.saturating_add(count);
        Ok(())
    }

    pub(super) fn total(self) -> Value {
        match self.total {
            _ if self.count == 0 => Value::Null,
            Number::Decimal(total) => Value::Decimal(total),
            Number::Float(total) => Value::Float(total),
        }
    }

    pub(super) fn average(self, increment: u8) -> Value {
        match self.total {
            _ if self.count == 0 => Value::Null,
            Number::Decimal(total) => {
                let quotient = total.div(&Decimal::from(self.count), increment);
                quotient.map_or(Value::Null, Value::Decimal)
            }
            Number::Float(total) => Value::Float(total / self.count as f64),
        }
    }
}

/// Returns what a string is compared by before it is added: of two strings of one number the second
/// is not distinct.
pub(super) fn key(
    args: &[Value],
    kinds: &[Kind],
    ctx: &mut Context<'_>,
) -> Result<Option<Value>, Error> {
    let (Some(value), Some(kind)) = (args.first(), kinds.first()) else { return Ok(None) };
    if !kind.is_string() || kind.is_bits() {
        return Ok(None);
    }
    let muted = ctx.warnings.mute(true);
    let number = convert::real(value, kind, ctx);
    ctx.warnings.mute(muted);
    Ok(number?.map(Value::Float))
}

/// Adds decimals; a sum beyond 65 digits stays at the greatest.
fn added(total: &Decimal, number: &Decimal, first: bool) -> Decimal {
    if first {
        return *number;
    }
    total.add(number).unwrap_or_else(|| Decimal::max_value(total.is_negative()))
}

/// Returns the integer that a count is.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::UInt(number) => i64::try_from(*number).ok(),
        Value::Decimal(number) => number.to_i64(),
        _ => None,
    }
}
