//! SetVtorcEmergencyReparent: whether the orchestrator may replace a lost primary.

use vt_base::Result;
use vt_proto::vtctldata::{SetVtorcEmergencyReparentRequest, SetVtorcEmergencyReparentResponse};
use vt_proto::vtorcdata;

use crate::Control;
use crate::control::invalid;

impl Control {
    pub async fn set_vtorc_emergency_reparent(
        &self,
        request: SetVtorcEmergencyReparentRequest,
    ) -> Result<SetVtorcEmergencyReparentResponse> {
        let disable = request.disable;
        if request.keyspace.is_empty() {
            return Err(invalid("the request names no keyspace"));
        }
        let lock = self.topo.lock_keyspace(&request.keyspace, "SetVtorcEmergencyReparent").await?;
        let changed = match request.shard.is_empty() {
            true => self
                .topo
                .update_keyspace_fields(&request.keyspace, |keyspace| {
                    keyspace
                        .vtorc_state
                        .get_or_insert_with(vtorcdata::Keyspace::default)
                        .disable_emergency_reparent = disable;
                    Ok(())
                })
                .await
                .map(drop),
            false => self
                .topo
                .update_shard_fields(&request.keyspace, &request.shard, |shard| {
                    shard
                        .vtorc_state
                        .get_or_insert_with(vtorcdata::Shard::default)
                        .disable_emergency_reparent = disable;
                    Ok(())
                })
                .await
                .map(drop),
        };
        lock.unlock().await?;
        changed?;
        Ok(SetVtorcEmergencyReparentResponse {})
    }
}
