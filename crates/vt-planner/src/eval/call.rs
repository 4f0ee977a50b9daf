//! Calls of functions, also of those with words among their arguments.
//!
//! A function with words becomes one that no SQL text can name (`FunctionId::internal`), and the
//! words become constant arguments.

use vt_base::Error;
use vt_eval::{Expr as Eval, Func};
use vt_sql::ast::{
    CastKind, CastType, Expr, FormatKind, Function, JsonFallback, Special, TrimSide,
};
use vt_value::TypedBytes;

use super::cast::charset;
use super::interval::{shifted, unit};
use super::literal::word;
use super::operator::Direction;
use super::{ColumnPlace, translate, translate_all, untranslatable};

/// Translates the call of a function or an operator.
pub(super) fn of<'a>(
    func: Func,
    args: &[Expr<'a>],
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    Ok(Eval::Call(func, translate_all(args, place)?))
}

/// Makes the call of a function that no SQL text can name; where there is none, `whole` is refused.
pub(super) fn internal(name: &str, args: Vec<Eval>, whole: Expr<'_>) -> Result<Eval, Error> {
    match Func::internal(name) {
        Some(func) => Ok(Eval::Call(func, args)),
        None => Err(untranslatable(whole)),
    }
}

/// Translates a call by name.
pub(super) fn named<'a>(
    expr: Expr<'a>,
    function: &Function<'a>,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let is = |name: &str| function.name.as_str().eq_ignore_ascii_case(name);
    if function.schema.is_some() || function.quoted {
        return Err(untranslatable(expr));
    }
    if let [date, interval @ Expr::Interval(_)] = function.args {
        if is("date_add") || is("adddate") {
            return shifted(*date, *interval, Direction::Later, place);
        }
        if is("date_sub") || is("subdate") {
            return shifted(*date, *interval, Direction::Earlier, place);
        }
    }
    if let [date, days] = function.args
        && (is("adddate") || is("subdate"))
    {
        let name = if is("adddate") { "date_add" } else { "date_sub" };
        let args = vec![translate(*date, place)?, translate(*days, place)?, word("DAY")];
        return internal(name, args, expr);
    }
    match Func::from_name(function.name.as_str()) {
        Some(func) => of(func, function.args, place),
        None => Err(untranslatable(expr)),
    }
}

/// Translates a call with words among its arguments.
pub(super) fn special<'a>(
    whole: Expr<'a>,
    special: &Special<'a>,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    match *special {
        Special::Extract { unit: one, expr } => {
            internal("extract", vec![unit(one), translate(expr, place)?], whole)
        }
        Special::Trim { side, what, expr } => {
            let side = match side {
                None => "",
                Some(TrimSide::Both) => "BOTH",
                Some(TrimSide::Leading) => "LEADING",
                Some(TrimSide::Trailing) => "TRAILING",
            };
            let mut args = vec![word(side), translate(expr, place)?];
            if let Some(what) = what {
                args.push(translate(what, place)?);
            }
            internal("trim", args, whole)
        }
        Special::Char { args, charset: set } => {
            let set = match set {
                Some(name) => charset(name)?.name(),
                None => "binary",
            };
            let mut all = vec![word(set)];
            all.extend(translate_all(args, place)?);
            internal("char", all, whole)
        }
        Special::WeightString { expr, target } => weight_string(expr, target, whole, place),
        Special::GetFormat { kind, expr } => {
            let kind = match kind {
                FormatKind::Date => "DATE",
                FormatKind::Time => "TIME",
                FormatKind::Datetime => "DATETIME",
            };
            internal("get_format", vec![word(kind), translate(expr, place)?], whole)
        }
        Special::TimestampAdd { unit: one, amount, expr } => {
            let args = vec![translate(expr, place)?, translate(amount, place)?, unit(one)];
            internal("date_add", args, whole)
        }
        Special::TimestampDiff { unit: one, from, to } => {
            let args = vec![unit(one), translate(from, place)?, translate(to, place)?];
            internal("timestampdiff", args, whole)
        }
        Special::JsonValue { doc, path, returning, on_empty, on_error } => {
            let doc = vec![translate(doc, place)?, translate(path, place)?];
            let fallbacks = [on_empty, on_error];
            json_value(doc, returning, fallbacks, whole, place)
        }
        // A part of a view's definition.
        Special::DualityObject { .. } => Err(untranslatable(whole)),
    }
}

/// The arguments are the string, and for `AS CHAR(n)` or `AS BINARY(n)` the word and the length.
fn weight_string<'a>(
    expr: Expr<'a>,
    target: Option<CastType<'a>>,
    whole: Expr<'a>,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let mut args = vec![translate(expr, place)?];
    if let Some(target) = target {
        args.push(word(match target.kind {
            CastKind::Char => "CHAR",
            CastKind::Binary => "BINARY",
            _ => return Err(untranslatable(whole)),
        }));
        let length = target.length.and_then(|length| length.parse::<i64>().ok());
        let length = length.ok_or_else(|| untranslatable(whole))?;
        args.push(Eval::Literal(TypedBytes::int64(length)));
    }
    internal("weight_string", args, whole)
}

/// The arguments are the document, the path, a cast of NULL to the type that is wanted (NULL alone
/// where none is named), and for ON EMPTY and ON ERROR each a word and a default.
fn json_value<'a>(
    mut args: Vec<Eval>,
    returning: Option<CastType<'a>>,
    fallbacks: [Option<JsonFallback<'a>>; 2],
    whole: Expr<'a>,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let null = Eval::Literal(TypedBytes::NULL);
    args.push(match returning {
        Some(typ) => Eval::Call(Func::Cast(super::cast::target(&typ)?), vec![null.clone()]),
        None => null.clone(),
    });
    for fallback in fallbacks {
        let (name, default) = match fallback {
            None => ("", null.clone()),
            Some(JsonFallback::Null) => ("NULL", null.clone()),
            Some(JsonFallback::Error) => ("ERROR", null.clone()),
            Some(JsonFallback::Default(value)) => ("DEFAULT", translate(value, place)?),
        };
        args.push(word(name));
        args.push(default);
    }
    internal("json_value", args, whole)
}
