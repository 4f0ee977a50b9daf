//! One root of an etcd as a store of the topology.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tonic::transport::Channel;
use vt_etcd_api::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use vt_etcd_api::etcdserverpb::kv_client::KvClient;
use vt_etcd_api::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RangeResponse, RequestOp, TxnRequest,
    TxnResponse, request_op, response_op,
};
use vt_etcd_api::{mvccpb, prefix_end};
use vt_topo::known::KnownPaths;
use vt_topo::tree::{children, join, normalize_root};
use vt_topo::{
    DirEntry, Expect, KeyValue, LockRequest, Result, Store, StoreLock, TopoError, Value, Version,
    Watch,
};

use crate::client::{CallError, Client, EtcdOptions, MESSAGE_BYTES_MAX, Repeat};
use crate::lock::EtcdLock;
use crate::watch::{EtcdWatch, Scope};

/// How many keys one page of a listing has.
const PAGE_KEYS: i64 = 1_000;

/// How often a listing starts over because etcd compacted the revision that it read at.
const LISTING_ATTEMPTS_MAX: u32 = 3;

/// A store on etcd. Cheap to clone.
#[derive(Clone)]
pub struct EtcdStore {
    pub(crate) client: Arc<Client>,
    /// Ends with a slash, so that a key is root and path together.
    pub(crate) root: Arc<str>,
}

/// Values as etcd keeps them, and the revision at which they were read.
pub(crate) struct Reading {
    pub(crate) kvs: Vec<mvccpb::KeyValue>,
    pub(crate) revision: i64,
}

/// Whether a listing brings the values along.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    Values,
    KeysOnly,
}

impl EtcdStore {
    /// Makes the store; it connects when first used. `server_address` is a list with commas.
    pub fn new(server_address: &str, root: &str, options: EtcdOptions) -> Result<EtcdStore> {
        let client = Arc::new(Client::new(server_address, options)?);
        Ok(EtcdStore { client, root: normalize_root(root).into() })
    }

    fn key(&self, path: &str) -> Vec<u8> {
        join(&self.root, path, false).into_bytes()
    }

    fn folder(&self, dir: &str) -> Vec<u8> {
        join(&self.root, dir, true).into_bytes()
    }

    async fn range(&self, what: &str, request: RangeRequest) -> Result<RangeResponse, CallError> {
        self.client
            .call(what, Repeat::Always, |channel| {
                let request = request.clone();
                async move { kv(channel).range(request).await }
            })
            .await
    }

    /// Reads one key, now or at a revision.
    async fn read_key(&self, path: &str, revision: i64) -> Result<RangeResponse, CallError> {
        let request =
            RangeRequest { key: self.key(path).into(), revision, ..RangeRequest::default() };
        self.range(path, request).await
    }

    /// Reads all keys that begin with a prefix, page by page at one revision.
    pub(crate) async fn read_prefix(
        &self,
        what: &str,
        prefix: &[u8],
        load: Load,
    ) -> Result<Reading> {
        for _ in 1..LISTING_ATTEMPTS_MAX {
            match self.try_read_prefix(what, prefix, load).await {
                Err(err) if err.is_compacted() => {}
                other => return Ok(other?),
            }
        }
        Ok(self.try_read_prefix(what, prefix, load).await?)
    }

    async fn try_read_prefix(
        &self,
        what: &str,
        prefix: &[u8],
        load: Load,
    ) -> Result<Reading, CallError> {
        let mut reading = Reading { kvs: Vec::new(), revision: 0 };
        let mut key = prefix.to_vec();
        loop {
            let request = RangeRequest {
                key: key.into(),
                range_end: prefix_end(prefix).into(),
                limit: PAGE_KEYS,
                revision: reading.revision,
                keys_only: load == Load::KeysOnly,
                ..RangeRequest::default()
            };
            let response = self.range(what, request).await?;
            if reading.revision == 0 {
                reading.revision = revision_of(&response);
            }
            reading.kvs.extend(response.kvs);
            match reading.kvs.last() {
                Some(last) if response.more => key = [&last.key[..], &[0]].concat(),
                _ => return Ok(reading),
            }
        }
    }

