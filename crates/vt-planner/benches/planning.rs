//! Time of planning: a join of ten tables that the gateway has not seen, and a point select.

#[path = "../tests/it/vschema_text.rs"]
mod vschema_text;

use criterion::{Criterion, criterion_group, criterion_main};
use vt_planner::{PlanContext, plan};
use vt_sql::{Arena, Modes};
use vt_vschema::VSchema;

/// Ten tables of one sharded keyspace, each with a column that leads to the next.
fn vschema() -> VSchema {
    let mut text = "keyspace ks sharded\nvindex hash hash\n".to_owned();
    for table in 0..10 {
        text += &format!(
            "table t{table} vindex=id:hash \
             columns=id:INT64,next:INT64,name:VARCHAR/utf8mb4_0900_ai_ci,n:INT32 authoritative\n"
        );
    }
    vschema_text::parse(&text)
}

/// A join along the chain, with conditions on every table, groups, order and a limit.
fn ten_way_join() -> String {
    let tables: Vec<String> = (0..10).map(|table| format!("t{table}")).collect();
    let joined = (1..10).map(|table| format!("t{}.next = t{table}.id", table - 1));
    let filtered = (0..10).map(|table| format!("t{table}.n > {table}"));
    let conditions: Vec<String> = joined.chain(filtered).collect();
    format!(
        "select t0.name, t9.name, count(*), sum(t5.n) from {} where {} \
         group by t0.name, t9.name order by 3 desc, 1 limit 10",
        tables.join(", "),
        conditions.join(" and ")
    )
}

fn planning(criterion: &mut Criterion) {
    let vschema = vschema();
    let mut ctx = PlanContext::new(&vschema);
    ctx.keyspace = Some("ks");
    for (name, sql) in [
        ("ten-way join", ten_way_join()),
        ("point select", "select name from t1 where id = 5".to_owned()),
    ] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                let arena = Arena::new();
                let statement = vt_sql::parse(&arena, &sql, Modes::default());
                statement.and_then(|statement| plan(&statement, &ctx))
            });
        });
    }
}

criterion_group!(benches, planning);
criterion_main!(benches);
