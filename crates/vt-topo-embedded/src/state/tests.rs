use super::*;

fn span(key: &str, end: &str) -> KeySpan {
    KeySpan::new(&Bytes::copy_from_slice(key.as_bytes()), &Bytes::copy_from_slice(end.as_bytes()))
}

fn commit(state: &mut State, run: impl FnOnce(&mut Stage<'_>)) {
    let mut stage = Stage::new(state);
    let done: Result<(), ()> = stage.request(|stage| {
        run(stage);
        Ok(())
    });
    done.unwrap();
    let changes = stage.into_changes();
    state.apply(changes);
}

fn put(state: &mut State, key: &'static str, value: &'static str) {
    commit(state, |stage| drop(stage.put(&key.into(), value.into(), 0)));
}

/// Prints the items as `key=value@create/mod/version`.
fn shown(rows: impl IntoIterator<Item = KeyValue>) -> Vec<String> {
    rows.into_iter()
        .map(|item| {
            let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
            format!(
                "{}={}@{}/{}/{}",
                text(&item.key),
                text(&item.value),
                item.create_revision,
                item.mod_revision,
                item.version
            )
        })
        .collect()
}

fn now(state: &State, span: &KeySpan) -> Vec<String> {
    shown(state.select(span).into_iter().cloned())
}

#[test]
fn revisions_and_versions_count_as_in_etcd() {
    let mut state = State::new(Vec::new(), BTreeMap::new(), FIRST_REVISION);
    put(&mut state, "a", "1");
    put(&mut state, "b", "1");
    put(&mut state, "a", "2");
    assert_eq!(now(&state, &span("a", "z")), ["a=2@2/4/2", "b=1@3/3/1"]);
    commit(&mut state, |stage| drop(stage.delete(&span("a", ""))));
    put(&mut state, "a", "3");
    assert_eq!(now(&state, &span("a", "")), ["a=3@6/6/1"]);
    // A request that changes nothing has no revision of its own.
    commit(&mut state, |stage| drop(stage.delete(&span("nothing", ""))));
    assert_eq!(state.revision(), 6);
}

#[test]
fn spans_are_read_as_requests_mean_them() {
    let mut state = State::new(Vec::new(), BTreeMap::new(), FIRST_REVISION);
    for key in ["a", "ab", "b", "c"] {
        put(&mut state, key, "");
    }
    let keys = |span: KeySpan| -> Vec<String> {
        let rows = state.select(&span);
        rows.iter().map(|item| String::from_utf8_lossy(&item.key).into_owned()).collect()
    };
    assert_eq!(keys(span("a", "")), ["a"]);
    assert_eq!(keys(span("a", "b")), ["a", "ab"]);
    assert_eq!(keys(span("ab", "\0")), ["ab", "b", "c"]);
    assert_eq!(keys(span("\0", "\0")), ["a", "ab", "b", "c"]);
    assert!(keys(span("c", "a")).is_empty());
    assert!(keys(span("c", "c")).is_empty());
}

#[test]
fn the_past_can_be_read_until_it_is_forgotten() {
    let mut state = State::new(Vec::new(), BTreeMap::new(), FIRST_REVISION);
    put(&mut state, "a", "1"); // 2
    put(&mut state, "b", "1"); // 3
    put(&mut state, "a", "2"); // 4
    commit(&mut state, |stage| drop(stage.delete(&span("b", "")))); // 5
    let all = span("\0", "\0");
    let past = |revision| shown(state.past(&all, revision));
    assert!(past(1).is_empty());
    assert_eq!(past(2), ["a=1@2/2/1"]);
    assert_eq!(past(3), ["a=1@2/2/1", "b=1@3/3/1"]);
    assert_eq!(past(4), ["a=2@2/4/2", "b=1@3/3/1"]);
    assert_eq!(past(5), ["a=2@2/4/2"]);
}

#[test]
fn a_failed_request_leaves_no_trace_in_its_batch() {
    let mut state = State::new(Vec::new(), BTreeMap::new(), FIRST_REVISION);
    put(&mut state, "a", "1");
    let mut stage = Stage::new(&state);
    let kept: Result<(), ()> = stage.request(|stage| {
        stage.put(&"b".into(), "kept".into(), 0);
        Ok(())
    });
    kept.unwrap();
    let failed: Result<(), &str> = stage.request(|stage| {
        stage.put(&"a".into(), "lost".into(), 0);
        stage.put(&"b".into(), "lost".into(), 0);
        stage.delete(&span("a", "z"));
        Err("no")
    });
    failed.unwrap_err();
    let changes = stage.into_changes();
    assert_eq!(changes.revision, 3);
    assert_eq!(changes.events.len(), 1);
    state.apply(changes);
    assert_eq!(now(&state, &span("a", "z")), ["a=1@2/2/1", "b=kept@3/3/1"]);
}

#[test]
fn a_lease_takes_its_keys_along() {
    let mut state = State::new(Vec::new(), BTreeMap::new(), FIRST_REVISION);
    commit(&mut state, |stage| {
        stage.grant(7, 30);
        stage.put(&"a".into(), "".into(), 7);
        stage.put(&"b".into(), "".into(), 7);
    });
    commit(&mut state, |stage| drop(stage.put(&"b".into(), "".into(), 0)));
    commit(&mut state, |stage| {
        stage.put(&"c".into(), "".into(), 7);
        stage.revoke(7);
    });
    let keys: Vec<String> = now(&state, &span("\0", "\0"));
    assert_eq!(keys, ["b=@2/3/2"]);
    assert!(state.leases().is_empty());
    assert_eq!(state.keys_of_lease(7).count(), 0);
}
