//! VEXPLAIN: the plan of a statement, the queries that it sends, and what they do.

mod keys;
mod trace;

use serde_json::Value;
use vt_base::{Error, ErrorId, Result};
use vt_plan::StatementType;
use vt_sql::ast::{self, VexplainKind};
use vt_value::{BindVars, BoundValue, QueryResult};

use super::show::table::Table;
use crate::gate::Gate;
use crate::query::execute::{Trace, trace_plan};
use crate::query::{Query, Understood, forward_to_shard, understand};
use crate::scatter::Traced;
use crate::session::Session;

/// What is to be explained.
#[derive(Debug)]
pub struct Vexplain {
    kind: VexplainKind,
    sql: String,
    /// The directive that lets a statement which changes rows run.
    may_write: bool,
    /// What `VEXPLAIN KEYS` gives, which is read from the statement alone.
    keys: Option<String>,
}

pub fn read(vexplain: &ast::Vexplain<'_>) -> Vexplain {
    let may_write =
        |comments: ast::Comments<'_>| comments.directive("EXECUTE_DML_QUERIES").is_some();
    let inner = super::comments(vexplain.statement);
    let wants_keys = vexplain.kind == VexplainKind::Keys;
    Vexplain {
        kind: vexplain.kind,
        sql: vexplain.text.to_owned(),
        may_write: may_write(vexplain.comments) || may_write(inner),
        keys: wants_keys.then(|| format!("{:#}", keys::of(vexplain.statement))),
    }
}

pub async fn run(gate: &Gate, session: &mut Session, vexplain: Vexplain) -> Result<QueryResult> {
    if let Some(keys) = vexplain.keys {
        return Ok(one_cell("ColumnUsage", keys));
    }
    let query = Query::new(&vexplain.sql);
    let Understood::Plan { plan, binds, .. } = understand(gate, session, &query)? else {
        return Err(Error::unsupported("VEXPLAIN of a statement that the gateway answers itself"));
    };
    if vexplain.kind == VexplainKind::Plan {
        return Ok(one_cell("JSON", explain(&plan.plan)));
    }
    if writes(plan.plan.statement) && !vexplain.may_write {
        return Err(Error::vt(ErrorId::VT09008, ""));
    }
    let traced = trace_plan(gate, session, &plan, binds).await?;
    match vexplain.kind {
        VexplainKind::All => {
            let mut json = vt_plan::explain::to_json(&plan.plan);
            explain_on_shards(gate, session, &traced, &mut json).await?;
            Ok(one_cell("VExplain", format!("{:#}", json["Instructions"])))
        }
        VexplainKind::Trace => {
            let json = trace::annotated(&plan.plan, &traced);
            Ok(one_cell("Trace", format!("{json:#}")))
        }
        _ => Ok(queries(&traced.calls)),
    }
}

fn one_cell(name: &'static str, text: String) -> QueryResult {
    let mut table = Table::new(&[name]);
    table.push([Some(text)]);
    table.finish()
}

fn queries(calls: &[Traced]) -> QueryResult {
    let mut table = Table::new(&["#", "keyspace", "shard", "query"]);
    for call in calls {
        table.push([
            Some(call.step.to_string()),
            Some(call.keyspace.to_string()),
            Some(call.shard.to_string()),
            Some(with_values(&call.sql, &call.bind_vars)),
        ]);
    }
    table.finish()
}

fn writes(statement: StatementType) -> bool {
    !matches!(statement, StatementType::Select | StatementType::Show | StatementType::Explain)
}

/// Returns a plan as indented JSON.
pub fn explain(plan: &vt_plan::Plan) -> String {
    format!("{:#}", vt_plan::explain::to_json(plan))
}

/// Puts below each step that asks shards what MySQL makes of the first of its queries.
async fn explain_on_shards(
    gate: &Gate,
    session: &mut Session,
    traced: &Trace,
    json: &mut Value,
) -> Result<()> {
    let mut steps = vec![&mut json["Instructions"]];
    while let Some(step) = steps.pop() {
        let Value::Object(map) = step else { continue };
        let sql = map.get("Query").and_then(Value::as_str).unwrap_or_default();
        let call = traced.calls.iter().find(|call| !sql.is_empty() && *call.sql == *sql);
        if let Some(call) = call {
            let sql = format!("explain format = json {}", with_values(&call.sql, &call.bind_vars));
            let answer = forward_to_shard(gate, session, &call.keyspace, &call.shard, &sql).await;
            // What MySQL cannot explain has none.
            if let Ok(answer) = answer {
                map.insert("mysql_explain_json".to_owned(), first_json(&answer));
            }
        }
        if let Some(Value::Array(inputs)) = map.get_mut("Inputs") {
            steps.extend(inputs);
        }
    }
    Ok(())
}

fn first_json(answer: &QueryResult) -> Value {
    let row = (!answer.rows.is_empty()).then(|| answer.rows.get(0));
    let bytes = row.and_then(|row| row.column(0)).unwrap_or_default();
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// Returns a statement with its values in place of their names.
pub fn with_values(sql: &str, binds: &BindVars) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find([':', '\'', '"', '`']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        if !after.starts_with(':') {
            // Within quotes a colon is a colon.
            let end = quoted_end(after);
            out.push_str(&after[..end]);
            rest = &after[end..];
            continue;
        }
        let name_at = after.bytes().take_while(|byte| *byte == b':').count();
        let name: &str = after[name_at..]
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default();
        match binds.get(name) {
            Some(value) if !name.is_empty() => out.push_str(&literal(value)),
            _ => out.push_str(&after[..name_at + name.len()]),
        }
        rest = &after[name_at + name.len()..];
    }
    out.push_str(rest);
    out
}

/// Returns where the quotes end that a text begins with; at its own end if they do not.
fn quoted_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes[0];
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
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

#[cfg(test)]
mod tests {
    use vt_value::TypedBytes;

    use super::*;

    #[test]
    fn values_stand_where_their_names_stood() {
        let mut binds = BindVars::new();
        binds.set("vtg1", TypedBytes::varchar("it's"));
        binds.set("vtg2", TypedBytes::int64(7));
        let sql = "select ':vtg2', `:vtg2`, 'a\\':vtg2' from t where a = :vtg1 and b = :vtg2";
        let wanted = "select ':vtg2', `:vtg2`, 'a\\':vtg2' from t where a = 'it''s' and b = 7";
        assert_eq!(with_values(sql, &binds), wanted);
    }
}
