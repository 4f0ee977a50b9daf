//! The process that keeps the cluster running, detached from the terminal that started it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::FlockOperation;
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_mysqld::Server;
use vt_service::Tasks;

use crate::bootstrap;
use crate::children::{Program, Surroundings, end_leftovers, keep_program};
use crate::follow::Ends;
use crate::layout::{Files, Ports, alias, instance, tablet_host};
use crate::spec::{Spec, TabletSpec, wrong};
use crate::state::{Health, Part, Phase, State};

/// The command line of the supervisor, which `up` writes.
#[derive(Clone, Debug, clap::Args)]
pub struct SuperviseArgs {
    /// The data folder.
    #[arg(long)]
    pub data: PathBuf,
}

/// The state as all tasks of the supervisor share it; each change is written down.
#[derive(Clone)]
pub(crate) struct Board {
    state: Arc<std::sync::Mutex<State>>,
    path: PathBuf,
}

impl Board {
    fn new(path: PathBuf) -> Board {
        let state = State { pid: std::process::id(), ..State::default() };
        Board { state: Arc::new(std::sync::Mutex::new(state)), path }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = state.clone();
        change(&mut state);
        if *state != before
            && let Err(err) = state.save(&self.path)
        {
            tracing::error!(%err, "state not written");
        }
    }

    /// Changes what is known of a part, which is added if it is new.
    pub(crate) fn update(&self, name: &str, change: impl FnOnce(&mut Part)) {
        self.change(|state| {
            let at = state.parts.iter().position(|part| part.name == name).unwrap_or_else(|| {
                let health = Health::Waiting;
                let name = name.to_owned();
                state.parts.push(Part { name, pid: 0, health, restarts: 0, note: String::new() });
                state.parts.len() - 1
            });
            change(&mut state.parts[at]);
        });
    }

    pub(crate) fn note(&self, name: &str, health: Health, note: &str) {
        self.update(name, |part| {
            part.health = health;
            part.pid = 0;
            note.clone_into(&mut part.note);
        });
    }

    /// Forgets a part that is no more.
    pub(crate) fn remove(&self, name: &str) {
        self.change(|state| state.parts.retain(|part| part.name != name));
    }

    pub(crate) fn phase(&self, phase: Phase, message: &str) {
        tracing::info!(?phase, message, "cluster");
        self.change(|state| {
            state.phase = phase;
            message.clone_into(&mut state.message);
        });
    }

