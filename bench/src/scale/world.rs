//! A gateway and a topology, as processes, and the simulated tablets that they know.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use vt_base::{KeyRange, TabletAlias, TabletType, Target};
use vt_mysql::client::{Address, Conn, ConnectParams};
use vt_proto::{topodata, vschema};
use vt_topo::TopoServer;
use vt_topo_etcd::TopoFlags;

use super::fleet::{Fleet, Simulated, address};
use crate::{Outcome, usage};

const KEYSPACE: &str = "scale";
const CELL: &str = "zone1";
/// How many records are written at the same time.
const WRITES: usize = 64;
/// How long a process has until it answers.
const START: Duration = Duration::from_secs(180);

/// One cluster; dropped, it is gone.
pub(super) struct World {
    gateway: Running,
    mysql_port: u16,
    shards: Vec<String>,
    _topo: Running,
    _fleet: Fleet,
    _folder: TempDir,
}

/// A process that is killed when it is dropped: it has nothing to lose.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn text(err: impl std::fmt::Display) -> String {
    err.to_string()
}

impl World {
    /// Starts a cluster of so many shards and tablets, and waits until it serves.
    pub(super) async fn start(shards: usize, tablets: usize) -> Outcome<World> {
        let folder = tempfile::tempdir().map_err(text)?;
        let program = vt_testkit::vitrum_program()?;
        let [topo_port, mysql_port, web, grpc] = free_ports()?;
        let topo_address = format!("127.0.0.1:{topo_port}");
        let topo = start(
            Command::new(&program)
                .args(["topo", "--listen", &topo_address, "--data"])
                .arg(folder.path().join("topo")),
        )?;
        let flags = TopoFlags {
            global_server_address: topo_address.clone(),
            global_root: "/vitess/global".to_owned(),
            operation_timeout: Duration::from_secs(30),
            ..TopoFlags::default()
        };
        let server = opened(&flags).await?;
        let names = KeyRange::shard_names(u32::try_from(shards).map_err(text)?).map_err(text)?;
        let all = simulated(&names, tablets);
        let fleet = Fleet::start(all.clone()).await.map_err(text)?;
        record(&server, &topo_address, &names, &all, fleet.port).await?;
        let gateway = start(Command::new(&program).args([
            "vtgate",
            "--cell",
            CELL,
            "--cells-to-watch",
            CELL,
            "--tablet-types-to-wait",
            "PRIMARY",
            "--mysql-server-bind-address",
            "127.0.0.1",
            "--mysql-server-port",
            &mysql_port.to_string(),
            "--mysql-auth-server-impl",
            "none",
            "--topo-implementation",
            "etcd2",
            "--topo-global-server-address",
            &topo_address,
            "--topo-global-root",
            "/vitess/global",
            "--bind-address",
            "127.0.0.1",
            "--grpc-bind-address",
            "127.0.0.1",
            "--port",
            &web.to_string(),
            "--grpc-port",
            &grpc.to_string(),
        ]))?;
        let world = World {
            gateway,
            mysql_port,
            shards: names,
            _topo: topo,
            _fleet: fleet,
            _folder: folder,
        };
        world.until_it_serves(shards).await?;
        Ok(world)
    }

    pub(super) fn gateway(&self) -> u32 {
        self.gateway.0.id()
    }

    pub(super) fn mysql_port(&self) -> u16 {
        self.mysql_port
    }

