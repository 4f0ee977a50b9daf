//! Between the records' messages and the types of `vt-base`.

use vt_base::{KeyRange, TabletAlias, TabletType, Target};

use crate::{query, topodata};

impl From<&TabletAlias> for topodata::TabletAlias {
    fn from(alias: &TabletAlias) -> topodata::TabletAlias {
        topodata::TabletAlias { cell: alias.cell.to_string(), uid: alias.uid }
    }
}

impl From<&topodata::TabletAlias> for TabletAlias {
    fn from(alias: &topodata::TabletAlias) -> TabletAlias {
        TabletAlias::new(&alias.cell, alias.uid)
    }
}

impl From<&KeyRange> for topodata::KeyRange {
    fn from(range: &KeyRange) -> topodata::KeyRange {
        topodata::KeyRange {
            start: range.start().to_vec().into(),
            end: range.end().to_vec().into(),
        }
    }
}

impl From<&topodata::KeyRange> for KeyRange {
    fn from(range: &topodata::KeyRange) -> KeyRange {
        KeyRange::new(&range.start, &range.end)
    }
}

impl From<&Target> for query::Target {
    fn from(target: &Target) -> query::Target {
        query::Target {
            keyspace: target.keyspace.to_string(),
            shard: target.shard.to_string(),
            tablet_type: target.tablet_type as i32,
            cell: target.cell.to_string(),
        }
    }
}

impl From<&query::Target> for Target {
    fn from(target: &query::Target) -> Target {
        Target {
            keyspace: target.keyspace.as_str().into(),
            shard: target.shard.as_str().into(),
            tablet_type: TabletType::from_i32(target.tablet_type),
            cell: target.cell.as_str().into(),
        }
    }
}
