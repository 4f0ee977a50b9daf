//! Shard records: key range, primary and its term, what is served.

use std::time::SystemTime;

use vt_base::key_range::decode_hex;
use vt_base::{KeyRange, TabletAlias};
use vt_proto::{topodata, vttime};

use crate::paths::{self, check_name};
use crate::server::{Missing, decode, encode, names_below, read, update};
use crate::store::{Expect, Version};
use crate::{Result, TopoError, TopoServer};

/// A shard as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardRecord {
    pub keyspace: String,
    pub name: String,
    pub message: topodata::Shard,
    pub version: Version,
}

impl ShardRecord {
    /// Returns the primary; a record with an empty alias has none.
    pub fn primary_alias(&self) -> Option<TabletAlias> {
        let alias = self.message.primary_alias.as_ref()?;
        if alias.cell.is_empty() && alias.uid == 0 {
            return None;
        }
        Some(alias.into())
    }

    /// Returns the part of the key space that the shard owns; the whole where none is stored.
    pub fn key_range(&self) -> KeyRange {
        self.message.key_range.as_ref().map_or_else(KeyRange::full, KeyRange::from)
    }

    /// Returns when the present primary's term began.
    pub fn primary_term_start(&self) -> Option<SystemTime> {
        self.message.primary_term_start_time.as_ref().and_then(to_system_time)
    }

    pub fn is_primary_serving(&self) -> bool {
        self.message.is_primary_serving
    }
}

/// Returns the stored form of a moment.
pub fn to_proto_time(at: SystemTime) -> vttime::Time {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    vttime::Time {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: i32::try_from(since.subsec_nanos()).unwrap_or(0),
    }
}

/// Returns the moment of a stored time; the zero time and times before 1970 are none.
pub fn to_system_time(time: &vttime::Time) -> Option<SystemTime> {
    let seconds = u64::try_from(time.seconds).ok()?;
    let nanos = u32::try_from(time.nanoseconds).ok()?;
    if (seconds, nanos) == (0, 0) {
        return None;
    }
    SystemTime::UNIX_EPOCH.checked_add(std::time::Duration::new(seconds, nanos))
}

/// Checks a shard's name; returns it in its stored form, with the range that it names.
///
/// A name without a dash names no range: it is the one shard of an unsharded keyspace.
pub fn validate_shard_name(name: &str) -> Result<(String, Option<topodata::KeyRange>)> {
    check_name("shard", name)?;
    if !name.contains('-') {
        return Ok((name.to_owned(), None));
    }
    let parts: Vec<&str> = name.split('-').collect();
    let [start, end] = parts.as_slice() else {
        return Err(TopoError::Invalid(format!(
            "invalid shardId, can only contain one '-': {name}"
        )));
    };
    let bound = |text: &str| {
        decode_hex(text).ok_or_else(|| {
            TopoError::Invalid(format!("invalid shard name {name}: {text} is not hexadecimal"))
        })
    };
    // The bounds keep their trailing zeroes, as the name has them.
    let range = topodata::KeyRange { start: bound(start)?.into(), end: bound(end)?.into() };
    if !range.end.is_empty() && range.start >= range.end {
        return Err(TopoError::Invalid(format!(
            "out of order keys: {start} is not strictly smaller than {end}"
        )));
    }
    Ok((name.to_lowercase(), Some(range)))
}

impl TopoServer {
    pub async fn get_shard(&self, keyspace: &str, shard: &str) -> Result<ShardRecord> {
        check_name("keyspace", keyspace)?;
        check_name("shard", shard)?;
        let (message, version) =
            read(self.global().as_ref(), &paths::shard(keyspace, shard)).await?;
        Ok(ShardRecord { keyspace: keyspace.to_owned(), name: shard.to_owned(), message, version })
    }

    /// Returns the names of a keyspace's shards, in order; `NoNode` if there is no such keyspace.
    pub async fn get_shard_names(&self, keyspace: &str) -> Result<Vec<String>> {
        check_name("keyspace", keyspace)?;
        let names = names_below(self.global().as_ref(), &paths::shards_dir(keyspace)).await?;
        if names.is_empty() {
            self.get_keyspace(keyspace).await?;
        }
        Ok(names)
    }

