//! Bind variables in place of columns of another operator.
//!
//! A column has a type, where the literal that stands for it on a shard has the type of a literal:
//! `5` is signed, be the column unsigned or not, and a string of bytes takes on the collation of
//! what it is compared with. Where the difference can be seen, the variable is cast.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Code, Error};
use vt_sql::Arena;
use vt_sql::ast::{
    Between, Binary, BinaryOp, Cast, CastKind, CastType, ColumnName, ConvertUsing, Expr, In,
    InList, Query, QueryBody,
};
use vt_value::Type;

use crate::analyze::Scope;
use crate::planner::Planner;
use crate::tree::{Rewrite, rewrite_children, rewrite_query};

/// A column, found by where it lies in memory, and the variable for it.
pub(super) struct BoundColumn<'a> {
    pub(super) place: *const ColumnName<'a>,
    pub(super) var: Expr<'a>,
    /// The column's type, where it is known.
    pub(super) typ: Option<Type>,
    /// The column's collation, where it is known.
    pub(super) collation: Option<Arc<str>>,
}

/// Puts bind variables in place of columns.
pub(super) struct Binder<'p, 'a> {
    planner: &'p Planner<'a>,
    vars: Vec<BoundColumn<'a>>,
    /// What names mean in the query that is changed; `None` where nobody knows.
    scope: Option<Rc<Scope<'a>>>,
}

impl<'p, 'a> Binder<'p, 'a> {
    pub(super) fn new(
        planner: &'p Planner<'a>,
        vars: Vec<BoundColumn<'a>>,
        scope: &Rc<Scope<'a>>,
    ) -> Binder<'p, 'a> {
        Binder { planner, vars, scope: Some(scope.clone()) }
    }

    fn held(&self, expr: Expr<'a>) -> Option<&BoundColumn<'a>> {
        let Expr::Column(column) = expr else { return None };
        self.vars.iter().find(|one| std::ptr::eq(one.place, column))
    }

    /// Returns the type of a column that stays, or of one that becomes a variable.
    fn type_of(&self, expr: Expr<'a>) -> Option<Type> {
        match self.held(expr) {
            Some(held) => held.typ,
            None => self.planner.type_of(expr, self.scope.as_deref()?),
        }
    }

    /// Changes one side of a comparison.
    fn compared(&mut self, expr: Expr<'a>, other: Expr<'a>) -> Result<Expr<'a>, Error> {
        if let (Expr::Row(one), Expr::Row(two)) = (expr, other)
            && one.len() == two.len()
        {
            let mut parts = Vec::with_capacity(one.len());
            for (part, other) in one.iter().zip(two) {
                parts.push(self.compared(*part, *other)?);
            }
            return Ok(Expr::Row(self.arena().list(&parts)));
        }
        let Some(BoundColumn { var, typ, collation, .. }) = self.held(expr) else {
            return self.expr(expr);
        };
        let (var, typ, collation) = (*var, *typ, collation.clone());
        let of_column = matches!(other, Expr::Column(_)) && self.held(other).is_none();
        let against = self.type_of(other);
        if of_column && against == Some(Type::YEAR) && typ != Some(Type::YEAR) {
            return Ok(self.planner.not_a_short_year(var));
        }
        Ok(match (typ.is_some_and(is_bytes), against.is_some_and(is_bytes)) {
            (true, false) => self.cast(var, CastKind::Binary),
            (false, true) => self.in_charset(var, collation.as_deref()).unwrap_or(var),
            _ => var,
        })
    }

