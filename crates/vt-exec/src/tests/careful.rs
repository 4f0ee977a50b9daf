//! Rows that look for what they conflict with, into a table with a lookup vindex of its own.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::Expr;
use vt_plan::{
    ChangeAction, ChangePlace, ConflictHow, Conflicts, Insert, InsertRouting, InsertSource,
    KeyColumn, Node, TableChange, UniqueKey, VindexColumn,
};
use vt_value::{QueryResult, Type, TypedBytes};

use super::fake::{Fake, int, numeric, plan, result};
use super::lookups::lookup;
use crate::{ShardCall, execute};

/// `insert ignore into t(id, name)` of rows with these ids, and names `n0` and so on.
fn insert(ids: &[i64], how: ConflictHow) -> Node {
    let column = |vindex, column: &str, rows, owned| VindexColumn {
        vindex,
        columns: vec![column.into()],
        rows,
        offsets: Vec::new(),
        owned,
    };
    let name = |row| Expr::Literal(TypedBytes::varchar(&format!("n{row}")));
    let ids_of = ids.iter().map(|id| vec![int(*id)]).collect();
    let names = (0..ids.len()).map(|row| vec![name(row)]).collect();
    let values = ids.iter().map(|id| Some(int(*id))).collect();
    let id = KeyColumn {
        typ: Type::INT64,
        collation: None,
        size: 0,
        nullable: false,
        values,
        offset: None,
    };
    let removal = TableChange {
        table: "ks.t".into(),
        keyspace: "ks".into(),
        place: ChangePlace::Vindex { vindex: numeric().into(), columns: vec![0] },
        key: vec![0],
        lookups: Vec::new(),
        action: ChangeAction::ByKey { prefix: "delete ".into(), suffix: "".into(), sets: vec![] },
        foreign: None,
    };
    let probe = |row| Arc::from(format!("probe {row} :_id_{row}"));
    let conflicts = Conflicts {
        how,
        probes: (0..ids.len()).map(probe).collect(),
        selected: None,
        keys: vec![UniqueKey { columns: vec![id] }],
        removal,
    };
    let rows = (0..ids.len()).map(|row| Arc::from(format!("(:_id_{row}, :_name_{row})")));
    let vindexes = vec![
        column(numeric().into(), "id", ids_of, false),
        column(lookup("lookup", &[]).into(), "name", names, true),
    ];
    Node::Insert(Box::new(Insert {
        keyspace: "ks".into(),
        table: "ks.t".into(),
        routing: InsertRouting::Sharded(vindexes),
        auto_increment: None,
        source: InsertSource::Values,
        prefix: "insert ".into(),
        rows: rows.collect(),
        suffix: "".into(),
        ignore: false,
        multi_shard_autocommit: false,
        timeout_ms: 0,
        conflicts: Some(Box::new(conflicts)),
        parents: Vec::new(),
    }))
}

/// Runs it where the rows of these numbers are found, and returns what was asked.
async fn trace(ids: &[i64], how: ConflictHow, found: &'static [&'static str]) -> Vec<String> {
    let answer = move |call: &ShardCall| -> Result<QueryResult, Error> {
        if call.sql.contains("probe") {
            let rows: Vec<&str> = found
                .iter()
                .copied()
                .filter(|row| call.sql.contains(&format!("probe {row}")))
                .collect();
            return Ok(result(&[("row", Type::INT64)], &rows));
        }
        let left_out = found.iter().any(|row| call.sql.contains(&format!("_id_{row},")));
        Ok(QueryResult { rows_affected: u64::from(!left_out), ..QueryResult::default() })
    };
    let fake = Fake::new(answer);
    execute(&plan(insert(ids, how)), &fake.ctx()).await.unwrap();
    let trace = fake.trace();
    trace.lines().map(|line| line.split(" {").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rows_that_conflict_with_nothing_go_together() {
    let wanted = [
        "ks/-80 Never: (probe 0 :_id_0) union all (probe 1 :_id_1) union all (probe 2 :_id_2)",
        "main/0 Never: insert into `m`(`name`, `id`) values (:f0_0, :t_0), (:f0_1, :t_1), (:f0_2, :t_2)",
        "ks/-80 Never: insert (:_id_0, :_name_0), (:_id_1, :_name_1), (:_id_2, :_name_2)",
    ];
    for how in [ConflictHow::Ignore, ConflictHow::Replace, ConflictHow::Update] {
        assert_eq!(trace(&[1, 2, 3], how, &[]).await, wanted);
    }
}

#[tokio::test]
async fn a_row_that_is_left_out_gets_no_entry_and_is_told_of_by_its_shard() {
    let wanted = [
        "ks/-80 Never: (probe 0 :_id_0) union all (probe 1 :_id_1) union all (probe 2 :_id_2)",
        "main/0 Never: insert into `m`(`name`, `id`) values (:f0_0, :t_0), (:f0_1, :t_1)",
        "ks/-80 Never: insert (:_id_0, :_name_0), (:_id_2, :_name_2)",
        "ks/-80 Never: probe 1 :_id_1",
        "ks/-80 Never: insert (:_id_1, :_name_1)",
    ];
    assert_eq!(trace(&[1, 2, 3], ConflictHow::Ignore, &["1"]).await, wanted);
}

#[tokio::test]
async fn rows_with_one_key_go_one_by_one() {
    let wanted = [
        "ks/-80 Never: probe 0 :_id_0",
        "main/0 Never: insert into `m`(`name`, `id`) values (:f0_0, :t_0)",
        "ks/-80 Never: insert (:_id_0, :_name_0)",
        "ks/-80 Never: probe 1 :_id_1",
        "main/0 Never: insert into `m`(`name`, `id`) values (:f0_0, :t_0)",
        "ks/-80 Never: insert (:_id_1, :_name_1)",
    ];
    assert_eq!(trace(&[1, 1], ConflictHow::Ignore, &[]).await, wanted);
}
