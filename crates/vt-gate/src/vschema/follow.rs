//! The task that takes the vschema of a cell from the topology.

use std::sync::Arc;

use vt_topo::ResilientServer;

use super::VSchemas;

/// Follows for as long as the future is polled; the last vschema stays while the topology is away.
pub async fn run(topo: Arc<ResilientServer>, cell: String, vschemas: Arc<VSchemas>) {
    let mut records = topo.watch_srv_vschema(&cell);
    loop {
        let record = records.borrow_and_update().clone();
        if let Some(record) = record {
            vschemas.set_record(record);
        }
        if records.changed().await.is_err() {
            return;
        }
    }
}
