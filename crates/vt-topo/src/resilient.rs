//! The gateway's reader: follows serving records, and keeps the last state when the store is away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prost::Message;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use vt_proto::topodata::SrvKeyspace;
use vt_proto::vschema::SrvVSchema;

use crate::paths::{self, check_name};
use crate::server::decode;
use crate::store::WatchEvent;
use crate::{Result, TopoError, TopoServer, Value};

/// How the reader caches.
#[derive(Clone, Copy, Debug)]
pub struct CacheOptions {
    /// How old a list of names may be (`--srv-topo-cache-ttl`).
    pub ttl: Duration,
    /// How long to wait before asking a store again that did not answer
    /// (`--srv-topo-cache-refresh`).
    pub refresh: Duration,
    /// How long a first reading may take (`--srv-topo-timeout`).
    pub timeout: Duration,
}

impl Default for CacheOptions {
    fn default() -> CacheOptions {
        CacheOptions {
            ttl: Duration::from_secs(1),
            refresh: Duration::from_secs(1),
            timeout: Duration::from_secs(5),
        }
    }
}

/// What the reader knows of one record, for status pages.
#[derive(Clone, Debug)]
pub struct CacheState {
    /// `SrvKeyspace zone1/commerce`.
    pub record: String,
    pub has_value: bool,
    /// Why the value may be old; `None` while the store is followed.
    pub error: Option<TopoError>,
}

/// Reads serving records from memory; each is followed by a task from its first reading on.
///
/// Once read, a record stays readable whatever happens to the store, and changes again by itself
/// when the store is back. Dropping the reader ends its tasks.
pub struct ResilientServer {
    topo: Arc<TopoServer>,
    options: CacheOptions,
    /// By cell and keyspace.
    keyspaces: Mutex<BTreeMap<(String, String), KeyspaceFollower>>,
    vschemas: Mutex<BTreeMap<String, Arc<Follower<SrvVSchema>>>>,
    names: tokio::sync::Mutex<BTreeMap<String, Names>>,
}

type KeyspaceFollower = Arc<Follower<SrvKeyspace>>;

struct Names {
    names: Vec<String>,
    read: Instant,
    error: Option<TopoError>,
}

impl ResilientServer {
    pub fn new(topo: Arc<TopoServer>, options: CacheOptions) -> ResilientServer {
        ResilientServer {
            topo,
            options,
            keyspaces: Mutex::default(),
            vschemas: Mutex::default(),
            names: tokio::sync::Mutex::default(),
        }
    }

    pub fn topo(&self) -> &Arc<TopoServer> {
        &self.topo
    }

    /// Returns what serves in a cell's keyspace; from memory but for the first time.
    pub async fn get_srv_keyspace(&self, cell: &str, keyspace: &str) -> Result<Arc<SrvKeyspace>> {
        let follower = self.keyspace_follower(cell, keyspace)?;
        let read = follower.get(self.options.timeout).await;
        if read.as_ref().is_err_and(TopoError::is_no_node) {
            // Names that clients make up are not followed, or their number would have no bound.
            self.forget_keyspace(cell, keyspace, &follower);
        }
        read
    }

    /// Returns what serves in a cell's keyspace as it changes; `None` while that is not known.
    pub fn watch_srv_keyspace(
        &self,
        cell: &str,
        keyspace: &str,
    ) -> Result<watch::Receiver<Option<Arc<SrvKeyspace>>>> {
        Ok(self.keyspace_follower(cell, keyspace)?.values.subscribe())
    }

    /// Returns a cell's serving VSchema as it changes; `None` while that is not known.
    pub fn watch_srv_vschema(&self, cell: &str) -> watch::Receiver<Option<Arc<SrvVSchema>>> {
        self.vschema_follower(cell).values.subscribe()
    }

    /// Returns a cell's serving VSchema; from memory but for the first time.
    pub async fn get_srv_vschema(&self, cell: &str) -> Result<Arc<SrvVSchema>> {
        self.vschema_follower(cell).get(self.options.timeout).await
    }

    /// Returns the names of the keyspaces that a cell serves, as they were a moment ago, or longer
    /// while the store is away.
    pub async fn get_srv_keyspace_names(&self, cell: &str) -> Result<Vec<String>> {
        let mut cache = self.names.lock().await;
        if let Some(known) = cache.get(cell)
            && known.read.elapsed() < self.options.ttl
        {
            return Ok(known.names.clone());
        }
        let reading = self.topo.get_srv_keyspace_names(cell);
        let read = match tokio::time::timeout(self.options.timeout, reading).await {
            Ok(read) => read,
            Err(_) => Err(TopoError::Timeout(paths::KEYSPACES.to_owned())),
        };
        match (read, cache.get_mut(cell)) {
            (Ok(names), _) => {
                let known = Names { names: names.clone(), read: Instant::now(), error: None };
                cache.insert(cell.to_owned(), known);
                Ok(names)
            }
            (Err(err), Some(known)) => {
                tracing::warn!(cell, error = %err, "keyspace names kept while topology is away");
                known.read = Instant::now();
                known.error = Some(err);
                Ok(known.names.clone())
            }
            (Err(err), None) => Err(err),
        }
    }

    /// Returns the state of every record that is followed.
    pub fn states(&self) -> Vec<CacheState> {
        let keyspaces = self.keyspaces.lock();
        let vschemas = self.vschemas.lock();
        let of_keyspaces = keyspaces
            .iter()
            .map(|((cell, name), one)| one.state(format!("SrvKeyspace {cell}/{name}")));
        let of_vschemas =
            vschemas.iter().map(|(cell, one)| one.state(format!("SrvVSchema {cell}")));
        of_keyspaces.chain(of_vschemas).collect()
    }

