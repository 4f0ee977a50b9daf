//! `vitrum reshard`: splits or merges the shards of a keyspace while it is used, with one command.
//!
//! Each step looks at what is there, so that the same command goes on where another one ended.

use std::path::PathBuf;
use std::time::Duration;

use vt_base::Result;
use vt_proto::vtctldata::*;
use vt_rpc::status::from_status;

use crate::bootstrap::Control;
use crate::job::{Direction, Job, confirm, is_switched, running};
use crate::layout::{Files, Ports};
use crate::progress::Progress;
use crate::spec::{parse_shards, wrong};
use crate::state::{Health, State};
use crate::supervisor::tablet_name;

/// Splits or merges the shards of a keyspace on this machine, while it is used.
#[derive(Clone, Debug, clap::Args)]
pub struct ReshardArgs {
    /// The keyspace.
    pub keyspace: String,
    /// How many shards it is to have, or which: 4, or -80,80-
    #[arg(long, allow_hyphen_values = true)]
    pub shards: String,
    /// How its tables are sharded, a file of VSchema JSON: for a keyspace that is not sharded yet.
    #[arg(long, value_name = "FILE")]
    pub vschema: Option<PathBuf>,
    /// Do not ask before anything is done.
    #[arg(long, short)]
    pub yes: bool,
    /// The data folder.
    #[arg(long, env = "VTDATAROOT", default_value = "vtdataroot")]
    pub data: PathBuf,
    /// Give up when a step takes longer than so many seconds; the same command goes on later.
    #[arg(long, default_value_t = 3600)]
    pub timeout: u64,
}

/// The shards before and after.
struct Plan {
    from: Vec<String>,
    to: Vec<String>,
}

struct Resharding {
    job: Job,
    plan: Plan,
}

/// Runs `vitrum reshard`; returns what was done.
pub async fn reshard(args: ReshardArgs) -> Result<String> {
    let files = Files::new(&args.data)?;
    let spec = running(&files)?;
    let found = spec.keyspaces.iter().find(|one| one.name == args.keyspace);
    let keyspace = found.ok_or_else(|| {
        let names: Vec<&str> = spec.keyspaces.iter().map(|one| one.name.as_str()).collect();
        wrong(format!("no keyspace {}; there are {}", args.keyspace, names.join(", ")))
    })?;
    let wanted = parse_shards(&args.shards, &args.shards)?;
    let plan = plan(&keyspace.shards, &wanted);
    if plan.from.is_empty() && plan.to.is_empty() {
        return Ok(format!("{} has the shards {} already\n", args.keyspace, wanted.join(" ")));
    }
    if !args.yes {
        confirm(&question(&args.keyspace, &plan, spec.replicas))?;
    }
    let ports = Ports::new(spec.port_base);
    let job = Job {
        ports,
        control: Control::connect(ports).await?,
        workflow: format!("reshard_{}", args.keyspace),
        keyspace: args.keyspace.clone(),
        minder: "Reshard",
        sets_sequences: false,
        patience: Duration::from_secs(args.timeout),
        progress: Progress::new(),
        files,
    };
    let mut resharding = Resharding { job, plan };
    if let Some(path) = &args.vschema {
        let json = std::fs::read_to_string(path)
            .map_err(|err| wrong(format!("cannot read {}: {err}", path.display())))?;
        resharding.job.control.apply_vschema(keyspace, &json).await?;
    }
    let pause = resharding.run().await?;
    resharding.job.progress.end();
    Ok(format!(
        "{} has the shards {} now; switching took {:.1} s\n",
        args.keyspace,
        wanted.join(" "),
        pause.as_secs_f64()
    ))
}

/// Decides which shards go and which come; the description may have both from an attempt before.
fn plan(there: &[String], wanted: &[String]) -> Plan {
    let from: Vec<String> = there.iter().filter(|shard| !wanted.contains(shard)).cloned().collect();
    // What stays as it is overlaps nothing that goes.
    let comes = |shard: &&String| !there.contains(shard) || overlaps(shard, &from);
    let to = wanted.iter().filter(comes).cloned().collect();
    Plan { from, to }
}

fn overlaps(shard: &str, others: &[String]) -> bool {
    let range = |name: &str| vt_base::KeyRange::from_shard_name(name).ok();
    let Some(own) = range(shard) else { return false };
    others.iter().filter_map(|other| range(other)).any(|other| own.intersects(&other))
}

/// Says what will be done.
fn question(keyspace: &str, plan: &Plan, replicas: u32) -> String {
    let tablets = plan.to.len() * (replicas as usize + 1);
    format!(
        "{keyspace}: the rows of {} are copied to {} ({tablets} new tablets), compared, and served \
         from there; then {} are removed with their data.",
        plan.from.join(" "),
        plan.to.join(" "),
        plan.from.join(" ")
    )
}

impl Resharding {
    /// Does what is left to do; returns how long the switch took.
    async fn run(&mut self) -> Result<Duration> {
        self.add_tablets().await?;
        let mut pause = Duration::ZERO;
        if !self.is_served().await? {
            self.start_workflow().await?;
        }
        if let Some(status) = self.job.status().await? {
            if !is_switched(&status) {
                self.job.start_failed(&status).await?;
                self.job.wait_copied().await?;
                self.job.compare().await?;
                let switch = async |job: &mut Job| job.switch_writes(Direction::Forward).await;
                let (keyspace, workflow) = (self.job.keyspace.clone(), self.job.workflow.clone());
                let streams = (keyspace.as_str(), workflow.as_str());
                pause = self.job.switch_soon(Direction::Forward, streams, switch).await?;
            }
            self.job.progress.step("completing");
            self.job.complete().await?;
        }
        self.remove_tablets().await?;
        Ok(pause)
    }

