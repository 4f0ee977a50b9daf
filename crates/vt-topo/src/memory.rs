//! A store in memory, with the semantics of the real ones; for tests and clusters in one process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::known::KnownPaths;
use crate::paths::LOCKS;
use crate::server::{TopoOptions, TopoServer};
use crate::store::{
    DirEntry, Expect, KeyValue, LockDir, LockRequest, LockWait, Store, StoreFactory, StoreLock,
    Value, Version, Watch, WatchEvent,
};
use crate::tree::{children, join, normalize_root};
use crate::{Result, TopoError};

/// How many superseded values `get_version` can still find.
const HISTORY_MAX: usize = 10_000;

/// A whole topology in memory: every cell's store is a folder of one tree.
#[derive(Clone, Default)]
pub struct MemoryTopo {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells watchers and waiters that `state` has changed.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    nodes: BTreeMap<String, Node>,
    revision: u64,
    history: VecDeque<(String, u64, Bytes)>,
    down: bool,
}

struct Node {
    contents: Bytes,
    version: u64,
    created: u64,
    /// For a lock: cancelled when the node goes.
    lost: Option<CancellationToken>,
}

impl MemoryTopo {
    pub fn new() -> MemoryTopo {
        MemoryTopo::default()
    }

    /// Returns a topology with these cells, as a new cluster's would be.
    pub async fn with_cells(cells: &[&str]) -> Result<(MemoryTopo, Arc<TopoServer>)> {
        let memory = MemoryTopo::new();
        let server = TopoServer::open(
            Arc::new(memory.clone()),
            "memory",
            "/vitess/global",
            TopoOptions::default(),
        )
        .await?;
        for cell in cells {
            let info = vt_proto::topodata::CellInfo {
                server_address: "memory".to_owned(),
                root: format!("/vitess/{cell}"),
            };
            server.create_cell_info(cell, &info).await?;
        }
        Ok((memory, Arc::new(server)))
    }

    /// Makes every call fail as if the store could not be reached, or ends that.
    pub fn set_down(&self, down: bool) {
        self.shared.state.lock().down = down;
        self.shared.notify();
    }

    /// Ends the leases of all locks, as a store does whose clients were silent for too long.
    pub fn expire_locks(&self) {
        let mut state = self.shared.state.lock();
        let held: Vec<String> = state
            .nodes
            .iter()
            .filter(|(_, node)| node.lost.is_some())
            .map(|(key, _)| key.clone())
            .collect();
        for key in held {
            state.remove(&key);
        }
        drop(state);
        self.shared.notify();
    }

    /// Opens the part of the tree below a root.
    pub fn store(&self, root: &str) -> Arc<dyn Store> {
        Arc::new(MemoryStore {
            shared: self.shared.clone(),
            root: normalize_root(root),
            closed: CancellationToken::new(),
        })
    }
}

#[async_trait]
impl StoreFactory for MemoryTopo {
    async fn open(&self, _cell: &str, _address: &str, root: &str) -> Result<Arc<dyn Store>> {
        Ok(self.store(root))
    }
}

impl Shared {
    fn notify(&self) {
        self.changed.send_modify(|count| *count += 1);
    }
}

impl State {
    fn put(&mut self, key: &str, contents: Bytes, lost: Option<CancellationToken>) -> Version {
        self.revision += 1;
        let revision = self.revision;
        let created = self.nodes.get(key).map_or(revision, |node| node.created);
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back((key.to_owned(), revision, contents.clone()));
        self.nodes.insert(key.to_owned(), Node { contents, version: revision, created, lost });
        Version(revision)
    }

    fn remove(&mut self, key: &str) -> bool {
        let Some(node) = self.nodes.remove(key) else { return false };
        self.revision += 1;
        if let Some(lost) = node.lost {
            lost.cancel();
        }
        true
    }

    /// Returns the nodes whose key begins with `prefix`, as a listing relative to `root` has them.
    fn below(&self, root: &str, prefix: &str) -> Vec<KeyValue> {
        self.nodes
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, node)| node.to_key_value(root, key))
            .collect()
    }

    /// Returns whether the lock at `key` is held, the lowest of its folder.
    fn is_first(&self, dir: &str, key: &str) -> bool {
        let below = self.below("", dir);
        below.iter().min_by_key(|one| one.created).is_some_and(|first| first.path == key)
    }
}

impl Node {
    fn to_value(&self) -> Value {
        Value { contents: self.contents.clone(), version: Version(self.version) }
    }

    fn to_key_value(&self, root: &str, key: &str) -> KeyValue {
        KeyValue {
            path: key[root.len()..].to_owned(),
            value: self.to_value(),
            created: Version(self.created),
        }
    }
}

struct MemoryStore {
    shared: Arc<Shared>,
    /// Ends with a slash, so that a key is root and path together.
    root: String,
    closed: CancellationToken,
}