    pub(crate) fn snapshot(&self) -> State {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// Runs the cluster that the data folder describes until it is told to stop.
pub async fn supervise(args: SuperviseArgs) -> Result<()> {
    // A session of its own: closing the terminal must not end the cluster.
    let _ = rustix::process::setsid();
    let files = Files::new(&args.data)?;
    let _lock = take_lock(&files)?;
    let spec = Spec::load(&files.spec())?
        .ok_or_else(|| wrong(format!("{} has no cluster", files.root.display())))?;
    let before = State::load(&files.state());
    let board = Board::new(files.state());
    let vitrum = std::env::current_exe()
        .map_err(|err| Error::new(Code::Internal, format!("own program: {err}")))?;
    end_leftovers(before.iter().flat_map(|state| &state.parts).map(|part| part.pid), &vitrum);

    let stop = CancellationToken::new();
    let signals = stop.clone();
    let tasks = Tasks::new();
    tasks.spawn_until_cancelled("signals", async move {
        vt_service::tasks::termination().await;
        signals.cancel();
    });
    let tokens = std::sync::Mutex::default();
    let cluster = Cluster { files, spec, board: board.clone(), vitrum, tokens };
    let result = cluster.run(stop).await;
    match &result {
        Ok(()) => board.phase(Phase::Stopped, ""),
        Err(err) => board.phase(Phase::Failed, err.message()),
    }
    tasks.shutdown(Duration::from_secs(1)).await;
    result
}

/// Holds the folder for one supervisor; the lock goes with the process.
fn take_lock(files: &Files) -> Result<std::fs::File> {
    let path = files.lock();
    let failed = |err: &dyn std::fmt::Display| {
        Error::new(Code::FailedPrecondition, format!("{}: {err}", path.display()))
    };
    std::fs::create_dir_all(files.logs()).map_err(|err| failed(&err))?;
    let file = std::fs::File::create(&path).map_err(|err| failed(&err))?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| failed(&"another supervisor runs this cluster"))?;
    Ok(file)
}

/// Returns whether a supervisor holds the folder.
pub(crate) fn is_running(files: &Files) -> bool {
    let Ok(file) = std::fs::File::open(files.lock()) else { return false };
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_err()
}

pub(crate) struct Cluster {
    pub(crate) files: Files,
    pub(crate) spec: Spec,
    pub(crate) board: Board,
    vitrum: PathBuf,
    /// What ends a tablet and its server, by the tablet's number.
    pub(crate) tokens: std::sync::Mutex<BTreeMap<u32, Ends>>,
}

/// The program that is gateway and tablets.
const COMBINED: &str = "vtcombo";

/// What is stopped together, in the order of the fields.
pub(crate) struct Groups {
    gate: Tasks,
    control: Tasks,
    pub(crate) tablets: Tasks,
    pub(crate) mysqlds: Tasks,
    topo: Tasks,
}

impl Cluster {
    async fn run(&self, stop: CancellationToken) -> Result<()> {
        let groups = Groups {
            gate: Tasks::new(),
            control: Tasks::new(),
            tablets: Tasks::new(),
            mysqlds: Tasks::new(),
            topo: Tasks::new(),
        };
        let started = stop.run_until_cancelled(self.start(&groups)).await;
        let result = match started {
            Some(Ok(())) => {
                self.board.phase(Phase::Ready, "");
                stop.run_until_cancelled(self.follow(&groups)).await;
                Ok(())
            }
            Some(Err(err)) => {
                tracing::error!(%err, "the cluster did not start");
                self.board.phase(Phase::Failed, err.message());
                Err(err)
            }
            None => Ok(()),
        };
        if result.is_ok() {
            self.board.phase(Phase::Stopping, "stopping");
        }
        for group in [&groups.gate, &groups.control, &groups.tablets, &groups.mysqlds, &groups.topo]
        {
            group.shutdown(Duration::from_secs(120)).await;
        }
        result
    }

    async fn start(&self, groups: &Groups) -> Result<()> {
        let ports = Ports::new(self.spec.port_base);
        self.announce();
        let server = Server::find_in_environment().await?;
        self.board.phase(Phase::Starting, "starting the topology");
        if self.spec.etcd.is_none() {
            self.keep(&groups.topo, self.topo_program(ports));
            self.wait_up("topo").await?;
        }
        self.keep(&groups.control, self.control_program(ports));

        self.board.phase(Phase::Starting, "making the MySQL servers");
        for (uid, mysqld) in self.make_mysqlds(&server, &self.spec.own_tablets()).await? {
            self.keep_server(groups, uid, mysqld);
        }
        self.wait_up("vtctld").await?;
        let mut control = bootstrap::Control::connect(ports).await?;
        control.create_cell(&self.spec, ports).await?;
        control.create_keyspaces(&self.spec).await?;

        self.board.phase(Phase::Starting, "starting the tablets");
        for tablet in self.spec.tablets() {
            if tablet.external.is_none() {
                self.wait_up(&mysqld_name(tablet.uid)).await?;
            }
            if !self.spec.one_process {
                self.keep_tablet(groups, &tablet);
            }
        }
        if self.spec.one_process {
            self.keep(&groups.gate, self.combined_program(ports));
        }
        control.wait_tablets(&self.spec).await?;
        self.board.phase(Phase::Starting, "electing primaries");
        control.elect_primaries(&self.spec.own_tablets()).await?;
        control.rebuild_graphs(&self.spec).await?;
        if !self.spec.one_process {
            self.keep(&groups.gate, self.gate_program(ports));
        }
        for tablet in self.spec.own_tablets().iter().filter(|_| !self.spec.one_process) {
            self.wait_up(&tablet_name(tablet.uid)).await?;
        }
        if !self.spec.loaded {
            self.board.phase(Phase::Starting, "loading schemas");
            control.load_schemas(&self.spec).await?;
        }
        self.wait_up(self.gate_part()).await?;
        if !self.spec.loaded {
            if self.spec.demo {
                self.board.phase(Phase::Starting, "loading the demo's rows");
                bootstrap::load_demo_rows(ports).await?;
            }
            Spec { loaded: true, ..self.spec.clone() }.save(&self.files.spec())?;
        }
        // Last, so that it does not mend what is only being put up.
        self.keep(&groups.control, self.orchestrator_program(ports));
        self.wait_up("vtorc").await
    }

