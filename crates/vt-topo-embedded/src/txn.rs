//! Works out transactions; a put or a delete is one of a single operation.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use bytes::Bytes;
use tonic::Status;
use vt_etcd_api::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use vt_etcd_api::etcdserverpb::request_op::Request;
use vt_etcd_api::etcdserverpb::response_op::Response;
use vt_etcd_api::etcdserverpb::{
    Compare, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RequestOp,
    ResponseHeader, ResponseOp, TxnRequest, TxnResponse,
};
use vt_etcd_api::mvccpb::KeyValue;

use crate::range::{check_range, eval_range};
use crate::state::{KeySpan, Stage, View};

/// How many operations a branch of a transaction may have, as in etcd.
const OPERATIONS_MAX: usize = 128;

/// How deep transactions may lie in each other.
const DEPTH_MAX: usize = 8;

/// Refuses a transaction that no state could answer.
pub(crate) fn check_txn(request: &TxnRequest) -> Result<(), Status> {
    check_nested(request, 0)
}

fn check_nested(request: &TxnRequest, depth: usize) -> Result<(), Status> {
    if depth == DEPTH_MAX {
        return Err(Status::invalid_argument("etcdserver: transactions are nested too deep"));
    }
    let longest = request.compare.len().max(request.success.len()).max(request.failure.len());
    if longest > OPERATIONS_MAX {
        return Err(Status::invalid_argument("etcdserver: too many operations in txn request"));
    }
    if request.compare.iter().any(|compare| compare.key.is_empty()) {
        return Err(no_key());
    }
    for branch in [&request.success, &request.failure] {
        for operation in branch {
            check_operation(operation, depth)?;
        }
        let mut writes = Writes::default();
        writes.collect(branch)?;
    }
    Ok(())
}

fn check_operation(operation: &RequestOp, depth: usize) -> Result<(), Status> {
    match &operation.request {
        Some(Request::RequestRange(range)) => check_range(range),
        Some(Request::RequestPut(put)) => check_put(put),
        Some(Request::RequestDeleteRange(delete)) => check_delete(delete),
        Some(Request::RequestTxn(txn)) => check_nested(txn, depth + 1),
        None => Err(no_key()),
    }
}

pub(crate) fn check_put(request: &PutRequest) -> Result<(), Status> {
    if request.key.is_empty() {
        return Err(no_key());
    }
    if request.ignore_value && !request.value.is_empty() {
        return Err(Status::invalid_argument("etcdserver: value is provided"));
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(Status::invalid_argument("etcdserver: lease is provided"));
    }
    Ok(())
}

pub(crate) fn check_delete(request: &DeleteRangeRequest) -> Result<(), Status> {
    if request.key.is_empty() { Err(no_key()) } else { Ok(()) }
}

fn no_key() -> Status {
    Status::invalid_argument("etcdserver: key is not provided")
}

/// The keys that one run of a branch writes; each may be written once.
#[derive(Default)]
struct Writes {
    puts: BTreeSet<Bytes>,
    deletes: Vec<KeySpan>,
}

