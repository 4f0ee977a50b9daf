//! The streams that lead back: made when the target has all and before it takes a write.

use std::collections::BTreeSet;

use vt_base::{Error, Result};
use vt_proto::binlogdata::{BinlogSource, Filter, Rule};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vschema;
use vt_reparent::tablets::all;

use super::observe::Observed;
use crate::Control;
use crate::workflow::move_tables::tenant_condition;
use crate::workflow::options::encode_options;
use crate::workflow::rules::{REFERENCE, narrowed, rule, shard_condition, sql_name, sql_string};
use crate::workflow::snapshot::{FROZEN, ShardEnd, Stream};

/// A rule that leaves tables out.
const EXCLUDE: &str = "exclude";

/// What decides on the rows that lead back.
struct Back {
    source_vschema: vschema::Keyspace,
    /// The tables that every shard of the target has whole.
    references: BTreeSet<String>,
    /// The condition that a row is of the tenant that moved.
    tenant: Option<String>,
}

/// Whether a stream has the tables that every shard has whole: one of those into a shard does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Comes,
    StaysOut,
}

impl Control {
    /// Makes streams back from where the targets stand, which do not run. Earlier ones go.
    ///
    /// New streams stand before old ones go, and carry the old ones' mark: whatever dies in between,
    /// a workflow that was switched before is known as such.
    pub(super) async fn create_reverse(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        let positions = self.positions(&seen.targets()).await?;
        let local = &self.cluster;
        let target_vschema = self.vschema_or_empty(local, &found.target.keyspace).await?;
        let source_vschema = self.vschema_or_empty(local, &found.source.keyspace).await?;
        let tenant_of = match target_vschema.multi_tenant_spec.is_some() {
            true => (&found.target.keyspace, &target_vschema),
            false => (&found.source.keyspace, &source_vschema),
        };
        let tenant = tenant_condition(tenant_of.0, tenant_of.1, &found.options.tenant_id)?;
        let is_reference = |(name, table): (&String, &vschema::Table)| {
            (table.r#type == REFERENCE).then(|| name.clone())
        };
        let references = target_vschema.tables.iter().filter_map(is_reference).collect();
        let back = Back { source_vschema, references, tenant };
        let was_frozen = seen.reverse.values().flatten().any(|one| one.message == FROZEN);
        let mark = if was_frozen { FROZEN } else { "" };
        let calls = found.source.shards.iter().map(async |(name, end)| {
            let streams = found.streams.iter().filter(|one| one.source.shard == *name);
            for (index, stream) in streams.enumerate() {
                let position = positions.get(&stream.shard).ok_or_else(|| {
                    Error::bug(format_args!("shard {} has no position", stream.shard))
                })?;
                let whole = if index == 0 { Whole::Comes } else { Whole::StaysOut };
                let source = reverse_source(seen, stream, (end, whole), &back)?;
                let query = insert(seen, end, &source, (position, mark))?;
                end.primary.v_replication_exec(tm::VReplicationExecRequest { query }).await?;
            }
            let old = seen.reverse.get(name).map(Vec::as_slice).unwrap_or_default();
            if old.is_empty() {
                return Ok(());
            }
            let ids: Vec<String> = old.iter().map(|one| one.id.to_string()).collect();
            let query = format!("delete from _vt.vreplication where id in ({})", ids.join(", "));
            end.primary.v_replication_exec(tm::VReplicationExecRequest { query }).await.map(drop)
        });
        let made: Result<()> = all(self.options.concurrency, calls).await.into_iter().collect();
        made?;
        self.forget_journal(&found.source.keyspace, &seen.view.reverse_name()).await
    }
}

/// Returns the source of the stream that leads back where another comes from.
fn reverse_source(
    seen: &Observed,
    stream: &Stream,
    (end, whole): (&ShardEnd, Whole),
    back: &Back,
) -> Result<BinlogSource> {
    let forward = &stream.source;
    let keyspace = &seen.found.source.keyspace;
    let rules = forward.filter.iter().flat_map(|filter| &filter.rules);
    let shard = &end.record.name;
    let rules = rules.map(|one| reverse_rule(one, (keyspace, shard), whole, back));
    Ok(BinlogSource {
        keyspace: seen.found.target.keyspace.clone(),
        shard: stream.shard.clone(),
        tablet_type: forward.tablet_type,
        filter: Some(Filter { rules: rules.collect::<Result<_>>()?, ..Default::default() }),
        on_ddl: forward.on_ddl,
        source_time_zone: forward.target_time_zone.clone(),
        target_time_zone: forward.source_time_zone.clone(),
        ..Default::default()
    })
}

fn reverse_rule(
    forward: &Rule,
    (keyspace, shard): (&str, &str),
    whole: Whole,
    back: &Back,
) -> Result<Rule> {
    let table = &forward.r#match;
    if back.references.contains(table) {
        let filter = match whole {
            Whole::Comes => format!("select * from {}", sql_name(table)),
            Whole::StaysOut => EXCLUDE.to_owned(),
        };
        return Ok(rule(table, filter));
    }
    if forward.filter == EXCLUDE {
        return Ok(forward.clone());
    }
    if table.starts_with('/') {
        // Whole shards: the rows of the key range go back.
        let range = if back.source_vschema.sharded { shard } else { "" };
        return Ok(rule(table, range));
    }
    let in_shard = shard_condition(keyspace, &back.source_vschema, table, shard)?;
    let conditions: Vec<String> = in_shard.into_iter().chain(back.tenant.clone()).collect();
    let select = format!("select * from {}", sql_name(table));
    Ok(rule(table, narrowed(table, &select, &conditions)?))
}

/// Writes the statement that makes a stream which stands at a position.
fn insert(
    seen: &Observed,
    end: &ShardEnd,
    source: &BinlogSource,
    (position, mark): (&str, &str),
) -> Result<String> {
    let found = &seen.found;
    let text = vt_proto::text::to_text("binlogdata.BinlogSource", source)?;
    Ok(format!(
        "insert into _vt.vreplication (workflow, source, pos, max_tps, max_replication_lag, cell, \
         tablet_types, time_updated, transaction_timestamp, state, message, db_name, workflow_type, \
         workflow_sub_type, defer_secondary_keys, options) values ({}, {}, {}, {max}, {max}, '', '', \
         unix_timestamp(), 0, 'Stopped', {}, {}, {}, {}, 0, {})",
        sql_string(&seen.view.reverse_name()),
        sql_string(&text),
        sql_string(position),
        sql_string(mark),
        sql_string(&end.primary.record.db_name()),
        found.workflow_type as i32,
        found.sub_type as i32,
        sql_string(&encode_options(&found.options)),
        max = i64::MAX,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_back_to_the_shard_that_they_are_of() {
        let sharded = r#"{"sharded": true, "vindexes": {"xx": {"type": "xxhash"}}, "tables": {
            "t": {"column_vindexes": [{"column": "id", "name": "xx"}]}}}"#;
        let read = |text: &str| vt_proto::json::from_json("vschema.Keyspace", text).unwrap();
        let back = |text: &str, tenant: Option<&str>| Back {
            source_vschema: read(text),
            references: BTreeSet::from(["ref".to_owned()]),
            tenant: tenant.map(str::to_owned),
        };
        let filter = |forward: &Rule, back: &Back| {
            let of_first = reverse_rule(forward, ("ks", "-80"), Whole::Comes, back);
            of_first.map(|one| one.filter).unwrap()
        };
        let of_table = rule("t", "select * from t where in_keyrange(id, 'to.xx', '80-')");
        assert_eq!(filter(&of_table, &back("{}", None)), "select * from t");
        assert_eq!(
            filter(&of_table, &back(sharded, None)),
            "select * from t where in_keyrange(id, 'ks.xx', '-80')"
        );
        assert_eq!(
            filter(&of_table, &back("{}", Some("tenant_id = 7"))),
            "select * from t where tenant_id = 7"
        );
        let of_shard = rule("/.*", "80-");
        assert_eq!(filter(&of_shard, &back(sharded, None)), "-80");
        assert_eq!(filter(&of_shard, &back("{}", None)), "");
        assert_eq!(filter(&rule("x", "exclude"), &back(sharded, None)), "exclude");
        // What every shard has whole comes back once, to every shard, whoever had it there.
        for forward in ["exclude", "select * from ref"] {
            let forward = rule("ref", forward);
            assert_eq!(filter(&forward, &back(sharded, None)), "select * from ref");
            let next = reverse_rule(&forward, ("ks", "-80"), Whole::StaysOut, &back(sharded, None));
            assert_eq!(next.unwrap().filter, "exclude");
        }
    }
}
