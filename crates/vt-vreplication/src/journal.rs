//! Sources that were resharded: when all streams that the journal concerns have come to it,
//! streams from the new shards take their places, each from where the journal says.

use std::collections::BTreeMap;

use vt_base::{Error, KeyRange, Result};
use vt_mysql::Conn;
use vt_proto::binlogdata::{Journal, ShardGtid, VReplicationWorkflowState as State};

use crate::plan::{Plans, wrong};
use crate::spec::write_source;
use crate::store::{Store, StreamRow, quote, text};

/// More tables than this no stream has.
const TABLES_MAX: usize = 100_000;

/// A place that streams come from: keyspace and shard.
type Place = (String, String);

/// The journals that some but not all of the streams concerned have come to.
#[derive(Debug, Default)]
pub(crate) struct Journals {
    /// By workflow and the journal's number.
    waiting: BTreeMap<(String, i64), BTreeMap<Place, Option<i32>>>,
}

impl Journals {
    /// Notes that a stream has come to a journal; returns the ids of all that the journal concerns
    /// once the last of them has. `streams` are those of the tablet.
    pub(crate) fn register(
        &mut self,
        journal: &Journal,
        own: &StreamRow,
        streams: &[StreamRow],
    ) -> Option<Vec<i32>> {
        let key = (own.workflow.clone(), journal.id);
        let waiting = self.waiting.entry(key.clone()).or_insert_with(|| {
            let named = journal.participants.iter();
            let named = named.map(|one| (one.keyspace.clone(), one.shard.clone()));
            named
                .filter(|place| {
                    let of = |row: &&StreamRow| row.workflow == own.workflow;
                    streams.iter().filter(of).any(|row| place_of(row).as_ref() == Some(place))
                })
                .map(|place| (place, None))
                .collect()
        });
        waiting.insert(place_of(own)?, Some(own.id));
        let ids: Option<Vec<i32>> = waiting.values().copied().collect();
        if ids.is_some() {
            self.waiting.remove(&key);
        }
        ids
    }
}

fn place_of(row: &StreamRow) -> Option<Place> {
    let source = row.source().ok()?;
    Some((source.keyspace, source.shard))
}

/// Returns whether a journal concerns a stream's tables.
///
/// # Errors
/// It concerns some of them and others not.
pub(crate) fn concerns(journal: &Journal, plans: &Plans) -> Result<bool> {
    if journal.migration_type() == vt_proto::binlogdata::MigrationType::Shards {
        return Ok(true);
    }
    let moved = |table: &String| journal.tables.contains(table);
    let sources: Vec<&String> = plans.by_target.values().map(|plan| &plan.source_table).collect();
    match (sources.iter().any(|one| moved(one)), sources.iter().all(|one| moved(one))) {
        (true, false) => Err(wrong(format!(
            "tables {} were moved away from the source, but not all that the stream has",
            journal.tables.join(", ")
        ))),
        (some, _) => Ok(some),
    }
}

/// Puts streams from the journal's shards in the places of those that came to it; returns the ids
/// of the new ones. Streams whose copies nobody can go on with are stopped instead, and say so.
pub(crate) async fn take_places(
    store: &Store,
    conn: &mut Conn,
    journal: &Journal,
    old: &[i32],
) -> Result<Vec<i32>> {
    let mut former = Vec::with_capacity(old.len());
    for id in old {
        let row = store.stream(conn, *id).await?;
        former.push(Former { copying: copied_tables(store, conn, *id).await?, row });
    }
    let heirs = match heirs(journal, &former) {
        Ok(heirs) => heirs,
        Err(message) => {
            for id in old {
                store.set_state(conn, *id, State::Error, &message).await?;
            }
            return Ok(Vec::new());
        }
    };
    let mut made = Vec::new();
    conn.query("begin", 0).await?;
    for (shard, model) in heirs {
        let id = make(store, conn, shard, model).await?;
        store.log(conn, id, "Stream Created", &format!("journal {}", journal.id)).await?;
        made.push(id);
    }
    let ids: Vec<String> = old.iter().map(i32::to_string).collect();
    let ids = ids.join(", ");
    let table = store.table("vreplication");
    conn.query(format!("delete from {table} where id in ({ids})"), 0).await?;
    store.forget(conn, &ids).await?;
    conn.query("commit", 0).await?;
    Ok(made)
}

