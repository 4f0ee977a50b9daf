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
    check_nested(request, 0)?;
    for branch in [&request.success, &request.failure] {
        Writes::of(branch)?;
    }
    Ok(())
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

/// The keys that a branch writes. What counts as written twice is what etcd takes for it: this
/// branch's own deletes come first, then the transactions in it, then its puts.
#[derive(Default)]
struct Writes {
    puts: BTreeSet<Bytes>,
    deletes: Vec<KeySpan>,
}

impl Writes {
    fn of(branch: &[RequestOp]) -> Result<Writes, Status> {
        let mut writes = Writes::default();
        for operation in branch {
            if let Some(Request::RequestDeleteRange(delete)) = &operation.request
                // A delete without an end is not looked at.
                && delete.range_end.as_ref() != b"\0"
            {
                writes.deletes.push(KeySpan::new(&delete.key, &delete.range_end));
            }
        }
        for operation in branch {
            if let Some(Request::RequestTxn(txn)) = &operation.request {
                // Either branch may run, but not both.
                let (success, failure) = (Writes::of(&txn.success)?, Writes::of(&txn.failure)?);
                let mut inner = success.puts.iter().chain(&failure.puts);
                if inner.any(|key| writes.puts.contains(key) || writes.deletes(key)) {
                    return Err(duplicate_key());
                }
                for one in [success, failure] {
                    writes.puts.extend(one.puts);
                    writes.deletes.extend(one.deletes);
                }
            }
        }
        for operation in branch {
            if let Some(Request::RequestPut(put)) = &operation.request
                && (writes.deletes(&put.key) || !writes.puts.insert(put.key.clone()))
            {
                return Err(duplicate_key());
            }
        }
        Ok(writes)
    }

    fn deletes(&self, key: &Bytes) -> bool {
        self.deletes.iter().any(|span| span.contains(key))
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
    let path = choose(stage, request);
    run_writing(stage, &path)
}

/// Runs a transaction that [`is_read_only`].
pub(crate) fn eval_read_only(view: &dyn View, request: &TxnRequest) -> Result<TxnResponse, Status> {
    run_reading(view, &choose(view, request))
}

/// A transaction with the branch that it takes, and those in it likewise.
struct Chosen<'a> {
    succeeded: bool,
    branch: &'a [RequestOp],
    inner: Vec<Chosen<'a>>,
}

/// Compares everything before anything is changed: also the transactions inside see the state
/// from before.
fn choose<'a>(view: &dyn View, request: &'a TxnRequest) -> Chosen<'a> {
    let succeeded = holds(view, &request.compare);
    let branch = if succeeded { &request.success } else { &request.failure };
    let inner = branch.iter().filter_map(|operation| match &operation.request {
        Some(Request::RequestTxn(txn)) => Some(choose(view, txn)),
        _ => None,
    });
    Chosen { succeeded, branch, inner: inner.collect() }
}

fn run_writing(stage: &mut Stage<'_>, chosen: &Chosen<'_>) -> Result<TxnResponse, Status> {
    let mut inner = chosen.inner.iter();
    let mut responses = Vec::with_capacity(chosen.branch.len());
    for operation in chosen.branch {
        let response = match &operation.request {
            Some(Request::RequestRange(range)) => {
                Response::ResponseRange(eval_range(stage, range)?)
            }
            Some(Request::RequestPut(put)) => Response::ResponsePut(eval_put(stage, put)?),
            Some(Request::RequestDeleteRange(delete)) => {
                Response::ResponseDeleteRange(eval_delete(stage, delete))
            }
            Some(Request::RequestTxn(_)) => match inner.next() {
                Some(chosen) => Response::ResponseTxn(run_writing(stage, chosen)?),
                None => continue,
            },
            None => continue,
        };
        responses.push(ResponseOp { response: Some(response) });
    }
    Ok(TxnResponse { header: header(stage), succeeded: chosen.succeeded, responses })
}

fn run_reading(view: &dyn View, chosen: &Chosen<'_>) -> Result<TxnResponse, Status> {
    let mut inner = chosen.inner.iter();
    let mut responses = Vec::with_capacity(chosen.branch.len());
    for operation in chosen.branch {
        let response = match &operation.request {
            Some(Request::RequestRange(range)) => Response::ResponseRange(eval_range(view, range)?),
            Some(Request::RequestTxn(_)) => match inner.next() {
                Some(chosen) => Response::ResponseTxn(run_reading(view, chosen)?),
                None => continue,
            },
            _ => continue,
        };
        responses.push(ResponseOp { response: Some(response) });
    }
    Ok(TxnResponse { header: header(view), succeeded: chosen.succeeded, responses })
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
