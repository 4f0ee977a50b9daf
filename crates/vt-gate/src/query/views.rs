//! After a view has been made or dropped, its session finds it so in its next statement.

use std::time::Duration;

use super::plan_cache::CachedPlan;
use crate::gate::Gate;

/// How long a definition waits for the gateway to hear of it; it has taken effect all the same.
const PATIENCE: Duration = Duration::from_secs(3);

/// Waits until the gateway has heard of a view's definition: of a vschema after `version`.
pub(super) async fn wait(gate: &Gate, plan: &CachedPlan, version: u64) {
    let is_tracked = gate.config.is_schema_tracked && gate.config.is_view_tracked;
    if !is_tracked || !defines_view(&plan.plan.original) {
        return;
    }
    let mut current = gate.vschemas.version();
    let heard = current.wait_for(|current| *current > version);
    drop(tokio::time::timeout(PATIENCE, heard).await);
}

/// Whether a statement, as the printer wrote it, makes, changes or drops a view.
fn defines_view(sql: &str) -> bool {
    // What a definition holds comes behind its name.
    let mut words = sql.split_whitespace().take(12).take_while(|word| *word != "as");
    let is_definition = matches!(words.next(), Some("create" | "alter" | "drop"));
    is_definition && words.any(|word| word == "view")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_told_from_tables() {
        for sql in [
            "create view v as select 1",
            "create or replace algorithm = merge view v as select 1",
            "alter view v as select 1",
            "drop view if exists v, w",
        ] {
            assert!(defines_view(sql), "{sql}");
        }
        for sql in ["create table t as select view from x", "drop table view_of_it"] {
            assert!(!defines_view(sql), "{sql}");
        }
    }
}
