//! `xxhash`: XXH64 of the value's text, low byte first; NULL counts as the empty string.

use vt_value::TypedBytes;
use xxhash_rust::xxh64::xxh64;

use super::Function;
use crate::Destination;

#[derive(Debug)]
pub(super) struct Xxhash;

impl Function for Xxhash {
    fn map(&self, row: &[TypedBytes]) -> Destination {
        Destination::KeyspaceId(digest(&row[0].bytes))
    }
}

pub(super) fn digest(bytes: &[u8]) -> Vec<u8> {
    xxh64(bytes, 0).to_le_bytes().to_vec()
}
