//! Sequences when their tables' traffic is switched: how high the tables are, and the sequences
//! set above that.

use std::collections::BTreeMap;
use std::sync::Arc;

use vt_base::{Code, Error, Result};
use vt_proto::tabletmanagerdata::*;

use super::Call;
use crate::core::Core;
use crate::db::{first_text, quote_name};

/// How many values of a sequence that is made here are taken at once.
const NEW_CACHE: i64 = 1_000;

/// MySQL's error for a table that is not there.
const NO_TABLE: u16 = 1146;

/// Returns a name that may come in backquotes, in backquotes.
fn quoted(name: &str) -> String {
    let inner = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
    quote_name(&inner.map_or_else(|| name.to_owned(), |inner| inner.replace("``", "`")))
}

/// Returns the highest value that a column has, by the sequence that fills it.
pub(super) async fn max_values(
    core: &Arc<Core>,
    request: GetMaxValueForSequencesRequest,
    _: Call,
) -> Result<GetMaxValueForSequencesResponse> {
    let mut conn = core.db.dba().await?;
    let mut highest: BTreeMap<String, i64> = BTreeMap::new();
    for one in &request.sequences {
        let column = quoted(&one.using_col_escaped);
        let database = match one.using_table_db_name_escaped.is_empty() {
            true => quote_name(core.db.name()),
            false => quoted(&one.using_table_db_name_escaped),
        };
        let table = format!("{database}.{}", quoted(&one.using_table_name_escaped));
        let result = conn.query(format!("select max({column}) from {table}"), 1).await?;
        let text = first_text(&result);
        let value = match text.is_empty() {
            true => 0,
            false => text.parse::<i64>().map_err(|_| {
                let text = format!("{column} of {table} is too high for a sequence: {text}");
                Error::new(Code::OutOfRange, text)
            })?,
        };
        let name = one.backing_table_name.clone();
        highest.entry(name).and_modify(|held| *held = (*held).max(value)).or_insert(value);
    }
    Ok(GetMaxValueForSequencesResponse {
        max_values_by_sequence_table: highest.into_iter().collect(),
    })
}

/// Sets sequences above values, if they are not; one that has no table gets it.
pub(super) async fn update(
    core: &Arc<Core>,
    request: UpdateSequenceTablesRequest,
    _: Call,
) -> Result<UpdateSequenceTablesResponse> {
    core.require(true)?;
    let mut conn = core.db.dba().await?;
    let mut names = Vec::with_capacity(request.sequences.len());
    for one in &request.sequences {
        let name = &one.backing_table_name;
        let next = one.max_value.checked_add(1).ok_or_else(|| {
            let text = format!("no values are left for sequence {name}");
            Error::new(Code::OutOfRange, text)
        })?;
        let database = match one.backing_table_db_name.is_empty() {
            true => core.db.name(),
            false => one.backing_table_db_name.as_str(),
        };
        let table = format!("{}.{}", quote_name(database), quote_name(name));
        let raise = format!(
            "insert into {table} (id, next_id, cache) values (0, {next}, {NEW_CACHE}) on duplicate \
             key update next_id = greatest(next_id, {next})"
        );
        match conn.query(raise.clone(), 0).await {
            Err(error) if error.errno() == NO_TABLE => {
                let create = format!(
                    "create table if not exists {table} (id int, next_id bigint, cache bigint, \
                     primary key (id)) comment 'vitess_sequence'"
                );
                conn.query(create, 0).await?;
                conn.query(raise, 0).await?;
                core.queries.schema_changed.notify_one();
            }
            raised => drop(raised?),
        }
        names.push(name.clone());
    }
    // Values in memory may be lower than what the tables say now.
    core.queries.sequences.reset(Some(&names));
    Ok(UpdateSequenceTablesResponse {})
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_are_quoted_once() {
        for name in ["a", "`a`"] {
            assert_eq!(quoted(name), "`a`");
        }
        assert_eq!(quoted("`a``b`"), "`a``b`");
        assert_eq!(quoted("a` or 1"), "`a`` or 1`");
    }
}
