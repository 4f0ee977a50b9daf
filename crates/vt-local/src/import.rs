//! `vitrum import`: takes the tables of a plain MySQL into a keyspace while they are written to, and
//! the traffic after them, with one command and a way back.
//!
//! The server becomes a keyspace of its own, with a tablet that leaves it alone, for as long as the
//! import is not completed. Each step looks at what is there, so that the same command goes on where
//! another one ended.

mod ends;
mod hold;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use vt_base::{Code, Error, Result};
use vt_proto::vtctldata::*;

use crate::bootstrap::Control;
use crate::external::{External, Wish};
use crate::job::{Direction, Job, confirm, is_switched, running};
use crate::layout::{Files, Ports};
use crate::preflight::Facts;
use crate::progress::Progress;
use crate::spec::{KeyspaceSpec, Spec, TabletSpec, parse_shards, wrong};
use crate::state::{Health, State};
use crate::supervisor::tablet_name;

/// Takes the tables of a plain MySQL into a keyspace while they are written to, and traffic after.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// mysql://USER:PASSWORD@HOST:PORT/DATABASE and the keyspace; the keyspace alone with --back,
    /// --complete and --cancel. Without a password in the URL, MYSQL_PWD has it.
    #[arg(required = true, num_args = 1..=2, value_names = ["URL", "KEYSPACE"])]
    pub what: Vec<String>,
    /// Only these tables.
    #[arg(long, value_delimiter = ',')]
    pub tables: Vec<String>,
    /// How many shards the keyspace is to have, or which, where it is not there yet: 2, or -80,80-
    #[arg(long, allow_hyphen_values = true)]
    pub shards: Option<String>,
    /// How the tables are sharded: a file of VSchema JSON.
    #[arg(long, value_name = "FILE")]
    pub vschema: Option<PathBuf>,
    /// Print a VSchema to begin with, and do nothing else.
    #[arg(long)]
    pub propose: bool,
    /// The unsharded keyspace that gets the sequences in place of AUTO_INCREMENT.
    #[arg(long, value_name = "KEYSPACE", default_value = "")]
    pub global_keyspace: String,
    /// Copy and compare, and leave the traffic where it is; the same command without this switches.
    #[arg(long)]
    pub no_switch: bool,
    /// Lead traffic back to the server, which has had every write since the switch.
    #[arg(long, conflicts_with_all = ["complete", "cancel"])]
    pub back: bool,
    /// Give up the way back, and forget the server; its tables stay as they are.
    #[arg(long, conflicts_with = "cancel")]
    pub complete: bool,
    /// Give the import up before its traffic is switched.
    #[arg(long)]
    pub cancel: bool,
    /// Do not ask before anything is done.
    #[arg(long, short)]
    pub yes: bool,
    /// The data folder.
    #[arg(long, env = "VTDATAROOT", default_value = "vtdataroot")]
    pub data: PathBuf,
    /// Give up when a step takes longer than so many seconds; the same command goes on later.
    #[arg(long, default_value_t = 86_400)]
    pub timeout: u64,
}

/// The environment's variable for a password that is not in the URL, as MySQL's programs have it.
const PASSWORD: &str = "MYSQL_PWD";
/// The server's tablet has one shard.
const SHARD: &str = "-";

struct Importing {
    job: Job,
    external: External,
    password: String,
    /// The keyspace that the server is.
    source: String,
    tables: Vec<String>,
    global_keyspace: String,
}

/// Returns the name of the keyspace that a server is while it is imported from.
fn source_keyspace(keyspace: &str) -> String {
    format!("{keyspace}_import")
}

/// Runs `vitrum import`; returns what was done.
pub async fn import(args: ImportArgs) -> Result<String> {
    let files = Files::new(&args.data)?;
    let (url, keyspace) = match args.what.as_slice() {
        [url, keyspace] => (Some(url), keyspace),
        [keyspace] if args.back || args.complete || args.cancel => (None, keyspace),
        _ => return Err(wrong("say from where and into which keyspace: URL KEYSPACE".to_owned())),
    };
    if args.propose {
        return crate::propose::propose(&wish(url)?, &args.tables).await;
    }
    let spec = running(&files)?;
    let source = source_keyspace(keyspace);
    let known = spec.keyspaces.iter().find(|one| one.name == source);
    let known = known.and_then(|one| one.external.clone());
    let (external, password) = match (&known, url) {
        (Some(known), None) => (known.clone(), known.load_password(&files.credentials(&source))?),
        (None, None) => {
            let message = format!("nothing is being imported into keyspace {keyspace}");
            return Err(Error::new(Code::FailedPrecondition, message));
        }
        (known, Some(_)) => told(known.as_ref(), wish(url)?, keyspace)?,
    };
    let ports = Ports::new(spec.port_base);
    let job = Job {
        ports,
        control: Control::connect(ports).await?,
        workflow: format!("import_{keyspace}"),
        keyspace: keyspace.clone(),
        minder: "MoveTables",
        sets_sequences: !args.global_keyspace.is_empty(),
        patience: Duration::from_secs(args.timeout),
        progress: Progress::new(),
        files,
    };
    let (tables, global_keyspace) = (args.tables.clone(), args.global_keyspace.clone());
    let mut importing = Importing { job, external, password, source, tables, global_keyspace };
    let done = match () {
        () if args.back => importing.back(&args).await,
        () if args.complete => importing.complete(&args).await,
        () if args.cancel => importing.cancel(&args).await,
        () => importing.forward(&args, spec).await,
    };
    importing.job.progress.end();
    done
}

