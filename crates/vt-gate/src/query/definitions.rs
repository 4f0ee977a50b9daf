//! After a table or view has been defined, its session finds it so in its next statement.

use std::sync::Arc;
use std::time::Duration;

use vt_plan::{Node, StatementType};

use super::plan_cache::CachedPlan;
use crate::gate::Gate;

/// How long a view waits for the gateway to hear of it; it has taken effect all the same.
const VIEW_PATIENCE: Duration = Duration::from_secs(3);
/// How long a table waits. One that was dropped and made again as it was is told of by nobody.
const TABLE_PATIENCE: Duration = Duration::from_millis(300);

/// A definition that is about to be sent, and what was known of its keyspace before.
pub(super) struct Awaited {
    keyspace: Arc<str>,
    heard: u64,
    patience: Duration,
}

/// Returns what is to be waited for once a plan has run, if it defines anything.
pub(super) fn awaited(gate: &Gate, plan: &CachedPlan) -> Option<Awaited> {
    let (config, plan) = (&gate.config, &plan.plan);
    if plan.statement != StatementType::Ddl || !config.is_schema_tracked {
        return None;
    }
    let Node::Route(route) = &plan.root else { return None };
    let patience = match defined(&plan.original)? {
        Defined::View if !config.is_view_tracked => return None,
        Defined::View => VIEW_PATIENCE,
        Defined::Table => TABLE_PATIENCE,
    };
    let keyspace = route.keyspace.clone();
    let heard = gate.vschemas.heard(&keyspace);
    Some(Awaited { keyspace, heard, patience })
}

/// Waits until the gateway has heard of the definition.
pub(super) async fn wait(gate: &Gate, awaited: &Awaited) {
    let mut version = gate.vschemas.version();
    let heard = async {
        // Asked outside of the watch: who tells of a new version holds what is asked here.
        while gate.vschemas.heard(&awaited.keyspace) <= awaited.heard {
            if version.changed().await.is_err() {
                break;
            }
        }
    };
    drop(tokio::time::timeout(awaited.patience, heard).await);
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
