//! Simulated tablets: one listener for all of them, an address of the loopback network for each.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use vt_base::{Code, Error, Result, TabletAlias, TabletType, Target};
use vt_rpc::framed::serve_connection;
use vt_tablet_api::{
    Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, HealthState, HealthStream, QueryService,
    RealtimeStats, SchemaReply, SchemaTables, StreamPart, TxState,
};
use vt_value::{Field, QueryResult, RowsBuilder, Type};

/// How often a tablet tells of its health, as real ones do.
const HEALTH_PERIOD: Duration = Duration::from_secs(20);

/// The first of the addresses: `127.1.0.0`.
const FIRST_ADDRESS: u32 = 0x7f01_0000;

/// Calls under way on one connection.
const CALLS_MAX: usize = 10_000;

/// What a simulated tablet is.
#[derive(Clone, Debug)]
pub(super) struct Simulated {
    pub(super) alias: TabletAlias,
    pub(super) target: Target,
    pub(super) term_start: i64,
}

/// Returns the address of a tablet.
pub(super) fn address(index: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(FIRST_ADDRESS + index as u32)
}

/// The tablets that are served; dropped, they are gone.
pub(super) struct Fleet {
    pub(super) port: u16,
    serving: AbortHandle,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Fleet {
    /// Begins to serve tablets, the first at the first address.
    pub(super) async fn start(tablets: Vec<Simulated>) -> std::io::Result<Fleet> {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        let port = listener.local_addr()?.port();
        let services: Vec<Arc<dyn QueryService>> =
            tablets.into_iter().map(|tablet| Arc::new(tablet) as Arc<dyn QueryService>).collect();
        let serving = tokio::spawn(async move {
            // Dropped with this task, and so are the connections.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                let Some(service) = service_of(&stream, &services) else { continue };
                connections.spawn(async move {
                    // The gateway has gone away.
                    drop(serve_connection(stream, service, CALLS_MAX).await);
                });
            }
        });
        Ok(Fleet { port, serving: serving.abort_handle() })
    }
}

/// Returns the tablet whose address was dialled.
fn service_of(
    stream: &tokio::net::TcpStream,
    services: &[Arc<dyn QueryService>],
) -> Option<Arc<dyn QueryService>> {
    let IpAddr::V4(address) = stream.local_addr().ok()?.ip() else { return None };
    let index = address.to_bits().checked_sub(FIRST_ADDRESS)? as usize;
    services.get(index).cloned()
}

/// Returns the one row that a tablet has: the name of its shard, neither long nor short.
fn one_row(tablet: &Simulated) -> QueryResult {
    let mut rows = RowsBuilder::default();
    rows.push([Some(format!("{:<50}", tablet.target.shard))]);
    QueryResult::with_rows([Field::new("v", Type::VARCHAR)], rows.finish())
}

fn not_simulated() -> Error {
    Error::new(Code::Unimplemented, "a simulated tablet has no transactions")
}

#[async_trait]
impl QueryService for Simulated {
    async fn execute(&self, _: ExecuteRequest) -> ExecuteReply {
        ExecuteReply { state: TxState::default(), result: Ok(one_row(self)) }
    }

    async fn stream_execute(
        &self,
        request: ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply {
        let QueryResult { fields, rows, .. } = one_row(self);
        // The receiver has gone away, which is its own affair.
        drop(parts.send(StreamPart { fields: Some(fields), rows }).await);
        let reply = self.execute(request).await;
        ExecuteReply { result: Ok(QueryResult::default()), ..reply }
    }

    async fn begin(&self, _: &Caller, _: &Target, _: &ExecuteOptions) -> Result<TxState> {
        Err(not_simulated())
    }

    async fn commit(&self, _: &Caller, _: &Target, _: i64) -> Result<TxState> {
        Err(not_simulated())
    }

    async fn rollback(&self, _: &Caller, _: &Target, _: i64) -> Result<i64> {
        Err(not_simulated())
    }

    async fn release(&self, _: &Caller, _: &Target, _: i64, _: i64) -> Result<()> {
        Err(not_simulated())
    }

    async fn stream_health(&self) -> Result<HealthStream> {
        let (sender, receiver) = mpsc::channel(1);
        let state = HealthState {
            target: self.target.clone(),
            serving: true,
            primary_term_start: self.term_start,
            alias: Some(self.alias.clone()),
            stats: RealtimeStats::default(),
        };
        let is_primary = self.target.tablet_type == TabletType::Primary;
        // Ends with its receiver.
        tokio::spawn(async move {
            let mut qps = 0.0;
            loop {
                let mut told = state.clone();
                // What real ones tell changes each time.
                qps += 1.0;
                told.stats.qps = qps;
                told.stats.replication_lag_seconds = u32::from(!is_primary);
                if sender.send(told).await.is_err() {
                    return;
                }
                tokio::time::sleep(HEALTH_PERIOD).await;
            }
        });
        Ok(receiver.into())
    }

    async fn get_schema(
        &self,
        _: &Target,
        which: SchemaTables,
        _: &[String],
    ) -> Result<SchemaReply> {
        let table = "create table t (id bigint not null primary key, v varchar(100))";
        let definitions = match which {
            SchemaTables::Tables | SchemaTables::All => vec![("t".to_owned(), table.to_owned())],
            SchemaTables::Views | SchemaTables::Udfs => Vec::new(),
        };
        Ok(SchemaReply { definitions })
    }
}
