//! SELECT ... INTO @a, @b: the row goes to user variables.

use vt_base::{Code, Error, Result};
use vt_sql::ast::{IntoVariable, Query, SelectInto as Into, Statement};
use vt_value::{BindVars, QueryResult, TypedBytes};

use crate::gate::Gate;
use crate::query::run_internal_with;
use crate::session::{Level, Session, Warning};

/// A query, and where its row goes.
#[derive(Debug)]
pub struct SelectInto {
    /// The query without INTO.
    sql: String,
    params: BindVars,
    variables: Vec<String>,
}

/// Whether a query's row goes to variables.
pub fn goes_to_variables(query: &Query<'_>) -> bool {
    matches!(query.into, Some(Into::Variables(_)))
}

/// Reads a query; `None` if it goes to no variables of the session.
pub fn read(query: &Query<'_>, params: &BindVars) -> Option<SelectInto> {
    let Some(Into::Variables(variables)) = query.into else { return None };
    let names: Option<Vec<String>> = variables
        .iter()
        .map(|one| match one {
            IntoVariable::User(name) => Some(name.to_lowercase()),
            IntoVariable::Local(_) => None,
        })
        .collect();
    let plain = Query { into: None, ..*query };
    let sql = vt_sql::to_sql(&Statement::Query(&plain));
    Some(SelectInto { sql, params: params.clone(), variables: names? })
}

pub async fn run(gate: &Gate, session: &mut Session, into: SelectInto) -> Result<QueryResult> {
    let result = run_internal_with(gate, session, &into.sql, into.params).await?;
    if result.fields.len() != into.variables.len() {
        let message = "The used SELECT statements have a different number of columns";
        return Err(Error::mysql(1222, b"21000", message).with_code(Code::InvalidArgument));
    }
    match result.rows.len() {
        0 => {
            let message = "No data - zero rows fetched, selected, or processed".to_owned();
            session.warnings.push(Warning { level: Level::Warning, code: 1329, message });
        }
        1 => {
            let row = result.rows.get(0);
            for (column, name) in into.variables.into_iter().enumerate() {
                let value = match row.column(column) {
                    Some(bytes) => TypedBytes::new(result.fields[column].typ, bytes.to_vec()),
                    None => TypedBytes::NULL,
                };
                session.user_variables.insert(name, value);
            }
        }
        _ => {
            let message = "Result consisted of more than one row";
            return Err(Error::mysql(1172, b"42000", message).with_code(Code::InvalidArgument));
        }
    }
    Ok(QueryResult { rows_affected: result.rows.len() as u64, ..QueryResult::default() })
}
