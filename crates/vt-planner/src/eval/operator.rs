//! Operators: chains of them, and predicates with words of their own.

use vt_base::Error;
use vt_eval::{Expr as Eval, Func};
use vt_sql::ast::{
    Between, Binary, BinaryOp, Case, Expr, In, InList, Is, IsWhat, Like, Unary, UnaryOp,
};

use super::{ColumnPlace, call, interval, literal, translate, translate_all, untranslatable};

/// How many links of a chain of operators the gateway evaluates.
const CHAIN_MAX: usize = 200;

pub(super) fn unary<'a>(unary: &Unary<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    let func = match unary.op {
        UnaryOp::Plus => return translate(unary.expr, place),
        UnaryOp::Minus => Func::Negate,
        UnaryOp::Not | UnaryOp::HighNot => Func::Not,
        UnaryOp::Bang => Func::Bang,
        UnaryOp::BitNot => Func::BitNot,
        UnaryOp::Binary => Func::Binary,
    };
    call::of(func, &[unary.expr], place)
}

/// Translates a chain of operators, `a + b + c + ...`.
pub(super) fn chain<'a>(top: &'a Binary<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    let mut links = vec![top];
    let mut first = top.left;
    let mut left = loop {
        if let Some(column) = place(first)? {
            break Eval::Column(column);
        }
        match first {
            Expr::Binary(_) if links.len() >= CHAIN_MAX => {
                return Err(Error::unsupported("a chain of so many operators"));
            }
            Expr::Binary(link) => {
                links.push(link);
                first = link.left;
            }
            // `INTERVAL 1 DAY + date`.
            Expr::Interval(_) => match links.pop() {
                Some(link) if link.op == BinaryOp::Add => {
                    break interval::shifted(link.right, first, Direction::Later, place)?;
                }
                _ => return Err(untranslatable(first)),
            },
            _ => break translate(first, place)?,
        }
    };
    for link in links.into_iter().rev() {
        left = linked(left, link, place)?;
    }
    Ok(left)
}

/// Where an interval leads from a date.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Later,
    Earlier,
}

fn linked<'a>(left: Eval, link: &'a Binary<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    if let Expr::Interval(_) = link.right {
        let direction = match link.op {
            BinaryOp::Add => Direction::Later,
            BinaryOp::Sub => Direction::Earlier,
            _ => return Err(untranslatable(Expr::Binary(link))),
        };
        return interval::shift(left, link.right, direction, place);
    }
    let right = translate(link.right, place)?;
    let named = |name: &str, args: Vec<Eval>| {
        let func = Func::from_name(name).or_else(|| Func::internal(name));
        let func = func.ok_or_else(|| untranslatable(Expr::Binary(link)))?;
        Ok(Eval::Call(func, args))
    };
    let func = match link.op {
        BinaryOp::SoundsLike => {
            let (a, b) = (named("soundex", vec![left])?, named("soundex", vec![right])?);
            return Ok(Eval::Call(Func::Eq, vec![a, b]));
        }
        BinaryOp::Regexp => return named("regexp_like", vec![left, right]),
        BinaryOp::NotRegexp => {
            let matched = named("regexp_like", vec![left, right])?;
            return Ok(Eval::Call(Func::Not, vec![matched]));
        }
        BinaryOp::Concat => return named("concat", vec![left, right]),
        BinaryOp::JsonExtract => return named("json_extract", vec![left, right]),
        BinaryOp::JsonUnquote => {
            let extracted = named("json_extract", vec![left, right])?;
            return named("json_unquote", vec![extracted]);
        }
        op => plain_operator(op).ok_or_else(|| untranslatable(Expr::Binary(link)))?,
    };
    Ok(Eval::Call(func, vec![left, right]))
}

/// Returns what computes a comparison.
pub(crate) fn comparison(op: BinaryOp) -> Option<Func> {
    if op.is_comparison() { plain_operator(op) } else { None }
}

