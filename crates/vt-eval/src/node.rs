//! A part of a compiled expression.

use std::sync::Arc;

use bytes::Bytes;

use vt_base::Error;
use vt_value::{Collation, Type, Value};

use crate::Func;
use crate::context::Context;
use crate::function::{Call, Function, Kept, Text, Volatility};
use crate::kind::Kind;
use crate::warning::Warning;
use crate::{convert, describe};

/// A part of a compiled expression.
#[derive(Debug)]
pub struct Node {
    pub(crate) kind: Kind,
    pub(crate) op: Op,
}

/// What a node does.
#[derive(Debug)]
pub(crate) enum Op {
    Constant(Value),
    /// A constant that messages show as it was written.
    Written(Value, Bytes),
    /// A call that was computed when the expression was compiled.
    Folded(Box<Folded>),
    /// A column of the row, with its name for messages, and where it comes from.
    Column(usize, Arc<str>, Origin),
    Tuple(Vec<Node>),
    Call(CallOp),
}

/// What a column of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Table,
    /// A shard, or a step before, computed it.
    Computed,
}

/// A constant, with the warnings that it gives each time, and the call that it comes from.
#[derive(Debug)]
pub(crate) struct Folded {
    pub(crate) value: Value,
    /// The warnings of the first row.
    pub(crate) warnings: Vec<Warning>,
    /// Those of every other row, where they are others: what MySQL converts but once is not told
    /// again.
    pub(crate) later: Option<Vec<Warning>>,
    pub(crate) call: CallOp,
}

/// A call with what it needs for a row.
#[derive(Debug)]
pub(crate) struct CallOp {
    pub(crate) func: Func,
    pub(crate) function: &'static Function,
    pub(crate) args: Vec<Node>,
    pub(crate) kept: Option<Kept>,
}

/// What a YEAR column shows of its zero; years that are computed are numbers.
pub(crate) const ZERO_YEAR: &[u8] = b"0000";

impl Node {
    pub(crate) fn new(kind: Kind, op: Op) -> Node {
        Node { kind, op }
    }

    /// Returns what is known of the values.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Returns the value of a constant.
    pub fn constant(&self) -> Option<&Value> {
        match &self.op {
            Op::Constant(value) | Op::Written(value, _) => Some(value),
            Op::Folded(folded) => Some(&folded.value),
            Op::Column(..) | Op::Tuple(_) | Op::Call(_) => None,
        }
    }