    /// Returns the variable with its column's type, where it is reckoned with.
    fn operand(&self, held: &BoundColumn<'a>) -> Expr<'a> {
        let var = held.var;
        match held.typ {
            _ if let Some(text) = self.in_charset(var, held.collation.as_deref()) => text,
            Some(Type::YEAR) => var,
            Some(typ) if typ.is_unsigned() => self.cast(var, CastKind::Unsigned),
            Some(Type::FLOAT64) => self.cast(var, CastKind::Double),
            Some(typ) if is_bytes(typ) => self.cast(var, CastKind::Binary),
            _ => var,
        }
    }

    /// Returns a text with the bytes that its column's character set has for it, if those are
    /// others than the gateway's.
    fn in_charset(&self, expr: Expr<'a>, collation: Option<&str>) -> Option<Expr<'a>> {
        let charset = charset_of(collation?);
        if matches!(charset, "utf8mb4" | "utf8mb3" | "utf8" | "ascii" | "binary") {
            return None;
        }
        let charset = self.planner.arena.text(charset);
        Some(Expr::ConvertUsing(self.planner.arena.node(ConvertUsing { expr, charset })))
    }

    fn cast(&self, expr: Expr<'a>, kind: CastKind) -> Expr<'a> {
        let target = CastType {
            kind,
            length: None,
            scale: None,
            charset: None,
            binary: false,
            array: false,
        };
        Expr::Cast(self.planner.arena.node(Cast { expr, target, time_zone: None }))
    }

    fn compare(&mut self, one: &'a Binary<'a>) -> Result<Expr<'a>, Error> {
        self.refuse_mixed(one)?;
        let left = self.compared(one.left, one.right)?;
        let right = self.compared(one.right, one.left)?;
        Ok(Expr::Binary(self.arena().node(Binary { left, right, ..*one })))
    }

    /// Refuses, as MySQL does, to compare columns of two collations of which neither goes first;
    /// a value alone would take on the other's.
    fn refuse_mixed(&self, one: &Binary<'a>) -> Result<(), Error> {
        let collation = |expr: Expr<'a>| match (expr, self.held(expr)) {
            (_, Some(held)) => held.collation.clone(),
            (Expr::Column(_), None) => self.planner.collation_of(expr, self.scope.as_deref()?),
            _ => None,
        };
        let is_text = |expr| self.type_of(expr).is_some_and(|typ| typ.is_text() && !is_bytes(typ));
        if !is_text(one.left) || !is_text(one.right) {
            return Ok(());
        }
        let (Some(left), Some(right)) = (collation(one.left), collation(one.right)) else {
            return Ok(());
        };
        let yields = |name: &str| name.ends_with("_bin") || name == "binary";
        if left == right
            || charset_of(&left) != charset_of(&right)
            || yields(&left)
            || yields(&right)
        {
            return Ok(());
        }
        let message = format!(
            "Illegal mix of collations ({left},IMPLICIT) and ({right},IMPLICIT) for operation '{}'",
            symbol(one.op)
        );
        Err(Error::mysql(1267, b"HY000", message).with_code(Code::InvalidArgument))
    }

    fn among(&mut self, one: &'a In<'a>, list: &'a [Expr<'a>]) -> Result<Expr<'a>, Error> {
        let first = list.first().copied().unwrap_or(Expr::Null);
        let expr = self.compared(one.expr, first)?;
        let mut values = Vec::with_capacity(list.len());
        for value in list {
            values.push(self.compared(*value, one.expr)?);
        }
        let list = InList::Exprs(self.arena().list(&values));
        Ok(Expr::In(self.arena().node(In { expr, list, ..*one })))
    }

    fn between(&mut self, one: &'a Between<'a>) -> Result<Expr<'a>, Error> {
        let expr = self.compared(one.expr, one.low)?;
        let low = self.compared(one.low, one.expr)?;
        let high = self.compared(one.high, one.expr)?;
        Ok(Expr::Between(self.arena().node(Between { expr, low, high, ..*one })))
    }
}

/// Returns the character set of a collation, which its name begins with.
fn charset_of(collation: &str) -> &str {
    collation.split_once('_').map_or(collation, |(charset, _)| charset)
}

/// Returns how MySQL's messages write a comparison.
fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::NullSafeEq => "<=>",
        BinaryOp::Ne => "<>",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        _ => "=",
    }
}

fn is_bytes(typ: Type) -> bool {
    matches!(typ, Type::BINARY | Type::VARBINARY | Type::BLOB)
}

impl<'a> Rewrite<'a> for Binder<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        match expr {
            Expr::Column(_) => Ok(match self.held(expr) {
                Some(held) => self.operand(held),
                None => expr,
            }),
            // A chain of operators is walked without recursion, and reckons with what it has.
            Expr::Binary(one) if one.op.is_comparison() && !matches!(one.left, Expr::Binary(_)) => {
                self.compare(one)
            }
            Expr::In(one) => match one.list {
                InList::Exprs(list) => self.among(one, list),
                InList::Literals(_) | InList::Bind(_) if self.held(one.expr).is_some() => {
                    let expr = self.compared(one.expr, Expr::Null)?;
                    Ok(Expr::In(self.arena().node(In { expr, ..*one })))
                }
                _ => rewrite_children(self, expr),
            },
            Expr::Between(one) => self.between(one),
            _ => rewrite_children(self, expr),
        }
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        let inside = match (query.body, query.with, &self.scope) {
            (QueryBody::Select(select), None, Some(around)) => {
                self.planner.scope_of(select, Some(around), &around.common).ok()
            }
            _ => None,
        };
        let around = std::mem::replace(&mut self.scope, inside);
        let changed = rewrite_query(self, query);
        self.scope = around;
        changed
    }
}
