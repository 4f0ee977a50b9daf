//! WorkflowUpdate: changes how the streams of a workflow run, or whether they do.

use vt_base::{Code, Error, Result, TabletAlias};
use vt_proto::topodata;
use vt_proto::vtctldata::workflow_update_response::TabletInfo;
use vt_proto::vtctldata::*;

use super::snapshot::{ShardEnd, Snapshot};
use crate::Control;
use crate::control::invalid;

impl Control {
    pub async fn workflow_update(
        &self,
        request: WorkflowUpdateRequest,
    ) -> Result<WorkflowUpdateResponse> {
        let Some(change) = request.tablet_request else {
            return Err(invalid("the request does not say what is to be changed"));
        };
        let (keyspace, name) = (&request.keyspace, &change.workflow);
        self.check_keyspace("target", keyspace).await?;
        let Some(found) = Snapshot::find(self, keyspace, name, &change.shards).await? else {
            return Err(no_workflow(keyspace, name));
        };
        if found.frozen && change.state.is_some() {
            return Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "the traffic of workflow {name} in keyspace {keyspace} was switched, and its streams are \
                     frozen; go back with `{command} reversetraffic`, or end it with `{command} complete`",
                    command = format_args!(
                        "{} --workflow {name} --target-keyspace {keyspace}",
                        super::create::command_of(found.workflow_type)
                    )
                ),
            ));
        }
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        let changed = self.update_streams(&ends, &change).await?;
        Ok(WorkflowUpdateResponse {
            summary: format!(
                "Successfully updated the {name} workflow on ({}) target primary tablets in the {keyspace} keyspace",
                changed.len()
            ),
            details: changed
                .into_iter()
                .map(|(alias, changed)| TabletInfo { tablet: Some(proto(&alias)), changed })
                .collect(),
        })
    }
}

/// Says that a keyspace has no such workflow.
pub(super) fn no_workflow(keyspace: &str, name: &str) -> Error {
    Error::new(
        Code::FailedPrecondition,
        format!("the {name} workflow does not exist in the {keyspace} keyspace"),
    )
}

pub(super) fn proto(alias: &TabletAlias) -> topodata::TabletAlias {
    alias.into()
}
