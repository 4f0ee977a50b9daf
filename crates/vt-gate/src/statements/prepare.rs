//! PREPARE, EXECUTE and DEALLOCATE in SQL.

use std::sync::Arc;

use vt_base::{Error, ErrorId, Result};
use vt_sql::Arena;
use vt_sql::ast::{self, Expr, Variable};
use vt_sql::visit::{Node, Visitor, Walk};
use vt_value::{BindVars, QueryResult, TypedBytes};

use crate::gate::Gate;
use crate::query::{Query, Record, Sink, Understood, run_plan, understand};
use crate::session::{NAMED_STATEMENTS_MAX, NamedStatement, Session};

/// `PREPARE name FROM ...`
#[derive(Debug)]
pub struct Prepare {
    pub name: String,
    pub source: Source,
}

/// Where the text comes from.
#[derive(Debug)]
pub enum Source {
    Text(String),
    Variable(String),
}

/// `EXECUTE name USING @a, @b`
#[derive(Debug)]
pub struct Execute {
    pub name: String,
    pub using: Vec<String>,
}

pub fn read(prepare: &ast::Prepare<'_>) -> Result<Prepare> {
    let source = match prepare.source {
        Expr::Literal(literal) => Source::Text(literal.text().unwrap_or_default().to_owned()),
        Expr::Variable(Variable::User(name)) => Source::Variable(name.to_ascii_lowercase()),
        _ => return Err(Error::unsupported("PREPARE from anything but a string or a variable")),
    };
    Ok(Prepare { name: prepare.name.as_str().to_ascii_lowercase(), source })
}

pub fn read_execute(execute: &ast::Execute<'_>) -> Execute {
    Execute {
        name: execute.name.as_str().to_ascii_lowercase(),
        using: execute.using.iter().map(|name| name.to_ascii_lowercase()).collect(),
    }
}

/// Keeps a statement under a name; one that the name has is forgotten first, as in MySQL.
pub fn prepare(gate: &Gate, session: &mut Session, prepare: Prepare) -> Result<QueryResult> {
    session.prepared.remove(&prepare.name);
    let sql: Arc<str> = match prepare.source {
        Source::Text(text) => text.into(),
        Source::Variable(name) => match session.user_variables.get(&name) {
            Some(value) if !value.is_null() => String::from_utf8_lossy(&value.bytes).into(),
            _ => return Err(Error::vt(ErrorId::VT03024, name)),
        },
    };
    if session.prepared.len() >= NAMED_STATEMENTS_MAX {
        let message = "too many statements are prepared: DEALLOCATE some";
        return Err(Error::new(vt_base::Code::ResourceExhausted, message));
    }
    let param_count = count_params(session, &sql)?;
    // What cannot be planned is refused now, as MySQL does.
    let query = Query { method: "Prepare", sql: &sql, params: BindVars::new(), is_prepared: true };
    understand(gate, session, &query)?;
    session.prepared.insert(prepare.name, NamedStatement { sql, param_count });
    Ok(QueryResult { info: "Statement prepared".into(), ..QueryResult::default() })
}

/// Runs a statement that was prepared by name.
pub async fn execute(
    gate: &Gate,
    session: &mut Session,
    execute: Execute,
    record: &mut Record,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    let statement = session
        .prepared
        .get(&execute.name)
        .cloned()
        .ok_or_else(|| Error::vt(ErrorId::VT09011, &execute.name))?;
    if usize::from(statement.param_count) != execute.using.len() {
        return Err(Error::vt(ErrorId::VT03025, "EXECUTE"));
    }
    let mut params = BindVars::new();
    for (place, name) in execute.using.iter().enumerate() {
        let value = session.user_variables.get(name).cloned().unwrap_or(TypedBytes::NULL);
        params.set(format!("v{}", place + 1), value);
    }
    let query = Query { method: "Execute", sql: &statement.sql, params, is_prepared: true };
    session.warnings.is_prepared = true;
    match understand(gate, session, &query)? {
        Understood::Plan { plan, binds, .. } => {
            run_plan(gate, session, (&query, plan, binds), record, sink).await
        }
        Understood::Local(local) => {
            if matches!(*local, super::Local::Execute(_) | super::Local::Prepare(_)) {
                let message =
                    "This command is not supported in the prepared statement protocol yet";
                return Err(Error::mysql(1295, b"HY000", message));
            }
            Box::pin(super::run(gate, session, *local, record, sink)).await
        }
    }
}

/// Forgets a statement.
pub fn deallocate(session: &mut Session, name: &str) -> Result<QueryResult> {
    match session.prepared.remove(&name.to_ascii_lowercase()) {
        Some(_) => Ok(QueryResult::default()),
        None => Err(Error::vt(ErrorId::VT09011, name)),
    }
}

/// Counts the `?` of a statement.
pub fn count_params(session: &Session, sql: &str) -> Result<u16> {
    if !sql.contains('?') {
        return Ok(0);
    }
    let arena = Arena::new();
    let statement = vt_sql::parse(&arena, sql, session.modes)?;
    let mut count = Params(0);
    let _ = statement.walk(&mut count);
    u16::try_from(count.0).map_err(|_| {
        Error::mysql(1390, b"HY000", "Prepared statement contains too many placeholders")
            .with_code(vt_base::Code::InvalidArgument)
    })
}

/// The highest number of a `?`, which the parser names `v1`, `v2`, ...
struct Params(usize);

impl<'a> Visitor<'a> for Params {
    fn expr(&mut self, expr: &Expr<'a>) -> Walk {
        if let Expr::Bind(bind) = expr
            && let Some(number) = bind.name.strip_prefix('v').and_then(|text| text.parse().ok())
        {
            self.0 = self.0.max(number);
        }
        Walk::Into
    }
}
