//! SHOW VITESS_THROTTLER STATUS and SHOW VITESS_THROTTLED_APPS: each shard's primary is asked.

use std::sync::Arc;

use vt_base::{Error, ErrorId, Result};
use vt_value::{QueryResult, RowsBuilder};

use super::Filter;
use crate::gate::Gate;
use crate::query::forward_to_all;
use crate::session::Session;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Status,
    Apps,
}

pub(super) async fn show(
    gate: &Gate,
    session: &mut Session,
    asked: Asked,
    filter: &Filter,
) -> Result<QueryResult> {
    let keyspace = session.target.keyspace().map(str::to_owned);
    let keyspace = keyspace.ok_or_else(|| Error::vt(ErrorId::VT09005, ""))?;
    let (sql, names): (&str, &[&str]) = match asked {
        Asked::Status => {
            ("show vitess_throttler status", &["shard", "enabled", "threshold", "query"])
        }
        Asked::Apps => ("show vitess_throttled_apps", &["app", "expire_at", "ratio"]),
    };
    filter.check(names)?;
    let answers = forward_to_all(gate, session, &keyspace, sql).await?;
    let mut rows = RowsBuilder::default();
    let mut fields = Arc::default();
    for (_, answer) in &answers {
        fields = Arc::clone(&answer.fields);
        for row in answer.rows.iter() {
            let values: Vec<Option<String>> = (0..names.len())
                .map(|column| row.column(column))
                .map(|value| value.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
                .collect();
            if filter.takes(names, &values, 0) {
                rows.push(values.iter().map(|value| value.as_ref().map(String::as_bytes)));
            }
        }
    }
    Ok(QueryResult { fields, rows: rows.finish(), ..QueryResult::default() })
}
