//! `SQL_CALC_FOUND_ROWS`: the query runs without its limit, and the gateway counts and cuts.

use vt_base::Error;
use vt_plan::Node;
use vt_sql::ast::{Query, QueryBody, Select, SelectOptions, SetOperation, Statement};

use crate::planner::Planner;

impl<'a> Planner<'a> {
    /// Plans a query that says `SQL_CALC_FOUND_ROWS` and has a limit; `None` of any other.
    pub(crate) fn plan_counted(&self, query: &'a Query<'a>) -> Result<Option<Node>, Error> {
        let (body, counts) = self.without_counting(query.body);
        if !counts {
            return Ok(None);
        }
        let limit = match (query.limit, query.body) {
            (Some(limit), _) => limit,
            (None, QueryBody::Query(inner)) => return self.plan_counted(inner),
            (None, _) => return Ok(None),
        };
        if query.into.is_some() {
            return Err(Error::unsupported("SQL_CALC_FOUND_ROWS with INTO"));
        }
        let all = self.arena.node(Query { body, limit: None, ..*query });
        let node = match self.plan_whole(Statement::Query(all))? {
            Some(node) => node,
            None => self.plan_query_statement(all)?,
        };
        self.limited_counting(node, limit).map(Some)
    }

    /// Takes the option off the first select of a query, where alone it may stand.
    fn without_counting(&self, body: QueryBody<'a>) -> (QueryBody<'a>, bool) {
        match body {
            QueryBody::Select(select) if select.options.calc_found_rows => {
                let options = SelectOptions { calc_found_rows: false, ..select.options };
                let select = self.arena.node(Select { options, ..*select });
                (QueryBody::Select(select), true)
            }
            QueryBody::Set(set) => {
                let (first, counts) = self.without_counting(set.first);
                let set = SetOperation { first, ..*set };
                (if counts { QueryBody::Set(self.arena.node(set)) } else { body }, counts)
            }
            QueryBody::Query(query) => (body, self.without_counting(query.body).1),
            _ => (body, false),
        }
    }
}
