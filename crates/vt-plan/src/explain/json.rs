//! A plan as JSON, in the form that `VEXPLAIN PLAN` and `/debug/query_plans` give.

use serde_json::{Map, Value, json};

use super::expr::{join_column, show, show_all, show_over};
use super::rows;
use crate::{
    Aggregate, AggregateFunc, Insert, InsertRouting, InsertSource, Join, JoinColumn, JoinKind,
    Match, MatchKind, Node, Plan, Route, Routing, SortKey, StatementType, Subquery, SubqueryKind,
    Window, Write,
};

/// Returns a plan as JSON.
pub fn to_json(plan: &Plan) -> Value {
    let mut top = Map::new();
    top.insert("Type".to_owned(), json!(plan_type(&plan.root)));
    top.insert("QueryType".to_owned(), json!(statement(plan.statement)));
    top.insert("Original".to_owned(), json!(&*plan.original));
    top.insert("Instructions".to_owned(), node(&plan.root));
    if !plan.tables.is_empty() {
        top.insert("TablesUsed".to_owned(), json!(plan.tables));
    }
    Value::Object(top)
}

/// Returns the kind of a plan as metrics count it.
fn plan_type(root: &Node) -> &'static str {
    match root {
        Node::Route(route) => match &route.routing {
            Routing::Unsharded | Routing::Nowhere => "Passthrough",
            Routing::AnyShard => "Passthrough",
            Routing::Scatter => "Scatter",
            Routing::By(_) => "Passthrough",
            Routing::Equal { vindex, .. } if vindex.unique => "Passthrough",
            _ => "MultiShard",
        },
        Node::Join(_) => "Join",
        Node::Rows { .. } => "Local",
        Node::Project { input, .. } if matches!(**input, Node::Rows { .. }) => "Local",
        _ => "Complex",
    }
}

fn statement(statement: StatementType) -> &'static str {
    match statement {
        StatementType::Select => "SELECT",
        StatementType::Insert => "INSERT",
        StatementType::Replace => "REPLACE",
        StatementType::Update => "UPDATE",
        StatementType::Delete => "DELETE",
        StatementType::Ddl => "DDL",
        StatementType::Show => "SHOW",
        StatementType::Explain => "EXPLAIN",
        StatementType::Call => "CALL_PROC",
        StatementType::Other => "OTHER",
    }
}

fn object(operator: &str) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("OperatorType".to_owned(), json!(operator));
    map
}

fn with_inputs(mut map: Map<String, Value>, inputs: &[&Node]) -> Value {
    let inputs: Vec<Value> = inputs.iter().map(|input| node(input)).collect();
    map.insert("Inputs".to_owned(), Value::Array(inputs));
    Value::Object(map)
}

fn node(one: &Node) -> Value {
    match one {
        Node::Route(one) => route("Route", one),
        Node::Rows { .. } => Value::Object(object("SingleRow")),
        Node::Limit { input, count, offset, counts_all } => {
            let mut map = object("Limit");
            if *counts_all {
                map.insert("CalcFoundRows".to_owned(), json!(true));
            }
            if let Some(count) = count {
                map.insert("Count".to_owned(), json!(show(count)));
            }
            if let Some(offset) = offset {
                map.insert("Offset".to_owned(), json!(show(offset)));
            }
            with_inputs(map, &[input])
        }
        Node::Sort { input, keys, .. } => {
            let mut map = object("Sort");
            map.insert("Variant".to_owned(), json!("Memory"));
            map.insert("OrderBy".to_owned(), json!(order(keys)));
            with_inputs(map, &[input])
        }
        Node::Aggregate(one) => aggregate(one),
        Node::Window(one) => window(one),
        Node::Match(one) => matching(one),
        Node::Distinct { input, columns } => {
            let mut map = object("Distinct");
            let places: Vec<String> = columns.iter().map(place).collect();
            map.insert("Collations".to_owned(), json!(places));
            with_inputs(map, &[input])
        }
        Node::Filter { input, predicate } => {
            let mut map = object("Filter");
            map.insert("Predicate".to_owned(), json!(show(predicate)));
            with_inputs(map, &[input])
        }
        Node::Project { input, exprs, names } => {
            let mut map = object("Projection");
            let exprs = exprs.iter().zip(names);
            let exprs: Vec<String> =
                exprs.map(|(expr, name)| format!("{} as {name}", show(expr))).collect();
            map.insert("Expressions".to_owned(), json!(exprs));
            with_inputs(map, &[input])
        }
        Node::Truncate { input, columns } => {
            let mut map = object("SimpleProjection");
            let places: Vec<String> = (0..*columns).map(|place| place.to_string()).collect();
            map.insert("Columns".to_owned(), json!(places.join(",")));
            with_inputs(map, &[input])
        }
        Node::Join(one) => join(one),
        Node::Subquery(one) => subquery(one),
        Node::Concat { inputs } => {
            with_inputs(object("Concatenate"), &inputs.iter().collect::<Vec<_>>())
        }
        Node::With(_) | Node::Kept { .. } | Node::Recurse(_) | Node::VindexRows(_) => made(one),
        Node::Insert(one) => insert(one),
        Node::Update(one) => write("Update", one),
        Node::Delete(one) => write("Delete", one),
        Node::Change(change) => {
            let mut map = object("DMLWithInput");
            let changes: Vec<String> = change.tables.iter().map(super::change::line).collect();
            map.insert("Changes".to_owned(), json!(changes));
            let tables = change.tables.iter().filter_map(|table| table.foreign.as_deref());
            let foreign: Vec<String> = tables.flat_map(super::change::foreign).collect();
            if !foreign.is_empty() {
                map.insert("ForeignKeys".to_owned(), json!(foreign));
            }
            with_inputs(map, &one.inputs())
        }
        Node::ForeignKeys(_) => with_inputs(object("FKCascade"), &one.inputs()),
    }
}

