//! ApplyVSchema: replaces a keyspace's VSchema, or changes it by one statement.

use vt_base::Result;
use vt_proto::vtctldata::{ApplyVSchemaRequest, ApplyVSchemaResponse};

use crate::Control;
use crate::control::invalid;

impl Control {
    pub async fn apply_v_schema(
        &self,
        request: ApplyVSchemaRequest,
    ) -> Result<ApplyVSchemaResponse> {
        self.topo.get_keyspace(&request.keyspace).await?;
        let vschema = match (request.v_schema, request.sql.is_empty()) {
            (Some(_), false) | (None, true) => {
                return Err(invalid("must pass exactly one of {v_schema, sql}"));
            }
            (Some(vschema), true) => vschema,
            (None, false) => {
                return Err(vt_base::Error::unsupported("ApplyVSchema --sql"));
            }
        };
        let reply = ApplyVSchemaResponse { v_schema: Some(vschema.clone()), ..Default::default() };
        if request.dry_run {
            return Ok(reply);
        }
        self.topo.save_vschema(&request.keyspace, &vschema).await?;
        if !request.skip_rebuild {
            self.topo.rebuild_srv_vschema(&request.cells).await?;
        }
        Ok(reply)
    }
}
