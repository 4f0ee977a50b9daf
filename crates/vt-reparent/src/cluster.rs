//! The way to a cluster: its topology, its tablets' managers, and limits.

use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, KeyspaceShard, Result, TabletAlias};
use vt_recovery::Durability;
use vt_rpc::dial::TabletDialer;
use vt_topo::{TabletRecord, TopoServer};

use crate::Tablet;

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

/// A cluster as a control program sees it. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    pub topo: Arc<TopoServer>,
    pub dialer: TabletDialer,
    pub options: Options,
}

impl Cluster {
    /// Opens a way to a tablet's manager by its alias.
    pub async fn tablet(&self, alias: &TabletAlias) -> Result<Tablet> {
        let record = self.topo.get_tablet(alias).await.map_err(|err| {
            let missing = err.is_no_node();
            let err = Error::from(err);
            if missing { err.context(format!("there is no tablet {alias}")) } else { err }
        })?;
        self.connect(record)
    }

    /// Opens a way to the manager of a tablet whose record is at hand.
    pub fn connect(&self, record: TabletRecord) -> Result<Tablet> {
        let client = self.dialer.tablet_manager(&record.message)?;
        Ok(Tablet::new(record, client, self.options.tablet_timeout))
    }

    /// Returns the tablets of a shard; an error if a cell cannot be read.
    pub async fn shard_tablets(&self, shard: &KeyspaceShard) -> Result<Vec<TabletRecord>> {
        Ok(self.topo.get_tablets_by_shard(&shard.keyspace, &shard.shard).await?)
    }

    /// Opens a way to a shard's primary.
    pub async fn primary(&self, keyspace: &str, shard: &str) -> Result<Tablet> {
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

    /// Returns a keyspace's durability policy.
    pub async fn durability(&self, keyspace: &str) -> Result<Durability> {
        self.topo.get_keyspace(keyspace).await?.durability_policy().parse()
    }
}