/// Shows rows that a plan keeps or makes itself.
fn made(one: &Node) -> Value {
    match one {
        Node::With(with) => {
            let mut map = object("With");
            map.insert("Name".to_owned(), json!(&*with.name));
            with_inputs(map, &one.inputs())
        }
        Node::VindexRows(one) => {
            let mut map = object("VindexFunc");
            let variant = if one.vindex.unique { "VindexMap" } else { "VindexMapAll" };
            map.insert("Variant".to_owned(), json!(variant));
            let keyspace = json!({ "Name": &*one.keyspace, "Sharded": true });
            map.insert("Keyspace".to_owned(), keyspace);
            map.insert("Vindex".to_owned(), json!(&*one.vindex.name));
            let value = one.values.as_ref().map_or(String::new(), show);
            map.insert("Value".to_owned(), json!(value));
            Value::Object(map)
        }
        Node::Kept { name, .. } => {
            let mut map = object("Kept");
            map.insert("Name".to_owned(), json!(&**name));
            Value::Object(map)
        }
        Node::Recurse(recurse) => {
            let mut map = object("RecurseCTE");
            map.insert("Name".to_owned(), json!(&*recurse.name));
            map.insert("Distinct".to_owned(), json!(recurse.distinct.is_some()));
            with_inputs(map, &one.inputs())
        }
        _ => Value::Null,
    }
}

fn route(operator: &str, one: &Route) -> Value {
    let mut map = object(operator);
    map.insert("Variant".to_owned(), json!(variant(&one.routing)));
    let sharded = !matches!(one.routing, Routing::Unsharded);
    let keyspace = json!({ "Name": &*one.keyspace, "Sharded": sharded });
    map.insert("Keyspace".to_owned(), keyspace);
    if let Routing::By(destination) = &one.routing {
        map.insert("TargetDestination".to_owned(), json!(destination.to_string()));
    }
    if !one.field_sql.is_empty() {
        map.insert("FieldQuery".to_owned(), json!(&*one.field_sql));
    }
    if !one.merge_by.is_empty() {
        map.insert("OrderBy".to_owned(), json!(order(&one.merge_by)));
    }
    if one.multi_shard_autocommit {
        map.insert("MultishardAutocommit".to_owned(), json!(true));
    }
    map.insert("Query".to_owned(), json!(&*one.sql));
    if one.timeout_ms > 0 {
        map.insert("QueryTimeout".to_owned(), json!(one.timeout_ms));
    }
    if one.errors_as_warnings {
        map.insert("ScatterErrorsAsWarnings".to_owned(), json!(true));
    }
    if let Some((vindex, values)) = vindex_values(&one.routing) {
        map.insert("Values".to_owned(), json!(values));
        map.insert("Vindex".to_owned(), json!(vindex));
    }
    Value::Object(map)
}

