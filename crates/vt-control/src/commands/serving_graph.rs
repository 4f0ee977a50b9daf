//! GetSrvKeyspaceNames, GetSrvKeyspaces, GetSrvVSchema(s), DeleteSrvVSchema.

use std::collections::BTreeMap;

use vt_base::Result;
use vt_proto::vtctldata::{get_srv_keyspace_names_response::NameList, *};

use crate::Control;
use crate::control::invalid;

impl Control {
    pub async fn get_srv_keyspace_names(
        &self,
        request: GetSrvKeyspaceNamesRequest,
    ) -> Result<GetSrvKeyspaceNamesResponse> {
        let mut names = BTreeMap::new();
        for cell in self.topo.expand_cells(&request.cells).await? {
            let found = self.topo.get_srv_keyspace_names(&cell).await?;
            names.insert(cell, NameList { names: found });
        }
        Ok(GetSrvKeyspaceNamesResponse { names })
    }

    pub async fn get_srv_keyspaces(
        &self,
        request: GetSrvKeyspacesRequest,
    ) -> Result<GetSrvKeyspacesResponse> {
        if request.keyspace.is_empty() {
            return Err(invalid("the request names no keyspace"));
        }
        let cells = self.topo.expand_cells(&request.cells).await?;
        let srv_keyspaces = self.topo.get_srv_keyspaces(&request.keyspace, &cells).await?;
        Ok(GetSrvKeyspacesResponse { srv_keyspaces })
    }

    pub async fn get_srv_v_schema(
        &self,
        request: GetSrvVSchemaRequest,
    ) -> Result<GetSrvVSchemaResponse> {
        let srv_v_schema = Some(self.topo.get_srv_vschema(&request.cell).await?);
        Ok(GetSrvVSchemaResponse { srv_v_schema })
    }

    pub async fn get_srv_v_schemas(
        &self,
        request: GetSrvVSchemasRequest,
    ) -> Result<GetSrvVSchemasResponse> {
        let wanted = self.topo.expand_cells(&request.cells).await?;
        let mut srv_v_schemas = self.topo.get_srv_vschemas().await?;
        srv_v_schemas.retain(|cell, _| wanted.contains(cell));
        Ok(GetSrvVSchemasResponse { srv_v_schemas })
    }

    pub async fn delete_srv_v_schema(
        &self,
        request: DeleteSrvVSchemaRequest,
    ) -> Result<DeleteSrvVSchemaResponse> {
        if request.cell.is_empty() {
            return Err(invalid("cell must be non-empty"));
        }
        self.topo.delete_srv_vschema(&request.cell).await?;
        Ok(DeleteSrvVSchemaResponse {})
    }
}
