//! CopySchemaShard: makes the tables of one tablet on the primary of a shard.

use vt_base::{Error, Result};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::{CopySchemaShardRequest, CopySchemaShardResponse};

use super::reload_schema::Reload;
use super::schema_diff::{VIEW, diff_schemas};
use crate::Control;
use crate::control::{duration_or, refused, required_alias, shard_of};
use vt_reparent::Progress;
use vt_reparent::tablets::Tablet;

/// What stands for the database's own name in a schema.
const DATABASE_NAME: &str = "{{.DatabaseName}}";

impl Control {
    pub async fn copy_schema_shard(
        &self,
        request: CopySchemaShardRequest,
    ) -> Result<CopySchemaShardResponse> {
        let shard = shard_of(&request.destination_keyspace, &request.destination_shard)?;
        let source_alias = required_alias(request.source_tablet_alias.as_ref())?;
        let source = self.tablet(&source_alias).await?.within(self.options.action_timeout);
        let primary = self.primary(&shard.keyspace, &shard.shard).await?;
        let target = primary.within(self.options.action_timeout);
        let wanted = tm::GetSchemaRequest {
            tables: request.tables,
            exclude_tables: request.exclude_tables,
            include_views: request.include_views,
            table_schema_only: true,
        };
        let ours = schema(&source, &wanted).await?;
        let theirs = schema(&target, &wanted).await?;
        for statement in missing_tables(&ours, &theirs, &target.record.db_name()) {
            target
                .execute_fetch_as_dba(tm::ExecuteFetchAsDbaRequest {
                    query: statement.into_bytes().into(),
                    db_name: target.record.db_name(),
                    max_rows: 1,
                    reload_schema: true,
                    // Tables come in order of name, and may refer to one that follows.
                    disable_foreign_key_checks: true,
                    ..Default::default()
                })
                .await?;
        }
        if !request.skip_verify {
            verify(&source, &ours, &target, &schema(&target, &wanted).await?)?;
        }
        let position = primary.primary_position(tm::PrimaryPositionRequest {}).await?.position;
        let reload = Reload {
            wait_position: &position,
            include_primary: true,
            concurrency: self.options.concurrency,
            timeout: duration_or(
                request.wait_replicas_timeout.as_ref(),
                self.options.tablet_timeout,
            ),
        };
        self.reload_shard(&shard, &reload, &Progress::default()).await?;
        Ok(CopySchemaShardResponse {})
    }
}

async fn schema(tablet: &Tablet, wanted: &tm::GetSchemaRequest) -> Result<tm::SchemaDefinition> {
    Ok(tablet.get_schema(wanted.clone()).await?.schema_definition.unwrap_or_default())
}

/// Returns the statements that make what the target lacks, tables before views.
fn missing_tables(
    ours: &tm::SchemaDefinition,
    theirs: &tm::SchemaDefinition,
    db_name: &str,
) -> Vec<String> {
    let mut missing: Vec<&tm::TableDefinition> = ours
        .table_definitions
        .iter()
        .filter(|table| !theirs.table_definitions.iter().any(|one| one.name == table.name))
        .collect();
    missing.sort_by_key(|table| (table.r#type == VIEW, table.name.as_str()));
    missing.iter().map(|table| table.schema.replace(DATABASE_NAME, db_name)).collect()
}

fn verify(
    source: &Tablet,
    ours: &tm::SchemaDefinition,
    target: &Tablet,
    theirs: &tm::SchemaDefinition,
) -> Result<(), Error> {
    let (left, right) = (source.alias().to_string(), target.alias().to_string());
    let differences = diff_schemas(&left, ours, &right, theirs);
    if differences.is_empty() {
        return Ok(());
    }
    Err(refused(format!("the schemas differ after the copy: {}", differences.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_come_after_tables_and_name_the_database() {
        let table = |name: &str, schema: &str, typ: &str| tm::TableDefinition {
            name: name.into(),
            schema: schema.into(),
            r#type: typ.into(),
            ..Default::default()
        };
        let ours = tm::SchemaDefinition {
            table_definitions: vec![
                table("a_view", "CREATE VIEW `{{.DatabaseName}}`.`a_view` AS SELECT 1", VIEW),
                table("b", "CREATE TABLE `b` (x int)", "BASE TABLE"),
                table("c", "CREATE TABLE `c` (x int)", "BASE TABLE"),
            ],
            ..Default::default()
        };
        let theirs = tm::SchemaDefinition {
            table_definitions: vec![table("b", "anything", "BASE TABLE")],
            ..Default::default()
        };
        assert_eq!(
            missing_tables(&ours, &theirs, "vt_ks"),
            ["CREATE TABLE `c` (x int)", "CREATE VIEW `vt_ks`.`a_view` AS SELECT 1"]
        );
    }
}
