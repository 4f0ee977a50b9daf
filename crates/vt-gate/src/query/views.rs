//! After a table or view has been defined, its session finds it so in its next statement.

use std::time::Duration;

use super::plan_cache::CachedPlan;
use crate::gate::Gate;

/// How long a definition waits for the gateway to hear of it; it has taken effect all the same.
const PATIENCE: Duration = Duration::from_secs(3);

/// Waits until the gateway has heard of a definition: of a vschema after `version`.
pub(super) async fn wait(gate: &Gate, plan: &CachedPlan, version: u64) {
    let config = &gate.config;
    let awaited = match defined(&plan.plan.original) {
        Some(Defined::View) => config.is_schema_tracked && config.is_view_tracked,
        Some(Defined::Table) => config.is_schema_tracked,
        None => false,
    };
    if !awaited {
        return;
    }
    let mut current = gate.vschemas.version();
    let heard = current.wait_for(|current| *current > version);
    drop(tokio::time::timeout(PATIENCE, heard).await);
}

/// What a statement defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defined {
    Table,
    View,
}

/// Returns what a statement, as the printer wrote it, is sure to define anew. A table that is
/// made unless it is there, or dropped if it is, may stay as it was; nobody would tell of it.
fn defined(sql: &str) -> Option<Defined> {
    // What a definition holds comes behind its name.
    let words: Vec<&str> =
        sql.split_whitespace().take(12).take_while(|word| *word != "as").collect();
    match words[..] {
        ["create", "table", next, ..] => (next != "if").then_some(Defined::Table),
        ["alter", "table", ..] => Some(Defined::Table),
        ["create" | "alter" | "drop", ref rest @ ..] => {
            rest.contains(&"view").then_some(Defined::View)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_told_apart() {
        for sql in [
            "create view v as select 1",
            "create or replace algorithm = merge view v as select 1",
            "alter view v as select 1",
            "drop view if exists v, w",
        ] {
            assert_eq!(defined(sql), Some(Defined::View), "{sql}");
        }
        for sql in ["create table t as select view from x", "alter table t add key (a)"] {
            assert_eq!(defined(sql), Some(Defined::Table), "{sql}");
        }
        for sql in [
            "drop table view_of_it",
            "create table if not exists t (a int)",
            "create temporary table t (a int)",
            "truncate table t",
        ] {
            assert_eq!(defined(sql), None, "{sql}");
        }
    }
}
