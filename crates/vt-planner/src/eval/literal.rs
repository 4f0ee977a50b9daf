//! Literals, introducers and bind variables.

use vt_base::Error;
use vt_eval::{Expr as Eval, Func};
use vt_sql::ast::{Bind, Expr, Introducer, Literal, LiteralKind, Temporal, TemporalKind, UnaryOp};
use vt_value::{Type, TypedBytes};

use super::cast::charset;

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
        Expr::Bind(one) if !one.list => Some(bind(one)),
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

/// Translates a literal; of bytes, one that is a number where a number is wanted.
pub(super) fn literal(literal: &Literal<'_>) -> Result<Eval, Error> {
    Ok(match literal.kind {
        LiteralKind::Bit => {
            let mut text = String::with_capacity(2 + 8 * literal.value.len());
            text.push_str("0b");
            literal.value.iter().for_each(|byte| text.push_str(&format!("{byte:08b}")));
            Eval::Literal(TypedBytes::new(Type::BITNUM, text))
        }
        LiteralKind::Hex => {
            let mut text = String::with_capacity(2 + 2 * literal.value.len());
            text.push_str("0x");
            literal.value.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
            Eval::Literal(TypedBytes::new(Type::HEXNUM, text))
        }
        LiteralKind::NationalStr => {
            let value = Eval::Literal(literal_value(literal)?);
            Eval::Call(Func::National, vec![value])
        }
        _ => Eval::Literal(literal_value(literal)?),
    })
}

pub(super) fn bind(bind: &Bind<'_>) -> Eval {
    match bind.list {
        true => Eval::BindTuple(bind.name.into()),
        false => Eval::Bind(bind.name.into()),
    }
}

pub(super) fn introduced(one: &Introducer<'_>) -> Result<Eval, Error> {
    let value = match one.expr {
        Expr::Literal(literal) => self::literal(literal)?,
        Expr::Bind(value) => bind(value),
        _ => return Err(Error::bug("an introducer before something that is no literal")),
    };
    let collation = charset(one.charset)?.default_collation();
    Ok(Eval::Call(Func::Introducer(collation), vec![value]))
}

pub(super) fn temporal(one: &Temporal<'_>) -> Result<Eval, Error> {
    let kind = match one.kind {
        TemporalKind::Date => vt_value::TemporalKind::Date,
        TemporalKind::Time => vt_value::TemporalKind::Time,
        TemporalKind::Timestamp => vt_value::TemporalKind::DateTime,
    };
    let value = match one.expr {
        Expr::Literal(literal) => Eval::Literal(literal_value(literal)?),
        Expr::Bind(value) => bind(value),
        _ => return Err(Error::bug("a date that is no literal")),
    };
    Ok(Eval::Call(Func::TemporalLiteral(kind), vec![value]))
}

/// Makes a constant argument that is a word of the syntax: a unit, a side.
pub(super) fn word(word: &str) -> Eval {
    Eval::Literal(TypedBytes::varchar(word))
}
