//! Queries of `information_schema` go to the keyspace whose database they ask for, which a bind
//! variable may name.

use std::sync::Arc;

use vt_base::{Error, Result};
use vt_plan::{Need, Node, Plan, Routing};
use vt_value::{BindVars, BoundValue};

use crate::gate::Gate;

/// Returns the plan aimed at the keyspace that its values name; `None` where it is aimed already.
///
/// # Errors
/// `VT12001` for a query of several keyspaces: each has servers of its own, which know nothing of
/// the others' tables.
pub(super) fn aimed(gate: &Gate, plan: &Plan, binds: &BindVars) -> Result<Option<Plan>> {
    let mut wanted: Option<Arc<str>> = None;
    for need in &plan.needs {
        let values = match need {
            Need::SchemaOf(name) => vec![name.to_string()],
            Need::SchemaName(bind) => texts(binds.get(bind)),
            _ => continue,
        };
        for value in values {
            let name = value.split([':', '/', '@', '[']).next().unwrap_or(&value);
            if !gate.has_keyspace(name) {
                continue;
            }
            if wanted.as_deref().is_some_and(|one| one != name) {
                let what = "a query of information_schema about several keyspaces: ask for one at \
                            a time";
                return Err(Error::unsupported(what));
            }
            wanted = Some(name.into());
        }
    }
    let (Some(wanted), Node::Route(route)) = (wanted, &plan.root) else { return Ok(None) };
    let is_movable = matches!(route.routing, Routing::AnyShard | Routing::Unsharded);
    if route.keyspace == wanted || !is_movable {
        return Ok(None);
    }
    let mut plan = plan.clone();
    if let Node::Route(route) = &mut plan.root {
        route.keyspace = wanted;
        route.routing = Routing::AnyShard;
    }
    Ok(Some(plan))
}

fn texts(value: Option<&BoundValue>) -> Vec<String> {
    let text = |value: &vt_value::TypedBytes| String::from_utf8_lossy(&value.bytes).into_owned();
    match value {
        Some(BoundValue::One(value)) => vec![text(value)],
        Some(BoundValue::Tuple(values)) => values.iter().map(text).collect(),
        None => Vec::new(),
    }
}