fn wish(url: Option<&String>) -> Result<(External, String)> {
    let url = url.ok_or_else(|| wrong("say from where: mysql://...".to_owned()))?;
    let wish = Wish::parse(url)?;
    let password = wish.password.or_else(|| std::env::var(PASSWORD).ok()).unwrap_or_default();
    Ok((wish.external, password))
}

/// Takes what a URL says; another server cannot be meant while one is imported from.
fn told(
    known: Option<&External>,
    (mut wished, password): (External, String),
    keyspace: &str,
) -> Result<(External, String)> {
    if let Some(known) = known {
        if known.shown() != wished.shown() {
            return Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "keyspace {keyspace} is being imported from {}: `vitrum import {keyspace} \
                     --complete` or `--cancel` ends that",
                    known.shown()
                ),
            ));
        }
        wished.had_sidecar = known.had_sidecar;
    }
    Ok((wished, password))
}

impl Importing {
    /// Copies, compares and switches: what of it is left to do.
    async fn forward(&mut self, args: &ImportArgs, spec: Spec) -> Result<String> {
        let mut conn = self.external.connect(&self.password).await?;
        let mut facts = Facts::fetch(&mut conn).await?;
        facts.only(&self.tables, &self.external)?;
        facts.check(&self.external)?;
        conn.close().await;
        let is_new = !spec.keyspaces.iter().any(|one| one.name == self.source);
        if is_new {
            self.external.had_sidecar = facts.has_sidecar;
        }
        let into = self.target(args, &spec)?;
        if !args.yes {
            confirm(&self.question(&facts, &into))?;
        }
        self.add_target(args, &spec, &into).await?;
        self.add_source(&into).await?;
        let status = match self.job.status().await? {
            Some(status) => status,
            None => {
                self.create(&into).await?;
                self.job.status().await?.unwrap_or_default()
            }
        };
        if is_switched(&status) {
            return Ok(self.told_switched(None));
        }
        self.job.start_failed(&status).await?;
        self.job.wait_copied().await?;
        self.job.compare().await?;
        if args.no_switch {
            return Ok(format!(
                "the tables of {} are in {} and kept in step; the same command without \
                 --no-switch leads traffic there\n",
                self.external.shown(),
                self.job.keyspace
            ));
        }
        let pause = self.switch(Direction::Forward).await?;
        Ok(self.told_switched(Some(pause)))
    }

    /// Returns the keyspace that is imported into, as it is or as it is to be.
    fn target(&self, args: &ImportArgs, spec: &Spec) -> Result<KeyspaceSpec> {
        let name = &self.job.keyspace;
        let there = spec.keyspaces.iter().find(|one| one.name == *name);
        match (there, &args.shards) {
            (Some(keyspace), None) => Ok(keyspace.clone()),
            (Some(keyspace), Some(shards)) => {
                if parse_shards(shards, shards)? == keyspace.shards {
                    return Ok(keyspace.clone());
                }
                Err(wrong(format!(
                    "keyspace {name} has the shards {}: leave --shards out, or use another keyspace",
                    keyspace.shards.join(" ")
                )))
            }
            (None, shards) => {
                let mut keyspace = KeyspaceSpec::parse(name)?;
                let shards = shards.as_deref().unwrap_or("1");
                keyspace.shards = parse_shards(shards, shards)?;
                if keyspace.is_sharded() && args.vschema.is_none() {
                    return Err(wrong(format!(
                        "keyspace {name} is to have several shards: say how its tables are sharded \
                         with --vschema FILE; the same command with --propose prints one to begin \
                         with"
                    )));
                }
                Ok(keyspace)
            }
        }
    }

    fn question(&self, facts: &Facts, into: &KeyspaceSpec) -> String {
        let sum =
            |of: fn(&crate::preflight::Table) -> i64| facts.tables.iter().map(of).sum::<i64>();
        format!(
            "{} (MySQL {}): {} tables, about {} rows, {} MB, are copied into {} ({}) and compared; \
             then the server takes no more writes (read_only), and the gateway leads traffic to {}. \
             The server is kept in step as the way back. Views, triggers, routines, events and \
             accounts are not taken along.",
            self.external.shown(),
            facts.version,
            facts.tables.len(),
            sum(|one| one.rows),
            sum(|one| one.bytes) / 1_000_000,
            into.name,
            into.shards.join(" "),
            into.name
        )
    }

