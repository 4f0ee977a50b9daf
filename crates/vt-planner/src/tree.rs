//! Walking and rebuilding syntax trees: what the planner adds to [`vt_sql::visit`].
//!
//! The parts of each node are known there alone. Here a rewriter may fail, decides itself whether
//! to go on into an expression's parts, and sees queries and tables whole.

use vt_base::Error;
use vt_sql::Arena;
use vt_sql::ast::{
    Delete, Expr, Insert, Query, Select, SelectExpr, SelectItem, TableFactor, TableRef, Update,
};
use vt_sql::visit::{Node, Rewriter, Visitor, Walk};

/// Changes a tree on a way down; what is not overridden is rebuilt from its parts.
pub(crate) trait Rewrite<'a> {
    fn arena(&self) -> &'a Arena;

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error>;

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error>
    where
        Self: Sized,
    {
        rewrite_query(self, query)
    }

    fn table(&mut self, table: &'a TableFactor<'a>) -> Result<&'a TableFactor<'a>, Error> {
        Ok(table)
    }

    /// Changes an item of a select list, its expression already changed.
    fn select_item(&mut self, item: SelectItem<'a>) -> Result<SelectItem<'a>, Error> {
        Ok(item)
    }
}

/// Rebuilds an expression from its parts, each changed by `r`.
pub(crate) fn rewrite_children<'a, R: Rewrite<'a>>(
    r: &mut R,
    expr: Expr<'a>,
) -> Result<Expr<'a>, Error> {
    let mut parts = Parts::of(r);
    let changed = match expr {
        Expr::Binary(top) => Some(parts.chain(top)),
        _ => expr.rewrite_parts(&mut parts),
    };
    parts.end(changed.unwrap_or(expr))
}

/// Rebuilds a query from its parts, each changed by `r`.
pub(crate) fn rewrite_query<'a, R: Rewrite<'a>>(
    r: &mut R,
    query: &'a Query<'a>,
) -> Result<&'a Query<'a>, Error> {
    let mut parts = Parts::of(r);
    let changed = query.rewrite_parts(&mut parts);
    let changed = changed.map_or(query, |query| parts.rewrite.arena().node(query));
    parts.end(changed)
}

/// Rebuilds an INSERT from its parts, each changed by `r`; the table's name stays.
pub(crate) fn rewrite_insert<'a, R: Rewrite<'a>>(
    r: &mut R,
    insert: &'a Insert<'a>,
) -> Result<&'a Insert<'a>, Error> {
    rebuilt(r, insert)
}

/// Rebuilds an UPDATE from its parts, each changed by `r`.
pub(crate) fn rewrite_update<'a, R: Rewrite<'a>>(
    r: &mut R,
    update: &'a Update<'a>,
) -> Result<&'a Update<'a>, Error> {
    rebuilt(r, update)
}

/// Rebuilds a DELETE from its parts, each changed by `r`.
pub(crate) fn rewrite_delete<'a, R: Rewrite<'a>>(
    r: &mut R,
    delete: &'a Delete<'a>,
) -> Result<&'a Delete<'a>, Error> {
    rebuilt(r, delete)
}

fn rebuilt<'a, R: Rewrite<'a>, T: Node<'a>>(r: &mut R, node: T) -> Result<T, Error> {
    let mut parts = Parts::of(r);
    let changed = node.rewritten(&mut parts);
    parts.end(changed)
}

/// Gives each part to a [`Rewrite`] and keeps its first error.
struct Parts<'r, R> {
    rewrite: &'r mut R,
    failed: Option<Error>,
}

