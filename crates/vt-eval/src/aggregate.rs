//! Aggregates: what many rows come to, one value at a time.
//!
//! An [`Aggregate`] is made once, with the kinds of what it is given; [`Aggregate::start`] makes
//! the state of a group, [`Aggregate::add`] takes a row in, [`Aggregate::finish`] gives the value.
//! Where the rows lie on several shards, each shard can compute a part: [`Aggregate::parts`] tells
//! which aggregates to ask for, and [`Aggregate::add_parts`] takes their values in.

mod bits;
mod collect;
mod concat;
mod distinct;
mod extreme;
mod func;
mod json;
mod kind;
mod parts;
mod sum;
mod variance;

use vt_base::Error;
use vt_value::{Type, Value};

use crate::context::Context;
use crate::convert;
use crate::kind::Kind;
use crate::session::Session;
use bits::Bits;
use collect::Collected;
use concat::Concat;
use distinct::Seen;
use extreme::Extreme;
pub use func::AggregateFunc;
use sum::Sum;
use variance::Variance;

/// Returns the kind of an aggregate of arguments of these kinds.
pub(crate) fn kind_of(
    func: AggregateFunc,
    args: &[Kind],
    session: &Session,
) -> Result<Kind, Error> {
    kind::of(func, args, session)
}

/// How a call aggregates, besides what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    pub distinct: bool,
    /// Of GROUP_CONCAT: for each key of ORDER BY, whether it descends. The keys' values follow
    /// the arguments.
    pub descending: Vec<bool>,
    /// Of GROUP_CONCAT; a comma if there is none.
    pub separator: Option<Vec<u8>>,
    /// For each argument a further value follows all others, and stands for it where values are
    /// compared: `weight_string()` of a string whose collation is not known here.
    pub weighed: bool,
}

/// A call of an aggregate whose arguments' kinds are known.
#[derive(Debug)]
pub struct Aggregate {
    func: AggregateFunc,
    options: Options,
    /// Kinds of the arguments, then of the keys of ORDER BY.
    inputs: Vec<Kind>,
    /// How many of the inputs are arguments.
    args: usize,
    kind: Kind,
    /// How many bytes all groups may hold together.
    memory_max: usize,
    held: usize,
    group_concat_max_len: usize,
    div_precision_increment: u8,
    /// How many values GROUP_CONCAT has put one after the other, for its warning.
    concatenated: u64,
}

/// What a group has come to.
#[derive(Clone, Debug)]
pub struct State {
    total: Total,
    seen: Option<Seen>,
    /// How many bytes of those that all groups hold are this one's.
    held: usize,
}

#[derive(Clone, Debug)]
enum Total {
    Count(i64),
    Sum(Sum),
    Extreme(Option<Extreme>),
    Bits(Bits),
    Variance(Variance),
    Concat(Concat),
    Array(Vec<vt_value::json::Json>),
    Object(Vec<(std::sync::Arc<str>, vt_value::json::Json)>),
    Collected(Collected),
    First(Option<Value>),
}

impl Aggregate {
    /// Makes a call; `inputs` are the kinds of the arguments, then those of the keys of ORDER BY.
    ///
    /// `memory_max` bounds the bytes that all groups together may hold.
    ///
    /// # Errors
    /// MySQL's errors for arguments that the aggregate does not take; `VT12001` for those that
    /// cannot be aggregated here.
    pub fn new(
        func: AggregateFunc,
        options: Options,
        inputs: Vec<Kind>,
        session: &Session,
        memory_max: usize,
    ) -> Result<Aggregate, Error> {
        let args = inputs.len().saturating_sub(options.descending.len());
        let kind = kind::of(func, inputs.get(..args).unwrap_or_default(), session)?;
        let keyed = options.distinct || matches!(func, AggregateFunc::Min | AggregateFunc::Max);
        if keyed && !options.weighed && inputs.iter().any(|kind| !distinct::is_known(kind)) {
            return Err(Error::unsupported(format_args!("{}() of such values", func.name())));
        }
        let counts = matches!(func, AggregateFunc::Count | AggregateFunc::CountStar);
        let chooses =
            matches!(func, AggregateFunc::Min | AggregateFunc::Max | AggregateFunc::AnyValue);
        if !counts && !chooses && inputs.iter().any(|kind| kind.typ == Type::FLOAT32) {
            // A result does not tell all digits of a FLOAT.
            let name = func.name();
            return Err(Error::unsupported(format_args!("{name}() of FLOAT values")));
        }
        let most = usize::try_from(session.group_concat_max_len).unwrap_or(usize::MAX);
        Ok(Aggregate {
            func,
            options,
            inputs,
            args,
            kind,
            memory_max,
            held: 0,
            group_concat_max_len: most,
            div_precision_increment: session.div_precision_increment,
            concatenated: 0,
        })
    }

