//! A point select whose plan is kept allocates nothing that grows with the statement.

use std::sync::Arc;

use vt_base::TabletType;
use vt_gate::query::literals;
use vt_gate::query::plan_cache::{CachedPlan, Context, Lookup, PlanCache};
use vt_planner::{PlanContext, plan};
use vt_sql::fingerprint::fingerprint;
use vt_sql::{Arena, Modes};
use vt_value::BindVars;
use vt_vschema::VSchema;
use vt_vschema::spec::{KeyspaceSpec, SrvVSchemaSpec, TableSpec};

fn vschema() -> VSchema {
    let mut keyspace = KeyspaceSpec::default();
    keyspace.tables.insert("t".to_owned(), TableSpec::default());
    let mut spec = SrvVSchemaSpec::default();
    spec.keyspaces.insert("ks".to_owned(), keyspace);
    VSchema::build(&spec)
}

/// A point select of so many columns.
fn point_select(columns: usize) -> String {
    let columns: Vec<String> = (0..columns).map(|column| format!("column_{column}")).collect();
    format!("select {} from t where id = 12345", columns.join(", "))
}

/// Returns how many bytes are allocated from the text of a statement, whose plan is kept, to the
/// plan and its bind variables.
fn allocated(cache: &PlanCache, context: &Context, sql: &str) -> u64 {
    let mut binds = BindVars::new();
    let counted = allocation_counter::measure(|| {
        let print = fingerprint(sql, context.modes).expect("a short text");
        let found = cache.find(print.plan_key(), context.hash(), context);
        let Lookup::Plan(plan) = found else { panic!("the plan is kept") };
        literals::bind(sql, &print, &plan.frozen, context.modes, &mut binds);
    });
    assert_eq!(binds.len(), 1);
    counted.bytes_total
}

#[test]
fn what_a_kept_point_select_allocates_does_not_grow_with_it() {
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
    let cache = PlanCache::new(1 << 24);
    let mut bytes = Vec::new();
    for columns in [1, 30, 1_000] {
        let sql = point_select(columns);
        let arena = Arena::new();
        let tree = vt_sql::parse(&arena, &sql, context.modes).expect("a statement");
        let plan = plan(&tree, &ctx).expect("a plan");
        let shape = fingerprint(&sql, context.modes).expect("a short text").plan_key();
        let kept = Arc::new(CachedPlan::new(plan, context.clone(), Vec::new()));
        cache.insert(shape, context.hash(), kept);
        // What a process makes but once is made by the first.
        allocated(&cache, &context, &sql);
        bytes.push(allocated(&cache, &context, &sql));
    }
    assert!(bytes.iter().all(|one| *one == bytes[0]), "{bytes:?}");
    assert!(bytes[0] < 1_024, "{bytes:?}");
}