    /// Returns whether every record that is followed is up to date.
    pub fn is_current(&self) -> bool {
        self.states().iter().all(|state| state.error.is_none())
    }

    fn keyspace_follower(&self, cell: &str, keyspace: &str) -> Result<KeyspaceFollower> {
        check_name("keyspace", keyspace)?;
        let mut all = self.keyspaces.lock();
        let follower = all.entry((cell.to_owned(), keyspace.to_owned())).or_insert_with(|| {
            let path = paths::srv_keyspace(keyspace);
            Arc::new(Follower::start(self.topo.clone(), cell, path, self.options.refresh))
        });
        Ok(follower.clone())
    }

    fn forget_keyspace(&self, cell: &str, keyspace: &str, seen: &KeyspaceFollower) {
        let key = (cell.to_owned(), keyspace.to_owned());
        let mut all = self.keyspaces.lock();
        // One that somebody watches is kept: the keyspace may yet come.
        if let Some(found) = all.get(&key)
            && Arc::ptr_eq(found, seen)
            && found.values.receiver_count() == 0
        {
            all.remove(&key);
        }
    }

    fn vschema_follower(&self, cell: &str) -> Arc<Follower<SrvVSchema>> {
        let mut all = self.vschemas.lock();
        let follower = all.entry(cell.to_owned()).or_insert_with(|| {
            let path = paths::SRV_VSCHEMA.to_owned();
            Arc::new(Follower::start(self.topo.clone(), cell, path, self.options.refresh))
        });
        follower.clone()
    }
}

/// What is known of a followed record besides its value.
#[derive(Clone, Debug)]
enum Known {
    /// No answer yet.
    Nothing,
    /// The value, or its absence, is as the store has it.
    Current,
    /// The store is away, or the stored record cannot be read.
    Failed(TopoError),
}

/// A record in memory, and the task that keeps it so.
struct Follower<M> {
    path: String,
    values: watch::Sender<Option<Arc<M>>>,
    known: watch::Sender<Known>,
    task: AbortHandle,
}

impl<M> Drop for Follower<M> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<M: Message + Default + PartialEq + 'static> Follower<M> {
    fn start(topo: Arc<TopoServer>, cell: &str, path: String, refresh: Duration) -> Follower<M> {
        let values = watch::Sender::new(None);
        let known = watch::Sender::new(Known::Nothing);
        let following = Following {
            topo,
            cell: cell.to_owned(),
            path: path.clone(),
            refresh,
            values: values.clone(),
            known: known.clone(),
        };
        let task = tokio::spawn(following.run()).abort_handle();
        Follower { path, values, known, task }
    }

    async fn get(&self, timeout: Duration) -> Result<Arc<M>> {
        if let Some(value) = self.values.borrow().as_ref() {
            return Ok(value.clone());
        }
        let mut known = self.known.subscribe();
        let answered = known.wait_for(|known| !matches!(known, Known::Nothing));
        let answer = match tokio::time::timeout(timeout, answered).await {
            Ok(Ok(known)) => known.clone(),
            Ok(Err(_)) => return Err(TopoError::Interrupted(self.path.clone())),
            Err(_) => return Err(TopoError::Timeout(self.path.clone())),
        };
        if let Some(value) = self.values.borrow().as_ref() {
            return Ok(value.clone());
        }
        match answer {
            Known::Failed(err) => Err(err),
            Known::Current | Known::Nothing => Err(TopoError::NoNode(self.path.clone())),
        }
    }

    fn state(&self, record: String) -> CacheState {
        let error = match &*self.known.borrow() {
            Known::Failed(err) => Some(err.clone()),
            Known::Nothing => Some(TopoError::Unavailable("no answer yet".to_owned())),
            Known::Current => None,
        };
        CacheState { record, has_value: self.values.borrow().is_some(), error }
    }
}

/// The task behind a follower.
struct Following<M> {
    topo: Arc<TopoServer>,
    cell: String,
    path: String,
    refresh: Duration,
    values: watch::Sender<Option<Arc<M>>>,
    known: watch::Sender<Known>,
}

impl<M: Message + Default + PartialEq + 'static> Following<M> {
    async fn run(self) {
        loop {
            let Err(err) = self.follow().await;
            self.fail(err);
            tokio::time::sleep(self.refresh).await;
        }
    }

    /// Follows the record until its watch ends or cannot begin.
    async fn follow(&self) -> Result<std::convert::Infallible> {
        let store = self.topo.cell(&self.cell).await?;
        let (value, mut watch) = store.watch(&self.path).await?;
        self.take(value);
        loop {
            match watch.next().await? {
                WatchEvent::Changed { value, .. } => self.take(value),
                WatchEvent::Lost(err) => self.fail(err),
                WatchEvent::Restored => drop(self.known.send_replace(Known::Current)),
            }
        }
    }

    fn take(&self, value: Option<Value>) {
        let decoded = match value {
            None => Ok(None),
            Some(value) => decode::<M>(&self.path, &value.contents).map(|m| Some(Arc::new(m))),
        };
        match decoded {
            Ok(new) => {
                self.values.send_if_modified(|old| {
                    let differs = *old != new;
                    *old = new;
                    differs
                });
                self.known.send_replace(Known::Current);
            }
            Err(err) => self.fail(err),
        }
    }

    fn fail(&self, err: TopoError) {
        tracing::warn!(
            cell = self.cell, path = self.path, error = %err, "record cannot be followed for now"
        );
        self.known.send_replace(Known::Failed(err));
    }
}

#[cfg(test)]
mod tests;
