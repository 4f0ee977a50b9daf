//! VEXPLAIN: the plan of a statement, or the queries that it sends.

use vt_base::{Error, ErrorId, Result};
use vt_plan::StatementType;
use vt_sql::ast::{self, VexplainKind};
use vt_value::{BoundValue, QueryResult};

use super::show::table::Table;
use crate::gate::Gate;
use crate::query::execute::trace_plan;
use crate::query::{Query, Understood, understand};
use crate::scatter::Traced;
use crate::session::Session;

/// What is to be explained.
#[derive(Debug)]
pub struct Vexplain {
    kind: VexplainKind,
    sql: String,
    /// The directive that lets a statement which changes rows run.
    may_write: bool,
}

pub fn read(vexplain: &ast::Vexplain<'_>) -> Vexplain {
    let may_write =
        |comments: ast::Comments<'_>| comments.directive("EXECUTE_DML_QUERIES").is_some();
    let inner = super::comments(vexplain.statement);
    Vexplain {
        kind: vexplain.kind,
        sql: vexplain.text.to_owned(),
        may_write: may_write(vexplain.comments) || may_write(inner),
    }
}

pub async fn run(gate: &Gate, session: &mut Session, vexplain: Vexplain) -> Result<QueryResult> {
    let query = Query::new(&vexplain.sql);
    let Understood::Plan { plan, binds, .. } = understand(gate, session, &query)? else {
        return Err(Error::unsupported("VEXPLAIN of a statement that the gateway answers itself"));
    };
    match vexplain.kind {
        VexplainKind::Plan => {
            let mut table = Table::new(&["JSON"]);
            table.push([Some(explain(&plan.plan))]);
            Ok(table.finish())
        }
        VexplainKind::Queries => {
            if writes(plan.plan.statement) && !vexplain.may_write {
                return Err(Error::vt(ErrorId::VT09008, ""));
            }
            let calls = trace_plan(gate, session, &plan, binds).await?;
            let mut table = Table::new(&["#", "keyspace", "shard", "query"]);
            for call in calls {
                table.push([
                    Some(call.step.to_string()),
                    Some(call.keyspace.to_string()),
                    Some(call.shard.to_string()),
                    Some(with_values(&call)),
                ]);
            }
            Ok(table.finish())
        }
        VexplainKind::All => Err(Error::unsupported("VEXPLAIN ALL")),
        VexplainKind::Trace => Err(Error::unsupported("VEXPLAIN TRACE")),
        VexplainKind::Keys => Err(Error::unsupported("VEXPLAIN KEYS")),
    }
}

fn writes(statement: StatementType) -> bool {
    !matches!(statement, StatementType::Select | StatementType::Show | StatementType::Explain)
}

/// Returns a plan as indented JSON.
pub fn explain(plan: &vt_plan::Plan) -> String {
    format!("{:#}", crate::pages::plan_json::plan(plan))
}

/// Returns a call's statement with its values in place of their names.
fn with_values(call: &Traced) -> String {
    let mut out = String::with_capacity(call.sql.len());
    let mut rest = &*call.sql;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let name_at = after.bytes().take_while(|byte| *byte == b':').count();
        let name: &str = after[name_at..]
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default();
        match call.bind_vars.get(name) {
            Some(value) if !name.is_empty() => out.push_str(&literal(value)),
            _ => out.push_str(&after[..name_at + name.len()]),
        }
        rest = &after[name_at + name.len()..];
    }
    out.push_str(rest);
    out
}

fn literal(value: &BoundValue) -> String {
    let one = |value: &vt_value::TypedBytes| {
        let text = String::from_utf8_lossy(&value.bytes);
        match value.typ {
            _ if value.is_null() => "null".to_owned(),
            typ if typ.is_quoted() => crate::sysvars::quoted(&text),
            _ => text.into_owned(),
        }
    };
    match value {
        BoundValue::One(value) => one(value),
        BoundValue::Tuple(values) => {
            format!("({})", values.iter().map(one).collect::<Vec<_>>().join(", "))
        }
    }
}
