//! A session aimed at a shard or a key range: every statement goes there as it is.

use vt_base::{Error, ErrorId};
use vt_plan::{Node, Route, Routing};
use vt_sql::ast::Statement;
use vt_vschema::Destination;

use crate::planner::Planner;
use crate::shard_form::{ShardForm, shard_sql};

impl<'a> Planner<'a> {
    pub(crate) fn plan_target(
        &self,
        statement: Statement<'a>,
        target: &Destination,
    ) -> Result<Node, Error> {
        let keyspace = self.default_keyspace()?.keyspace.name.clone();
        if let (Statement::Insert(_), Destination::KeyRange(range)) = (statement, target) {
            return Err(Error::vt(ErrorId::VT03023, range));
        }
        let read_only = matches!(statement, Statement::Query(_) | Statement::Explain(_));
        let sql = shard_sql(&ShardForm::new(self).statement(statement)?);
        let routing = Routing::By(target.clone());
        Ok(Node::Route(Box::new(Route { read_only, ..Route::new(keyspace, routing, sql) })))
    }
}
