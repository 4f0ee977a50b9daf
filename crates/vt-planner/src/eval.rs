//! Expressions that the gateway evaluates itself.
//!
//! Start at [`translate`]; each of the files below has one family of syntax.

mod call;
pub(crate) mod cast;
pub(crate) mod interval;
mod literal;
mod operator;

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_eval::{Env, Expr as Eval, Func, Session};
use vt_sql::ast::{ColumnName, Expr};
use vt_value::{BindVars, Field, Type, TypedBytes};

pub(crate) use literal::{literal_value, plain_value};
pub(crate) use operator::comparison;

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
        Expr::True => Ok(Eval::Literal(TypedBytes::new(Type::INT8, "1"))),
        Expr::False => Ok(Eval::Literal(TypedBytes::new(Type::INT8, "0"))),
        Expr::Literal(one) => literal::literal(one),
        Expr::Introducer(one) => literal::introduced(one),
        Expr::Temporal(one) => literal::temporal(one),
        Expr::Bind(one) => Ok(literal::bind(one)),
        Expr::Column(column) => Err(missing(column)),
        Expr::Unary(unary) => operator::unary(unary, place),
        Expr::Binary(binary) => operator::chain(binary, place),
        Expr::And(parts) => operator::conditions(Func::And, parts, place),
        Expr::Or(parts) => operator::conditions(Func::Or, parts, place),
        Expr::Row(parts) => Ok(Eval::Tuple(translate_all(parts, place)?)),
        Expr::In(one) => operator::member(expr, one, place),
        Expr::Between(one) => operator::between(one, place),
        Expr::Like(like) => operator::like(like, place),
        Expr::Is(is) => operator::is(is, place),
        Expr::Case(case) => operator::case(case, place),
        Expr::Cast(cast) => cast::cast(cast, place),
        Expr::ConvertUsing(convert) => cast::convert_using(convert, place),
        Expr::Collate(collate) => cast::collate(collate, place),
        Expr::Function(function) => call::named(expr, function, place),
        Expr::Special(special) => call::special(expr, special, place),
        Expr::MemberOf(one) => match Func::internal("member of") {
            Some(func) => call::of(func, &[one.value, one.json], place),
            None => Err(untranslatable(expr)),
        },
        _ => Err(untranslatable(expr)),
    }
}

/// Returns whether the engine refuses an expression over columns of these types.
///
/// What is not known before the statement runs, the types of bind variables and of columns that
/// no one has declared, refuses nothing here.
pub(crate) fn is_refused(expr: &Eval, fields: &[Field]) -> bool {
    let (binds, session) = (BindVars::default(), Session::default());
    let compiled = expr.compile(fields, &Env::new(&binds, &session));
    compiled.is_err_and(|err| err.id() == Some(ErrorId::VT12001))
}

fn translate_all<'a>(parts: &[Expr<'a>], place: ColumnPlace<'_, 'a>) -> Result<Vec<Eval>, Error> {
    parts.iter().map(|part| translate(*part, place)).collect()
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
