//! Elections: of several candidates one leads, until it resigns or its lease ends.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::paths::{self, check_name};
use crate::store::{LockDir, LockRequest, LockWait, Store, StoreLock, Watch, WatchEvent};
use crate::{Result, TopoError, TopoServer};

/// One who stands for an office, `vtctld` say.
pub struct Candidate {
    store: Arc<dyn Store>,
    dir: String,
    id: String,
    ttl: Option<Duration>,
}

/// The office, held. Dropping it resigns in the background.
pub struct Leadership {
    lock: Box<dyn StoreLock>,
}

impl TopoServer {
    /// Enters an election; `id` is what others read as the leader's name.
    pub fn candidate(&self, name: &str, id: &str) -> Result<Candidate> {
        check_name("election", name)?;
        Ok(Candidate {
            store: self.global().clone(),
            dir: paths::election(name),
            id: id.to_owned(),
            ttl: None,
        })
    }

    /// Returns the leader's id, if there is a leader.
    pub async fn current_leader(&self, name: &str) -> Result<Option<String>> {
        check_name("election", name)?;
        leader(self.global().as_ref(), &paths::election(name)).await
    }
}

impl Candidate {
    /// Sets how long the office outlives a leader that has fallen silent.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Candidate {
        self.ttl = Some(ttl);
        self
    }

    /// Waits to lead. Dropping the future withdraws the candidate.
    pub async fn lead(&self) -> Result<Leadership> {
        let request = LockRequest {
            dir: &self.dir,
            contents: &self.id,
            exists: LockDir::Any,
            wait: LockWait::Forever,
            ttl: self.ttl,
        };
        Ok(Leadership { lock: self.store.lock(request).await? })
    }

    pub async fn current_leader(&self) -> Result<Option<String>> {
        leader(self.store.as_ref(), &self.dir).await
    }

    /// Returns the leader of now and a watch of those to come.
    pub async fn watch_leader(&self) -> Result<(Option<String>, LeaderWatch)> {
        let prefix = format!("{}/{}/", self.dir, paths::LOCKS);
        let (_, watch) = self.store.watch_recursive(&prefix).await?;
        let now = self.current_leader().await?;
        let watch = LeaderWatch {
            store: self.store.clone(),
            dir: self.dir.clone(),
            watch,
            last: now.clone(),
            stale: false,
        };
        Ok((now, watch))
    }
}

impl Leadership {
    /// Asks the store whether the office is still held.
    pub async fn check(&self) -> Result<()> {
        self.lock.check().await
    }

    /// A token that is cancelled when the loss of the office is noticed.
    pub fn lost(&self) -> CancellationToken {
        self.lock.lost()
    }

    pub async fn resign(self) -> Result<()> {
        self.lock.unlock().await
    }
}

/// Reports who leads, as it changes.
pub struct LeaderWatch {
    store: Arc<dyn Store>,
    dir: String,
    watch: Box<dyn Watch>,
    last: Option<String>,
    /// Whether something has happened since the leader was last read.
    stale: bool,
}

impl LeaderWatch {
    /// Waits until another leads, or nobody does. Safe to cancel.
    pub async fn next(&mut self) -> Result<Option<String>> {
        loop {
            if !self.stale {
                match self.watch.next().await? {
                    WatchEvent::Changed { .. } | WatchEvent::Restored => self.stale = true,
                    WatchEvent::Lost(_) => continue,
                }
            }
            let read = leader(self.store.as_ref(), &self.dir).await;
            self.stale = false;
            let now = match read {
                Ok(now) => now,
                // The watch reports when the store is back.
                Err(err) if err.is_outage() => continue,
                Err(err) => return Err(err),
            };
            if now != self.last {
                self.last.clone_from(&now);
                return Ok(now);
            }
        }
    }
}

async fn leader(store: &dyn Store, dir: &str) -> Result<Option<String>> {
    let Some(contents) = super::lock::holder(store, dir).await? else { return Ok(None) };
    let id = String::from_utf8(contents.to_vec()).map_err(|_| TopoError::Corrupt {
        path: dir.to_owned(),
        detail: "the leader's id is not text".to_owned(),
    })?;
    Ok(Some(id))
}
