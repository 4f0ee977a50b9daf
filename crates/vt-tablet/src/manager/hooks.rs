//! Hooks: programs of the operator's own, in a folder of their own.

use std::process::Stdio;
use std::sync::Arc;

use tokio::process::Command;
use vt_base::{Code, Error, Result};
use vt_proto::tabletmanagerdata::{ExecuteHookRequest, ExecuteHookResponse};

use super::Call;
use crate::core::Core;

/// What stands for the exit status of a hook that is not there.
const MISSING: i64 = -1;

/// Runs a hook and returns what it printed.
pub(super) async fn execute(
    core: &Arc<Core>,
    request: ExecuteHookRequest,
    _: Call,
) -> Result<ExecuteHookResponse> {
    let name = &request.name;
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        let text = format!("hook name {name:?} must be the bare name of a file");
        return Err(Error::new(Code::InvalidArgument, text));
    }
    let missing = |text: String| ExecuteHookResponse {
        exit_status: MISSING,
        stdout: String::new(),
        stderr: text,
    };
    let Some(folder) = &core.config.hook_dir else {
        return Ok(missing(format!("missing hook {name}: the tablet has no folder of hooks")));
    };
    let path = folder.join(name);
    if !path.is_file() {
        return Ok(missing(format!("missing hook {}", path.display())));
    }
    let output = Command::new(&path)
        .args(&request.parameters)
        .envs(&request.extra_env)
        .env("TABLET_ALIAS", core.config.alias.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|err| {
            Error::new(Code::Internal, format!("cannot run hook {}: {err}", path.display()))
        })?;
    Ok(ExecuteHookResponse {
        exit_status: i64::from(output.status.code().unwrap_or(-2)),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
