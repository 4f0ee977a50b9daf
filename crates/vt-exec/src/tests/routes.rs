//! Routings, errors, merges.

use vt_base::{Code, Error};
use vt_eval::Expr;
use vt_plan::Node;
use vt_plan::Routing;
use vt_value::{BoundValue, QueryResult, Type, TypedBytes};
use vt_vschema::Destination;

use super::fake::{Fake, fields, int, key, lines, numeric, plan, result, route, scatter};
use crate::{ShardCall, execute};

const HIGH: &str = "9223372036854775808";

fn shard_name(call: &ShardCall) -> Result<QueryResult, Error> {
    Ok(result(
        &[("shard", Type::VARCHAR)],
        if call.sql.ends_with("limit 0") { vec![] } else { vec![&*call.shard] }.as_slice(),
    ))
}

#[tokio::test]
async fn routings_pick_their_shards() {
    let high = || Expr::Literal(TypedBytes::new(Type::UINT64, HIGH));
    let list = || Expr::Tuple(vec![int(1), high(), int(2)]);
    let in_list = |list_var: Option<&str>| Routing::In {
        vindex: numeric().into(),
        values: list(),
        list_var: list_var.map(Into::into),
    };
    let null = || Expr::Literal(TypedBytes::NULL);
    let cases: Vec<(Routing, &str)> = vec![
        (Routing::AnyShard, "ks/-80 ro: q"),
        (Routing::Scatter, "ks/-80 ro: q\nks/80- ro: q"),
        (Routing::By(Destination::Shard("80-".into())), "ks/80- ro: q"),
        (Routing::Equal { vindex: numeric().into(), values: vec![int(1)] }, "ks/-80 ro: q"),
        (Routing::Equal { vindex: numeric().into(), values: vec![high()] }, "ks/80- ro: q"),
        (Routing::Equal { vindex: numeric().into(), values: vec![null()] }, "ks/-80 ro: q"),
        (Routing::Nowhere, "ks/-80 ro: q"),
        (in_list(None), "ks/-80 ro: q\nks/80- ro: q"),
        (
            in_list(Some("__vals")),
            "ks/-80 ro: q {__vals=(1 2)}\nks/80- ro: q {__vals=(9223372036854775808)}",
        ),
        (
            Routing::MultiEqual {
                vindex: numeric().into(),
                rows: vec![vec![int(1)], vec![int(5)]],
            },
            "ks/-80 ro: q",
        ),
    ];
    for (routing, trace) in cases {
        let fake = Fake::new(shard_name);
        let plan = plan(Node::Route(Box::new(route(routing.clone(), "q"))));
        let result = execute(&plan, &fake.ctx()).await.unwrap();
        assert_eq!(fake.trace(), trace, "{routing:?}");
        assert_eq!(result.rows.len(), trace.lines().count(), "{routing:?}");
        assert_eq!(result.fields, fields(&[("shard", Type::VARCHAR)]), "{routing:?}");
    }
}

#[tokio::test]
async fn values_come_from_bind_variables() {
    let values = Routing::In {
        vindex: numeric().into(),
        values: Expr::BindTuple("vtg1".into()),
        list_var: Some("__vals".into()),
    };
    let list = BoundValue::Tuple(vec![TypedBytes::int64(7), TypedBytes::NULL]);
    let fake = Fake::new(shard_name).with_binds(&[("vtg1", list)]);
    let plan = plan(Node::Route(Box::new(route(values, "q"))));
    execute(&plan, &fake.ctx()).await.unwrap();
    assert_eq!(fake.trace(), "ks/-80 ro: q {__vals=(7)}");

    let empty = BoundValue::Tuple(vec![TypedBytes::NULL]);
    let fake = Fake::new(shard_name).with_binds(&[("vtg1", empty)]);
    execute(&plan, &fake.ctx()).await.unwrap();
    assert_eq!(fake.trace(), "ks/-80 ro: q {vtg1=(null), __vals=(null)}");

    let fake = Fake::new(shard_name);
    let error = execute(&plan, &fake.ctx()).await.unwrap_err();
    assert_eq!(error.message(), "query arguments missing for vtg1");
}

#[tokio::test]
async fn one_shard_gives_its_rows_untouched() {
    let answer = result(&[("a", Type::INT64)], &["1", "2"]);
    let given = answer.clone();
    let fake = Fake::new(move |_| Ok(given.clone()));
    let plan = plan(Node::Route(Box::new(route(Routing::AnyShard, "q"))));
    let got = execute(&plan, &fake.ctx()).await.unwrap();
    assert_eq!(got, answer);
    assert_eq!(got.rows.data().as_ptr(), answer.rows.data().as_ptr());
}