    /// Writes a key if it is as compared; also reads it, so that a refusal can be explained.
    async fn compare_and(
        &self,
        path: &str,
        target: TargetUnion,
        operation: request_op::Request,
    ) -> Result<TxnResponse> {
        let request = guarded(self.key(path), target, operation);
        let response = self
            .client
            .call(path, Repeat::Unsent, |channel| {
                let request = request.clone();
                async move { kv(channel).txn(request).await }
            })
            .await?;
        Ok(response)
    }

    /// Returns a value with its path. A key that is not text is nobody's path, and left out.
    pub(crate) fn to_key_value(&self, kv: mvccpb::KeyValue) -> Option<KeyValue> {
        let path = std::str::from_utf8(&kv.key).ok()?.strip_prefix(&*self.root)?.to_owned();
        Some(KeyValue { path, created: version(kv.create_revision), value: value_of(kv) })
    }
}

fn value_of(kv: mvccpb::KeyValue) -> Value {
    Value { contents: kv.value, version: version(kv.mod_revision) }
}

#[async_trait]
impl Store for EtcdStore {
    async fn list_dir(&self, dir: &str) -> Result<Vec<DirEntry>> {
        let prefix = self.folder(dir);
        let reading = self.read_prefix(dir, &prefix, Load::KeysOnly).await?;
        let below = reading.kvs.iter().filter_map(|kv| {
            Some((std::str::from_utf8(&kv.key[prefix.len()..]).ok()?, kv.lease != 0))
        });
        let entries = children(below);
        if entries.is_empty() {
            return Err(TopoError::NoNode(dir.to_owned()));
        }
        Ok(entries)
    }

    async fn create(&self, path: &str, contents: Bytes) -> Result<Version> {
        let put = PutRequest { key: self.key(path).into(), value: contents, ..Default::default() };
        let put = request_op::Request::RequestPut(put);
        let response = self.compare_and(path, TargetUnion::Version(0), put).await?;
        match response.succeeded {
            true => Ok(version(txn_revision(&response))),
            false => Err(TopoError::NodeExists(path.to_owned())),
        }
    }

    async fn update(&self, path: &str, contents: Bytes, expect: Expect) -> Result<Version> {
        let put = PutRequest { key: self.key(path).into(), value: contents, ..Default::default() };
        let Expect::Version(expected) = expect else {
            let response = self
                .client
                .call(path, Repeat::Always, |channel| {
                    let put = put.clone();
                    async move { kv(channel).put(put).await }
                })
                .await?;
            return Ok(version(response.header.map_or(0, |header| header.revision)));
        };
        let put = request_op::Request::RequestPut(put);
        let target = TargetUnion::ModRevision(revision(expected));
        let response = self.compare_and(path, target, put).await?;
        match response.succeeded {
            true => Ok(version(txn_revision(&response))),
            false => Err(refused(path, &response)),
        }
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let mut response = self.read_key(path, 0).await?;
        match response.kvs.pop() {
            Some(kv) => Ok(value_of(kv)),
            None => Err(TopoError::NoNode(path.to_owned())),
        }
    }

