//! Making the cluster's contents through the RPC API: cell, keyspaces, primaries, schemas, rows.

use std::path::Path;
use std::time::Duration;

use tonic::transport::Channel;
use vt_base::{Code, Error, Result};
use vt_mysql::client::{Address, Conn, ConnectParams};
use vt_proto::{topodata, vschema, vtctldata};
use vt_rpc::status::from_status;
use vt_rpc::vtctlservice::vtctld_client::VtctldClient;

use crate::demo;
use crate::layout::{CELL, Ports, alias};
use crate::spec::{KeyspaceSpec, Spec, TabletSpec};

const WAIT_TABLETS: Duration = Duration::from_secs(120);

/// A client of the cluster's vtctld.
pub(crate) struct Control {
    pub(crate) client: VtctldClient<Channel>,
}

impl Control {
    /// Connects, waiting a while for vtctld to listen.
    pub(crate) async fn connect(ports: Ports) -> Result<Control> {
        let address = format!("http://127.0.0.1:{}", ports.vtctld_grpc());
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            match VtctldClient::connect(address.clone()).await {
                Ok(client) => return Ok(Control { client }),
                Err(err) if tokio::time::Instant::now() >= deadline => {
                    return Err(Error::new(
                        Code::Unavailable,
                        format!("vtctld at {address}: {err}"),
                    ));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    pub(crate) async fn create_cell(&mut self, spec: &Spec, ports: Ports) -> Result<()> {
        let cell_info = topodata::CellInfo {
            server_address: ports.topo_address(spec),
            root: format!("/vitess/{CELL}"),
        };
        let request =
            vtctldata::AddCellInfoRequest { name: CELL.to_owned(), cell_info: Some(cell_info) };
        unless_there(self.client.add_cell_info(request).await.map(drop))
    }

    /// Creates the keyspaces and their shards; a write waits for a second tablet where there is one.
    pub(crate) async fn create_keyspaces(&mut self, spec: &Spec) -> Result<()> {
        for keyspace in &spec.keyspaces {
            let alone = spec.replicas == 0 || keyspace.external.is_some();
            let durability_policy = if alone { "none" } else { "semi_sync" };
            let request = vtctldata::CreateKeyspaceRequest {
                name: keyspace.name.clone(),
                durability_policy: durability_policy.to_owned(),
                sidecar_db_name: "_vt".to_owned(),
                ..vtctldata::CreateKeyspaceRequest::default()
            };
            unless_there(self.client.create_keyspace(request).await.map(drop))?;
            for shard in &keyspace.shards {
                let request = vtctldata::CreateShardRequest {
                    keyspace: keyspace.name.clone(),
                    shard_name: shard.clone(),
                    ..vtctldata::CreateShardRequest::default()
                };
                unless_there(self.client.create_shard(request).await.map(drop))?;
            }
        }
        Ok(())
    }

    /// Waits until every tablet has put itself into the topology.
    pub(crate) async fn wait_tablets(&mut self, spec: &Spec) -> Result<()> {
        let wanted = spec.own_tablets();
        let deadline = tokio::time::Instant::now() + WAIT_TABLETS;
        loop {
            let request = vtctldata::GetTabletsRequest::default();
            let reply = self.client.get_tablets(request).await.map_err(|err| from_status(&err))?;
            let there: Vec<u32> = reply
                .into_inner()
                .tablets
                .iter()
                .filter_map(|tablet| tablet.alias.as_ref().map(|alias| alias.uid))
                .collect();
            let missing = wanted.iter().find(|tablet| !there.contains(&tablet.uid));
            let Some(missing) = missing else { return Ok(()) };
            if tokio::time::Instant::now() >= deadline {
                let alias = alias(missing.uid);
                return Err(Error::new(
                    Code::DeadlineExceeded,
                    format!("tablet {alias} did not register; see vttablet-{}.log", missing.uid),
                ));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Elects the first tablet of every shard that has no primary yet.
    pub(crate) async fn elect_primaries(&mut self, tablets: &[TabletSpec]) -> Result<()> {
        let mut done: Vec<(String, String)> = Vec::new();
        for tablet in tablets {
            let shard = (tablet.keyspace.clone(), tablet.shard.clone());
            if done.contains(&shard) {
                continue;
            }
            done.push(shard);
            let request = vtctldata::GetShardRequest {
                keyspace: tablet.keyspace.clone(),
                shard_name: tablet.shard.clone(),
            };
            let reply = self.client.get_shard(request).await.map_err(|err| from_status(&err))?;
            let record = reply.into_inner().shard.and_then(|shard| shard.shard);
            if record.is_some_and(|record| record.primary_alias.is_some()) {
                continue;
            }
            let request = vtctldata::PlannedReparentShardRequest {
                keyspace: tablet.keyspace.clone(),
                shard: tablet.shard.clone(),
                new_primary: Some((&alias(tablet.uid)).into()),
                wait_replicas_timeout: Some(vt_proto::vttime::Duration { seconds: 30, nanos: 0 }),
                ..vtctldata::PlannedReparentShardRequest::default()
            };
            self.client.planned_reparent_shard(request).await.map_err(|err| from_status(&err))?;
        }
        Ok(())
    }

    pub(crate) async fn rebuild_graphs(&mut self, spec: &Spec) -> Result<()> {
        for keyspace in &spec.keyspaces {
            let request = vtctldata::RebuildKeyspaceGraphRequest {
                keyspace: keyspace.name.clone(),
                ..vtctldata::RebuildKeyspaceGraphRequest::default()
            };
            let rebuilt = self.client.rebuild_keyspace_graph(request).await;
            rebuilt.map_err(|err| from_status(&err))?;
        }
        let request = vtctldata::RebuildVSchemaGraphRequest::default();
        self.client.rebuild_v_schema_graph(request).await.map_err(|err| from_status(&err))?;
        Ok(())
    }

    /// Applies the schema and the VSchema of every keyspace that has them.
    pub(crate) async fn load_schemas(&mut self, spec: &Spec) -> Result<()> {
        for keyspace in &spec.keyspaces {
            let demo = spec.demo.then(|| demo::schema_of(&keyspace.name)).flatten();
            let sql = text_of(keyspace.schema.as_deref(), demo.map(|demo| demo.sql))?;
            if let Some(sql) = sql {
                self.apply_schema(&keyspace.name, &sql).await?;
            }
            let json = text_of(keyspace.vschema.as_deref(), demo.map(|demo| demo.vschema))?;
            if let Some(json) = json {
                self.apply_vschema(keyspace, &json).await?;
            }
        }
        Ok(())
    }

    async fn apply_schema(&mut self, keyspace: &str, sql: &str) -> Result<()> {
        let request = vtctldata::ApplySchemaRequest {
            keyspace: keyspace.to_owned(),
            sql: vec![sql.to_owned()],
            ddl_strategy: "direct".to_owned(),
            wait_replicas_timeout: Some(vt_proto::vttime::Duration { seconds: 30, nanos: 0 }),
            ..vtctldata::ApplySchemaRequest::default()
        };
        let applied = self.client.apply_schema(request).await;
        applied.map_err(|err| from_status(&err).context(format_args!("schema of {keyspace}")))?;
        Ok(())
    }

    pub(crate) async fn apply_vschema(
        &mut self,
        keyspace: &KeyspaceSpec,
        json: &str,
    ) -> Result<()> {
        let name = &keyspace.name;
        let wrong = |err: Error| err.context(format_args!("vschema of {name}"));
        let v_schema: vschema::Keyspace =
            vt_proto::json::from_json("vschema.Keyspace", json).map_err(wrong)?;
        let request = vtctldata::ApplyVSchemaRequest {
            keyspace: name.clone(),
            v_schema: Some(v_schema),
            ..vtctldata::ApplyVSchemaRequest::default()
        };
        let applied = self.client.apply_v_schema(request).await;
        applied.map_err(|err| wrong(from_status(&err)))?;
        Ok(())
    }
}

/// Takes it as done where the thing is there already, from a start before this one.
fn unless_there(result: Result<(), tonic::Status>) -> Result<()> {
    match result {
        Err(status) if status.code() == tonic::Code::AlreadyExists => Ok(()),
        Err(status) => Err(from_status(&status)),
        Ok(()) => Ok(()),
    }
}

fn text_of(file: Option<&Path>, otherwise: Option<&str>) -> Result<Option<String>> {
    match file {
        None => Ok(otherwise.map(str::to_owned)),
        Some(path) => std::fs::read_to_string(path).map(Some).map_err(|err| {
            Error::new(Code::InvalidArgument, format!("cannot read {}: {err}", path.display()))
        }),
    }
}

/// Inserts the demo's rows through the gateway, as an application would.
pub(crate) async fn load_demo_rows(ports: Ports) -> Result<()> {
    let address = Address::tcp("127.0.0.1", ports.gate_mysql());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut left = demo::rows().peekable();
    let mut conn = Conn::connect(ConnectParams::new(address, "vitrum")).await?;
    while let Some(sql) = left.peek() {
        match conn.query(*sql, 100).await {
            Ok(_) => {
                left.next();
            }
            // The gateway hears of a new VSchema a moment after it is applied.
            Err(err) if tokio::time::Instant::now() < deadline && is_passing(&err) => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(err) => return Err(err.context("rows of the demo")),
        }
    }
    conn.close().await;
    Ok(())
}

/// Unknown database, table or column, or a shard that does not serve yet.
fn is_passing(err: &Error) -> bool {
    matches!(err.errno(), 1049 | 1146 | 1105 | 1046 | 1054)
}
