//! MoveTablesCreate: streams that copy tables into another keyspace and keep them in step.

use std::collections::BTreeMap;

use vt_base::{Error, Result};
use vt_proto::binlogdata::{
    BinlogSource, VReplicationWorkflowState as State, VReplicationWorkflowSubType as SubType,
    VReplicationWorkflowType as Type,
};
use vt_proto::vschema;
use vt_proto::vtctldata::*;
use vt_reparent::Cluster;
use vt_reparent::tablets::all;
use vt_workflow::rules::Move;

use super::create::NewWorkflow;
use super::ddl::{Without, rewritten};
use super::ends::{ends, serving_shards};
use super::rules::{
    SourceOptions, narrowed, on_ddl, rule, shard_condition, sharded_alike, sql_name, sql_string,
};
use super::snapshot::ShardEnd;
use super::tables::{Tables, TargetRows, Wanted, choose, read_tables};
use crate::Control;
use crate::control::{invalid, refused};

/// A move that has been thought through: nothing of it is done yet.
struct Plan {
    new: NewWorkflow,
    source_keyspace: String,
    /// As the source has them.
    source_tables: Tables,
    /// As the target is to have them.
    target_tables: Tables,
    target_vschema: vschema::Keyspace,
    /// The sequences that are made in the global keyspace.
    sequences: Vec<String>,
    routing: Routing,
}

/// By which rules the traffic stays at the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Routing {
    None,
    Tables,
    /// By table and by shard.
    TablesAndShards,
    /// The whole keyspace of a tenant.
    Keyspace,
}

impl Control {
    pub async fn move_tables_create(
        &self,
        request: MoveTablesCreateRequest,
    ) -> Result<WorkflowStatusResponse> {
        let source = match request.external_cluster_name.as_str() {
            "" => self.cluster.clone(),
            name => self.external_cluster(name).await?,
        };
        self.copy_tables(&source, request).await
    }

    /// Makes a workflow that copies tables, from this cluster or another.
    async fn copy_tables(
        &self,
        source: &Cluster,
        request: MoveTablesCreateRequest,
    ) -> Result<WorkflowStatusResponse> {
        self.check_keyspace("target", &request.target_keyspace).await?;
        let keyspace = request.target_keyspace.clone();
        let lock = self.topo.lock_keyspace(&keyspace, "MoveTablesCreate").await?;
        let made = async {
            let plan = self.plan_move(source, &request).await?;
            self.apply_move(&plan, request.auto_start).await?;
            Ok::<_, Error>(plan.new.name)
        }
        .await;
        lock.unlock().await?;
        let status = WorkflowStatusRequest { keyspace, workflow: made?, shards: Vec::new() };
        self.workflow_status(status).await
    }

    /// Reads both ends, and refuses what cannot be moved; changes nothing but what is left of a
    /// creation that was cut off.
    async fn plan_move(&self, source: &Cluster, request: &MoveTablesCreateRequest) -> Result<Plan> {
        let options = request.workflow_options.clone().unwrap_or_default();
        let (from, to) = (&request.source_keyspace, &request.target_keyspace);
        let is_external = !request.external_cluster_name.is_empty();
        check_request(request, &options)?;
        if !is_external {
            self.check_keyspace("source", from).await?;
        }
        let (sources, targets, is_partial) = self.move_ends(source, request, &options).await?;
        self.check_name_is_free(to, &request.workflow).await?;
        if !is_external {
            self.check_reverse_is_free(from, &request.workflow).await?;
        }
        let Some(first) = sources.first() else {
            return Err(refused(format!("keyspace {from} has no serving shards")));
        };
        let is_tenant = !options.tenant_id.is_empty();
        let source_tables = self.tables_to_move(request, first, &targets, is_tenant).await?;
        let source_vschema = self.vschema_or_empty(source, from).await?;
        let stored = self.vschema_or_empty(&self.cluster, to).await?;
        check_sharding(to, &stored, &targets)?;
        let sequences = Sequences::of(&options, stored.sharded)?;
        // What another cluster's VSchema says of its tables is for that cluster.
        let known = if is_external { vschema::Keyspace::default() } else { source_vschema.clone() };
        let target_vschema = target_vschema(&stored, &known, &source_tables, &sequences)?;
        let without = Without {
            auto_increment: sequences != Sequences::Leave,
            foreign_keys: request.drop_foreign_keys,
        };
        let target_tables = all_rewritten(&source_tables, without)?;
        let streams = Streams {
            options: SourceOptions {
                keyspace: from.clone(),
                on_ddl: on_ddl(&request.on_ddl)?,
                stop_after_copy: request.stop_after_copy,
                external_cluster: request.external_cluster_name.clone(),
                source_time_zone: request.source_time_zone.clone(),
            },
            target: to,
            tables: &source_tables,
            source_vschema: &source_vschema,
            target_vschema: &target_vschema,
            tenant: tenant_condition(to, &target_vschema, &options.tenant_id)?,
        };
        let by_target = streams.by_target(&sources, &targets)?;
        if request.atomic_copy {
            super::conflicts::check_atomic(to, &by_target)?;
        }
        let new = NewWorkflow {
            name: request.workflow.clone(),
            keyspace: to.clone(),
            workflow_type: if is_external { Type::Migrate } else { Type::MoveTables },
            sub_type: match (request.atomic_copy, is_partial) {
                (true, _) => SubType::AtomicCopy,
                (false, true) => SubType::Partial,
                (false, false) => SubType::None,
            },
            sources: by_target,
            targets,
            cells: request.cells.clone(),
            tablet_types: request.tablet_types.clone(),
            tablet_selection_preference: request.tablet_selection_preference,
            defer_secondary_keys: request.defer_secondary_keys,
            stop_after_copy: request.stop_after_copy,
            options,
        };
        Ok(Plan {
            new,
            source_keyspace: from.clone(),
            source_tables,
            target_tables,
            sequences: new_sequences(&stored, &target_vschema),
            target_vschema,
            routing: match () {
                () if request.no_routing_rules || is_external => Routing::None,
                () if is_tenant => Routing::Keyspace,
                () if is_partial => Routing::TablesAndShards,
                () => Routing::Tables,
            },
        })
    }

