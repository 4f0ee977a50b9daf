//! Which shard each row of an INSERT goes to.

use std::borrow::Cow;
use std::sync::Arc;

use vt_base::{Error, ErrorId, KeyspaceId};
use vt_eval::Expr;
use vt_plan::{Insert, InsertRouting, VindexColumn};
use vt_value::{BindVars, QueryResult, TypedBytes};
use vt_vschema::{Destination, ShardMap, Vindex};

use super::rows::{Source, Texts};
use crate::change::{NamedEntry, has_entry};
use crate::lookup::{self, EntryOf, Reading};
use crate::{ExecContext, ShardCall, binds::named_in};

/// Returns the variable that a row's value of a vindex column is bound to.
pub(crate) fn name(column: &str, row: usize) -> String {
    format!("_{column}_{row}")
}

/// Which rows are meant.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rows<'k> {
    /// One of them alone.
    pub(crate) only: Option<usize>,
    /// Entries of owned lookup vindexes are left as they are.
    pub(crate) without_entries: bool,
    /// Entries that are there already.
    pub(crate) kept: &'k [NamedEntry],
    /// Those that are left out.
    pub(crate) left_out: &'k [bool],
}

impl Rows<'_> {
    fn has(&self, row: usize) -> bool {
        self.only.is_none_or(|only| only == row) && self.left_out.get(row) != Some(&true)
    }
}

/// The rows of an INSERT, which are not on their shards yet.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) insert: &'a Insert,
    pub(crate) source: Source<'a>,
    pub(crate) texts: &'a Texts,
    pub(crate) binds: &'a BindVars,
    pub(crate) ctx: ExecContext<'a>,
}

/// The rows of an INSERT by their shards.
pub(crate) struct Divided {
    map: Arc<ShardMap>,
    /// Shards that get rows, with their rows.
    pub(crate) by_shard: Vec<(usize, Vec<usize>)>,
    /// The values of vindex columns.
    pub(crate) own_binds: BindVars,
}

impl Divided {
    /// Makes the call that sends a statement about some rows to a shard.
    pub(crate) fn call(
        &self,
        insert: &Insert,
        shard: usize,
        sql: Arc<str>,
        binds: &BindVars,
    ) -> ShardCall {
        let bind_vars = Arc::new(named_in(&sql, [&self.own_binds, binds]));
        let shard = self.map.shards()[shard].name.clone();
        ShardCall { keyspace: insert.keyspace.clone(), shard, sql, bind_vars }
    }
}

