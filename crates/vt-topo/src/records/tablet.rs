//! Tablet records, and the readings of many at once.

use std::time::SystemTime;

use futures::StreamExt;
use vt_base::{KeyRange, TabletAlias, TabletType};
use vt_proto::topodata::Tablet;

use crate::paths;
use crate::records::shard::to_system_time;
use crate::server::{Missing, decode, encode, names_below, read, update};
use crate::store::{Expect, Version};
use crate::{Result, TopoError, TopoServer};

/// A tablet as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct TabletRecord {
    pub message: Tablet,
    pub version: Version,
}

impl TabletRecord {
    pub fn alias(&self) -> TabletAlias {
        self.message.alias.as_ref().map_or_else(|| TabletAlias::new("", 0), TabletAlias::from)
    }

    pub fn tablet_type(&self) -> TabletType {
        TabletType::from_i32(self.message.r#type)
    }

    pub fn is_primary(&self) -> bool {
        self.tablet_type() == TabletType::Primary
    }

    /// Returns the part of the key space that the tablet's shard owns.
    pub fn key_range(&self) -> KeyRange {
        self.message.key_range.as_ref().map_or_else(KeyRange::full, KeyRange::from)
    }

    /// Returns `host:port` of a named port, `vt` (web) or `grpc`.
    pub fn address(&self, port: &str) -> Option<String> {
        let number = self.message.port_map.get(port)?;
        Some(host_port(&self.message.hostname, *number))
    }

    /// Returns `host:port` of the tablet's mysqld.
    pub fn mysql_address(&self) -> String {
        let host = match self.message.mysql_hostname.as_str() {
            "" => self.message.hostname.as_str(),
            host => host,
        };
        host_port(host, self.message.mysql_port)
    }

    /// Returns the database of the tablet's keyspace, `vt_KEYSPACE` unless set otherwise.
    pub fn db_name(&self) -> String {
        match self.message.db_name_override.as_str() {
            "" => format!("vt_{}", self.message.keyspace),
            name => name.to_owned(),
        }
    }

    /// Returns when this tablet's term as primary began, if it is primary.
    pub fn primary_term_start(&self) -> Option<SystemTime> {
        self.message.primary_term_start_time.as_ref().and_then(to_system_time)
    }
}

/// Joins host and port; an IPv6 address gets its brackets.
fn host_port(host: &str, port: i32) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// Which tablets to read.
#[derive(Clone, Debug, Default)]
pub struct TabletFilter {
    /// `None` is any keyspace.
    pub keyspace: Option<String>,
    pub shard: Option<String>,
    /// Empty is all cells; aliases are not expanded.
    pub cells: Vec<String>,
}

impl TabletFilter {
    fn matches(&self, tablet: &Tablet) -> bool {
        self.keyspace.as_ref().is_none_or(|keyspace| *keyspace == tablet.keyspace)
            && self.shard.as_ref().is_none_or(|shard| *shard == tablet.shard)
    }
}

/// Tablets of several cells, and the cells that could not be read.
#[derive(Clone, Debug, Default)]
pub struct Tablets {
    /// In order of alias.
    pub records: Vec<TabletRecord>,
    pub failed: Vec<(String, TopoError)>,
}

impl Tablets {
    /// Returns the tablets only if all cells answered; else `PartialResult`.
    pub fn complete(self) -> Result<Vec<TabletRecord>> {
        if self.failed.is_empty() {
            return Ok(self.records);
        }
        let texts: Vec<String> =
            self.failed.iter().map(|(cell, err)| format!("{cell}: {err}")).collect();
        Err(TopoError::PartialResult(texts.join("; ")))
    }
}

impl TopoServer {
    pub async fn get_tablet(&self, alias: &TabletAlias) -> Result<TabletRecord> {
        let store = self.cell(&alias.cell).await?;
        let (message, version) = read(store.as_ref(), &paths::tablet(alias)).await?;
        Ok(TabletRecord { message, version })
    }

    /// Adds a tablet and lists it in its shard; `NodeExists` if there is one of that alias.
    pub async fn create_tablet(&self, tablet: &Tablet) -> Result<()> {
        let alias = alias_of(tablet)?;
        let store = self.cell(&alias.cell).await?;
        store.create(&paths::tablet(&alias), encode(tablet)).await?;
        self.add_shard_replication(&tablet.keyspace, &tablet.shard, &alias).await
    }

