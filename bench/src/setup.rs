//! The servers that are measured.
//!
//! Plain MySQL and MySQL Router are measured on the mysqld of Vitrum's own first tablet, so that
//! data, settings and caches are the same. The form in one process has mysqlds of its own, with the
//! same settings and the same rows.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use vt_mysql::client::{Address, Conn, ConnectParams};
use vt_testkit::{LocalCluster, Tool};

use crate::options::Options;
use crate::usage::Process;
use crate::{Outcome, say, sysbench};

/// What every mysqld is given: room for the largest value, and for the rows.
const CNF: &str = "max_allowed_packet = 256M\ninnodb_buffer_pool_size = 192M\n\
                   max_connections = 600\nskip_name_resolve = ON\n";

const VSCHEMA: &str = r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}},
    "tables": {"sbtest1": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}"#;

/// Where a case is sent.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// `plain`, `router`, `vitrum`, `one-process`.
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) user: &'static str,
    pub(crate) database: String,
    /// The database whose rows lie on two shards; the only one where there are no shards.
    pub(crate) sharded: String,
    pub(crate) is_ours: bool,
    pub(crate) processes: Vec<Process>,
}

/// Everything that runs; dropped, it stops.
pub(crate) struct Setup {
    /// In the order in which they are to stop.
    router: Option<Router>,
    clusters: Vec<(&'static str, LocalCluster)>,
    pub(crate) sysbench: Tool,
    _folder: TempDir,
}

struct Router {
    child: Child,
    port: u16,
}

impl Drop for Router {
    fn drop(&mut self) {
        // Gone already is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Setup {
    /// Starts what the options want, and fills it with rows.
    pub(crate) fn start(options: &Options, runtime: &Runtime) -> Outcome<Setup> {
        let folder = tempfile::tempdir().map_err(|err| format!("no folder: {err}"))?;
        let cnf = folder.path().join("bench.cnf");
        fs::write(&cnf, CNF).map_err(|err| format!("{}: {err}", cnf.display()))?;
        let mut envs = vec![("EXTRA_MY_CNF", cnf.display().to_string())];
        let unpacked = vt_testkit::tools::repository().join(".deps/mysql/usr");
        if std::env::var_os("VT_MYSQL_ROOT").is_none() && unpacked.is_dir() {
            envs.push(("VT_MYSQL_ROOT", unpacked.display().to_string()));
        }
        let mut clusters = Vec::new();
        let is_needed = ["plain", "router", "vitrum"].iter().any(|form| options.has_form(form));
        for (name, flags, is_wanted) in [
            ("vitrum", &[][..], is_needed),
            ("one-process", &["--one-process"][..], options.has_form("one-process")),
        ] {
            if !is_wanted {
                continue;
            }
            say(&format!("starting {name}"));
            let mut args = vec!["--keyspace", "single", "--keyspace", "sharded:2"];
            args.extend(["--replicas", "0", "--timeout", "120"]);
            args.extend(flags);
            clusters.push((name, LocalCluster::up_with(&args, &envs)?));
        }
        let sysbench = Tool::find("sysbench", "sysbench")?;
        let mut setup = Setup { router: None, clusters, sysbench, _folder: folder };
        setup.fill(options, runtime)?;
        if options.has_form("router") {
            setup.router = setup.start_router()?;
        }
        if options.keep_seconds > 0 {
            for target in setup.targets()? {
                say(&format!("{target:?}"));
            }
            std::thread::sleep(Duration::from_secs(options.keep_seconds));
        }
        Ok(setup)
    }

    /// Makes the tables, and the account that asks mysqld directly.
    fn fill(&self, options: &Options, runtime: &Runtime) -> Outcome<()> {
        for (name, cluster) in &self.clusters {
            say(&format!("filling {name} with {} rows, twice", options.rows));
            cluster.client(&["ApplyVSchema", "--vschema", VSCHEMA, "sharded"])?;
            let socket = cluster.folder().join("vt_0000000100/mysql.sock");
            runtime.block_on(async {
                let params = ConnectParams::new(Address::unix(&socket), "vt_dba");
                let failed = |err: vt_base::Error| format!("{}: {err}", socket.display());
                let mut conn = Conn::connect(params).await.map_err(failed)?;
                for sql in
                    ["create user bench@'%' identified by ''", "grant all on *.* to bench@'%'"]
                {
                    conn.query(sql, 0).await.map_err(failed)?;
                }
                conn.close().await;
                Ok::<(), String>(())
            })?;
            let ours = self.ours(name, cluster)?;
            sysbench::prepare(&ours, options.rows)?;
            let sharded = Target { database: ours.sharded.clone(), ..ours };
            sysbench::prepare(&sharded, options.rows)?;
        }
        Ok(())
    }

    /// Starts MySQL Router before the first tablet's mysqld; `None` if there is none to be had.
    fn start_router(&self) -> Outcome<Option<Router>> {
        let Some((_, cluster)) = self.clusters.first() else { return Ok(None) };
        let tool = match Tool::find("mysql-router", "mysqlrouter") {
            Ok(tool) => tool,
            Err(message) => {
                say(&format!("without MySQL Router: {message}"));
                return Ok(None);
            }
        };
        let folder = cluster.folder().join("router");
        fs::create_dir_all(&folder).map_err(|err| err.to_string())?;
        let port = cluster.port(15400);
        let plugins = tool.folder("usr/lib/mysqlrouter/plugin");
        let config = folder.join("router.conf");
        let text = format!(
            "[DEFAULT]\nlogging_folder={0}\nruntime_folder={0}\ndata_folder={0}\n\
             plugin_folder={1}\nmax_total_connections=2048\n[logger]\nlevel=WARNING\n\
             [routing:bench]\nbind_address=127.0.0.1\nbind_port={port}\n\
             destinations=127.0.0.1:{2}\nrouting_strategy=first-available\nprotocol=classic\n\
             client_ssl_mode=DISABLED\nserver_ssl_mode=DISABLED\n",
            folder.display(),
            plugins.display(),
            cluster.port(17100),
        );
        fs::write(&config, text).map_err(|err| format!("{}: {err}", config.display()))?;
        let mut command = tool.command();
        command.arg("-c").arg(&config).stdin(Stdio::null());
        let child = quiet(&mut command).spawn().map_err(|err| format!("MySQL Router: {err}"))?;
        let router = Router { child, port };
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if started.elapsed() > Duration::from_secs(20) {
                return Err("MySQL Router does not listen".to_owned());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(Some(router))
    }

    /// Returns what is to be measured, plain MySQL first.
    pub(crate) fn targets(&self) -> Outcome<Vec<Target>> {
        let mut targets = Vec::new();
        if let Some((_, cluster)) = self.clusters.first() {
            let mysqld = process("mysqld", cluster.pid("mysqld-100")?);
            let plain = Target {
                name: "plain",
                port: cluster.port(17100),
                user: "bench",
                database: "vt_single".to_owned(),
                sharded: "vt_single".to_owned(),
                is_ours: false,
                processes: vec![mysqld.clone()],
            };
            if let Some(router) = &self.router {
                let own = process("mysqlrouter", router.child.id());
                let (name, port, processes) = ("router", router.port, vec![own, mysqld]);
                targets.push(Target { name, port, processes, ..plain.clone() });
            }
            targets.insert(0, plain);
        }
        for (name, cluster) in &self.clusters {
            targets.push(self.ours(name, cluster)?);
        }
        Ok(targets)
    }

    fn ours(&self, name: &'static str, cluster: &LocalCluster) -> Outcome<Target> {
        let parts: &[&str] = match name {
            "one-process" => &["vtcombo"],
            _ => &["vtgate", "vttablet-100", "vttablet-200", "vttablet-300"],
        };
        let mut processes = Vec::new();
        for part in parts.iter().chain(&["mysqld-100", "mysqld-200", "mysqld-300"]) {
            processes.push(process(part, cluster.pid(part)?));
        }
        Ok(Target {
            name,
            port: cluster.port(15306),
            user: "user",
            database: "single".to_owned(),
            sharded: "sharded".to_owned(),
            is_ours: true,
            processes,
        })
    }
}

fn process(name: &str, pid: u32) -> Process {
    Process { name: name.to_owned(), pid }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}