    /// Returns the tables that are asked for, with their definitions, unless the target has
    /// something else of their names.
    async fn tables_to_move(
        &self,
        request: &MoveTablesCreateRequest,
        first: &ShardEnd,
        targets: &[ShardEnd],
        is_tenant: bool,
    ) -> Result<Tables> {
        let (from, to) = (&request.source_keyspace, &request.target_keyspace);
        let wanted = Wanted {
            all: request.all_tables,
            include: request.include_tables.clone(),
            exclude: request.exclude_tables.clone(),
        };
        let tables = choose(from, &wanted, &read_tables(&first.primary).await?)?;
        if !is_tenant {
            self.check_tables_are_free(to, targets, &tables).await?;
        }
        let rows = if is_tenant { TargetRows::Some } else { TargetRows::None };
        self.check_target_tables(targets, &tables, rows).await?;
        Ok(tables)
    }

    /// Returns the shards at both ends, and whether only some of the shards are moved.
    async fn move_ends(
        &self,
        source: &Cluster,
        request: &MoveTablesCreateRequest,
        options: &WorkflowOptions,
    ) -> Result<(Vec<ShardEnd>, Vec<ShardEnd>, bool)> {
        let (from, to) = (&request.source_keyspace, &request.target_keyspace);
        let all = serving_shards(source, from, &[]).await?.len();
        let sources = serving_shards(source, from, &request.source_shards).await?;
        let is_partial = sources.len() < all;
        let names: Vec<String> = match is_partial {
            true => sources.iter().map(|one| one.name.clone()).collect(),
            false => options.shards.clone(),
        };
        let targets = serving_shards(&self.cluster, to, &names).await?;
        Ok((ends(source, sources).await?, ends(&self.cluster, targets).await?, is_partial))
    }

    /// Does what was planned; what was done is undone where a step fails.
    async fn apply_move(&self, plan: &Plan, auto_start: bool) -> Result<()> {
        let names: Vec<String> = plan.source_tables.keys().cloned().collect();
        let of = Move { tables: &names, source: &plan.source_keyspace, target: &plan.new.keyspace };
        let had_rules = self.has_routes(of).await?;
        let made = self.make_move(plan, of).await;
        if let Err(err) = made {
            let own_rules =
                matches!(plan.routing, Routing::Tables | Routing::TablesAndShards) && !had_rules;
            if !own_rules {
                return Err(err);
            }
            // A table that is in both keyspaces must not lose the rule that says which is meant:
            // clients would write to one that is copied to no more.
            if !self.targets_are_without(plan).await {
                return Err(err.context(
                    "the routing rules that keep the tables' traffic at the source are left: run the \
                     same command again, or drop the tables of the target and take the rules out with \
                     ApplyRoutingRules",
                ));
            }
            if let Err(left) = self.drop_routes(of).await {
                tracing::warn!(%left, "routing rules of a move that was not made are left");
            }
            if let Err(left) = self.topo.rebuild_srv_vschema(&[]).await {
                tracing::warn!(%left, "gateways have not heard of the rules that were taken back");
            }
            return Err(err);
        }
        if auto_start {
            let ends: Vec<&ShardEnd> = plan.new.targets.iter().collect();
            let started = self.set_streams_state(&plan.new.name, &ends, State::Running).await;
            started.map_err(|err| {
                err.context(format!(
                    "workflow {} is made and not started on all shards; run `Workflow --keyspace {} \
                     start --workflow {}`",
                    plan.new.name, plan.new.keyspace, plan.new.name
                ))
            })?;
        }
        Ok(())
    }

