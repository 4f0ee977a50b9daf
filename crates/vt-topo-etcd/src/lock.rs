//! Locks: a key under a lease, held by whoever's key is the oldest of its folder.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vt_etcd_api::etcdserverpb::compare::TargetUnion;
use vt_etcd_api::etcdserverpb::lease_client::LeaseClient;
use vt_etcd_api::etcdserverpb::range_request::{SortOrder, SortTarget};
use vt_etcd_api::etcdserverpb::{
    LeaseGrantRequest, LeaseKeepAliveRequest, LeaseRevokeRequest, PutRequest, RangeRequest,
    request_op,
};
use vt_etcd_api::prefix_end;
use vt_topo::known::KnownPaths;
use vt_topo::tree::join;
use vt_topo::{
    LockDir, LockRequest, LockWait, Result, Store, StoreLock, TopoError, Watch, WatchEvent, paths,
};

use crate::client::{Client, Repeat};
use crate::store::{EtcdStore, guarded, kv, revision_of};
use crate::watch::{EtcdWatch, Scope};

/// A lock of one folder.
pub(crate) struct EtcdLock {
    store: EtcdStore,
    lease: Lease,
    /// The folder, as the caller named it.
    dir: String,
    key: Vec<u8>,
}

impl EtcdLock {
    pub(crate) async fn take(store: &EtcdStore, request: LockRequest<'_>) -> Result<EtcdLock> {
        if request.exists == LockDir::MustExist {
            store.list_dir(request.dir).await?;
        }
        let ttl = request.ttl.unwrap_or(store.client.options.lease_ttl);
        let lease = Lease::grant(store.client.clone(), ttl).await?;
        let folder = format!("{}{}/", join(&store.root, request.dir, true), paths::LOCKS);
        let key = format!("{folder}{}", lease.id).into_bytes();
        let lock = EtcdLock { store: store.clone(), lease, dir: request.dir.to_owned(), key };
        let created = lock.put(request.contents).await?;
        match request.wait {
            LockWait::Never => {
                if lock.rival(folder.as_bytes(), created).await?.is_some() {
                    let text = format!("lock at {}", request.dir);
                    lock.lease.release().await;
                    return Err(TopoError::NodeExists(text));
                }
            }
            LockWait::Forever => lock.wait(folder.as_bytes(), created).await?,
            LockWait::For(limit) => {
                let waiting = lock.wait(folder.as_bytes(), created);
                match tokio::time::timeout(limit, waiting).await {
                    Ok(result) => result?,
                    Err(_) => return Err(TopoError::Timeout(request.dir.to_owned())),
                }
            }
        }
        Ok(lock)
    }

    /// Writes the key under the lease; returns the revision that its place in the order is.
    async fn put(&self, contents: &str) -> Result<i64> {
        let put = PutRequest {
            key: self.key.clone().into(),
            value: Bytes::copy_from_slice(contents.as_bytes()),
            lease: self.lease.id,
            ..PutRequest::default()
        };
        let put = request_op::Request::RequestPut(put);
        let request = guarded(self.key.clone(), TargetUnion::CreateRevision(0), put);
        let response = self
            .store
            .client
            .call(&self.dir, Repeat::Unsent, |channel| {
                let request = request.clone();
                async move { kv(channel).txn(request).await }
            })
            .await?;
        // The key has the lease's number in its name, and the lease is new.
        match (response.succeeded, response.header) {
            (true, Some(header)) => Ok(header.revision),
            _ => Err(TopoError::NodeExists(self.dir.clone())),
        }
    }

    /// Returns the key that is just before ours in the order, and when it was read.
    async fn rival(
        &self,
        folder: &[u8],
        created: i64,
    ) -> Result<Option<(vt_etcd_api::mvccpb::KeyValue, i64)>> {
        let request = RangeRequest {
            key: folder.to_vec().into(),
            range_end: prefix_end(folder).into(),
            limit: 1,
            sort_order: SortOrder::Descend as i32,
            sort_target: SortTarget::Create as i32,
            max_create_revision: created - 1,
            ..RangeRequest::default()
        };
        let mut response = self
            .store
            .client
            .call(&self.dir, Repeat::Always, |channel| {
                let request = request.clone();
                async move { kv(channel).range(request).await }
            })
            .await?;
        let revision = revision_of(&response);
        Ok(response.kvs.pop().map(|rival| (rival, revision)))
    }

    /// Waits until no older key is left. Each waits for the one before it, so that a release
    /// wakes one.
    async fn wait(&self, folder: &[u8], created: i64) -> Result<()> {
        while let Some((rival, revision)) = self.rival(folder, created).await? {
            let scope = Scope::Key(rival.key.to_vec());
            let rival = self.store.to_key_value(rival);
            let known = KnownPaths::new(rival.as_slice());
            let mut watch = EtcdWatch::new(self.store.clone(), scope, known, revision + 1);
            loop {
                let event = tokio::select! {
                    biased;
                    () = self.lease.lost.cancelled() => {
                        return Err(TopoError::LockLost(self.dir.clone()));
                    }
                    event = watch.next() => event?,
                };
                if matches!(event, WatchEvent::Changed { value: None, .. }) {
                    break;
                }
            }
        }
        // The lease may have ended while we waited.
        self.check().await
    }
}

