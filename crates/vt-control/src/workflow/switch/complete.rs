//! MoveTablesComplete, for moves and for reshards: what nobody is sent to any more goes.

use std::time::Duration;

use tokio::time::Instant;
use vt_base::Result;
use vt_proto::binlogdata::VReplicationWorkflowType as Type;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;
use vt_reparent::tablets::all;
use vt_workflow::{Ending, Kind, check_complete, plan_complete};

use super::observe::Observed;
use super::routes::moved;
use super::run::Locks;
use crate::Control;
use crate::workflow::rules::sql_name;
use crate::workflow::snapshot::{ShardEnd, Snapshot};
use crate::workflow::tables::{read_tables, run_ddl};

/// How long the end of a workflow may take, step by step.
const TIMEOUT: Duration = Duration::from_secs(3_600);

impl Control {
    /// Ends a workflow whose traffic has been switched.
    pub async fn move_tables_complete(
        &self,
        request: MoveTablesCompleteRequest,
    ) -> Result<MoveTablesCompleteResponse> {
        let (keyspace, workflow) = (&request.target_keyspace, &request.workflow);
        let found = Snapshot::load(self, keyspace, workflow, &[]).await?;
        if found.workflow_type == Type::Migrate {
            return self.complete_migration(&found, &request).await;
        }
        let seen = self.observe_found(found).await?;
        check_complete(&seen.view)?;
        let ending = Ending {
            keeps_data: request.keep_data,
            keeps_rules: request.keep_routing_rules,
            renames: request.rename_tables,
            ignores_source: request.ignore_source_keyspace,
        };
        if request.dry_run {
            let steps = plan_complete(&seen.view, ending);
            return Ok(MoveTablesCompleteResponse {
                summary: format!("Complete dry run results for workflow {keyspace}.{workflow}"),
                dry_run_results: steps.iter().map(|step| step.describe(&seen.view)).collect(),
            });
        }
        let keyspaces = (&*seen.view.source_keyspace, &*seen.view.target_keyspace);
        let locks = Locks::take(self, keyspaces, "MoveTablesComplete").await?;
        let done = async {
            let seen = self.observe_workflow(keyspace, workflow).await?;
            check_complete(&seen.view)?;
            self.wait_for_followers(&seen).await?;
            let until = Instant::now() + TIMEOUT;
            for step in plan_complete(&seen.view, ending) {
                self.run_step(&seen, &step, &locks, until).await?;
            }
            Ok(())
        };
        let done: Result<()> = done.await;
        locks.release().await;
        done?;
        Ok(MoveTablesCompleteResponse {
            summary: format!(
                "Successfully completed the {workflow} workflow in the {keyspace} keyspace"
            ),
            dry_run_results: Vec::new(),
        })
    }

    /// Drops the tables of the source, or renames them; its VSchema forgets them.
    pub(super) async fn remove_source_tables(&self, seen: &Observed, rename: bool) -> Result<()> {
        self.remove_tables(&seen.sources(), &seen.found.tables, rename).await?;
        self.forget_tables(&seen.view.source_keyspace, &seen.found.tables).await
    }

    /// Drops what was copied into the target; its VSchema forgets it.
    pub(super) async fn remove_target_tables(&self, seen: &Observed) -> Result<()> {
        let targets = seen.targets();
        if seen.view.kind != Kind::Shards {
            self.remove_tables(&targets, &seen.found.tables, false).await?;
            return self.forget_tables(&seen.view.target_keyspace, &seen.found.tables).await;
        }
        for end in targets {
            let tables: Vec<String> = read_tables(&end.primary).await?.into_keys().collect();
            self.remove_tables(&[end], &tables, false).await?;
        }
        Ok(())
    }

    /// A table that is there no more has been removed before.
    async fn remove_tables(
        &self,
        ends: &[&ShardEnd],
        tables: &[String],
        rename: bool,
    ) -> Result<()> {
        let calls = ends.iter().map(async |end| {
            let primary = end.primary.within(self.options.action_timeout);
            let there = read_tables(&primary).await?;
            for table in tables.iter().filter(|table| there.contains_key(*table)) {
                let name = sql_name(table);
                let sql = match rename {
                    true => {
                        format!("rename table {name} to {}", sql_name(&format!("_{table}_old")))
                    }
                    false => format!("drop table if exists {name}"),
                };
                run_ddl(&primary, &sql).await?;
            }
            primary.reload_schema(tm::ReloadSchemaRequest::default()).await.map(drop)
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }

    pub(in crate::workflow) async fn forget_tables(
        &self,
        keyspace: &str,
        tables: &[String],
    ) -> Result<()> {
        self.change_stored_vschema(keyspace, |stored| {
            let before = stored.tables.len();
            stored.tables.retain(|name, _| !tables.contains(name));
            Ok(stored.tables.len() != before)
        })
        .await
    }

    /// Takes every rule of the workflow out; gateways hear of it, and of tables that are gone.
    pub(in crate::workflow) async fn remove_rules(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        self.change_rules(|rules| {
            rules.remove(moved(found));
        })
        .await?;
        let (source, target) = (&found.source.keyspace, &found.target.keyspace);
        let is_of_pair = |from: &str, to: &str| {
            let bare = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
            let pair = (bare(from), bare(to));
            pair == (source.clone(), target.clone()) || pair == (target.clone(), source.clone())
        };
        let lock = self.topo.lock_routing_rules("MoveTablesComplete").await?;
        let changed = async {
            if seen.view.kind == Kind::TablesByShard {
                let shards = found.source_shards();
                // Without a switch there is nothing that other shards are told apart by.
                let is_given_up = !found.frozen;
                let mut rules = self.topo.get_shard_routing_rules().await?;
                rules.rules.retain(|rule| {
                    !(is_of_pair(&rule.from_keyspace, &rule.to_keyspace)
                        && (shards.contains(&rule.shard) || is_given_up))
                });
                self.topo.save_shard_routing_rules(&rules).await?;
            }
            if seen.view.kind == Kind::Tenant {
                let mut rules = self.topo.get_keyspace_routing_rules().await?;
                rules.rules.retain(|rule| {
                    let from = rule.from_keyspace.split('@').next().unwrap_or_default();
                    from != source.as_str() && from != target.as_str()
                });
                self.topo.save_keyspace_routing_rules(&rules).await?;
            }
            let mut mirrors = self.topo.get_mirror_rules().await?;
            let before = mirrors.rules.len();
            mirrors.rules.retain(|rule| !super::mirror::is_of(found, rule));
            if mirrors.rules.len() != before {
                self.topo.save_mirror_rules(&mirrors).await?;
            }
            Ok::<_, vt_base::Error>(())
        }
        .await;
        lock.unlock().await?;
        changed?;
        Ok(self.topo.rebuild_srv_vschema(&[]).await?)
    }
}
