//! What workflows read and change in the VSchema of keyspaces.

use vt_base::{Error, Result};
use vt_proto::vschema;
use vt_reparent::Cluster;

use super::snapshot::ShardEnd;
use super::tables::run_ddl;
use crate::Control;
use crate::control::refused;

/// How often a change is made anew because another came between.
const ATTEMPTS_MAX: usize = 10;

impl Control {
    /// Reads a keyspace's VSchema; an empty one where it has none.
    pub(super) async fn vschema_or_empty(
        &self,
        cluster: &Cluster,
        keyspace: &str,
    ) -> Result<vschema::Keyspace> {
        match cluster.topo.get_vschema(keyspace).await {
            Ok(found) => Ok(found),
            Err(err) if err.is_no_node() => Ok(vschema::Keyspace::default()),
            Err(err) => Err(err.into()),
        }
    }

    /// Changes a keyspace's VSchema by compare-and-set; `change` may run several times, and says
    /// whether there is something to save. Gateways hear of it by a rebuild.
    pub(super) async fn change_stored_vschema(
        &self,
        keyspace: &str,
        mut change: impl FnMut(&mut vschema::Keyspace) -> Result<bool>,
    ) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let (mut stored, version) = match self.topo.get_vschema_version(keyspace).await {
                Ok((stored, version)) => (stored, Some(version)),
                Err(err) if err.is_no_node() => (vschema::Keyspace::default(), None),
                Err(err) => return Err(err.into()),
            };
            if !change(&mut stored)? {
                return Ok(());
            }
            let Some(version) = version else {
                return Ok(self.topo.save_vschema(keyspace, &stored).await?);
            };
            match self.topo.update_vschema(keyspace, &stored, version).await {
                Err(err) if err.is_bad_version() => {}
                other => return other.map(drop).map_err(Error::from),
            }
        }
        Err(refused(format!(
            "the vschema of {keyspace} is being changed by others all the time; run the command again"
        )))
    }

    /// Adds what the planned VSchema says of tables to what is stored.
    pub(super) async fn add_to_vschema<'a>(
        &self,
        keyspace: &str,
        planned: &vschema::Keyspace,
        tables: impl IntoIterator<Item = &'a String>,
    ) -> Result<()> {
        let tables: Vec<&String> = tables.into_iter().collect();
        self.change_stored_vschema(keyspace, |stored| {
            let before = stored.clone();
            for name in &tables {
                let Some(planned) = planned.tables.get(*name) else { continue };
                let table = stored.tables.entry((*name).clone()).or_insert_with(|| planned.clone());
                if table.auto_increment.is_none() {
                    table.auto_increment.clone_from(&planned.auto_increment);
                }
            }
            Ok(*stored != before)
        })
        .await
    }

    /// Makes the tables of sequences in an unsharded keyspace, and says in its VSchema what they are.
    ///
    /// Their numbers are set when the traffic is switched.
    pub(super) async fn make_sequence_tables(
        &self,
        keyspace: &str,
        names: &[String],
    ) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        if self.vschema_or_empty(&self.cluster, keyspace).await?.sharded {
            return Err(refused(format!(
                "keyspace {keyspace} is sharded; sequences lie in an unsharded one: name it with \
                 --global-keyspace"
            )));
        }
        let shards = super::ends::serving_shards(&self.cluster, keyspace, &[]).await?;
        let ends: Vec<ShardEnd> = super::ends::ends(&self.cluster, shards).await?;
        self.change_stored_vschema(keyspace, |stored| {
            let before = stored.clone();
            for name in names {
                let table = stored.tables.entry(name.clone()).or_default();
                "sequence".clone_into(&mut table.r#type);
            }
            Ok(*stored != before)
        })
        .await?;
        for end in &ends {
            for name in names {
                run_ddl(&end.primary, &sequence_ddl(name)).await?;
            }
            end.primary.reload_schema(Default::default()).await?;
        }
        Ok(())
    }
}

fn sequence_ddl(name: &str) -> String {
    format!(
        "create table if not exists {} (id bigint, next_id bigint, cache bigint, primary key(id)) \
         comment 'vitess_sequence'",
        super::rules::sql_name(name)
    )
}
