//! `sql_select_limit`: how many rows a SELECT gives that has no LIMIT of its own.

use vt_eval::Expr;
use vt_plan::{Node, Plan, Routing, StatementType};
use vt_sql::ast::{QueryBody, Statement};
use vt_sql::{Arena, Modes};
use vt_value::{Rows, TypedBytes};

use super::plan_cache::CachedPlan;
use crate::session::Session;

/// A plan that gives no more rows than the session wants.
pub(super) struct Limited {
    pub(super) plan: Plan,
    /// The whole of it is one statement to shards, so that each may cut its rows; what makes up
    /// rows of several statements must see all of theirs.
    pub(super) is_for_shards: bool,
}

/// Returns the plan with the session's limit; `None` where the session, or the statement, asks for
/// none.
pub(super) fn limited(session: &Session, plan: &CachedPlan) -> Option<Limited> {
    let limit = session.sql_select_limit;
    if limit <= 0 || plan.plan.statement != StatementType::Select {
        return None;
    }
    if has_limit(&plan.plan.original) {
        return None;
    }
    let mut plan = plan.plan.clone();
    let is_for_shards = match &plan.root {
        Node::Route(route) => matches!(
            route.routing,
            Routing::Unsharded | Routing::AnyShard | Routing::Scatter | Routing::By(_)
        ),
        _ => false,
    };
    let nothing = Node::Rows { fields: Vec::new().into(), rows: Rows::default() };
    let input = Box::new(std::mem::replace(&mut plan.root, nothing));
    let count = Some(Expr::Literal(TypedBytes::int64(limit)));
    plan.root = Node::Limit { count, offset: None, input, counts_all: false };
    Some(Limited { plan, is_for_shards })
}

/// Whether a SELECT, as the printer wrote it, says itself how many rows it gives.
fn has_limit(sql: &str) -> bool {
    let arena = Arena::new();
    let Ok(Statement::Query(query)) = vt_sql::parse(&arena, sql, Modes::default()) else {
        return true;
    };
    query.limit.is_some() || matches!(query.body, QueryBody::Query(inner) if inner.limit.is_some())
}
