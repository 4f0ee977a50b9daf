//! GetTopologyPath: one node of the topology, with its contents or its children.

use vt_base::Result;
use vt_proto::vtctldata::{GetTopologyPathRequest, GetTopologyPathResponse, TopologyCell};
use vt_topo::{TopoError, Version};

use crate::Control;

impl Control {
    pub async fn get_topology_path(
        &self,
        request: GetTopologyPathRequest,
    ) -> Result<GetTopologyPathResponse> {
        let version = u64::try_from(request.version).ok().filter(|one| *one > 0).map(Version);
        let node = self.topo.get_topology_path(&request.path, version).await?;
        let data = match &node.contents {
            None => String::new(),
            Some(_) => {
                let json = node.to_json().ok_or_else(|| TopoError::Corrupt {
                    path: node.path.clone(),
                    detail: "its contents have no text form".to_owned(),
                })?;
                json.to_string()
            }
        };
        let cell = TopologyCell {
            name: node.name,
            path: node.path,
            data,
            children: node.children,
            version: node.version.map_or(0, |one| i64::try_from(one.0).unwrap_or(i64::MAX)),
        };
        Ok(GetTopologyPathResponse { cell: Some(cell) })
    }
}
