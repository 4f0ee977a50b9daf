//! Rows that a query finds, then changed or moved, with the entries of their lookup vindexes.

mod moving;
mod rows;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use vt_base::Error;
use vt_plan::{Change, ChangeAction, ChangePlace, TableChange};
use vt_value::{BindVars, Level, Notice, QueryResult, StreamPart};
use vt_vschema::ShardMap;

use crate::binds::named;
use crate::lookup::{self, EntryOf};
use crate::route::{self, destinations};
use crate::{
    Autocommit, CallOptions, ExecContext, ShardCall, ShardQueries, first_error, foreign, node,
};
use rows::FoundRow;
pub(crate) use rows::FoundRows;

/// How many keys one statement has.
const KEYS: usize = 500;

pub(crate) async fn run(change: &Change, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let locking = InTransaction(ctx.shards);
    // Rows are found in the transaction that changes them: no two calls to a shard may overlap.
    let ctx = ExecContext { shards: &locking, exclusive: true, ..ctx };
    let strict = ctx.session.sql_mode.is_strict() && !change.ignore;
    let finding = Finding(&locking);
    let shards: &dyn ShardQueries = if strict { &finding } else { &locking };
    let input = node::run(&change.input, ExecContext { shards, ..ctx }).await?;
    ctx.limits.check(input.rows.len())?;
    let mut results = Vec::with_capacity(change.tables.len());
    for table in &change.tables {
        results.push(change_table(table, &input, ctx).await?);
    }
    Ok(route::sum_counts(&mut results))
}

/// Changes the rows of a table that a query found.
pub(crate) async fn change_table(
    table: &TableChange,
    input: &QueryResult,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    change_keeping(table, input, &[], ctx).await
}

/// An entry of a vindex, by the vindex's name.
pub(crate) type NamedEntry = (Arc<str>, EntryOf);

/// Returns whether an entry of a vindex is among others, whatever types say the same values.
pub(crate) fn has_entry(entries: &[NamedEntry], vindex: &str, entry: &EntryOf) -> bool {
    entries.iter().any(|(name, held)| {
        **name == *vindex
            && held.1 == entry.1
            && held.0.iter().map(|value| &value.bytes).eq(entry.0.iter().map(|value| &value.bytes))
    })
}

/// Returns the entries that rows have which a query found.
pub(crate) fn entries_of(
    table: &TableChange,
    input: &QueryResult,
    ctx: ExecContext<'_>,
) -> Result<Vec<NamedEntry>, Error> {
    let map = ctx.shards.shards(&table.keyspace)?;
    let found = FoundRows::of(table, input, &map)?;
    let mut entries = Vec::new();
    for change in &table.lookups {
        for row in &found.rows {
            let id = row.id.clone().ok_or_else(|| Error::bug("a row without a keyspace id"))?;
            entries.push((change.vindex.name.clone(), (found.values(row, &change.old)?, id)));
        }
    }
    Ok(entries)
}

/// As [`change_table`]; some entries of the rows stay as they are.
pub(crate) async fn change_keeping(
    table: &TableChange,
    input: &QueryResult,
    kept: &[NamedEntry],
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    let map = ctx.shards.shards(&table.keyspace)?;
    let mut found = FoundRows::of(table, input, &map)?;
    let following = match &table.foreign {
        Some(foreign) => foreign::before(foreign, table, &mut found, ctx).await?,
        None => Vec::new(),
    };
    if found.rows.is_empty() {
        return Ok(QueryResult::default());
    }
    let changed = change_found(table, found, kept, &map, ctx).await?;
    foreign::after(following, ctx).await?;
    Ok(changed)
}

async fn change_found(
    table: &TableChange,
    found: FoundRows<'_>,
    kept: &[NamedEntry],
    map: &ShardMap,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    match &table.action {
        ChangeAction::ByKey { prefix, suffix, sets } => {
            change_entries(table, &found, kept, ctx).await?;
            let calls = by_key(table, &found, map, (prefix, suffix, sets), ctx)?;
            // Copies of a row are one row: those of the first shard count.
            let counted = match (&table.place, map.shards().first()) {
                (ChangePlace::EveryShard, Some(shard)) => Some(shard.name.clone()),
                _ => None,
            };
            run_counted(calls, counted, ctx).await
        }
        ChangeAction::Move(one) => moving::run(table, one, found, map, ctx).await,
    }
}

