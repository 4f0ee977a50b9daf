//! What the throttler says of an application, and of itself.

use std::sync::Arc;

use vt_base::Result;
use vt_proto::tabletmanagerdata::*;

use super::Call;
use crate::core::Core;
use crate::throttler::Asked;
use crate::throttler::report::check_message;

pub(super) async fn check(
    core: &Arc<Core>,
    request: CheckThrottlerRequest,
    _: Call,
) -> Result<CheckThrottlerResponse> {
    let scope = match request.scope.as_str() {
        "" => None,
        text => Some(text.parse()?),
    };
    let recently = core.throttler.is_recently_checked();
    let check = core.throttler.answer(Asked {
        app: &request.app_name,
        scope,
        wants_heartbeats: !request.skip_request_heartbeats,
        ok_if_unknown: request.ok_if_not_exists,
    });
    std::future::ready(Ok(check_message(&check, recently))).await
}

pub(super) async fn status(
    core: &Arc<Core>,
    _: GetThrottlerStatusRequest,
    _: Call,
) -> Result<GetThrottlerStatusResponse> {
    std::future::ready(Ok(core.throttler_status())).await
}
