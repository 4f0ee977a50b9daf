//! Sources that were resharded: when all streams that the journal concerns have come to it,
//! streams from the new shards take their places, each from where the journal says.

use std::collections::BTreeMap;

use vt_base::Result;
use vt_mysql::Conn;
use vt_proto::binlogdata::Journal;

use crate::plan::{Plans, wrong};
use crate::spec::write_source;
use crate::store::{Store, StreamRow, quote};

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
/// of the new ones.
pub(crate) async fn take_places(
    store: &Store,
    conn: &mut Conn,
    journal: &Journal,
    old: &[i32],
) -> Result<Vec<i32>> {
    let Some(first) = old.first() else { return Ok(Vec::new()) };
    let model = store.stream(conn, *first).await?;
    let table = store.table("vreplication");
    let mut made = Vec::new();
    conn.query("begin", 0).await?;
    for shard in &journal.shard_gtids {
        let mut source = model.source()?;
        source.keyspace.clone_from(&shard.keyspace);
        source.shard.clone_from(&shard.shard);
        let sql = format!(
            "insert into {table} (workflow, source, pos, max_tps, max_replication_lag, cell, \
             tablet_types, time_updated, transaction_timestamp, state, db_name, workflow_type, \
             workflow_sub_type, defer_secondary_keys, options, tags) select workflow, {}, {}, \
             max_tps, max_replication_lag, cell, tablet_types, time_updated, 0, 'Running', db_name, \
             workflow_type, workflow_sub_type, defer_secondary_keys, options, tags from {table} \
             where id = {first}",
            quote(&write_source(&source)?),
            quote(&shard.gtid),
        );
        let id = conn.query(sql, 0).await?.insert_id;
        made.push(i32::try_from(id).map_err(|_| vt_base::Error::bug("the id of a stream"))?);
    }
    let ids: Vec<String> = old.iter().map(i32::to_string).collect();
    let ids = ids.join(", ");
    conn.query(format!("delete from {table} where id in ({ids})"), 0).await?;
    store.forget(conn, &ids).await?;
    for id in &made {
        store.log(conn, *id, "Stream Created", &format!("journal {}", journal.id)).await?;
    }
    conn.query("commit", 0).await?;
    Ok(made)
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