impl Batch<'_> {
    /// Binds the vindex columns and returns one call for each shard that gets rows.
    ///
    /// Entries of owned lookup vindexes are made before the rows that they are about.
    pub(crate) async fn calls(&self, rows: Rows<'_>) -> Result<Vec<ShardCall>, Error> {
        let divided = self.divide(rows).await?;
        let call = |(shard, rows): &(usize, Vec<usize>)| {
            divided.call(self.insert, *shard, self.texts.statement(self.insert, rows), self.binds)
        };
        Ok(divided.by_shard.iter().map(call).collect())
    }

    /// Binds the vindex columns, makes the entries, and finds the shards of the rows.
    pub(crate) async fn divide(&self, rows: Rows<'_>) -> Result<Divided, Error> {
        let Batch { insert, texts, ctx, .. } = *self;
        let Some((primary, others)) = self.vindexes().split_first() else {
            return Err(Error::vt(ErrorId::VT09001, &insert.table));
        };
        let map = ctx.shards.shards(&insert.keyspace)?;
        let mut kept: Vec<bool> = (0..texts.len()).map(|row| rows.has(row)).collect();
        let mut own_binds = BindVars::new();
        let wanted = kept.clone();
        let values_of_primary = self.values(primary, &wanted, &mut own_binds)?;
        let ids = keyspace_ids(insert, primary, &values_of_primary, ctx).await?;
        for other in others {
            let values = self.values(other, &wanted, &mut own_binds)?;
            let entries = entries(&ids, &kept, values);
            let agree = match other.owned {
                true if rows.without_entries => continue,
                true => own(insert, other, &entries, rows.kept, ctx).await?,
                false => check(insert, other, &entries, ctx).await?,
            };
            entries
                .iter()
                .zip(agree)
                .filter(|(_, agrees)| !agrees)
                .for_each(|(one, _)| kept[one.0] = false);
        }
        let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); map.shards().len()];
        for (row, id) in ids.iter().enumerate() {
            if let (Some(id), true) = (id, kept[row]) {
                rows_of[map.shard_of(id)?].push(row);
            }
        }
        let by_shard =
            rows_of.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()).collect();
        Ok(Divided { map, by_shard, own_binds })
    }

    /// Returns the entries that a row comes with.
    pub(crate) async fn coming(&self, row: usize) -> Result<Vec<NamedEntry>, Error> {
        let Some((primary, others)) = self.vindexes().split_first() else {
            return Ok(Vec::new());
        };
        let kept: Vec<bool> = (0..self.texts.len()).map(|other| other == row).collect();
        let mut own_binds = BindVars::new();
        let values_of_primary = self.values(primary, &kept, &mut own_binds)?;
        let ids = keyspace_ids(self.insert, primary, &values_of_primary, self.ctx).await?;
        let mut coming = Vec::new();
        for other in others.iter().filter(|other| other.owned) {
            let values = self.values(other, &kept, &mut own_binds)?;
            let entries = entries(&ids, &kept, values).into_iter();
            coming.extend(entries.map(|one| (other.vindex.name.clone(), one.1)));
        }
        Ok(coming)
    }

    /// Returns whether MySQL tells how many rows came, as it does of more than one.
    fn tells_rows(&self) -> bool {
        self.texts.len() > 1 || matches!(self.source, Source::Select { .. })
    }

    /// Tells of a row that ON DUPLICATE KEY UPDATE is about what a shard that gets it alone leaves
    /// out.
    pub(crate) fn tell_row(&self, result: &mut QueryResult) {
        if self.tells_rows() && !self.insert.suffix.is_empty() && result.info.is_empty() {
            result.info = info(1, u64::from(result.rows_affected > 1), result.warnings);
        }
    }

    /// Tells of all rows how many there are, and how many of them were there before.
    pub(crate) fn tell_rows(&self, total: &mut QueryResult) {
        if !self.tells_rows() || !self.insert.suffix.is_empty() {
            return;
        }
        let rows = self.texts.len() as u64;
        let duplicates = match self.insert.ignore {
            true => rows.saturating_sub(total.rows_affected),
            // Rows that REPLACE took away count as well.
            false => total.rows_affected.saturating_sub(rows),
        };
        total.info = info(rows, duplicates, total.warnings);
    }

    /// Returns the vindexes that rows go by, the primary one first.
    fn vindexes(&self) -> &[VindexColumn] {
        match &self.insert.routing {
            InsertRouting::Sharded(vindexes) => vindexes,
            InsertRouting::Unsharded | InsertRouting::Copies => &[],
        }
    }

    /// Returns the values of the rows wanted for the columns of a vindex, and binds them; of other
    /// rows there are none.
    fn values(
        &self,
        vindex: &VindexColumn,
        wanted: &[bool],
        own_binds: &mut BindVars,
    ) -> Result<Vec<Vec<TypedBytes>>, Error> {
        let mut all = Vec::with_capacity(wanted.len());
        for (row, is_wanted) in wanted.iter().enumerate() {
            if !is_wanted {
                all.push(Vec::new());
                continue;
            }
            let values = self.values_of(vindex, row)?;
            for (column, value) in vindex.columns.iter().zip(&values) {
                own_binds.set(name(column, row), value.clone());
            }
            all.push(values);
        }
        Ok(all)
    }

    /// Returns the values of a row for the columns of a vindex, as they will be stored.
    fn values_of(&self, vindex: &VindexColumn, row: usize) -> Result<Vec<TypedBytes>, Error> {
        let values = self.key(&vindex.rows, &vindex.offsets, row)?;
        match vindex.vindex.stored(&values, row + 1) {
            Ok(Cow::Borrowed(_)) => Ok(values),
            Ok(Cow::Owned(stored)) => Ok(stored),
            // INSERT IGNORE makes of it what MySQL would, where no one knows beforehand.
            Err(_) if self.insert.ignore => Ok(values),
            Err(error) => Err(error),
        }
    }

    /// Returns some values of a row: of these expressions where rows are written out, and of these
    /// columns where a query gave them.
    pub(crate) fn key(
        &self,
        exprs: &[Vec<Expr>],
        columns: &[usize],
        row: usize,
    ) -> Result<Vec<TypedBytes>, Error> {
        match self.source {
            Source::Values => {
                let exprs = exprs.get(row).ok_or_else(|| Error::bug("a row without its values"))?;
                exprs.iter().map(|expr| expr.typed(self.binds)).collect()
            }
            Source::Select { .. } => {
                columns.iter().map(|column| self.select_value(row, *column)).collect()
            }
        }
    }

    /// Returns a value of a query's row, or the id that stands in its place or behind its end.
    pub(crate) fn select_value(&self, row: usize, column: usize) -> Result<TypedBytes, Error> {
        let Source::Select { fields, .. } = self.source else {
            return Err(Error::bug("a value of a row that is text"));
        };
        let auto = self.insert.auto_increment.as_ref();
        if auto.is_some_and(|auto| column == auto.offset.unwrap_or(fields.len())) {
            return Expr::Bind(super::ids::name(row).into()).typed(self.binds);
        }
        self.source.value(row, column)
    }
}

