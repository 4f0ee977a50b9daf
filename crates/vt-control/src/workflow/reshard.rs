//! ReshardCreate: streams that copy a keyspace's rows from some of its shards into others.

use std::collections::BTreeMap;

use vt_base::{KeyRange, Result};
use vt_proto::binlogdata::{
    BinlogSource, Rule, VReplicationWorkflowState as State, VReplicationWorkflowSubType as SubType,
    VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::topodata;
use vt_proto::vschema;
use vt_proto::vtctldata::*;
use vt_topo::ShardRecord;

use super::create::NewWorkflow;
use super::ends::ends;
use super::rules::{REFERENCE, SourceOptions, on_ddl, rule, sql_name};
use super::snapshot::ShardEnd;
use super::tables::{TargetRows, is_internal, read_tables};
use crate::Control;
use crate::control::{invalid, refused};

/// What leaves a table out of a stream.
const EXCLUDE: &str = "exclude";
/// The pattern of every table.
const EVERY_TABLE: &str = "/.*";

impl Control {
    pub async fn reshard_create(
        &self,
        request: ReshardCreateRequest,
    ) -> Result<WorkflowStatusResponse> {
        self.check_keyspace("target", &request.keyspace).await?;
        let keyspace = request.keyspace.clone();
        let lock = self.topo.lock_keyspace(&keyspace, "ReshardCreate").await?;
        let made = self.make_reshard(&request).await;
        lock.unlock().await?;
        made?;
        let status =
            WorkflowStatusRequest { keyspace, workflow: request.workflow, shards: Vec::new() };
        self.workflow_status(status).await
    }

    async fn make_reshard(&self, request: &ReshardCreateRequest) -> Result<()> {
        let keyspace = &request.keyspace;
        let shards = self.topo.find_all_shards_in_keyspace(keyspace).await?;
        let sources = named(keyspace, &shards, "source", &request.source_shards)?;
        let targets = named(keyspace, &shards, "target", &request.target_shards)?;
        check_shards(keyspace, &sources, &targets)?;
        let sources = ends(&self.cluster, sources).await?;
        let targets = ends(&self.cluster, targets).await?;
        self.check_name_is_free(keyspace, &request.workflow).await?;
        self.check_no_other_reshard(request, &targets).await?;
        let Some(first) = sources.first() else {
            return Err(invalid("a source shard must be named"));
        };
        let tables = read_tables(&first.primary).await?;
        self.check_target_tables(&targets, &tables, TargetRows::None).await?;
        let vschema = self.vschema_or_empty(&self.cluster, keyspace).await?;
        let tables: Vec<String> = tables.into_keys().filter(|name| !is_internal(name)).collect();
        let references = check_tables(keyspace, &vschema, &tables, &targets)?;
        if !request.skip_schema_copy {
            for target in &targets {
                self.copy_schema(first, target).await?;
            }
        }
        let options = SourceOptions {
            keyspace: keyspace.clone(),
            on_ddl: on_ddl(&request.on_ddl)?,
            stop_after_copy: request.stop_after_copy,
            ..SourceOptions::default()
        };
        let new = NewWorkflow {
            name: request.workflow.clone(),
            keyspace: keyspace.clone(),
            workflow_type: Type::Reshard,
            sub_type: SubType::None,
            sources: streams(
                &options,
                &sources,
                &targets,
                &Whole { references, keyspace: !vschema.sharded },
            ),
            targets,
            cells: request.cells.clone(),
            tablet_types: request.tablet_types.clone(),
            tablet_selection_preference: request.tablet_selection_preference,
            defer_secondary_keys: request.defer_secondary_keys,
            stop_after_copy: request.stop_after_copy,
            options: request.workflow_options.clone().unwrap_or_default(),
        };
        self.create_streams(&new).await?;
        if request.auto_start {
            let ends: Vec<&ShardEnd> = new.targets.iter().collect();
            self.set_streams_state(&new.name, &ends, State::Running).await?;
        }
        Ok(())
    }

    /// Makes the tables and views of a source shard on the primary of a target shard.
    async fn copy_schema(&self, source: &ShardEnd, target: &ShardEnd) -> Result<()> {
        let alias = source.primary.alias();
        let request = CopySchemaShardRequest {
            source_tablet_alias: Some(topodata::TabletAlias::from(&alias)),
            include_views: true,
            destination_keyspace: target.record.keyspace.clone(),
            destination_shard: target.record.name.clone(),
            ..Default::default()
        };
        let (keyspace, shard) = (&target.record.keyspace, &target.record.name);
        Box::pin(self.copy_schema_shard(request)).await.map(drop).map_err(|err| {
            err.context(format!("cannot make the tables of shard {keyspace}/{shard}"))
        })
    }

    /// Refuses shards into which another workflow reshards already.
    async fn check_no_other_reshard(
        &self,
        request: &ReshardCreateRequest,
        targets: &[ShardEnd],
    ) -> Result<()> {
        let shards: Vec<String> = targets.iter().map(|one| one.record.name.clone()).collect();
        let read = tm::ReadVReplicationWorkflowsRequest::default();
        for shard in self.read_workflows(&request.keyspace, &shards, &read).await? {
            let other = shard.workflows.iter().find(|one| one.workflow_type() == Type::Reshard);
            let Some(other) = other else { continue };
            return Err(refused(format!(
                "shard {}/{} is filled by workflow {} already; end it with `Reshard --workflow {} \
                 --target-keyspace {} cancel`",
                request.keyspace,
                shard.end.record.name,
                other.workflow,
                other.workflow,
                request.keyspace
            )));
        }
        Ok(())
    }
}

/// Returns the tables that every shard has whole, and refuses those that cannot be split.
fn check_tables(
    keyspace: &str,
    vschema: &vschema::Keyspace,
    tables: &[String],
    targets: &[ShardEnd],
) -> Result<Vec<String>> {
    let is_split = targets.iter().any(|one| !one.record.key_range().is_full());
    let mut references = Vec::new();
    for table in tables {
        match vschema.tables.get(table) {
            Some(found) if found.r#type == REFERENCE => references.push(table.clone()),
            Some(found) if !found.column_vindexes.is_empty() => {}
            _ if !is_split => {}
            _ => {
                return Err(refused(format!(
                    "table {table} has no vindex in the vschema of keyspace {keyspace}, so that its rows \
                     cannot be split; say by which vindex it is sharded with ApplyVSchema, or drop it"
                )));
            }
        }
    }
    Ok(references)
}

/// Finds the shards that a request names.
fn named(
    keyspace: &str,
    shards: &[ShardRecord],
    what: &str,
    names: &[String],
) -> Result<Vec<ShardRecord>> {
    if names.is_empty() {
        return Err(invalid(format!("the {what} shards must be named, with --{what}-shards")));
    }
    let find = |name: &String| {
        shards.iter().find(|one| one.name == *name).cloned().ok_or_else(|| {
            let there: Vec<&str> = shards.iter().map(|one| one.name.as_str()).collect();
            invalid(format!(
                "there is no {what} shard {name} in keyspace {keyspace}, which has {}; add it with \
                 CreateShard {keyspace}/{name}, and tablets to it",
                there.join(", ")
            ))
        })
    };
    names.iter().map(find).collect()
}

/// Refuses shards that are not what they must be: sources serve, targets do not, and both cover the
/// same keys once.
fn check_shards(keyspace: &str, sources: &[ShardRecord], targets: &[ShardRecord]) -> Result<()> {
    if let Some(source) = sources.iter().find(|one| !one.is_primary_serving()) {
        return Err(refused(format!(
            "source shard {keyspace}/{} is not in serving state",
            source.name
        )));
    }
    if let Some(target) = targets.iter().find(|one| one.is_primary_serving()) {
        return Err(refused(format!(
            "target shard {keyspace}/{} is in serving state; name shards that take no traffic yet",
            target.name
        )));
    }
    let (from, to) = (covered("source", sources)?, covered("target", targets)?);
    if from != to {
        return Err(refused(format!(
            "source and target shards do not cover the same keys: {from} and {to}"
        )));
    }
    Ok(())
}

/// Returns the one range that shards cover together.
fn covered(what: &str, shards: &[ShardRecord]) -> Result<KeyRange> {
    let mut ranges: Vec<KeyRange> = shards.iter().map(ShardRecord::key_range).collect();
    ranges.sort();
    let names = || shards.iter().map(|one| one.name.as_str()).collect::<Vec<&str>>().join(", ");
    for pair in ranges.windows(2) {
        let [a, b] = pair else { continue };
        if a.intersects(b) {
            return Err(refused(format!("the {what} shards {} overlap", names())));
        }
        if a.end() != b.start() {
            return Err(refused(format!("the {what} shards {} leave a gap between them", names())));
        }
    }
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
        return Err(invalid(format!("the {what} shards must be named, with --{what}-shards")));
    };
    Ok(KeyRange::new(first.start(), last.end()))
}

