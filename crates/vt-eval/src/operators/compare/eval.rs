//! The comparison operators.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::Value;

use super::order::is_same;
use super::{Comparing, How, Side, is_date, is_text, order, prepared};
use crate::Func;
use crate::choice;
use crate::context::Context;
use crate::convert::{self, Need};
use crate::function::{Call, Signature};
use crate::kind::Kind;
use crate::node::Node;

pub(in crate::operators) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let func = signature.func;
    let operation = signature.func_told().message_name();
    let mut comparing = Comparing::new(&operation, signature.session);
    let [a, b] = &mut *signature.args else {
        return Err(Error::bug("a comparison of other than two"));
    };
    comparing.by_row = is_by_row(func, a);
    if !matches!(func, Func::Eq | Func::Ne | Func::NullSafeEq) {
        comparing.note_members(a);
        comparing.note_members(b);
    }
    let how = comparing.how(a, b)?;
    let nullable = func != Func::NullSafeEq && (is_nullable(a) || is_nullable(b));
    signature.notes.borrow_mut().append(&mut comparing.notes);
    signature.keep(how);
    Ok(Kind::truth().with_nullable(nullable))
}

/// Returns whether a string can be read as a date.
fn is_a_date(text: &Value, ctx: &Context<'_>) -> Result<bool, Error> {
    let mut quiet = Context::new(ctx.session);
    Ok(convert::datetime(text, Need::Stored, &mut quiet)?.is_some())
}

/// Returns whether a string beside a column of dates is known before any row: its warning names
/// the column.
fn is_known_beside(node: &Node, other: &Node) -> bool {
    other.is_column() && is_date(&other.kind) && is_text(&node.kind) && node.is_still()
}

/// Returns whether tuples are compared as such; equations of them are equations of their members.
fn is_by_row(func: Func, operand: &Node) -> bool {
    operand.tuple().is_some() && !matches!(func, Func::Eq | Func::NullSafeEq)
}

/// Returns whether a value, or a member of a tuple, may be NULL.
pub(in crate::operators) fn is_nullable(node: &Node) -> bool {
    match node.tuple() {
        Some(members) => members.iter().any(is_nullable),
        None => node.kind.nullable,
    }
}

pub(in crate::operators) fn is_number(how: &How) -> bool {
    matches!(how, How::Int | How::Decimal | How::Real)
}

/// Two nodes for one row.
pub(crate) struct Pair<'p, 's> {
    pub(crate) row: &'p [Value],
    pub(crate) ctx: &'p mut Context<'s>,
    /// A string that is no date is told beside the date that it is compared with.
    pub(crate) named: bool,
}

impl Pair<'_, '_> {
    /// Returns the order of two operands; `None` if either is NULL.
    pub(crate) fn order(
        &mut self,
        how: &How,
        a: &Node,
        b: &Node,
    ) -> Result<Option<Ordering>, Error> {
        if let (How::Tuple(hows), Some(left), Some(right)) = (how, a.tuple(), b.tuple()) {
            for ((how, a), b) in hows.iter().zip(left).zip(right) {
                match self.order(how, a, b)? {
                    Some(Ordering::Equal) => {}
                    decided => return Ok(decided),
                }
            }
            return Ok(Some(Ordering::Equal));
        }
        let x = self.operand(how, a, b)?;
        if x.is_null() {
            // The other side may be an error that is never seen.
            return Ok(None);
        }
        let y = self.operand(how, b, a)?;
        if y.is_null() {
            return Ok(None);
        }
        self.compared(how, (a, &x), (b, &y)).map(Some)
    }

    /// Returns an operand as what it is compared as, where it becomes that before the other is
    /// looked at: a number, or a string that is a date.
    fn operand(&mut self, how: &How, node: &Node, other: &Node) -> Result<Value, Error> {
        if is_number(how) {
            return self.number(how, node);
        }
        let value = node.eval(self.row, self.ctx)?;
        if self.named || !matches!((how, &value), (How::Calendar(_), Value::Text(..))) {
            return Ok(value);
        }
        let constant = is_same(node) || is_same(other);
        let beside = is_known_beside(node, other).then_some(other);
        let side = Side { constant, beside, ..Side::of(&value, node) };
        let date = prepared(how, side, self.ctx)?;
        // What IF and its like pass on is NULL if it is no date.
        let chosen = beside.is_none() && node.call().is_some_and(choice::passes_strings);
        match chosen && !is_a_date(&value, self.ctx)? {
            true => Ok(Value::Null),
            false => Ok(date),
        }
    }