fn info(rows: u64, duplicates: u64, warnings: u16) -> Arc<str> {
    format!("Records: {rows}  Duplicates: {duplicates}  Warnings: {warnings}").into()
}

/// Maps each row that has values through the primary vindex; `None` for the others, and where
/// INSERT IGNORE drops the row.
async fn keyspace_ids(
    insert: &Insert,
    primary: &VindexColumn,
    values: &[Vec<TypedBytes>],
    ctx: ExecContext<'_>,
) -> Result<Vec<Option<KeyspaceId>>, Error> {
    let wanted = || values.iter().filter(|row| !row.is_empty());
    let destinations = match primary.vindex.lookup() {
        None => wanted()
            .map(|row| Vindex::map_row(&primary.vindex, row))
            .collect::<Result<Vec<_>, _>>()?,
        Some(_) => {
            let firsts: Vec<TypedBytes> = wanted().filter_map(|row| row.first().cloned()).collect();
            lookup::map(&primary.vindex, &firsts, Reading::Change, ctx).await?
        }
    };
    let mut ids = Vec::with_capacity(values.len());
    let mut destinations = destinations.into_iter();
    for row in values {
        if row.is_empty() {
            ids.push(None);
            continue;
        }
        ids.push(match destinations.next() {
            Some(Destination::KeyspaceId(id)) => Some(id),
            Some(Destination::None) if insert.ignore => None,
            Some(Destination::None) => {
                return Err(Error::vt(ErrorId::VT09023, tuple(row)));
            }
            _ => return Err(Error::vt(ErrorId::VT09024, tuple(row))),
        });
    }
    Ok(ids)
}

/// A row with its values for a vindex, and where the primary vindex put it.
struct Entry(usize, EntryOf);

/// Returns the rows that are still to be inserted, with their values for a vindex.
fn entries(ids: &[Option<KeyspaceId>], kept: &[bool], values: Vec<Vec<TypedBytes>>) -> Vec<Entry> {
    let rows = values.into_iter().enumerate().zip(ids).filter(|((row, _), _)| kept[*row]);
    let entry = |((row, values), id): ((usize, Vec<TypedBytes>), &Option<KeyspaceId>)| {
        id.clone().map(|id| Entry(row, (values, id)))
    };
    rows.filter_map(entry).collect()
}

/// Makes the entries of a lookup vindex; returns which rows have theirs.
async fn own(
    insert: &Insert,
    vindex: &VindexColumn,
    entries: &[Entry],
    kept: &[NamedEntry],
    ctx: ExecContext<'_>,
) -> Result<Vec<bool>, Error> {
    let all: Vec<EntryOf> = entries.iter().map(|one| one.1.clone()).collect();
    let is_kept = |entry: &&EntryOf| has_entry(kept, &vindex.vindex.name, entry);
    let new: Vec<EntryOf> = all.iter().filter(|entry| !is_kept(entry)).cloned().collect();
    lookup::create(&vindex.vindex, &new, insert.ignore, ctx).await?;
    match insert.ignore {
        true => lookup::verify(&vindex.vindex, &all, ctx).await,
        false => Ok(vec![true; all.len()]),
    }
}

/// Returns which rows a further vindex maps to where the primary one put them.
async fn check(
    insert: &Insert,
    vindex: &VindexColumn,
    entries: &[Entry],
    ctx: ExecContext<'_>,
) -> Result<Vec<bool>, Error> {
    let all: Vec<EntryOf> = entries.iter().map(|one| one.1.clone()).collect();
    let agree = match vindex.vindex.lookup() {
        Some(_) => lookup::verify(&vindex.vindex, &all, ctx).await?,
        None => {
            let agrees = |(values, id): &EntryOf| {
                let is_null = values.iter().any(TypedBytes::is_null);
                Ok(is_null || vindex.vindex.verify(values, id)?)
            };
            all.iter().map(agrees).collect::<Result<Vec<bool>, Error>>()?
        }
    };
    match agree.iter().position(|agrees| !agrees) {
        Some(place) if !insert.ignore => {
            let message = format!(
                "values {} for column [{}] does not map to keyspace ids",
                tuple(&all[place].0),
                vindex.columns.join(" ")
            );
            Err(Error::new(vt_base::Code::Unknown, message))
        }
        _ => Ok(agree),
    }
}

/// Writes values as messages show them: `[INT64(1) VARCHAR("a")]`.
pub(crate) fn tuple(values: &[TypedBytes]) -> String {
    let shown = values.iter().map(|value| match value.typ {
        typ if value.is_null() => format!("{typ}(NULL)"),
        typ if typ.is_quoted() => {
            format!("{typ}({:?})", String::from_utf8_lossy(&value.bytes))
        }
        typ => format!("{typ}({})", String::from_utf8_lossy(&value.bytes)),
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(" "))
}
