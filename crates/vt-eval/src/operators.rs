//! The operators, a file a family.

mod arithmetic;
mod bits;
mod case;
mod cast;
pub(crate) mod collation;
pub(crate) mod compare;
mod like;
mod logic;
pub(crate) mod member;

use crate::Func;
use crate::expr::CastTarget;
use crate::function::{Function, MANY};
use crate::functions;
use crate::functions::json::cast as json;

pub(crate) use case::{choose as choose_case, choose_of as choose_case_of};

macro_rules! operators {
    ($($(#[$doc:meta])* $pattern:pat => $function:expr;)*) => {
        /// Returns what an operator is.
        pub(crate) fn function(func: Func) -> &'static Function {
            match func {
                $($pattern => {
                    static FUNCTION: Function = $function;
                    &FUNCTION
                })*
            }
        }
    };
}

operators! {
    Func::Named(_) => Function::new("", (0, 0), logic::not_kind, logic::not);
    Func::Add => Function::new("+", (2, 2), arithmetic::kind, arithmetic::eval);
    Func::Sub => Function::new("-", (2, 2), arithmetic::kind, arithmetic::eval);
    Func::Mul => Function::new("*", (2, 2), arithmetic::kind, arithmetic::eval);
    Func::Div => Function::new("/", (2, 2), arithmetic::kind, arithmetic::eval);
    Func::Average => Function::new("avg", (2, 2), arithmetic::kind, arithmetic::eval);
    Func::IntDiv => Function::new("DIV", (2, 2), arithmetic::kind, arithmetic::int_div);
    Func::Mod => Function::new("%", (2, 2), arithmetic::kind, arithmetic::eval);
    Func::Negate => Function::new("-", (1, 1), arithmetic::negation, arithmetic::negate);
    Func::And => Function::new("and", (2, MANY), logic::kind, logic::all);
    Func::Or => Function::new("or", (2, MANY), logic::kind, logic::any);
    Func::Xor => Function::new("xor", (2, 2), logic::kind, logic::xor);
    Func::Not | Func::Bang => Function::new("not", (1, 1), logic::not_kind, logic::not);
    Func::Eq | Func::Ne | Func::Lt | Func::Le | Func::Gt | Func::Ge | Func::NullSafeEq =>
        Function::new("=", (2, 2), compare::kind, compare::eval);
    Func::In | Func::NotIn => Function::new("in", (2, 2), member::kind, member::eval);
    Func::IsNull | Func::IsNotNull =>
        Function::new("isnull", (1, 1), logic::known_kind, logic::is_null);
    Func::IsTrue | Func::IsNotTrue | Func::IsFalse | Func::IsNotFalse =>
        Function::new("istrue", (1, 1), logic::known_kind, logic::is_truth);
    Func::Between | Func::NotBetween =>
        Function::new("between", (3, 3), member::between_kind, member::between);
    Func::Like | Func::NotLike => Function::new("like", (2, 3), like::kind, like::eval);
    Func::Case => Function::new("case", (2, MANY), case::kind, case::eval);
    Func::CaseOf => Function::new("case", (3, MANY), case::of_kind, case::of);
    Func::BitAnd | Func::BitOr | Func::BitXor => Function::new("&", (2, 2), bits::kind, bits::eval);
    Func::ShiftLeft | Func::ShiftRight =>
        Function::new("<<", (2, 2), bits::shift_kind, bits::shift);
    Func::BitNot => Function::new("~", (1, 1), bits::kind, bits::not);
    Func::Cast(CastTarget::Signed | CastTarget::Unsigned) =>
        Function::new("cast", (1, 1), cast::integer_kind, cast::integer);
    Func::Cast(CastTarget::Decimal { .. }) =>
        Function::new("cast", (1, 1), cast::decimal_kind, cast::decimal);
    Func::Cast(CastTarget::Float | CastTarget::Double | CastTarget::Real) =>
        Function::new("cast", (1, 1), cast::real_kind, cast::real);
    Func::Binary | Func::Cast(
        CastTarget::Char { .. } | CastTarget::NationalChar { .. } | CastTarget::Binary { .. },
    ) =>
        Function::new("cast", (1, 1), cast::text_kind, cast::text);
    Func::Cast(
        CastTarget::Date | CastTarget::Time { .. } | CastTarget::DateTime { .. } | CastTarget::Year,
    ) => Function::new("cast", (1, 1), functions::cast_kind, functions::cast);
    Func::Cast(CastTarget::Json) =>
        Function::new("cast_as_json", (1, 1), json::kind, json::eval);
    Func::ConvertUsing(_) =>
        Function::new("convert", (1, 1), collation::using_kind, collation::using);
    Func::Collate(_) => Function::new("collate", (1, 1), collation::kind, collation::eval);
    Func::National | Func::Introducer(_) | Func::TemporalLiteral(_) =>
        Function::new("literal", (1, 1), logic::not_kind, logic::not);
}