    /// Makes the keyspace if it is not there, and says how its tables are sharded.
    async fn add_target(
        &mut self,
        args: &ImportArgs,
        spec: &Spec,
        into: &KeyspaceSpec,
    ) -> Result<()> {
        if !spec.keyspaces.iter().any(|one| one.name == into.name) {
            self.job.progress.step("starting the tablets of the keyspace");
            let mut spec = spec.clone();
            spec.add_keyspace(into.clone());
            self.job.ports.check(&spec)?;
            spec.save(&self.job.files.spec())?;
        }
        // An attempt before this may have ended between any of these.
        let spec = self.job.spec()?;
        self.job.control.create_keyspaces(&spec).await?;
        self.job.control.wait_tablets(&spec).await?;
        self.job.control.elect_primaries(&spec.own_tablets()).await?;
        let own: Vec<TabletSpec> =
            spec.own_tablets().into_iter().filter(|one| one.keyspace == into.name).collect();
        self.wait_up(&own).await?;
        self.job.control.rebuild_graphs(&spec).await?;
        if let Some(path) = &args.vschema {
            let json = std::fs::read_to_string(path)
                .map_err(|err| wrong(format!("cannot read {}: {err}", path.display())))?;
            self.job.control.apply_vschema(into, &json).await?;
        }
        Ok(())
    }

    /// Makes the server a keyspace with a tablet that leaves it alone.
    async fn add_source(&mut self, into: &KeyspaceSpec) -> Result<()> {
        self.job.progress.step("starting a tablet for the server");
        let path = self.job.files.credentials(&self.source);
        self.external.save_credentials(&path, &self.password)?;
        let mut spec = self.job.spec()?;
        if !spec.keyspaces.iter().any(|one| one.name == self.source) {
            let mut keyspace = KeyspaceSpec::parse(&self.source)?;
            keyspace.shards = vec![SHARD.to_owned()];
            keyspace.external = Some(self.external.clone());
            spec.add_keyspace(keyspace);
            self.job.ports.check(&spec)?;
            spec.save(&self.job.files.spec())?;
        }
        self.job.control.create_keyspaces(&spec).await?;
        let tablets: Vec<TabletSpec> =
            spec.tablets().into_iter().filter(|one| one.keyspace == self.source).collect();
        let deadline = Instant::now() + self.job.patience.min(TABLET_PATIENCE);
        // The tablet has no role before it has registered.
        while let Err(error) = self.job.control.elect_primaries(&tablets).await {
            if Instant::now() >= deadline {
                let log = tablets.first().map(|one| self.job.files.log_of(&tablet_name(one.uid)));
                let log = log.map(|log| format!("; see {}", log.display())).unwrap_or_default();
                return Err(
                    error.context(format!("the tablet for the server does not come up{log}"))
                );
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        self.wait_up(&tablets).await?;
        self.job.control.rebuild_graphs(&spec).await?;
        tracing::debug!(keyspace = into.name, source = self.source, "the server is a keyspace");
        Ok(())
    }

    async fn wait_up(&mut self, tablets: &[TabletSpec]) -> Result<()> {
        let files = self.job.files.clone();
        let wanted: Vec<String> = tablets.iter().map(|one| tablet_name(one.uid)).collect();
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

    async fn create(&mut self, into: &KeyspaceSpec) -> Result<()> {
        let handling = match into.is_sharded() {
            true => ShardedAutoIncrementHandling::Replace,
            false => ShardedAutoIncrementHandling::Leave,
        };
        let options = WorkflowOptions {
            sharded_auto_increment_handling: handling as i32,
            global_keyspace: self.global_keyspace.clone(),
            ..WorkflowOptions::default()
        };
        let request = MoveTablesCreateRequest {
            workflow: self.job.workflow.clone(),
            source_keyspace: self.source.clone(),
            target_keyspace: self.job.keyspace.clone(),
            all_tables: self.tables.is_empty(),
            include_tables: self.tables.clone(),
            defer_secondary_keys: true,
            auto_start: true,
            on_ddl: "STOP".to_owned(),
            workflow_options: Some(options),
            ..MoveTablesCreateRequest::default()
        };
        let created = self.job.control.client.move_tables_create(request).await;
        created.map(drop).map_err(|status| self.job.failed("importing", &status))
    }

    fn told_switched(&self, pause: Option<Duration>) -> String {
        let keyspace = &self.job.keyspace;
        let took = match pause {
            Some(pause) => format!("; writes were held for {:.1} s", pause.as_secs_f64()),
            None => " already".to_owned(),
        };
        format!(
            "traffic of {} goes to {keyspace} now{took}\n\
             applications: mysql://USER@127.0.0.1:{}/{keyspace}; {} takes no writes of theirs any \
             more, and is kept in step\n\
             the way back: vitrum import {keyspace} --back; when it is not needed any more: vitrum \
             import {keyspace} --complete\n",
            self.external.shown(),
            self.job.ports.gate_mysql(),
            self.external.shown()
        )
    }
}

/// How long the server's tablet may take to come up.
const TABLET_PATIENCE: Duration = Duration::from_secs(120);
