//! The serving graph: for each cell and keyspace, which shards serve which kind of tablet.

use std::collections::BTreeMap;

use vt_base::KeyRange;
use vt_proto::topodata::{
    ShardReference, ShardTabletControl, SrvKeyspace, TabletType, srv_keyspace::KeyspacePartition,
};

use crate::paths::{self, check_name};
use crate::records::keyspace::KeyspaceRecord;
use crate::records::lock::{LockGuard, LockTarget};
use crate::records::shard::ShardRecord;
use crate::server::{Missing, read, update, write};
use crate::store::Expect;
use crate::{Result, TopoError, TopoServer};

/// The types that the serving graph has a partition for.
const SERVED_TYPES: [TabletType; 3] =
    [TabletType::Primary, TabletType::Replica, TabletType::Rdonly];

/// Whether a keyspace whose shards leave gaps may serve all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    Refused,
    /// Only for snapshot keyspaces, which may be restored a shard at a time.
    AllowedForSnapshots,
}

/// Returns the part of a serving keyspace that is for a tablet type.
pub fn partition(srv: &SrvKeyspace, served: TabletType) -> Option<&KeyspacePartition> {
    srv.partitions.iter().find(|one| one.served_type() == served)
}

/// Derives what serves from the records of a keyspace and its shards.
pub fn build_srv_keyspace(
    keyspace: &KeyspaceRecord,
    shards: &[ShardRecord],
    gaps: Gaps,
) -> Result<SrvKeyspace> {
    let mut serving: Vec<&ShardRecord> =
        shards.iter().filter(|shard| shard.is_primary_serving()).collect();
    serving.sort_by_key(|shard| (shard.key_range(), shard.name.clone()));
    if gaps == Gaps::Refused || !keyspace.is_snapshot() {
        check_ranges(&keyspace.name, &serving)?;
    }
    let references: Vec<ShardReference> = serving
        .iter()
        .map(|shard| ShardReference {
            name: shard.name.clone(),
            key_range: shard.message.key_range.clone(),
        })
        .collect();
    let of_type = |served: TabletType| KeyspacePartition {
        served_type: served as i32,
        shard_references: references.clone(),
        shard_tablet_controls: Vec::new(),
    };
    let partitions = match references.is_empty() {
        true => Vec::new(),
        false => SERVED_TYPES.into_iter().map(of_type).collect(),
    };
    Ok(SrvKeyspace {
        partitions,
        throttler_config: keyspace.message.throttler_config.clone(),
        query_throttler_config: keyspace.message.query_throttler_config.clone(),
    })
}

/// Shards that serve together must cover the key space once, from its start to its end.
fn check_ranges(keyspace: &str, sorted: &[&ShardRecord]) -> Result<()> {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Ok(()) };
    let wrong =
        |text: String| Err(TopoError::Refused(format!("keyspace partition for {keyspace} {text}")));
    if !first.key_range().start().is_empty() {
        return wrong(format!("does not start with min key (first shard is {})", first.name));
    }
    if !last.key_range().end().is_empty() {
        return wrong(format!("does not end with max key (last shard is {})", last.name));
    }
    for pair in sorted.windows(2) {
        let (left, right): (KeyRange, KeyRange) = (pair[0].key_range(), pair[1].key_range());
        if left.end().is_empty() || left.end() != right.start() {
            return wrong(format!(
                "has non-contiguous key ranges: shard {} does not follow shard {}",
                pair[1].name, pair[0].name
            ));
        }
    }
    Ok(())
}

impl TopoServer {
    /// Returns the names of the keyspaces that a cell serves, in order.
    pub async fn get_srv_keyspace_names(&self, cell: &str) -> Result<Vec<String>> {
        let store = self.cell(cell).await?;
        let prefix = format!("{}/", paths::KEYSPACES);
        let found = store.list(&prefix).await?;
        let names = found.iter().filter_map(|one| match one.path[prefix.len()..].split_once('/') {
            Some((name, paths::SRV_KEYSPACE_FILE)) => Some(name.to_owned()),
            _ => None,
        });
        Ok(names.collect())
    }

    pub async fn get_srv_keyspace(&self, cell: &str, keyspace: &str) -> Result<SrvKeyspace> {
        check_name("keyspace", keyspace)?;
        let store = self.cell(cell).await?;
        Ok(read(store.as_ref(), &paths::srv_keyspace(keyspace)).await?.0)
    }

    /// Returns a keyspace's serving graph in each of the cells that serve it.
    pub async fn get_srv_keyspaces(
        &self,
        keyspace: &str,
        cells: &[String],
    ) -> Result<BTreeMap<String, SrvKeyspace>> {
        let mut found = BTreeMap::new();
        for cell in self.cells_or_all(cells).await? {
            match self.get_srv_keyspace(&cell, keyspace).await {
                Ok(srv) => drop(found.insert(cell, srv)),
                Err(err) if err.is_no_node() => {}
                Err(err) => return Err(err),
            }
        }
        Ok(found)
    }

