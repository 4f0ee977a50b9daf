//! The other gateways of the cluster, for KILL and SHOW PROCESSLIST.
//!
//! A gateway takes a number in the topology and says there where its gRPC service is. Ids of its
//! connections begin with that number, so that any gateway can tell whose client an id names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Notify;
use tonic::transport::Channel;
use vt_base::{Code, Error, Result};
use vt_mysql::server::ConnectionIds;
use vt_proto::{query, vtgate, vtrpc};
use vt_rpc::dial::TabletDialer;
use vt_rpc::vtgateservice::vitess_client::VitessClient;
use vt_topo::TopoServer;
use vt_value::QueryResult;

/// How long to rest before a number is looked for again.
const RETRY: Duration = Duration::from_secs(2);
/// How long another gateway may take to answer.
const ASK_TIMEOUT: Duration = Duration::from_secs(3);

/// The other gateways.
#[derive(Default)]
pub struct Peers {
    dialer: TabletDialer,
    number: AtomicU16,
    registered: Notify,
}

impl Peers {
    /// Makes the view of a gateway that reaches others through `dialer`.
    pub fn new(dialer: TabletDialer) -> Peers {
        Peers { dialer, ..Peers::default() }
    }

    /// Returns the way to other processes, which reads the streams of tablets too.
    pub fn dialer(&self) -> &TabletDialer {
        &self.dialer
    }

    /// Returns this gateway's number; 0 while it has none.
    pub fn number(&self) -> u16 {
        self.number.load(Ordering::Relaxed)
    }

    /// Waits until the gateway has a number, `limit` at most.
    pub async fn wait_number(&self, limit: Duration) {
        let registered = self.registered.notified();
        if self.number() == 0 {
            drop(tokio::time::timeout(limit, registered).await);
        }
    }

    /// Holds a number in the topology, and takes another when that is lost; runs until cancelled.
    pub async fn register(
        self: Arc<Self>,
        topo: Arc<TopoServer>,
        address: String,
        ids: Arc<ConnectionIds>,
    ) {
        loop {
            match topo.take_gateway_number(&address).await {
                Ok(held) => {
                    self.number.store(held.number(), Ordering::Relaxed);
                    ids.set_gateway(held.number());
                    self.registered.notify_waiters();
                    tracing::info!(number = held.number(), %address, "gateway has its number");
                    held.lost().cancelled().await;
                    tracing::warn!(number = held.number(), "gateway has lost its number");
                    self.number.store(0, Ordering::Relaxed);
                    ids.set_gateway(0);
                }
                Err(error) => tracing::warn!(%error, "no number for this gateway yet"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Returns where the other gateways are, by number.
    pub async fn others(&self, topo: &TopoServer) -> Result<BTreeMap<u16, String>> {
        let mut all = topo.gateways().await?;
        all.remove(&self.number());
        all.retain(|_, address| !address.is_empty());
        Ok(all)
    }

    /// Runs a statement on another gateway, for a user.
    pub async fn ask(&self, address: &str, user: &str, sql: &str) -> Result<QueryResult> {
        let call = self.call(address, user, sql);
        match tokio::time::timeout(ASK_TIMEOUT, call).await {
            Ok(answer) => answer,
            Err(_) => {
                let message = format!("gateway {address} did not answer in {ASK_TIMEOUT:?}");
                Err(Error::new(Code::Unavailable, message))
            }
        }
    }

    /// Runs a statement on every other gateway; those that do not answer are logged.
    pub async fn ask_all(&self, topo: &TopoServer, user: &str, sql: &str) -> Vec<QueryResult> {
        let others = match self.others(topo).await {
            Ok(others) => others,
            Err(error) => {
                tracing::warn!(%error, "cannot read who the other gateways are");
                return Vec::new();
            }
        };
        let answers = others.values().map(|address| self.ask(address, user, sql));
        let mut results = Vec::new();
        for (answer, address) in join_all(answers).await.into_iter().zip(others.values()) {
            match answer {
                Ok(result) => results.push(result),
                Err(error) => tracing::warn!(%address, %error, "gateway does not answer"),
            }
        }
        results
    }

    async fn call(&self, address: &str, user: &str, sql: &str) -> Result<QueryResult> {
        let mut client: VitessClient<Channel> = VitessClient::new(self.dialer.channel(address)?);
        let request = vtgate::ExecuteRequest {
            caller_id: Some(vtrpc::CallerId {
                principal: user.to_owned(),
                ..vtrpc::CallerId::default()
            }),
            query: Some(query::BoundQuery { sql: sql.to_owned(), ..query::BoundQuery::default() }),
            session: Some(vtgate::Session { autocommit: true, ..vtgate::Session::default() }),
            ..vtgate::ExecuteRequest::default()
        };
        let answer = client.execute(request).await;
        let answer = answer.map_err(|status| vt_rpc::status::from_status(&status))?.into_inner();
        if let Some(error) = &answer.error {
            return Err(vt_rpc::status::from_rpc_error(error));
        }
        vt_rpc::convert::result_from_proto(&answer.result.unwrap_or_default())
    }
}