fn plain_operator(op: BinaryOp) -> Option<Func> {
    Some(match op {
        BinaryOp::Eq => Func::Eq,
        BinaryOp::NullSafeEq => Func::NullSafeEq,
        BinaryOp::Ne => Func::Ne,
        BinaryOp::Lt => Func::Lt,
        BinaryOp::Le => Func::Le,
        BinaryOp::Gt => Func::Gt,
        BinaryOp::Ge => Func::Ge,
        BinaryOp::Add => Func::Add,
        BinaryOp::Sub => Func::Sub,
        BinaryOp::Mul => Func::Mul,
        BinaryOp::Div => Func::Div,
        BinaryOp::IntDiv => Func::IntDiv,
        BinaryOp::Mod => Func::Mod,
        BinaryOp::BitAnd => Func::BitAnd,
        BinaryOp::BitOr => Func::BitOr,
        BinaryOp::BitXor => Func::BitXor,
        BinaryOp::ShiftLeft => Func::ShiftLeft,
        BinaryOp::ShiftRight => Func::ShiftRight,
        BinaryOp::Xor => Func::Xor,
        BinaryOp::SoundsLike
        | BinaryOp::Regexp
        | BinaryOp::NotRegexp
        | BinaryOp::Concat
        | BinaryOp::JsonExtract
        | BinaryOp::JsonUnquote => return None,
    })
}

/// Translates the parts of AND and OR, which are lists.
pub(super) fn conditions<'a>(
    func: Func,
    parts: &[Expr<'a>],
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let mut parts = parts.iter().map(|part| translate(*part, place));
    let first = parts.next().unwrap_or_else(|| Err(Error::bug("an empty condition")))?;
    parts.try_fold(first, |all, part| Ok(Eval::Call(func, vec![all, part?])))
}

pub(super) fn member<'a>(
    expr: Expr<'a>,
    one: &In<'a>,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let left = translate(one.expr, place)?;
    let list = match one.list {
        InList::Bind(list) => Eval::BindTuple(list.name.into()),
        InList::Exprs(list) => Eval::Tuple(translate_all(list, place)?),
        InList::Literals(list) => {
            Eval::Tuple(list.iter().map(literal::literal).collect::<Result<_, Error>>()?)
        }
        InList::Query(_) => return Err(untranslatable(expr)),
    };
    Ok(Eval::Call(if one.negated { Func::NotIn } else { Func::In }, vec![left, list]))
}

pub(super) fn between<'a>(one: &Between<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    let func = if one.negated { Func::NotBetween } else { Func::Between };
    call::of(func, &[one.expr, one.low, one.high], place)
}

pub(super) fn like<'a>(like: &Like<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    let func = if like.negated { Func::NotLike } else { Func::Like };
    let mut args = vec![translate(like.expr, place)?, translate(like.pattern, place)?];
    if let Some(escape) = like.escape {
        args.push(translate(escape, place)?);
    }
    Ok(Eval::Call(func, args))
}

pub(super) fn is<'a>(is: &Is<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    let func = match (is.what, is.negated) {
        (IsWhat::Null | IsWhat::Unknown, false) => Func::IsNull,
        (IsWhat::Null | IsWhat::Unknown, true) => Func::IsNotNull,
        (IsWhat::True, false) => Func::IsTrue,
        (IsWhat::True, true) => Func::IsNotTrue,
        (IsWhat::False, false) => Func::IsFalse,
        (IsWhat::False, true) => Func::IsNotFalse,
    };
    call::of(func, &[is.expr], place)
}

/// `CASE` takes its operand, if any, its conditions and values in turn, then what is left over.
pub(super) fn case<'a>(case: &Case<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    let func = if case.operand.is_some() { Func::CaseOf } else { Func::Case };
    let mut args = Vec::with_capacity(2 * case.whens.len() + 2);
    if let Some(operand) = case.operand {
        args.push(translate(operand, place)?);
    }
    for when in case.whens {
        args.push(translate(when.condition, place)?);
        args.push(translate(when.value, place)?);
    }
    if let Some(otherwise) = case.otherwise {
        args.push(translate(otherwise, place)?);
    }
    Ok(Eval::Call(func, args))
}
