//! Reaches tablets by gRPC, for discovery.

use std::sync::Arc;

use async_trait::async_trait;
use vt_base::Result;
use vt_discovery::Dialer;
use vt_proto::topodata;
use vt_rpc::dial::TabletDialer;
use vt_tablet_api::QueryService;

/// Dials with connections that all services of a tablet share.
pub(crate) struct RpcDialer(pub(crate) TabletDialer);

#[async_trait]
impl Dialer for RpcDialer {
    async fn dial(&self, tablet: &topodata::Tablet) -> Result<Arc<dyn QueryService>> {
        self.0.query_service(tablet)
    }

    async fn forget(&self, tablet: &topodata::Tablet) {
        self.0.forget(tablet);
    }
}
