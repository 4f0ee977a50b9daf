//! A vindex read as a table: `select shard from hash where id = 5`.

use std::fmt::Write;

use vt_base::Error;
use vt_plan::VindexRows;
use vt_value::{Field, Fields, QueryResult, RowsBuilder, TypedBytes};
use vt_vschema::Destination;

use crate::ExecContext;

pub(crate) fn fields() -> Fields {
    VindexRows::COLUMNS.iter().map(|name| Field::new(name, VindexRows::TYPE)).collect()
}

pub(crate) fn run(one: &VindexRows, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let Some(values) = &one.values else { return Err(Error::bug("a vindex read without values")) };
    let values = values.typed_list(ctx.binds)?;
    let rows: Vec<&[TypedBytes]> = values.iter().map(std::slice::from_ref).collect();
    let map = ctx.shards.shards(&one.keyspace)?;
    let mut out = RowsBuilder::default();
    let mut push =
        |id: &[u8], keyspace_id: Option<&[u8]>, start: &[u8], end: &[u8], shard: &str| {
            let hex = keyspace_id.map(hex);
            let hex = hex.as_ref().map(String::as_bytes);
            out.push([Some(id), keyspace_id, Some(start), Some(end), hex, Some(shard.as_bytes())]);
        };
    for (value, destination) in values.iter().zip(one.vindex.map(&rows)?) {
        match &destination {
            Destination::None => {}
            Destination::KeyspaceIds(ids) => {
                for id in ids {
                    let shard = &map.shards()[map.shard_of(id)?];
                    let range = &shard.range;
                    push(&value.bytes, Some(id), range.start(), range.end(), &shard.name);
                }
            }
            Destination::KeyspaceId(id) => {
                let shard = &map.shards()[map.shard_of(id)?];
                push(&value.bytes, Some(id), shard.range.start(), shard.range.end(), &shard.name);
            }
            other => {
                for place in map.resolve(other)? {
                    let shard = &map.shards()[place];
                    push(&value.bytes, None, shard.range.start(), shard.range.end(), &shard.name);
                }
            }
        }
    }
    Ok(QueryResult::with_rows(fields(), out.finish()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
