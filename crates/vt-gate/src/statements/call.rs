//! CALL with user variables: the procedure reads and writes them on the connection that it runs on,
//! so that they go there before and come back after.

use std::sync::Arc;

use vt_base::{Error, Result};
use vt_exec::{CallOptions, ShardCall, ShardQueries};
use vt_plan::Node;
use vt_sql::Arena;
use vt_sql::ast::{self, Expr, Variable};
use vt_value::{BindVars, QueryResult, TypedBytes};

use crate::gate::Gate;
use crate::query::{deadline, understand};
use crate::scatter::Scatter;
use crate::session::Session;
use crate::tx;

/// A CALL some of whose arguments are user variables.
#[derive(Debug)]
pub struct Call {
    sql: String,
    params: BindVars,
    variables: Vec<String>,
}

/// Reads a CALL; `None` if it names no user variable.
pub fn read(call: &ast::Call<'_>, sql: &str, params: &BindVars) -> Option<Call> {
    let name = |arg: &Expr<'_>| match arg {
        Expr::Variable(Variable::User(name)) => Some(name.to_lowercase()),
        _ => None,
    };
    let mut variables: Vec<String> = call.args.iter().filter_map(name).collect();
    variables.sort();
    variables.dedup();
    let is_any = !variables.is_empty();
    is_any.then(|| Call { sql: sql.to_owned(), params: params.clone(), variables })
}

pub async fn run(gate: &Gate, session: &mut Session, call: Call) -> Result<QueryResult> {
    let (keyspace, shard, sql) = place(gate, session, &call)?;
    let was_reserving = std::mem::replace(&mut session.transaction.is_reserving, true);
    let on_shard = |sql: &str, binds: BindVars| ShardCall {
        keyspace: keyspace.clone(),
        shard: shard.clone(),
        sql: sql.into(),
        bind_vars: Arc::new(binds),
    };
    let result = async {
        let (set, values) = assignments(session, &call.variables);
        one(gate, session, on_shard(&set, values)).await?;
        let result = one(gate, session, on_shard(&sql, call.params)).await?;
        let names: Vec<String> = call.variables.iter().map(|name| quoted(name)).collect();
        let read = format!("select {}", names.join(", "));
        let after = one(gate, session, on_shard(&read, BindVars::new())).await?;
        adopt(session, call.variables, &after);
        Ok(result)
    }
    .await;
    session.transaction.is_reserving = was_reserving;
    if !session.transaction.is_open {
        tx::release_spare(&gate.tablets, session).await;
    }
    result
}

/// Returns keyspace and shard that the procedure runs on, and the statement as that shard takes it.
fn place(gate: &Gate, session: &Session, call: &Call) -> Result<(Arc<str>, Arc<str>, String)> {
    let arena = Arena::new();
    let statement = vt_sql::parse(&arena, &call.sql, session.modes)?;
    let snapshot = gate.vschemas.current();
    let plan = understand::plan(gate, session, &snapshot, &statement)?;
    let Node::Route(route) = plan.root else {
        return Err(Error::bug("a CALL goes to one keyspace"));
    };
    let shards = gate.tablets.serving.shards(&route.keyspace, session.target.tablet_type)?;
    let place = match &session.target.destination {
        Some(destination) => shards.resolve(destination)?,
        None => (0..shards.shards().len()).collect(),
    };
    let [place] = place.as_slice() else {
        return Err(Error::unsupported("CALL on several shards: aim at one with USE"));
    };
    let shard = shards.shards().get(*place).map(|shard| shard.name.clone());
    let shard = shard.ok_or_else(|| Error::bug("a place among shards without a shard"))?;
    Ok((route.keyspace, shard, route.sql.to_string()))
}

fn assignments(session: &Session, names: &[String]) -> (String, BindVars) {
    let mut binds = BindVars::new();
    let mut parts = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let value = session.user_variables.get(name).cloned().unwrap_or(TypedBytes::NULL);
        binds.set(format!("v{place}"), value);
        parts.push(format!("{} = :v{place}", quoted(name)));
    }
    (format!("set {}", parts.join(", ")), binds)
}

fn quoted(name: &str) -> String {
    format!("@`{}`", name.replace('`', "``"))
}

fn adopt(session: &mut Session, names: Vec<String>, after: &QueryResult) {
    let Some(row) = (!after.rows.is_empty()).then(|| after.rows.get(0)) else { return };
    for (column, name) in names.into_iter().enumerate() {
        let typ = after.fields.get(column).map(|field| field.typ).unwrap_or_default();
        let value = match row.column(column) {
            Some(bytes) => TypedBytes::new(typ, bytes.to_vec()),
            None => TypedBytes::NULL,
        };
        session.user_variables.insert(name, value);
    }
}

async fn one(gate: &Gate, session: &mut Session, call: ShardCall) -> Result<QueryResult> {
    let deadline = deadline(gate, session);
    let scatter = Scatter::new(&gate.tablets, session, deadline);
    let how = CallOptions { read_only: true, ..CallOptions::default() };
    let mut results = scatter.execute(vec![call], how).await;
    results.pop().unwrap_or_else(|| Err(Error::bug("a call gave no result")))
}