impl<'a, 'r, R: Rewrite<'a>> Parts<'r, R> {
    fn of(rewrite: &'r mut R) -> Parts<'r, R> {
        Parts { rewrite, failed: None }
    }

    fn end<T>(self, changed: T) -> Result<T, Error> {
        self.failed.map_or(Ok(changed), Err)
    }

    /// Changes a part, unless one has failed; then what comes out does not matter.
    fn part<T: Copy>(
        &mut self,
        part: T,
        change: impl FnOnce(&mut R, T) -> Result<T, Error>,
    ) -> Option<T> {
        if self.failed.is_some() {
            return Some(part);
        }
        match change(self.rewrite, part) {
            Ok(changed) => Some(changed),
            Err(error) => {
                self.failed = Some(error);
                Some(part)
            }
        }
    }

    /// Rebuilds a chain of operators, `a + b + c + ...`, which may be too long to recurse along.
    fn chain(&mut self, top: &'a vt_sql::ast::Binary<'a>) -> Expr<'a> {
        let mut links = vec![top];
        let mut first = top.left;
        while let Expr::Binary(link) = first {
            links.push(link);
            first = link.left;
        }
        let mut left = self.expr(&first).unwrap_or(first);
        for link in links.into_iter().rev() {
            let right = self.expr(&link.right).unwrap_or(link.right);
            let link = vt_sql::ast::Binary { left, right, ..*link };
            left = Expr::Binary(self.rewrite.arena().node(link));
        }
        left
    }
}

impl<'a, R: Rewrite<'a>> Rewriter<'a> for Parts<'_, R> {
    fn arena(&self) -> &'a Arena {
        self.rewrite.arena()
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Option<Expr<'a>> {
        self.part(*expr, |rewrite, expr| rewrite.expr(expr))
    }

    fn query(&mut self, query: &'a Query<'a>) -> Option<&'a Query<'a>> {
        self.part(query, |rewrite, query| rewrite.query(query))
    }

    fn select_item(&mut self, item: &SelectItem<'a>) -> Option<SelectItem<'a>> {
        self.part(*item, |rewrite, item| {
            let item = match item {
                SelectItem::Star(_) => item,
                SelectItem::Next(expr) => SelectItem::Next(rewrite.expr(expr)?),
                SelectItem::Expr(item) => {
                    SelectItem::Expr(SelectExpr { expr: rewrite.expr(item.expr)?, ..item })
                }
            };
            rewrite.select_item(item)
        })
    }

    fn table_ref(&mut self, table: &TableRef<'a>) -> Option<TableRef<'a>> {
        let TableRef::Table(factor) = table else { return None };
        self.part(*factor, |rewrite, factor| rewrite.table(factor)).map(TableRef::Table)
    }
}

/// A part of an expression or a query.
#[derive(Clone, Copy)]
pub(crate) enum Child<'a> {
    Expr(Expr<'a>),
    Query(&'a Query<'a>),
}

/// Calls `f` for each direct part of an expression.
pub(crate) fn walk_children<'a>(expr: Expr<'a>, f: &mut dyn FnMut(Child<'a>)) {
    let _ = expr.walk_parts(&mut Children { f });
}

/// Calls `f` for each expression and query that stands directly in a query: not inside another
/// expression, and not inside a query that one of them holds.
pub(crate) fn walk_query<'a>(query: &'a Query<'a>, f: &mut dyn FnMut(Child<'a>)) {
    let _ = query.walk_parts(&mut Children { f });
}

/// Calls `f` for each expression and query that stands directly in a `SELECT`.
pub(crate) fn walk_select<'a>(select: &'a Select<'a>, f: &mut dyn FnMut(Child<'a>)) {
    let _ = select.walk_parts(&mut Children { f });
}

struct Children<'f, 'a> {
    f: &'f mut dyn FnMut(Child<'a>),
}

impl<'a> Visitor<'a> for Children<'_, 'a> {
    fn expr(&mut self, expr: &Expr<'a>) -> Walk {
        (self.f)(Child::Expr(*expr));
        Walk::Over
    }

    fn query(&mut self, query: &'a Query<'a>) -> Walk {
        (self.f)(Child::Query(query));
        Walk::Over
    }
}

/// Returns whether a predicate holds for an expression or a part of it; queries in it are not
/// looked into.
pub(crate) fn any_expr<'a>(expr: Expr<'a>, test: &mut dyn FnMut(Expr<'a>) -> bool) -> bool {
    struct Search<'t, 'a> {
        test: &'t mut dyn FnMut(Expr<'a>) -> bool,
    }
    impl<'a> Visitor<'a> for Search<'_, 'a> {
        fn expr(&mut self, expr: &Expr<'a>) -> Walk {
            if (self.test)(*expr) { Walk::Stop } else { Walk::Into }
        }

        fn query(&mut self, _: &'a Query<'a>) -> Walk {
            Walk::Over
        }
    }
    expr.walk(&mut Search { test }).is_break()
}
