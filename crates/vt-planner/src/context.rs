//! What a statement is planned with, besides itself.

use vt_base::TabletType;
use vt_vschema::{Destination, VSchema};

/// The surroundings of a statement.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    pub vschema: &'a VSchema,
    /// The session's keyspace.
    pub keyspace: Option<&'a str>,
    /// The session is aimed at a shard or a key range of its keyspace: everything goes there.
    pub target: Option<&'a Destination>,
    pub tablet_type: TabletType,
    /// Statements that would go to all shards are refused (`--no-scatter`).
    pub no_scatter: bool,
    /// `@@foreign_key_checks`: the gateway looks after foreign keys where the vschema wants it.
    pub foreign_key_checks: bool,
}

impl<'a> PlanContext<'a> {
    /// Makes surroundings of a session that has just begun.
    pub fn new(vschema: &'a VSchema) -> PlanContext<'a> {
        PlanContext {
            vschema,
            keyspace: None,
            target: None,
            tablet_type: TabletType::Primary,
            no_scatter: false,
            foreign_key_checks: true,
        }
    }
}
