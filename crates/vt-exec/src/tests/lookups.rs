//! Lookup vindexes: routing by them, and their entries as rows come.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::Expr;
use vt_plan::{Insert, InsertRouting, InsertSource, Node, Plan, Routing, VindexColumn};
use vt_value::{QueryResult, Type, TypedBytes};
use vt_vschema::spec::{ColumnVindexSpec, KeyspaceSpec, SrvVSchemaSpec, TableSpec, VindexSpec};
use vt_vschema::{VSchema, Vindex};

use super::fake::{Fake, int, lines, numeric, plan, result, route};
use crate::{ShardCall, execute};

/// A lookup vindex of keyspace `ks` over column `name` of `t`, whose table is `main.m`.
pub(super) fn lookup(typ: &str, params: &[(&str, &str)]) -> Arc<Vindex> {
    let base = [("table", "main.m"), ("from", "name"), ("to", "id")];
    let params = base.iter().chain(params).map(|(key, value)| ((*key).into(), (*value).into()));
    let lookup = VindexSpec { typ: typ.into(), params: params.collect(), owner: "t".into() };
    let numeric = VindexSpec { typ: "numeric".into(), ..VindexSpec::default() };
    let column = |column: &str, name: &str| ColumnVindexSpec {
        column: column.into(),
        name: name.into(),
        ..ColumnVindexSpec::default()
    };
    let table = TableSpec {
        column_vindexes: vec![column("id", "numeric"), column("name", "v")],
        ..TableSpec::default()
    };
    let sharded = KeyspaceSpec {
        sharded: true,
        vindexes: [("numeric".to_owned(), numeric), ("v".to_owned(), lookup)].into(),
        tables: [("t".to_owned(), table)].into(),
        ..KeyspaceSpec::default()
    };
    let keyspaces =
        [("ks".to_owned(), sharded), ("main".to_owned(), KeyspaceSpec::default())].into();
    let vschema = VSchema::build(&SrvVSchemaSpec { keyspaces, ..SrvVSchemaSpec::default() });
    vschema.keyspaces["ks"].vindexes["v"].clone()
}

fn text(text: &str) -> Expr {
    Expr::Literal(TypedBytes::varchar(text))
}

/// The entries of `main.m`: `a` lies on -80, `b` on both.
fn answer(call: &ShardCall) -> Result<QueryResult, Error> {
    if &*call.keyspace != "main" {
        return Ok(result(&[("id", Type::INT64)], &["7"]));
    }
    let asked = format!("{:?}", call.bind_vars.get("vals"));
    let mut rows = vt_value::RowsBuilder::default();
    for (name, id) in [("a", [1u8; 8]), ("b", [1; 8]), ("b", [0x90; 8])] {
        if asked.contains(&format!("\"{name}\"")) {
            rows.push([Some(name.as_bytes()), Some(&id[..])]);
        }
    }
    let fields = super::fake::fields(&[("name", Type::VARCHAR), ("id", Type::VARBINARY)]);
    Ok(QueryResult::with_rows(fields, rows.finish()))
}

fn equal(vindex: Arc<Vindex>, value: &str) -> Node {
    let routing = Routing::Equal { vindex: vindex.into(), values: vec![text(value)] };
    Node::Route(Box::new(route(routing, "find")))
}

#[tokio::test]
async fn a_value_goes_where_its_entries_say() {
    for (value, shards) in [("a", &["-80"][..]), ("b", &["-80", "80-"]), ("c", &["-80"])] {
        let fake = Fake::new(answer);
        let found = execute(&plan(equal(lookup("lookup", &[]), value)), &fake.ctx()).await.unwrap();
        let mut wanted = format!(
            "main/0 ro: select `name`, `id` from `m` where `name` in ::vals {{vals=({value})}}"
        );
        // A value without an entry is asked of any shard, for the fields.
        shards.iter().for_each(|shard| wanted += &format!("\nks/{shard} ro: find"));
        assert_eq!(fake.trace(), wanted);
        assert_eq!(lines(&found.rows).len(), shards.len());
    }
}

#[tokio::test]
async fn several_entries_of_a_unique_value_are_an_error() {
    let fake = Fake::new(answer);
    let error =
        execute(&plan(equal(lookup("lookup_unique", &[]), "b")), &fake.ctx()).await.unwrap_err();
    assert_eq!(error.message(), "Lookup.Map: unexpected multiple results from vindex main.m: b");
}

#[tokio::test]
async fn a_list_is_looked_up_and_split() {
    let vindex = lookup("consistent_lookup", &[("batch_lookup", "true")]);
    let values = Expr::Tuple(vec![text("a"), text("b"), text("c")]);
    let routing = Routing::In { vindex: vindex.into(), values, list_var: Some("part".into()) };
    let fake = Fake::new(answer);
    let node = Node::Route(Box::new(route(routing, "find ::part")));
    execute(&plan(node), &fake.ctx()).await.unwrap();
    assert_eq!(
        fake.trace(),
        "main/0 ro Pre: select `name`, `id` from `m` where `name` in ::vals {vals=(a b c)}\n\
         ks/-80 ro: find ::part {part=(a b)}\n\
         ks/80- ro: find ::part {part=(b)}"
    );
}

