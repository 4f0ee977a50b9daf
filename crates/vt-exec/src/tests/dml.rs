//! INSERT, UPDATE and DELETE.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::Expr;
use vt_plan::{
    AutoIncrement, Insert, InsertRouting, InsertSource, Node, Routing, VindexColumn, Write,
};
use vt_value::{QueryResult, Type, TypedBytes};

use super::fake::{Fake, int, numeric, plan, result, route, scatter};
use crate::{ShardCall, execute};

fn changed(call: &ShardCall) -> Result<QueryResult, Error> {
    if call.sql.starts_with("select next") {
        return Ok(result(&[("nextval", Type::INT64)], &["100"]));
    }
    Ok(QueryResult {
        rows_affected: 2,
        insert_id: 7,
        info: "Records: 2  Duplicates: 0  Warnings: 0".into(),
        ..QueryResult::default()
    })
}

fn bind(name: &str) -> Expr {
    Expr::Bind(name.into())
}

/// `insert into t(id, v)` with the vindex on `id`; a row for each given id.
fn insert(ids: &[Expr]) -> Insert {
    let rows = (0..ids.len()).map(|row| Arc::from(format!("(:_id_{row}, 'x')")));
    Insert {
        keyspace: "ks".into(),
        table: "ks.t".into(),
        routing: InsertRouting::Sharded(vec![VindexColumn {
            vindex: numeric().into(),
            columns: vec!["id".into()],
            rows: ids.iter().map(|id| vec![id.clone()]).collect(),
            offsets: vec![0],
            owned: false,
        }]),
        auto_increment: None,
        source: InsertSource::Values,
        prefix: "insert into t(id, v) values ".into(),
        rows: rows.collect(),
        suffix: "".into(),
        ignore: false,
        multi_shard_autocommit: false,
        timeout_ms: 0,
        conflicts: None,
        parents: Vec::new(),
    }
}

fn high() -> Expr {
    Expr::Literal(TypedBytes::new(Type::UINT64, "9223372036854775808"))
}

fn null() -> Expr {
    Expr::Literal(TypedBytes::NULL)
}

fn sequence(values: Vec<Expr>, offset: Option<usize>) -> AutoIncrement {
    let sql = "select next :n values from seq".into();
    AutoIncrement { keyspace: "main".into(), sql, values, offset }
}

#[tokio::test]
async fn rows_go_to_their_shards() {
    let fake = Fake::new(changed);
    let mut insert = insert(&[int(1), high(), int(2)]);
    insert.suffix = " on duplicate key update v = 'y'".into();
    let result = execute(&plan(Node::Insert(Box::new(insert))), &fake.ctx()).await.unwrap();
    let update = "on duplicate key update v = 'y'";
    assert_eq!(
        fake.trace(),
        format!(
            "ks/-80 IfSingle: insert into t(id, v) values (:_id_0, 'x'), (:_id_2, 'x') {update} {{_id_0=1, _id_2=2}}\n\
             ks/80- IfSingle: insert into t(id, v) values (:_id_1, 'x') {update} {{_id_1=9223372036854775808}}"
        )
    );
    assert_eq!((result.rows_affected, result.insert_id), (4, 7));
    assert_eq!(&*result.info, "Records: 4  Duplicates: 0  Warnings: 0");
}

/// Answers as MySQL does: of one row nothing is told; of two rows one was there.
fn told(call: &ShardCall) -> Result<QueryResult, Error> {
    let rows = call.sql.matches("(:_id_").count() as u64;
    let found = u64::from(rows > 1);
    let rows_affected = match call.sql.contains("on duplicate key") {
        true => rows + found,
        false => rows - found,
    };
    let info = match rows {
        1 => "".into(),
        _ => format!("Records: {rows}  Duplicates: {found}  Warnings: {found}").into(),
    };
    Ok(QueryResult { rows_affected, info, warnings: found as u16, ..QueryResult::default() })
}

#[tokio::test]
async fn several_rows_are_told_of_where_shards_got_one() {
    let info = async |insert: Insert| {
        let fake = Fake::new(told);
        execute(&plan(Node::Insert(Box::new(insert))), &fake.ctx()).await.unwrap().info
    };
    let rows = [int(1), high(), int(2)];
    let ignore = Insert { ignore: true, ..insert(&rows) };
    assert_eq!(&*info(ignore).await, "Records: 3  Duplicates: 1  Warnings: 1");
    let update = Insert { suffix: " on duplicate key update v = 'y'".into(), ..insert(&rows) };
    assert_eq!(&*info(update).await, "Records: 3  Duplicates: 1  Warnings: 1");
    assert_eq!(&*info(insert(&[int(1)])).await, "");
}

#[tokio::test]
async fn ids_come_from_the_sequence_in_one_call() {
    let fake = Fake::new(changed);
    let mut insert = insert(&[bind("__seq0"), bind("__seq1"), bind("__seq2"), bind("__seq3")]);
    insert.auto_increment = Some(sequence(vec![null(), int(5), int(0), null()], None));
    let result = execute(&plan(Node::Insert(Box::new(insert))), &fake.ctx()).await.unwrap();
    let trace = fake.trace();
    let mut calls = trace.lines();
    assert_eq!(
        calls.next(),
        Some("main/0 EachShard outside: select next :n values from seq {n=3}")
    );
    assert_eq!(
        calls.next(),
        Some(
            "ks/-80 IfSingle: insert into t(id, v) values (:_id_0, 'x'), (:_id_1, 'x'), \
             (:_id_2, 'x'), (:_id_3, 'x') {_id_0=100, _id_1=5, _id_2=101, _id_3=102}"
        )
    );
    assert_eq!((result.insert_id, calls.next()), (100, None));
    assert_eq!(*fake.last_insert_id.lock().unwrap(), Some(100));
}

