//! The demo: a shop with products in one keyspace, customers and orders sharded in another.

/// The tables of a keyspace, and how they are sharded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DemoSchema {
    pub(crate) sql: &'static str,
    pub(crate) vschema: &'static str,
}

/// The keyspaces, as `--keyspace` takes them.
pub(crate) const KEYSPACES: [&str; 2] = ["commerce", "customer:-80,80-"];

/// Returns the demo's part for a keyspace.
pub(crate) fn schema_of(keyspace: &str) -> Option<DemoSchema> {
    match keyspace {
        "commerce" => Some(DemoSchema {
            sql: include_str!("demo/commerce.sql"),
            vschema: include_str!("demo/commerce.vschema.json"),
        }),
        "customer" => Some(DemoSchema {
            sql: include_str!("demo/customer.sql"),
            vschema: include_str!("demo/customer.vschema.json"),
        }),
        _ => None,
    }
}

/// Returns the statements that insert the demo's rows; each can be run again without harm.
pub(crate) fn rows() -> impl Iterator<Item = &'static str> {
    include_str!("demo/rows.sql").split(';').map(str::trim).filter(|sql| !sql.is_empty())
}
