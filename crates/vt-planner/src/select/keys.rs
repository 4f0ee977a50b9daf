//! The keys that the gateway sorts, groups and compares by.

use std::rc::Rc;

use vt_plan::SortKey;
use vt_sql::ast::{Binary, BinaryOp, Cast, CastKind, CastType, Expr, Function, Special};
use vt_value::{Collation, Type};

use crate::analyze::Scope;
use crate::analyze::scope::OF_CONNECTION;
use crate::planner::Planner;
use crate::tree::any_expr;

/// Makes the key of a column.
pub(crate) fn sort_key(column: usize, descending: bool, typ: Option<Type>) -> SortKey {
    SortKey { column, weight_column: None, descending, typ, collation: None }
}

/// Returns the id of a collation, or what stands for that of the connection.
pub(crate) fn collation_id(name: &str) -> Option<u16> {
    match name {
        OF_CONNECTION => Some(SortKey::OF_CONNECTION),
        name => Collation::from_name(name).map(|one| one.0),
    }
}

/// Returns whether an expression has another value each time, as RAND() has.
pub(crate) fn is_by_chance(expr: Expr<'_>) -> bool {
    any_expr(expr, &mut |part| match part {
        Expr::Function(call) => {
            ["rand", "uuid", "uuid_short", "random_bytes"].iter().any(|name| call.name.is(name))
        }
        _ => false,
    })
}

impl<'a> Planner<'a> {
    /// Makes the key of an expression that a column holds, with all that is known of its values.
    pub(crate) fn key(
        &self,
        column: usize,
        descending: bool,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> SortKey {
        let typ = match is_by_chance(expr) {
            // Weights would be by another chance.
            true => Some(Type::FLOAT64),
            false => self.type_of(expr, scope),
        };
        let collation = self.told_collation(expr, scope).and_then(|name| collation_id(&name));
        SortKey { collation, ..sort_key(column, descending, typ) }
    }

    /// Returns whether the order of a key's values wants a column of weights.
    pub(crate) fn needs_weight(key: &SortKey) -> bool {
        match key.typ {
            None => true,
            // Shards know the connection's as well.
            Some(typ) if typ.is_text() => {
                matches!(key.collation, None | Some(SortKey::OF_CONNECTION))
            }
            Some(typ) => matches!(typ, Type::ENUM | Type::SET | Type::FLOAT32),
        }
    }

    /// Makes what orders an expression's values: `weight_string(expr)`, or of an ENUM or SET, which
    /// order by their number, `expr + 0`; of a FLOAT the same number as a double, which a result
    /// tells to the last digit.
    pub(crate) fn weight(&self, expr: Expr<'a>, typ: Option<Type>) -> Expr<'a> {
        match typ {
            Some(Type::ENUM | Type::SET) => {
                let right = crate::fields::zero(self.arena);
                let number = Binary { op: BinaryOp::Add, left: expr, right };
                Expr::Binary(self.arena.node(number))
            }
            Some(Type::FLOAT32) => self.as_double(expr),
            // It may turn out to be no string: its weight is then not looked at, but must be there.
            None if !matches!(expr, Expr::Column(_)) => {
                let concat = Function::new("concat", self.arena.list(&[expr]));
                let expr = Expr::Function(self.arena.node(concat));
                Expr::Special(self.arena.node(Special::WeightString { expr, target: None }))
            }
            _ => Expr::Special(self.arena.node(Special::WeightString { expr, target: None })),
        }
    }

    /// Returns whether values of a key for MIN, MAX or DISTINCT want a column of weights: members
    /// of an ENUM or SET are the strings that they are there.
    pub(crate) fn compares_by_weight(key: &SortKey) -> bool {
        match key.typ {
            Some(Type::ENUM | Type::SET) => {
                matches!(key.collation, None | Some(SortKey::OF_CONNECTION))
            }
            _ => Planner::needs_weight(key),
        }
    }

    /// Makes what MIN, MAX and DISTINCT compare an expression's values by.
    pub(crate) fn compared(&self, expr: Expr<'a>, typ: Option<Type>) -> Expr<'a> {
        match typ {
            Some(Type::ENUM | Type::SET) => self.weight(expr, None),
            typ => self.weight(expr, typ),
        }
    }

    /// Makes a FLOAT a double, so that a result tells all of its digits.
    pub(crate) fn as_double(&self, expr: Expr<'a>) -> Expr<'a> {
        let kind = CastKind::Double;
        let target = CastType {
            kind,
            length: None,
            scale: None,
            charset: None,
            binary: false,
            array: false,
        };
        Expr::Cast(self.arena.node(Cast { expr, target, time_zone: None }))
    }
}
