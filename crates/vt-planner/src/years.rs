//! YEAR columns beside values that no statement has as literals.
//!
//! MySQL takes a literal of one or two digits that is compared with a YEAR column for a year, `5`
//! for 2005, and a value that comes with the execution for a number. On a shard both are literals:
//! a number that is no year keeps its meaning if it is another one that no year is.

use vt_base::Error;
use vt_sql::Arena;
use vt_sql::ast::{
    Between, Binary, BinaryOp, Bind, Expr, Function, Ident, Query, Statement, Unary, UnaryOp,
};
use vt_value::Type;

use crate::analyze::tables::tables_of;
use crate::fields::number;
use crate::planner::{Located, Planner};
use crate::tree::{Rewrite, rewrite_children, rewrite_delete, rewrite_query, rewrite_update};

/// The least number that is neither a year nor short for one.
const NO_YEAR: usize = 100;

impl<'a> Planner<'a> {
    /// Lets parameters of a prepared statement mean to YEAR columns what they mean to MySQL.
    pub(crate) fn with_years(&self, statement: Statement<'a>) -> Result<Statement<'a>, Error> {
        let query = matches!(statement, Statement::Query(_));
        if !query && !matches!(statement, Statement::Update(_) | Statement::Delete(_)) {
            return Ok(statement);
        }
        let mut years: Vec<String> = Vec::new();
        let mut others: Vec<String> = Vec::new();
        for name in tables_of(statement) {
            // What is no table is told of where it is planned.
            let Ok(Located::Table(table)) = self.locate(name) else { continue };
            for column in &table.columns {
                let names = if column.typ == Type::YEAR { &mut years } else { &mut others };
                names.push(column.name.to_lowercase());
            }
        }
        years.retain(|name| !others.contains(name));
        if years.is_empty() {
            return Ok(statement);
        }
        let mut form = Years { planner: self, years, negated: false };
        Ok(match statement {
            Statement::Query(query) => Statement::Query(rewrite_query(&mut form, query)?),
            Statement::Update(update) => Statement::Update(rewrite_update(&mut form, update)?),
            Statement::Delete(delete) => Statement::Delete(rewrite_delete(&mut form, delete)?),
            other => other,
        })
    }

    /// Returns a value that, beside a YEAR column, is a number and never short for a year.
    pub(crate) fn not_a_short_year(&self, value: Expr<'a>) -> Expr<'a> {
        let arena = self.arena;
        let (low, high) = (number(arena, 1), number(arena, NO_YEAR - 1));
        let short = Between { expr: value, low, high, negated: false };
        let args = [Expr::Between(arena.node(short)), number(arena, NO_YEAR), value];
        Expr::Function(arena.node(Function {
            schema: None,
            name: Ident::new("if"),
            quoted: false,
            args: arena.list(&args),
            aliases: &[],
        }))
    }
}

struct Years<'p, 'a> {
    planner: &'p Planner<'a>,
    /// Names that only YEAR columns have, in lower case.
    years: Vec<String>,
    /// Under NOT, where MySQL makes no constant of what a column equals.
    negated: bool,
}

impl<'a> Years<'_, 'a> {
    fn is_year(&self, expr: Expr<'a>) -> bool {
        let Expr::Column(column) = expr else { return false };
        self.years.contains(&column.name.as_str().to_lowercase())
    }

    /// Returns a parameter as a number, and anything else as it is.
    fn value(&self, expr: Expr<'a>) -> Expr<'a> {
        match expr {
            Expr::Bind(one) if is_parameter(one) => self.planner.not_a_short_year(expr),
            other => other,
        }
    }
}

/// Returns whether a bind variable is a mark of the statement, and not one of its literals.
fn is_parameter(bind: &Bind<'_>) -> bool {
    let digits = bind.name.strip_prefix('v').unwrap_or_default();
    !bind.list && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'a> Rewrite<'a> for Years<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        match expr {
            Expr::Unary(Unary { op: UnaryOp::Not | UnaryOp::HighNot | UnaryOp::Bang, .. }) => {
                let before = std::mem::replace(&mut self.negated, true);
                let changed = rewrite_children(self, expr);
                self.negated = before;
                changed
            }
            // What a column equals, MySQL reads as the column does.
            Expr::Binary(one) if one.op == BinaryOp::Eq && !self.negated => {
                rewrite_children(self, expr)
            }
            Expr::Binary(one)
                if one.op.is_comparison()
                    && (self.is_year(one.left) || self.is_year(one.right)) =>
            {
                let (left, right) = (self.value(one.left), self.value(one.right));
                Ok(Expr::Binary(self.arena().node(Binary { left, right, ..*one })))
            }
            Expr::Between(one) if self.is_year(one.expr) => {
                let (low, high) = (self.value(one.low), self.value(one.high));
                Ok(Expr::Between(self.arena().node(Between { low, high, ..*one })))
            }
            _ => rewrite_children(self, expr),
        }
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        let before = std::mem::replace(&mut self.negated, false);
        let changed = rewrite_query(self, query);
        self.negated = before;
        changed
    }
}
