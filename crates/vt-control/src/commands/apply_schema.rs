//! ApplySchema: statements on the primaries of all shards, and the replicas' schema after them.

use vt_base::{Error, Result};
use vt_proto::vtctldata::{ApplySchemaRequest, ApplySchemaResponse};

use crate::Control;

impl Control {
    pub async fn apply_schema(&self, request: ApplySchemaRequest) -> Result<ApplySchemaResponse> {
        self.topo.get_keyspace(&request.keyspace).await?;
        Err(Error::unsupported("ApplySchema"))
    }
}