    pub fn func(&self) -> AggregateFunc {
        self.func
    }

    /// Returns what is known of the value.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Makes the state of a group without rows.
    pub fn start(&self) -> State {
        let total = match self.func {
            AggregateFunc::CountStar | AggregateFunc::Count => Total::Count(0),
            AggregateFunc::Sum | AggregateFunc::Avg => Total::Sum(Sum::new(&self.kind)),
            AggregateFunc::Min | AggregateFunc::Max => Total::Extreme(None),
            AggregateFunc::BitAnd | AggregateFunc::BitOr | AggregateFunc::BitXor => {
                Total::Bits(Bits::new(self.func, &self.kind))
            }
            AggregateFunc::VarPop
            | AggregateFunc::VarSamp
            | AggregateFunc::StdPop
            | AggregateFunc::StdSamp => Total::Variance(Variance::default()),
            AggregateFunc::GroupConcat => Total::Concat(Concat::default()),
            AggregateFunc::JsonArrayAgg => Total::Array(Vec::new()),
            AggregateFunc::JsonObjectAgg => Total::Object(Vec::new()),
            AggregateFunc::Collect => Total::Collected(Collected::default()),
            AggregateFunc::AnyValue => Total::First(None),
        };
        let seen = self.options.distinct.then(Seen::default);
        State { total, seen, held: 0 }
    }

