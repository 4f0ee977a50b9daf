//! MountRegister, MountUnregister, MountShow, MountList: other clusters that tables come from.

use std::sync::Arc;

use vt_base::{Code, Error, Result};
use vt_proto::topodata::{ExternalVitessCluster, TopoConfig};
use vt_proto::vtctldata::*;
use vt_reparent::Cluster;

use crate::Control;
use crate::control::invalid;

impl Control {
    pub async fn mount_register(
        &self,
        request: MountRegisterRequest,
    ) -> Result<MountRegisterResponse> {
        let MountRegisterRequest { topo_type, topo_server, topo_root, name } = request;
        let given = [("name", &name), ("topo-type", &topo_type), ("topo-server", &topo_server)];
        for (flag, value) in given.into_iter().chain([("topo-root", &topo_root)]) {
            if value.is_empty() {
                return Err(invalid(format!("a cluster is mounted with --{flag}")));
            }
        }
        let topo_config = Some(TopoConfig { topo_type, server: topo_server, root: topo_root });
        let cluster = ExternalVitessCluster { topo_config };
        match self.topo.create_external_cluster(&name, &cluster).await {
            Err(err) if err.is_node_exists() => Err(Error::from(err).context(format!(
                "there is already a cluster mounted as {name}; take it out with `Mount unregister --name {name}`"
            ))),
            other => other.map(|()| MountRegisterResponse {}).map_err(Error::from),
        }
    }

    pub async fn mount_unregister(
        &self,
        request: MountUnregisterRequest,
    ) -> Result<MountUnregisterResponse> {
        self.mounted(&request.name).await?;
        self.topo.delete_external_cluster(&request.name).await?;
        Ok(MountUnregisterResponse {})
    }

    pub async fn mount_show(&self, request: MountShowRequest) -> Result<MountShowResponse> {
        let config = self.mounted(&request.name).await?;
        Ok(MountShowResponse {
            topo_type: config.topo_type,
            topo_server: config.server,
            topo_root: config.root,
            name: request.name,
        })
    }

    pub async fn mount_list(&self, _request: MountListRequest) -> Result<MountListResponse> {
        Ok(MountListResponse { names: self.topo.get_external_clusters().await? })
    }

    /// Returns where the topology of a mounted cluster is.
    async fn mounted(&self, name: &str) -> Result<TopoConfig> {
        if name.is_empty() {
            return Err(invalid("a mounted cluster is named with --name"));
        }
        match self.topo.get_external_cluster(name).await {
            Ok(cluster) => Ok(cluster.topo_config.unwrap_or_default()),
            Err(err) if err.is_no_node() => Err(Error::new(
                Code::NotFound,
                format!("there is no cluster mounted as {name}; `Mount list` names those that are"),
            )),
            Err(err) => Err(err.into()),
        }
    }

    /// Opens the way to a mounted cluster.
    pub(super) async fn external_cluster(&self, name: &str) -> Result<Cluster> {
        let config = self.mounted(name).await?;
        let topo = self.topo.open_external_cluster(name).await.map_err(|err| {
            Error::from(err)
                .context(format!("cannot open the topology of cluster {name} at {}", config.server))
        })?;
        let topo = Arc::new(topo);
        Ok(Cluster { topo, ..self.cluster.clone() })
    }
}
