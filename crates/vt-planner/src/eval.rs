//! Expressions that the gateway evaluates itself.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::{Expr as Eval, Func};
use vt_sql::ast::{
    Binary, BinaryOp, Bind, Case, ColumnName, Expr, In, InList, IsWhat, Literal, LiteralKind,
    UnaryOp,
};
use vt_value::{Type, TypedBytes};

/// Where a column stands in the rows that an expression is evaluated over.
pub(crate) type ColumnPlace<'f, 'a> = &'f mut dyn FnMut(Expr<'a>) -> Result<Option<usize>, Error>;

/// Translates an expression for the gateway.
///
/// `place` is asked for every part, from the outside in: what has a place in the rows is read from
/// there.
///
/// # Errors
/// The gateway cannot evaluate a part of it.
pub(crate) fn translate<'a>(expr: Expr<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    if let Some(column) = place(expr)? {
        return Ok(Eval::Column(column));
    }
    match expr {
        Expr::Null => Ok(Eval::Literal(TypedBytes::NULL)),
        Expr::True => Ok(Eval::Literal(TypedBytes::int64(1))),
        Expr::False => Ok(Eval::Literal(TypedBytes::int64(0))),
        Expr::Literal(literal) => literal_value(literal).map(Eval::Literal),
        Expr::Bind(one) => Ok(bind_value(one)),
        Expr::Column(column) => Err(missing(column)),
        Expr::Unary(unary) => match unary.op {
            UnaryOp::Plus => translate(unary.expr, place),
            UnaryOp::Minus => call(Func::Negate, &[unary.expr], place),
            UnaryOp::Not | UnaryOp::Bang => call(Func::Not, &[unary.expr], place),
            UnaryOp::BitNot | UnaryOp::Binary => Err(untranslatable(expr)),
        },
        Expr::Binary(binary) => translate_chain(binary, place),
        Expr::And(parts) => chain(Func::And, parts, place),
        Expr::Or(parts) => chain(Func::Or, parts, place),
        Expr::Row(parts) => {
            let parts = parts.iter().map(|part| translate(*part, place));
            Ok(Eval::Tuple(parts.collect::<Result<_, Error>>()?))
        }
        Expr::In(one) => translate_in(expr, one, place),
        Expr::Between(one) => {
            let inside = call(Func::Between, &[one.expr, one.low, one.high], place)?;
            Ok(negated(inside, one.negated))
        }
        Expr::Like(like) if like.escape.is_none() => {
            let matched = call(Func::Like, &[like.expr, like.pattern], place)?;
            Ok(negated(matched, like.negated))
        }
        Expr::Is(is) if is.what == IsWhat::Null || is.what == IsWhat::Unknown => {
            let func = if is.negated { Func::IsNotNull } else { Func::IsNull };
            call(func, &[is.expr], place)
        }
        Expr::Case(case) => translate_case(case, place),
        Expr::Function(function) if function.schema.is_none() => {
            match Func::from_name(function.name.as_str()) {
                Some(func) => call(func, function.args, place),
                None => Err(untranslatable(expr)),
            }
        }
        _ => Err(untranslatable(expr)),
    }
}

/// Translates an expression that reads no rows: a literal or a bind variable, perhaps negative.
///
/// Returns `None` for everything else: only such values are known to mean at the gateway what
/// they mean on a shard.
pub(crate) fn plain_value(expr: Expr<'_>) -> Option<Eval> {
    match expr {
        Expr::Null => Some(Eval::Literal(TypedBytes::NULL)),
        Expr::True => Some(Eval::Literal(TypedBytes::int64(1))),
        Expr::False => Some(Eval::Literal(TypedBytes::int64(0))),
        Expr::Literal(literal) => literal_value(literal).ok().map(Eval::Literal),
        Expr::Bind(one) if !one.list => Some(bind_value(one)),
        Expr::Unary(unary) if unary.op == UnaryOp::Plus => plain_value(unary.expr),
        Expr::Unary(unary) if unary.op == UnaryOp::Minus => match plain_value(unary.expr)? {
            Eval::Literal(value) if value.typ.is_number() => negative(&value).map(Eval::Literal),
            value @ Eval::Bind(_) => Some(Eval::Call(Func::Negate, vec![value])),
            _ => None,
        },
        _ => None,
    }
}