/// Removes the entries of what rows were, and adds those of what they will be.
async fn change_entries(
    table: &TableChange,
    found: &FoundRows<'_>,
    kept: &[NamedEntry],
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    for change in table.lookups.iter().filter(|change| change.new.as_ref() != Some(&change.old)) {
        let (mut old, mut new): (Vec<EntryOf>, Vec<EntryOf>) = (Vec::new(), Vec::new());
        for row in &found.rows {
            let id = || row.id.clone().ok_or_else(|| Error::bug("a row without a keyspace id"));
            if change.same.is_some_and(|place| found.is_true(row, place)) {
                continue;
            }
            old.push((found.values(row, &change.old)?, id()?));
            if let Some(places) = &change.new {
                new.push((found.values(row, places)?, id()?));
            }
        }
        old.retain(|entry| !has_entry(kept, &change.vindex.name, entry));
        lookup::remove(&change.vindex, &old, ctx).await?;
        lookup::create(&change.vindex, &new, false, ctx).await?;
    }
    Ok(())
}

type KeyStatement<'t> = (&'t Arc<str>, &'t Arc<str>, &'t [(Arc<str>, usize)]);

/// Makes the statements that change rows by their keys, in the order in which they were found.
fn by_key(
    table: &TableChange,
    found: &FoundRows<'_>,
    map: &ShardMap,
    (prefix, suffix, sets): KeyStatement<'_>,
    ctx: ExecContext<'_>,
) -> Result<Vec<ShardCall>, Error> {
    // What the statement says besides the keys may name variables of its own.
    let own = named(&format!("{prefix}{suffix}"), ctx.binds);
    let mut groups: Vec<(usize, BindVars, Vec<&FoundRow>)> = Vec::new();
    let mut group_of = std::collections::HashMap::new();
    let places: Vec<usize> = sets.iter().map(|(_, place)| *place).collect();
    for row in &found.rows {
        let values = found.values(row, &places)?;
        for shard in &row.shards {
            let group = *group_of.entry((*shard, values.clone())).or_insert_with(|| {
                let mut binds = own.clone();
                for ((name, _), value) in sets.iter().zip(&values) {
                    binds.set(name.clone(), value.clone());
                }
                groups.push((*shard, binds, Vec::new()));
                groups.len() - 1
            });
            groups[group].2.push(row);
        }
    }
    let mut calls = Vec::new();
    for (shard, binds, rows) in groups {
        for batch in rows.chunks(KEYS) {
            let mut binds = binds.clone();
            let keys = found.bind_keys(table, batch, &mut binds)?;
            calls.push(call(table, map, shard, format!("{prefix}{keys}{suffix}"), binds));
        }
    }
    Ok(calls)
}

fn call(
    table: &TableChange,
    map: &ShardMap,
    shard: usize,
    sql: String,
    binds: BindVars,
) -> ShardCall {
    ShardCall {
        keyspace: table.keyspace.clone(),
        shard: map.shards()[shard].name.clone(),
        sql: sql.into(),
        bind_vars: Arc::new(binds),
    }
}

pub(crate) async fn run_calls(
    calls: Vec<ShardCall>,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    run_counted(calls, None, ctx).await
}

/// Runs calls, and sums what they count; of one shard alone if one is named.
async fn run_counted(
    calls: Vec<ShardCall>,
    counted: Option<Arc<str>>,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    if calls.is_empty() {
        return Ok(QueryResult::default());
    }
    let counts = |call: &ShardCall| counted.as_ref().is_none_or(|shard| *shard == call.shard);
    let counting: Vec<bool> = calls.iter().map(counts).collect();
    let how = CallOptions { autocommit: Autocommit::Never, ..CallOptions::default() };
    let results = ctx.shards.execute(calls, how).await;
    if let Some(error) = first_error(&results) {
        return Err(error.clone());
    }
    let results = results.into_iter().zip(counting).filter(|(_, counts)| *counts);
    let mut results: Vec<QueryResult> = results.filter_map(|(result, _)| result.ok()).collect();
    Ok(route::sum_counts(&mut results))
}

