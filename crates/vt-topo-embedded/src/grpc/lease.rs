//! Leases.

use std::pin::Pin;

use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use vt_etcd_api::etcdserverpb::lease_server::Lease;
use vt_etcd_api::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
    LeaseLeasesRequest, LeaseLeasesResponse, LeaseRevokeRequest, LeaseRevokeResponse, LeaseStatus,
    LeaseTimeToLiveRequest, LeaseTimeToLiveResponse,
};

use crate::engine::Engine;
use crate::writer::{Command, Written};

/// The longest lease, as in etcd.
const SECONDS_MAX: i64 = 9_000_000_000;

pub(crate) struct LeaseService {
    pub(crate) engine: Engine,
    pub(crate) shutdown: CancellationToken,
}

#[tonic::async_trait]
impl Lease for LeaseService {
    async fn lease_grant(
        &self,
        request: Request<LeaseGrantRequest>,
    ) -> Result<Response<LeaseGrantResponse>, Status> {
        let LeaseGrantRequest { ttl, id } = request.into_inner();
        if ttl > SECONDS_MAX {
            return Err(Status::out_of_range("etcdserver: too large lease TTL"));
        }
        let seconds = ttl.max(1);
        let id = match id {
            0 => rand::random_range(1..i64::MAX),
            id => id,
        };
        let header = match self.engine.write(Command::Grant { id, seconds }).await? {
            Written::Done { revision } => self.engine.header(revision),
            _ => self.engine.header(self.engine.revision()),
        };
        Ok(Response::new(LeaseGrantResponse { header, id, ttl: seconds, error: String::new() }))
    }

    async fn lease_revoke(
        &self,
        request: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        let id = request.into_inner().id;
        self.engine.write(Command::Revoke { id }).await?;
        let header = self.engine.header(self.engine.revision());
        Ok(Response::new(LeaseRevokeResponse { header }))
    }

    type LeaseKeepAliveStream =
        Pin<Box<dyn Stream<Item = Result<LeaseKeepAliveResponse, Status>> + Send>>;

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<Self::LeaseKeepAliveStream>, Status> {
        let engine = self.engine.clone();
        // Answers are made as requests are read, and requests as answers are taken: no queue.
        let answers = request.into_inner().map(move |request| {
            let id = request?.id;
            let ttl = engine.shared.clocks.renew(id).unwrap_or(0);
            let header = engine.header(engine.revision());
            Ok(LeaseKeepAliveResponse { header, id, ttl })
        });
        let answers = until(answers, self.shutdown.clone());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        let LeaseTimeToLiveRequest { id, keys } = request.into_inner();
        let header = self.engine.header(self.engine.revision());
        let Some(left) = self.engine.shared.clocks.remaining(id) else {
            let ttl = -1;
            let response = LeaseTimeToLiveResponse { header, id, ttl, ..Default::default() };
            return Ok(Response::new(response));
        };
        let keys = match keys {
            true => self.engine.read(|state| state.keys_of_lease(id).cloned().collect()),
            false => Vec::new(),
        };
        Ok(Response::new(LeaseTimeToLiveResponse {
            header,
            id,
            ttl: left.seconds,
            granted_ttl: left.granted_seconds,
            keys,
        }))
    }

    async fn lease_leases(
        &self,
        _request: Request<LeaseLeasesRequest>,
    ) -> Result<Response<LeaseLeasesResponse>, Status> {
        let leases = self.engine.read(|state| state.leases().keys().copied().collect::<Vec<_>>());
        let leases = leases.into_iter().map(|id| LeaseStatus { id }).collect();
        let header = self.engine.header(self.engine.revision());
        Ok(Response::new(LeaseLeasesResponse { header, leases }))
    }
}

/// Ends a stream at the shutdown, which would else wait for the client.
fn until<S: Stream + Send + 'static>(
    stream: S,
    shutdown: CancellationToken,
) -> impl Stream<Item = S::Item> + Send {
    use futures::StreamExt as _;
    stream.take_until(shutdown.cancelled_owned())
}