fn negative(value: &TypedBytes) -> Option<TypedBytes> {
    let digits = std::str::from_utf8(&value.bytes).ok()?;
    if value.typ.is_integral() {
        return Some(TypedBytes::int64(format!("-{digits}").parse().ok()?));
    }
    Some(TypedBytes::new(value.typ, format!("-{digits}")))
}

/// Returns the value of a literal as bind variables hold it.
pub(crate) fn literal_value(literal: &Literal<'_>) -> Result<TypedBytes, Error> {
    let bytes = literal.value.to_vec();
    Ok(match literal.kind {
        LiteralKind::Int => {
            let signed = std::str::from_utf8(literal.value)
                .is_ok_and(|digits| digits.parse::<i64>().is_ok());
            TypedBytes::new(if signed { Type::INT64 } else { Type::UINT64 }, bytes)
        }
        LiteralKind::Decimal => TypedBytes::new(Type::DECIMAL, bytes),
        LiteralKind::Float => TypedBytes::new(Type::FLOAT64, bytes),
        LiteralKind::Str | LiteralKind::NationalStr => TypedBytes::new(Type::VARCHAR, bytes),
        LiteralKind::Hex | LiteralKind::Bit => TypedBytes::new(Type::VARBINARY, bytes),
    })
}

fn bind_value(bind: &Bind<'_>) -> Eval {
    match bind.list {
        true => Eval::BindTuple(bind.name.into()),
        false => Eval::Bind(bind.name.into()),
    }
}

/// How many links of a chain of operators the gateway evaluates.
const CHAIN_MAX: usize = 200;

/// Translates a chain of operators, `a + b + c + ...`.
fn translate_chain<'a>(top: &'a Binary<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
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
            _ => break translate(first, place)?,
        }
    };
    for link in links.into_iter().rev() {
        let Some(func) = operator(link.op) else {
            return Err(untranslatable(Expr::Binary(link)));
        };
        left = Eval::Call(func, vec![left, translate(link.right, place)?]);
    }
    Ok(left)
}

fn call<'a>(func: Func, args: &[Expr<'a>], place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    let args = args.iter().map(|arg| translate(*arg, place));
    Ok(Eval::Call(func, args.collect::<Result<_, Error>>()?))
}

fn chain<'a>(func: Func, parts: &[Expr<'a>], place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    let mut parts = parts.iter().map(|part| translate(*part, place));
    let first = parts.next().unwrap_or_else(|| Err(Error::bug("an empty condition")))?;
    parts.try_fold(first, |all, part| Ok(Eval::Call(func, vec![all, part?])))
}

fn translate_in<'a>(
    expr: Expr<'a>,
    one: &In<'a>,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let left = translate(one.expr, place)?;
    let list = match one.list {
        InList::Bind(list) => Eval::BindTuple(list.name.into()),
        InList::Exprs(list) => {
            let list = list.iter().map(|part| translate(*part, place));
            Eval::Tuple(list.collect::<Result<_, Error>>()?)
        }
        InList::Literals(list) => {
            let list = list.iter().map(|part| literal_value(part).map(Eval::Literal));
            Eval::Tuple(list.collect::<Result<_, Error>>()?)
        }
        InList::Query(_) => return Err(untranslatable(expr)),
    };
    Ok(Eval::Call(if one.negated { Func::NotIn } else { Func::In }, vec![left, list]))
}

/// `CASE` takes its conditions and values in turn, then what is left over.
fn translate_case<'a>(case: &Case<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
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

fn negated(expr: Eval, negated: bool) -> Eval {
    match negated {
        true => Eval::Call(Func::Not, vec![expr]),
        false => expr,
    }
}

fn operator(op: BinaryOp) -> Option<Func> {
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
        BinaryOp::Concat => return Func::from_name("concat"),
        _ => return None,
    })
}

fn missing(column: &ColumnName<'_>) -> Error {
    Error::vt(vt_base::ErrorId::VT03019, column.name.as_str())
}

fn untranslatable(expr: Expr<'_>) -> Error {
    let text = vt_sql::to_sql(&expr);
    Error::unsupported(format!("expr cannot be translated, not supported: {text}"))
}

/// Makes shared names.
pub(crate) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<Arc<str>> {
    names.into_iter().map(Arc::from).collect()
}