/// What a statement that changes rows fails by in strict mode, where a query that finds the rows
/// goes on with a warning: a text that is no number.
const TRUNCATED: (u16, &str) = (1292, "Truncated incorrect");

/// The shards, as a statement that changes rows asks them for the rows.
struct Finding<'a>(&'a InTransaction<'a>);

fn found_strictly(result: QueryResult) -> Result<QueryResult, Error> {
    let (code, start) = TRUNCATED;
    let wrong = |notice: &&Notice| {
        notice.level == Level::Warning && notice.code == code && notice.message.starts_with(start)
    };
    match result.notices.iter().find(wrong) {
        Some(notice) => Err(Error::mysql(code, b"22007", &*notice.message)),
        None => Ok(result),
    }
}

#[async_trait]
impl ShardQueries for Finding<'_> {
    fn shards(&self, keyspace: &str) -> Result<Arc<ShardMap>, Error> {
        self.0.shards(keyspace)
    }

    async fn execute(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
    ) -> Vec<Result<QueryResult, Error>> {
        let results = self.0.execute(calls, how).await;
        results.into_iter().map(|result| result.and_then(found_strictly)).collect()
    }

    async fn stream(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
        out: Vec<mpsc::Sender<StreamPart>>,
    ) -> Vec<Result<QueryResult, Error>> {
        let results = self.0.stream(calls, how, out).await;
        results.into_iter().map(|result| result.and_then(found_strictly)).collect()
    }

    fn warn(&self, code: u16, message: String) {
        self.0.warn(code, message);
    }

    fn set_last_insert_id(&self, id: u64) {
        self.0.set_last_insert_id(id);
    }

    fn set_found_rows(&self, rows: u64) {
        self.0.set_found_rows(rows);
    }
}

/// The shards, all calls to which belong to the session's transaction, or to one that is opened.
pub(crate) struct InTransaction<'a>(pub(crate) &'a dyn ShardQueries);

fn joined(how: CallOptions) -> CallOptions {
    match how.outside_transaction {
        true => how,
        false => CallOptions { read_only: false, autocommit: Autocommit::Never, ..how },
    }
}

#[async_trait]
impl ShardQueries for InTransaction<'_> {
    fn shards(&self, keyspace: &str) -> Result<Arc<ShardMap>, Error> {
        self.0.shards(keyspace)
    }

    async fn execute(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
    ) -> Vec<Result<QueryResult, Error>> {
        self.0.execute(calls, joined(how)).await
    }

    async fn stream(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
        out: Vec<mpsc::Sender<StreamPart>>,
    ) -> Vec<Result<QueryResult, Error>> {
        self.0.stream(calls, joined(how), out).await
    }

    fn warn(&self, code: u16, message: String) {
        self.0.warn(code, message);
    }

    fn set_last_insert_id(&self, id: u64) {
        self.0.set_last_insert_id(id);
    }

    // Rows that are found to be changed are none that the client has asked for.
    fn set_found_rows(&self, _: u64) {}
}

/// Returns the places of the shards that hold a row, and its keyspace id.
fn shards_of(
    table: &TableChange,
    map: &ShardMap,
    values: impl FnOnce(&[usize]) -> Result<Vec<vt_value::TypedBytes>, Error>,
) -> Result<(Vec<usize>, Option<vt_base::KeyspaceId>), Error> {
    match &table.place {
        ChangePlace::Unsharded => Ok((vec![destinations::only_shard(map)?], None)),
        ChangePlace::Pinned(id) => Ok((vec![map.shard_of(id)?], Some(id.clone()))),
        ChangePlace::EveryShard => Ok(((0..map.shards().len()).collect(), None)),
        ChangePlace::Vindex { vindex, columns } => {
            let id = vindex.keyspace_id(&values(columns)?)?;
            Ok((vec![map.shard_of(&id)?], Some(id)))
        }
    }
}
