//! The collations of expressions, where they follow from those of columns.

use std::sync::Arc;

use vt_sql::ast::{
    AggregateKind, BinaryOp, CastKind, CastType, Expr, Function, LiteralKind, Special,
};
use vt_value::Type;

use super::scope::{OF_CONNECTION, Resolved, Scope};
use crate::planner::Planner;

/// Functions whose strings have the collation that all their arguments have, numbers left out.
const OF_ALL: [&str; 29] = [
    "left",
    "right",
    "substring",
    "substr",
    "substring_index",
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
    "insert",
    "quote",
    "soundex",
    "coalesce",
    "ifnull",
    "concat",
    "concat_ws",
    "replace",
    "greatest",
    "least",
    "nullif",
    "any_value",
];

/// Functions that choose by their first argument among the others.
const OF_OTHERS: [&str; 2] = ["if", "elt"];

/// Functions whose strings have the collation of the connection, whatever their arguments.
const OF_CONNECTION_ALWAYS: [&str; 15] = [
    "hex",
    "bin",
    "oct",
    "conv",
    "format",
    "to_base64",
    "md5",
    "sha",
    "sha1",
    "sha2",
    "date_format",
    "time_format",
    "monthname",
    "dayname",
    "space",
];

/// Functions whose strings are JSON's.
const OF_JSON: [&str; 2] = ["json_unquote", "json_type"];

/// The collation of what JSON gives.
const JSON: &str = "utf8mb4_bin";

/// What an expression brings to the collation of one that it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Brought {
    /// Nothing: it is no string.
    Nothing,
    /// That of the connection, which yields to any other.
    Connection,
    /// That of JSON, which yields to those of columns.
    Json,
    /// That of the connection, which does not yield.
    Cast,
    Collation(Arc<str>),
    Unknown,
}

impl Brought {
    fn with(self, other: Brought) -> Brought {
        use Brought::{Cast, Collation, Connection, Json, Nothing, Unknown};
        match (self, other) {
            (Unknown, _) | (_, Unknown) => Unknown,
            (one, other) if one == other => one,
            (Nothing, one) | (one, Nothing) => one,
            (Connection, one) | (one, Connection) => one,
            (Json, one @ (Collation(_) | Cast)) | (one @ (Collation(_) | Cast), Json) => one,
            _ => Unknown,
        }
    }

    /// What becomes of it in a function that makes strings of anything.
    fn into_text(self) -> Brought {
        match self {
            Brought::Nothing => Brought::Connection,
            other => other,
        }
    }
}

impl<'a> Planner<'a> {
    /// Returns the collation of an expression, where it is known: that of a column, of the least
    /// or greatest of its values, or of what a function of strings makes of them.
    pub(crate) fn collation_of(&self, expr: Expr<'a>, scope: &Scope<'a>) -> Option<Arc<str>> {
        match self.brought(expr, scope) {
            Brought::Collation(name) => Some(name),
            Brought::Json => Some(JSON.into()),
            _ => None,
        }
    }

    /// Returns the same, and [`OF_CONNECTION`] for strings that have the connection's.
    pub(crate) fn told_collation(&self, expr: Expr<'a>, scope: &Scope<'a>) -> Option<Arc<str>> {
        match self.brought(expr, scope) {
            Brought::Connection | Brought::Cast => Some(OF_CONNECTION.into()),
            Brought::Collation(name) => Some(name),
            Brought::Json => Some(JSON.into()),
            Brought::Nothing | Brought::Unknown => None,
        }
    }

    fn brought(&self, expr: Expr<'a>, scope: &Scope<'a>) -> Brought {
        let all = |parts: &[Expr<'a>]| {
            parts.iter().fold(Brought::Nothing, |all, part| all.with(self.brought(*part, scope)))
        };
        match expr {
            Expr::Null => Brought::Nothing,
            Expr::Literal(literal) => match literal.kind {
                LiteralKind::Str => Brought::Connection,
                LiteralKind::NationalStr => Brought::Unknown,
                _ => Brought::Nothing,
            },
            // A mark, or a literal of the statement.
            Expr::Bind(bind) if bind.name.starts_with('v') && !bind.list => Brought::Connection,
            Expr::Bind(_) => Brought::Nothing,
            Expr::Column(_) => self.brought_by_column(expr, scope),
            Expr::Aggregate(call)
                if matches!(call.kind, AggregateKind::Min | AggregateKind::Max) =>
            {
                all(call.args)
            }
            Expr::Aggregate(call) if call.kind == AggregateKind::GroupConcat => {
                all(call.args).into_text()
            }
            // Those that give a value of another row have it first.
            Expr::Window(call) => all(call.args.get(..1).unwrap_or_default()),
            Expr::Special(Special::Trim { what: None, expr, .. }) => {
                self.brought(*expr, scope).into_text()
            }
            Expr::Binary(one) if one.op == BinaryOp::JsonUnquote => Brought::Json,
            Expr::Cast(cast) if cast.target.kind == CastKind::Char && is_plain(&cast.target) => {
                Brought::Cast
            }
            Expr::Function(call) if call.schema.is_none() && !call.quoted => {
                self.brought_by_call(call, scope)
            }
            Expr::Case(case) => {
                let values = case.whens.iter().map(|when| when.value).chain(case.otherwise);
                values.fold(Brought::Nothing, |all, value| all.with(self.brought(value, scope)))
            }
            _ => Brought::Unknown,
        }
    }

    fn brought_by_call(&self, call: &Function<'a>, scope: &Scope<'a>) -> Brought {
        let named = |names: &[&str]| names.iter().any(|name| call.name.is(name));
        let all = |parts: &[Expr<'a>]| {
            let parts = parts.iter().map(|part| self.brought(*part, scope));
            parts.fold(Brought::Nothing, Brought::with)
        };
        match call.args {
            [] => Brought::Unknown,
            args if named(&OF_ALL) => all(args).into_text(),
            [_, rest @ ..] if named(&OF_OTHERS) => all(rest).into_text(),
            _ if named(&OF_CONNECTION_ALWAYS) => Brought::Connection,
            _ if named(&OF_JSON) => Brought::Json,
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
            _ if entry.source.is_of_connection(name) => Brought::Cast,
            // Digits take the collation of the strings beside them.
            (None, Some(typ)) if typ.is_number() && typ != Type::BIT => Brought::Nothing,
            (None, Some(typ)) if typ.is_temporal() => Brought::Nothing,
            _ => Brought::Unknown,
        }
    }
}

/// Returns whether a cast names no character set.
fn is_plain(target: &CastType<'_>) -> bool {
    target.charset.is_none() && !target.binary && !target.array
}
