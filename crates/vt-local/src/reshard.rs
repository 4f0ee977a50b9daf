//! `vitrum reshard`: splits or merges the shards of a keyspace while it is used, with one command.
//!
//! Each step looks at what is there, so that the same command goes on where another one ended.

mod compare;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use vt_base::{Code, Error, Result};
use vt_proto::vtctldata::*;
use vt_rpc::copy_progress::{copy_progress, rows_copied};
use vt_rpc::status::from_status;

use crate::bootstrap::Control;
use crate::layout::{Files, Ports};
use crate::progress::Progress;
use crate::spec::{Spec, parse_shards, wrong};
use crate::state::{Health, State};
use crate::supervisor::{is_running, tablet_name};

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

/// How often a step that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The direction of a switch that goes on and not back.
const FORWARD: i32 = 0;
/// How long writes may be held while traffic is switched.
const SWITCH_SECONDS: i64 = 30;

/// The shards before and after.
struct Plan {
    from: Vec<String>,
    to: Vec<String>,
}

struct Resharding {
    files: Files,
    ports: Ports,
    control: Control,
    keyspace: String,
    workflow: String,
    plan: Plan,
    patience: Duration,
    progress: Progress,
}

/// Runs `vitrum reshard`; returns what was done.
pub async fn reshard(args: ReshardArgs) -> Result<String> {
    let files = Files::new(&args.data)?;
    let spec = Spec::load(&files.spec())?;
    let Some(spec) = spec.filter(|_| is_running(&files)) else {
        let message = format!("no cluster runs in {}: `vitrum up` starts one", args.data.display());
        return Err(Error::new(Code::FailedPrecondition, message));
    };
    if spec.one_process {
        let message = "gateway and tablets are one process, to which no tablet can be added: start \
                       the cluster anew with `vitrum down` and `vitrum up`, without --one-process";
        return Err(Error::new(Code::FailedPrecondition, message));
    }
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
        confirm(&args.keyspace, &plan, spec.replicas)?;
    }
    let ports = Ports::new(spec.port_base);
    let mut resharding = Resharding {
        ports,
        control: Control::connect(ports).await?,
        workflow: format!("reshard_{}", args.keyspace),
        keyspace: args.keyspace.clone(),
        plan,
        patience: Duration::from_secs(args.timeout),
        progress: Progress::new(),
        files,
    };
    if let Some(path) = &args.vschema {
        let json = std::fs::read_to_string(path)
            .map_err(|err| wrong(format!("cannot read {}: {err}", path.display())))?;
        resharding.control.apply_vschema(keyspace, &json).await?;
    }
    let pause = resharding.run().await?;
    resharding.progress.end();
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

/// Asks on the terminal; without one, the command line must have said yes.
fn confirm(keyspace: &str, plan: &Plan, replicas: u32) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(wrong("say --yes: there is no terminal to ask on".to_owned()));
    }
    let tablets = plan.to.len() * (replicas as usize + 1);
    let question = format!(
        "{keyspace}: the rows of {} are copied to {} ({tablets} new tablets), compared, and served \
         from there; then {} are removed with their data. Go on? [y/N] ",
        plan.from.join(" "),
        plan.to.join(" "),
        plan.from.join(" ")
    );
    let mut answer = String::new();
    let asked = std::io::stdout().write_all(question.as_bytes());
    asked
        .and_then(|()| std::io::stdout().flush())
        .and_then(|()| std::io::stdin().read_line(&mut answer))
        .map_err(|err| wrong(format!("cannot ask: {err}")))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Error::new(Code::Canceled, "nothing was done")),
    }
}

impl Resharding {
    /// Does what is left to do; returns how long the switch took.
    async fn run(&mut self) -> Result<Duration> {
        self.add_tablets().await?;
        let mut pause = Duration::ZERO;
        if !self.is_served().await? {
            self.start_workflow().await?;
        }
        if let Some(mut status) = self.status().await? {
            if !status.traffic_state.contains("All Reads Switched. Writes Switched") {
                self.wait_copied().await?;
                self.compare().await?;
                self.progress.step("switching traffic");
                let began = Instant::now();
                status.traffic_state = self.switch().await?;
                pause = began.elapsed();
            }
            self.progress.step("completing");
            self.complete().await?;
        }
        self.remove_tablets().await?;
        Ok(pause)
    }

    fn failed(&self, what: &str, status: &tonic::Status) -> Error {
        from_status(status).context(format!("{what} of {}", self.keyspace))
    }

