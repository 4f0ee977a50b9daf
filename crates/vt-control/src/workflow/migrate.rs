//! MigrateCreate: copies tables of a mounted cluster into a keyspace of this one.

use vt_base::Result;
use vt_proto::vtctldata::*;

use super::snapshot::{ShardEnd, Snapshot};
use crate::Control;
use crate::control::invalid;

impl Control {
    pub async fn migrate_create(
        &self,
        request: MigrateCreateRequest,
    ) -> Result<WorkflowStatusResponse> {
        if request.mount_name.is_empty() {
            return Err(invalid("name the cluster to copy from with --mount-name"));
        }
        // What another cluster routes is its own affair, so that no rules are made here.
        self.move_tables_create(MoveTablesCreateRequest {
            workflow: request.workflow,
            source_keyspace: request.source_keyspace,
            target_keyspace: request.target_keyspace,
            cells: request.cells,
            tablet_types: request.tablet_types,
            tablet_selection_preference: request.tablet_selection_preference,
            all_tables: request.all_tables,
            include_tables: request.include_tables,
            exclude_tables: request.exclude_tables,
            external_cluster_name: request.mount_name,
            source_time_zone: request.source_time_zone,
            on_ddl: request.on_ddl,
            stop_after_copy: request.stop_after_copy,
            drop_foreign_keys: request.drop_foreign_keys,
            defer_secondary_keys: request.defer_secondary_keys,
            auto_start: request.auto_start,
            no_routing_rules: true,
            ..Default::default()
        })
        .await
    }

    /// Ends a migration: its streams go, and the tables stay where they came to.
    pub(super) async fn complete_migration(
        &self,
        found: &Snapshot,
        request: &MoveTablesCompleteRequest,
    ) -> Result<MoveTablesCompleteResponse> {
        let place = format!("{}.{}", found.target.keyspace, found.name);
        if request.dry_run {
            return Ok(MoveTablesCompleteResponse {
                summary: format!("Complete dry run results for workflow {place}"),
                dry_run_results: vec![format!("Delete the streams of workflow {place}")],
            });
        }
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        self.delete_streams(&found.name, &ends).await?;
        Ok(MoveTablesCompleteResponse {
            summary: format!(
                "Successfully completed the {} workflow in the {} keyspace",
                found.name, found.target.keyspace
            ),
            dry_run_results: Vec::new(),
        })
    }
}
