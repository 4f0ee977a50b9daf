//! ExecuteHook: runs a program of the tablet's hook folder.

use vt_base::Result;
use vt_proto::vtctldata::{ExecuteHookRequest, ExecuteHookResponse};

use crate::Control;
use crate::control::{invalid, required_alias};

impl Control {
    pub async fn execute_hook(&self, request: ExecuteHookRequest) -> Result<ExecuteHookResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let Some(hook) = request.tablet_hook_request else {
            return Err(invalid("the request names no hook"));
        };
        if hook.name.is_empty() || hook.name.contains('/') {
            return Err(invalid(format!(
                "hook name cannot be empty or have a '/' in it: '{}'",
                hook.name
            )));
        }
        let tablet = self.tablet(&alias).await?.within(self.options.action_timeout);
        let result = tablet.execute_hook(hook).await?;
        Ok(ExecuteHookResponse { hook_result: Some(result) })
    }
}