    /// Adds the new shards to the cluster, and waits until each has a primary.
    async fn add_tablets(&mut self) -> Result<()> {
        self.progress.step("starting new tablets");
        let mut spec = self.spec()?;
        spec.add_shards(&self.keyspace, &self.plan.to);
        self.ports.check(&spec)?;
        spec.save(&self.files.spec())?;
        self.control.create_keyspaces(&spec).await?;
        let ours = |shard: &str| self.plan.to.iter().any(|one| one == shard);
        let wanted: Vec<String> = spec
            .tablets()
            .into_iter()
            .filter(|one| one.keyspace == self.keyspace && ours(&one.shard))
            .map(|one| tablet_name(one.uid))
            .collect();
        // They serve once their shard has a primary, so that they cannot all be up before.
        self.control.wait_tablets(&spec).await?;
        self.control.elect_primaries(&spec).await?;
        let files = self.files.clone();
        self.until("the new tablets do not come up", async move |_| {
            let state = State::load(&files.state()).unwrap_or_default();
            let is_up = |name: &String| {
                state.parts.iter().any(|part| part.name == *name && part.health == Health::Up)
            };
            Ok(wanted.iter().all(is_up).then_some(()))
        })
        .await
    }

    fn spec(&self) -> Result<Spec> {
        let spec = Spec::load(&self.files.spec())?;
        spec.ok_or_else(|| wrong(format!("{} has no cluster", self.files.root.display())))
    }