/// A stream that came to a journal.
struct Former {
    row: StreamRow,
    /// The tables that it still copies.
    copying: Vec<String>,
}

/// Returns the shards that streams come from now, each with the stream that it goes on for.
///
/// A copy goes on with each part of a shard that was split: what is here of the shard is here of
/// its parts. That of one of several shards that were merged does not: how far the others have come
/// is not known by the same key.
fn heirs<'a>(
    journal: &'a Journal,
    former: &'a [Former],
) -> std::result::Result<Vec<(&'a ShardGtid, &'a Former)>, String> {
    let mut heirs = Vec::new();
    for shard in &journal.shard_gtids {
        let from: Vec<&Former> = former.iter().filter(|one| may_be_of(one, shard)).collect();
        let copied = from.iter().flat_map(|one| &one.copying).next();
        if let (Some(table), true) = (copied, from.len() > 1) {
            return Err(format!(
                "Error: the source was resharded while table {table} was copied, and rows of \
                 several of its shards are in {}/{} now: end the workflow with cancel, and make it \
                 anew",
                shard.keyspace, shard.shard
            ));
        }
        heirs.extend(from.first().map(|one| (shard, *one)));
    }
    Ok(heirs)
}

/// Returns whether rows of a stream's source may be in a shard now: where both are shards of one
/// keyspace, their names tell.
fn may_be_of(former: &Former, shard: &ShardGtid) -> bool {
    let Some((keyspace, name)) = place_of(&former.row) else { return true };
    let ranges = (KeyRange::from_shard_name(&name), KeyRange::from_shard_name(&shard.shard));
    match ranges {
        (Ok(before), Ok(now)) if keyspace == shard.keyspace => before.intersects(&now),
        _ => true,
    }
}

async fn copied_tables(store: &Store, conn: &mut Conn, id: i32) -> Result<Vec<String>> {
    let sql = format!(
        "select distinct table_name from {} where vrepl_id = {id}",
        store.table("copy_state")
    );
    let found = conn.query(sql, TABLES_MAX).await?;
    Ok(found.rows.iter().map(|row| text(row, 0)).collect())
}