    /// Returns an operand as the number that it is compared as; what is constant warns but once.
    pub(crate) fn number(&mut self, how: &How, node: &Node) -> Result<Value, Error> {
        if node.is_still() && how.converts(&node.kind) {
            let row = self.row;
            return self.ctx.once(node, |ctx| {
                let value = node.eval(row, ctx)?;
                prepared(how, Side::of(&value, node), ctx)
            });
        }
        let value = node.eval(self.row, self.ctx)?;
        let plain = matches!(
            (how, &value),
            (_, Value::Null) | (How::Int, Value::Int(_)) | (How::Real, Value::Float(_))
        );
        if plain {
            return Ok(value);
        }
        let side = Side::of(&value, node);
        match matches!(value, Value::Text(..)) && node.constant().is_some() {
            true => self.ctx.once(node, |ctx| prepared(how, side, ctx)),
            false => prepared(how, side, self.ctx),
        }
    }

    /// Returns an operand as the number that it is compared as, or as it is; what is constant warns
    /// each time.
    pub(in crate::operators) fn brought(&mut self, how: &How, node: &Node) -> Result<Value, Error> {
        let value = node.eval(self.row, self.ctx)?;
        match is_number(how) && !value.is_null() {
            true => prepared(how, Side::of(&value, node), self.ctx),
            false => Ok(value),
        }
    }

    /// Returns the order of two values of nodes, numbers where these are compared.
    pub(in crate::operators) fn compared(
        &mut self,
        how: &How,
        (a, x): (&Node, &Value),
        (b, y): (&Node, &Value),
    ) -> Result<Ordering, Error> {
        if is_number(how) {
            return x.compare(y).ok_or_else(|| Error::bug("numbers without an order"));
        }
        let (mut left, mut right) = (Side::of(x, a), Side::of(y, b));
        // A warning tells of a constant, whichever of the two is one.
        let constant = left.constant || right.constant;
        (left.constant, right.constant) = (constant, constant);
        if self.named {
            left.beside = Some(b).filter(|node| is_date(&node.kind));
            right.beside = Some(a).filter(|node| is_date(&node.kind));
        }
        order(how, left, right, self.ctx)
    }

    /// Returns whether two operands are equal; `None` where a NULL leaves it open.
    pub(crate) fn equal(&mut self, how: &How, a: &Node, b: &Node) -> Result<Option<bool>, Error> {
        let (How::Tuple(hows), Some(left), Some(right)) = (how, a.tuple(), b.tuple()) else {
            return Ok(self.order(how, a, b)?.map(Ordering::is_eq));
        };
        let mut open = false;
        for ((how, a), b) in hows.iter().zip(left).zip(right) {
            match self.equal(how, a, b)? {
                Some(true) => {}
                Some(false) => return Ok(Some(false)),
                None => open = true,
            }
        }
        Ok(if open { None } else { Some(true) })
    }

    /// Returns whether two operands are equal, NULL with NULL.
    fn null_safe_equal(&mut self, how: &How, a: &Node, b: &Node) -> Result<bool, Error> {
        if let (How::Tuple(hows), Some(left), Some(right)) = (how, a.tuple(), b.tuple()) {
            for ((how, a), b) in hows.iter().zip(left).zip(right) {
                if !self.null_safe_equal(how, a, b)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let x = self.operand(how, a, b)?;
        if !x.is_null() {
            let y = self.operand(how, b, a)?;
            if !y.is_null() {
                return self.compared(how, (a, &x), (b, &y)).map(Ordering::is_eq);
            }
        }
        // MySQL then asks both once more whether they are NULL.
        let (a, b) = (self.is_null(how, a, b)?, self.is_null(how, b, a)?);
        Ok(a && b)
    }

    /// Returns whether an operand is NULL; one that never is, is not computed for that.
    fn is_null(&mut self, how: &How, node: &Node, other: &Node) -> Result<bool, Error> {
        let dated = matches!(how, How::Calendar(_)) && is_text(&node.kind);
        if is_known_beside(node, other) {
            return Ok(node.eval(self.row, self.ctx)?.is_null());
        }
        if node.kind.nullable || dated {
            return Ok(self.operand(how, node, other)?.is_null());
        }
        // Of a column only a row tells: an outer join makes NULLs of it.
        Ok(!node.is_still() && node.eval(self.row, self.ctx)?.is_null())
    }
}

pub(in crate::operators) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let how = call.kept::<How>().ok_or_else(|| Error::bug("a comparison that was not compiled"))?;
    let [a, b] = call.args else { return Err(Error::bug("a comparison of other than two")) };
    let func = call.func;
    let mut pair = Pair { row: call.row, ctx: call.ctx, named: is_by_row(func, a) };
    let result = match func {
        Func::Eq => pair.equal(how, a, b)?,
        Func::Ne => pair.equal(how, a, b)?.map(|equal| !equal),
        Func::NullSafeEq => Some(pair.null_safe_equal(how, a, b)?),
        _ => pair.order(how, a, b)?.map(|order| match func {
            Func::Lt => order.is_lt(),
            Func::Le => order.is_le(),
            Func::Gt => order.is_gt(),
            _ => order.is_ge(),
        }),
    };
    Ok(result.map_or(Value::Null, Value::from))
}
