//! GET_LOCK and its like: all user locks of the cluster are one shard's, the first of the first
//! keyspace, on a connection that the session keeps for them.

use std::sync::Arc;

use vt_base::{Error, ErrorId, Result, TabletType, Target};
use vt_sql::Arena;
use vt_sql::ast::{Bind, Expr, QueryBody, SelectItem, Statement, TableName, TableRef, Variable};
use vt_sql::visit::{Node, Rewriter, Visitor, Walk};
use vt_tablet_api::{ExecuteRequest, Reserve, Workload};
use vt_value::{BindVars, QueryResult, TypedBytes};

use crate::gate::Gate;
use crate::query::Query;
use crate::session::{Session, ShardSession};
use crate::tablets::ends_transaction;

/// A statement that takes, gives up, or asks for locks.
#[derive(Debug)]
pub struct UserLock {
    sql: String,
    params: BindVars,
    /// Bind variables that stand for user variables.
    variables: Vec<(Arc<str>, String)>,
    /// The columns' names as the statement has them.
    names: Vec<String>,
}

/// Returns whether a function is about user locks.
fn is_lock_function(name: &str) -> bool {
    ["get_lock", "release_lock", "release_all_locks", "is_free_lock", "is_used_lock"]
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
}

/// Reads a statement; `None` if it is about no locks.
///
/// # Errors
/// `VT12001` where a lock is asked for together with rows of tables: they may lie on other shards.
pub fn read(statement: &Statement<'_>, query: &Query<'_>) -> Result<Option<UserLock>> {
    let mut found = Found::default();
    let _ = statement.walk(&mut found);
    let Some(name) = found.function else { return Ok(None) };
    if found.has_tables {
        return Err(Error::unsupported(format!("{name}(...) allowed only with dual")));
    }
    if found.has_others {
        let what = format!("{name}(...) with variables of the system or of the session");
        return Err(Error::unsupported(what));
    }
    let arena = Arena::new();
    let mut variables = UserVariables { arena: &arena, names: Vec::new() };
    let statement: Statement<'_> = statement.rewritten(&mut variables);
    let sql = vt_sql::to_sql(&statement);
    let (params, names) = (query.params.clone(), names_of(&statement));
    Ok(Some(UserLock { sql, params, variables: variables.names, names }))
}

fn names_of(statement: &Statement<'_>) -> Vec<String> {
    let Statement::Query(query) = statement else { return Vec::new() };
    let QueryBody::Select(select) = query.body else { return Vec::new() };
    let name = |item: &SelectItem<'_>| match item {
        SelectItem::Expr(item) => Some(item.name.to_owned()),
        _ => None,
    };
    select.items.iter().map_while(name).collect()
}

/// What a statement is made of.
#[derive(Default)]
struct Found {
    function: Option<String>,
    has_tables: bool,
    /// What the gateway alone can tell.
    has_others: bool,
}

impl<'a> Visitor<'a> for Found {
    fn expr(&mut self, expr: &Expr<'a>) -> Walk {
        match expr {
            Expr::Function(function) => {
                let name = function.name.as_str();
                if is_lock_function(name) {
                    self.function.get_or_insert_with(|| name.to_owned());
                }
                let of_session = ["database", "schema", "connection_id", "last_insert_id", "user"];
                self.has_others |= of_session.iter().any(|one| name.eq_ignore_ascii_case(one));
            }
            Expr::Variable(Variable::System(_)) | Expr::Assign(_) => self.has_others = true,
            _ => {}
        }
        Walk::Into
    }

    fn table_ref(&mut self, _: &TableRef<'a>) -> Walk {
        self.has_tables = true;
        Walk::Into
    }

    fn table_name(&mut self, _: &TableName<'a>) {
        self.has_tables = true;
    }
}

/// Puts bind variables in the place of user variables.
struct UserVariables<'a> {
    arena: &'a Arena,
    names: Vec<(Arc<str>, String)>,
}

impl<'a> Rewriter<'a> for UserVariables<'a> {
    fn arena(&self) -> &'a Arena {
        self.arena
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Option<Expr<'a>> {
        let Expr::Variable(Variable::User(name)) = expr else { return None };
        let bind = format!("__vtlockvar{}", self.names.len());
        let name = name.to_lowercase();
        self.names.push((bind.as_str().into(), name));
        Some(Expr::Bind(self.arena.node(Bind { name: self.arena.text(&bind), list: false })))
    }
}

/// Runs the statement on the session's connection for locks, which it opens if there is none.
pub async fn run(gate: &Gate, session: &mut Session, lock: UserLock) -> Result<QueryResult> {
    let mut binds = lock.params;
    for (bind, name) in lock.variables {
        let value = session.user_variables.get(&name).cloned().unwrap_or(TypedBytes::NULL);
        binds.set(bind, value);
    }
    let held = session.transaction.lock.clone();
    let (target, service) = match &held {
        Some(held) => (held.target.clone(), gate.tablets.reach_session(held)?),
        None => {
            let target = place(gate)?;
            let until = tokio::time::Instant::now() + gate.tablets.window();
            let reached = gate.tablets.reach(&target, &[], until).await?;
            (target, reached)
        }
    };
    let mut options = session.execute_options();
    // A lock is waited for as long as the statement says.
    options.workload = Workload::Dba;
    options.fetch_last_insert_id = false;
    let pre_queries = session.settings.queries().to_vec();
    let request = ExecuteRequest {
        caller: session.caller.clone(),
        target: target.clone(),
        sql: lock.sql.as_str().into(),
        bind_vars: Arc::new(binds),
        reserved_id: held.as_ref().map_or(0, |held| held.reserved_id),
        reserve: held.is_none().then_some(Reserve { pre_queries }),
        options: Arc::new(options),
        ..ExecuteRequest::default()
    };
    let reply = service.service.execute(request).await;
    if reply.state.reserved_id != 0 {
        session.transaction.lock = Some(ShardSession {
            target: target.clone(),
            alias: reply.state.tablet_alias.unwrap_or(service.alias),
            transaction_id: 0,
            reserved_id: reply.state.reserved_id,
            is_read_only: true,
            has_changed_rows: false,
            order: vt_exec::CommitOrder::Normal,
        });
    }
    let result = reply.result.map(|result| named(result, &lock.names));
    result.map_err(|error| {
        if held.is_some() && ends_transaction(&error) {
            // The connection is gone, and with it all locks: the next statement begins anew.
            session.transaction.lock = None;
        }
        error.context(format!("target: {target}"))
    })
}

fn named(mut result: QueryResult, names: &[String]) -> QueryResult {
    let mut fields = result.fields.to_vec();
    for (field, name) in fields.iter_mut().zip(names) {
        field.name = name.as_str().into();
    }
    result.fields = fields.into();
    result
}

/// Returns the shard that keeps all locks.
fn place(gate: &Gate) -> Result<Target> {
    for keyspace in gate.tablets.serving.names() {
        let Ok(shards) = gate.tablets.serving.shards(&keyspace, TabletType::Primary) else {
            continue;
        };
        if let Some(first) = shards.shards().first() {
            return Ok(Target::new(&keyspace, &first.name, TabletType::Primary));
        }
    }
    Err(Error::vt(ErrorId::VT09005, ""))
}
