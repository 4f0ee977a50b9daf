//! The comparison operators.

use std::cmp::Ordering;

use vt_base::Error;
use vt_value::Value;

use super::{Comparing, How, Side, order, prepared};
use crate::Func;
use crate::context::Context;
use crate::function::{Call, Signature};
use crate::kind::Kind;
use crate::node::Node;

pub(in crate::operators) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let func = signature.func;
    let operation = func.message_name();
    let mut comparing = Comparing::new(&operation, signature.session);
    let [a, b] = &mut *signature.args else {
        return Err(Error::bug("a comparison of other than two"));
    };
    let how = comparing.how(a, b)?;
    let nullable = func != Func::NullSafeEq && (is_nullable(a) || is_nullable(b));
    signature.notes.borrow_mut().append(&mut comparing.notes);
    signature.keep(how);
    Ok(Kind::truth().with_nullable(nullable))
}

/// Returns whether a value, or a member of a tuple, may be NULL.
pub(in crate::operators) fn is_nullable(node: &Node) -> bool {
    match node.tuple() {
        Some(members) => members.iter().any(is_nullable),
        None => node.kind.nullable,
    }
}

fn is_number(how: &How) -> bool {
    matches!(how, How::Int | How::Decimal | How::Real)
}

/// Two nodes for one row.
pub(crate) struct Pair<'p, 's> {
    pub(crate) row: &'p [Value],
    pub(crate) ctx: &'p mut Context<'s>,
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
        let number = is_number(how);
        let x = if number { self.number(how, a)? } else { a.eval(self.row, self.ctx)? };
        if x.is_null() {
            // The other side may be an error that is never seen.
            return Ok(None);
        }
        let y = if number { self.number(how, b)? } else { b.eval(self.row, self.ctx)? };
        if y.is_null() {
            return Ok(None);
        }
        self.compared(how, (a, &x), (b, &y)).map(Some)
    }

    /// Returns an operand as the number that it is compared as; what is constant warns but once.
    pub(crate) fn number(&mut self, how: &How, node: &Node) -> Result<Value, Error> {
        if node.is_constant() && how.converts(&node.kind) {
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

    /// Returns the order of two values of nodes, numbers where these are compared.
    fn compared(
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
        // Beside a constant NULL nothing becomes a number.
        let null = [a, b].iter().any(|node| node.constant().is_some_and(Value::is_null));
        let (x, y) = match is_number(how) && !null {
            true => (self.number(how, a)?, self.number(how, b)?),
            false => (a.eval(self.row, self.ctx)?, b.eval(self.row, self.ctx)?),
        };
        if x.is_null() || y.is_null() {
            return Ok(x.is_null() && y.is_null());
        }
        self.compared(how, (a, &x), (b, &y)).map(Ordering::is_eq)
    }
}

pub(in crate::operators) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let how = call.kept::<How>().ok_or_else(|| Error::bug("a comparison that was not compiled"))?;
    let [a, b] = call.args else { return Err(Error::bug("a comparison of other than two")) };
    let func = call.func;
    let mut pair = Pair { row: call.row, ctx: call.ctx };
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
