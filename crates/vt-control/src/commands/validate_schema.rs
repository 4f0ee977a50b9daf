//! ValidateSchemaKeyspace, ValidateVSchema: do all tablets have the same tables, and are they known?

use std::collections::{BTreeMap, BTreeSet};

use vt_base::{Error, Result, TabletAlias};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;
use vt_topo::TabletRecord;

use super::schema_diff::diff_schemas;
use crate::Control;
use crate::control::{refused, shard_of};
use vt_reparent::tablets::all;

/// Each shard's complaints.
type ByShard = BTreeMap<String, ValidateShardResponse>;

impl Control {
    /// Compares the schema of every tablet with that of the first shard's primary.
    pub async fn validate_schema_keyspace(
        &self,
        request: ValidateSchemaKeyspaceRequest,
    ) -> Result<ValidateSchemaKeyspaceResponse> {
        let shards = self.wanted_shards(&request.keyspace, &request.shards).await?;
        let wanted = tm::GetSchemaRequest {
            exclude_tables: request.exclude_tables.clone(),
            include_views: request.include_views,
            ..Default::default()
        };
        let mut reference: Option<(TabletAlias, tm::SchemaDefinition)> = None;
        let mut by_shard: ByShard =
            shards.iter().map(|one| (one.clone(), ValidateShardResponse::default())).collect();
        let mut results = Vec::new();
        let mut others: Vec<(String, TabletRecord)> = Vec::new();
        for shard in &shards {
            let record = self.topo.get_shard(&request.keyspace, shard).await?;
            let Some(primary) = record.primary_alias() else {
                if !request.skip_no_primary {
                    let text = format!("no primary in shard {}/{shard}", request.keyspace);
                    complain(&mut by_shard, &mut results, shard, text);
                }
                continue;
            };
            if reference.is_none() {
                let schema = self.schema_of(&primary, &wanted).await;
                match schema {
                    Ok(schema) => reference = Some((primary.clone(), schema)),
                    Err(err) => {
                        complain(&mut by_shard, &mut results, shard, err.to_string());
                        continue;
                    }
                }
            }
            let tablets = self.shard_tablets(&shard_of(&request.keyspace, shard)?).await?;
            others.extend(tablets.into_iter().map(|one| (shard.clone(), one)));
        }
        if let Some((alias, schema)) = &reference {
            others.retain(|(_, one)| one.alias() != *alias);
            let found = self.compare_schemas((alias, schema), others, &wanted).await;
            for (shard, text) in found {
                complain(&mut by_shard, &mut results, &shard, text);
            }
        }
        if request.include_vschema {
            let vschema = ValidateVSchemaRequest {
                keyspace: request.keyspace,
                shards,
                exclude_tables: request.exclude_tables,
                include_views: request.include_views,
            };
            let found = self.validate_v_schema(vschema).await?;
            results.extend(found.results);
            for (shard, complaints) in found.results_by_shard {
                by_shard.entry(shard).or_default().results.extend(complaints.results);
            }
        }
        Ok(ValidateSchemaKeyspaceResponse { results, results_by_shard: by_shard })
    }

    async fn schema_of(
        &self,
        alias: &TabletAlias,
        wanted: &tm::GetSchemaRequest,
    ) -> Result<tm::SchemaDefinition> {
        let tablet = self.tablet(alias).await?.within(self.options.action_timeout);
        Ok(tablet.get_schema(wanted.clone()).await?.schema_definition.unwrap_or_default())
    }

    /// Compares tablets with a reference; returns complaints with their shards, in order.
    async fn compare_schemas(
        &self,
        reference: (&TabletAlias, &tm::SchemaDefinition),
        tablets: Vec<(String, TabletRecord)>,
        wanted: &tm::GetSchemaRequest,
    ) -> Vec<(String, String)> {
        let calls = all(
            self.options.concurrency,
            tablets.into_iter().map(async |(shard, record)| {
                let alias = record.alias();
                (shard, self.schema_of(&alias, wanted).await, alias)
            }),
        );
        let mut complaints = Vec::new();
        for (shard, schema, alias) in calls.await {
            match schema {
                Ok(schema) => {
                    let texts = diff_schemas(
                        &reference.0.to_string(),
                        reference.1,
                        &alias.to_string(),
                        &schema,
                    );
                    complaints.extend(texts.into_iter().map(|text| (shard.clone(), text)));
                }
                Err(err) => complaints.push((shard, err.to_string())),
            }
        }
        complaints.sort();
        complaints
    }

    /// Finds tables of the shards' primaries that the VSchema does not name.
    pub async fn validate_v_schema(
        &self,
        request: ValidateVSchemaRequest,
    ) -> Result<ValidateVSchemaResponse> {
        let shards = self.wanted_shards(&request.keyspace, &request.shards).await?;
        let vschema =
            match self.topo.get_vschema(&request.keyspace).await {
                Err(err) if err.is_no_node() => Err(Error::from(err)
                    .context(format!("keyspace {} has no vschema", request.keyspace))),
                other => other.map_err(Error::from),
            }?;
        let known: BTreeSet<&String> = vschema.tables.keys().collect();
        let wanted = tm::GetSchemaRequest {
            exclude_tables: request.exclude_tables,
            include_views: request.include_views,
            table_schema_only: true,
            ..Default::default()
        };
        let mut by_shard: ByShard = BTreeMap::new();
        let mut results = Vec::new();
        for shard in &shards {
            by_shard.insert(shard.clone(), ValidateShardResponse::default());
            let checked = async {
                let primary = self.primary(&request.keyspace, shard).await?;
                self.schema_of(&primary.alias(), &wanted).await
            };
            match checked.await {
                Err(err) => complain(&mut by_shard, &mut results, shard, err.to_string()),
                Ok(schema) => {
                    let unknown: Vec<&str> = schema
                        .table_definitions
                        .iter()
                        .filter(|table| !known.contains(&table.name))
                        .map(|table| table.name.as_str())
                        .collect();
                    if !unknown.is_empty() {
                        let text = format!(
                            "{}/{shard} has tables that are not in the vschema: [{}]",
                            request.keyspace,
                            unknown.join(" ")
                        );
                        complain(&mut by_shard, &mut results, shard, text);
                    }
                }
            }
        }
        Ok(ValidateVSchemaResponse { results, results_by_shard: by_shard })
    }

    /// Returns the named shards, or all of a keyspace.
    pub(crate) async fn wanted_shards(
        &self,
        keyspace: &str,
        named: &[String],
    ) -> Result<Vec<String>> {
        let all = self.topo.get_shard_names(keyspace).await?;
        if all.is_empty() {
            return Err(refused(format!("no shards in keyspace {keyspace}")));
        }
        if named.is_empty() {
            return Ok(all);
        }
        match named.iter().find(|one| !all.contains(one)) {
            Some(unknown) => Err(refused(format!("there is no shard {keyspace}/{unknown}"))),
            None => Ok(named.to_vec()),
        }
    }
}

fn complain(by_shard: &mut ByShard, results: &mut Vec<String>, shard: &str, text: String) {
    by_shard.entry(shard.to_owned()).or_default().results.push(text.clone());
    results.push(text);
}
