//! Rows that a query finds, changed by their keys.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::{
    Change, ChangeAction, ChangePlace, LookupChange, Move, MovedColumn, Node, TableChange,
};
use vt_value::{Level, Notice, QueryResult, Type, TypedBytes};

use super::fake::{Fake, numeric, plan, result, scatter};
use super::lookups::lookup;
use crate::{ShardCall, execute};

/// Finds rows 1 on -80 and 2^63 on 80-, each with a name and a new one, the first twice.
fn answer(call: &ShardCall) -> Result<QueryResult, Error> {
    if &*call.sql != "find" {
        return Ok(QueryResult { rows_affected: 1, ..QueryResult::default() });
    }
    let columns = [
        ("id", Type::UINT64),
        ("name", Type::VARCHAR),
        ("new", Type::VARCHAR),
        ("same", Type::INT64),
    ];
    Ok(result(
        &columns,
        match &*call.shard {
            "-80" => &["1 a b 0", "1 a b 0", "- - - -"],
            _ => &["9223372036854775808 c c 1"],
        },
    ))
}

fn change(lookups: Vec<LookupChange>, action: ChangeAction) -> Change {
    let place = ChangePlace::Vindex { vindex: numeric().into(), columns: vec![0] };
    let table = TableChange {
        table: "ks.t".into(),
        keyspace: "ks".into(),
        place,
        key: vec![0],
        lookups,
        action,
        foreign: None,
    };
    Change { input: *scatter("find"), tables: vec![table], ignore: false }
}

fn by_key(sets: &[(&str, usize)]) -> ChangeAction {
    ChangeAction::ByKey {
        prefix: "update t set x = :x where id in (".into(),
        suffix: ") order by :own".into(),
        sets: sets.iter().map(|(name, place)| (Arc::from(*name), *place)).collect(),
    }
}

async fn trace_of(change: Change) -> (Vec<String>, u64) {
    let fake = Fake::new(answer).with_binds(&[("own", TypedBytes::int64(3).into())]);
    let done = execute(&plan(Node::Change(Box::new(change))), &fake.ctx()).await.unwrap();
    let trace = fake.trace();
    (trace.lines().map(str::to_owned).collect(), done.rows_affected)
}

#[tokio::test]
async fn rows_are_found_locked_and_changed_once_each() {
    let (trace, affected) = trace_of(change(Vec::new(), by_key(&[("x", 2)]))).await;
    let wanted = [
        "ks/-80 Never: find {own=3}",
        "ks/80- Never: find {own=3}",
        "ks/-80 Never: update t set x = :x where id in (:_k0_0) order by :own {own=3, x=b, _k0_0=1}",
        "ks/80- Never: update t set x = :x where id in (:_k0_0) order by :own \
         {own=3, x=c, _k0_0=9223372036854775808}",
    ];
    assert_eq!((trace, affected), (wanted.map(str::to_owned).to_vec(), 2));
}

#[tokio::test]
async fn what_a_query_warns_of_fails_a_change_in_strict_mode() {
    let warned = |call: &ShardCall| {
        answer(call).map(|found| {
            let message = "Truncated incorrect DOUBLE value: 'x'".into();
            let notice = Notice { level: Level::Warning, code: 1292, message };
            QueryResult { warnings: 1, notices: [notice].into(), ..found }
        })
    };
    for (ignore, fails) in [(false, true), (true, false)] {
        let fake = Fake::new(warned);
        let change = Change { ignore, ..change(Vec::new(), by_key(&[])) };
        let done = execute(&plan(Node::Change(Box::new(change))), &fake.ctx()).await;
        assert_eq!(done.err().map(|error| error.errno()), fails.then_some(1292));
        assert_eq!(fake.trace().contains("update"), !fails);
    }
}

#[tokio::test]
async fn entries_go_and_come_with_the_rows() {
    let one = |new, same| LookupChange { vindex: lookup("lookup", &[]), old: vec![1], new, same };
    let (trace, _) = trace_of(change(vec![one(Some(vec![2]), Some(3))], by_key(&[]))).await;
    let entries: Vec<&str> =
        trace.iter().filter(|call| call.starts_with("main")).map(String::as_str).collect();
    assert_eq!(entries.len(), 2, "the second row's name stays: {trace:?}");
    assert!(entries[0].starts_with("main/0 Never: delete from `m` where `name` = :f0_0 and"));
    assert!(entries[1].starts_with("main/0 Never: insert into `m`(`name`, `id`) values"));
    let (trace, _) = trace_of(change(vec![one(None, None)], by_key(&[]))).await;
    let entries: Vec<&String> = trace.iter().filter(|call| call.starts_with("main")).collect();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].contains("in ((:f0_0, :t_0), (:f0_1, :t_1))"), "{entries:?}");
}

#[tokio::test]
async fn rows_move_with_their_entries_and_others_stay() {
    // The new id is at place 0, as the old one: nothing moves.
    let moving = |to: usize, vindex| {
        let ChangeAction::ByKey { prefix, suffix, sets } = by_key(&[]) else { panic!("by key") };
        let one = Move {
            stay: (prefix, suffix, sets),
            delete: ("delete from t where id in (".into(), ")".into()),
            insert: "insert into t(id, name, at) values ".into(),
            columns: vec![
                MovedColumn::Input(to),
                MovedColumn::Input(1),
                MovedColumn::Sql("now()".into()),
            ],
            vindex_columns: vec![0],
        };
        let entry = LookupChange { vindex, old: vec![1], new: Some(vec![1]), same: None };
        change(vec![entry], ChangeAction::Move(Box::new(one)))
    };
    let (trace, _) = trace_of(moving(0, lookup("lookup", &[]))).await;
    assert!(trace[2..].iter().all(|call| call.contains("update t set x")), "{trace:?}");
    // The flag is the new id: row 1 becomes 0 and stays on its shard, the other comes to it.
    let (trace, affected) = trace_of(moving(3, lookup("consistent_lookup_unique", &[]))).await;
    let brief: Vec<&str> = trace[2..].iter().map(|call| call.split(" {").next().unwrap()).collect();
    assert_eq!(
        brief,
        [
            "main/0 Never Pre: update `m` set `id` = :t_0 where `name` = :f0_0",
            "main/0 Never Pre: update `m` set `id` = :t_0 where `name` = :f0_0",
            "ks/-80 Never: delete from t where id in (:_k0_0)",
            "ks/80- Never: delete from t where id in (:_k0_0)",
            "ks/-80 Never: insert into t(id, name, at) values (:_m0_0, :_m1_0, now()), \
             (:_m0_1, :_m1_1, now())",
        ]
    );
    assert_eq!(affected, 1);
}