/// What comes without being chosen by key.
struct Whole {
    references: Vec<String>,
    /// The keyspace has no vindexes: its one shard goes into another.
    keyspace: bool,
}

/// Returns the streams of each target shard: one for each source shard that it meets.
///
/// Rows of sharded tables come by their keys. A reference table, which has none, comes whole from
/// the first source shard.
fn streams(
    options: &SourceOptions,
    sources: &[ShardEnd],
    targets: &[ShardEnd],
    whole: &Whole,
) -> BTreeMap<String, Vec<BinlogSource>> {
    let mut out = BTreeMap::new();
    for target in targets {
        let range = target.record.key_range();
        let meets = |one: &&ShardEnd| one.record.key_range().intersects(&range);
        let streams = sources.iter().filter(meets).enumerate().map(|(index, source)| {
            let of_reference = |table: &String| match index {
                0 => rule(table, format!("select * from {}", sql_name(table))),
                _ => rule(table, EXCLUDE),
            };
            let mut rules: Vec<Rule> = whole.references.iter().map(of_reference).collect();
            let text = if whole.keyspace { String::new() } else { range.to_string() };
            rules.push(rule(EVERY_TABLE, text));
            options.source(&source.record.name, rules)
        });
        out.insert(target.record.name.clone(), streams.collect());
    }
    out
}

