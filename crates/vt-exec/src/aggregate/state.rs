//! What each aggregate keeps of a group, and what it makes of it.

use std::collections::HashSet;

use bytes::Bytes;
use vt_base::Error;
use vt_plan::{AggregateFunc, AggregateSpec, SortKey};
use vt_value::{Collation, Decimal, Field, Type, Value};

use crate::keys::{Keys, Purpose};
use crate::{ExecContext, Limits};

/// The error of MySQL for a result that was cut.
const CUT_BY_GROUP_CONCAT: u16 = 1260;
/// The flags of a column that is never NULL, and of one that is binary.
const NOT_NULL: u16 = 1;
const BINARY: u16 = 128;
/// The flag of a column that prints with leading zeroes.
const ZEROFILL: u16 = 64;

/// An aggregate over an input whose types are known.
pub(super) struct Accumulator<'a> {
    spec: &'a AggregateSpec,
    input: Field,
    field: Field,
    /// How values are told apart, or ordered for MIN and MAX.
    keys: Option<Keys>,
    /// The column whose weight goes with the value of MIN or MAX, for a sort that follows.
    weight_column: Option<usize>,
    group_concat_bytes: usize,
}

/// What a group has come to.
pub(super) struct State {
    total: Total,
    /// The keys of the values seen, for DISTINCT.
    seen: HashSet<Box<[u8]>>,
}

enum Total {
    Count(i64),
    Sum(Option<Sum>),
    Extreme(Option<Extreme>),
    First(Option<Option<Bytes>>),
    Text { text: Option<Vec<u8>>, cut: bool },
    Bits(u64),
}

/// The least or greatest value so far.
struct Extreme {
    key: Vec<Value>,
    cell: Bytes,
    weight: Option<Bytes>,
}

#[derive(Clone, Copy)]
enum Sum {
    Decimal(Decimal),
    Float(f64),
}