    /// Tells whether no target shard has any of the tables, for sure.
    async fn targets_are_without(&self, plan: &Plan) -> bool {
        let calls = plan.new.targets.iter().map(async |end| read_tables(&end.primary).await);
        let there = all(self.options.concurrency, calls).await;
        there.into_iter().all(|tables| {
            tables.is_ok_and(|tables| {
                !plan.target_tables.keys().any(|name| tables.contains_key(name))
            })
        })
    }

    /// The rules come first: as soon as a table is in both keyspaces, its bare name says nothing.
    async fn make_move(&self, plan: &Plan, of: Move<'_>) -> Result<()> {
        match plan.routing {
            Routing::None => {}
            Routing::Tables => self.route_to_source(of).await?,
            Routing::TablesAndShards => {
                self.route_to_source(of).await?;
                self.route_shards_to_source(of.source, of.target).await?;
            }
            Routing::Keyspace => self.route_keyspace_to_itself(of.source).await?,
        }
        self.add_to_vschema(of.target, &plan.target_vschema, plan.source_tables.keys()).await?;
        self.make_sequence_tables(&plan.new.options.global_keyspace, &plan.sequences).await?;
        self.topo.rebuild_srv_vschema(&[]).await?;
        self.deploy_tables(&plan.new.targets, &plan.target_tables).await?;
        self.create_streams(&plan.new).await
    }
}

/// Writes tables as the target gets them.
fn all_rewritten(tables: &Tables, without: Without) -> Result<Tables> {
    tables.iter().map(|(name, text)| Ok((name.clone(), rewritten(name, text, without)?))).collect()
}

fn check_request(request: &MoveTablesCreateRequest, options: &WorkflowOptions) -> Result<()> {
    let (from, to) = (&request.source_keyspace, &request.target_keyspace);
    if from.is_empty() {
        return Err(invalid("the source keyspace must be named, with --source-keyspace"));
    }
    if from == to && request.external_cluster_name.is_empty() {
        return Err(invalid(format!("tables of keyspace {from} cannot be moved into itself")));
    }
    if request.atomic_copy && !request.source_shards.is_empty() {
        return Err(invalid("an atomic copy takes all shards; leave --source-shards out"));
    }
    if request.atomic_copy && !options.tenant_id.is_empty() {
        return Err(invalid(
            "an atomic copy begins with tables that are empty, and a tenant's rows come to those of \
             others; leave --atomic-copy out",
        ));
    }
    if !options.tenant_id.is_empty() && !request.source_shards.is_empty() {
        return Err(invalid("a tenant is moved from all shards; leave --source-shards out"));
    }
    Ok(())
}

/// Refuses a keyspace whose rows nothing would divide among its shards.
fn check_sharding(keyspace: &str, vschema: &vschema::Keyspace, targets: &[ShardEnd]) -> Result<()> {
    let divided = targets.iter().any(|one| !one.record.key_range().is_full());
    if vschema.sharded || !divided {
        return Ok(());
    }
    Err(refused(format!(
        "keyspace {keyspace} has several shards, and its vschema is not sharded; say by which vindexes \
         its tables are sharded with ApplyVSchema first"
    )))
}

/// What becomes of columns that MySQL numbers itself: across shards it would give numbers twice.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sequences {
    Leave,
    Remove,
    /// A sequence of this keyspace takes over.
    Replace {
        keyspace: String,
    },
}

impl Sequences {
    fn of(options: &WorkflowOptions, is_sharded: bool) -> Result<Sequences> {
        if !is_sharded {
            return Ok(Sequences::Leave);
        }
        Ok(match options.sharded_auto_increment_handling() {
            ShardedAutoIncrementHandling::Leave => Sequences::Leave,
            ShardedAutoIncrementHandling::Remove => Sequences::Remove,
            ShardedAutoIncrementHandling::Replace => {
                Sequences::Replace { keyspace: options.global_keyspace.clone() }
            }
        })
    }
}