    /// Returns all shards of a keyspace by name, in one reading.
    pub async fn find_all_shards_in_keyspace(&self, keyspace: &str) -> Result<Vec<ShardRecord>> {
        check_name("keyspace", keyspace)?;
        let prefix = format!("{}/", paths::shards_dir(keyspace));
        let mut shards = Vec::new();
        for one in self.global().list(&prefix).await? {
            let Some((name, paths::SHARD_FILE)) = one.path[prefix.len()..].split_once('/') else {
                continue;
            };
            shards.push(ShardRecord {
                keyspace: keyspace.to_owned(),
                name: name.to_owned(),
                message: decode(&one.path, &one.value.contents)?,
                version: one.value.version,
            });
        }
        if shards.is_empty() {
            self.get_keyspace(keyspace).await?;
        }
        Ok(shards)
    }

    /// Returns the shards whose primaries serve, in order of key range.
    pub async fn get_serving_shards(&self, keyspace: &str) -> Result<Vec<ShardRecord>> {
        let mut shards = self.find_all_shards_in_keyspace(keyspace).await?;
        shards.retain(ShardRecord::is_primary_serving);
        if shards.is_empty() {
            return Err(TopoError::Refused(format!("{keyspace} has no serving shards")));
        }
        shards.sort_by_key(|one| (one.key_range(), one.name.clone()));
        Ok(shards)
    }

    /// Adds a shard under its keyspace's lock, with the range that its name says.
    ///
    /// It serves unless its range overlaps a shard that does: such a one is for a later split.
    pub async fn create_shard(&self, keyspace: &str, shard: &str) -> Result<ShardRecord> {
        check_name("keyspace", keyspace)?;
        let (name, key_range) = validate_shard_name(shard)?;
        let lock = self.lock_keyspace(keyspace, "CreateShard").await?;
        let created = self.create_shard_locked(keyspace, &name, key_range).await;
        lock.unlock().await?;
        created
    }

    async fn create_shard_locked(
        &self,
        keyspace: &str,
        name: &str,
        key_range: Option<topodata::KeyRange>,
    ) -> Result<ShardRecord> {
        let others = self.find_all_shards_in_keyspace(keyspace).await?;
        let own = key_range.as_ref().map_or_else(KeyRange::full, KeyRange::from);
        let overlaps =
            |other: &ShardRecord| other.is_primary_serving() && other.key_range().intersects(&own);
        let is_primary_serving = !others.iter().any(overlaps);
        let message =
            topodata::Shard { key_range, is_primary_serving, ..topodata::Shard::default() };
        let version = self.global().create(&paths::shard(keyspace, name), encode(&message)).await?;
        Ok(ShardRecord { keyspace: keyspace.to_owned(), name: name.to_owned(), message, version })
    }

    /// Returns a shard, adding it and its keyspace where they are missing.
    pub async fn get_or_create_shard(&self, keyspace: &str, shard: &str) -> Result<ShardRecord> {
        match self.get_shard(keyspace, shard).await {
            Err(err) if err.is_no_node() => {}
            other => return other,
        }
        match self.create_keyspace(keyspace, &topodata::Keyspace::default()).await {
            Err(err) if !err.is_node_exists() => return Err(err),
            _ => {}
        }
        match self.create_shard(keyspace, shard).await {
            Err(err) if err.is_node_exists() => {
                let (name, _) = validate_shard_name(shard)?;
                self.get_shard(keyspace, &name).await
            }
            other => other,
        }
    }

    /// Changes a shard by compare-and-set; `change` may run several times.
    pub async fn update_shard_fields(
        &self,
        keyspace: &str,
        shard: &str,
        change: impl FnMut(&mut topodata::Shard) -> Result<()> + Send,
    ) -> Result<ShardRecord> {
        check_name("keyspace", keyspace)?;
        check_name("shard", shard)?;
        let path = paths::shard(keyspace, shard);
        let (message, version) =
            update(self.global().as_ref(), &path, Missing::Fail, change).await?;
        Ok(ShardRecord { keyspace: keyspace.to_owned(), name: shard.to_owned(), message, version })
    }

    /// Deletes a shard's record. Its tablets must have been deleted before.
    pub async fn delete_shard(&self, keyspace: &str, shard: &str) -> Result<()> {
        check_name("keyspace", keyspace)?;
        check_name("shard", shard)?;
        self.global().delete(&paths::shard(keyspace, shard), Expect::Any).await
    }
}

/// Returns the control of a tablet type, if the shard has one.
pub fn tablet_control(
    shard: &topodata::Shard,
    tablet_type: topodata::TabletType,
) -> Option<&topodata::shard::TabletControl> {
    shard.tablet_controls.iter().find(|one| one.tablet_type() == tablet_type)
}