#[tokio::test]
async fn an_unsharded_route_wants_one_shard() {
    let mut on_main = route(Routing::Unsharded, "q");
    let fake = Fake::new(shard_name);
    let error = execute(&plan(Node::Route(Box::new(on_main.clone()))), &fake.ctx()).await;
    assert_eq!(
        error.unwrap_err().message(),
        "VT09022: Destination does not have exactly one shard: keyspace ks has shards -80, 80-"
    );
    on_main.keyspace = "main".into();
    execute(&plan(Node::Route(Box::new(on_main))), &fake.ctx()).await.unwrap();
    assert_eq!(fake.trace(), "main/0 ro: q");
}

#[tokio::test]
async fn the_cause_is_the_error_and_warnings_are_asked_for() {
    let failing = |call: &ShardCall| match &*call.shard {
        "-80" => Err(Error::new(Code::Canceled, "cancelled")),
        _ => Err(Error::mysql(1146, b"42S02", "no such table")),
    };
    let fake = Fake::new(failing);
    let error = execute(&plan(*scatter("q")), &fake.ctx()).await.unwrap_err();
    assert_eq!((error.errno(), error.message()), (1146, "no such table"));

    let half = |call: &ShardCall| match &*call.shard {
        "-80" => Err(Error::mysql(1146, b"42S02", "no such table")),
        _ => shard_name(call),
    };
    let mut tolerant = route(Routing::Scatter, "q");
    tolerant.errors_as_warnings = true;
    let tolerant = plan(Node::Route(Box::new(tolerant)));
    let fake = Fake::new(half);
    let result = execute(&tolerant, &fake.ctx()).await.unwrap();
    assert_eq!(lines(&result.rows), ["80-"]);
    assert!(fake.trace().ends_with("warning 1146: no such table"));
    let fake = Fake::new(failing);
    assert!(execute(&tolerant, &fake.ctx()).await.is_err());
}

#[tokio::test]
async fn sorted_shards_merge_into_one_order() {
    let columns = [("a", Type::INT64), ("b", Type::VARCHAR), ("w", Type::VARBINARY)];
    let fake = Fake::new(move |call| {
        Ok(result(
            &columns,
            match &*call.shard {
                "-80" => &["- x -", "1 b B", "1 B B", "30 z Z"],
                _ => &["- y -", "1 a A", "9 c C"],
            },
        ))
    });
    let mut by_number = route(Routing::Scatter, "q");
    by_number.merge_by = vec![key(0)];
    let result = execute(&plan(Node::Route(Box::new(by_number.clone()))), &fake.ctx()).await;
    assert_eq!(
        lines(&result.unwrap().rows),
        ["- x -", "- y -", "1 b B", "1 B B", "1 a A", "9 c C", "30 z Z"]
    );
    let weighed = vt_plan::SortKey { weight_column: Some(2), ..key(1) };
    by_number.merge_by.push(weighed);
    let result = execute(&plan(Node::Route(Box::new(by_number.clone()))), &fake.ctx()).await;
    assert_eq!(
        lines(&result.unwrap().rows),
        ["- x -", "- y -", "1 a A", "1 b B", "1 B B", "9 c C", "30 z Z"]
    );
    by_number.merge_by = vec![key(1)];
    let error = execute(&plan(Node::Route(Box::new(by_number))), &fake.ctx()).await.unwrap_err();
    assert_eq!(
        error.message(),
        "VT12001: unsupported: ordering or grouping by strings of an unknown collation in column 'b'"
    );
}

#[tokio::test]
async fn members_of_an_enum_order_by_their_place() {
    let columns = [("e", Type::ENUM), ("place", Type::FLOAT64)];
    let fake = Fake::new(move |call| {
        Ok(result(
            &columns,
            match &*call.shard {
                "-80" => &["- -", "small 1", "big 3"],
                _ => &["middle 2"],
            },
        ))
    });
    let mut by_place = route(Routing::Scatter, "q");
    by_place.merge_by = vec![vt_plan::SortKey { weight_column: Some(1), ..key(0) }];
    let result_ = execute(&plan(Node::Route(Box::new(by_place.clone()))), &fake.ctx()).await;
    assert_eq!(lines(&result_.unwrap().rows), ["- -", "small 1", "middle 2", "big 3"]);
    by_place.merge_by = vec![key(0)];
    let error = execute(&plan(Node::Route(Box::new(by_place))), &fake.ctx()).await.unwrap_err();
    assert!(error.message().contains("ENUM values whose members are not known"), "{error}");
}

#[tokio::test]
async fn more_rows_than_memory_allows_are_an_error() {
    let mut fake = Fake::new(|_| Ok(result(&[("a", Type::INT64)], &["1", "2", "3"])));
    fake.limits.memory_rows = 5;
    let error = execute(&plan(*scatter("q")), &fake.ctx()).await.unwrap_err();
    assert_eq!(error.message(), "in-memory row count exceeded allowed limit of 5");
    assert_eq!((error.errno(), error.code()), (1153, Code::ResourceExhausted));
    fake.limits.memory_rows = 6;
    assert_eq!(execute(&plan(*scatter("q")), &fake.ctx()).await.unwrap().rows.len(), 6);
}