/// `insert into t(id, name)` of rows (1, 'x') and so on.
fn insert(vindex: Arc<Vindex>, names: &[Option<&str>]) -> Plan {
    let value = |name: &Option<&str>| match name {
        Some(name) => text(name),
        None => Expr::Literal(TypedBytes::NULL),
    };
    let column = |vindex: Arc<Vindex>, column: &str, rows, owned| VindexColumn {
        vindex: vindex.into(),
        columns: vec![column.into()],
        rows,
        offsets: Vec::new(),
        owned,
    };
    let ids = (0..names.len()).map(|row| vec![int(row as i64 + 1)]).collect();
    let values = names.iter().map(|name| vec![value(name)]).collect();
    let rows = (0..names.len()).map(|row| Arc::from(format!("(:_id_{row}, :_name_{row})")));
    plan(Node::Insert(Box::new(Insert {
        keyspace: "ks".into(),
        table: "ks.t".into(),
        routing: InsertRouting::Sharded(vec![
            column(numeric(), "id", ids, false),
            column(vindex, "name", values, true),
        ]),
        auto_increment: None,
        source: InsertSource::Values,
        prefix: "insert into t(id, name) values ".into(),
        rows: rows.collect(),
        suffix: "".into(),
        ignore: false,
        multi_shard_autocommit: false,
        timeout_ms: 0,
        conflicts: None,
        parents: Vec::new(),
    })))
}

fn done(_: &ShardCall) -> Result<QueryResult, Error> {
    Ok(QueryResult { rows_affected: 1, ..QueryResult::default() })
}

#[tokio::test]
async fn entries_come_before_their_rows_in_one_order() {
    for (typ, params, how, upsert) in [
        ("lookup", &[][..], "Never", ""),
        ("consistent_lookup", &[], "Never Pre", ""),
        (
            "lookup",
            &[("autocommit", "true")],
            "EachShard outside",
            " on duplicate key update `name` = values(`name`), `id` = values(`id`)",
        ),
        ("lookup_unique", &[("autocommit", "true")], "EachShard outside", ""),
    ] {
        let fake = Fake::new(done);
        let insert = insert(lookup(typ, params), &[Some("z"), Some("a")]);
        execute(&insert, &fake.ctx()).await.unwrap();
        let trace = fake.trace();
        let mut calls = trace.lines();
        let entries = calls.next().unwrap();
        let wanted = format!(
            "main/0 {how}: insert into `m`(`name`, `id`) values (:f0_0, :t_0), (:f0_1, :t_1){upsert} {{f0_0=a, "
        );
        assert!(entries.starts_with(&wanted), "{entries}");
        assert!(calls.next().unwrap().starts_with("ks/-80 IfSingle: insert into t(id, name)"));
        assert_eq!(calls.next(), None);
    }
}

#[tokio::test]
async fn null_has_no_entry_or_may_not_be() {
    let fake = Fake::new(done);
    let error = execute(&insert(lookup("lookup", &[]), &[None]), &fake.ctx()).await.unwrap_err();
    assert_eq!((error.errno(), fake.trace().as_str()), (1048, ""));
    let ignores = lookup("lookup", &[("ignore_nulls", "true")]);
    execute(&insert(ignores, &[None]), &fake.ctx()).await.unwrap();
    assert_eq!(fake.trace().lines().count(), 1);
}

#[tokio::test]
async fn an_entry_that_no_row_has_is_taken_over() {
    let duplicate = || Error::mysql(1062, b"23000", "Duplicate entry 'a' for key 'm.PRIMARY'");
    for (owner_has_it, taken) in [(false, true), (true, false)] {
        let fake = Fake::new(move |call: &ShardCall| match &*call.sql {
            sql if sql.starts_with("insert into `m`") => Err(duplicate()),
            sql if sql.starts_with("select `id` from `m`") => {
                let mut rows = vt_value::RowsBuilder::default();
                rows.push([Some(&[0x90u8; 8][..])]);
                let fields = super::fake::fields(&[("id", Type::VARBINARY)]);
                Ok(QueryResult::with_rows(fields, rows.finish()))
            }
            sql if sql.starts_with("select `name` from `t`") => {
                let rows: &[&str] = if owner_has_it { &["a"] } else { &[] };
                Ok(result(&[("name", Type::VARCHAR)], rows))
            }
            _ => done(call),
        });
        let insert = insert(lookup("consistent_lookup_unique", &[]), &[Some("a")]);
        let outcome = execute(&insert, &fake.ctx()).await;
        let trace = fake.trace();
        let calls: Vec<&str> = trace.lines().map(|line| line.split(" {").next().unwrap()).collect();
        let mut wanted = vec![
            "main/0 Never Pre: insert into `m`(`name`, `id`) values (:f0_0, :t_0)",
            "main/0 Never Pre: select `id` from `m` where `name` = :f0_0 for update",
            "ks/80- Never: select `name` from `t` where `name` = :f0_0 lock in share mode",
        ];
        if taken {
            wanted.push("main/0 Never Pre: update `m` set `id` = :t_0 where `name` = :f0_0");
            wanted.push("ks/-80 IfSingle: insert into t(id, name) values (:_id_0, :_name_0)");
        }
        assert_eq!(calls, wanted);
        assert_eq!(outcome.map_err(|error| error.errno()).err(), (!taken).then_some(1062));
    }
}
