//! Expressions that the gateway cannot compute, asked of a shard for each row.
//!
//! The rows become the left side of a join whose right side is a select without a table, sent to
//! any shard: it has the expressions, with bind variables for the columns that they read. Rows that
//! bind the same values ask but once.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Join, JoinColumn, JoinKind, Node, Route, Routing};
use vt_sql::Arena;
use vt_sql::ast::{
    Comments, Expr, Query, QueryBody, Select, SelectExpr, SelectItem, SelectOptions,
};

use super::build::plain_query;
use crate::fields::without_rows;
use crate::planner::Planner;
use crate::shard_form::{ShardForm, bind, shard_sql};
use crate::tree::{Rewrite, rewrite_children};

/// Where a part of an expression stands in the rows.
pub(crate) type PlaceOf<'f, 'a> = &'f dyn Fn(Expr<'a>) -> Option<usize>;

impl<'a> Planner<'a> {
    /// Gives rows of so many columns further ones, which a shard computes.
    ///
    /// # Errors
    /// A column of an expression has no place in the rows.
    pub(crate) fn asked(
        &self,
        rows: Node,
        width: usize,
        exprs: &[Expr<'a>],
        place: PlaceOf<'_, 'a>,
    ) -> Result<Node, Error> {
        let mut binder = Binder { planner: self, place, vars: Vec::new() };
        let mut items = Vec::with_capacity(exprs.len());
        for expr in exprs {
            let expr = binder.expr(*expr)?;
            items.push(SelectItem::Expr(SelectExpr { expr, alias: None, name: "" }));
        }
        let vars = binder.vars;
        let select = Select {
            comments: Comments::NONE,
            options: SelectOptions::default(),
            items: self.arena.list(&items),
            from: &[],
            filter: None,
            group_by: None,
            having: None,
            windows: &[],
            qualify: None,
        };
        let query: &'a Query<'a> =
            self.arena.node(plain_query(QueryBody::Select(self.arena.node(select))));
        let query = ShardForm::new(self).query(query)?;
        let keyspace = self.any_keyspace()?.keyspace.clone();
        let routing = match keyspace.sharded {
            true => Routing::AnyShard,
            false => Routing::Unsharded,
        };
        let mut right = Route::new(keyspace.name.clone(), routing, shard_sql(query));
        if let Some(fields) = without_rows(self.arena, query) {
            right.field_sql = shard_sql(&fields).into();
        }
        let own = (0..width).map(JoinColumn::Left);
        let columns = own.chain((0..exprs.len()).map(JoinColumn::Right)).collect();
        let right = Node::Route(Box::new(right));
        let join = Join::new(JoinKind::Inner, rows, right, columns);
        Ok(Node::Join(Box::new(Join { vars, ..join })))
    }
}

/// Puts bind variables in place of what the rows have.
struct Binder<'p, 'a> {
    planner: &'p Planner<'a>,
    place: PlaceOf<'p, 'a>,
    vars: Vec<(Arc<str>, usize)>,
}

impl<'a> Rewrite<'a> for Binder<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        if let Some(column) = (self.place)(expr) {
            let held = self.vars.iter().find(|(_, held)| *held == column);
            let name = match held {
                Some((name, _)) => name.clone(),
                None => {
                    let name: Arc<str> = format!("__ask{column}").into();
                    self.vars.push((name.clone(), column));
                    name
                }
            };
            return Ok(bind(self.planner, self.planner.arena.text(&name)));
        }
        match expr {
            Expr::Column(_) | Expr::Aggregate(_) | Expr::Window(_) => {
                let text = vt_sql::to_sql(&expr);
                Err(Error::unsupported(format!("expr cannot be translated, not supported: {text}")))
            }
            _ => rewrite_children(self, expr),
        }
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        Err(Error::unsupported(format!(
            "expr cannot be translated, not supported: ({})",
            vt_sql::to_sql(query)
        )))
    }
}
