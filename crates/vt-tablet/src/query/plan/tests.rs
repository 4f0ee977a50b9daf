//! Plans of statements.

use super::*;

#[track_caller]
fn check(sql: &str, kind: PlanType, tables: &[&str]) -> Plan {
    let plan = Plan::new(sql);
    assert_eq!(plan.kind, kind, "{sql}");
    assert_eq!(&*plan.tables, tables, "{sql}");
    plan
}

#[test]
fn queries_are_capped_and_shared_unless_they_must_not_be() {
    let plan = check("select a from t where b = :b;", PlanType::Select, &["t"]);
    assert!(plan.limited && plan.shareable && plan.leaves == Leaves::Nothing);
    assert_eq!(plan.template.text(), "select a from t where b = :b");
    let plan = check("select a from t limit 5", PlanType::Select, &["t"]);
    assert!(!plan.limited && plan.shareable);
    let plan = check("select a from t for update", PlanType::SelectNoLimit, &["t"]);
    assert!(!plan.limited && !plan.shareable);
    let plan = check("select rand() from t", PlanType::Select, &["t"]);
    assert!(plan.limited && !plan.shareable);
    let plan = check("select a from t union select b from u", PlanType::Select, &["t", "u"]);
    assert!(plan.limited);
    check("select a from t where 1 != 1", PlanType::SelectImpossible, &["t"]);
    check("with x as (select 1 from t) select * from x", PlanType::Select, &["t"]);
    check("select 1 from t where a in (select b from u)", PlanType::Select, &["t", "u"]);
    check("select 1 from dual", PlanType::Select, &[]);
}

#[test]
fn only_statements_that_name_the_function_may_set_the_insert_id() {
    assert!(Plan::new("select Last_Insert_ID(7) from t").may_set_insert_id);
    assert!(!Plan::new("select id from t where id = :vtg1").may_set_insert_id);
}

#[test]
fn what_would_stay_on_a_connection_is_known() {
    let leaves = |sql: &str| Plan::new(sql).leaves;
    assert_eq!(leaves("select get_lock('a', 1) from dual"), Leaves::State("get_lock"));
    assert_eq!(leaves("set @@sql_mode = ''"), Leaves::State("set"));
    assert_eq!(leaves("set global max_connections = 5"), Leaves::Nothing);
    assert_eq!(leaves("select 1 into @a"), Leaves::State("user variable"));
    assert_eq!(leaves("select @a := 1"), Leaves::State("user variable"));
    assert_eq!(leaves("lock tables t read"), Leaves::State("lock tables"));
    assert_eq!(leaves("call p()"), Leaves::Unknown);
    assert_eq!(leaves("begin"), Leaves::Transaction("begin"));
    assert_eq!(leaves("commit"), Leaves::Transaction("commit"));
    assert_eq!(leaves("savepoint a"), Leaves::Nothing);
}

#[test]
fn statements_have_the_kinds_that_metrics_know() {
    check("insert into t(a) select b from u", PlanType::Insert, &["t", "u"]);
    check("replace into t values (1)", PlanType::Insert, &["t"]);
    check("update t join u on t.a = u.a set t.b = 1", PlanType::Update, &["t", "u"]);
    check("delete from t where a = 1", PlanType::Delete, &["t"]);
    check("savepoint x", PlanType::Savepoint, &[]);
    check("rollback to x", PlanType::RollbackSavepoint, &[]);
    check("release savepoint x", PlanType::Release, &[]);
    check("show variables", PlanType::Show, &[]);
    check("explain select 1 from t", PlanType::OtherRead, &["t"]);
    // What is no SQL goes to MySQL, which says so.
    check("selekt", PlanType::OtherAdmin, &[]);
}

#[test]
fn values_of_a_sequence_are_asked_for_by_number_or_bind() {
    let plan = check("select next :n values from seq", PlanType::Nextval, &["seq"]);
    let next = NextValues { table: "seq".into(), count: NextCount::Bind("n".into()) };
    assert_eq!(plan.next, Some(next));
    let plan = check("select next 5 values from seq", PlanType::Nextval, &["seq"]);
    assert_eq!(plan.next.unwrap().count, NextCount::Number(5));
    let plan = check("select next value from seq", PlanType::Nextval, &["seq"]);
    assert_eq!(plan.next.unwrap().count, NextCount::Number(1));
}

#[test]
fn the_cache_keeps_plans_within_its_size() {
    let cache = PlanCache::new(1 << 20);
    let sql: Arc<str> = "select 1 from t".into();
    let plan = cache.get(&sql);
    assert!(Arc::ptr_eq(&plan, &cache.get(&sql)));
    for number in 0..10_000 {
        cache.get(&format!("select {number} from t").into());
    }
    assert!(cache.len() < 5_000, "{}", cache.len());
    let long: Arc<str> = format!("select '{}'", "x".repeat(CACHED_TEXT_BYTES_MAX)).into();
    assert!(!Arc::ptr_eq(&cache.get(&long), &cache.get(&long)));
}