    /// Asks until rows of many shards have come.
    async fn until_it_serves(&self, shards: usize) -> Outcome<()> {
        let started = Instant::now();
        let mut params = ConnectParams::new(Address::tcp("127.0.0.1", self.mysql_port), "user");
        params.database = Some(KEYSPACE.to_owned());
        let params = Arc::new(params);
        loop {
            let asked = async {
                let mut conn = Conn::connect(params.clone()).await?;
                for id in 0..4 * shards {
                    conn.query(format!("select v from t where id = {id}"), 1).await?;
                }
                conn.close().await;
                Ok::<(), vt_base::Error>(())
            };
            match asked.await {
                Ok(()) => return Ok(()),
                Err(err) if started.elapsed() > START => {
                    return Err(format!("the gateway does not serve: {err}"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// Finds so many rows, each of one of the first shards.
    pub(super) async fn ids_of(&self, shards: usize, count: usize) -> Outcome<Vec<u64>> {
        let mut params = ConnectParams::new(Address::tcp("127.0.0.1", self.mysql_port), "user");
        params.database = Some(KEYSPACE.to_owned());
        let mut conn = Conn::connect(params).await.map_err(text)?;
        let mut found = Vec::with_capacity(count);
        let wanted = &self.shards[..shards.min(self.shards.len())];
        for id in 1.. {
            let answer = conn.query(format!("select v from t where id = {id}"), 1).await;
            let rows = answer.map_err(text)?.rows;
            let name = rows.iter().next().and_then(|row| row.column(0)).unwrap_or_default();
            let name = String::from_utf8_lossy(name);
            if wanted.iter().any(|shard| shard == name.trim_end()) {
                found.push(id);
            }
            if found.len() == count {
                break;
            }
        }
        conn.close().await;
        Ok(found)
    }

    /// Waits until the gateway has met all its tablets: until its memory stays as it is.
    pub(super) async fn quiet(&self) -> Outcome<()> {
        let started = Instant::now();
        let mut last = 0;
        while started.elapsed() < START {
            let now = usage::resident(self.gateway());
            if now.abs_diff(last) < 256 << 10 {
                return Ok(());
            }
            last = now;
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        Err("the gateway does not come to rest".to_owned())
    }
}

/// Starts a process that says nothing.
fn start(command: &mut Command) -> Outcome<Running> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(Running).map_err(text)
}

/// Opens the topology once it answers.
async fn opened(flags: &TopoFlags) -> Outcome<Arc<TopoServer>> {
    vt_topo_etcd::open(flags).await.map_err(text)
}

/// Finds ports that nobody listens on.
fn free_ports() -> Outcome<[u16; 4]> {
    let listeners: Vec<std::net::TcpListener> = (0..4)
        .map(|_| std::net::TcpListener::bind(("127.0.0.1", 0)))
        .collect::<Result<_, _>>()
        .map_err(text)?;
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr().map_err(text)?.port();
    }
    Ok(ports)
}

/// Returns the tablets: a primary for each shard, and replicas for the rest.
fn simulated(names: &[String], tablets: usize) -> Vec<Simulated> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let one = |index: usize| {
        let is_primary = index < names.len();
        Simulated {
            alias: TabletAlias { cell: CELL.into(), uid: 1 + index as u32 },
            target: Target::new(
                KEYSPACE,
                &names[index % names.len()],
                if is_primary { TabletType::Primary } else { TabletType::Replica },
            ),
            term_start: if is_primary { now.as_secs().cast_signed() } else { 0 },
        }
    };
    (0..tablets.max(names.len())).map(one).collect()
}

/// Writes what the gateway reads.
async fn record(
    server: &TopoServer,
    topo_address: &str,
    names: &[String],
    tablets: &[Simulated],
    port: u16,
) -> Outcome<()> {
    let cell = topodata::CellInfo {
        server_address: topo_address.to_owned(),
        root: "/vitess/zone1".to_owned(),
    };
    server.create_cell_info(CELL, &cell).await.map_err(text)?;
    server.create_keyspace(KEYSPACE, &topodata::Keyspace::default()).await.map_err(text)?;
    for name in names {
        server.create_shard(KEYSPACE, name).await.map_err(text)?;
    }
    let writes = tablets.iter().enumerate().map(|(index, tablet)| async move {
        let message = tablet_record(tablet, index, port);
        server.create_tablet(&message).await?;
        if tablet.target.tablet_type == TabletType::Primary {
            let alias = message.alias.clone();
            let change = |shard: &mut topodata::Shard| {
                shard.primary_alias.clone_from(&alias);
                Ok(())
            };
            server.update_shard_fields(KEYSPACE, &message.shard, change).await?;
        }
        Ok::<(), vt_topo::TopoError>(())
    });
    stream::iter(writes).buffer_unordered(WRITES).try_collect::<()>().await.map_err(text)?;
    let hash = vschema::Vindex { r#type: "hash".to_owned(), ..vschema::Vindex::default() };
    let column = vschema::ColumnVindex {
        column: "id".to_owned(),
        name: "hash".to_owned(),
        ..vschema::ColumnVindex::default()
    };
    let table = vschema::Table { column_vindexes: vec![column], ..vschema::Table::default() };
    let keyspace = vschema::Keyspace {
        sharded: true,
        vindexes: [("hash".to_owned(), hash)].into(),
        tables: [("t".to_owned(), table)].into(),
        ..vschema::Keyspace::default()
    };
    server.save_vschema(KEYSPACE, &keyspace).await.map_err(text)?;
    server
        .rebuild_srv_keyspace(KEYSPACE, &[], vt_topo::records::srv_keyspace::Gaps::Refused)
        .await
        .map_err(text)?;
    server.rebuild_srv_vschema(&[]).await.map_err(text)
}

fn tablet_record(tablet: &Simulated, index: usize, port: u16) -> topodata::Tablet {
    topodata::Tablet {
        alias: Some((&tablet.alias).into()),
        hostname: address(index).to_string(),
        port_map: [("vitrum".to_owned(), i32::from(port)), ("grpc".to_owned(), i32::from(port))]
            .into(),
        keyspace: tablet.target.keyspace.to_string(),
        shard: tablet.target.shard.to_string(),
        r#type: tablet.target.tablet_type as i32,
        ..topodata::Tablet::default()
    }
}