/// Whether [`change_denied_tables`] adds or removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeniedTables {
    Add,
    Remove,
}

/// Changes which tables a shard's tablets of a type refuse to serve, in some cells or in all.
///
/// An empty list of cells stands for all cells. A control without tables or cells left goes.
pub fn change_denied_tables(
    shard: &mut topodata::Shard,
    tablet_type: topodata::TabletType,
    cells: &[String],
    tables: &[String],
    change: DeniedTables,
) -> Result<()> {
    if tablet_type == topodata::TabletType::Primary && !cells.is_empty() {
        return Err(TopoError::Invalid(
            "cells cannot be given for the denied tables of the primary".to_owned(),
        ));
    }
    let found = shard.tablet_controls.iter().position(|one| one.tablet_type() == tablet_type);
    let Some(index) = found else {
        if change == DeniedTables::Add {
            shard.tablet_controls.push(topodata::shard::TabletControl {
                tablet_type: tablet_type as i32,
                cells: cells.to_vec(),
                denied_tables: tables.to_vec(),
                ..Default::default()
            });
        }
        return Ok(());
    };
    let control = &mut shard.tablet_controls[index];
    if control.frozen {
        return Err(TopoError::Refused(
            "cannot safely alter denied tables as the shard's tablet control is frozen".to_owned(),
        ));
    }
    match change {
        DeniedTables::Add => {
            let new = tables.iter().filter(|table| !control.denied_tables.contains(table));
            let new: Vec<String> = new.cloned().collect();
            control.denied_tables.extend(new);
            let new = cells.iter().filter(|cell| !control.cells.contains(cell));
            let new: Vec<String> = new.cloned().collect();
            control.cells.extend(new);
        }
        DeniedTables::Remove if !control.cells.is_empty() && !cells.is_empty() => {
            control.cells.retain(|cell| !cells.contains(cell));
            if control.cells.is_empty() {
                shard.tablet_controls.remove(index);
            }
        }
        DeniedTables::Remove => {
            control.denied_tables.retain(|table| !tables.contains(table));
            if control.denied_tables.is_empty() || tables.is_empty() {
                shard.tablet_controls.remove(index);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_ranges_as_written() {
        let (name, range) = validate_shard_name("8000-C0").unwrap();
        assert_eq!(name, "8000-c0");
        let range = range.unwrap();
        assert_eq!((&range.start[..], &range.end[..]), (&[0x80, 0][..], &[0xc0][..]));
        assert_eq!(validate_shard_name("0").unwrap(), ("0".to_owned(), None));
        assert_eq!(validate_shard_name("-").unwrap().1, Some(topodata::KeyRange::default()));
        for bad in ["", "a/b", "80-40", "80-80", "-8", "x-", "40-80-c0"] {
            assert!(validate_shard_name(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn denied_tables_come_and_go() {
        let mut shard = topodata::Shard::default();
        let primary = topodata::TabletType::Primary;
        let tables = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        change_denied_tables(&mut shard, primary, &[], &tables(&["a", "b"]), DeniedTables::Add)
            .unwrap();
        change_denied_tables(&mut shard, primary, &[], &tables(&["b", "c"]), DeniedTables::Add)
            .unwrap();
        assert_eq!(tablet_control(&shard, primary).unwrap().denied_tables, ["a", "b", "c"]);
        change_denied_tables(&mut shard, primary, &[], &tables(&["a"]), DeniedTables::Remove)
            .unwrap();
        assert_eq!(tablet_control(&shard, primary).unwrap().denied_tables, ["b", "c"]);
        change_denied_tables(&mut shard, primary, &[], &tables(&["b", "c"]), DeniedTables::Remove)
            .unwrap();
        assert!(shard.tablet_controls.is_empty());
        let cells = tables(&["zone1"]);
        change_denied_tables(&mut shard, primary, &cells, &[], DeniedTables::Add).unwrap_err();
    }

    #[test]
    fn times_go_there_and_back() {
        let at = SystemTime::UNIX_EPOCH + std::time::Duration::new(1_773_048_875, 7);
        assert_eq!(to_system_time(&to_proto_time(at)), Some(at));
        assert_eq!(to_system_time(&vttime::Time::default()), None);
        assert_eq!(to_system_time(&vttime::Time { seconds: -1, nanoseconds: 0 }), None);
    }
}
