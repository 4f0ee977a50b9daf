//! BIT_AND, BIT_OR and BIT_XOR, of integers and of binary strings.

use vt_base::{Code, Error};
use vt_value::{Collation, Value};

use super::AggregateFunc;
use crate::context::Context;
use crate::convert;
use crate::kind::Kind;

/// The bits so far.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    func: AggregateFunc,
    total: Total,
}

#[derive(Clone, Debug)]
enum Total {
    Number(u64),
    /// No value yet: bytes as many as a value may have.
    None(usize),
    Bytes(Vec<u8>),
}

impl Bits {
    /// `kind` is that of the result; bytes have one more than the longest value.
    pub(super) fn new(func: AggregateFunc, kind: &Kind) -> Bits {
        let total = if kind.is_string() {
            Total::None((kind.length as usize).saturating_sub(1))
        } else {
            Total::Number(if func == AggregateFunc::BitAnd { u64::MAX } else { 0 })
        };
        Bits { func, total }
    }

    pub(super) fn add(
        &mut self,
        value: &Value,
        kind: &Kind,
        ctx: &mut Context<'_>,
    ) -> Result<(), Error> {
        match &self.total {
            Total::Number(_) => {
                // Fractions round, and what is too great is cut, as for an integer.
                let number = convert::int(value, kind, ctx)?.map(|number| number.bits_u64());
                number.map_or(Ok(()), |number| self.add_number(number))
            }
            _ => self.add_bytes(&value.text().unwrap_or_default()),
        }
    }

    /// Takes in the bits of a part.
    pub(super) fn add_part(&mut self, value: &Value) -> Result<(), Error> {
        match (&self.total, value) {
            (Total::Number(_), Value::UInt(number)) => self.add_number(*number),
            (Total::Number(_), Value::Int(number)) => self.add_number(*number as u64),
            (Total::Number(_), _) => Err(Error::bug("bits that are no integer")),
            _ => self.add_bytes(&value.text().unwrap_or_default()),
        }
    }

    fn add_number(&mut self, number: u64) -> Result<(), Error> {
        if let Total::Number(total) = &mut self.total {
            match self.func {
                AggregateFunc::BitAnd => *total &= number,
                AggregateFunc::BitOr => *total |= number,
                _ => *total ^= number,
            }
        }
        Ok(())
    }

    fn add_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let total = match &mut self.total {
            Total::Bytes(total) => total,
            other => {
                *other = Total::Bytes(bytes.to_vec());
                return Ok(());
            }
        };
        if total.len() != bytes.len() {
            let message = "Binary operands of bitwise operators must be of equal length";
            return Err(Error::mysql(3513, b"HY000", message).with_code(Code::InvalidArgument));
        }
        for (total, byte) in total.iter_mut().zip(bytes) {
            match self.func {
                AggregateFunc::BitAnd => *total &= byte,
                AggregateFunc::BitOr => *total |= byte,
                _ => *total ^= byte,
            }
        }
        Ok(())
    }

    pub(super) fn value(self) -> Value {
        match self.total {
            Total::Number(number) => Value::UInt(number),
            Total::Bytes(bytes) => Value::Text(bytes.into(), Collation::BINARY),
            Total::None(length) => {
                let byte = if self.func == AggregateFunc::BitAnd { 0xff } else { 0 };
                Value::Text(vec![byte; length].into(), Collation::BINARY)
            }
        }
    }
}