    /// Returns the members of a tuple.
    pub fn tuple(&self) -> Option<&[Node]> {
        match &self.op {
            Op::Tuple(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn is_constant(&self) -> bool {
        match &self.op {
            Op::Constant(_) | Op::Written(..) | Op::Folded(_) => true,
            Op::Tuple(members) => members.iter().all(Node::is_constant),
            Op::Column(..) | Op::Call(_) => false,
        }
    }

    /// Returns whether the node is the same in all rows: also a call that fails each time.
    pub(crate) fn is_fixed(&self) -> bool {
        match &self.op {
            Op::Call(call) => {
                call.function.volatility == Volatility::Pure && call.args.iter().all(Node::is_fixed)
            }
            _ => self.is_constant(),
        }
    }

    /// Returns whether the node is the same in all rows of a statement, constant or not.
    pub(crate) fn is_still(&self) -> bool {
        match &self.op {
            Op::Call(call) => {
                call.function.volatility != Volatility::Row && call.args.iter().all(Node::is_still)
            }
            _ => self.is_constant(),
        }
    }

    /// Returns whether the node is a literal, not a call that was computed.
    pub(crate) fn is_literal(&self) -> bool {
        matches!(self.op, Op::Constant(_) | Op::Written(..))
    }

    /// Returns whether a value of the node is the zero of a YEAR column.
    pub(crate) fn is_zero_year(&self, value: &Value) -> bool {
        let zero = matches!(value, Value::Int(0) | Value::UInt(0));
        zero && self.kind.typ == Type::YEAR && self.is_column()
    }

    pub(crate) fn is_column(&self) -> bool {
        matches!(self.op, Op::Column(..))
    }

    /// Returns whether the node is a column that some table has, and not one that was computed.
    pub(crate) fn is_of_table(&self) -> bool {
        matches!(self.op, Op::Column(_, _, Origin::Table))
    }

    /// Returns the name of a column, without its table.
    pub(crate) fn column_name(&self) -> Option<&str> {
        match &self.op {
            Op::Column(_, name, _) => name.rsplit(['`', '"']).nth(1),
            _ => None,
        }
    }

    /// Returns the call that this is, computed or not.
    pub(crate) fn call(&self) -> Option<&CallOp> {
        match &self.op {
            Op::Call(call) => Some(call),
            Op::Folded(folded) => Some(&folded.call),
            _ => None,
        }
    }

    /// Returns whether the node is a sum of a time and another, or an interval.
    fn adds_time(&self) -> bool {
        const NAMES: [&str; 4] = ["addtime", "subtime", "date_add", "date_sub"];
        self.call().is_some_and(|call| NAMES.contains(&call.func.function().name))
    }

    /// Returns whether the node is a date or time whose integer has seconds that are rounded by
    /// themselves, up to 60.
    pub(crate) fn is_sum_of_time(&self) -> bool {
        self.adds_time() || self.call().is_some_and(|call| call.function.name == "str_to_date")
    }

    /// Returns whether an integer of the node is cut, not rounded: the seconds of a moment.
    pub(crate) fn cuts_fraction(&self) -> bool {
        self.call().is_some_and(|call| call.function.name == "unix_timestamp")
    }

    /// Returns the warnings that a constant call gives each time.
    pub(crate) fn folded_warnings(&self) -> &[Warning] {
        match &self.op {
            Op::Folded(folded) => &folded.warnings,
            _ => &[],
        }
    }

    /// Returns whether a constant call gives its warnings but once.
    pub(crate) fn is_once(&self) -> bool {
        matches!(&self.op, Op::Folded(folded) if folded.later.as_ref().is_some_and(Vec::is_empty))
    }

    pub(crate) fn kept(&self) -> Option<&(dyn std::any::Any + Send + Sync)> {
        self.call()?.kept.as_deref()
    }

    /// Computes the value for a row.
    pub fn eval(&self, row: &[Value], ctx: &mut Context<'_>) -> Result<Value, Error> {
        match &self.op {
            Op::Call(call) => (call.function.eval)(&mut Call {
                node: self,
                func: call.func,
                args: &call.args,
                row,
                ctx,
            }),
            Op::Column(place, ..) => row
                .get(*place)
                .cloned()
                .ok_or_else(|| Error::bug("an expression outside of its row")),
            Op::Constant(value) | Op::Written(value, _) => Ok(value.clone()),
            Op::Folded(folded) => {
                if !folded.warnings.is_empty() {
                    let warnings = match &folded.later {
                        Some(later) if !ctx.is_first(self) => later,
                        _ => &folded.warnings,
                    };
                    for warning in warnings {
                        ctx.warnings.push(warning.at_row(ctx.row));
                    }
                }
                Ok(folded.value.clone())
            }
            Op::Tuple(_) => Err(Error::bug("a tuple where a value should be")),
        }
    }

    /// Computes the value for a row as a string.
    pub fn text(&self, row: &[Value], ctx: &mut Context<'_>) -> Result<Option<Text>, Error> {
        // What chooses among numbers gives the text of what it chose; among dates and times the
        // text of its own type, but for NULLIF.
        if !self.kind.is_string()
            && let Some(call) = self.call()
            && (!self.kind.typ.is_temporal() || call.func.passes_first())
            && let Some(choose) = call.func.choice()
        {
            let (func, args) = (call.func, call.args.as_slice());
            let mut choosing = Call { node: self, func, args, row, ctx };
            return match choose(&mut choosing)? {
                Some(place) => call.args[place].text(row, ctx),
                None => Ok(None),
            };
        }
        let value = match self.eval(row, ctx)? {
            // Of a sum with a TIME the text has all digits of the fraction, or none.
            Value::Temporal(sum) if self.kind.typ == Type::TIME && self.adds_time() => {
                Value::Temporal(sum.with_digits(if sum.micros() == 0 { 0 } else { 6 }))
            }
            value => value,
        };
        if self.is_zero_year(&value) {
            let bytes = Bytes::from_static(ZERO_YEAR);
            return Ok(Some(Text { bytes, collation: Collation::UTF8MB4_0900_AI_CI }));
        }
        convert::text(value, &self.kind)
    }

    pub(crate) fn collect_columns(&self, out: &mut Vec<usize>) {
        match &self.op {
            Op::Constant(_) | Op::Written(..) | Op::Folded(_) => {}
            Op::Column(place, ..) => out.push(*place),
            Op::Tuple(nodes) => nodes.iter().for_each(|node| node.collect_columns(out)),
            Op::Call(call) => call.args.iter().for_each(|node| node.collect_columns(out)),
        }
    }

    /// Returns the kind of a column that is read somewhere below.
    pub(crate) fn column_kind(&self, column: usize) -> Option<&Kind> {
        match &self.op {
            Op::Column(place, ..) => (*place == column).then_some(&self.kind),
            Op::Tuple(nodes) => nodes.iter().find_map(|node| node.column_kind(column)),
            Op::Call(call) => call.args.iter().find_map(|node| node.column_kind(column)),
            Op::Constant(_) | Op::Written(..) | Op::Folded(_) => None,
        }
    }

    /// Writes the expression as MySQL's messages show it.
    pub fn describe(&self) -> String {
        describe::node(self)
    }
}
