//! Works out range requests.

use std::cmp::Ordering;

use tonic::Status;
use vt_etcd_api::etcdserverpb::range_request::{SortOrder, SortTarget};
use vt_etcd_api::etcdserverpb::{RangeRequest, RangeResponse, ResponseHeader};
use vt_etcd_api::mvccpb::KeyValue;

use crate::state::{KeySpan, View};

/// Refuses a range request that no state could answer.
pub(crate) fn check_range(request: &RangeRequest) -> Result<(), Status> {
    if request.key.is_empty() {
        return Err(Status::invalid_argument("etcdserver: key is not provided"));
    }
    if SortOrder::try_from(request.sort_order).is_err()
        || SortTarget::try_from(request.sort_target).is_err()
    {
        return Err(Status::invalid_argument("etcdserver: invalid sort option"));
    }
    Ok(())
}

/// Answers a range request; the caller adds the ids to the header.
pub(crate) fn eval_range(view: &dyn View, request: &RangeRequest) -> Result<RangeResponse, Status> {
    let span = KeySpan::new(&request.key, &request.range_end);
    let past = match request.revision {
        revision if revision <= 0 => None,
        revision if revision > view.settled_revision() => return Err(future_revision()),
        revision if revision < view.floor() => return Err(compacted()),
        revision if revision == view.revision() => None,
        revision => Some(view.past(&span, revision)),
    };
    let rows = match &past {
        Some(past) => past.iter().collect(),
        None => view.select(&span),
    };
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let header = Some(ResponseHeader { revision: view.revision(), ..ResponseHeader::default() });
    if request.count_only {
        return Ok(RangeResponse { header, kvs: Vec::new(), more: false, count });
    }
    let (kvs, more) = cut(filter_and_sort(rows, request), request);
    Ok(RangeResponse { header, kvs, more, count })
}

fn filter_and_sort<'a>(rows: Vec<&'a KeyValue>, request: &RangeRequest) -> Vec<&'a KeyValue> {
    let within = |value: i64, low: i64, high: i64| {
        (low == 0 || value >= low) && (high == 0 || value <= high)
    };
    let mut rows: Vec<&KeyValue> = rows
        .into_iter()
        .filter(|row| {
            within(row.mod_revision, request.min_mod_revision, request.max_mod_revision)
                && within(
                    row.create_revision,
                    request.min_create_revision,
                    request.max_create_revision,
                )
        })
        .collect();
    let target = request.sort_target();
    let order = match request.sort_order() {
        SortOrder::None if target != SortTarget::Key => SortOrder::Ascend,
        order => order,
    };
    // Rows come in order of key.
    if order == SortOrder::None || (order == SortOrder::Ascend && target == SortTarget::Key) {
        return rows;
    }
    let by_target = |one: &&KeyValue, other: &&KeyValue| -> Ordering {
        match target {
            SortTarget::Key => one.key.cmp(&other.key),
            SortTarget::Version => one.version.cmp(&other.version),
            SortTarget::Create => one.create_revision.cmp(&other.create_revision),
            SortTarget::Mod => one.mod_revision.cmp(&other.mod_revision),
            SortTarget::Value => one.value.cmp(&other.value),
        }
    };
    match order {
        SortOrder::Descend => rows.sort_by(|one, other| by_target(other, one)),
        _ => rows.sort_by(by_target),
    }
    rows
}

/// Takes the rows up to the limit, and tells whether there are more.
fn cut(rows: Vec<&KeyValue>, request: &RangeRequest) -> (Vec<KeyValue>, bool) {
    let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    let taken = rows.into_iter().take(limit).map(|row| match request.keys_only {
        true => KeyValue { value: bytes::Bytes::new(), ..row.clone() },
        false => row.clone(),
    });
    (taken.collect(), more)
}

pub(crate) fn compacted() -> Status {
    Status::out_of_range("etcdserver: mvcc: required revision has been compacted")
}

pub(crate) fn future_revision() -> Status {
    Status::out_of_range("etcdserver: mvcc: required revision is a future revision")
}