/// Returns a routing's name among those that tools know.
fn variant(routing: &Routing) -> &'static str {
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
        Routing::Between { .. } => "Between",
        Routing::Nowhere => "None",
    }
}

fn vindex_values(routing: &Routing) -> Option<(String, Vec<String>)> {
    Some(match routing {
        Routing::Equal { vindex, values } | Routing::Prefix { vindex, values } => {
            (vindex.name.to_string(), values.iter().map(show).collect())
        }
        Routing::In { vindex, values, .. } => (vindex.name.to_string(), vec![show(values)]),
        Routing::Between { vindex, low, high } => {
            (vindex.name.to_string(), vec![show(low), show(high)])
        }
        Routing::MultiEqual { vindex, rows } => {
            let rows = rows.iter().map(|row| format!("({})", show_all(row)));
            (vindex.name.to_string(), rows.collect())
        }
        _ => return None,
    })
}

fn order(keys: &[SortKey]) -> String {
    let keys = keys.iter().map(|key| {
        let order = if key.descending { "DESC" } else { "ASC" };
        format!("{} {order}", place(key))
    });
    keys.collect::<Vec<_>>().join(", ")
}

fn place(key: &SortKey) -> String {
    match key.weight_column {
        Some(weight) => format!("({}|{weight})", key.column),
        None => key.column.to_string(),
    }
}

fn aggregate(one: &Aggregate) -> Value {
    let mut map = object("Aggregate");
    let variant = match (one.group_by.is_empty(), one.ordered) {
        (true, _) => "Scalar",
        (false, true) => "Ordered",
        (false, false) => "Hash",
    };
    map.insert("Variant".to_owned(), json!(variant));
    let calls = one.aggregates.iter().map(|spec| {
        let name = match (spec.func, spec.parts) {
            (AggregateFunc::Count | AggregateFunc::CountStar, true) => "sum_count",
            (AggregateFunc::CountStar, false) => "count_star",
            (func, _) => func.name(),
        };
        let distinct = if spec.distinct { "_distinct" } else { "" };
        let args: Vec<String> = spec.args.iter().map(place).collect();
        format!("{name}{distinct}({}) AS {}", args.join(", "), spec.name)
    });
    map.insert("Aggregates".to_owned(), json!(calls.collect::<Vec<_>>().join(", ")));
    if !one.group_by.is_empty() {
        let groups: Vec<String> = one.group_by.iter().map(place).collect();
        map.insert("GroupBy".to_owned(), json!(groups.join(", ")));
    }
    if one.rollup {
        map.insert("WithRollup".to_owned(), json!(true));
    }
    with_inputs(map, &[&one.input])
}

fn window(one: &Window) -> Value {
    let mut map = object("Window");
    let calls: Vec<String> = one.calls.iter().map(rows::window_call).collect();
    map.insert("Functions".to_owned(), json!(calls.join(", ")));
    if !one.partition_by.is_empty() {
        let places: Vec<String> = one.partition_by.iter().map(place).collect();
        map.insert("PartitionBy".to_owned(), json!(places.join(", ")));
    }
    if !one.order_by.is_empty() {
        map.insert("OrderBy".to_owned(), json!(order(&one.order_by)));
    }
    with_inputs(map, &[&one.input])
}

fn matching(one: &Match) -> Value {
    let operator = match one.kind {
        MatchKind::Intersect => "Intersect",
        MatchKind::Except => "Except",
    };
    let mut map = object(operator);
    map.insert("Variant".to_owned(), json!(if one.all { "All" } else { "Distinct" }));
    let places: Vec<String> = one.columns.iter().map(place).collect();
    map.insert("Collations".to_owned(), json!(places));
    with_inputs(map, &[&one.left, &one.right])
}

