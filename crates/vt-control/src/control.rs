//! What the commands work with: the topology, a way to the tablets, and limits.

use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, KeyspaceShard, Result, TabletAlias};
use vt_proto::{topodata, vttime};
use vt_topo::{TabletRecord, TopoServer};

use vt_rpc::dial::TabletDialer;

use crate::tablets::Tablet;

/// What is chosen once for a process.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long one call of a tablet may take (`--remote-operation-timeout`).
    pub tablet_timeout: Duration,
    /// How long a schema change or a hook on a tablet may take (`--action-timeout`).
    pub action_timeout: Duration,
    /// How many tablets are called at once by one command.
    pub concurrency: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            tablet_timeout: Duration::from_secs(15),
            action_timeout: Duration::from_secs(3600),
            concurrency: 32,
        }
    }
}

/// The commands of the cluster. Cheap to clone; every command may run beside others.
#[derive(Clone)]
pub struct Control {
    pub(crate) topo: Arc<TopoServer>,
    pub(crate) dialer: TabletDialer,
    pub(crate) options: Options,
}

impl Control {
    pub fn new(topo: Arc<TopoServer>, dialer: TabletDialer, options: Options) -> Control {
        Control { topo, dialer, options }
    }

    /// Returns the topology that the commands work on.
    pub fn topo(&self) -> &Arc<TopoServer> {
        &self.topo
    }

    /// Opens a way to a tablet's manager by its alias.
    pub(crate) async fn tablet(&self, alias: &TabletAlias) -> Result<Tablet> {
        let record = self.topo.get_tablet(alias).await.map_err(|err| {
            let missing = err.is_no_node();
            let err = Error::from(err);
            if missing { err.context(format!("there is no tablet {alias}")) } else { err }
        })?;
        self.connect(record)
    }

    /// Opens a way to the manager of a tablet whose record is at hand.
    pub(crate) fn connect(&self, record: TabletRecord) -> Result<Tablet> {
        let client = self.dialer.tablet_manager(&record.message)?;
        Ok(Tablet::new(record, client, self.options.tablet_timeout))
    }

    /// Returns the tablets of a shard; an error if a cell cannot be read.
    pub(crate) async fn shard_tablets(&self, shard: &KeyspaceShard) -> Result<Vec<TabletRecord>> {
        Ok(self.topo.get_tablets_by_shard(&shard.keyspace, &shard.shard).await?)
    }

    /// Opens a way to a shard's primary.
    pub(crate) async fn primary(&self, keyspace: &str, shard: &str) -> Result<Tablet> {
        let record = self.topo.get_shard(keyspace, shard).await?;
        let Some(alias) = record.primary_alias() else {
            return Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "shard {keyspace}/{shard} has no primary; run PlannedReparentShard {keyspace}/{shard}"
                ),
            ));
        };
        self.tablet(&alias).await
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