#[cfg(test)]
mod tests {
    use vt_topo::store::Version;

    use super::*;

    fn shard(name: &str, is_primary_serving: bool) -> ShardRecord {
        let (_, key_range) = vt_topo::records::shard::validate_shard_name(name).unwrap();
        ShardRecord {
            keyspace: "ks".to_owned(),
            name: name.to_owned(),
            message: topodata::Shard { key_range, is_primary_serving, ..Default::default() },
            version: Version(0),
        }
    }

    fn check(sources: &[&str], targets: &[&str]) -> String {
        let shards = |names: &[&str], serving| -> Vec<ShardRecord> {
            names.iter().map(|name| shard(name, serving)).collect()
        };
        let checked = check_shards("ks", &shards(sources, true), &shards(targets, false));
        checked.err().map(|err| err.message().to_owned()).unwrap_or_default()
    }

    #[test]
    fn any_split_and_merge_is_taken_that_covers_the_same_keys() {
        for (sources, targets) in [
            (vec!["0"], vec!["-80", "80-"]),
            (vec!["-"], vec!["-40", "40-80", "80-c0", "c0-"]),
            (vec!["-80", "80-"], vec!["-"]),
            (vec!["80-", "-80"], vec!["0"]),
            (vec!["-80"], vec!["-40", "40-80"]),
            (vec!["-40", "40-80"], vec!["-20", "20-80"]),
            (vec!["-8000"], vec!["-80"]),
        ] {
            assert_eq!(check(&sources, &targets), "", "{sources:?} to {targets:?}");
        }
    }

    #[test]
    fn shards_that_do_not_fit_are_refused() {
        for (sources, targets, why) in [
            (
                vec!["0"],
                vec!["-80"],
                "source and target shards do not cover the same keys: - and -80",
            ),
            (vec!["0"], vec!["-80", "c0-"], "the target shards -80, c0- leave a gap between them"),
            (vec!["0"], vec!["-80", "40-"], "the target shards -80, 40- overlap"),
            (vec!["-80", "c0-"], vec!["-"], "the source shards -80, c0- leave a gap between them"),
        ] {
            assert_eq!(check(&sources, &targets), why);
        }
        let serving = check_shards("ks", &[shard("-", true)], &[shard("0", true)]).unwrap_err();
        assert!(serving.message().starts_with("target shard ks/0 is in serving state"));
        let idle = check_shards("ks", &[shard("-", false)], &[shard("0", false)]).unwrap_err();
        assert_eq!(idle.message(), "source shard ks/- is not in serving state");
    }
}