impl MemoryStore {
    /// Runs one operation on the tree, or fails as a closed or unreachable store does.
    fn with<T>(&self, path: &str, run: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        if self.closed.is_cancelled() {
            return Err(TopoError::Interrupted(path.to_owned()));
        }
        let mut state = self.shared.state.lock();
        if state.down {
            return Err(TopoError::Unavailable("the memory store is set down".to_owned()));
        }
        let before = state.revision;
        let result = run(&mut state);
        let changed = state.revision != before;
        drop(state);
        if changed {
            self.shared.notify();
        }
        result
    }

    fn watch_scope(&self, scope: Scope, known: KnownPaths) -> Box<dyn Watch> {
        Box::new(MemoryWatch {
            shared: self.shared.clone(),
            root: self.root.clone(),
            scope,
            known,
            changed: self.shared.changed.subscribe(),
            pending: VecDeque::new(),
            down: false,
            closed: self.closed.clone(),
        })
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn list_dir(&self, dir: &str) -> Result<Vec<DirEntry>> {
        let prefix = join(&self.root, dir, true);
        let entries = self.with(dir, |state| {
            let keys = state.nodes.range(prefix.clone()..);
            let below = keys.take_while(|(key, _)| key.starts_with(&prefix));
            Ok(children(below.map(|(key, node)| (&key[prefix.len()..], node.lost.is_some()))))
        })?;
        if entries.is_empty() {
            return Err(TopoError::NoNode(dir.to_owned()));
        }
        Ok(entries)
    }

    async fn create(&self, path: &str, contents: Bytes) -> Result<Version> {
        let key = join(&self.root, path, false);
        self.with(path, |state| match state.nodes.contains_key(&key) {
            true => Err(TopoError::NodeExists(path.to_owned())),
            false => Ok(state.put(&key, contents, None)),
        })
    }

    async fn update(&self, path: &str, contents: Bytes, expect: Expect) -> Result<Version> {
        let key = join(&self.root, path, false);
        self.with(path, |state| {
            check_version(state, path, &key, expect)?;
            Ok(state.put(&key, contents, None))
        })
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let key = join(&self.root, path, false);
        self.with(path, |state| match state.nodes.get(&key) {
            Some(node) => Ok(node.to_value()),
            None => Err(TopoError::NoNode(path.to_owned())),
        })
    }

    async fn get_version(&self, path: &str, version: Version) -> Result<Bytes> {
        let key = join(&self.root, path, false);
        self.with(path, |state| {
            let found = state.history.iter().find(|one| one.0 == key && one.1 == version.0);
            match found {
                Some((_, _, contents)) => Ok(contents.clone()),
                None => Err(TopoError::NoNode(path.to_owned())),
            }
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<KeyValue>> {
        let full = join(&self.root, prefix, false);
        self.with(prefix, |state| Ok(state.below(&self.root, &full)))
    }

    async fn delete(&self, path: &str, expect: Expect) -> Result<()> {
        let key = join(&self.root, path, false);
        self.with(path, |state| {
            check_version(state, path, &key, expect)?;
            match state.remove(&key) {
                true => Ok(()),
                false => Err(TopoError::NoNode(path.to_owned())),
            }
        })
    }

    async fn lock(&self, request: LockRequest<'_>) -> Result<Box<dyn StoreLock>> {
        if request.exists == LockDir::MustExist {
            self.list_dir(request.dir).await?;
        }
        let dir = format!("{}{LOCKS}/", join(&self.root, request.dir, true));
        let lost = CancellationToken::new();
        let contents = Bytes::copy_from_slice(request.contents.as_bytes());
        let key = self.with(request.dir, |state| {
            let key = format!("{dir}{}", state.revision + 1);
            state.put(&key, contents, Some(lost.clone()));
            Ok(key)
        })?;
        let lock = Box::new(MemoryLock {
            shared: self.shared.clone(),
            dir,
            key,
            path: request.dir.to_owned(),
            lost,
        });
        match request.wait {
            LockWait::Forever => lock.wait().await?,
            LockWait::For(limit) => lock.wait_for(limit).await?,
            LockWait::Never => {
                if !self.shared.state.lock().is_first(&lock.dir, &lock.key) {
                    return Err(TopoError::NodeExists(format!("lock at {}", request.dir)));
                }
            }
        }
        Ok(lock)
    }

    async fn watch(&self, path: &str) -> Result<(Option<Value>, Box<dyn Watch>)> {
        let key = join(&self.root, path, false);
        let read = self.with(path, |state| {
            Ok(state.nodes.get(&key).map(|node| node.to_key_value(&self.root, &key)))
        })?;
        let known = KnownPaths::new(read.as_slice());
        Ok((read.map(|one| one.value), self.watch_scope(Scope::Path(key), known)))
    }

    async fn watch_recursive(&self, prefix: &str) -> Result<(Vec<KeyValue>, Box<dyn Watch>)> {
        let full = join(&self.root, prefix, false);
        let read = self.with(prefix, |state| Ok(state.below(&self.root, &full)))?;
        let known = KnownPaths::new(&read);
        Ok((read, self.watch_scope(Scope::Prefix(full), known)))
    }

    async fn close(&self) {
        self.closed.cancel();
    }
}

fn check_version(state: &State, path: &str, key: &str, expect: Expect) -> Result<()> {
    let Expect::Version(version) = expect else { return Ok(()) };
    match state.nodes.get(key) {
        None => Err(TopoError::NoNode(path.to_owned())),
        Some(node) if node.version != version.0 => Err(TopoError::BadVersion(path.to_owned())),
        Some(_) => Ok(()),
    }
}

struct MemoryLock {
    shared: Arc<Shared>,
    /// The folder of the lock and its rivals, with a slash at its end.
    dir: String,
    key: String,
    path: String,
    lost: CancellationToken,
}

impl MemoryLock {
    async fn wait(&self) -> Result<()> {
        let mut changed = self.shared.changed.subscribe();
        loop {
            {
                let state = self.shared.state.lock();
                if !state.nodes.contains_key(&self.key) {
                    return Err(TopoError::LockLost(self.path.clone()));
                }
                if state.is_first(&self.dir, &self.key) {
                    return Ok(());
                }
            }
            if changed.changed().await.is_err() {
                return Err(TopoError::Interrupted(self.path.clone()));
            }
        }
    }

    async fn wait_for(&self, limit: Duration) -> Result<()> {
        match tokio::time::timeout(limit, self.wait()).await {
            Ok(result) => result,
            Err(_) => Err(TopoError::Timeout(self.path.clone())),
        }
    }
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let removed = self.shared.state.lock().remove(&self.key);
        if removed {
            self.shared.notify();
        }
    }
}

#[async_trait]
impl StoreLock for MemoryLock {
    async fn check(&self) -> Result<()> {
        let state = self.shared.state.lock();
        if state.down {
            return Err(TopoError::Unavailable("the memory store is set down".to_owned()));
        }
        match state.nodes.contains_key(&self.key) {
            true => Ok(()),
            false => Err(TopoError::LockLost(self.path.clone())),
        }
    }

    fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    async fn unlock(self: Box<Self>) -> Result<()> {
        let removed = self.shared.state.lock().remove(&self.key);
        self.shared.notify();
        match removed {
            true => Ok(()),
            false => Err(TopoError::LockLost(self.path.clone())),
        }
    }
}

enum Scope {
    Path(String),
    Prefix(String),
}

struct MemoryWatch {
    shared: Arc<Shared>,
    root: String,
    scope: Scope,
    known: KnownPaths,
    changed: watch::Receiver<u64>,
    pending: VecDeque<WatchEvent>,
    down: bool,
    closed: CancellationToken,
}

impl MemoryWatch {
    /// Compares what the reader knows with what is there.
    fn catch_up(&mut self) {
        self.changed.borrow_and_update();
        let state = self.shared.state.lock();
        if state.down != self.down {
            self.down = state.down;
            self.pending.push_back(match state.down {
                true => WatchEvent::Lost(TopoError::Unavailable(
                    "the memory store is set down".to_owned(),
                )),
                false => WatchEvent::Restored,
            });
        }
        if state.down {
            return;
        }
        let now = match &self.scope {
            Scope::Prefix(prefix) => state.below(&self.root, prefix),
            Scope::Path(key) => {
                let node = state.nodes.get(key);
                node.map(|node| node.to_key_value(&self.root, key)).into_iter().collect()
            }
        };
        self.pending.extend(self.known.reread(now));
    }
}

#[async_trait]
impl Watch for MemoryWatch {
    async fn next(&mut self) -> Result<WatchEvent> {
        loop {
            if self.closed.is_cancelled() {
                return Err(TopoError::Interrupted("the store was closed".to_owned()));
            }
            if let Some(event) = self.pending.pop_front() {
                return Ok(event);
            }
            self.catch_up();
            if !self.pending.is_empty() {
                continue;
            }
            let closed = self.closed.clone();
            tokio::select! {
                biased;
                () = closed.cancelled() => {}
                changed = self.changed.changed() => {
                    if changed.is_err() {
                        return Err(TopoError::Interrupted("the store is gone".to_owned()));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{store_suite, typed_suite};

    #[tokio::test]
    async fn the_store_conforms() {
        let memory = MemoryTopo::new();
        store_suite("/conformance", &|root| memory.store(root)).await;
    }

    #[tokio::test]
    async fn a_cluster_lives_on_it() {
        let (_memory, topo) = MemoryTopo::with_cells(&[]).await.unwrap();
        let cell = |name: &str| vt_proto::topodata::CellInfo {
            server_address: "memory".to_owned(),
            root: format!("/vitess/{name}"),
        };
        typed_suite(&topo, &cell).await;
    }

    #[tokio::test]
    async fn an_expired_lock_is_lost_and_the_next_has_it() {
        let (memory, topo) = MemoryTopo::with_cells(&["zone1"]).await.unwrap();
        topo.create_keyspace("ks", &vt_proto::topodata::Keyspace::default()).await.unwrap();
        let first = topo.lock_keyspace("ks", "first").await.unwrap();
        memory.expire_locks();
        first.lost().cancelled().await;
        assert!(matches!(first.check().await, Err(TopoError::LockLost(_))));
        let second = topo.lock_keyspace("ks", "second").await.unwrap();
        assert!(matches!(first.unlock().await, Err(TopoError::LockLost(_))));
        second.check().await.unwrap();
    }
}
