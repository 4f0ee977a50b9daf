//! The typed topology: the global store, the cells' stores, and what all records have in common.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use rand::RngExt;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::paths::{self, GLOBAL_CELL};
use crate::records::lock::LockIdentity;
use crate::store::{Expect, Store, StoreFactory, Value, Version};
use crate::{Result, TopoError};

/// How often a compare-and-set is tried again when others write the same record.
const CAS_ATTEMPTS_MAX: u32 = 50;

/// How long a cell's address is trusted before it is read again.
const CELL_INFO_TTL: Duration = Duration::from_secs(10);

/// What is chosen once for a process.
#[derive(Clone, Debug)]
pub struct TopoOptions {
    /// How long to wait for a lock that another holds (`--lock-timeout`).
    pub lock_timeout: Duration,
    /// How many reads of records run at once (`--topo-read-concurrency`).
    pub read_concurrency: usize,
    /// Who the locks of this process say they belong to.
    pub identity: LockIdentity,
}

impl Default for TopoOptions {
    fn default() -> TopoOptions {
        TopoOptions {
            lock_timeout: Duration::from_secs(45),
            read_concurrency: 32,
            identity: LockIdentity::of_process(),
        }
    }
}

/// The topology of a cluster. Cheap to share; every method may be called from many tasks.
pub struct TopoServer {
    factory: Arc<dyn StoreFactory>,
    global: Arc<dyn Store>,
    cells: Mutex<BTreeMap<String, CellStore>>,
    options: TopoOptions,
}

struct CellStore {
    store: Arc<dyn Store>,
    server_address: String,
    root: String,
    checked: Instant,
}

impl TopoServer {
    /// Opens the global store; the cells' stores open when they are first needed.
    pub async fn open(
        factory: Arc<dyn StoreFactory>,
        global_address: &str,
        global_root: &str,
        options: TopoOptions,
    ) -> Result<TopoServer> {
        let global = factory.open(GLOBAL_CELL, global_address, global_root).await?;
        Ok(TopoServer { factory, global, cells: Mutex::new(BTreeMap::new()), options })
    }

    /// Opens the topology of a mounted cluster, which is kept in the same kind of store.
    pub async fn open_external_cluster(&self, name: &str) -> Result<TopoServer> {
        let config = self.get_external_cluster(name).await?.topo_config.unwrap_or_default();
        let options = self.options.clone();
        TopoServer::open(self.factory.clone(), &config.server, &config.root, options).await
    }

    /// Returns the global store, for what has no typed function.
    pub fn global(&self) -> &Arc<dyn Store> {
        &self.global
    }

    pub fn options(&self) -> &TopoOptions {
        &self.options
    }

    /// Returns the store of a cell, or the global one by the name `global`.
    ///
    /// A store that is open stays usable while the global one, which holds its address, is away.
    pub async fn cell(&self, cell: &str) -> Result<Arc<dyn Store>> {
        if cell == GLOBAL_CELL {
            return Ok(self.global.clone());
        }
        let open = {
            let mut cells = self.cells.lock().await;
            let open = cells.get_mut(cell).map(|open| {
                let fresh = open.checked.elapsed() < CELL_INFO_TTL;
                // One caller reads the address again while the others go on with the store.
                open.checked = Instant::now();
                (open.store.clone(), fresh)
            });
            match open {
                Some((store, true)) => return Ok(store),
                Some((store, false)) => Some(store),
                None => None,
            }
        };
        let info = match (self.get_cell_info(cell).await, open) {
            (Ok(info), _) => info,
            (Err(err), Some(store)) if err.is_outage() => return Ok(store),
            (Err(err), _) => return Err(err),
        };
        let mut cells = self.cells.lock().await;
        if let Some(open) = cells.get(cell) {
            if open.server_address == info.server_address && open.root == info.root {
                return Ok(open.store.clone());
            }
            open.store.close().await;
        }
        let store = self.factory.open(cell, &info.server_address, &info.root).await?;
        let open = CellStore {
            store: store.clone(),
            server_address: info.server_address,
            root: info.root,
            checked: Instant::now(),
        };
        cells.insert(cell.to_owned(), open);
        Ok(store)
    }

