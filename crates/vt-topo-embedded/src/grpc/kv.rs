//! Keys and values.

use tonic::{Request, Response, Status};
use vt_etcd_api::etcdserverpb::kv_server::Kv;
use vt_etcd_api::etcdserverpb::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest,
    PutResponse, RangeRequest, RangeResponse, TxnRequest, TxnResponse,
};

use crate::engine::Engine;
use crate::range::{check_range, eval_range};
use crate::txn::{check_delete, check_put, check_txn, eval_read_only, is_read_only};
use crate::writer::{Command, Written};

pub(crate) struct KvService(pub(crate) Engine);

fn mixed_up() -> Status {
    Status::internal("the writer answered another question")
}

#[tonic::async_trait]
impl Kv for KvService {
    async fn range(
        &self,
        request: Request<RangeRequest>,
    ) -> Result<Response<RangeResponse>, Status> {
        let request = request.into_inner();
        check_range(&request)?;
        let mut response = self.0.read(|state| eval_range(state, &request))?;
        self.0.complete(&mut response.header);
        Ok(Response::new(response))
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        let request = request.into_inner();
        check_put(&request)?;
        let Written::Put(mut response) = self.0.write(Command::Put(request)).await? else {
            return Err(mixed_up());
        };
        self.0.complete(&mut response.header);
        Ok(Response::new(response))
    }

    async fn delete_range(
        &self,
        request: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        let request = request.into_inner();
        check_delete(&request)?;
        let Written::Delete(mut response) = self.0.write(Command::Delete(request)).await? else {
            return Err(mixed_up());
        };
        self.0.complete(&mut response.header);
        Ok(Response::new(response))
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        let request = request.into_inner();
        check_txn(&request)?;
        let mut response = if is_read_only(&request) {
            self.0.read(|state| eval_read_only(state, &request))?
        } else {
            match self.0.write(Command::Txn(request)).await? {
                Written::Txn(response) => response,
                _ => return Err(mixed_up()),
            }
        };
        self.0.complete(&mut response.header);
        Ok(Response::new(response))
    }

    async fn compact(
        &self,
        request: Request<CompactionRequest>,
    ) -> Result<Response<CompactionResponse>, Status> {
        let revision = request.into_inner().revision;
        self.0.write(Command::Compact { revision }).await?;
        Ok(Response::new(CompactionResponse { header: self.0.header(self.0.revision()) }))
    }
}
