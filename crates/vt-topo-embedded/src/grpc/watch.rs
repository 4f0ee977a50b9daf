//! Watches: each stream reads the history at its own pace.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, Streaming};
use vt_etcd_api::etcdserverpb::watch_create_request::FilterType;
use vt_etcd_api::etcdserverpb::watch_request::RequestUnion;
use vt_etcd_api::etcdserverpb::watch_server::Watch;
use vt_etcd_api::etcdserverpb::{WatchCreateRequest, WatchRequest, WatchResponse};
use vt_etcd_api::mvccpb::Event;

use crate::engine::Engine;
use crate::history::{is_delete, revision_of};
use crate::state::{KeySpan, State};

/// How many answers may wait for a client. A client that reads no faster falls behind, and is
/// told `compacted` when what it has not read is forgotten.
const ANSWERS_MAX: usize = 8;

/// How many watches one stream may have.
const WATCHES_MAX: usize = 10_000;

/// About how large an answer gets before the rest goes into another.
const ANSWER_BYTES: usize = 1 << 20;

/// How often a watch that asked for it hears that nothing has happened.
const PROGRESS_PERIOD: Duration = Duration::from_secs(60);

/// The watch id of answers that are about the stream.
const NO_WATCH: i64 = -1;

pub(crate) struct WatchService {
    pub(crate) engine: Engine,
    pub(crate) streams: TaskTracker,
    pub(crate) shutdown: CancellationToken,
}

#[tonic::async_trait]
impl Watch for WatchService {
    type WatchStream = ReceiverStream<Result<WatchResponse, Status>>;