    pub async fn update_srv_keyspace(
        &self,
        cell: &str,
        keyspace: &str,
        srv: &SrvKeyspace,
    ) -> Result<()> {
        check_name("keyspace", keyspace)?;
        let store = self.cell(cell).await?;
        write(store.as_ref(), &paths::srv_keyspace(keyspace), srv).await?;
        Ok(())
    }

    /// Changes a keyspace's serving graph in the cells that serve it, each by compare-and-set.
    pub async fn update_srv_keyspace_fields(
        &self,
        keyspace: &str,
        cells: &[String],
        mut change: impl FnMut(&mut SrvKeyspace) -> Result<()> + Send,
    ) -> Result<()> {
        check_name("keyspace", keyspace)?;
        let path = paths::srv_keyspace(keyspace);
        for cell in self.cells_or_all(cells).await? {
            let store = self.cell(&cell).await?;
            match update(store.as_ref(), &path, Missing::Fail, &mut change).await {
                Err(err) if !err.is_no_node() => return Err(err),
                _ => {}
            }
        }
        Ok(())
    }

    pub async fn delete_srv_keyspace(&self, cell: &str, keyspace: &str) -> Result<()> {
        check_name("keyspace", keyspace)?;
        let store = self.cell(cell).await?;
        store.delete(&paths::srv_keyspace(keyspace), Expect::Any).await
    }

    /// Writes a keyspace's serving graph anew in the given cells, or in all, under its lock.
    pub async fn rebuild_srv_keyspace(
        &self,
        keyspace: &str,
        cells: &[String],
        gaps: Gaps,
    ) -> Result<()> {
        let lock = self.lock_keyspace(keyspace, "RebuildKeyspace").await?;
        let rebuilt = self.rebuild_srv_keyspace_locked(keyspace, cells, gaps, &lock).await;
        lock.unlock().await?;
        rebuilt
    }

    /// Like [`TopoServer::rebuild_srv_keyspace`] for one who holds the keyspace's lock.
    pub async fn rebuild_srv_keyspace_locked(
        &self,
        keyspace: &str,
        cells: &[String],
        gaps: Gaps,
        lock: &LockGuard,
    ) -> Result<()> {
        lock.check_locked(&LockTarget::keyspace(keyspace)).await?;
        let record = self.get_keyspace(keyspace).await?;
        let shards = self.find_all_shards_in_keyspace(keyspace).await?;
        let cells = self.cells_or_all(cells).await?;
        let former = self.get_srv_keyspaces(keyspace, &cells).await?;
        for (cell, srv) in &former {
            check_no_migration(cell, srv)?;
        }
        let built = build_srv_keyspace(&record, &shards, gaps)?;
        lock.check().await?;
        for cell in &cells {
            let mut built = built.clone();
            if let Some(former) = former.get(cell) {
                keep_retired(&mut built, former);
            }
            self.update_srv_keyspace(cell, keyspace, &built).await?;
        }
        Ok(())
    }

    /// Turns the query service of some shards' tablets of a type off or on, for a cut-over.
    pub async fn set_query_service_disabled(
        &self,
        target: (&str, TabletType),
        shards: &[ShardRecord],
        cells: &[String],
        disabled: bool,
        lock: &LockGuard,
    ) -> Result<()> {
        let (keyspace, served) = target;
        lock.check_locked(&LockTarget::keyspace(keyspace)).await?;
        self.update_srv_keyspace_fields(keyspace, cells, |srv| {
            for part in srv.partitions.iter_mut().filter(|one| one.served_type() == served) {
                for shard in shards {
                    set_disabled(part, shard, disabled);
                }
            }
            Ok(())
        })
        .await
    }

    async fn cells_or_all(&self, cells: &[String]) -> Result<Vec<String>> {
        match cells.is_empty() {
            true => self.get_cell_names().await,
            false => Ok(cells.to_vec()),
        }
    }
}

fn set_disabled(part: &mut KeyspacePartition, shard: &ShardRecord, disabled: bool) {
    let controls = &mut part.shard_tablet_controls;
    match controls.iter_mut().find(|one| one.name == shard.name) {
        Some(control) => control.query_service_disabled = disabled,
        None => controls.push(ShardTabletControl {
            name: shard.name.clone(),
            key_range: shard.message.key_range.clone(),
            query_service_disabled: disabled,
        }),
    }
}

fn serves(part: &KeyspacePartition, shard: &str) -> bool {
    part.shard_references.iter().any(|one| one.name == shard)
}

