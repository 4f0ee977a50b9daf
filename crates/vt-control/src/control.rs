//! What the commands work with: the topology, a way to the tablets, and limits.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, KeyspaceShard, Result, TabletAlias};
use vt_proto::{topodata, vttime};
use vt_reparent::{Cluster, Options};
use vt_rpc::dial::TabletDialer;
use vt_topo::TopoServer;

/// The commands of the cluster. Cheap to clone; every command may run beside others.
///
/// It is the [`Cluster`] with commands: what the cluster can do, they use as their own.
#[derive(Clone)]
pub struct Control {
    pub(crate) cluster: Cluster,
}

impl Control {
    pub fn new(topo: Arc<TopoServer>, dialer: TabletDialer, options: Options) -> Control {
        Control { cluster: Cluster { topo, dialer, options } }
    }
}

impl Deref for Control {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

/// Returns an alias that a request must have.
pub(crate) fn required_alias(alias: Option<&topodata::TabletAlias>) -> Result<TabletAlias> {
    match alias {
        Some(alias) if !alias.cell.is_empty() => Ok(alias.into()),
        _ => Err(invalid("the request names no tablet")),
    }
}

/// Returns an alias that a request may have.
pub(crate) fn optional_alias(alias: Option<&topodata::TabletAlias>) -> Option<TabletAlias> {
    alias.filter(|alias| !alias.cell.is_empty()).map(TabletAlias::from)
}

/// Names a shard that a request must name.
pub(crate) fn shard_of(keyspace: &str, shard: &str) -> Result<KeyspaceShard> {
    format!("{keyspace}/{shard}").parse()
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}

pub(crate) fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::FailedPrecondition, message)
}

/// Returns a duration of a request, `default` where it is unset or zero.
pub(crate) fn duration_or(duration: Option<&vttime::Duration>, default: Duration) -> Duration {
    let Some(duration) = duration else { return default };
    let seconds = u64::try_from(duration.seconds).unwrap_or(0);
    let nanos = u32::try_from(duration.nanos).unwrap_or(0).min(999_999_999);
    match Duration::new(seconds, nanos) {
        Duration::ZERO => default,
        wanted => wanted,
    }
}
