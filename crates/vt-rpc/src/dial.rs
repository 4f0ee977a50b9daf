//! From a tablet's record to its services.
//!
//! Connections are shared: one channel an address, opened when first used and opened again by
//! itself after a failure.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tonic::transport::{Channel, Endpoint};
use vt_base::{Code, Error, Result, TabletAlias};
use vt_proto::topodata;
use vt_tablet_api::QueryService;

use crate::MESSAGE_BYTES_MAX;
use crate::framed::{FramedConfig, FramedQueryService};
use crate::query_client::GrpcQueryService;
use crate::tabletmanagerservice::tablet_manager_client::TabletManagerClient;

/// The name of our own transport's port in a tablet's record.
pub const FRAMED_PORT: &str = "vitrum";

/// How connections are made.
#[derive(Clone, Debug)]
pub struct DialConfig {
    /// `--grpc-max-message-size`.
    pub message_bytes_max: usize,
    pub connect_timeout: Duration,
    /// How many lanes call tablets; each has connections of its own.
    pub lanes: usize,
    /// How long a connection is silent before it is asked whether it lives.
    pub keepalive_time: Duration,
    /// How long it has to answer.
    pub keepalive_timeout: Duration,
}

impl Default for DialConfig {
    fn default() -> DialConfig {
        DialConfig {
            message_bytes_max: MESSAGE_BYTES_MAX,
            connect_timeout: Duration::from_secs(3),
            lanes: 0,
            keepalive_time: Duration::from_secs(10),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}

/// Opens services of tablets, sharing connections. Cloning gives another handle to the same.
#[derive(Clone, Default)]
pub struct TabletDialer {
    config: Arc<DialConfig>,
    channels: Arc<Mutex<HashMap<String, Channel>>>,
    owner: Owner,
}

/// A name that no other dialer has.
#[derive(Clone, Copy)]
struct Owner(u64);

impl Default for Owner {
    fn default() -> Owner {
        Owner(RandomState::new().build_hasher().finish())
    }
}

impl TabletDialer {
    /// Makes a dialer without connections.
    pub fn new(config: DialConfig) -> TabletDialer {
        TabletDialer { config: Arc::new(config), ..TabletDialer::default() }
    }

    /// Returns the query service of a tablet; connects when it is first called.
    ///
    /// A tablet that tells of our own transport is called by that, any other over gRPC.
    pub fn query_service(&self, tablet: &topodata::Tablet) -> Result<Arc<dyn QueryService>> {
        if let Some(address) = port_address(tablet, FRAMED_PORT) {
            let config = FramedConfig {
                // With lanes, one each: what is sent together is batched better.
                connections: if self.config.lanes == 0 { 2 } else { 1 },
                lanes: self.config.lanes,
                connect_timeout: self.config.connect_timeout,
                owner: Some(self.owner.0),
                ..FramedConfig::default()
            };
            return Ok(Arc::new(FramedQueryService::new(address, config)));
        }
        let channel = self.channel(&grpc_address(tablet)?)?;
        Ok(Arc::new(GrpcQueryService::new(channel, self.config.message_bytes_max)))
    }

    /// Returns a client of a tablet's manager; connects when it is first called.
    pub fn tablet_manager(
        &self,
        tablet: &topodata::Tablet,
    ) -> Result<TabletManagerClient<Channel>> {
        let channel = self.channel(&grpc_address(tablet)?)?;
        Ok(TabletManagerClient::new(channel)
            .max_decoding_message_size(self.config.message_bytes_max)
            .max_encoding_message_size(self.config.message_bytes_max))
    }

    /// Returns the channel to an address, `host:port`; for the services of other programs.
    pub fn channel(&self, address: &str) -> Result<Channel> {
        let mut channels = self.channels.lock();
        if let Some(channel) = channels.get(address) {
            return Ok(channel.clone());
        }
        let channel = self.endpoint(address)?.connect_lazy();
        channels.insert(address.to_owned(), channel.clone());
        Ok(channel)
    }

    /// Lets go of the connections to a tablet; services made of them keep them while they live.
    pub fn forget(&self, tablet: &topodata::Tablet) {
        if let Ok(address) = grpc_address(tablet) {
            self.channels.lock().remove(&address);
        }
    }

    fn endpoint(&self, address: &str) -> Result<Endpoint> {
        let wrong = |err: tonic::transport::Error| {
            Error::new(Code::InvalidArgument, format!("bad gRPC address {address:?}: {err}"))
        };
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(wrong)?;
        Ok(endpoint
            .connect_timeout(self.config.connect_timeout)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(self.config.keepalive_time)
            .keep_alive_timeout(self.config.keepalive_timeout)
            // Large results must not wait for window updates.
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20))
    }
}

/// Returns where a tablet serves gRPC.
pub fn grpc_address(tablet: &topodata::Tablet) -> Result<String> {
    port_address(tablet, "grpc").ok_or_else(|| {
        let alias = tablet.alias.as_ref().map(TabletAlias::from);
        let alias = alias.map(|alias| alias.to_string()).unwrap_or_default();
        Error::new(Code::FailedPrecondition, format!("tablet {alias} has no host or gRPC port"))
    })
}

/// Returns host and port of one of a tablet's services, if its record tells them.
pub fn port_address(tablet: &topodata::Tablet, service: &str) -> Option<String> {
    let port = tablet.port_map.get(service).and_then(|port| u16::try_from(*port).ok())?;
    if tablet.hostname.is_empty() || port == 0 {
        return None;
    }
    // An IPv6 address stands in brackets.
    Some(if tablet.hostname.contains(':') && !tablet.hostname.starts_with('[') {
        format!("[{}]:{port}", tablet.hostname)
    } else {
        format!("{}:{port}", tablet.hostname)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_needs_host_and_port() {
        let mut tablet = topodata::Tablet {
            hostname: "::1".into(),
            port_map: [("grpc".to_owned(), 16100)].into(),
            ..topodata::Tablet::default()
        };
        assert_eq!(grpc_address(&tablet).unwrap(), "[::1]:16100");
        tablet.hostname.clear();
        assert_eq!(grpc_address(&tablet).unwrap_err().code(), Code::FailedPrecondition);
        tablet.hostname = "h".into();
        tablet.port_map.clear();
        assert!(grpc_address(&tablet).is_err());
    }
}