    /// Returns whether all new shards are served: only the old ones are left to remove.
    async fn is_served(&mut self) -> Result<bool> {
        for shard in &self.plan.to {
            let request =
                GetShardRequest { keyspace: self.keyspace.clone(), shard_name: shard.clone() };
            let reply = self.control.client.get_shard(request).await;
            let reply = reply.map_err(|status| from_status(&status))?.into_inner();
            let record = reply.shard.and_then(|shard| shard.shard);
            if !record.is_some_and(|record| record.is_primary_serving) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn status(&mut self) -> Result<Option<WorkflowStatusResponse>> {
        let request = WorkflowStatusRequest {
            keyspace: self.keyspace.clone(),
            workflow: self.workflow.clone(),
            shards: Vec::new(),
        };
        match self.control.client.workflow_status(request).await {
            Ok(reply) => Ok(Some(reply.into_inner())),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(self.failed("the workflow", &status)),
        }
    }

    async fn start_workflow(&mut self) -> Result<()> {
        if self.status().await?.is_some() {
            return Ok(());
        }
        let request = ReshardCreateRequest {
            workflow: self.workflow.clone(),
            keyspace: self.keyspace.clone(),
            source_shards: self.plan.from.clone(),
            target_shards: self.plan.to.clone(),
            defer_secondary_keys: true,
            auto_start: true,
            on_ddl: "IGNORE".to_owned(),
            ..ReshardCreateRequest::default()
        };
        let created = self.control.client.reshard_create(request).await;
        created.map(drop).map_err(|status| self.failed("resharding", &status))
    }

    async fn wait_copied(&mut self) -> Result<()> {
        self.progress.step("copying");
        let (began, mut before) = (Instant::now(), None);
        self.until("the rows are not copied", async move |resharding| {
            let Some(status) = resharding.status().await? else {
                return Err(Error::new(Code::Aborted, "the workflow was removed by somebody else"));
            };
            let streams = status.shard_streams.values().flat_map(|shard| &shard.streams);
            let mut running = true;
            for stream in streams {
                if stream.status == "Error" {
                    return Err(Error::new(
                        Code::Aborted,
                        format!("stream {} failed: {}", stream.id, stream.info),
                    ));
                }
                running &= stream.status == "Running";
            }
            let before = *before.get_or_insert_with(|| rows_copied(&status));
            resharding.progress.now(&copy_progress(&status, began.elapsed(), before));
            Ok(running.then_some(()))
        })
        .await
    }

    /// Compares all rows; where they differ, nothing is switched.
    async fn compare(&mut self) -> Result<()> {
        self.progress.step("comparing");
        let (workflow, target_keyspace) = (self.workflow.clone(), self.keyspace.clone());
        let request = VDiffCreateRequest {
            workflow: workflow.clone(),
            target_keyspace: target_keyspace.clone(),
            auto_retry: true,
            limit: i64::MAX,
            max_extra_rows_to_compare: 1000,
            max_report_sample_rows: 10,
            ..VDiffCreateRequest::default()
        };
        let created = self.control.client.v_diff_create(request).await;
        let uuid = created.map_err(|status| self.failed("VDiff", &status))?.into_inner().uuid;
        self.until("the rows are not compared", async |resharding| {
            let request = VDiffShowRequest {
                workflow: workflow.clone(),
                target_keyspace: target_keyspace.clone(),
                arg: uuid.clone(),
            };
            let reply = resharding.control.client.v_diff_show(request).await;
            let reply = reply.map_err(|status| resharding.failed("VDiff", &status))?.into_inner();
            let (rows, of) = compare::compared(&reply)?;
            let text = format!("compared {rows} of about {of} rows");
            resharding.progress.now(&text);
            resharding.verdict(&uuid, &reply)
        })
        .await
    }

    /// Says whether a comparison has ended well.
    fn verdict(&self, uuid: &str, reply: &VDiffShowResponse) -> Result<Option<()>> {
        let mut completed = true;
        let again = format!(
            "`vitrum vtctldclient --server localhost:{} VDiff --workflow {} --target-keyspace {} \
             show {uuid}` tells more; `... Reshard ... cancel` gives the copy up",
            self.ports.vtctld_grpc(),
            self.workflow,
            self.keyspace
        );
        for (shard, answer) in &reply.tablet_responses {
            let output = answer.output.clone().unwrap_or_default();
            let output = vt_rpc::convert::result_from_proto(&output)?;
            let place = |name: &str| output.fields.iter().position(|field| &*field.name == name);
            for row in output.rows.iter() {
                let text = |name: &str| {
                    let value = place(name).and_then(|place| row.column(place));
                    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
                };
                if text("vdiff_state") == "error" {
                    let error = text("last_error");
                    let message = format!("comparing shard {shard} failed: {error}; {again}");
                    return Err(Error::new(Code::Aborted, message));
                }
                if text("has_mismatch") == "1" {
                    let message = format!(
                        "rows of table {} differ on shard {shard}, and nothing was switched; {again}",
                        text("table_name")
                    );
                    return Err(Error::new(Code::DataLoss, message));
                }
                completed &= text("vdiff_state") == "completed";
            }
        }
        Ok(completed.then_some(()))
    }

    async fn switch(&mut self) -> Result<String> {
        let request = WorkflowSwitchTrafficRequest {
            keyspace: self.keyspace.clone(),
            workflow: self.workflow.clone(),
            tablet_types: [
                vt_base::TabletType::Rdonly,
                vt_base::TabletType::Replica,
                vt_base::TabletType::Primary,
            ]
            .map(|one| one as i32)
            .to_vec(),
            max_replication_lag_allowed: Some(seconds(SWITCH_SECONDS)),
            timeout: Some(seconds(SWITCH_SECONDS)),
            enable_reverse_replication: true,
            direction: FORWARD,
            ..WorkflowSwitchTrafficRequest::default()
        };
        let switched = self.control.client.workflow_switch_traffic(request).await;
        let switched = switched.map_err(|status| self.failed("switching", &status))?;
        Ok(switched.into_inner().current_state)
    }

    async fn complete(&mut self) -> Result<()> {
        let request = MoveTablesCompleteRequest {
            workflow: self.workflow.clone(),
            target_keyspace: self.keyspace.clone(),
            ..MoveTablesCompleteRequest::default()
        };
        let completed = self.control.client.move_tables_complete(request).await;
        completed.map(drop).map_err(|status| self.failed("completing", &status))
    }

    /// Removes the old shards from the topology, then their tablets and their data: the other way
    /// round nothing would be left by which the command could go on.
    async fn remove_tablets(&mut self) -> Result<()> {
        self.progress.step("removing the old tablets");
        for name in &self.plan.from {
            let shard = Shard { keyspace: self.keyspace.clone(), name: name.clone(), shard: None };
            let request = DeleteShardsRequest {
                shards: vec![shard],
                recursive: true,
                force: true,
                even_if_serving: false,
            };
            match self.control.client.delete_shards(request).await {
                Err(status) if status.code() != tonic::Code::NotFound => {
                    return Err(self.failed("removing shards", &status));
                }
                _ => {}
            }
        }
        let mut spec = self.spec()?;
        let old: Vec<String> = spec
            .tablets()
            .into_iter()
            .filter(|one| one.keyspace == self.keyspace && self.plan.from.contains(&one.shard))
            .map(|one| tablet_name(one.uid))
            .collect();
        spec.remove_shards(&self.keyspace, &self.plan.from);
        spec.save(&self.files.spec())?;
        let files = self.files.clone();
        self.until("the old tablets do not stop", async move |_| {
            let state = State::load(&files.state()).unwrap_or_default();
            let is_there = |name: &String| state.parts.iter().any(|part| part.name == *name);
            Ok((!old.iter().any(is_there)).then_some(()))
        })
        .await
    }

    /// Looks again and again until there is an answer.
    async fn until(
        &mut self,
        late: &str,
        mut look: impl AsyncFnMut(&mut Resharding) -> Result<Option<()>>,
    ) -> Result<()> {
        let deadline = Instant::now() + self.patience;
        loop {
            if look(self).await?.is_some() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let message = format!(
                    "{late} after {} s; the same command goes on from here",
                    self.patience.as_secs()
                );
                return Err(Error::new(Code::DeadlineExceeded, message));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn seconds(seconds: i64) -> vt_proto::vttime::Duration {
    vt_proto::vttime::Duration { seconds, nanos: 0 }
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