#[tokio::test]
async fn a_row_that_maps_nowhere_is_an_error_or_ignored() {
    let fake = Fake::new(changed);
    let mut insert = insert(&[int(1), null()]);
    let plan_of = |insert: &Insert| plan(Node::Insert(Box::new(insert.clone())));
    let error = execute(&plan_of(&insert), &fake.ctx()).await.unwrap_err();
    assert_eq!(error.message(), "VT09023: could not map [NULL_TYPE(NULL)] to a keyspace id");
    assert_eq!(fake.trace(), "");
    insert.ignore = true;
    execute(&plan_of(&insert), &fake.ctx()).await.unwrap();
    assert_eq!(
        fake.trace(),
        "ks/-80 IfSingle: insert into t(id, v) values (:_id_0, 'x') {_id_0=1}"
    );
}

#[tokio::test]
async fn a_second_vindex_must_agree_with_the_first() {
    let mut insert = insert(&[int(1), int(2)]);
    let InsertRouting::Sharded(vindexes) = &mut insert.routing else { panic!("it is sharded") };
    let second = VindexColumn {
        columns: vec!["other".into()],
        rows: vec![vec![int(1)], vec![int(3)]],
        ..vindexes[0].clone()
    };
    vindexes.push(second);
    let fake = Fake::new(changed);
    let error = execute(&plan(Node::Insert(Box::new(insert))), &fake.ctx()).await.unwrap_err();
    assert_eq!(
        error.message(),
        "values [INT64(3)] for column [other] does not map to keyspace ids"
    );
}

#[tokio::test]
async fn rows_of_a_query_are_bound_and_given_ids() {
    let fake = Fake::new(|call: &ShardCall| match &*call.sql {
        "select" => Ok(result(&[("a", Type::INT64), ("b", Type::VARCHAR)], &["1 x", "- y"])),
        _ => changed(call),
    });
    let mut insert = insert(&[]);
    insert.prefix = "insert into t(a, b, id) values ".into();
    let mut select = route(Routing::AnyShard, "select");
    select.keyspace = "main".into();
    insert.source = InsertSource::Select(Box::new(Node::Route(Box::new(select))));
    insert.auto_increment = Some(sequence(Vec::new(), None));
    let InsertRouting::Sharded(vindexes) = &mut insert.routing else { panic!("it is sharded") };
    vindexes[0].offsets = vec![2];
    execute(&plan(Node::Insert(Box::new(insert))), &fake.ctx()).await.unwrap();
    assert_eq!(
        fake.trace(),
        "main/0 ro: select\n\
         main/0 EachShard outside: select next :n values from seq {n=2}\n\
         ks/-80 IfSingle: insert into t(a, b, id) values (:_c0_0, :_c0_1, :__seq0), \
         (:_c1_0, :_c1_1, :__seq1) {_c0_0=1, _c0_1=x, __seq0=100, _c1_0=null, _c1_1=y, \
         __seq1=101}"
    );
}

#[tokio::test]
async fn an_unsharded_insert_is_one_statement() {
    let mut insert = insert(&[]);
    insert.keyspace = "main".into();
    insert.routing = InsertRouting::Unsharded;
    insert.rows = vec!["(1, 'x')".into(), "(2, 'y')".into()];
    let fake = Fake::new(changed);
    let result = execute(&plan(Node::Insert(Box::new(insert))), &fake.ctx()).await.unwrap();
    assert_eq!(fake.trace(), "main/0 IfSingle: insert into t(id, v) values (1, 'x'), (2, 'y')");
    assert_eq!(*fake.last_insert_id.lock().unwrap(), Some(7));
    assert_eq!(result.rows_affected, 2);
}

#[tokio::test]
async fn writes_add_up_and_may_go_nowhere() {
    let mut target = route(Routing::Scatter, "delete from t");
    target.read_only = false;
    target.multi_shard_autocommit = true;
    let write = |route| Write { route, table: "ks.t".into(), input: None };
    let fake = Fake::new(changed);
    let delete = plan(Node::Delete(Box::new(write(target.clone()))));
    let result = execute(&delete, &fake.ctx()).await.unwrap();
    assert_eq!(result.rows_affected, 4);
    assert_eq!(fake.trace(), "ks/-80 EachShard: delete from t\nks/80- EachShard: delete from t");
    let fake = Fake::new(changed);
    target.routing = Routing::Nowhere;
    let update = plan(Node::Update(Box::new(write(target))));
    assert_eq!(execute(&update, &fake.ctx()).await.unwrap(), QueryResult::default());
    assert_eq!(fake.trace(), "");
}

#[tokio::test]
async fn rows_to_change_are_found_first() {
    let fake = Fake::new(|call: &ShardCall| match &*call.sql {
        "find" => Ok(result(
            &[("id", Type::INT64)],
            match &*call.shard {
                "-80" => &["1", "-", "2"],
                _ => &[],
            },
        )),
        _ => changed(call),
    });
    let mut target = route(
        Routing::In {
            vindex: numeric().into(),
            values: Expr::BindTuple("dml_vals".into()),
            list_var: Some("dml_vals".into()),
        },
        "delete from t where id in ::dml_vals",
    );
    target.read_only = false;
    let write = Write { route: target, table: "ks.t".into(), input: Some(scatter("find")) };
    let result = execute(&plan(Node::Delete(Box::new(write))), &fake.ctx()).await.unwrap();
    assert_eq!(
        fake.trace(),
        "ks/-80 ro: find\nks/80- ro: find\n\
         ks/-80 IfSingle: delete from t where id in ::dml_vals {dml_vals=(1 2)}"
    );
    assert_eq!(result.rows_affected, 2);
}
