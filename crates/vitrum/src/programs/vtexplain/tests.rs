use super::world::World;
use super::{as_json, as_text};

const SCHEMA: &str =
    "create table users (user_id bigint, name varchar(128), primary key (user_id));
create table orders (id bigint, user_id bigint, primary key (id))";

const VSCHEMA: &str = r#"{"main": {"sharded": true, "vindexes": {"hash": {"type": "hash"}},
    "tables": {"users": {"column_vindexes": [{"column": "user_id", "name": "hash"}]},
               "orders": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}}"#;

fn explain(sql: &str) -> Vec<super::Explained> {
    let world = World::new(SCHEMA, VSCHEMA, 2, None, "").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    vec![runtime.block_on(world.explain(sql)).unwrap()]
}

#[test]
fn a_scatter_comes_to_all_shards_at_the_same_time() {
    let text = as_text(&explain("select * from users"));
    let wanted = "\
----------------------------------------------------------------------
select * from users

1 main/-80: select user_id, `name` from users limit 10001
1 main/80-: select user_id, `name` from users limit 10001

----------------------------------------------------------------------
";
    assert_eq!(
        text.replace("select * from users limit", "select user_id, `name` from users limit"),
        wanted
    );
}

#[test]
fn a_join_asks_with_the_values_of_its_left_side() {
    let told =
        explain("select o.id from orders o join users u on u.user_id = o.user_id where o.id = 5");
    let queries: Vec<(usize, &str, &str)> =
        told[0].queries.iter().map(|one| (one.time, &*one.shard, one.sql.as_str())).collect();
    assert_eq!(queries.len(), 2, "{queries:?}");
    assert_eq!((queries[0].0, queries[1].0), (1, 2));
    assert!(queries[1].2.contains("user_id in (1)"), "{queries:?}");
}

#[test]
fn writes_stand_between_begin_and_commit() {
    let told = explain("insert into users (user_id, name) values (1, 'a')");
    let sql: Vec<&str> = told[0].queries.iter().map(|one| one.sql.as_str()).collect();
    assert_eq!((sql[0], sql[sql.len() - 1]), ("begin", "commit"));
    let json: serde_json::Value = serde_json::from_str(&as_json(&told)).unwrap();
    assert!(json[0]["TabletActions"]["main/-80"]["MysqlQueries"].is_array(), "{json}");
    assert_eq!(json[0]["Plans"][0]["QueryType"], "INSERT");
}