    /// Lists all parts from the start, so that progress has a whole to be measured by.
    fn announce(&self) {
        if self.spec.etcd.is_none() {
            self.board.update("topo", |_| {});
        }
        self.board.update("vtctld", |_| {});
        for tablet in self.spec.own_tablets() {
            self.board.update(&mysqld_name(tablet.uid), |_| {});
        }
        for name in self.tablet_parts() {
            self.board.update(&name, |_| {});
        }
        self.board.update(self.gate_part(), |_| {});
        self.board.update("vtorc", |_| {});
    }

    /// Returns the part that clients talk to.
    fn gate_part(&self) -> &'static str {
        if self.spec.one_process { COMBINED } else { "vtgate" }
    }

    /// Returns the parts that are tablets and nothing else.
    fn tablet_parts(&self) -> Vec<String> {
        let apart = if self.spec.one_process { Vec::new() } else { self.spec.tablets() };
        apart.iter().map(|tablet| tablet_name(tablet.uid)).collect()
    }

    fn keep(&self, group: &Tasks, program: Program) {
        self.keep_until(group, program, group.token().clone());
    }

    /// Keeps a program running until a token of its own is cancelled.
    pub(crate) fn keep_until(&self, group: &Tasks, program: Program, token: CancellationToken) {
        let around = Arc::new(Surroundings {
            vitrum: self.vitrum.clone(),
            data_root: self.files.root.clone(),
            logs: self.files.logs(),
        });
        group.spawn("program", keep_program(program, around, self.board.clone(), token));
    }

