//! VEXPLAIN TRACE: the plan, with how often each step ran and how many rows it gave.

use serde_json::{Value, json};
use vt_plan::{InsertSource, Node, Plan};

use crate::query::execute::Trace;

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
        map.insert("NoOfCalls".to_owned(), json!(counts.len()));
        if !counts.is_empty() {
            counts.sort_unstable();
            let total: usize = counts.iter().sum();
            let average = total as f64 / counts.len() as f64;
            map.insert("AvgNumberOfRows".to_owned(), json!(average));
            map.insert("MedianNumberOfRows".to_owned(), json!(counts[counts.len() / 2]));
        }
        if let Some(sql) = map.get("Query").and_then(Value::as_str) {
            let shards = trace.calls.iter().filter(|call| *call.sql == *sql).count();
            map.insert("ShardsQueried".to_owned(), json!(shards));
        }
        if let Some(Value::Array(inputs)) = map.get_mut("Inputs") {
            open.extend(inputs_of(node).into_iter().zip(inputs));
        }
    }
}

/// Returns the steps that a step reads from, in the order in which JSON lists them.
fn inputs_of(node: &Node) -> Vec<&Node> {
    match node {
        Node::Limit { input, .. }
        | Node::Sort { input, .. }
        | Node::Distinct { input, .. }
        | Node::Filter { input, .. }
        | Node::Project { input, .. }
        | Node::Truncate { input, .. } => vec![input],
        Node::Aggregate(one) => vec![&one.input],
        Node::Match(one) => vec![&one.left, &one.right],
        Node::Window(one) => vec![&one.input],
        Node::Join(one) => vec![&one.left, &one.right],
        Node::Subquery(one) => vec![&one.subquery, &one.outer],
        Node::Concat { inputs } => inputs.iter().collect(),
        Node::Insert(one) => match &one.source {
            InsertSource::Select(input) => vec![input],
            InsertSource::Values => Vec::new(),
        },
        Node::Update(one) | Node::Delete(one) => one.input.as_deref().into_iter().collect(),
        // Further steps have no notes below them.
        _ => Vec::new(),
    }
}
