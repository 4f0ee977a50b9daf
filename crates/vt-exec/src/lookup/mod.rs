//! Lookup vindexes: reading the table behind one, and keeping it right as rows come and go.

mod consistent;
mod read;
mod write;

use std::sync::Arc;

use vt_base::{Error, KeyspaceId};
use vt_value::{BindVars, QueryResult, TypedBytes};
use vt_vschema::{Backing, BackingColumn, Destination, Lookup, ShardMap, Vindex};

use crate::route::destinations;
use crate::{Autocommit, CallOptions, CommitOrder, ExecContext, ShardCall, first_error};

pub(crate) use read::{Reading, map, verify};
pub(crate) use write::{create, relocate, remove};

/// A value, or several columns' values, with where the row lies that has them.
pub(crate) type EntryOf = (Vec<TypedBytes>, KeyspaceId);

/// A lookup vindex with the table behind it.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    vindex: &'a Vindex,
    lookup: &'a Lookup,
    backing: &'a Backing,
}

impl<'a> Access<'a> {
    fn of(vindex: &'a Vindex) -> Result<Access<'a>, Error> {
        let lookup = vindex.lookup();
        let lookup = lookup.ok_or_else(|| Error::bug("a function where a lookup is meant"))?;
        Ok(Access { vindex, lookup, backing: vindex.backing()? })
    }

    /// Returns how the table is read.
    fn reading(&self) -> CallOptions {
        CallOptions {
            read_only: true,
            outside_transaction: self.lookup.autocommit,
            order: match self.lookup.consistent {
                true => CommitOrder::Pre,
                false => CommitOrder::Normal,
            },
            ..CallOptions::default()
        }
    }

    /// Returns how changes of the table are sent.
    fn writing(&self, order: CommitOrder) -> CallOptions {
        match self.lookup.autocommit {
            true => CallOptions {
                autocommit: Autocommit::EachShard,
                outside_transaction: true,
                ..CallOptions::default()
            },
            false => CallOptions { autocommit: Autocommit::Never, order, ..CallOptions::default() },
        }
    }

    /// Returns the place of the shard that has an entry; `None` if any may.
    fn shard_of(
        &self,
        map: &ShardMap,
        from: &[TypedBytes],
        to: Option<&TypedBytes>,
    ) -> Result<Option<usize>, Error> {
        if let Some(id) = &self.backing.pinned {
            return map.shard_of(id).map(Some);
        }
        let Some(primary) = &self.backing.primary else {
            return destinations::only_shard(map).map(Some);
        };
        let mut values = Vec::with_capacity(primary.columns.len());
        for column in &primary.columns {
            let value = match column {
                BackingColumn::From(place) => from.get(*place),
                BackingColumn::To => to,
            };
            match value {
                Some(value) => values.push(value.clone()),
                None => return Ok(None),
            }
        }
        match primary.vindex.map_row(&values)? {
            Destination::KeyspaceId(id) => map.shard_of(&id).map(Some),
            _ => {
                let message = "could not map the entry of lookup vindex";
                Err(Error::new(
                    vt_base::Code::InvalidArgument,
                    format!("{message} {} to a shard of its table", self.vindex.name),
                ))
            }
        }
    }

    fn call(&self, map: &ShardMap, shard: usize, sql: &Arc<str>, binds: BindVars) -> ShardCall {
        ShardCall {
            keyspace: self.backing.keyspace.name.clone(),
            shard: map.shards()[shard].name.clone(),
            sql: sql.clone(),
            bind_vars: Arc::new(binds),
        }
    }

    /// Binds the values of one entry as row `row` of a statement.
    fn bind(&self, binds: &mut BindVars, row: usize, entry: &StoredEntry) {
        for (column, value) in entry.from.iter().enumerate() {
            binds.set(vt_plan::lookup::from_var(column, row), value.clone());
        }
        binds.set(vt_plan::lookup::to_var(row), entry.to.clone());
    }

    /// Returns an entry in the form that the table holds.
    fn stored(&self, entry: &EntryOf) -> Result<StoredEntry, Error> {
        let from = entry.0.iter().map(|value| self.lookup.from_value(value)).collect();
        Ok(StoredEntry { from, to: self.lookup.to_value(&entry.1)? })
    }
}

/// An entry as the table holds it.
struct StoredEntry {
    from: Vec<TypedBytes>,
    to: TypedBytes,
}

/// Runs calls and returns their results, or the cause of the first failure.
async fn run(
    ctx: ExecContext<'_>,
    calls: Vec<ShardCall>,
    how: CallOptions,
) -> Result<Vec<QueryResult>, Error> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let results = ctx.shards.execute(calls, how).await;
    match first_error(&results) {
        Some(error) => Err(error.clone()),
        None => Ok(results.into_iter().flatten().collect()),
    }
}
