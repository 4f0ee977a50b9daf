//! GetVSchema, RebuildVSchemaGraph.

use vt_base::Result;
use vt_proto::vtctldata::*;

use crate::Control;

impl Control {
    pub async fn get_v_schema(&self, request: GetVSchemaRequest) -> Result<GetVSchemaResponse> {
        let v_schema = match self.topo.get_vschema(&request.keyspace).await {
            // A keyspace that has none yet has an empty one; an unknown keyspace is an error.
            Err(err) if err.is_no_node() => {
                self.topo.get_keyspace(&request.keyspace).await?;
                Default::default()
            }
            other => other?,
        };
        Ok(GetVSchemaResponse { v_schema: Some(v_schema) })
    }

    pub async fn rebuild_v_schema_graph(
        &self,
        request: RebuildVSchemaGraphRequest,
    ) -> Result<RebuildVSchemaGraphResponse> {
        self.topo.rebuild_srv_vschema(&request.cells).await?;
        Ok(RebuildVSchemaGraphResponse {})
    }
}
