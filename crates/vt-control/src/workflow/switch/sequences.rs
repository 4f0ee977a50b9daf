//! Sequences that take over where MySQL, or another sequence, has numbered rows until now.

use std::collections::BTreeMap;

use vt_base::{Error, Result};
use vt_proto::tabletmanagerdata::get_max_value_for_sequences_request::SequenceMetadata as Use;
use vt_proto::tabletmanagerdata::update_sequence_tables_request::SequenceMetadata as Raise;
use vt_proto::tabletmanagerdata::{GetMaxValueForSequencesRequest, UpdateSequenceTablesRequest};
use vt_proto::vschema;
use vt_reparent::Tablet;
use vt_reparent::tablets::all;

use super::observe::Observed;
use crate::Control;
use crate::control::refused;

/// A sequence: its keyspace and the name of its table.
type Sequence = (String, String);

impl Control {
    /// Sets the sequences of the target's tables above every number that the tables have.
    ///
    /// The source takes no writes and the target has all of its rows.
    pub(super) async fn initialize_sequences(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        let vschema = self.vschema_or_empty(&self.cluster, &found.target.keyspace).await?;
        let mut uses: BTreeMap<Sequence, Vec<(String, String)>> = BTreeMap::new();
        for table in &found.tables {
            let Some(auto) = vschema.tables.get(table).and_then(|one| one.auto_increment.as_ref())
            else {
                continue;
            };
            let sequence = self.find_sequence(table, &auto.sequence).await?;
            uses.entry(sequence).or_default().push((table.clone(), auto.column.clone()));
        }
        let mut backing: BTreeMap<String, Tablet> = BTreeMap::new();
        for (keyspace, _) in uses.keys() {
            if !backing.contains_key(keyspace) {
                backing.insert(keyspace.clone(), self.sequence_primary(keyspace).await?);
            }
        }
        for ((keyspace, name), tables) in &uses {
            let max_value = self.highest(seen, name, tables).await?;
            let raise = Raise {
                backing_table_name: name.clone(),
                backing_table_db_name: String::new(),
                max_value,
            };
            let request = UpdateSequenceTablesRequest { sequences: vec![raise] };
            if let Some(primary) = backing.get(keyspace) {
                let db_name = primary.record.db_name();
                let mut request = request;
                for one in &mut request.sequences {
                    one.backing_table_db_name.clone_from(&db_name);
                }
                primary.update_sequence_tables(request).await?;
            }
        }
        Ok(())
    }

    /// Returns the highest number that tables have on any shard of the target.
    async fn highest(
        &self,
        seen: &Observed,
        sequence: &str,
        tables: &[(String, String)],
    ) -> Result<i64> {
        let targets = seen.targets();
        let calls = targets.iter().map(async |end| {
            let database = quoted(&end.primary.record.db_name());
            let one = |(table, column): &(String, String)| Use {
                backing_table_name: sequence.to_owned(),
                using_col_escaped: quoted(column),
                using_table_name_escaped: quoted(table),
                using_table_db_name_escaped: database.clone(),
            };
            let sequences = tables.iter().map(one).collect();
            let request = GetMaxValueForSequencesRequest { sequences };
            let reply = end.primary.get_max_value_for_sequences(request).await?;
            Ok::<_, Error>(reply.max_values_by_sequence_table.values().copied().max().unwrap_or(0))
        });
        let mut highest = 0;
        for one in all(self.options.concurrency, calls).await {
            highest = highest.max(one?);
        }
        Ok(highest)
    }

    /// Finds the keyspace of a sequence that a vschema names, `ks.seq` or `seq`.
    async fn find_sequence(&self, table: &str, name: &str) -> Result<Sequence> {
        let plain = name.replace('`', "");
        if let Some((keyspace, name)) = plain.split_once('.') {
            return Ok((keyspace.to_owned(), name.to_owned()));
        }
        let mut owners = Vec::new();
        for keyspace in self.topo.get_keyspaces().await? {
            let vschema = self.vschema_or_empty(&self.cluster, &keyspace).await?;
            if vschema.tables.get(&plain).is_some_and(is_sequence) {
                owners.push(keyspace);
            }
        }
        match owners.as_slice() {
            [one] => Ok((one.clone(), plain)),
            [] => Err(refused(format!(
                "no keyspace has sequence {plain}, which table {table} takes its numbers from"
            ))),
            many => Err(refused(format!(
                "table {table} takes its numbers from sequence {plain}, which several keyspaces have: \
                 {}; name it with its keyspace in the vschema",
                many.join(", ")
            ))),
        }
    }

    async fn sequence_primary(&self, keyspace: &str) -> Result<Tablet> {
        let shards = self.topo.get_serving_shards(keyspace).await?;
        match shards.as_slice() {
            [only] => self.primary(keyspace, &only.name).await,
            many => Err(refused(format!(
                "keyspace {keyspace} has {} shards; sequences lie in an unsharded one",
                many.len()
            ))),
        }
    }
}

fn is_sequence(table: &vschema::Table) -> bool {
    table.r#type == "sequence"
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
