//! What all sessions share.

use std::sync::Arc;

use vt_base::{Error, ErrorId, Result};
use vt_topo::{ResilientServer, TopoServer};

use crate::config::Config;
use crate::connections::Connections;
use crate::defaults::Defaults;
use crate::metrics::Metrics;
use crate::peers::Peers;
use crate::query::plan_cache::PlanCache;
use crate::querylog::QueryLog;
use crate::tablets::Tablets;
use crate::target::SessionTarget;
use crate::vschema::VSchemas;

/// The gateway's state; every part is made for many tasks at once.
pub struct Gate {
    pub config: Config,
    pub tablets: Arc<Tablets>,
    pub topo: Arc<ResilientServer>,
    pub vschemas: Arc<VSchemas>,
    pub defaults: Arc<Defaults>,
    pub plans: PlanCache,
    pub metrics: Metrics,
    pub querylog: QueryLog,
    pub connections: Connections,
    pub peers: Arc<Peers>,
    pub started: tokio::time::Instant,
    /// Counts reads that may be mirrored.
    pub(crate) mirrorable: std::sync::atomic::AtomicU64,
    /// Spreads what any shard can answer.
    pub(crate) turns: std::sync::atomic::AtomicUsize,
}

impl Gate {
    /// Returns the topology, for what the gateway changes in it.
    pub fn topo_server(&self) -> &Arc<TopoServer> {
        self.topo.topo()
    }

    /// Returns a number that spreads what any shard can answer.
    pub fn next_shard(&self) -> usize {
        self.turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    /// Returns whether a keyspace is known, to the serving graph or to the vschema.
    pub fn has_keyspace(&self, name: &str) -> bool {
        self.tablets.serving.has(name)
            || self.vschemas.current().vschema.keyspaces.contains_key(name)
    }

    /// Returns the name of a keyspace's database on its tablets.
    pub fn database_of(&self, keyspace: &str) -> String {
        self.tablets.database_of(keyspace)
    }

    /// Reads a target and checks that its keyspace is known and its tablet type allowed.
    pub fn target(&self, text: &str) -> Result<SessionTarget> {
        let target = SessionTarget::parse(text, self.config.session.tablet_type)?;
        if let Some(keyspace) = target.keyspace()
            && !self.has_keyspace(keyspace)
        {
            return Err(Error::vt(ErrorId::VT05003, keyspace));
        }
        let allowed = &self.config.allowed_tablet_types;
        if !allowed.is_empty() && !allowed.contains(&target.tablet_type) {
            let message = format!("tablet type {} is not allowed", target.tablet_type);
            return Err(Error::new(vt_base::Code::PermissionDenied, message));
        }
        Ok(target)
    }

    /// Returns the names of all keyspaces, in order.
    pub fn keyspaces(&self) -> Vec<Arc<str>> {
        let mut names = self.tablets.serving.names();
        let vschema = &self.vschemas.current().vschema;
        names.extend(vschema.keyspaces.keys().cloned());
        names.sort();
        names.dedup();
        names
    }
}
