//! `cfc`: a value cut at fixed offsets, each part hashed by itself, so that values with a common
//! beginning lie together.

use vt_base::Error;
use vt_value::TypedBytes;

use super::binary::range_of_prefix;
use super::{Built, Function, Params, binary_md5, params, value, xxhash};
use crate::Destination;

#[derive(Debug)]
struct Cfc {
    hash: PartHash,
    /// Where a value is cut; ascending, none is zero.
    offsets: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
enum PartHash {
    Identity,
    Md5,
    Xxhash,
}

impl PartHash {
    fn of(self, part: &[u8]) -> Vec<u8> {
        match self {
            PartHash::Identity => part.to_vec(),
            PartHash::Md5 => binary_md5::md5(part),
            PartHash::Xxhash => xxhash::digest(part),
        }
    }
}

pub(super) fn build(given: &Params) -> Result<Built, Error> {
    let hash = match given.get("hash").map_or("", String::as_str) {
        "" | "identity" => PartHash::Identity,
        "md5" => PartHash::Md5,
        "xxhash64" => PartHash::Xxhash,
        other => return Err(params::invalid(format!("invalid hash {other} to CFC vindex"))),
    };
    let offsets: Vec<usize> = match given.get("offsets") {
        None => Vec::new(),
        Some(text) => serde_json::from_str(text)
            .map_err(|_| params::invalid(format!("invalid offsets {text} to CFC vindex")))?,
    };
    let ascending = offsets.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || offsets.first() == Some(&0) {
        return Err(params::invalid("CFC vindex requires ascending non-zero offsets"));
    }
    Ok(Built::function(Cfc { hash, offsets }, 1).with_params(&["hash", "offsets"]))
}

impl Function for Cfc {
    fn map(&self, row: &[TypedBytes]) -> Destination {
        let Some(bytes) = value::bytes(&row[0]) else { return Destination::None };
        if self.offsets.last().is_some_and(|last| bytes.len() < *last) {
            return Destination::None;
        }
        let mut id = Vec::new();
        let mut start = 0;
        for end in self.offsets.iter().copied().chain([bytes.len()]) {
            if start < end || bytes.is_empty() {
                id.extend(self.hash.of(&bytes[start..end]));
            }
            start = end;
        }
        Destination::KeyspaceId(id)
    }

    fn map_value_prefix(&self, prefix: &[u8]) -> Option<Destination> {
        if matches!(self.hash, PartHash::Identity) {
            return Some(Destination::KeyRange(range_of_prefix(prefix)));
        }
        // Only parts that the prefix has in full have a hash.
        let mut id = Vec::new();
        let mut start = 0;
        for end in self.offsets.iter().copied().take_while(|end| *end <= prefix.len()) {
            id.extend(self.hash.of(&prefix[start..end]));
            start = end;
        }
        Some(match id.is_empty() {
            true => Destination::AllShards,
            false => Destination::KeyRange(range_of_prefix(&id)),
        })
    }
}