impl<'a> Accumulator<'a> {
    pub(super) fn new(
        spec: &'a AggregateSpec,
        fields: &[Field],
        limits: Limits,
    ) -> Result<Accumulator<'a>, Error> {
        let input = fields
            .get(spec.column)
            .ok_or_else(|| Error::bug(format_args!("no column {} to aggregate", spec.column)))?;
        let ordered = matches!(spec.func, AggregateFunc::Min | AggregateFunc::Max);
        let purpose = if ordered { Purpose::Order } else { Purpose::Equality };
        let keys = if ordered || spec.distinct {
            let plain = SortKey {
                column: spec.column,
                weight_column: None,
                descending: false,
                typ: None,
                collation: None,
            };
            let key = spec.key.clone().unwrap_or(plain);
            if ordered && matches!(input.typ, Type::ENUM | Type::SET) {
                // MySQL takes the least string here, not the least member.
                return Err(refused(spec, input));
            }
            Some(Keys::new(&[key], fields, purpose)?)
        } else {
            None
        };
        let mut field = result_field(spec, input)?;
        if !spec.name.is_empty() {
            field.name = spec.name.clone();
        }
        let weight_column = spec.key.as_ref().filter(|_| ordered).and_then(|key| key.weight_column);
        Ok(Accumulator {
            spec,
            input: input.clone(),
            field,
            keys,
            weight_column,
            group_concat_bytes: limits.group_concat_bytes,
        })
    }

    pub(super) fn column(&self) -> usize {
        self.spec.column
    }

    pub(super) fn field(&self) -> &Field {
        &self.field
    }

    pub(super) fn start(&self) -> State {
        let total = match self.spec.func {
            AggregateFunc::CountStar | AggregateFunc::Count | AggregateFunc::SumCounts => {
                Total::Count(0)
            }
            AggregateFunc::Sum => Total::Sum(None),
            AggregateFunc::Min | AggregateFunc::Max => Total::Extreme(None),
            AggregateFunc::AnyValue => Total::First(None),
            AggregateFunc::GroupConcat => Total::Text { text: None, cut: false },
            AggregateFunc::BitAnd => Total::Bits(u64::MAX),
            AggregateFunc::BitOr | AggregateFunc::BitXor => Total::Bits(0),
        };
        State { total, seen: HashSet::new() }
    }

    /// Takes a row in; returns how many more values the state holds.
    pub(super) fn add(
        &self,
        state: &mut State,
        cells: &[Option<&[u8]>],
        owner: &Bytes,
    ) -> Result<usize, Error> {
        let cell = cells[self.spec.column].map(|cell| owner.slice_ref(cell));
        if let Total::First(first) = &mut state.total {
            first.get_or_insert(cell);
            return Ok(0);
        }
        if self.spec.func == AggregateFunc::CountStar {
            if let Total::Count(count) = &mut state.total {
                *count += 1;
            }
            return Ok(0);
        }
        let Some(cell) = cell else { return Ok(0) };
        let mut held = 0;
        if self.spec.distinct
            && let Some(keys) = &self.keys
        {
            let mut key = Vec::new();
            keys.write(cells, owner, &mut key)?;
            if !state.seen.insert(key.into()) {
                return Ok(0);
            }
            held = 1;
        }
        match &mut state.total {
            Total::Count(count) => self.count(count, cell)?,
            Total::Sum(sum) => *sum = Some(self.sum(*sum, cell)?),
            Total::Extreme(best) => self.extreme(best, cells, owner, cell)?,
            Total::First(_) => {}
            Total::Text { text, cut } => self.concat(text, cut, &cell),
            Total::Bits(bits) => self.bits(bits, cell)?,
        }
        Ok(held)
    }

    fn count(&self, count: &mut i64, cell: Bytes) -> Result<(), Error> {
        let more = match self.spec.func {
            AggregateFunc::SumCounts => match Value::of_field(&self.input, Some(cell))? {
                Value::Int(number) => Some(number),
                Value::UInt(number) => i64::try_from(number).ok(),
                Value::Decimal(number) => number.to_i64(),
                _ => None,
            },
            _ => Some(1),
        };
        let total = more.and_then(|more| count.checked_add(more));
        *count = total.ok_or_else(|| Error::bug("counts that are no number or too great"))?;
        Ok(())
    }

    fn sum(&self, sum: Option<Sum>, cell: Bytes) -> Result<Sum, Error> {
        let value = Value::of_field(&self.input, Some(cell))?;
        if self.field.typ == Type::FLOAT64 {
            let number = value.to_f64().ok_or_else(|| refused(self.spec, &self.input))?;
            return Ok(Sum::Float(match sum {
                Some(Sum::Float(so_far)) => so_far + number,
                _ => number,
            }));
        }
        let number = value.to_decimal().ok_or_else(|| refused(self.spec, &self.input))?;
        let total = match sum {
            Some(Sum::Decimal(so_far)) => so_far.add(&number),
            _ => Some(number),
        };
        let range = || Error::mysql(1690, b"22003", "DECIMAL value is out of range in 'sum'");
        Ok(Sum::Decimal(total.ok_or_else(range)?))
    }

    fn extreme(
        &self,
        best: &mut Option<Extreme>,
        cells: &[Option<&[u8]>],
        owner: &Bytes,
        cell: Bytes,
    ) -> Result<(), Error> {
        let Some(keys) = &self.keys else {
            return Err(Error::bug("MIN or MAX without a key"));
        };
        let key = keys.take(cells, owner)?;
        let better = best.as_ref().is_none_or(|held| {
            let order = keys.compare_ascending(&key, &held.key);
            if self.spec.func == AggregateFunc::Min { order.is_lt() } else { order.is_gt() }
        });
        if better {
            let weight = self.weight_column.and_then(|column| cells.get(column).copied().flatten());
            let weight = weight.map(|weight| owner.slice_ref(weight));
            *best = Some(Extreme { key, cell, weight });
        }
        Ok(())
    }

    fn concat(&self, text: &mut Option<Vec<u8>>, cut: &mut bool, cell: &[u8]) {
        let separator = self.spec.separator.as_deref().unwrap_or(b",");
        let text = match text {
            None => text.insert(Vec::new()),
            Some(text) => {
                if text.len() < self.group_concat_bytes {
                    text.extend_from_slice(separator);
                }
                text
            }
        };
        if text.len() < self.group_concat_bytes {
            text.extend_from_slice(cell);
        } else {
            *cut = true;
        }
        if text.len() > self.group_concat_bytes {
            *cut = true;
            let mut end = self.group_concat_bytes;
            // A character is not cut in two.
            while self.input.typ.is_text() && end > 0 && text[end] & 0xc0 == 0x80 {
                end -= 1;
            }
            text.truncate(end);
        }
    }

    fn bits(&self, bits: &mut u64, cell: Bytes) -> Result<(), Error> {
        let number = match Value::of_field(&self.input, Some(cell))? {
            Value::Int(number) => number as u64,
            Value::UInt(number) => number,
            _ => return Err(refused(self.spec, &self.input)),
        };
        match self.spec.func {
            AggregateFunc::BitAnd => *bits &= number,
            AggregateFunc::BitOr => *bits |= number,
            _ => *bits ^= number,
        }
        Ok(())
    }

    /// Returns the column that goes with the value, and what it has for the group.
    pub(super) fn weight(&self, state: &State) -> Option<(usize, Option<Vec<u8>>)> {
        let Total::Extreme(best) = &state.total else { return None };
        let weight = best.as_ref().and_then(|best| best.weight.as_ref().map(|one| one.to_vec()));
        Some((self.weight_column?, weight))
    }

    /// Writes the group's value; returns whether there is one, else it is NULL.
    pub(super) fn finish(
        &self,
        state: State,
        out: &mut Vec<u8>,
        ctx: ExecContext<'_>,
    ) -> Result<bool, Error> {
        match state.total {
            Total::Count(count) => Value::Int(count).write(out),
            Total::Bits(bits) => Value::UInt(bits).write(out),
            Total::Sum(Some(Sum::Decimal(sum))) => {
                // Each addend may have had fewer digits after the point than the column has.
                sum.round(sum.scale().max(self.field.decimals.min(30))).write(out);
            }
            Total::Sum(Some(Sum::Float(sum))) if !sum.is_finite() => {
                let message = "DOUBLE value is out of range in 'sum'";
                return Err(Error::mysql(1690, b"22003", message));
            }
            Total::Sum(Some(Sum::Float(sum))) => Value::Float(sum).write(out),
            Total::Extreme(Some(Extreme { cell, .. })) if self.input.typ == Type::YEAR => {
                // The least year is a number, which has no leading zeroes.
                Value::of_field(&self.input, Some(cell))?.write(out);
            }
            Total::Extreme(Some(Extreme { cell, .. })) | Total::First(Some(Some(cell))) => {
                out.extend_from_slice(&cell);
            }
            Total::Text { text: Some(text), cut } => {
                if cut {
                    let message = "Row 1 was cut by GROUP_CONCAT()".to_owned();
                    ctx.shards.warn(CUT_BY_GROUP_CONCAT, message);
                }
                out.extend_from_slice(&text);
            }
            Total::Sum(None)
            | Total::Extreme(None)
            | Total::First(None | Some(None))
            | Total::Text { text: None, .. } => return Ok(false),
        }
        Ok(true)
    }
}