/// Keeps the query service of shards off that others have taken the place of.
fn keep_retired(built: &mut SrvKeyspace, former: &SrvKeyspace) {
    for part in &mut built.partitions {
        let Some(former) = partition(former, part.served_type()) else { continue };
        let retired = former.shard_tablet_controls.iter();
        let retired: Vec<ShardTabletControl> = retired
            .filter(|one| one.query_service_disabled && !serves(part, &one.name))
            .cloned()
            .collect();
        part.shard_tablet_controls.extend(retired);
    }
}

/// A rebuild in the middle of a cut-over would let both sides serve.
fn check_no_migration(cell: &str, srv: &SrvKeyspace) -> Result<()> {
    for part in &srv.partitions {
        let controls = &part.shard_tablet_controls;
        if controls.iter().any(|one| one.query_service_disabled && serves(part, &one.name)) {
            return Err(TopoError::Refused(format!(
                "can't rebuild serving keyspace while a migration is on going. TabletControls is \
                 set for partition {} in cell {cell}",
                part.served_type().as_str_name()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::shard::validate_shard_name;
    use crate::store::Version;
    use vt_proto::topodata::{Keyspace, KeyspaceType, Shard};

    fn shard(name: &str, is_primary_serving: bool) -> ShardRecord {
        let (name, key_range) = validate_shard_name(name).unwrap();
        ShardRecord {
            keyspace: "ks".into(),
            name,
            message: Shard { key_range, is_primary_serving, ..Shard::default() },
            version: Version(1),
        }
    }

    fn keyspace(kind: KeyspaceType) -> KeyspaceRecord {
        KeyspaceRecord {
            name: "ks".into(),
            message: Keyspace { keyspace_type: kind as i32, ..Keyspace::default() },
            version: Version(1),
        }
    }

    /// Builds from shards named with a `!` behind those that do not serve.
    fn check(names: &[&str], expect: Result<&[&str], &str>) {
        let shards: Vec<ShardRecord> = names
            .iter()
            .map(|name| shard(name.trim_end_matches('!'), !name.ends_with('!')))
            .collect();
        let built = build_srv_keyspace(&keyspace(KeyspaceType::Normal), &shards, Gaps::Refused);
        match (built, expect) {
            (Ok(srv), Ok(order)) => {
                for served in SERVED_TYPES {
                    let part = partition(&srv, served).unwrap();
                    let got: Vec<&str> =
                        part.shard_references.iter().map(|one| one.name.as_str()).collect();
                    assert_eq!(got, order);
                }
            }
            (Err(err), Err(text)) => assert!(err.to_string().contains(text), "{err}"),
            (built, _) => panic!("{names:?} gave {built:?}"),
        }
    }

    #[test]
    fn serving_shards_are_listed_in_order_of_range() {
        check(&["80-", "-80"], Ok(&["-80", "80-"]));
        check(&["0"], Ok(&["0"]));
        check(&["-"], Ok(&["-"]));
        check(&["c0-", "-40", "80-c0", "40-80"], Ok(&["-40", "40-80", "80-c0", "c0-"]));
        check(&["-80", "80-", "-40!", "40-80!"], Ok(&["-80", "80-"]));
    }

    #[test]
    fn gaps_and_overlaps_do_not_serve() {
        check(&["-80"], Err("does not end with max key"));
        check(&["80-"], Err("does not start with min key"));
        check(&["-40", "80-"], Err("non-contiguous"));
        check(&["-80", "40-"], Err("non-contiguous"));
    }

    #[test]
    fn shards_whose_place_was_taken_stay_off() {
        let shards = [shard("-80", true), shard("80-", true), shard("0", false)];
        let build =
            || build_srv_keyspace(&keyspace(KeyspaceType::Normal), &shards, Gaps::Refused).unwrap();
        let mut former = build();
        for (name, refused) in [("0", false), ("-80", true)] {
            for part in &mut former.partitions {
                let record = shard(name, false);
                set_disabled(part, &record, true);
            }
            assert_eq!(check_no_migration("zone1", &former).is_err(), refused, "{name}");
        }
        let mut built = build();
        keep_retired(&mut built, &former);
        let controls = &partition(&built, TabletType::Primary).unwrap().shard_tablet_controls;
        let names: Vec<&str> = controls.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["0"]);
    }

    #[test]
    fn a_snapshot_may_be_partial() {
        let shards = [shard("-80", true)];
        let snapshot = keyspace(KeyspaceType::Snapshot);
        assert!(build_srv_keyspace(&snapshot, &shards, Gaps::Refused).is_err());
        assert!(build_srv_keyspace(&snapshot, &shards, Gaps::AllowedForSnapshots).is_ok());
        let normal = keyspace(KeyspaceType::Normal);
        assert!(build_srv_keyspace(&normal, &shards, Gaps::AllowedForSnapshots).is_err());
    }
}
