//! A schema as messages.

use vt_proto::query;
use vt_tablet_api::{SchemaReply, SchemaTables};

/// How many bytes of definitions go into one message of a schema.
pub(crate) const SCHEMA_CHUNK_BYTES: usize = 1 << 20;

/// Cuts a schema into messages of moderate size; there is always one.
pub(super) fn schema_parts(
    reply: SchemaReply,
    which: SchemaTables,
) -> Vec<query::GetSchemaResponse> {
    if which == SchemaTables::Udfs {
        let udfs = reply.definitions.into_iter();
        let udfs = udfs.map(|(name, _)| query::UdfInfo { name, ..query::UdfInfo::default() });
        return vec![query::GetSchemaResponse { udfs: udfs.collect(), ..Default::default() }];
    }
    let mut parts = vec![query::GetSchemaResponse::default()];
    let mut bytes = 0;
    for (name, definition) in reply.definitions {
        if bytes >= SCHEMA_CHUNK_BYTES {
            parts.push(query::GetSchemaResponse::default());
            bytes = 0;
        }
        bytes += name.len() + definition.len();
        if let Some(part) = parts.last_mut() {
            part.table_definition.insert(name, definition);
        }
    }
    parts
}