/// Returns the field of an aggregate's results, or refuses an input that it cannot take.
fn result_field(spec: &AggregateSpec, input: &Field) -> Result<Field, Error> {
    let number = |typ: Type, length: u32, flags: u16| Field {
        typ,
        column_length: length,
        charset: Collation::BINARY.0,
        decimals: 0,
        flags,
        ..Field::new(&input.name, typ)
    };
    Ok(match spec.func {
        AggregateFunc::CountStar | AggregateFunc::Count => {
            number(Type::INT64, 21, NOT_NULL | BINARY)
        }
        AggregateFunc::SumCounts if input.typ == Type::INT64 => input.clone(),
        AggregateFunc::SumCounts => number(Type::INT64, 21, NOT_NULL | BINARY),
        AggregateFunc::Sum => sum_field(spec, input)?,
        AggregateFunc::Min | AggregateFunc::Max => {
            let lost = if input.typ == Type::YEAR { NOT_NULL | ZEROFILL } else { NOT_NULL };
            Field { flags: input.flags & !lost, ..input.clone() }
        }
        AggregateFunc::AnyValue => input.clone(),
        AggregateFunc::GroupConcat => match input.typ {
            typ if typ.is_text() || typ.is_binary() => input.clone(),
            _ => Field { typ: Type::TEXT, ..input.clone() },
        },
        AggregateFunc::BitAnd | AggregateFunc::BitOr | AggregateFunc::BitXor => {
            if !input.typ.is_integral() && input.typ != Type::NULL_TYPE {
                return Err(refused(spec, input));
            }
            number(Type::UINT64, 21, NOT_NULL | BINARY | 32)
        }
    })
}

fn sum_field(spec: &AggregateSpec, input: &Field) -> Result<Field, Error> {
    let typ = match input.typ {
        Type::DECIMAL | Type::FLOAT64 => return Ok(input.clone()),
        // A result tells six digits of a FLOAT, and MySQL adds up all that it has.
        Type::FLOAT32 => return Err(refused(spec, input)),
        Type::NULL_TYPE => Type::FLOAT64,
        typ if typ.is_integral() => Type::DECIMAL,
        typ if typ.is_text() => Type::FLOAT64,
        _ => return Err(refused(spec, input)),
    };
    // A sum has 22 digits more than what it adds up.
    let (length, decimals) = match typ {
        Type::DECIMAL => (input.column_length.saturating_add(22).min(67), 0),
        _ => (23, 31),
    };
    let plain = Field::new(&input.name, typ);
    Ok(Field { column_length: length, decimals, flags: BINARY, charset: 63, ..plain })
}

fn refused(spec: &AggregateSpec, input: &Field) -> Error {
    Error::unsupported(format_args!(
        "{:?} of the {} column '{}' over several shards",
        spec.func, input.typ, input.name
    ))
}