    /// Forgets an opened cell, after its address was changed or it was deleted.
    pub(crate) async fn forget_cell(&self, cell: &str) {
        let open = self.cells.lock().await.remove(cell);
        if let Some(open) = open {
            open.store.close().await;
        }
    }

    /// Closes all stores; later calls fail.
    pub async fn close(&self) {
        let mut cells = self.cells.lock().await;
        for open in std::mem::take(&mut *cells).into_values() {
            open.store.close().await;
        }
        drop(cells);
        self.global.close().await;
    }
}

/// What an update does where there is no record yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Fail,
    Create,
}

/// Reads a record.
pub(crate) async fn read<M: Message + Default>(
    store: &dyn Store,
    path: &str,
) -> Result<(M, Version)> {
    let Value { contents, version } = store.get(path).await?;
    Ok((decode(path, &contents)?, version))
}

/// Reads a record that stands for its default while it is absent.
pub(crate) async fn read_or_default<M: Message + Default>(
    store: &dyn Store,
    path: &str,
) -> Result<M> {
    match read(store, path).await {
        Ok((message, _)) => Ok(message),
        Err(err) if err.is_no_node() => Ok(M::default()),
        Err(err) => Err(err),
    }
}

pub(crate) fn decode<M: Message + Default>(path: &str, contents: &Bytes) -> Result<M> {
    M::decode(contents.clone())
        .map_err(|err| TopoError::Corrupt { path: path.to_owned(), detail: err.to_string() })
}

pub(crate) fn encode<M: Message>(message: &M) -> Bytes {
    message.encode_to_vec().into()
}

/// Changes a record by compare-and-set, again and again while others get in between.
///
/// `change` sees the record as it is at each attempt; with [`TopoError::NoUpdateNeeded`] it leaves
/// the record alone and the update succeeds.
pub(crate) async fn update<M: Message + Default>(
    store: &dyn Store,
    path: &str,
    missing: Missing,
    mut change: impl FnMut(&mut M) -> Result<()> + Send,
) -> Result<(M, Version)> {
    for attempt in 0..CAS_ATTEMPTS_MAX {
        let found = match store.get(path).await {
            Ok(value) => Some(value),
            Err(err) if err.is_no_node() && missing == Missing::Create => None,
            Err(err) => return Err(err),
        };
        let mut message: M = match &found {
            Some(value) => decode(path, &value.contents)?,
            None => M::default(),
        };
        match change(&mut message) {
            Ok(()) => {}
            Err(TopoError::NoUpdateNeeded(_)) => {
                let unchanged = match &found {
                    Some(value) => (decode(path, &value.contents)?, value.version),
                    None => (M::default(), Version(0)),
                };
                return Ok(unchanged);
            }
            Err(err) => return Err(err),
        }
        let written = match found {
            Some(value) => {
                store.update(path, encode(&message), Expect::Version(value.version)).await
            }
            None => store.create(path, encode(&message)).await,
        };
        match written {
            Ok(version) => return Ok((message, version)),
            Err(TopoError::BadVersion(_)) => {}
            Err(TopoError::NodeExists(_) | TopoError::NoNode(_)) if missing == Missing::Create => {}
            Err(err) => return Err(err),
        }
        // The more get in between the longer: many tablets of a shard may start at once.
        let jitter = rand::rng().random_range(0..=8 * u64::from(attempt));
        tokio::time::sleep(Duration::from_millis(jitter)).await;
    }
    Err(TopoError::BadVersion(path.to_owned()))
}

/// Writes a record whatever was there.
pub(crate) async fn write<M: Message>(
    store: &dyn Store,
    path: &str,
    message: &M,
) -> Result<Version> {
    store.update(path, encode(message), Expect::Any).await
}

/// Returns the names of the folders below `dir`; none where it does not exist.
pub(crate) async fn names_below(store: &dyn Store, dir: &str) -> Result<Vec<String>> {
    match store.list_dir(dir).await {
        Ok(entries) => {
            let mut names: Vec<String> = entries
                .into_iter()
                .map(|entry| entry.name)
                .filter(|name| name != paths::LOCKS)
                .collect();
            names.dedup();
            Ok(names)
        }
        Err(err) if err.is_no_node() => Ok(Vec::new()),
        Err(err) => Err(err),
    }
}
