//! Which literals of a statement become arguments of its plan.
//!
//! The plan cache works on three facts that must agree:
//!
//! 1. [`fingerprint`](crate::fingerprint::fingerprint) reads a statement's text once, with the
//!    lexer alone. It yields the hash of the shape and the literals, numbered from 0 in the order
//!    of the text: these numbers are the *ordinals*.
//! 2. [`parse`](crate::parse) reads the same text with the same lexer, so every [`Literal`] of the
//!    tree carries the same ordinal.
//! 3. [`normalize`] decides for every ordinal: it becomes the bind variable `:vtgN` (`::vtgN` for
//!    a folded `IN` list), where N is the ordinal plus one, or it stays *frozen* in the text.
//!
//! On a hit the gateway takes the literals' values straight from the text and binds them by
//! number; nothing is parsed. A cached plan fits only if the frozen literals read as they did
//! when it was made ([`frozen_match`]). A literal is frozen where its value decides the plan or
//! the shape of the result, or where it must reach MySQL as it was written:
//!
//! - in a select expression without alias, whose text names the column;
//! - in `ORDER BY` and `GROUP BY`, where a number is a position, and an expression must equal one
//!   of the select list (whose literals then are frozen, too);
//! - beside a column that names a database (`table_schema = 'x'`), which decides where a query of
//!   `information_schema` goes;
//! - in `OVER (...)`, as separator or escape character, behind `->`, as precision of `NOW(6)`, and
//!   as `N'...'`;
//! - everywhere that is not an expression: lengths, paths of `JSON_TABLE`, file names, hints;
//! - in statements that are not queries, `INSERT`, `REPLACE`, `UPDATE` or `DELETE`.

use crate::{
    Arena,
    ast::{
        Aggregate, Binary, BinaryOp, Bind, Expr, GroupBy, GroupModifier, In, InList, InsertSource,
        Like, Literal, LiteralKind, OrderItem, Query, Select, SelectItem, Statement,
    },
    fingerprint::Fingerprint,
    visit::{Node, Rewriter, any_expr},
};

/// A statement whose literals have become binds.
#[derive(Clone, Debug)]
pub struct Normalized<'a> {
    pub statement: Statement<'a>,
    /// The ordinals that became binds, in rising order: ordinal N is `vtg{N + 1}`.
    pub bound: Vec<u32>,
}

/// A literal that stayed in the text of a cached plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenLiteral {
    pub ordinal: u32,
    /// As written, with its quotes.
    pub text: Box<[u8]>,
}

/// Replaces literals by binds wherever that is safe.
pub fn normalize<'a>(arena: &'a Arena, statement: &Statement<'a>) -> Normalized<'a> {
    let mut normalizer = Normalizer { arena, bound: Vec::new(), names: true };
    let statement = match statement {
        Statement::Query(_) | Statement::Update(_) | Statement::Delete(_) => {
            statement.rewritten(&mut normalizer)
        }
        Statement::Insert(insert) => {
            // Nobody sees the names of the columns that an insert reads.
            normalizer.names = !matches!(insert.source, InsertSource::Query(_));
            statement.rewritten(&mut normalizer)
        }
        _ => *statement,
    };
    let mut bound = normalizer.bound;
    bound.sort_unstable();
    bound.dedup();
    Normalized { statement, bound }
}

/// Returns the name of the bind variable for an ordinal.
pub fn bind_name(ordinal: u32) -> String {
    format!("vtg{}", ordinal + 1)
}

/// Returns what must be equal in a statement's text for the plan of `normalized` to fit.
pub fn frozen_literals(
    sql: &str,
    fingerprint: &Fingerprint,
    normalized: &Normalized<'_>,
) -> Vec<FrozenLiteral> {
    (0..fingerprint.literals.len() as u32)
        .filter(|ordinal| normalized.bound.binary_search(ordinal).is_err())
        .map(|ordinal| FrozenLiteral { ordinal, text: text(sql, fingerprint, ordinal).into() })
        .collect()
}

/// Tells whether a statement has the same frozen literals as the plan that was cached.
pub fn frozen_match(sql: &str, fingerprint: &Fingerprint, frozen: &[FrozenLiteral]) -> bool {
    frozen.iter().all(|literal| *literal.text == *text(sql, fingerprint, literal.ordinal))
}

fn text<'s>(sql: &'s str, fingerprint: &Fingerprint, ordinal: u32) -> &'s [u8] {
    fingerprint
        .literals
        .get(ordinal as usize)
        .and_then(|span| sql.as_bytes().get(span.start as usize..span.end as usize))
        .unwrap_or_default()
}

struct Normalizer<'a> {
    arena: &'a Arena,
    bound: Vec<u32>,
    /// Whether the text of select expressions names columns.
    names: bool,
}

impl<'a> Normalizer<'a> {
    fn bind(&mut self, ordinal: u32, list: bool) -> &'a Bind<'a> {
        self.bound.push(ordinal);
        let name = bumpalo::format!(in self.arena.bump(), "vtg{}", ordinal + 1);
        self.arena.node(Bind { name: name.into_bump_str(), list })
    }

