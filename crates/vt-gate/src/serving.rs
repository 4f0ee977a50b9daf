//! The serving graph: which shards of a keyspace serve which tablet type.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use vt_base::{Code, Error, ErrorId, KeyRange, Result, TabletType, Target};
use vt_proto::topodata::SrvKeyspace;
use vt_service::Tasks;
use vt_topo::ResilientServer;
use vt_vschema::{ServingShard, ShardMap};

/// How often names of new keyspaces are looked for.
const NAMES_PERIOD: Duration = Duration::from_secs(1);

/// The shards of one keyspace by tablet type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServingKeyspace {
    primary: Arc<ShardMap>,
    replica: Arc<ShardMap>,
    rdonly: Arc<ShardMap>,
}

impl ServingKeyspace {
    /// Reads the record of a keyspace.
    pub fn from_record(keyspace: &str, record: &SrvKeyspace) -> ServingKeyspace {
        let map = |wanted: TabletType| {
            let partition = record.partitions.iter().find(|one| one.served_type == wanted as i32);
            let references = partition.map(|one| one.shard_references.as_slice());
            let shards = references.unwrap_or_default().iter().map(|one| ServingShard {
                name: one.name.as_str().into(),
                range: one.key_range.as_ref().map(KeyRange::from).unwrap_or_default(),
            });
            Arc::new(ShardMap::new(keyspace, shards.collect()))
        };
        ServingKeyspace {
            primary: map(TabletType::Primary),
            replica: map(TabletType::Replica),
            rdonly: map(TabletType::Rdonly),
        }
    }

    /// Makes a keyspace in which the same shards serve every type.
    pub fn same_for_all(shards: Arc<ShardMap>) -> ServingKeyspace {
        ServingKeyspace { primary: shards.clone(), replica: shards.clone(), rdonly: shards }
    }

    /// Returns the shards that serve a type.
    pub fn of_type(&self, tablet_type: TabletType) -> &Arc<ShardMap> {
        match tablet_type {
            TabletType::Replica => &self.replica,
            TabletType::Rdonly => &self.rdonly,
            _ => &self.primary,
        }
    }
}

/// All keyspaces, as last known.
#[derive(Debug, Default)]
pub struct Serving {
    keyspaces: ArcSwap<HashMap<Arc<str>, ServingKeyspace>>,
    /// Told at every change.
    changed: watch::Sender<()>,
}

impl Serving {
    /// Returns the shards of a keyspace that serve a type.
    ///
    /// # Errors
    /// `VT05003` for a keyspace that the graph does not have, `Unavailable` where no shard serves.
    pub fn shards(&self, keyspace: &str, tablet_type: TabletType) -> Result<Arc<ShardMap>> {
        let keyspaces = self.keyspaces.load();
        let found = keyspaces.get(keyspace).ok_or_else(|| Error::vt(ErrorId::VT05003, keyspace))?;
        let shards = found.of_type(tablet_type);
        if shards.shards().is_empty() {
            let message = format!("no shard of keyspace {keyspace} serves {tablet_type}");
            return Err(Error::new(Code::Unavailable, message));
        }
        Ok(shards.clone())
    }

    /// Returns the names of all keyspaces, in order.
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.keyspaces.load().keys().cloned().collect();
        names.sort();
        names
    }

    /// Returns whether a keyspace is in the graph.
    pub fn has(&self, keyspace: &str) -> bool {
        self.keyspaces.load().contains_key(keyspace)
    }

    /// Sets all keyspaces.
    pub fn set(&self, keyspaces: HashMap<Arc<str>, ServingKeyspace>) {
        self.keyspaces.store(Arc::new(keyspaces));
        self.changed.send_replace(());
    }

    /// Tells of every change from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Waits until other shards have taken the place of a target's shard.
    pub async fn left(&self, target: &Target) {
        let mut changes = self.changes();
        while !self.has_left(target) {
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    fn has_left(&self, target: &Target) -> bool {
        let keyspaces = self.keyspaces.load();
        let Some(keyspace) = keyspaces.get(&target.keyspace) else { return false };
        let shards = keyspace.of_type(target.tablet_type).shards();
        !shards.is_empty() && !shards.iter().any(|shard| shard.name == target.shard)
    }

    fn put(&self, name: &Arc<str>, keyspace: Option<ServingKeyspace>) {
        self.keyspaces.rcu(|all| {
            let mut next = HashMap::clone(all);
            match &keyspace {
                Some(keyspace) => drop(next.insert(name.clone(), keyspace.clone())),
                None => drop(next.remove(name)),
            }
            next
        });
        self.changed.send_replace(());
    }
}

/// Follows the serving graph of a cell.
pub struct Follower {
    pub topo: Arc<ResilientServer>,
    pub cell: String,
    pub serving: Arc<Serving>,
    pub tasks: Tasks,
}

impl Follower {
    /// Follows for as long as the future is polled: one task a keyspace, and a look at the names.
    ///
    /// A keyspace whose record cannot be read keeps the shards that it had.
    pub async fn run(self) {
        let mut running: BTreeMap<String, Tasks> = BTreeMap::new();
        loop {
            match self.topo.get_srv_keyspace_names(&self.cell).await {
                Ok(names) => {
                    let gone: Vec<String> =
                        running.keys().filter(|one| !names.contains(one)).cloned().collect();
                    for name in gone {
                        if let Some(tasks) = running.remove(&name) {
                            tasks.shutdown(Duration::from_secs(5)).await;
                        }
                        self.serving.put(&name.as_str().into(), None);
                    }
                    for name in names {
                        if !running.contains_key(&name)
                            && let Some(tasks) = self.follow(&name)
                        {
                            running.insert(name, tasks);
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "cannot read the names of keyspaces"),
            }
            tokio::time::sleep(NAMES_PERIOD).await;
        }
    }

    fn follow(&self, name: &str) -> Option<Tasks> {
        let records = match self.topo.watch_srv_keyspace(&self.cell, name) {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(keyspace = name, %error, "cannot follow keyspace");
                return None;
            }
        };
        let tasks = self.tasks.child();
        let serving = self.serving.clone();
        tasks.spawn_until_cancelled("serving-keyspace", take(name.into(), records, serving));
        Some(tasks)
    }
}

async fn take(
    name: Arc<str>,
    mut records: watch::Receiver<Option<Arc<SrvKeyspace>>>,
    serving: Arc<Serving>,
) {
    loop {
        let record = records.borrow_and_update().clone();
        if let Some(record) = record {
            serving.put(&name, Some(ServingKeyspace::from_record(&name, &record)));
        }
        if records.changed().await.is_err() {
            return;
        }
    }
}
