//! The seams of discovery: where tablets are recorded, and how one is reached.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use vt_base::Result;
use vt_proto::topodata;
use vt_tablet_api::QueryService;

/// Where tablets are recorded.
#[async_trait]
pub trait TabletSource: Send + Sync + 'static {
    /// Returns the records of a cell's tablets.
    async fn tablets(&self, cell: &str) -> Result<Vec<topodata::Tablet>>;

    /// Returns the cells of each alias.
    async fn cell_aliases(&self) -> Result<BTreeMap<String, Vec<String>>>;

    /// Waits until a tablet of the cell is recorded, changed or deleted, as far as that can be told.
    ///
    /// Returns at once after a change that came since the call before.
    async fn changed(&self, cell: &str);
}

/// Reaches a tablet.
#[async_trait]
pub trait Dialer: Send + Sync + 'static {
    /// Returns the tablet's query service; need not fail while the tablet does not answer.
    async fn dial(&self, tablet: &topodata::Tablet) -> Result<Arc<dyn QueryService>>;

    /// Forgets the connections to a tablet that is gone.
    async fn forget(&self, _tablet: &topodata::Tablet) {}
}
