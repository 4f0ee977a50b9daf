//! Keyspaces whose shards are databases of one mysqld: a gateway over many shards that starts in
//! seconds, for tests that ask what answers are and not what fails.

use std::fs::File;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cluster::{free_port_base, vitrum_program};
use crate::plain::PlainMysql;
use crate::tools::output_of;

const START_MAX: Duration = Duration::from_secs(60);
const CELL: &str = "zone1";

/// A running gateway with its tablets; dropping it stops all and removes the data.
pub struct SharedCluster {
    folder: TempDir,
    vitrum: PathBuf,
    port_base: u16,
    server: PlainMysql,
    /// In the order of their start.
    programs: Vec<Child>,
}

impl SharedCluster {
    /// Starts keyspaces, each a name with the names of its shards.
    ///
    /// Databases beside theirs are free: the server serves as the plain one too.
    pub fn start(keyspaces: &[(&str, &[&str])]) -> Result<SharedCluster, String> {
        let folder = tempfile::Builder::new()
            .prefix("vt")
            .tempdir_in("/tmp")
            .map_err(|err| format!("cannot make a folder: {err}"))?;
        let server = PlainMysql::start_with(&[
            "--gtid-mode=ON",
            "--enforce-gtid-consistency=ON",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-innodb-doublewrite",
            "--max-connections=2000",
        ])?;
        let (vitrum, port_base) = (vitrum_program()?, free_port_base()?);
        let mut cluster = SharedCluster { folder, vitrum, port_base, server, programs: Vec::new() };
        cluster.start_control()?;
        cluster.start_tablets(keyspaces)?;
        cluster.start_gate()?;
        Ok(cluster)
    }

    /// Returns the server's socket; root has no password.
    pub fn socket(&self) -> PathBuf {
        self.server.socket()
    }

    /// Returns the gateway's port for MySQL clients.
    pub fn gate_port(&self) -> u16 {
        self.port(15306)
    }

    /// Runs `vtctldclient` and returns what it prints.
    pub fn client(&self, args: &[&str]) -> Result<String, String> {
        let server = format!("localhost:{}", self.port(15999));
        let mut command = Command::new(&self.vitrum);
        output_of(command.args(["vtctldclient", "--server", &server]).args(args))
    }

    /// Returns the ends of all logs.
    pub fn logs(&self) -> String {
        crate::cluster::log_ends(self.folder.path())
    }

    fn port(&self, usual: u16) -> u16 {
        self.port_base + (usual - 15000)
    }

    fn topo(&self) -> [String; 6] {
        let address = format!("localhost:{}", self.port_base - (15000 - 2379));
        ["--topo-implementation", "etcd2", "--topo-global-root", "/vitess/global"]
            .map(str::to_owned)
            .into_iter()
            .chain(["--topo-global-server-address".to_owned(), address])
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or_default()
    }

    fn start_control(&mut self) -> Result<(), String> {
        let topo_port = self.port_base - (15000 - 2379);
        let listen = format!("127.0.0.1:{topo_port}");
        let data = self.folder.path().join("topo").display().to_string();
        self.spawn("topo", &["topo", "--listen", &listen, "--data", &data])?;
        wait_for("the topology", || listens(topo_port))?;
        let (web, grpc) = (self.port(15000), self.port(15999));
        let args = ["vtctld", "--cell", CELL].map(str::to_owned);
        self.spawn_listening("vtctld", &args, web, grpc)?;
        wait_for("vtctld", || listens(grpc))?;
        let topo = format!("localhost:{topo_port}");
        let cell = ["AddCellInfo", "--root", "/vitess/zone1", "--server-address", &topo, CELL];
        wait_for("vtctld's answer", || self.client(&cell).is_ok())
    }

