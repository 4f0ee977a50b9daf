//! The shards of a keyspace that serve, and which of them a destination means.

use std::sync::Arc;

use vt_base::{Code, Error, KeyRange, KeyspaceId};

use crate::Destination;
use crate::destination::hex;

/// A shard that serves, with the keyspace ids that are its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingShard {
    pub name: Arc<str>,
    pub range: KeyRange,
}

/// The serving shards of one keyspace for one tablet type, in the order of their key ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardMap {
    keyspace: Arc<str>,
    shards: Vec<ServingShard>,
}

impl ShardMap {
    /// Makes a map of shards, sorted by where their key ranges start.
    pub fn new(keyspace: &str, mut shards: Vec<ServingShard>) -> ShardMap {
        shards.sort_by(|a, b| a.range.start().cmp(b.range.start()));
        ShardMap { keyspace: keyspace.into(), shards }
    }

    /// Makes a map of shards whose names are their key ranges (`-80`), or that hold all (`0`).
    pub fn from_names(keyspace: &str, names: &[&str]) -> Result<ShardMap, Error> {
        let shards = names.iter().map(|name| {
            Ok(ServingShard { name: Arc::from(*name), range: KeyRange::from_shard_name(name)? })
        });
        Ok(ShardMap::new(keyspace, shards.collect::<Result<_, Error>>()?))
    }

    pub fn keyspace(&self) -> &str {
        &self.keyspace
    }

    pub fn shards(&self) -> &[ServingShard] {
        &self.shards
    }

    /// Returns the places in [`ShardMap::shards`] that a destination means, ascending, each once.
    ///
    /// "Any shard" is the first; a caller that spreads load chooses for itself.
    pub fn resolve(&self, destination: &Destination) -> Result<Vec<usize>, Error> {
        let mut places = match destination {
            Destination::None => Vec::new(),
            Destination::AnyShard => match self.shards.is_empty() {
                true => return Err(self.missing("any shard")),
                false => vec![0],
            },
            Destination::AllShards => (0..self.shards.len()).collect(),
            Destination::Shard(name) => {
                let place = self.shards.iter().position(|shard| shard.name == *name);
                vec![place.ok_or_else(|| self.missing(name))?]
            }
            Destination::KeyspaceId(id) => vec![self.shard_of(id)?],
            Destination::KeyspaceIds(ids) => {
                ids.iter().map(|id| self.shard_of(id)).collect::<Result<_, Error>>()?
            }
            Destination::KeyRange(range) => self.shards_of_range(range),
        };
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    /// Returns the place of the shard that holds a keyspace id.
    pub fn shard_of(&self, id: &KeyspaceId) -> Result<usize, Error> {
        // Ranges do not overlap, so the last that starts at or before the id is the only candidate.
        let after = self.shards.partition_point(|shard| shard.range.start() <= id.as_slice());
        after
            .checked_sub(1)
            .filter(|place| self.shards[*place].range.contains(id))
            .ok_or_else(|| self.missing(&format!("keyspace id {}", hex(id))))
    }

    fn shards_of_range(&self, range: &KeyRange) -> Vec<usize> {
        let hits =
            |(place, shard): (usize, &ServingShard)| shard.range.intersects(range).then_some(place);
        self.shards.iter().enumerate().filter_map(hits).collect()
    }

    fn missing(&self, what: &str) -> Error {
        let message = format!("no shard of keyspace {} serves {what}", self.keyspace);
        Error::new(Code::Unavailable, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> ShardMap {
        ShardMap::from_names("ks", &["80-c0", "c0-", "-80"]).unwrap()
    }

    #[test]
    fn destinations_find_their_shards() {
        let cases: &[(Destination, &[usize])] = &[
            (Destination::None, &[]),
            (Destination::AllShards, &[0, 1, 2]),
            (Destination::Shard("c0-".into()), &[2]),
            (Destination::KeyspaceId(vec![0x80]), &[1]),
            (Destination::KeyspaceId(vec![]), &[0]),
            (Destination::KeyspaceId(vec![0xff; 9]), &[2]),
            (Destination::KeyspaceIds(vec![vec![0xc0], vec![1], vec![0xd0]]), &[0, 2]),
            (Destination::KeyRange("70-81".parse().unwrap()), &[0, 1]),
        ];
        for (destination, want) in cases {
            assert_eq!(map().resolve(destination).unwrap(), *want, "{destination:?}");
        }
    }

    #[test]
    fn a_hole_in_the_ranges_is_an_error() {
        let map = ShardMap::from_names("ks", &["-40", "80-"]).unwrap();
        let error = map.resolve(&Destination::KeyspaceId(vec![0x40])).unwrap_err();
        assert_eq!(error.message(), "no shard of keyspace ks serves keyspace id 40");
        assert!(map.resolve(&Destination::Shard("0".into())).is_err());
    }
}