#[async_trait]
impl StoreLock for EtcdLock {
    async fn check(&self) -> Result<()> {
        if self.lease.lost.is_cancelled() {
            return Err(TopoError::LockLost(self.dir.clone()));
        }
        let request = RangeRequest {
            key: self.key.clone().into(),
            keys_only: true,
            ..RangeRequest::default()
        };
        let response = self
            .store
            .client
            .call(&self.dir, Repeat::Always, |channel| {
                let request = request.clone();
                async move { kv(channel).range(request).await }
            })
            .await?;
        match response.kvs.iter().any(|found| found.lease == self.lease.id) {
            true => Ok(()),
            false => {
                self.lease.lost.cancel();
                Err(TopoError::LockLost(self.dir.clone()))
            }
        }
    }

    fn lost(&self) -> CancellationToken {
        self.lease.lost.clone()
    }

    async fn unlock(self: Box<Self>) -> Result<()> {
        let lost = self.lease.lost.is_cancelled();
        self.lease.release().await;
        match lost {
            true => Err(TopoError::LockLost(self.dir.clone())),
            false => Ok(()),
        }
    }
}

/// A lease and the task that keeps it alive. Dropping it lets the task revoke the lease and end.
struct Lease {
    id: i64,
    lost: CancellationToken,
    release: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.release.cancel();
    }
}

impl Lease {
    async fn grant(client: Arc<Client>, ttl: Duration) -> Result<Lease> {
        let seconds = i64::try_from(ttl.as_secs().max(1)).unwrap_or(i64::MAX);
        let asked = Instant::now();
        // A grant that is sent twice leaves a lease behind that nobody uses and that ends soon.
        let granted = client
            .call("lease", Repeat::Always, |channel| async move {
                let request = LeaseGrantRequest { ttl: seconds, id: 0 };
                LeaseClient::new(channel).lease_grant(request).await
            })
            .await?;
        let ttl = Duration::from_secs(u64::try_from(granted.ttl).unwrap_or(0).max(1));
        let (lost, release) = (CancellationToken::new(), CancellationToken::new());
        let keeper = Keeper {
            client,
            id: granted.id,
            ttl,
            ends: asked + ttl,
            lost: lost.clone(),
            release: release.clone(),
        };
        let task = Mutex::new(Some(tokio::spawn(keeper.run())));
        Ok(Lease { id: granted.id, lost, release, task })
    }

    /// Revokes the lease and waits until that is done or has failed.
    async fn release(&self) {
        self.release.cancel();
        let task = self.task.lock().take();
        if let Some(task) = task
            && let Err(err) = task.await
        {
            tracing::error!(lease = self.id, error = %err, "the keeper of a lease failed");
        }
    }
}

/// The task that keeps a lease alive, and revokes it at the end.
struct Keeper {
    client: Arc<Client>,
    id: i64,
    ttl: Duration,
    /// When the lease ends unless it is renewed: our own reckoning, earlier than etcd's.
    ends: Instant,
    lost: CancellationToken,
    release: CancellationToken,
}

impl Keeper {
    async fn run(mut self) {
        let (release, closed) = (self.release.clone(), self.client.closed.clone());
        tokio::select! {
            biased;
            () = release.cancelled() => self.revoke().await,
            () = closed.cancelled() => self.lost.cancel(),
            () = self.keep() => {
                tracing::warn!(lease = self.id, "a lease has ended, and with it its lock");
                self.lost.cancel();
            }
        }
    }

    /// Renews the lease until it is lost.
    async fn keep(&mut self) {
        let mut next = Instant::now() + self.ttl / 3;
        loop {
            tokio::time::sleep_until(next).await;
            let asked = Instant::now();
            if asked >= self.ends {
                return;
            }
            let (endpoint, _) = self.client.channel();
            match tokio::time::timeout_at(self.ends, self.renew()).await {
                Ok(Ok(0)) => return,
                Ok(Ok(seconds)) => {
                    self.ends = asked + Duration::from_secs(seconds);
                    next = asked + self.ttl / 3;
                }
                Ok(Err(status)) => {
                    tracing::debug!(lease = self.id, error = %status, "cannot renew a lease yet");
                    self.client.leave(endpoint);
                    next = Instant::now() + (self.ttl / 10).min(Duration::from_secs(1));
                }
                Err(_) => return,
            }
        }
    }

    /// Asks one endpoint once; returns the seconds that the lease has now, zero if it is gone.
    async fn renew(&self) -> std::result::Result<u64, tonic::Status> {
        let (_, channel) = self.client.channel();
        let once = tokio_stream::once(LeaseKeepAliveRequest { id: self.id });
        let asking = async {
            let mut answers = LeaseClient::new(channel).lease_keep_alive(once).await?.into_inner();
            answers.message().await
        };
        match tokio::time::timeout(self.client.options.attempt_timeout, asking).await {
            Ok(Ok(Some(answer))) => Ok(u64::try_from(answer.ttl).unwrap_or(0)),
            Ok(Ok(None)) => Err(tonic::Status::unavailable("no answer")),
            Ok(Err(status)) => Err(status),
            Err(_) => Err(tonic::Status::deadline_exceeded("no answer in time")),
        }
    }

    async fn revoke(&self) {
        let id = self.id;
        let revoked = self
            .client
            .call("lease", Repeat::Unsent, |channel| async move {
                LeaseClient::new(channel).lease_revoke(LeaseRevokeRequest { id }).await
            })
            .await;
        if let Err(err) = revoked {
            let err = TopoError::from(err);
            tracing::warn!(lease = id, error = %err, "cannot revoke a lease; it ends by itself");
        }
    }
}
