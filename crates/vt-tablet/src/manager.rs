//! The manager: what the cluster's control asks of a tablet, verb by verb.

use std::sync::Arc;

use vt_rpc::tabletmanagerservice::tablet_manager_server::{TabletManager, TabletManagerServer};

use crate::core::Core;

/// The manager of a tablet, over gRPC.
pub struct Manager {
    core: Arc<Core>,
}

/// Makes the gRPC service of a tablet's manager.
pub fn server(core: Arc<Core>, message_bytes_max: usize) -> TabletManagerServer<Manager> {
    TabletManagerServer::new(Manager { core })
        .max_decoding_message_size(message_bytes_max)
        .max_encoding_message_size(message_bytes_max)
}

#[tonic::async_trait]
impl TabletManager for Manager {}
