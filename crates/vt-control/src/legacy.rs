//! The few commands of `vtctlservice.Vtctl` that old clients still send.

use std::time::SystemTime;

use tonic::{Request, Response, Status};
use vt_base::{Code, Error, Result, TabletAlias};
use vt_proto::logutil::{Event, Level};
use vt_proto::topodata;
use vt_proto::vtctldata::*;
use vt_rpc::status::to_status;
use vt_rpc::vtctlservice::vtctl_server;
use vt_topo::records::shard::to_proto_time;

use crate::Control;
use crate::control::{invalid, shard_of};
use crate::grpc::VtctldService;
use crate::listing::tablet_line;

/// The commands that are known, for the error of an unknown one.
const KNOWN: &str = "ListAllTablets, ListShardTablets, ListTablets, GetKeyspaces, RebuildKeyspaceGraph, RebuildVSchemaGraph, Workflow";

impl Control {
    /// Runs a command of old; returns what it prints.
    pub async fn execute_vtctl_command(&self, args: &[String]) -> Result<String> {
        let Some((name, args)) = args.split_first() else {
            return Err(invalid(format!("no command was given; known are: {KNOWN}")));
        };
        let one = |what: &str| match args {
            [only] => Ok(only.as_str()),
            _ => Err(invalid(format!("the {what} argument is required for the {name} command"))),
        };
        match name.as_str() {
            "ListAllTablets" => {
                let cells = args.to_vec();
                self.list_tablets(GetTabletsRequest { cells, ..Default::default() }).await
            }
            "ListShardTablets" => {
                let named: vt_base::KeyspaceShard = one("<keyspace/shard>")?.parse()?;
                let shard = shard_of(&named.keyspace, &named.shard)?;
                self.list_tablets(GetTabletsRequest {
                    keyspace: shard.keyspace.to_string(),
                    shard: shard.shard.to_string(),
                    ..Default::default()
                })
                .await
            }
            "ListTablets" => {
                let parse = |text: &String| -> Result<topodata::TabletAlias> {
                    Ok((&text.parse::<TabletAlias>()?).into())
                };
                let tablet_aliases = args.iter().map(parse).collect::<Result<_>>()?;
                self.list_tablets(GetTabletsRequest {
                    tablet_aliases,
                    strict: true,
                    ..Default::default()
                })
                .await
            }
            "GetKeyspaces" => {
                let found = self.get_keyspaces(GetKeyspacesRequest {}).await?;
                Ok(found.keyspaces.iter().map(|one| format!("{}\n", one.name)).collect())
            }
            "RebuildKeyspaceGraph" => {
                let request = RebuildKeyspaceGraphRequest {
                    keyspace: one("<keyspace>")?.to_owned(),
                    ..Default::default()
                };
                self.rebuild_keyspace_graph(request).await.map(|_| String::new())
            }
            "RebuildVSchemaGraph" => {
                let request = RebuildVSchemaGraphRequest::default();
                self.rebuild_v_schema_graph(request).await.map(|_| String::new())
            }
            "Workflow" => Box::pin(self.old_workflow(args)).await,
            _ => Err(Error::new(
                Code::Unimplemented,
                format!(
                    "the old command {name} is not known; use vtctldclient's commands. Known are: {KNOWN}"
                ),
            )),
        }
    }

    async fn list_tablets(&self, request: GetTabletsRequest) -> Result<String> {
        let found = self.get_tablets(request).await?;
        Ok(found.tablets.iter().map(|one| tablet_line(one) + "\n").collect())
    }
}

/// The stream that the reply is.
type Events = tonic::codegen::BoxStream<ExecuteVtctlCommandResponse>;

#[tonic::async_trait]
impl vtctl_server::Vtctl for VtctldService {
    async fn execute_vtctl_command(
        &self,
        request: Request<ExecuteVtctlCommandRequest>,
    ) -> Result<Response<Events>, Status> {
        let control = self.control.clone();
        let args = request.into_inner().args;
        let command = async move { Box::pin(control.execute_vtctl_command(&args)).await };
        let printed =
            self.run("execute_vtctl_command", command).await.map_err(|err| to_status(&err))?;
        // Old clients print events of this level as they are.
        let event = Event {
            time: Some(to_proto_time(SystemTime::now())),
            level: Level::Console as i32,
            value: printed,
            ..Default::default()
        };
        let reply = ExecuteVtctlCommandResponse { event: Some(event) };
        Ok(Response::new(Box::pin(futures::stream::iter([Ok(reply)]))))
    }
}
