//! The tablet as gateways see it.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use vt_base::{Result, Target};
use vt_tablet_api::{
    Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, HealthStream, QueryService, SchemaReply,
    SchemaTables, StreamPart, TxState,
};

use crate::core::Core;
use crate::query::errors::dress_plain;

/// The query service of a tablet.
#[derive(Clone)]
pub struct TabletService(pub(crate) Arc<Core>);

#[async_trait]
impl QueryService for TabletService {
    async fn execute(&self, request: ExecuteRequest) -> ExecuteReply {
        self.0.queries.execute(request).await
    }

    async fn stream_execute(
        &self,
        request: ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply {
        self.0.queries.stream_execute(request, parts).await
    }

    async fn begin(
        &self,
        caller: &Caller,
        target: &Target,
        options: &ExecuteOptions,
    ) -> Result<TxState> {
        self.0.queries.begin(caller, target, options).await
    }

    async fn commit(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
    ) -> Result<TxState> {
        self.0.queries.commit(caller, target, transaction_id).await
    }

    async fn rollback(&self, caller: &Caller, target: &Target, transaction_id: i64) -> Result<i64> {
        self.0.queries.rollback(caller, target, transaction_id).await
    }

    async fn release(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
        reserved_id: i64,
    ) -> Result<()> {
        self.0.queries.release(caller, target, transaction_id, reserved_id).await
    }

    async fn stream_health(&self) -> Result<HealthStream> {
        Ok(self.0.health.stream().into())
    }

    async fn get_schema(
        &self,
        target: &Target,
        which: SchemaTables,
        names: &[String],
    ) -> Result<SchemaReply> {
        self.0.state.check(target)?;
        let found = self.0.schema.definitions(&self.0.db, which, names).await;
        found.map_err(|error| dress_plain(error, &Caller::default()))
    }
}
