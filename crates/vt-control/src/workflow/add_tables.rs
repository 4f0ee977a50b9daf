//! WorkflowAddTables: more tables for a Materialize workflow that runs.
//!
//! On each target shard the streams are stopped, and one transaction writes down their new rules
//! together with the tables that are to be copied; then they go on. A shard that has the tables
//! already is left alone, so that the same command finishes what another one began.

use std::collections::BTreeSet;

use vt_base::{Error, Result};
use vt_proto::binlogdata::{
    BinlogSource, Filter, Rule, VReplicationWorkflowState as State,
    VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::text::to_text;
use vt_proto::vtctldata::*;
use vt_reparent::tablets::all;

use super::create::command_of;
use super::ends::{ends, serving_shards};
use super::materialize::{Made, Streams, made, wanted};
use super::rules::{SourceOptions, sql_name};
use super::snapshot::{ShardEnd, Snapshot};
use super::tables::{Tables, TargetRows, read_tables};
use crate::Control;
use crate::control::{invalid, refused};

/// A stream that gets rules.
#[derive(Debug)]
struct Grown {
    id: i32,
    source: BinlogSource,
    /// The tables that are to be copied.
    tables: Vec<String>,
}

impl Control {
    pub async fn workflow_add_tables(
        &self,
        request: WorkflowAddTablesRequest,
    ) -> Result<WorkflowAddTablesResponse> {
        let keyspace = &request.keyspace;
        self.check_keyspace("target", keyspace).await?;
        let lock = self.topo.lock_keyspace(keyspace, "WorkflowAddTables").await?;
        let added = self.add_tables(&request).await;
        lock.unlock().await?;
        added.map(|()| WorkflowAddTablesResponse {})
    }

    async fn add_tables(&self, request: &WorkflowAddTablesRequest) -> Result<()> {
        let (keyspace, name) = (&request.keyspace, &request.workflow);
        let found = Snapshot::load(self, keyspace, name, &[]).await?;
        if found.workflow_type != Type::Materialize {
            let command = command_of(found.workflow_type);
            return Err(invalid(format!(
                "tables are added to workflows of Materialize, and {name} is one of {command}"
            )));
        }
        if found.source.shards.is_empty() {
            return Err(Error::unsupported(
                "tables for a workflow whose source is another cluster; make a second workflow",
            ));
        }
        let from = &found.source.keyspace;
        let sources = serving_shards(&self.cluster, from, &[]).await?;
        let sources = ends(&self.cluster, sources).await?;
        let Some(first) = sources.first() else {
            return Err(refused(format!("keyspace {from} has no serving shards")));
        };
        let there = read_tables(&first.primary).await?;
        let settings = MaterializeSettings {
            table_settings: request.table_settings.clone(),
            ..MaterializeSettings::default()
        };
        let tables = wanted(&settings)?
            .iter()
            .map(|one| made(from, one, &there))
            .collect::<Result<Vec<Made>>>()?;
        let source_vschema = self.vschema_or_empty(&self.cluster, from).await?;
        let target_vschema = self.vschema_or_empty(&self.cluster, keyspace).await?;
        let streams = Streams {
            options: SourceOptions {
                keyspace: from.clone(),
                on_ddl: 0,
                stop_after_copy: false,
                external_cluster: String::new(),
                source_time_zone: String::new(),
            },
            target: keyspace,
            tables: &tables,
            source_vschema: &source_vschema,
            target_vschema: &target_vschema,
        };
        let shards: Vec<&str> = sources.iter().map(|one| one.record.name.as_str()).collect();
        let mut lacking = Vec::new();
        for (shard, end) in &found.target.shards {
            let mut rules = Vec::new();
            for (index, source) in shards.iter().enumerate() {
                rules.push(((*source).to_owned(), streams.rules(shard, index == 0)?));
            }
            let grown = grown(&found, shard, rules)?;
            if !grown.is_empty() {
                lacking.push((end.clone(), grown));
            }
        }
        self.check_added(&found, &lacking, &tables).await?;
        let ends: Vec<&ShardEnd> = lacking.iter().map(|(end, _)| end).collect();
        self.set_streams_state(name, &ends, State::Stopped).await?;
        let written = self.write_added(&lacking).await;
        // They go on with what has been written, also where that failed on some shard.
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        self.set_streams_state(name, &ends, State::Running).await?;
        written
    }

    /// Makes the tables where they lack, and refuses those that cannot be filled.
    async fn check_added(
        &self,
        found: &Snapshot,
        lacking: &[(ShardEnd, Vec<Grown>)],
        tables: &[Made],
    ) -> Result<()> {
        let ends: Vec<ShardEnd> = lacking.iter().map(|(end, _)| end.clone()).collect();
        let added: BTreeSet<&String> =
            lacking.iter().flat_map(|(_, grown)| grown).flat_map(|one| &one.tables).collect();
        let names: Tables = added.iter().map(|one| ((*one).clone(), String::new())).collect();
        self.check_tables_are_free(&found.target.keyspace, &ends, &names).await?;
        let fresh: Tables = tables
            .iter()
            .filter(|one| added.contains(&one.target))
            .filter_map(|one| Some((one.target.clone(), one.ddl.clone()?)))
            .collect();
        self.check_target_tables(&ends, &fresh, TargetRows::None).await?;
        self.deploy_tables(&ends, &fresh).await?;
        self.check_tables_exist(&ends, tables).await
    }

    /// Writes down the new rules, and what is to be copied.
    async fn write_added(&self, lacking: &[(ShardEnd, Vec<Grown>)]) -> Result<()> {
        let calls = lacking.iter().map(async |(end, grown)| {
            let sidecar = self.topo.get_sidecar_db_name(&end.record.keyspace).await?;
            let mut sql = "begin".to_owned();
            for one in grown {
                sql.push_str(&statements(&sidecar, one)?);
            }
            sql.push_str("; commit");
            let request = tm::ExecuteMultiFetchAsDbaRequest {
                sql: sql.into_bytes().into(),
                db_name: end.primary.record.db_name(),
                max_rows: 1,
                ..Default::default()
            };
            end.primary.execute_multi_fetch_as_dba(request).await.map(drop)
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }
}

/// Returns the streams of a target shard that lack some of the rules, which come by the shard of
/// the source that they are of.
fn grown(found: &Snapshot, shard: &str, rules: Vec<(String, Vec<Rule>)>) -> Result<Vec<Grown>> {
    let mut out = Vec::new();
    for (source, rules) in rules {
        if rules.is_empty() {
            continue;
        }
        let Some(stream) = found.streams_of(shard).find(|one| one.source.shard == source) else {
            return Err(refused(format!(
                "workflow {} has no stream from shard {}/{source} into shard {}/{shard}, which table \
                 {} needs; make a second workflow for it",
                found.name,
                found.source.keyspace,
                found.target.keyspace,
                rules.first().map(|rule| rule.r#match.as_str()).unwrap_or_default(),
            )));
        };
        let mut filter = stream.source.filter.clone().unwrap_or_default();
        let tables = add_rules(&mut filter, rules);
        if !tables.is_empty() {
            let source = BinlogSource { filter: Some(filter), ..stream.source.clone() };
            out.push(Grown { id: stream.status.id, source, tables });
        }
    }
    Ok(out)
}

/// Adds the rules of tables that have none; returns these tables.
fn add_rules(filter: &mut Filter, rules: Vec<Rule>) -> Vec<String> {
    let mut tables = Vec::new();
    for rule in rules {
        if !filter.rules.iter().any(|known| known.r#match == rule.r#match) {
            tables.push(rule.r#match.clone());
            filter.rules.push(rule);
        }
    }
    tables
}

/// Returns the statements, each with a semicolon before it, that give a stream its rules.
fn statements(sidecar: &str, one: &Grown) -> Result<String> {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let sidecar = sql_name(sidecar);
    let source = to_text("binlogdata.BinlogSource", &one.source)?;
    let rows: Vec<String> =
        one.tables.iter().map(|table| format!("({}, x'{}')", one.id, hex(table))).collect();
    Ok(format!(
        "; update {sidecar}.vreplication set source = x'{}' where id = {}; \
         insert into {sidecar}.copy_state (vrepl_id, table_name) values {}",
        hex(&source),
        one.id,
        rows.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(table: &str) -> Rule {
        Rule { r#match: table.to_owned(), filter: "select 1".to_owned(), ..Rule::default() }
    }

    #[test]
    fn tables_that_are_there_are_not_copied_again() {
        let mut filter = Filter { rules: vec![rule("a")], ..Filter::default() };
        assert_eq!(add_rules(&mut filter, vec![rule("a"), rule("b"), rule("c")]), ["b", "c"]);
        let names: Vec<&str> = filter.rules.iter().map(|one| one.r#match.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(add_rules(&mut filter, vec![rule("b")]).is_empty());
    }

    #[test]
    fn rules_and_what_is_to_be_copied_are_written_together() {
        let source = BinlogSource { keyspace: "ks".to_owned(), ..BinlogSource::default() };
        let grown = Grown { id: 7, source, tables: vec!["a".to_owned(), "b'".to_owned()] };
        let sql = statements("_vt", &grown).unwrap();
        let source = "set source = x'6b657973706163653a226b7322' where id = 7; insert into";
        assert!(sql.starts_with("; update ") && sql.contains(source), "{sql}");
        let rows = "copy_state (vrepl_id, table_name) values (7, x'61'), (7, x'6227')";
        assert!(sql.ends_with(rows), "{sql}");
    }
}
