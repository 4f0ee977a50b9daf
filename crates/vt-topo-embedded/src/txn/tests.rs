use super::*;
use crate::state::{FIRST_REVISION, State};
use std::collections::BTreeMap;

fn put(key: &'static str, value: &'static str) -> RequestOp {
    let put = PutRequest { key: key.into(), value: value.into(), ..PutRequest::default() };
    RequestOp { request: Some(Request::RequestPut(put)) }
}

fn delete(key: &'static str, range_end: &'static str) -> RequestOp {
    let delete = DeleteRangeRequest {
        key: key.into(),
        range_end: range_end.into(),
        ..DeleteRangeRequest::default()
    };
    RequestOp { request: Some(Request::RequestDeleteRange(delete)) }
}

fn nested(success: Vec<RequestOp>, failure: Vec<RequestOp>) -> RequestOp {
    let txn = TxnRequest { compare: Vec::new(), success, failure };
    RequestOp { request: Some(Request::RequestTxn(txn)) }
}

fn of(success: Vec<RequestOp>) -> TxnRequest {
    TxnRequest { success, ..TxnRequest::default() }
}

#[test]
fn a_key_is_written_once() {
    let allowed = |operations| check_txn(&of(operations)).is_ok();
    assert!(allowed(vec![put("a", "1"), put("b", "1")]));
    assert!(!allowed(vec![put("a", "1"), put("a", "2")]));
    assert!(!allowed(vec![put("b", "1"), delete("a", "c")]));
    assert!(!allowed(vec![delete("a", "c"), put("b", "1")]));
    assert!(allowed(vec![delete("a", "c"), delete("b", "")]));
    assert!(allowed(vec![nested(vec![put("a", "1")], vec![put("a", "2")])]));
    assert!(!allowed(vec![put("a", "0"), nested(vec![], vec![put("a", "2")])]));
    assert!(!allowed(vec![nested(vec![put("a", "1")], vec![]), put("a", "2")]));
    assert!(!allowed(vec![put("", "1")]));
    assert!(!allowed(vec![RequestOp { request: None }]));
}

#[test]
fn size_and_depth_have_limits() {
    let many = |count: usize| (0..count).map(|_| delete("k", "")).collect::<Vec<_>>();
    assert!(check_txn(&of(many(OPERATIONS_MAX))).is_ok());
    assert!(check_txn(&of(many(OPERATIONS_MAX + 1))).is_err());
    let mut deep = put("k", "v");
    for _ in 1..DEPTH_MAX {
        deep = nested(vec![deep], Vec::new());
    }
    assert!(check_txn(&of(vec![deep.clone()])).is_ok());
    assert!(check_txn(&of(vec![nested(vec![deep], Vec::new())])).is_err());
}

fn state() -> State {
    let mut state = State::new(Vec::new(), BTreeMap::new(), FIRST_REVISION);
    let mut stage = Stage::new(&state);
    for (key, value) in [("a", "1"), ("b", "2")] {
        let done: Result<_, Status> =
            stage.request(|stage| eval_txn(stage, &of(vec![put(key, value)])));
        done.unwrap();
    }
    let changes = stage.into_changes();
    state.apply(changes);
    state
}

/// Checks whether `a` (value 1, revision 2, version 1) compares so.
fn check(key: &'static str, target: TargetUnion, result: CompareResult, expect: bool) {
    let kind = match target {
        TargetUnion::Version(_) => CompareTarget::Version,
        TargetUnion::CreateRevision(_) => CompareTarget::Create,
        TargetUnion::ModRevision(_) => CompareTarget::Mod,
        TargetUnion::Value(_) => CompareTarget::Value,
        TargetUnion::Lease(_) => CompareTarget::Lease,
    };
    let compare = Compare {
        result: result as i32,
        target: kind as i32,
        key: key.into(),
        target_union: Some(target.clone()),
        range_end: Bytes::new(),
    };
    assert_eq!(holds(&state(), &[compare]), expect, "{key} {result:?} {target:?}");
}

#[test]
fn comparisons_are_of_the_stored_with_the_given() {
    use CompareResult::{Equal, Greater, Less, NotEqual};
    check("a", TargetUnion::Value("1".into()), Equal, true);
    check("a", TargetUnion::Value("0".into()), Greater, true);
    check("a", TargetUnion::Value("2".into()), Less, true);
    check("a", TargetUnion::Value("1".into()), NotEqual, false);
    check("a", TargetUnion::ModRevision(2), Equal, true);
    check("a", TargetUnion::CreateRevision(0), Greater, true);
    check("a", TargetUnion::Version(1), Equal, true);
    check("a", TargetUnion::Lease(0), Equal, true);
    check("none", TargetUnion::Version(0), Equal, true);
    check("none", TargetUnion::CreateRevision(0), Equal, true);
    check("none", TargetUnion::Value("".into()), Equal, false);
    check("none", TargetUnion::Value("".into()), NotEqual, false);
}

#[test]
fn a_comparison_of_a_range_must_hold_for_each_key() {
    let compare = |target: TargetUnion, kind: CompareTarget| Compare {
        result: CompareResult::Equal as i32,
        target: kind as i32,
        key: "a".into(),
        target_union: Some(target),
        range_end: "c".into(),
    };
    assert!(holds(&state(), &[compare(TargetUnion::Version(1), CompareTarget::Version)]));
    let value = TargetUnion::Value("1".into());
    assert!(!holds(&state(), &[compare(value, CompareTarget::Value)]));
}

#[test]
fn a_transaction_sees_its_own_writes_and_has_one_revision() {
    let state = state();
    let mut stage = Stage::new(&state);
    let read = vt_etcd_api::etcdserverpb::RangeRequest {
        key: "a".into(),
        range_end: "z".into(),
        ..Default::default()
    };
    let read = RequestOp { request: Some(Request::RequestRange(read)) };
    let request = of(vec![put("c", "3"), delete("a", ""), read]);
    let response = stage.request(|stage| eval_txn(stage, &request)).unwrap();
    assert_eq!(response.header.unwrap().revision, 4);
    let Some(Response::ResponseRange(range)) = &response.responses[2].response else {
        panic!("the third answer is of a range")
    };
    let keys: Vec<&[u8]> = range.kvs.iter().map(|kv| kv.key.as_ref()).collect();
    assert_eq!(keys, [b"b", b"c"]);
    assert_eq!(stage.into_changes().revision, 4);
}

#[test]
fn a_put_needs_its_lease_and_its_key() {
    let state = state();
    let mut stage = Stage::new(&state);
    let mut run = |put: PutRequest| stage.request(|stage| eval_put(stage, &put));
    let no_lease = PutRequest { key: "a".into(), lease: 5, ..PutRequest::default() };
    assert_eq!(run(no_lease).unwrap_err().code(), tonic::Code::NotFound);
    let keep = PutRequest { key: "none".into(), ignore_value: true, ..PutRequest::default() };
    assert_eq!(run(keep).unwrap_err().message(), "etcdserver: key not found");
    let keep =
        PutRequest { key: "a".into(), ignore_value: true, prev_kv: true, ..Default::default() };
    assert_eq!(&run(keep).unwrap().prev_kv.unwrap().value[..], b"1");
}
