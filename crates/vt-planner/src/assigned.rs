//! User variables that a query sets: `SELECT @a := expression`.
//!
//! The shards are asked for the expression alone, and the gateway keeps what the last row had. That
//! is what MySQL does where nothing in the statement reads the variable, and where it is told which
//! row is the last.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Node, Routing};
use vt_sql::ast::{
    Expr, Limit, LiteralKind, Query, QueryBody, Select, SelectExpr, SelectItem, Statement, Variable,
};
use vt_sql::visit::any_expr;

use crate::planner::Planner;
use crate::select::{has_aggregate, has_window};

/// Variables with the places of their columns.
type Assigns = Vec<(usize, Arc<str>)>;

impl<'a> Planner<'a> {
    /// Takes assignments out of a query's select list; returns the variables that its last row
    /// sets. Those that stand elsewhere stay, and are refused where they are planned.
    pub(crate) fn without_assignments(
        &self,
        statement: Statement<'a>,
    ) -> Result<(Statement<'a>, Assigns), Error> {
        let unchanged = (statement, Assigns::new());
        let Statement::Query(query) = statement else { return Ok(unchanged) };
        let QueryBody::Select(select) = query.body else { return Ok(unchanged) };
        let is_assignment = |item: &SelectItem<'a>| {
            matches!(item, SelectItem::Expr(SelectExpr { expr: Expr::Assign(_), .. }))
        };
        if !select.items.iter().any(is_assignment) {
            return Ok(unchanged);
        }
        let (mut items, mut assigns) = (Vec::with_capacity(select.items.len()), Assigns::new());
        for (place, item) in select.items.iter().enumerate() {
            items.push(match item {
                SelectItem::Expr(one) => match one.expr {
                    Expr::Assign(assign) => {
                        assigns.push((place, assign.variable.to_lowercase().into()));
                        SelectItem::Expr(SelectExpr { expr: assign.value, ..*one })
                    }
                    _ => *item,
                },
                // How many columns there are is known but later.
                SelectItem::Star(_) => {
                    return Err(Error::unsupported("an assignment beside * in a select list"));
                }
                SelectItem::Next(_) => *item,
            });
        }
        let select = self.arena.node(Select { items: self.arena.list(&items), ..*select });
        let query: &'a Query<'a> =
            self.arena.node(Query { body: QueryBody::Select(select), ..*query });
        let statement = Statement::Query(query);
        if uses(query, &assigns) {
            let message = "an assignment to a user variable that the statement reads as well";
            return Err(Error::unsupported(message));
        }
        Ok((statement, assigns))
    }
}

/// Returns whether a query reads one of the variables, or assigns anything else.
fn uses(query: &Query<'_>, assigns: &[(usize, Arc<str>)]) -> bool {
    any_expr(&query, |expr| match expr {
        Expr::Assign(_) => true,
        Expr::Variable(Variable::User(name)) => {
            assigns.iter().any(|(_, held)| name.to_lowercase() == **held)
        }
        _ => false,
    })
}

/// Refuses a query of which nobody says which row is the last.
pub(crate) fn refuse_any_last_row(statement: Statement<'_>, root: &Node) -> Result<(), Error> {
    let Statement::Query(query) = statement else { return Ok(()) };
    let QueryBody::Select(select) = query.body else { return Ok(()) };
    let grouped = select.group_by.is_some() || select.options.distinct;
    if !grouped && !has_window(query, select) {
        let one_shard = match root {
            Node::Route(route) => matches!(
                route.routing,
                Routing::Unsharded | Routing::AnyShard | Routing::Equal { .. }
            ),
            _ => false,
        };
        let one_row =
            select.from.is_empty() || has_aggregate(select) || query.limit.is_some_and(is_one);
        if one_shard || one_row || !query.order_by.is_empty() {
            return Ok(());
        }
    }
    let message = "an assignment to a user variable in a query without ORDER BY over shards, or \
                   of groups or windows";
    Err(Error::unsupported(message))
}

fn is_one(limit: Limit<'_>) -> bool {
    match limit.count {
        Expr::Literal(literal) => literal.kind == LiteralKind::Int && literal.value == b"1",
        _ => false,
    }
}
