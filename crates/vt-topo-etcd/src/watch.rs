//! A watch that outlives its connection: it resumes after the last event, or reads anew.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::metadata::MetadataValue;
use vt_etcd_api::etcdserverpb::watch_client::WatchClient;
use vt_etcd_api::etcdserverpb::watch_request::RequestUnion;
use vt_etcd_api::etcdserverpb::{WatchCreateRequest, WatchRequest, WatchResponse};
use vt_etcd_api::mvccpb::event::EventType;
use vt_etcd_api::{mvccpb, prefix_end};
use vt_topo::known::KnownPaths;
use vt_topo::{KeyValue, Result, TopoError, Watch, WatchEvent};

use crate::client::{MESSAGE_BYTES_MAX, jittered};
use crate::store::{EtcdStore, Load};

const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// What is watched.
pub(crate) enum Scope {
    Key(Vec<u8>),
    Prefix(Vec<u8>),
}

pub(crate) struct EtcdWatch {
    store: EtcdStore,
    scope: Scope,
    known: KnownPaths,
    /// The revision that the reader has not seen yet.
    next_revision: i64,
    /// Whether the events from `next_revision` on are no longer to be had.
    compacted: bool,
    stream: Option<Open>,
    pending: VecDeque<WatchEvent>,
    lost: bool,
    retry_at: Instant,
    backoff: Duration,
}

/// A stream, and the sender that keeps its request side open.
struct Open {
    responses: Streaming<WatchResponse>,
    _requests: mpsc::Sender<WatchRequest>,
    endpoint: usize,
}

impl EtcdWatch {
    pub(crate) fn new(
        store: EtcdStore,
        scope: Scope,
        known: KnownPaths,
        next_revision: i64,
    ) -> EtcdWatch {
        EtcdWatch {
            store,
            scope,
            known,
            next_revision,
            compacted: false,
            stream: None,
            pending: VecDeque::new(),
            lost: false,
            retry_at: Instant::now(),
            backoff: BACKOFF_FIRST,
        }
    }

    /// Opens the stream, after reading anew where that is needed. Safe to cancel.
    async fn reopen(&mut self) -> Result<()> {
        if self.compacted {
            let (now, next_revision) = self.read_now().await?;
            self.pending.extend(self.known.reread(now));
            self.next_revision = next_revision;
            self.compacted = false;
        }
        self.stream = Some(self.connect().await?);
        Ok(())
    }

    async fn read_now(&self) -> Result<(Vec<KeyValue>, i64)> {
        let (prefix, exact) = match &self.scope {
            Scope::Key(key) => (key, true),
            Scope::Prefix(prefix) => (prefix, false),
        };
        let reading = self.store.read_prefix("watch", prefix, Load::Values).await?;
        let wanted = reading.kvs.into_iter().filter(|kv| !exact || kv.key == prefix.as_slice());
        let now = wanted.filter_map(|kv| self.store.to_key_value(kv)).collect();
        Ok((now, reading.revision + 1))
    }

    async fn connect(&self) -> Result<Open> {
        let (key, range_end) = match &self.scope {
            Scope::Key(key) => (key.clone(), Vec::new()),
            Scope::Prefix(prefix) => (prefix.clone(), prefix_end(prefix)),
        };
        let create = WatchCreateRequest {
            key: key.into(),
            range_end: range_end.into(),
            start_revision: self.next_revision,
            progress_notify: true,
            ..WatchCreateRequest::default()
        };
        let create = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
        let (requests, receiver) = mpsc::channel(1);
        // The channel is fresh and holds one message, so that this cannot fail.
        let _ = requests.try_send(create);
        let mut request = tonic::Request::new(ReceiverStream::new(receiver));
        // A member that is cut off from the others then ends the watch instead of going silent.
        request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
        let client = &self.store.client;
        let (endpoint, channel) = client.channel();
        let mut watches = WatchClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let opened =
            tokio::time::timeout(client.options.attempt_timeout, watches.watch(request)).await;
        let text = match opened {
            Ok(Ok(response)) => {
                let responses = response.into_inner();
                return Ok(Open { responses, _requests: requests, endpoint });
            }
            Ok(Err(status)) => status.message().to_owned(),
            Err(_) => "no answer in time".to_owned(),
        };
        client.leave(endpoint);
        Err(TopoError::Unavailable(format!("{}: {text}", client.address(endpoint))))
    }

    /// Takes note of a broken stream; the first time the reader is told.
    fn fail(&mut self, err: TopoError) {
        if let Some(open) = self.stream.take() {
            self.store.client.leave(open.endpoint);
        }
        self.retry_at = Instant::now() + jittered(self.backoff);
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
        if !self.lost {
            self.lost = true;
            self.pending.push_back(WatchEvent::Lost(err));
        }
    }

    fn take(&mut self, response: WatchResponse) {
        if response.canceled {
            if response.compact_revision != 0 {
                self.compacted = true;
                self.stream = None;
                return;
            }
            let reason = match response.cancel_reason.as_str() {
                "" => "the watch was cancelled",
                reason => reason,
            };
            self.fail(TopoError::Unavailable(reason.to_owned()));
            return;
        }
        self.backoff = BACKOFF_FIRST;
        if self.lost {
            self.lost = false;
            self.pending.push_back(WatchEvent::Restored);
        }
        let revision = response.header.as_ref().map_or(0, |header| header.revision);
        // The header of the answer to the request may be ahead of events that are yet to come.
        if response.events.is_empty() && !response.created {
            self.next_revision = self.next_revision.max(revision + 1);
        }
        for event in response.events {
            if let Some(kv) = event.kv {
                self.next_revision = self.next_revision.max(kv.mod_revision + 1);
                let deleted = event.r#type == EventType::Delete as i32;
                let event = self.change(kv, deleted);
                self.pending.extend(event);
            }
        }
    }

    fn change(&mut self, kv: mvccpb::KeyValue, deleted: bool) -> Option<WatchEvent> {
        let one = self.store.to_key_value(kv)?;
        let path = one.path.clone();
        self.known.change(path, if deleted { None } else { Some(one) })
    }
}

#[async_trait]
impl Watch for EtcdWatch {
    async fn next(&mut self) -> Result<WatchEvent> {
        let closed = self.store.client.closed.clone();
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(event);
            }
            if closed.is_cancelled() {
                return Err(TopoError::Interrupted("the store was closed".to_owned()));
            }
            tokio::select! {
                biased;
                () = closed.cancelled() => {}
                () = self.step() => {}
            }
        }
    }
}

impl EtcdWatch {
    /// Waits for one answer, or for one attempt to get a stream.
    async fn step(&mut self) {
        let Some(open) = &mut self.stream else {
            tokio::time::sleep_until(self.retry_at).await;
            if let Err(err) = self.reopen().await {
                self.fail(err);
            }
            return;
        };
        match open.responses.message().await {
            Ok(Some(response)) => self.take(response),
            Ok(None) => self.fail(TopoError::Unavailable("the watch ended".to_owned())),
            Err(status) => self.fail(TopoError::Unavailable(status.message().to_owned())),
        }
    }
}
