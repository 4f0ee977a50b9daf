//! Reaches tablets, for discovery: those of this process by a call, all others by connections.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use vt_base::{Result, TabletAlias};
use vt_discovery::Dialer;
use vt_proto::topodata;
use vt_rpc::dial::TabletDialer;
use vt_tablet_api::QueryService;

/// Dials with connections that all services of a tablet share.
pub(crate) struct RpcDialer {
    dialer: TabletDialer,
    local: HashMap<TabletAlias, Arc<dyn QueryService>>,
}

impl RpcDialer {
    /// Makes a dialer; the tablets of `local` run in this process.
    pub(crate) fn new(
        dialer: TabletDialer,
        local: Vec<(TabletAlias, Arc<dyn QueryService>)>,
    ) -> RpcDialer {
        RpcDialer { dialer, local: local.into_iter().collect() }
    }
}

#[async_trait]
impl Dialer for RpcDialer {
    async fn dial(&self, tablet: &topodata::Tablet) -> Result<Arc<dyn QueryService>> {
        let alias = tablet.alias.as_ref().map(TabletAlias::from);
        match alias.and_then(|alias| self.local.get(&alias)) {
            Some(service) => Ok(service.clone()),
            None => self.dialer.query_service(tablet),
        }
    }

    async fn forget(&self, tablet: &topodata::Tablet) {
        self.dialer.forget(tablet);
    }
}