    async fn get_version(&self, path: &str, wanted: Version) -> Result<Bytes> {
        let response = match self.read_key(path, revision(wanted)).await {
            Err(err) if err.is_compacted() => return Err(TopoError::NoNode(path.to_owned())),
            other => other?,
        };
        match response.kvs.into_iter().next() {
            Some(kv) if kv.mod_revision == revision(wanted) => Ok(kv.value),
            _ => Err(TopoError::NoNode(path.to_owned())),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<KeyValue>> {
        let reading = self.read_prefix(prefix, &self.key(prefix), Load::Values).await?;
        Ok(reading.kvs.into_iter().filter_map(|kv| self.to_key_value(kv)).collect())
    }

    async fn delete(&self, path: &str, expect: Expect) -> Result<()> {
        let delete = DeleteRangeRequest { key: self.key(path).into(), ..Default::default() };
        let Expect::Version(expected) = expect else {
            let response = self
                .client
                .call(path, Repeat::Unsent, |channel| {
                    let delete = delete.clone();
                    async move { kv(channel).delete_range(delete).await }
                })
                .await?;
            return match response.deleted {
                0 => Err(TopoError::NoNode(path.to_owned())),
                _ => Ok(()),
            };
        };
        let delete = request_op::Request::RequestDeleteRange(delete);
        let target = TargetUnion::ModRevision(revision(expected));
        let response = self.compare_and(path, target, delete).await?;
        match response.succeeded {
            true => Ok(()),
            false => Err(refused(path, &response)),
        }
    }

    async fn lock(&self, request: LockRequest<'_>) -> Result<Box<dyn StoreLock>> {
        Ok(Box::new(EtcdLock::take(self, request).await?))
    }

    async fn watch(&self, path: &str) -> Result<(Option<Value>, Box<dyn Watch>)> {
        let mut response = self.read_key(path, 0).await?;
        let next = revision_of(&response) + 1;
        let read = response.kvs.pop().and_then(|kv| self.to_key_value(kv));
        let known = KnownPaths::new(read.as_slice());
        let watch = EtcdWatch::new(self.clone(), Scope::Key(self.key(path)), known, next);
        Ok((read.map(|one| one.value), Box::new(watch)))
    }

    async fn watch_recursive(&self, prefix: &str) -> Result<(Vec<KeyValue>, Box<dyn Watch>)> {
        let key = self.key(prefix);
        let reading = self.read_prefix(prefix, &key, Load::Values).await?;
        let next = reading.revision + 1;
        let read: Vec<KeyValue> =
            reading.kvs.into_iter().filter_map(|kv| self.to_key_value(kv)).collect();
        let known = KnownPaths::new(&read);
        let watch = EtcdWatch::new(self.clone(), Scope::Prefix(key), known, next);
        Ok((read, Box::new(watch)))
    }

    async fn close(&self) {
        self.client.closed.cancel();
    }
}

pub(crate) fn kv(channel: Channel) -> KvClient<Channel> {
    KvClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// Returns a transaction that runs `operation` if the key is as `target` says, and else reads it.
pub(crate) fn guarded(
    key: Vec<u8>,
    target: TargetUnion,
    operation: request_op::Request,
) -> TxnRequest {
    let key = Bytes::from(key);
    let kind = match target {
        TargetUnion::Version(_) => CompareTarget::Version,
        TargetUnion::CreateRevision(_) => CompareTarget::Create,
        TargetUnion::ModRevision(_) => CompareTarget::Mod,
        TargetUnion::Value(_) => CompareTarget::Value,
        TargetUnion::Lease(_) => CompareTarget::Lease,
    };
    let read = RangeRequest { key: key.clone(), keys_only: true, ..RangeRequest::default() };
    TxnRequest {
        compare: vec![Compare {
            result: CompareResult::Equal as i32,
            target: kind as i32,
            key,
            target_union: Some(target),
            range_end: Bytes::new(),
        }],
        success: vec![RequestOp { request: Some(operation) }],
        failure: vec![RequestOp { request: Some(request_op::Request::RequestRange(read)) }],
    }
}

/// Tells a key that is gone from one that has another version.
fn refused(path: &str, response: &TxnResponse) -> TopoError {
    let exists = response.responses.iter().any(|one| {
        matches!(&one.response, Some(response_op::Response::ResponseRange(r)) if !r.kvs.is_empty())
    });
    match exists {
        true => TopoError::BadVersion(path.to_owned()),
        false => TopoError::NoNode(path.to_owned()),
    }
}

fn txn_revision(response: &TxnResponse) -> i64 {
    response.header.as_ref().map_or(0, |header| header.revision)
}

pub(crate) fn revision_of(response: &RangeResponse) -> i64 {
    response.header.as_ref().map_or(0, |header| header.revision)
}

pub(crate) fn version(revision: i64) -> Version {
    Version(u64::try_from(revision).unwrap_or(0))
}

/// A version that no revision can be stands for one that never is.
pub(crate) fn revision(version: Version) -> i64 {
    i64::try_from(version.0).unwrap_or(i64::MAX)
}