    async fn watch(
        &self,
        request: Request<Streaming<WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (answers, receiver) = mpsc::channel(ANSWERS_MAX);
        let stream = WatchStream {
            engine: self.engine.clone(),
            watchers: BTreeMap::new(),
            next_id: 0,
            answers,
            shutdown: self.shutdown.clone(),
        };
        self.streams.spawn(stream.run(request.into_inner()));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// One client's stream with its watches.
struct WatchStream {
    engine: Engine,
    watchers: BTreeMap<i64, Watcher>,
    next_id: i64,
    answers: mpsc::Sender<Result<WatchResponse, Status>>,
    shutdown: CancellationToken,
}

struct Watcher {
    span: KeySpan,
    /// The revision that has not been looked at yet.
    next: i64,
    prev_kv: bool,
    progress: bool,
    no_put: bool,
    no_delete: bool,
}

/// The client has gone.
struct Gone;

impl WatchStream {
    async fn run(mut self, mut requests: Streaming<WatchRequest>) {
        let shutdown = self.shutdown.clone();
        let mut revisions = self.engine.shared.revision.subscribe();
        let mut progress = tokio::time::interval(PROGRESS_PERIOD);
        progress.reset();
        loop {
            let answers = self.answers.clone();
            let step = tokio::select! {
                biased;
                () = shutdown.cancelled() => {
                    // A client then tries another endpoint or waits for this one.
                    let stopped = Status::unavailable("etcdserver: server stopped");
                    let _ = self.answers.try_send(Err(stopped));
                    return;
                }
                () = answers.closed() => return,
                request = requests.message() => match request {
                    Ok(Some(request)) => self.take(request).await,
                    // A client may close its side and still read.
                    Ok(None) => self.only_send(&mut revisions, &shutdown).await,
                    Err(_) => return,
                },
                changed = revisions.changed() => match changed {
                    Ok(()) => self.send_events().await,
                    Err(_) => return,
                },
                _ = progress.tick() => self.send_progress().await,
            };
            if step.is_err() {
                return;
            }
        }
    }

    async fn only_send(
        &mut self,
        revisions: &mut tokio::sync::watch::Receiver<i64>,
        shutdown: &CancellationToken,
    ) -> Result<(), Gone> {
        while !self.watchers.is_empty() {
            let answers = self.answers.clone();
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Err(Gone),
                () = answers.closed() => return Err(Gone),
                changed = revisions.changed() => {
                    changed.map_err(|_| Gone)?;
                    self.send_events().await?;
                }
            }
        }
        Err(Gone)
    }

    async fn take(&mut self, request: WatchRequest) -> Result<(), Gone> {
        match request.request_union {
            Some(RequestUnion::CreateRequest(create)) => self.create(create).await,
            Some(RequestUnion::CancelRequest(cancel)) => {
                if self.watchers.remove(&cancel.watch_id).is_none() {
                    return Ok(());
                }
                let response = WatchResponse { canceled: true, ..self.response(cancel.watch_id) };
                self.send(response).await
            }
            Some(RequestUnion::ProgressRequest(_)) => {
                self.send_events().await?;
                // What the stream has been served up to; a newer revision may have events to come.
                let served = self.watchers.values().map(|watcher| watcher.next - 1).min();
                let now = self.engine.revision();
                let header = self.engine.header(served.unwrap_or(now).min(now));
                self.send(WatchResponse { header, ..self.response(NO_WATCH) }).await
            }
            None => Ok(()),
        }
    }

    async fn create(&mut self, create: WatchCreateRequest) -> Result<(), Gone> {
        let id = match create.watch_id {
            0 => {
                while self.watchers.contains_key(&self.next_id) {
                    self.next_id += 1;
                }
                self.next_id
            }
            id => id,
        };
        let refusal = if create.key.is_empty() {
            Some("etcdserver: key is not provided")
        } else if self.watchers.contains_key(&id) {
            Some("mvcc: duplicated watch ID on the watch stream")
        } else if self.watchers.len() == WATCHES_MAX {
            Some("etcdserver: too many watches on the watch stream")
        } else {
            None
        };
        if let Some(reason) = refusal {
            let response = WatchResponse {
                created: true,
                canceled: true,
                cancel_reason: reason.to_owned(),
                ..self.response(NO_WATCH)
            };
            return self.send(response).await;
        }
        if create.watch_id == 0 {
            self.next_id += 1;
        }
        let revision = self.engine.revision();
        let watcher = Watcher {
            span: KeySpan::new(&create.key, &create.range_end),
            next: if create.start_revision > 0 { create.start_revision } else { revision + 1 },
            prev_kv: create.prev_kv,
            progress: create.progress_notify,
            no_put: create.filters.contains(&(FilterType::Noput as i32)),
            no_delete: create.filters.contains(&(FilterType::Nodelete as i32)),
        };
        self.watchers.insert(id, watcher);
        let mut created = self.response(id);
        created.created = true;
        created.header = self.engine.header(revision);
        self.send(created).await?;
        self.send_events_of(id).await
    }

    async fn send_events(&mut self) -> Result<(), Gone> {
        let ids: Vec<i64> = self.watchers.keys().copied().collect();
        for id in ids {
            self.send_events_of(id).await?;
        }
        Ok(())
    }

    /// Sends a watch what it has not seen, or cancels it if that is forgotten.
    async fn send_events_of(&mut self, id: i64) -> Result<(), Gone> {
        loop {
            let Some(watcher) = self.watchers.get_mut(&id) else { return Ok(()) };
            let batch = self.engine.read(|state| watcher.next_batch(state));
            match batch {
                Batch::Nothing => return Ok(()),
                Batch::Events { revision, events } => {
                    let header = self.engine.header(revision);
                    let response = WatchResponse { header, events, ..self.response(id) };
                    self.send(response).await?;
                }
                Batch::Forgotten { floor } => {
                    self.watchers.remove(&id);
                    let response = WatchResponse {
                        canceled: true,
                        compact_revision: floor,
                        cancel_reason: "etcdserver: mvcc: required revision has been compacted"
                            .to_owned(),
                        ..self.response(id)
                    };
                    return self.send(response).await;
                }
            }
        }
    }

    async fn send_progress(&mut self) -> Result<(), Gone> {
        self.send_events().await?;
        let ids: Vec<i64> =
            self.watchers.iter().filter(|(_, one)| one.progress).map(|(id, _)| *id).collect();
        for id in ids {
            // Sent with the revision that the watch has been served up to.
            let seen = self.watchers.get(&id).map_or(0, |watcher| watcher.next - 1);
            if seen <= self.engine.revision() {
                let header = self.engine.header(seen);
                self.send(WatchResponse { header, ..self.response(id) }).await?;
            }
        }
        Ok(())
    }

    fn response(&self, watch_id: i64) -> WatchResponse {
        let header = self.engine.header(self.engine.revision());
        WatchResponse { header, watch_id, ..WatchResponse::default() }
    }

    async fn send(&self, response: WatchResponse) -> Result<(), Gone> {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Err(Gone),
            sent = self.answers.send(Ok(response)) => sent.map_err(|_| Gone),
        }
    }
}

enum Batch {
    Nothing,
    Events { revision: i64, events: Vec<Event> },
    Forgotten { floor: i64 },
}

impl Watcher {
    /// Takes the next events, whole revisions of them, as many as fit into an answer.
    fn next_batch(&mut self, state: &State) -> Batch {
        if self.next > state.revision() {
            return Batch::Nothing;
        }
        let Some(since) = state.history.since(self.next) else {
            return Batch::Forgotten { floor: state.history.floor() };
        };
        let mut events = Vec::new();
        let mut bytes = 0;
        let mut revision = state.revision();
        let mut last = 0;
        for event in since {
            if bytes > ANSWER_BYTES && revision_of(event) != last {
                revision = last;
                break;
            }
            last = revision_of(event);
            if self.wants(event) {
                bytes += prost::Message::encoded_len(event);
                let prev_kv = event.prev_kv.clone().filter(|_| self.prev_kv);
                events.push(Event { prev_kv, ..event.clone() });
            }
        }
        self.next = revision + 1;
        if events.is_empty() {
            return Batch::Nothing;
        }
        Batch::Events { revision, events }
    }

    fn wants(&self, event: &Event) -> bool {
        let filtered = if is_delete(event) { self.no_delete } else { self.no_put };
        !filtered && event.kv.as_ref().is_some_and(|kv| self.span.contains(&kv.key))
    }
}
