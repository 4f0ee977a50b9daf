//! The journal of a switch, at each source: with it there is no way but on, and streams of others
//! learn from it where their tables have gone.

use std::collections::BTreeSet;

use vt_base::{Error, Result};
use vt_proto::binlogdata::{Journal, KeyspaceShard, MigrationType, ShardGtid};
use vt_reparent::tablets::all;
use vt_workflow::Kind;

use super::observe::Observed;
use crate::Control;
use crate::workflow::Snapshot;
use crate::workflow::rules::{sql_name, sql_string};
use crate::workflow::tables::{fetch, run_ddl};

/// Returns the number that the switch of these very streams has in the journals.
pub(super) fn journal_id(found: &Snapshot) -> i64 {
    let mut names: Vec<String> =
        found.streams.iter().map(|one| format!("{}:{}", one.shard, one.status.id)).collect();
    names.sort();
    // FNV-1, as other control programs number the same switch.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for text in [&found.target.keyspace].into_iter().chain(&names) {
        for byte in text.bytes() {
            hash = hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte);
        }
    }
    (hash & i64::MAX.unsigned_abs()).cast_signed()
}

impl Control {
    /// Returns the source's shards in whose journals the switch is.
    pub(super) async fn journaled_shards(&self, found: &Snapshot) -> Result<BTreeSet<String>> {
        let table = self.journal_of(&found.source.keyspace).await?;
        let sql = format!("select 1 from {table} where id = {}", journal_id(found));
        let calls = found.source.shards.iter().map(async |(name, end)| {
            let rows = fetch(&end.primary, &sql, 1).await?.rows;
            Ok::<_, Error>((!rows.is_empty()).then(|| name.clone()))
        });
        let mut journaled = BTreeSet::new();
        for one in all(self.options.concurrency, calls).await {
            journaled.extend(one?);
        }
        Ok(journaled)
    }

    /// Takes out of the journals what stands there under the number of a workflow whose streams have
    /// just been made.
    ///
    /// The number is that of shards and of ids of streams, and a shard that was replaced counts its
    /// streams from one again: an earlier switch may have had the same one. To take that for this
    /// switch would skip all that comes before the journal.
    pub(in crate::workflow) async fn forget_journal(
        &self,
        keyspace: &str,
        name: &str,
    ) -> Result<()> {
        let Some(found) = Snapshot::find(self, keyspace, name, &[]).await? else { return Ok(()) };
        if found.source.shards.is_empty() {
            return Ok(());
        }
        let stale = self.journaled_shards(&found).await?;
        if stale.is_empty() {
            return Ok(());
        }
        let table = self.journal_of(&found.source.keyspace).await?;
        let sql = format!("delete from {table} where id = {}", journal_id(&found));
        let shards = found.source.shards.iter().filter(|(name, _)| stale.contains(*name));
        let calls = shards.map(async |(_, end)| run_ddl(&end.primary, &sql).await);
        all(self.options.concurrency, calls).await.into_iter().collect()
    }

    /// Writes the switch down at every source that does not have it yet.
    pub(super) async fn write_journal(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        let table = self.journal_of(&found.source.keyspace).await?;
        let here = self.positions(&seen.sources()).await?;
        let there = self.positions(&seen.targets()).await?;
        let shard_gtids: Vec<ShardGtid> = there
            .iter()
            .map(|(shard, gtid)| ShardGtid {
                keyspace: found.target.keyspace.clone(),
                shard: shard.clone(),
                gtid: gtid.clone(),
                ..Default::default()
            })
            .collect();
        let participants = found.source_shards().into_iter();
        let participants = participants
            .map(|shard| KeyspaceShard { keyspace: found.source.keyspace.clone(), shard });
        let kind = match seen.view.kind {
            Kind::Shards => MigrationType::Shards,
            _ => MigrationType::Tables,
        };
        let journal = Journal {
            id: journal_id(found),
            migration_type: kind as i32,
            tables: found.tables.clone(),
            shard_gtids,
            participants: participants.collect(),
            ..Default::default()
        };
        for (name, end) in &found.source.shards {
            let is_there =
                seen.view.source.iter().any(|one| one.shard == *name && one.is_journaled);
            if is_there {
                continue;
            }
            let local_position = here.get(name).cloned().unwrap_or_default();
            let own = Journal { local_position, ..journal.clone() };
            let text = vt_proto::text::to_text("binlogdata.Journal", &own)?;
            let sql = format!(
                "insert into {table} (id, db_name, val) values ({}, {}, {})",
                own.id,
                sql_string(&end.primary.record.db_name()),
                sql_string(&text)
            );
            run_ddl(&end.primary, &sql).await?;
        }
        Ok(())
    }

    async fn journal_of(&self, keyspace: &str) -> Result<String> {
        let sidecar = self.topo.get_sidecar_db_name(keyspace).await?;
        Ok(format!("{}.resharding_journal", sql_name(&sidecar)))
    }
}