impl Writes {
    fn collect(&mut self, branch: &[RequestOp]) -> Result<(), Status> {
        for operation in branch {
            match &operation.request {
                Some(Request::RequestPut(put)) => self.put(&put.key)?,
                Some(Request::RequestDeleteRange(delete)) => {
                    self.delete(KeySpan::new(&delete.key, &delete.range_end))?;
                }
                Some(Request::RequestTxn(txn)) => {
                    // Either branch may run, but not both.
                    let (mut success, mut failure) = (Writes::default(), Writes::default());
                    success.collect(&txn.success)?;
                    failure.collect(&txn.failure)?;
                    self.absorb(success, failure)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn absorb(&mut self, success: Writes, failure: Writes) -> Result<(), Status> {
        let puts: BTreeSet<Bytes> = success.puts.into_iter().chain(failure.puts).collect();
        let deletes: Vec<KeySpan> = success.deletes.into_iter().chain(failure.deletes).collect();
        let twice = puts.iter().any(|key| self.writes(key))
            || deletes.iter().any(|span| self.puts.iter().any(|key| span.contains(key)));
        if twice {
            return Err(duplicate_key());
        }
        self.puts.extend(puts);
        self.deletes.extend(deletes);
        Ok(())
    }

    fn put(&mut self, key: &Bytes) -> Result<(), Status> {
        if self.writes(key) {
            return Err(duplicate_key());
        }
        self.puts.insert(key.clone());
        Ok(())
    }

    fn delete(&mut self, span: KeySpan) -> Result<(), Status> {
        if self.puts.iter().any(|key| span.contains(key)) {
            return Err(duplicate_key());
        }
        self.deletes.push(span);
        Ok(())
    }

    fn writes(&self, key: &Bytes) -> bool {
        self.puts.contains(key) || self.deletes.iter().any(|span| span.contains(key))
    }
}

fn duplicate_key() -> Status {
    Status::invalid_argument("etcdserver: duplicate key given in txn request")
}

/// Returns whether a transaction cannot change anything, whichever branch runs.
pub(crate) fn is_read_only(request: &TxnRequest) -> bool {
    request.success.iter().chain(&request.failure).all(|operation| match &operation.request {
        Some(Request::RequestRange(_)) | None => true,
        Some(Request::RequestTxn(txn)) => is_read_only(txn),
        Some(_) => false,
    })
}

/// Runs a transaction that may write.
pub(crate) fn eval_txn(stage: &mut Stage<'_>, request: &TxnRequest) -> Result<TxnResponse, Status> {
    let succeeded = holds(stage, &request.compare);
    let branch = if succeeded { &request.success } else { &request.failure };
    let mut responses = Vec::with_capacity(branch.len());
    for operation in branch {
        let response = match &operation.request {
            Some(Request::RequestRange(range)) => {
                Response::ResponseRange(eval_range(stage, range)?)
            }
            Some(Request::RequestPut(put)) => Response::ResponsePut(eval_put(stage, put)?),
            Some(Request::RequestDeleteRange(delete)) => {
                Response::ResponseDeleteRange(eval_delete(stage, delete))
            }
            Some(Request::RequestTxn(txn)) => Response::ResponseTxn(eval_txn(stage, txn)?),
            None => continue,
        };
        responses.push(ResponseOp { response: Some(response) });
    }
    Ok(TxnResponse { header: header(stage), succeeded, responses })
}

/// Runs a transaction that [`is_read_only`].
pub(crate) fn eval_read_only(view: &dyn View, request: &TxnRequest) -> Result<TxnResponse, Status> {
    let succeeded = holds(view, &request.compare);
    let branch = if succeeded { &request.success } else { &request.failure };
    let mut responses = Vec::with_capacity(branch.len());
    for operation in branch {
        let response = match &operation.request {
            Some(Request::RequestRange(range)) => Response::ResponseRange(eval_range(view, range)?),
            Some(Request::RequestTxn(txn)) => Response::ResponseTxn(eval_read_only(view, txn)?),
            _ => continue,
        };
        responses.push(ResponseOp { response: Some(response) });
    }
    Ok(TxnResponse { header: header(view), succeeded, responses })
}

pub(crate) fn eval_put(stage: &mut Stage<'_>, request: &PutRequest) -> Result<PutResponse, Status> {
    let before = stage.get(&request.key);
    if (request.ignore_value || request.ignore_lease) && before.is_none() {
        return Err(Status::invalid_argument("etcdserver: key not found"));
    }
    let value = match before {
        Some(before) if request.ignore_value => before.value.clone(),
        _ => request.value.clone(),
    };
    let lease = match before {
        Some(before) if request.ignore_lease => before.lease,
        _ => request.lease,
    };
    if lease != 0 && stage.lease(lease).is_none() {
        return Err(Status::not_found("etcdserver: requested lease not found"));
    }
    let before = stage.put(&request.key, value, lease);
    let prev_kv = before.filter(|_| request.prev_kv);
    Ok(PutResponse { header: header(stage), prev_kv })
}

pub(crate) fn eval_delete(
    stage: &mut Stage<'_>,
    request: &DeleteRangeRequest,
) -> DeleteRangeResponse {
    let gone = stage.delete(&KeySpan::new(&request.key, &request.range_end));
    let deleted = i64::try_from(gone.len()).unwrap_or(i64::MAX);
    let prev_kvs = if request.prev_kv { gone } else { Vec::new() };
    DeleteRangeResponse { header: header(stage), deleted, prev_kvs }
}

fn header(view: &dyn View) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision: view.revision(), ..ResponseHeader::default() })
}

fn holds(view: &dyn View, compares: &[Compare]) -> bool {
    compares.iter().all(|compare| {
        let rows = view.select(&KeySpan::new(&compare.key, &compare.range_end));
        match rows.is_empty() {
            // A key that is not there has no value, and zero for everything else.
            true => {
                compare.target() != CompareTarget::Value && holds_for(compare, &KeyValue::default())
            }
            false => rows.iter().all(|row| holds_for(compare, row)),
        }
    })
}

fn holds_for(compare: &Compare, row: &KeyValue) -> bool {
    let number = |given: i64, actual: i64| actual.cmp(&given);
    let order = match (compare.target(), &compare.target_union) {
        (CompareTarget::Version, Some(TargetUnion::Version(given))) => number(*given, row.version),
        (CompareTarget::Version, _) => number(0, row.version),
        (CompareTarget::Create, Some(TargetUnion::CreateRevision(given))) => {
            number(*given, row.create_revision)
        }
        (CompareTarget::Create, _) => number(0, row.create_revision),
        (CompareTarget::Mod, Some(TargetUnion::ModRevision(given))) => {
            number(*given, row.mod_revision)
        }
        (CompareTarget::Mod, _) => number(0, row.mod_revision),
        (CompareTarget::Lease, Some(TargetUnion::Lease(given))) => number(*given, row.lease),
        (CompareTarget::Lease, _) => number(0, row.lease),
        (CompareTarget::Value, Some(TargetUnion::Value(given))) => row.value.cmp(given),
        (CompareTarget::Value, _) => row.value.as_ref().cmp(b""),
    };
    match compare.result() {
        CompareResult::Equal => order == Ordering::Equal,
        CompareResult::Greater => order == Ordering::Greater,
        CompareResult::Less => order == Ordering::Less,
        CompareResult::NotEqual => order != Ordering::Equal,
    }
}

#[cfg(test)]
mod tests;