/// Returns the target's vschema with what the move adds to it.
fn target_vschema(
    stored: &vschema::Keyspace,
    source: &vschema::Keyspace,
    tables: &Tables,
    sequences: &Sequences,
) -> Result<vschema::Keyspace> {
    let mut target = stored.clone();
    for (name, text) in tables {
        if !target.sharded {
            let known = source.tables.get(name).cloned().unwrap_or_default();
            // An unsharded keyspace has no vindexes; MySQL or the target's own sequence numbers rows.
            let table =
                vschema::Table { column_vindexes: Vec::new(), pinned: String::new(), ..known };
            target.tables.entry(name.clone()).or_insert(table);
            continue;
        }
        let Sequences::Replace { keyspace } = sequences else { continue };
        let Some(column) = super::ddl::table_shape(name, text)?.auto_increment else { continue };
        let Some(table) = target.tables.get_mut(name) else { continue };
        if table.auto_increment.is_some() {
            continue;
        }
        if keyspace.is_empty() {
            return Err(invalid(format!(
                "table {name} needs a sequence for its column {column}: say with --global-keyspace in \
                 which unsharded keyspace it is to be"
            )));
        }
        let sequence = format!("{}.{}", sql_name(keyspace), sql_name(&sequence_of(name)));
        table.auto_increment = Some(vschema::AutoIncrement { column, sequence });
    }
    Ok(target)
}

/// Returns the sequences that the move brings.
fn new_sequences(stored: &vschema::Keyspace, planned: &vschema::Keyspace) -> Vec<String> {
    let is_new = |(name, table): &(&String, &vschema::Table)| {
        stored.sharded
            && table.auto_increment.is_some()
            && stored.tables.get(*name).is_some_and(|one| one.auto_increment.is_none())
    };
    planned.tables.iter().filter(is_new).map(|(name, _)| sequence_of(name)).collect()
}

/// Returns the name of the sequence that is made for a table.
fn sequence_of(table: &str) -> String {
    format!("{table}_seq")
}

/// Returns the condition that a row is a tenant's; none where no tenant is named.
pub(super) fn tenant_condition(
    keyspace: &str,
    vschema: &vschema::Keyspace,
    tenant: &str,
) -> Result<Option<String>> {
    if tenant.is_empty() {
        return Ok(None);
    }
    let spec =
        vschema.multi_tenant_spec.as_ref().filter(|one| !one.tenant_id_column_name.is_empty());
    let Some(spec) = spec else {
        return Err(refused(format!(
            "the vschema of keyspace {keyspace} has no multi_tenant_spec, which says by which column \
             tenants are told apart"
        )));
    };
    let value = match vt_value::Type(spec.tenant_id_column_type).is_integral() {
        false => sql_string(tenant),
        true if tenant.parse::<i128>().is_ok() => tenant.to_owned(),
        true => {
            return Err(invalid(format!(
                "tenant ids of keyspace {keyspace} are whole numbers, and {tenant:?} is none"
            )));
        }
    };
    Ok(Some(format!("{} = {value}", sql_name(&spec.tenant_id_column_name))))
}

/// What the streams of a move are made from.
struct Streams<'a> {
    options: SourceOptions,
    target: &'a str,
    tables: &'a Tables,
    source_vschema: &'a vschema::Keyspace,
    target_vschema: &'a vschema::Keyspace,
    tenant: Option<String>,
}

impl Streams<'_> {
    /// Returns the streams of each target shard: one for each source shard that has rows for it.
    fn by_target(
        &self,
        sources: &[ShardEnd],
        targets: &[ShardEnd],
    ) -> Result<BTreeMap<String, Vec<BinlogSource>>> {
        let mut out = BTreeMap::new();
        for target in targets {
            let mut streams = Vec::new();
            for source in sources {
                let rules = self.rules(source, target, sources.first())?;
                if !rules.is_empty() {
                    streams.push(self.options.source(&source.record.name, rules));
                }
            }
            out.insert(target.record.name.clone(), streams);
        }
        Ok(out)
    }

    fn rules(
        &self,
        source: &ShardEnd,
        target: &ShardEnd,
        first: Option<&ShardEnd>,
    ) -> Result<Vec<vt_proto::binlogdata::Rule>> {
        let meet = source.record.key_range().intersects(&target.record.key_range());
        let mut rules = Vec::new();
        for table in self.tables.keys() {
            if !meet && sharded_alike(self.source_vschema, self.target_vschema, table) {
                continue;
            }
            let whole = self.source_vschema.sharded
                && self
                    .source_vschema
                    .tables
                    .get(table)
                    .is_some_and(|one| one.r#type == "reference");
            // Every shard of the source has all rows of such a table.
            if whole && first.is_some_and(|one| one.record.name != source.record.name) {
                continue;
            }
            let shard = &target.record.name;
            let place = shard_condition(self.target, self.target_vschema, table, shard)?;
            let conditions: Vec<String> = self.tenant.clone().into_iter().chain(place).collect();
            let select = format!("select * from {}", sql_name(table));
            rules.push(rule(table, narrowed(table, &select, &conditions)?));
        }
        Ok(rules)
    }
}
