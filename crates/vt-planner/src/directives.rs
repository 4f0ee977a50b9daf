//! What `/*vt+ ... */` comments ask of a plan.

use vt_plan::{Node, Route};
use vt_sql::ast::{Comments, Query, QueryBody, Statement};

/// The directives that change a plan.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Directives {
    timeout_ms: u64,
    multi_shard_autocommit: bool,
    errors_as_warnings: bool,
    pub(crate) allow_scatter: bool,
}

impl Directives {
    /// Reads a statement's directives.
    pub(crate) fn of(statement: Statement<'_>) -> Directives {
        let comments = comments_of(statement);
        let flag = |name: &str| {
            comments.directive(name).is_some_and(|value| value == "1" || value == "true")
        };
        Directives {
            timeout_ms: comments
                .directive("QUERY_TIMEOUT_MS")
                .and_then(|value| value.parse().ok())
                .unwrap_or(0),
            multi_shard_autocommit: flag("MULTI_SHARD_AUTOCOMMIT"),
            errors_as_warnings: flag("SCATTER_ERRORS_AS_WARNINGS"),
            allow_scatter: flag("ALLOW_SCATTER"),
        }
    }

    /// Sets the directives on every step of a plan.
    pub(crate) fn apply(self, node: &mut Node) {
        match node {
            Node::Route(route) => self.apply_to_route(route),
            Node::Insert(insert) => {
                insert.timeout_ms = self.timeout_ms;
                insert.multi_shard_autocommit = self.multi_shard_autocommit;
            }
            Node::Update(write) | Node::Delete(write) => self.apply_to_route(&mut write.route),
            _ => {}
        }
        node.inputs_mut().into_iter().for_each(|input| self.apply(input));
    }

    fn apply_to_route(self, route: &mut Route) {
        route.timeout_ms = self.timeout_ms;
        route.multi_shard_autocommit = self.multi_shard_autocommit;
        route.errors_as_warnings = self.errors_as_warnings;
    }
}

fn comments_of(statement: Statement<'_>) -> Comments<'_> {
    match statement {
        Statement::Query(query) => comments_of_query(query),
        Statement::Insert(insert) => insert.comments,
        Statement::Update(update) => update.comments,
        Statement::Delete(delete) => delete.comments,
        _ => Comments::NONE,
    }
}

fn comments_of_query<'a>(query: &Query<'a>) -> Comments<'a> {
    let mut body = query.body;
    loop {
        body = match body {
            QueryBody::Select(select) => return select.comments,
            QueryBody::Set(set) => set.first,
            QueryBody::Query(query) => query.body,
            QueryBody::Values(_) | QueryBody::Table(_) => return Comments::NONE,
        };
    }
}