/// Makes a stream from a shard that goes on for another, and what it still has to copy.
async fn make(store: &Store, conn: &mut Conn, shard: &ShardGtid, former: &Former) -> Result<i32> {
    let (table, model) = (store.table("vreplication"), former.row.id);
    let mut source = former.row.source()?;
    source.keyspace.clone_from(&shard.keyspace);
    source.shard.clone_from(&shard.shard);
    let state = if former.copying.is_empty() { State::Running } else { State::Copying };
    let sql = format!(
        "insert into {table} (workflow, source, pos, max_tps, max_replication_lag, cell, \
         tablet_types, time_updated, transaction_timestamp, state, db_name, workflow_type, \
         workflow_sub_type, defer_secondary_keys, options, tags) select workflow, {}, {}, \
         max_tps, max_replication_lag, cell, tablet_types, time_updated, 0, {}, db_name, \
         workflow_type, workflow_sub_type, defer_secondary_keys, options, tags from {table} \
         where id = {model}",
        quote(&write_source(&source)?),
        quote(&shard.gtid),
        quote(state.as_str_name()),
    );
    let id = conn.query(sql, 0).await?.insert_id;
    let id = i32::try_from(id).map_err(|_| Error::bug("the id of a stream"))?;
    for (kept, columns) in
        [("copy_state", "table_name, lastpk"), ("post_copy_action", "table_name, action")]
    {
        let kept = store.table(kept);
        let sql = format!(
            "insert into {kept} (vrepl_id, {columns}) select {id}, {columns} from {kept} \
             where vrepl_id = {model} order by id"
        );
        conn.query(sql, 0).await?;
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use vt_proto::binlogdata::{BinlogSource, KeyspaceShard, MigrationType};

    use super::*;
    use crate::plan::TablePlan;
    use crate::plan::tests::table;

    fn row(id: i32, workflow: &str, shard: &str) -> StreamRow {
        let source =
            BinlogSource { keyspace: "ks".into(), shard: shard.into(), ..BinlogSource::default() };
        let source_text = write_source(&source).unwrap();
        StreamRow { id, workflow: workflow.into(), source_text, ..StreamRow::default() }
    }

    #[test]
    fn streams_change_places_when_all_have_come_to_the_journal() {
        let streams = [row(1, "w", "-80"), row(2, "w", "80-"), row(3, "other", "-80")];
        let place = |shard: &str| KeyspaceShard { keyspace: "ks".into(), shard: shard.into() };
        let journal = Journal {
            id: 7,
            participants: vec![place("-80"), place("80-"), place("elsewhere")],
            ..Journal::default()
        };
        let mut journals = Journals::default();
        assert_eq!(journals.register(&journal, &streams[0], &streams), None);
        // The same stream again, after it failed.
        assert_eq!(journals.register(&journal, &streams[0], &streams), None);
        assert_eq!(journals.register(&journal, &streams[2], &streams), Some(vec![3]));
        assert_eq!(journals.register(&journal, &streams[1], &streams), Some(vec![1, 2]));
    }

    #[test]
    fn copies_go_on_with_the_parts_of_a_shard_and_not_with_merged_ones() {
        let former = |id, shard: &str, copying: &[&str]| Former {
            row: row(id, "w", shard),
            copying: copying.iter().map(|one| (*one).to_owned()).collect(),
        };
        let journal = |shards: &[&str]| Journal {
            shard_gtids: shards
                .iter()
                .map(|shard| ShardGtid {
                    keyspace: "ks".into(),
                    shard: (*shard).to_owned(),
                    ..ShardGtid::default()
                })
                .collect(),
            ..Journal::default()
        };
        let shown = |journal: &Journal, former: &[Former]| {
            let heirs = heirs(journal, former)?;
            let pair = |(shard, former): &(&ShardGtid, &Former)| {
                format!("{} for {}", shard.shard, former.row.id)
            };
            Ok::<_, String>(heirs.iter().map(pair).collect::<Vec<_>>().join(", "))
        };
        let both = [former(1, "-80", &["t"]), former(2, "80-", &[])];
        let split = journal(&["-40", "40-80", "80-c0", "c0-"]);
        let parts = "-40 for 1, 40-80 for 1, 80-c0 for 2, c0- for 2";
        assert_eq!(shown(&split, &both).unwrap(), parts);
        let refused = shown(&journal(&["-"]), &both).unwrap_err();
        assert!(refused.contains("while table t was copied"), "{refused}");
        let done = [former(1, "-80", &[]), former(2, "80-", &[])];
        assert_eq!(shown(&journal(&["-"]), &done).unwrap(), "- for 1");
        // What has none of a stream's rows has no stream.
        assert_eq!(shown(&split, &both[1..]).unwrap(), "80-c0 for 2, c0- for 2");
    }

    #[test]
    fn a_move_of_tables_concerns_all_of_them_or_none() {
        let mut plans = Plans::default();
        for name in ["a", "b"] {
            let columns = [("id", vt_value::Type::INT64)];
            let plan = TablePlan::new(table(name, &columns, &[0]), &Default::default()).unwrap();
            plans.by_target.insert(name.to_owned(), plan.into());
        }
        let moved = |tables: &[&str]| Journal {
            migration_type: MigrationType::Tables.into(),
            tables: tables.iter().map(|one| (*one).to_owned()).collect(),
            ..Journal::default()
        };
        assert!(concerns(&moved(&["a", "b", "c"]), &plans).unwrap());
        assert!(!concerns(&moved(&["c"]), &plans).unwrap());
        assert!(concerns(&moved(&["a"]), &plans).is_err());
        let shards = Journal { migration_type: MigrationType::Shards.into(), ..Journal::default() };
        assert!(concerns(&shards, &plans).unwrap());
    }
}
