//! The collations of expressions, where they follow from those of columns.

use std::sync::Arc;

use vt_sql::ast::{AggregateKind, Expr, Special};
use vt_value::Type;

use super::scope::{Resolved, Scope};
use crate::planner::Planner;

/// Functions whose strings have the collation of their first argument.
const OF_FIRST: [&str; 16] = [
    "left",
    "right",
    "substring",
    "substr",
    "mid",
    "upper",
    "ucase",
    "lower",
    "lcase",
    "trim",
    "ltrim",
    "rtrim",
    "reverse",
    "repeat",
    "lpad",
    "rpad",
];

/// Functions whose strings have the collation that all their arguments have.
const OF_ALL: [&str; 4] = ["coalesce", "ifnull", "concat", "replace"];

/// What an expression brings to the collation of one that it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Brought {
    /// Nothing: a literal takes the collation of what stands beside it.
    Nothing,
    Collation(Arc<str>),
    Unknown,
}

impl Brought {
    fn with(self, other: Brought) -> Brought {
        match (self, other) {
            (Brought::Nothing, one) | (one, Brought::Nothing) => one,
            (one, other) if one == other => one,
            _ => Brought::Unknown,
        }
    }
}

impl<'a> Planner<'a> {
    /// Returns the collation of an expression, where it is known: that of a column, of the least
    /// or greatest of its values, or of what a function of strings makes of them.
    pub(crate) fn collation_of(&self, expr: Expr<'a>, scope: &Scope<'a>) -> Option<Arc<str>> {
        match self.brought(expr, scope) {
            Brought::Collation(name) => Some(name),
            _ => None,
        }
    }

    fn brought(&self, expr: Expr<'a>, scope: &Scope<'a>) -> Brought {
        let all = |parts: &[Expr<'a>]| {
            parts.iter().fold(Brought::Nothing, |all, part| all.with(self.brought(*part, scope)))
        };
        match expr {
            Expr::Null | Expr::Literal(_) | Expr::Bind(_) => Brought::Nothing,
            Expr::Column(_) => self.brought_by_column(expr, scope),
            Expr::Aggregate(call)
                if matches!(
                    call.kind,
                    AggregateKind::Min | AggregateKind::Max | AggregateKind::GroupConcat
                ) =>
            {
                all(call.args)
            }
            // Those that give a value of another row have it first.
            Expr::Window(call) => all(call.args.get(..1).unwrap_or_default()),
            Expr::Special(Special::Trim { what: None, expr, .. }) => self.brought(*expr, scope),
            Expr::Function(call) if call.schema.is_none() && !call.quoted => {
                let named = |names: &[&str]| names.iter().any(|name| call.name.is(name));
                match call.args {
                    [first, rest @ ..] if named(&OF_FIRST) => {
                        // Padding is a string too.
                        all(rest).with(self.brought(*first, scope))
                    }
                    args if named(&OF_ALL) => all(args),
                    _ => Brought::Unknown,
                }
            }
            Expr::Case(case) => {
                let values = case.whens.iter().map(|when| when.value).chain(case.otherwise);
                values.fold(Brought::Nothing, |all, value| all.with(self.brought(value, scope)))
            }
            _ => Brought::Unknown,
        }
    }

    fn brought_by_column(&self, expr: Expr<'a>, scope: &Scope<'a>) -> Brought {
        let Expr::Column(column) = expr else { return Brought::Unknown };
        let Ok(Resolved::One { entry, .. }) = scope.resolve(column) else {
            return Brought::Unknown;
        };
        let name = column.name.as_str();
        match (entry.source.collation_of(name), entry.source.type_of(name)) {
            (Some(collation), _) => Brought::Collation(collation),
            // Digits take the collation of the strings beside them.
            (None, Some(typ)) if typ.is_number() && typ != Type::BIT => Brought::Nothing,
            _ => Brought::Unknown,
        }
    }
}
