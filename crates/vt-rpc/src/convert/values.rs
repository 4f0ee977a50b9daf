//! Bind variables, and statements with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use vt_proto::query;
use vt_value::{BindVars, BoundValue, Type, TypedBytes};

/// Makes a statement with its bind variables.
pub fn query_to_proto(sql: &str, binds: &BindVars) -> query::BoundQuery {
    query::BoundQuery { sql: sql.to_owned(), bind_variables: binds_to_proto(binds) }
}

/// Takes a statement apart; none gives an empty statement.
pub fn query_from_proto(query: Option<query::BoundQuery>) -> (Arc<str>, Arc<BindVars>) {
    let query = query.unwrap_or_default();
    (query.sql.into(), Arc::new(binds_from_proto(query.bind_variables)))
}

/// Makes bind variables of ours of the message's.
pub fn binds_from_proto(binds: BTreeMap<String, query::BindVariable>) -> BindVars {
    let mut out = BindVars::new();
    for (name, bind) in binds {
        let value = if bind.r#type == Type::TUPLE.0 {
            let items = bind.values.into_iter();
            BoundValue::Tuple(
                items.map(|one| TypedBytes::new(Type(one.r#type), one.value)).collect(),
            )
        } else {
            BoundValue::One(TypedBytes::new(Type(bind.r#type), bind.value))
        };
        out.set(name, value);
    }
    out
}

/// Makes the message's bind variables of ours.
pub fn binds_to_proto(binds: &BindVars) -> BTreeMap<String, query::BindVariable> {
    let one = |value: &BoundValue| match value {
        BoundValue::One(value) => query::BindVariable {
            r#type: value.typ.0,
            value: value.bytes.clone(),
            values: Vec::new(),
        },
        BoundValue::Tuple(items) => query::BindVariable {
            r#type: Type::TUPLE.0,
            value: bytes::Bytes::new(),
            values: items
                .iter()
                .map(|item| query::Value { r#type: item.typ.0, value: item.bytes.clone() })
                .collect(),
        },
    };
    binds.iter().map(|(name, value)| (name.to_string(), one(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_survive_the_way_there_and_back() {
        let mut binds = BindVars::new();
        binds.set("a", TypedBytes::int64(-7));
        binds.set("b", TypedBytes::NULL);
        binds.set(
            "list",
            BoundValue::Tuple(vec![TypedBytes::varchar("x"), TypedBytes::uint64(u64::MAX)]),
        );
        binds.set("none", BoundValue::Tuple(Vec::new()));
        assert_eq!(binds_from_proto(binds_to_proto(&binds)), binds);
    }
}