    /// Adds a tablet, or takes over the record of one of the same alias and shard.
    ///
    /// A tablet that was primary stays primary with its term until it knows better.
    pub async fn init_tablet(&self, tablet: &Tablet) -> Result<TabletRecord> {
        let alias = alias_of(tablet)?;
        match self.create_tablet(tablet).await {
            Err(err) if err.is_node_exists() => {}
            Err(err) => return Err(err),
            Ok(()) => return self.get_tablet(&alias).await,
        }
        let record = self
            .update_tablet_fields(&alias, |stored| {
                if stored.keyspace != tablet.keyspace || stored.shard != tablet.shard {
                    return Err(TopoError::Refused(format!(
                        "existing tablet keyspace and shard {}/{} differ from passed keyspace and \
                         shard {}/{} for tablet {alias}",
                        stored.keyspace, stored.shard, tablet.keyspace, tablet.shard
                    )));
                }
                let was_primary = TabletType::from_i32(stored.r#type) == TabletType::Primary;
                let term = stored.primary_term_start_time.take();
                *stored = tablet.clone();
                if was_primary && stored.primary_term_start_time.is_none() {
                    stored.r#type = TabletType::Primary as i32;
                    stored.primary_term_start_time = term;
                }
                Ok(())
            })
            .await?;
        self.add_shard_replication(&tablet.keyspace, &tablet.shard, &alias).await?;
        Ok(record)
    }

    /// Changes a tablet by compare-and-set; `change` may run several times.
    pub async fn update_tablet_fields(
        &self,
        alias: &TabletAlias,
        change: impl FnMut(&mut Tablet) -> Result<()> + Send,
    ) -> Result<TabletRecord> {
        let store = self.cell(&alias.cell).await?;
        let path = paths::tablet(alias);
        let (message, version) = update(store.as_ref(), &path, Missing::Fail, change).await?;
        Ok(TabletRecord { message, version })
    }

    /// Deletes a tablet and takes it off its shard's list.
    pub async fn delete_tablet(&self, alias: &TabletAlias) -> Result<()> {
        let store = self.cell(&alias.cell).await?;
        let path = paths::tablet(alias);
        let found = read::<Tablet>(store.as_ref(), &path).await;
        match found {
            Ok((tablet, _)) => {
                self.remove_shard_replication(&tablet.keyspace, &tablet.shard, alias).await?;
            }
            // A record that cannot be read can still be deleted.
            Err(TopoError::Corrupt { .. }) => {}
            Err(err) => return Err(err),
        }
        store.delete(&path, Expect::Any).await
    }

    /// Returns the aliases of a cell's tablets, in order.
    pub async fn get_tablet_aliases_by_cell(&self, cell: &str) -> Result<Vec<TabletAlias>> {
        let store = self.cell(cell).await?;
        let names = names_below(store.as_ref(), paths::TABLETS).await?;
        names.iter().map(|name| name.parse().map_err(TopoError::Other)).collect()
    }

    /// Returns all tablets of a cell, in order of alias, in one reading.
    pub async fn get_tablets_by_cell(&self, cell: &str) -> Result<Vec<TabletRecord>> {
        let store = self.cell(cell).await?;
        let mut tablets = Vec::new();
        for one in store.list(&format!("{}/", paths::TABLETS)).await? {
            if !one.path.ends_with(&format!("/{}", paths::TABLET_FILE)) {
                continue;
            }
            let message = decode(&one.path, &one.value.contents)?;
            tablets.push(TabletRecord { message, version: one.value.version });
        }
        tablets.sort_by_key(TabletRecord::alias);
        Ok(tablets)
    }

    /// Returns the tablets of a filter from the cells that can be read.
    pub async fn find_tablets(&self, filter: &TabletFilter) -> Result<Tablets> {
        let cells = match filter.cells.is_empty() {
            true => self.get_cell_names().await?,
            false => filter.cells.clone(),
        };
        let mut readings = futures::stream::iter(cells)
            .map(|cell| async move { (self.get_tablets_by_cell(&cell).await, cell) })
            .buffer_unordered(self.options().read_concurrency.max(1));
        let mut tablets = Tablets::default();
        while let Some((reading, cell)) = readings.next().await {
            match reading {
                Ok(found) => tablets
                    .records
                    .extend(found.into_iter().filter(|one| filter.matches(&one.message))),
                Err(err) => tablets.failed.push((cell, err)),
            }
        }
        tablets.records.sort_by_key(TabletRecord::alias);
        Ok(tablets)
    }

    /// Returns all tablets of the cluster; `PartialResult` if a cell could not be read.
    pub async fn get_all_tablets(&self) -> Result<Vec<TabletRecord>> {
        self.find_tablets(&TabletFilter::default()).await?.complete()
    }

    pub async fn get_tablets_by_keyspace(&self, keyspace: &str) -> Result<Vec<TabletRecord>> {
        let filter =
            TabletFilter { keyspace: Some(keyspace.to_owned()), ..TabletFilter::default() };
        self.find_tablets(&filter).await?.complete()
    }

    pub async fn get_tablets_by_shard(
        &self,
        keyspace: &str,
        shard: &str,
    ) -> Result<Vec<TabletRecord>> {
        self.find_tablets(&shard_filter(keyspace, shard)).await?.complete()
    }

    /// Returns the tablets of a shard in the cells that can be read; for repair under failure.
    pub async fn find_tablets_by_shard(&self, keyspace: &str, shard: &str) -> Result<Tablets> {
        self.find_tablets(&shard_filter(keyspace, shard)).await
    }
}

fn shard_filter(keyspace: &str, shard: &str) -> TabletFilter {
    TabletFilter {
        keyspace: Some(keyspace.to_owned()),
        shard: Some(shard.to_owned()),
        cells: Vec::new(),
    }
}

fn alias_of(tablet: &Tablet) -> Result<TabletAlias> {
    match &tablet.alias {
        Some(alias) if !alias.cell.is_empty() => Ok(alias.into()),
        _ => Err(TopoError::Invalid("tablet record has no alias".to_owned())),
    }
}