fn join(one: &Join) -> Value {
    let (operator, variant) = match one.kind {
        JoinKind::Inner if one.matching.is_some() => ("Join", "HashJoin"),
        JoinKind::Left if one.matching.is_some() => ("Join", "HashLeftJoin"),
        JoinKind::Inner => ("Join", "Join"),
        JoinKind::Left => ("Join", "LeftJoin"),
        JoinKind::Semi => ("SemiJoin", "SemiJoin"),
        JoinKind::Anti => ("SemiJoin", "AntiJoin"),
        JoinKind::Value => ("Apply", "Value"),
        JoinKind::Any => ("Apply", "Any"),
        JoinKind::All => ("Apply", "All"),
    };
    let mut map = object(operator);
    map.insert("Variant".to_owned(), json!(variant));
    let columns = one.columns.iter().map(|column| match column {
        JoinColumn::Left(place) => format!("L:{place}"),
        JoinColumn::Right(place) => format!("R:{place}"),
    });
    let columns: Vec<String> = columns.collect();
    map.insert("JoinColumnIndexes".to_owned(), json!(columns.join(",")));
    if !one.vars.is_empty() {
        let vars: Map<String, Value> =
            one.vars.iter().map(|(name, place)| (name.to_string(), json!(place))).collect();
        map.insert("JoinVars".to_owned(), Value::Object(vars));
    }
    if let Some(matching) = &one.matching {
        let keys = matching.keys.iter();
        let keys: Vec<String> =
            keys.map(|(left, right)| format!("L:{} = R:{}", left.column, right.column)).collect();
        map.insert("Matching".to_owned(), json!(keys.join(", ")));
        if let Some(var) = &matching.list_var {
            map.insert("ListVar".to_owned(), json!(&**var));
        }
    }
    if let Some(predicate) = &one.predicate {
        let columns: Vec<String> = predicate.columns.iter().map(join_column).collect();
        map.insert("Predicate".to_owned(), json!(show_over(&predicate.expr, &columns)));
    }
    with_inputs(map, &[&one.left, &one.right])
}

fn subquery(one: &Subquery) -> Value {
    let mut map = object("UncorrelatedSubquery");
    let variant = match one.kind {
        SubqueryKind::Value => "PulloutValue",
        SubqueryKind::In => "PulloutIn",
        SubqueryKind::Exists => "PulloutExists",
    };
    map.insert("Variant".to_owned(), json!(variant));
    let mut vars: Vec<&str> = Vec::new();
    vars.extend(one.has_values_var.as_deref());
    vars.push(&one.var);
    map.insert("PulloutVars".to_owned(), json!(vars));
    with_inputs(map, &[&one.subquery, &one.outer])
}

fn insert(one: &Insert) -> Value {
    let mut map = object("Insert");
    let (variant, sharded) = match (&one.routing, &one.source) {
        (_, InsertSource::Select(_)) => ("Select", true),
        (InsertRouting::Unsharded, _) => ("Unsharded", false),
        (InsertRouting::Copies, _) => ("Reference", true),
        (InsertRouting::Sharded(_), _) => ("Sharded", true),
    };
    map.insert("Variant".to_owned(), json!(variant));
    let keyspace = json!({ "Name": &*one.keyspace, "Sharded": sharded });
    map.insert("Keyspace".to_owned(), keyspace);
    if one.ignore {
        map.insert("InsertIgnore".to_owned(), json!(true));
    }
    let rows: Vec<&str> = one.rows.iter().map(|row| &**row).collect();
    let query = format!("{}{}{}", one.prefix, rows.join(", "), one.suffix);
    map.insert("Query".to_owned(), json!(query));
    map.insert("TableName".to_owned(), json!(&*one.table));
    if let Some(auto) = &one.auto_increment {
        let text = format!("{}:{}", auto.sql, show_all(&auto.values));
        map.insert("AutoIncrement".to_owned(), json!(text));
    }
    if let InsertRouting::Sharded(vindexes) = &one.routing {
        let values = vindexes.iter().map(|vindex| {
            let rows: Vec<String> = vindex.rows.iter().map(|row| show_all(row)).collect();
            (vindex.vindex.name.to_string(), json!(rows.join(", ")))
        });
        map.insert("VindexValues".to_owned(), Value::Object(values.collect()));
    }
    let inputs = crate::inputs::of_insert(one);
    match inputs.is_empty() {
        true => Value::Object(map),
        false => with_inputs(map, &inputs),
    }
}

fn write(operator: &str, one: &Write) -> Value {
    let mut value = route(operator, &one.route);
    if let Value::Object(map) = &mut value {
        let table = one.table.rsplit('.').next().unwrap_or_default();
        map.insert("Table".to_owned(), json!(table));
        if let Some(input) = &one.input {
            map.insert("Inputs".to_owned(), Value::Array(vec![node(input)]));
        }
    }
    value
}
