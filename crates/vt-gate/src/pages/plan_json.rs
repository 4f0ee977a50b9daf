//! Plans as JSON, with Vitess's names of operators.

use serde_json::{Map, Value, json};
use vt_plan::{InsertRouting, InsertSource, JoinKind, Node, Plan, Route, Routing};

/// Returns a plan.
pub fn plan(plan: &Plan) -> Value {
    json!({
        "QueryType": crate::query::execute::operation(plan.statement),
        "Original": &*plan.original,
        "Instructions": node(&plan.root),
        "TablesUsed": plan.tables,
    })
}

/// Returns a step with those below it.
pub fn node(node: &Node) -> Value {
    let mut out = Map::new();
    let name = crate::query::record::plan_name(node);
    out.insert("OperatorType".to_owned(), json!(name));
    let inputs: Vec<&Node> = match node {
        Node::Route(route) => {
            describe_route(&mut out, route);
            Vec::new()
        }
        Node::Rows { rows, .. } => {
            out.insert("RowCount".to_owned(), json!(rows.len()));
            Vec::new()
        }
        Node::Limit { input, .. }
        | Node::Sort { input, .. }
        | Node::Distinct { input, .. }
        | Node::Filter { input, .. }
        | Node::Truncate { input, .. } => vec![input],
        Node::Project { input, names, .. } => {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            out.insert("Columns".to_owned(), json!(names));
            vec![input]
        }
        Node::Window(one) => vec![&one.input],
        Node::Match(one) => vec![&one.left, &one.right],
        Node::Aggregate(one) => {
            let variant = if one.group_by.is_empty() { "Scalar" } else { "Ordered" };
            out.insert("Variant".to_owned(), json!(variant));
            let aggregates: Vec<String> = one
                .aggregates
                .iter()
                .map(|spec| format!("{:?}({})", spec.func, spec.column))
                .collect();
            out.insert("Aggregates".to_owned(), json!(aggregates.join(", ")));
            vec![&one.input]
        }
        Node::Join(join) => {
            let variant = match join.kind {
                JoinKind::Inner => "Join",
                JoinKind::Left => "LeftJoin",
                JoinKind::Semi => "SemiJoin",
                JoinKind::Anti => "AntiJoin",
                JoinKind::Value => "ApplyValue",
                JoinKind::Any => "ApplyAny",
                JoinKind::All => "ApplyAll",
            };
            out.insert("Variant".to_owned(), json!(variant));
            let vars: Map<String, Value> =
                join.vars.iter().map(|(name, column)| (name.to_string(), json!(column))).collect();
            out.insert("JoinVars".to_owned(), Value::Object(vars));
            vec![&join.left, &join.right]
        }
        Node::Subquery(one) => {
            out.insert("Variant".to_owned(), json!(format!("{:?}", one.kind)));
            vec![&one.subquery, &one.outer]
        }
        Node::Concat { .. } | Node::With(_) | Node::Recurse(_) => node.inputs(),
        Node::VindexRows(one) => {
            out.insert("Vindex".to_owned(), json!(&*one.vindex.name));
            Vec::new()
        }
        Node::Kept { name, .. } => {
            out.insert("Name".to_owned(), json!(&**name));
            Vec::new()
        }
        Node::Insert(insert) => {
            let variant = match (&insert.routing, &insert.source) {
                (_, InsertSource::Select(_)) => "Select",
                (InsertRouting::Unsharded, _) => "Unsharded",
                (InsertRouting::Sharded(_), _) => "Sharded",
            };
            out.insert("Variant".to_owned(), json!(variant));
            out.insert("Keyspace".to_owned(), json!(&*insert.keyspace));
            out.insert("TableName".to_owned(), json!(&*insert.table));
            out.insert("Query".to_owned(), json!(insert_sql(insert)));
            match &insert.source {
                InsertSource::Values => Vec::new(),
                InsertSource::Select(select) => vec![select],
            }
        }
        Node::Update(write) | Node::Delete(write) => {
            describe_route(&mut out, &write.route);
            out.insert("Table".to_owned(), json!(&*write.table));
            write.input.iter().map(|input| &**input).collect()
        }
    };
    if !inputs.is_empty() {
        let inputs = inputs.into_iter().map(self::node).collect();
        out.insert("Inputs".to_owned(), Value::Array(inputs));
    }
    Value::Object(out)
}

fn insert_sql(insert: &vt_plan::Insert) -> String {
    let rows: Vec<&str> = insert.rows.iter().map(|row| &**row).collect();
    format!("{}{}{}", insert.prefix, rows.join(", "), insert.suffix)
}

fn describe_route(out: &mut Map<String, Value>, route: &Route) {
    out.insert("Variant".to_owned(), json!(variant(&route.routing)));
    out.insert("Keyspace".to_owned(), json!(&*route.keyspace));
    if let Some(vindex) = vindex(&route.routing) {
        out.insert("Vindex".to_owned(), json!(vindex));
    }
    if !route.field_sql.is_empty() {
        out.insert("FieldQuery".to_owned(), json!(&*route.field_sql));
    }
    out.insert("Query".to_owned(), json!(&*route.sql));
}

/// Returns Vitess's name of a routing.
pub fn variant(routing: &Routing) -> &'static str {
    match routing {
        Routing::Unsharded => "Unsharded",
        Routing::AnyShard => "Reference",
        Routing::Scatter => "Scatter",
        Routing::By(_) => "ByDestination",
        Routing::Equal { vindex, .. } if vindex.unique => "EqualUnique",
        Routing::Equal { .. } => "Equal",
        Routing::In { .. } => "IN",
        Routing::MultiEqual { .. } => "MultiEqual",
        Routing::Prefix { .. } => "SubShard",
        Routing::Nowhere => "None",
    }
}

fn vindex(routing: &Routing) -> Option<&str> {
    match routing {
        Routing::Equal { vindex, .. }
        | Routing::In { vindex, .. }
        | Routing::MultiEqual { vindex, .. }
        | Routing::Prefix { vindex, .. } => Some(&vindex.name),
        _ => None,
    }
}
