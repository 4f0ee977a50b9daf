//! The seam to whatever keeps the topology: a tree of small files with versions, locks and watches.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::Result;

/// The version of a stored value; it grows with every write to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Whatever is there.
    Any,
    /// This version; any other fails with `BadVersion`.
    Version(Version),
}

/// A value as read, with the version to update it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub contents: Bytes,
    pub version: Version,
}

/// A value with its path, as listings and watches of many return it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// Relative to the store's root, without a leading slash.
    pub path: String,
    pub value: Value,
    /// Orders values by when they came to be; a lock belongs to the holder with the lowest.
    pub created: Version,
}

/// A child of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    pub name: String,
    pub kind: EntryKind,
    /// Whether the file goes with its owner, as locks do.
    pub ephemeral: bool,
}

/// Whether a child holds a value or has children of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    File,
    Directory,
}

/// What a watch reports. Changes that follow each other fast may be merged into the last.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// The value at a path is now this; `None` once it is deleted.
    Changed { path: String, value: Option<Value> },
    /// The store cannot be reached; the watch goes on trying and will catch up.
    Lost(crate::TopoError),
    /// The store is back; changes missed meanwhile follow as `Changed`.
    Restored,
}

/// A running watch; dropping it ends it.
#[async_trait]
pub trait Watch: Send {
    /// Waits for the next event. An error is final: the store was closed.
    ///
    /// Safe to cancel: no event is lost when the future is dropped.
    async fn next(&mut self) -> Result<WatchEvent>;
}

/// How long to wait for a lock that another holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// Fail at once with `NodeExists`.
    Never,
    /// Fail with `Timeout` after this long.
    For(Duration),
    Forever,
}

/// Whether the folder to be locked must hold something already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockDir {
    MustExist,
    Any,
}

/// What to lock, and how.
#[derive(Clone, Debug)]
pub struct LockRequest<'a> {
    pub dir: &'a str,
    /// What others read at the lock's key while it is held.
    pub contents: &'a str,
    pub exists: LockDir,
    pub wait: LockWait,
    /// How long the lock outlives its holder; `None` takes the store's own.
    pub ttl: Option<Duration>,
}

/// A held lock. Dropping it releases it in the background; `unlock` waits until it is released.
#[async_trait]
pub trait StoreLock: Send + Sync {
    /// Asks the store whether the lock is still ours; `LockLost` if not.
    async fn check(&self) -> Result<()>;

    /// A token that is cancelled as soon as the loss of the lock is noticed.
    fn lost(&self) -> CancellationToken;

    async fn unlock(self: Box<Self>) -> Result<()>;
}

/// A store of one cell, or the global one. Paths are relative to its root, without leading slash.
///
/// Every implementation passes [`crate::conformance`].
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Returns the children of a folder in order of name; `NoNode` for one without children.
    async fn list_dir(&self, dir: &str) -> Result<Vec<DirEntry>>;

    /// Writes a value that must not exist; `NodeExists` if it does.
    async fn create(&self, path: &str, contents: Bytes) -> Result<Version>;

    /// Writes a value. With [`Expect::Any`] it need not exist; else `NoNode` or `BadVersion`.
    async fn update(&self, path: &str, contents: Bytes, expect: Expect) -> Result<Version>;

    async fn get(&self, path: &str) -> Result<Value>;

    /// Returns the value as it was at a version that the store still remembers; else `NoNode`.
    async fn get_version(&self, path: &str, version: Version) -> Result<Bytes>;

    /// Returns all values whose path begins with `prefix`, in order of path; none is no error.
    async fn list(&self, prefix: &str) -> Result<Vec<KeyValue>>;

    async fn delete(&self, path: &str, expect: Expect) -> Result<()>;

    /// Takes the lock of a folder, in order of arrival.
    async fn lock(&self, request: LockRequest<'_>) -> Result<Box<dyn StoreLock>>;

    /// Returns the present value of a path, which may be none yet, and a watch of what follows.
    async fn watch(&self, path: &str) -> Result<(Option<Value>, Box<dyn Watch>)>;

    /// Like [`Store::watch`] for all values whose path begins with `prefix`.
    async fn watch_recursive(&self, prefix: &str) -> Result<(Vec<KeyValue>, Box<dyn Watch>)>;

    /// Ends the store: watches end, and later calls fail with `Interrupted`.
    async fn close(&self);
}

/// Opens stores by address, so that the typed layer knows no particular store.
#[async_trait]
pub trait StoreFactory: Send + Sync + 'static {
    /// Opens a store; it need not be reachable yet.
    async fn open(&self, cell: &str, server_address: &str, root: &str) -> Result<Arc<dyn Store>>;
}
