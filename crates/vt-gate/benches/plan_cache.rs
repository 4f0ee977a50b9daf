//! Time from the text of a statement to its plan where the plan is kept: of ten statements, and of
//! a hundred thousand.

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use vt_base::TabletType;
use vt_gate::query::plan_cache::{CachedPlan, Context, Lookup, PlanCache};
use vt_planner::{PlanContext, plan};
use vt_sql::fingerprint::fingerprint;
use vt_sql::{Arena, Modes};
use vt_vschema::VSchema;
use vt_vschema::spec::{KeyspaceSpec, SrvVSchemaSpec, TableSpec};

fn vschema() -> VSchema {
    let mut keyspace = KeyspaceSpec::default();
    keyspace.tables.insert("t".to_owned(), TableSpec::default());
    let mut spec = SrvVSchemaSpec::default();
    spec.keyspaces.insert("ks".to_owned(), keyspace);
    VSchema::build(&spec)
}

/// Statement `number`, whose shape no other has.
fn statement(number: usize) -> String {
    format!("select c as c{number} from t where id = {number}")
}

fn shape(sql: &str) -> u128 {
    fingerprint(sql, Modes::default()).expect("a short text").plan_key()
}

fn hits(criterion: &mut Criterion) {
    let vschema = vschema();
    let mut ctx = PlanContext::new(&vschema);
    ctx.keyspace = Some("ks");
    let context = Context {
        target: "ks".into(),
        tablet_type: TabletType::Primary,
        modes: Modes::default(),
        foreign_key_checks: true,
        vschema_version: 1,
    };
    for count in [10, 100_000] {
        let cache = PlanCache::new(1 << 30);
        let statements: Vec<String> = (0..count).map(statement).collect();
        for sql in &statements {
            let arena = Arena::new();
            let tree = vt_sql::parse(&arena, sql, context.modes).expect("a statement");
            let plan = plan(&tree, &ctx).expect("a plan");
            let kept = Arc::new(CachedPlan::new(plan, context.clone(), Vec::new()));
            cache.insert(shape(sql), context.hash(), kept);
        }
        let mut turn = 0;
        criterion.bench_function(&format!("plan-cache hit, {count} statements"), |bencher| {
            bencher.iter(|| {
                // In an order that no cache of the processor foresees.
                turn = (turn + 7_919) % count;
                let found = cache.find(shape(&statements[turn]), context.hash(), &context);
                assert!(matches!(found, Lookup::Plan(_)), "every statement is kept");
            });
        });
    }
}

criterion_group!(benches, hits);
criterion_main!(benches);
