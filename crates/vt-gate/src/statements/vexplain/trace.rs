//! VEXPLAIN TRACE: the plan, with how often each step ran and how many rows it gave.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vt_plan::{Node, Plan};

use crate::query::execute::Trace;
use crate::scatter::Traced;

/// Returns the plan's steps with what the trace tells of them.
pub(super) fn annotated(plan: &Plan, trace: &Trace) -> Value {
    let mut json = vt_plan::explain::to_json(plan);
    let mut instructions = json["Instructions"].take();
    annotate(&plan.root, &mut instructions, trace);
    instructions
}

fn annotate(node: &Node, json: &mut Value, trace: &Trace) {
    let mut open = vec![(node, json)];
    while let Some((node, json)) = open.pop() {
        let Value::Object(map) = json else { continue };
        let mut counts = trace.rows_of(node);
        let asked: Vec<&Traced> = match map.get("Query").and_then(Value::as_str) {
            Some(sql) => trace.calls.iter().filter(|call| *call.sql == *sql).collect(),
            None => Vec::new(),
        };
        // A join asks by itself, row by row or for many rows at a time.
        let steps: BTreeSet<u64> = asked.iter().map(|call| call.step).collect();
        map.insert("NoOfCalls".to_owned(), json!(counts.len().max(steps.len())));
        if !counts.is_empty() {
            counts.sort_unstable();
            let total: usize = counts.iter().sum();
            let average = total as f64 / counts.len() as f64;
            map.insert("AvgNumberOfRows".to_owned(), json!(average));
            map.insert("MedianNumberOfRows".to_owned(), json!(counts[counts.len() / 2]));
        }
        if map.contains_key("Query") {
            map.insert("ShardsQueried".to_owned(), json!(asked.len()));
        }
        if let Some(Value::Array(inputs)) = map.get_mut("Inputs") {
            open.extend(node.inputs().into_iter().zip(inputs));
        }
    }
}