    fn start_tablets(&mut self, keyspaces: &[(&str, &[&str])]) -> Result<(), String> {
        let socket = self.socket().display().to_string();
        let mut uid = 100;
        let mut primaries = Vec::new();
        for (keyspace, shards) in keyspaces {
            self.client(&["CreateKeyspace", "--durability-policy", "none", keyspace])?;
            for shard in *shards {
                let tablet = format!("{CELL}-{uid}");
                let database = database_of(keyspace, shard);
                let mut args = vec!["vttablet", "--tablet-path", &tablet, "--unmanaged"];
                args.extend(["--tablet-hostname", "127.0.0.1", "--init-keyspace", keyspace]);
                args.extend(["--init-shard", shard, "--init-tablet-type", "replica"]);
                args.extend(["--service-map", "grpc-queryservice,grpc-tabletmanager"]);
                args.extend(["--db-socket", &socket, "--init-db-name-override", &database]);
                args.extend(["--health-check-interval", "1s"]);
                let mut args: Vec<String> = args.into_iter().map(str::to_owned).collect();
                for account in ["app", "appdebug", "dba", "allprivs", "filtered", "repl"] {
                    args.extend([format!("--db-{account}-user"), "root".to_owned()]);
                }
                let (web, grpc) = (self.port(15000 + uid), self.port(16000 + uid));
                self.spawn_listening(&format!("vttablet-{uid}"), &args, web, grpc)?;
                primaries.push((format!("{keyspace}/{shard}"), tablet));
                uid += 1;
            }
        }
        for (shard, tablet) in primaries {
            let elect = ["PlannedReparentShard", &shard, "--new-primary", &tablet];
            let mut last = String::new();
            wait_for(&format!("the primary of {shard}"), || match self.client(&elect) {
                Ok(_) => true,
                Err(err) => {
                    last = err;
                    false
                }
            })
            .map_err(|err| format!("{err}\n{last}"))?;
        }
        for (keyspace, _) in keyspaces {
            self.client(&["RebuildKeyspaceGraph", keyspace])?;
        }
        self.client(&["RebuildVSchemaGraph"]).map(drop)
    }

    fn start_gate(&mut self) -> Result<(), String> {
        let mysql = self.gate_port();
        let port = mysql.to_string();
        let mut args = vec!["vtgate", "--cell", CELL, "--cells-to-watch", CELL];
        args.extend(["--tablet-types-to-wait", "PRIMARY", "--mysql-auth-server-impl", "none"]);
        args.extend(["--mysql-server-bind-address", "127.0.0.1", "--mysql-server-port", &port]);
        args.extend(["--vschema-ddl-authorized-users", "%"]);
        let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        let (web, grpc) = (self.port(15001), self.port(15991));
        self.spawn_listening("vtgate", &args, web, grpc)?;
        wait_for("vtgate", || listens(mysql)).map_err(|err| format!("{err}\n{}", self.logs()))
    }

    fn spawn_listening(
        &mut self,
        name: &str,
        args: &[String],
        web: u16,
        grpc: u16,
    ) -> Result<(), String> {
        let (web, grpc) = (web.to_string(), grpc.to_string());
        let topo = self.topo();
        let mut all: Vec<&str> = args.iter().chain(&topo).map(String::as_str).collect();
        all.extend(["--bind-address", "127.0.0.1", "--grpc-bind-address", "127.0.0.1"]);
        all.extend(["--port", &web, "--grpc-port", &grpc]);
        self.spawn(name, &all)
    }

    fn spawn(&mut self, name: &str, args: &[&str]) -> Result<(), String> {
        let path = self.folder.path().join(format!("{name}.log"));
        let failed = |err: std::io::Error| format!("{}: {err}", path.display());
        let log = File::create(&path).map_err(failed)?;
        let child = Command::new(&self.vitrum)
            .args(args)
            .env("VTDATAROOT", self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .spawn()
            .map_err(|err| format!("{name}: {err}"))?;
        self.programs.push(child);
        Ok(())
    }
}

impl Drop for SharedCluster {
    fn drop(&mut self) {
        // Nothing of it is kept, so nothing has to end in order.
        for child in self.programs.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Returns the database of a shard on the common server.
pub fn database_of(keyspace: &str, shard: &str) -> String {
    format!("vt_{keyspace}_{}", shard.replace('-', "_"))
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn wait_for(what: &str, mut there: impl FnMut() -> bool) -> Result<(), String> {
    let started = Instant::now();
    while !there() {
        if started.elapsed() > START_MAX {
            return Err(format!("{what}: not there after {} s", START_MAX.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