    /// Adds the new shards to the cluster, and waits until each has a primary.
    async fn add_tablets(&mut self) -> Result<()> {
        self.job.progress.step("starting new tablets");
        let mut spec = self.job.spec()?;
        spec.add_shards(&self.job.keyspace, &self.plan.to);
        self.job.ports.check(&spec)?;
        spec.save(&self.job.files.spec())?;
        self.job.control.create_keyspaces(&spec).await?;
        let ours = |shard: &str| self.plan.to.iter().any(|one| one == shard);
        let wanted: Vec<String> = spec
            .tablets()
            .into_iter()
            .filter(|one| one.keyspace == self.job.keyspace && ours(&one.shard))
            .map(|one| tablet_name(one.uid))
            .collect();
        // They serve once their shard has a primary, so that they cannot all be up before.
        self.job.control.wait_tablets(&spec).await?;
        self.job.control.elect_primaries(&spec.own_tablets()).await?;
        let files = self.job.files.clone();
        self.job
            .until("the new tablets do not come up", async move |_| {
                let state = State::load(&files.state()).unwrap_or_default();
                let is_up = |name: &String| {
                    state.parts.iter().any(|part| part.name == *name && part.health == Health::Up)
                };
                Ok(wanted.iter().all(is_up).then_some(()))
            })
            .await
    }

    /// Returns whether all new shards are served: only the old ones are left to remove.
    async fn is_served(&mut self) -> Result<bool> {
        for shard in &self.plan.to {
            let request =
                GetShardRequest { keyspace: self.job.keyspace.clone(), shard_name: shard.clone() };
            let reply = self.job.control.client.get_shard(request).await;
            let reply = reply.map_err(|status| from_status(&status))?.into_inner();
            let record = reply.shard.and_then(|shard| shard.shard);
            if !record.is_some_and(|record| record.is_primary_serving) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn start_workflow(&mut self) -> Result<()> {
        if self.job.status().await?.is_some() {
            return Ok(());
        }
        let request = ReshardCreateRequest {
            workflow: self.job.workflow.clone(),
            keyspace: self.job.keyspace.clone(),
            source_shards: self.plan.from.clone(),
            target_shards: self.plan.to.clone(),
            defer_secondary_keys: true,
            auto_start: true,
            on_ddl: "IGNORE".to_owned(),
            ..ReshardCreateRequest::default()
        };
        let created = self.job.control.client.reshard_create(request).await;
        created.map(drop).map_err(|status| self.job.failed("resharding", &status))
    }

    /// Removes the old shards from the topology, then their tablets and their data: the other way
    /// round nothing would be left by which the command could go on.
    async fn remove_tablets(&mut self) -> Result<()> {
        self.job.progress.step("removing the old tablets");
        for name in &self.plan.from {
            let shard =
                Shard { keyspace: self.job.keyspace.clone(), name: name.clone(), shard: None };
            let request = DeleteShardsRequest {
                shards: vec![shard],
                recursive: true,
                force: true,
                even_if_serving: false,
            };
            match self.job.control.client.delete_shards(request).await {
                Err(status) if status.code() != tonic::Code::NotFound => {
                    return Err(self.job.failed("removing shards", &status));
                }
                _ => {}
            }
        }
        let mut spec = self.job.spec()?;
        let old: Vec<String> = spec
            .tablets()
            .into_iter()
            .filter(|one| one.keyspace == self.job.keyspace && self.plan.from.contains(&one.shard))
            .map(|one| tablet_name(one.uid))
            .collect();
        spec.remove_shards(&self.job.keyspace, &self.plan.from);
        spec.save(&self.job.files.spec())?;
        let files = self.job.files.clone();
        self.job
            .until("the old tablets do not stop", async move |_| {
                let state = State::load(&files.state()).unwrap_or_default();
                let is_there = |name: &String| state.parts.iter().any(|part| part.name == *name);
                Ok((!old.iter().any(is_there)).then_some(()))
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn check(there: &str, wanted: &str, from: &str, to: &str) {
        let plan = plan(&names(there), &names(wanted));
        assert_eq!(plan.from, names(from), "{there} to {wanted}");
        assert_eq!(plan.to, names(to), "{there} to {wanted}");
    }

    #[test]
    fn what_goes_and_what_comes_is_seen_also_in_the_middle() {
        check("-", "-80 80-", "-", "-80 80-");
        check("-80 80-", "-", "-80 80-", "-");
        check("-80 80-", "-80 80-c0 c0-", "80-", "80-c0 c0-");
        // The new shards are in the description already, some or all of them.
        check("- -80", "-80 80-", "-", "-80 80-");
        check("- -80 80-", "-80 80-", "-", "-80 80-");
        check("-80 80- 80-c0 c0-", "-80 80-c0 c0-", "80-", "80-c0 c0-");
        check("-80 80-", "-80 80-", "", "");
    }
}