    fn in_list(&mut self, in_list: &In<'a>) -> Option<Expr<'a>> {
        let InList::Literals(literals) = in_list.list else { return None };
        let expr = in_list.expr.rewritten(self);
        let list = match literals.first() {
            Some(first) if literals.iter().all(is_bindable) => {
                InList::Bind(self.bind(first.ordinal, true))
            }
            _ => in_list.list,
        };
        Some(Expr::In(self.arena.node(In { expr, list, ..*in_list })))
    }

    /// Rewrites a select whose literals may be bound outside of unnamed columns.
    fn open_select(&mut self, select: &Select<'a>) -> Select<'a> {
        let mut new = *select;
        let mut items = self.arena.vec();
        for item in select.items {
            items.push(match item {
                SelectItem::Expr(expr) if expr.alias.is_none() && self.names => *item,
                _ => item.rewritten(self),
            });
        }
        new.items = items.into_bump_slice();
        let names = std::mem::replace(&mut self.names, true);
        new.from = select.from.rewritten(self);
        new.filter = select.filter.rewritten(self);
        new.having = select.having.rewritten(self);
        self.names = names;
        new
    }

    /// Rewrites a select whose select list must stay as it is.
    fn closed_select(&mut self, select: &Select<'a>) -> Select<'a> {
        let mut new = *select;
        let names = std::mem::replace(&mut self.names, true);
        new.from = select.from.rewritten(self);
        new.filter = select.filter.rewritten(self);
        self.names = names;
        new
    }

    fn function(&mut self, name: &str) -> bool {
        const PRECISIONS: &[&str] = &[
            "now",
            "current_timestamp",
            "localtime",
            "localtimestamp",
            "current_time",
            "curtime",
            "sysdate",
            "utc_time",
            "utc_timestamp",
        ];
        PRECISIONS.iter().any(|function| function.eq_ignore_ascii_case(name))
    }
}

/// Tells whether a literal means the same as a bind value.
fn is_bindable(literal: &Literal<'_>) -> bool {
    literal.ordinal != Literal::MADE && literal.kind != LiteralKind::NationalStr
}

/// Tells whether an expression is a column of `information_schema` that names a database.
fn names_database(expr: &Expr<'_>) -> bool {
    let Expr::Column(column) = expr else { return false };
    let name = column.name.text.as_bytes();
    let suffix = b"_schema";
    name.eq_ignore_ascii_case(b"schema_name")
        || name.len() > suffix.len()
            && name[name.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

fn has_literal<'a>(node: &impl Node<'a>) -> bool {
    any_expr(node, |expr| match expr {
        Expr::Literal(_) => true,
        Expr::In(in_list) => matches!(in_list.list, InList::Literals(_)),
        _ => false,
    })
}

/// Tells whether a literal stands in an expression that the select list may have to equal; a
/// number alone is a position, and stands for itself.
fn orders_by_literal(items: &[OrderItem<'_>]) -> bool {
    items.iter().any(|item| !matches!(item.expr, Expr::Literal(_)) && has_literal(&item.expr))
}

fn groups_by_literal(group_by: Option<&GroupBy<'_>>) -> bool {
    group_by.is_some_and(|group| {
        if let GroupModifier::Sets(sets) = group.modifier {
            return sets.iter().flat_map(|set| set.iter()).any(has_literal);
        }
        group.exprs.iter().any(|expr| !matches!(expr, Expr::Literal(_)) && has_literal(expr))
    })
}

impl<'a> Rewriter<'a> for Normalizer<'a> {
    fn arena(&self) -> &'a Arena {
        self.arena
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Option<Expr<'a>> {
        match expr {
            Expr::Literal(literal) if is_bindable(literal) => {
                Some(Expr::Bind(self.bind(literal.ordinal, false)))
            }
            Expr::In(in_list) if names_database(&in_list.expr) => Some(*expr),
            Expr::In(in_list) => self.in_list(in_list),
            Expr::Binary(binary)
                if binary.op.is_comparison()
                    && (names_database(&binary.left) || names_database(&binary.right)) =>
            {
                Some(*expr)
            }
            Expr::Like(like) if like.escape.is_some() => {
                let expr = like.expr.rewritten(self);
                let pattern = like.pattern.rewritten(self);
                Some(Expr::Like(self.arena.node(Like { expr, pattern, ..**like })))
            }
            Expr::Binary(Binary { op: BinaryOp::JsonExtract | BinaryOp::JsonUnquote, .. })
            | Expr::Window(_) => Some(*expr),
            Expr::Aggregate(aggregate)
                if aggregate.over.is_some()
                    || aggregate.separator.is_some()
                    || !aggregate.order_by.is_empty() =>
            {
                let args = aggregate.args.rewritten(self);
                Some(Expr::Aggregate(self.arena.node(Aggregate { args, ..**aggregate })))
            }
            Expr::Function(function) if self.function(function.name.text) => Some(*expr),
            _ => None,
        }
    }

    fn query(&mut self, query: &'a Query<'a>) -> Option<&'a Query<'a>> {
        let mut new = *query;
        let names = self.names;
        // The names of a common table's columns are those of its query.
        self.names = true;
        new.with = query.with.rewritten(self);
        self.names = names;
        new.body = match query.body {
            crate::ast::QueryBody::Select(select) if orders_by_literal(query.order_by) => {
                let select = self.closed_select(select);
                crate::ast::QueryBody::Select(self.arena.node(select))
            }
            body => body.rewritten(self),
        };
        new.limit = query.limit.rewritten(self);
        Some(self.arena.node(new))
    }

    fn select(&mut self, select: &'a Select<'a>) -> Option<&'a Select<'a>> {
        let select = match groups_by_literal(select.group_by) {
            true => self.closed_select(select),
            false => self.open_select(select),
        };
        Some(self.arena.node(select))
    }
}

#[cfg(test)]
mod tests;
