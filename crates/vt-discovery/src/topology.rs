//! The topology as a source of tablets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;
use vt_base::Result;
use vt_proto::topodata;
use vt_topo::{TopoServer, Watch, WatchEvent, paths};

use crate::source::TabletSource;

/// Reads tablets from the topology, and watches their folder in each cell.
pub struct TopologySource {
    topo: Arc<TopoServer>,
    watches: Mutex<HashMap<String, CellWatch>>,
}

/// The watch of one cell; `None` where it has not begun or has broken.
type CellWatch = Arc<Mutex<Option<Box<dyn Watch>>>>;

impl TopologySource {
    pub fn new(topo: Arc<TopoServer>) -> TopologySource {
        TopologySource { topo, watches: Mutex::default() }
    }

    async fn begin(&self, cell: &str) -> vt_topo::Result<Box<dyn Watch>> {
        let store = self.topo.cell(cell).await?;
        let (_, watch) = store.watch_recursive(&format!("{}/", paths::TABLETS)).await?;
        Ok(watch)
    }
}

#[async_trait]
impl TabletSource for TopologySource {
    async fn tablets(&self, cell: &str) -> Result<Vec<topodata::Tablet>> {
        let records = self.topo.get_tablets_by_cell(cell).await?;
        Ok(records.into_iter().map(|one| one.message).collect())
    }

    async fn cell_aliases(&self) -> Result<BTreeMap<String, Vec<String>>> {
        let aliases = self.topo.get_cells_aliases().await?;
        Ok(aliases.into_iter().map(|(name, alias)| (name, alias.cells)).collect())
    }

    async fn changed(&self, cell: &str) {
        let slot = self.watches.lock().await.entry(cell.to_owned()).or_default().clone();
        let mut slot = slot.lock().await;
        let Some(watch) = slot.as_mut() else {
            match self.begin(cell).await {
                // What came before the watch may have been missed.
                Ok(watch) => *slot = Some(watch),
                Err(error) => {
                    tracing::debug!(cell, %error, "cannot watch tablets; they are read by period");
                    std::future::pending::<()>().await;
                }
            }
            return;
        };
        loop {
            match watch.next().await {
                Ok(WatchEvent::Lost(_)) => {}
                Ok(WatchEvent::Changed { .. } | WatchEvent::Restored) => return,
                Err(_) => {
                    *slot = None;
                    return;
                }
            }
        }
    }
}