    /// Returns the value that stands for the least or greatest where values are compared; `None`
    /// of any other aggregate, and of a group that has no value.
    pub fn weight_of<'s>(&self, state: &'s State) -> Option<&'s Value> {
        match &state.total {
            Total::Extreme(Some(best)) => Some(best.key()),
            _ => None,
        }
    }

    /// Takes a row in: the values of the arguments, then those of the keys of ORDER BY, then, if
    /// the options say so, what stands for each argument in comparisons.
    pub fn add(
        &mut self,
        state: &mut State,
        row: &[Value],
        ctx: &mut Context<'_>,
    ) -> Result<(), Error> {
        let args = row.get(..self.args).unwrap_or_default();
        let passes_null = matches!(
            self.func,
            AggregateFunc::JsonArrayAgg | AggregateFunc::JsonObjectAgg | AggregateFunc::AnyValue
        );
        if !passes_null && args.iter().any(Value::is_null) {
            return Ok(());
        }
        if let Some(seen) = &mut state.seen {
            let keys = row.get(self.keys()).unwrap_or_default();
            let number = match self.func {
                AggregateFunc::Sum | AggregateFunc::Avg => sum::key(args, &self.inputs, ctx)?,
                _ => None,
            };
            let keys = number.as_ref().map_or(keys, std::slice::from_ref);
            let Some(added) = seen.insert(keys, args)? else { return Ok(()) };
            state.held += self.hold(added)?;
            // A sum adds what is distinct in its order, when all of it is known.
            if matches!(self.func, AggregateFunc::Sum | AggregateFunc::Avg) {
                return Ok(());
            }
        }
        ctx.reads_column = true;
        let held = self.take(&mut state.total, row, ctx);
        ctx.reads_column = false;
        state.held += self.hold(held?)?;
        Ok(())
    }

    /// Returns where in a row the values stand that are compared.
    fn keys(&self) -> std::ops::Range<usize> {
        match self.options.weighed {
            true => self.inputs.len()..self.inputs.len() + self.args,
            false => 0..self.args,
        }
    }

    /// Takes a row in; returns how many more bytes the group holds.
    fn take(
        &mut self,
        total: &mut Total,
        row: &[Value],
        ctx: &mut Context<'_>,
    ) -> Result<usize, Error> {
        let mut held = 0;
        let first = row.first().unwrap_or(&Value::Null);
        match total {
            Total::Count(count) => *count += 1,
            Total::Sum(sum) => sum.add(first, self.input(), ctx)?,
            Total::Extreme(best) => {
                let key = row.get(self.keys().start).unwrap_or(first);
                Extreme::keep(best, first, key, self.func == AggregateFunc::Min)?;
            }
            Total::Bits(bits) => bits.add(first, &self.inputs[0], ctx)?,
            Total::Variance(variance) => {
                if let Some(number) = convert::real(first, self.input(), ctx)? {
                    variance.add(number);
                }
            }
            Total::Concat(concat) => {
                let text = concat::joined(row, &self.inputs[..self.args], &self.kind, ctx)?;
                if self.options.descending.is_empty() && self.options.distinct {
                    // What is distinct comes in its order, where no other is asked for.
                    held = concat.hold(text, row.get(self.keys()).unwrap_or_default().to_vec());
                } else if self.options.descending.is_empty() {
                    self.concatenated += 1;
                    let number = self.concatenated;
                    held = concat.append(&text, self.glue(), number, ctx);
                } else {
                    let keys = row.get(self.args..self.inputs.len()).unwrap_or_default();
                    held = concat.hold(text, keys.to_vec());
                }
            }
            Total::Array(items) => {
                let item = json::of_value(first, self.input(), ctx)?;
                held = json::size(&item);
                items.push(item);
            }
            Total::Object(members) => {
                let name = json::name_of(first, self.input(), ctx)?;
                let value = row.get(1).unwrap_or(&Value::Null);
                let item = json::of_value(value, self.inputs.get(1).unwrap_or(&self.kind), ctx)?;
                held = name.len() + json::size(&item);
                members.push((name, item));
            }
            Total::Collected(collected) => held = collected.add(first)?,
            Total::First(value) => {
                value.get_or_insert_with(|| first.clone());
            }
        }
        Ok(held)
    }

    fn input(&self) -> &Kind {
        self.inputs.first().unwrap_or(&self.kind)
    }

    fn glue(&self) -> concat::Glue<'_> {
        concat::Glue {
            separator: self.options.separator.as_deref().unwrap_or(b","),
            bytes_max: self.group_concat_max_len,
            collation: self.kind.collation,
        }
    }

    /// Counts bytes that groups hold from now on, and returns how many they are.
    fn hold(&mut self, bytes: usize) -> Result<usize, Error> {
        self.held = self.held.saturating_add(bytes);
        if self.held > self.memory_max {
            let message =
                format!("{}() holds more than {} bytes", self.func.name(), self.memory_max);
            return Err(Error::new(vt_base::Code::ResourceExhausted, message));
        }
        Ok(bytes)
    }

    /// Returns the value of a group; an average has more digits than [`Aggregate::shown`] leaves.
    pub fn finish(&mut self, mut state: State, ctx: &mut Context<'_>) -> Result<Value, Error> {
        self.held = self.held.saturating_sub(state.held);
        if let Some(seen) = state.seen.take()
            && matches!(self.func, AggregateFunc::Sum | AggregateFunc::Avg)
        {
            for value in seen.ordered() {
                self.take(&mut state.total, std::slice::from_ref(&value), ctx)?;
            }
        }
        let increment = self.div_precision_increment;
        match state.total {
            Total::Count(count) => Ok(Value::Int(count)),
            Total::Sum(sum) if self.func == AggregateFunc::Avg => Ok(sum.average(increment)),
            Total::Sum(sum) => Ok(sum.total()),
            Total::Extreme(best) => Ok(best.map_or(Value::Null, Extreme::value)),
            Total::First(value) => Ok(value.unwrap_or(Value::Null)),
            Total::Bits(bits) => Ok(bits.value()),
            Total::Variance(variance) => variance.value(self.func),
            Total::Concat(mut concat) => {
                let as_they_are = vec![false; self.args];
                let descending = match self.options.descending.as_slice() {
                    [] => as_they_are.as_slice(),
                    descending => descending,
                };
                for text in concat.take_ordered(descending)? {
                    self.concatenated += 1;
                    let number = self.concatenated;
                    concat.append(&text, self.glue(), number, ctx);
                }
                Ok(concat.value(self.kind.collation))
            }
            Total::Array(items) => json::array(items),
            Total::Object(members) => json::object(members),
            Total::Collected(collected) => collected.value(),
        }
    }

    /// Returns the value of a group that goes on.
    pub fn value_so_far(&mut self, state: &State, ctx: &mut Context<'_>) -> Result<Value, Error> {
        self.finish(State { held: 0, ..state.clone() }, ctx)
    }

    /// Returns a value with the digits that a result shows.
    pub fn shown(&self, value: Value) -> Value {
        match value {
            Value::Decimal(number) => Value::Decimal(number.round(self.kind.decimals)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