    /// Waits until a part is up; fails early where it keeps ending.
    pub(crate) async fn wait_up(&self, name: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(180);
        loop {
            let state = self.board.snapshot();
            let part = state.parts.iter().find(|part| part.name == name);
            if part.is_some_and(|part| part.health == Health::Up) {
                return Ok(());
            }
            let crashes = part.map_or(0, |part| part.restarts);
            if crashes >= 3 || tokio::time::Instant::now() >= deadline {
                let log = self.files.log_of(name);
                let note = part.map_or("", |part| part.note.as_str());
                return Err(Error::new(
                    Code::Unavailable,
                    format!("{name} does not come up ({note}); see {}", log.display()),
                ));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn topo_flags(&self, ports: Ports) -> Vec<String> {
        words(&[
            "--topo-implementation",
            "etcd2",
            "--topo-global-server-address",
            &ports.topo_address(&self.spec),
            "--topo-global-root",
            "/vitess/global",
        ])
    }

    fn topo_program(&self, ports: Ports) -> Program {
        let port = ports.topo();
        let file = self.files.topo();
        Program {
            name: "topo".to_owned(),
            args: words(&[
                "topo",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--data",
                &file.display().to_string(),
            ]),
            web_port: None,
            port,
            note: format!("etcd's API on 127.0.0.1:{port}"),
        }
    }

    fn control_program(&self, ports: Ports) -> Program {
        let (web, grpc) = (ports.vtctld_web(), ports.vtctld_grpc());
        let mut args = words(&["vtctld", "--cell", crate::layout::CELL]);
        args.extend(self.topo_flags(ports));
        args.extend(listen_flags(web, grpc));
        let note = format!("gRPC 127.0.0.1:{grpc}, pages http://127.0.0.1:{web}/debug/status");
        Program { name: "vtctld".to_owned(), args, web_port: Some(web), port: grpc, note }
    }

    fn orchestrator_program(&self, ports: Ports) -> Program {
        let web = ports.orchestrator_web();
        let mut args = words(&["vtorc", "--bind-address", "127.0.0.1", "--port", &web.to_string()]);
        // Tablets watch the disks of their mysqlds: one that is full is as good as dead.
        args.push("--enable-primary-disk-stalled-recovery".to_owned());
        args.extend(self.topo_flags(ports));
        let note = format!("pages http://127.0.0.1:{web}/debug/status");
        Program { name: "vtorc".to_owned(), args, web_port: Some(web), port: web, note }
    }

    fn gate_program(&self, ports: Ports) -> Program {
        let (web, grpc, mysql) = (ports.gate_web(), ports.gate_grpc(), ports.gate_mysql());
        let cell = crate::layout::CELL;
        let mut args = words(&[
            "vtgate",
            "--cell",
            cell,
            "--cells-to-watch",
            cell,
            "--tablet-types-to-wait",
            if self.spec.replicas == 0 { "PRIMARY" } else { "PRIMARY,REPLICA" },
            "--service-map",
            "grpc-vtgateservice",
            "--mysql-server-bind-address",
            "127.0.0.1",
            "--mysql-server-port",
            &mysql.to_string(),
            "--mysql-auth-server-impl",
            "none",
            "--vschema-ddl-authorized-users",
            "%",
            "--allow-kill-statement",
        ]);
        args.extend(self.topo_flags(ports));
        args.extend(listen_flags(web, grpc));
        let note = format!("MySQL 127.0.0.1:{mysql}, pages http://127.0.0.1:{web}/debug/status");
        Program { name: "vtgate".to_owned(), args, web_port: Some(web), port: mysql, note }
    }

    /// Returns gateway and tablets as one program.
    fn combined_program(&self, ports: Ports) -> Program {
        let gate = self.gate_program(ports);
        let mut args = gate.args;
        COMBINED.clone_into(&mut args[0]);
        for tablet in self.spec.tablets() {
            let flags = self.tablet_program(&tablet, ports).args;
            args.push("--".to_owned());
            args.extend(flags.into_iter().skip(1));
        }
        Program { name: COMBINED.to_owned(), args, ..gate }
    }

    pub(crate) fn tablet_program(&self, tablet: &TabletSpec, ports: Ports) -> Program {
        let uid = tablet.uid;
        let (web, grpc) = (ports.tablet_web(uid), ports.tablet_grpc(uid));
        let instance = instance(&self.files, ports, uid);
        let mut args = words(&[
            "vttablet",
            "--tablet-path",
            &alias(uid).to_string(),
            "--tablet-hostname",
            &tablet_host(&self.spec, uid),
            "--init-keyspace",
            &tablet.keyspace,
            "--init-shard",
            &tablet.shard,
            "--init-tablet-type",
            "replica",
            "--service-map",
            "grpc-queryservice,grpc-tabletmanager",
            "--health-check-interval",
            "1s",
        ]);
        match &tablet.external {
            Some(external) => {
                args.extend(external.flags(&self.files.credentials(&tablet.keyspace)));
            }
            None => args.extend(words(&["--db-socket", &instance.socket().display().to_string()])),
        }
        args.extend(self.topo_flags(ports));
        args.extend(listen_flags(web, grpc));
        if self.spec.proxied {
            args.extend(words(&["--framed-port", &ports.tablet_framed(uid).to_string()]));
        }
        args.extend(self.spec.tablet_flags.iter().map(|flag| format!("--{flag}")));
        Program {
            name: tablet_name(uid),
            args,
            web_port: Some(web),
            port: grpc,
            note: format!(
                "{}/{}, pages http://127.0.0.1:{web}/debug/status",
                tablet.keyspace, tablet.shard
            ),
        }
    }
}

pub(crate) fn mysqld_name(uid: u32) -> String {
    format!("mysqld-{uid}")
}

pub(crate) fn tablet_name(uid: u32) -> String {
    format!("vttablet-{uid}")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn listen_flags(web: u16, grpc: u16) -> Vec<String> {
    words(&[
        "--bind-address",
        "127.0.0.1",
        "--grpc-bind-address",
        "127.0.0.1",
        "--port",
        &web.to_string(),
        "--grpc-port",
        &grpc.to_string(),
    ])
}
