//! `unicode_loose_md5` and `unicode_loose_xxhash`: hashes of the value's collation key.

use vt_value::TypedBytes;

use super::collation_key::collation_key;
use super::{Function, binary_md5, value, xxhash};
use crate::Destination;

#[derive(Debug)]
pub(super) struct Md5Of;

#[derive(Debug)]
pub(super) struct XxhashOf;

impl Function for Md5Of {
    fn map(&self, row: &[TypedBytes]) -> Destination {
        map(row, binary_md5::md5)
    }
}

impl Function for XxhashOf {
    fn map(&self, row: &[TypedBytes]) -> Destination {
        map(row, xxhash::digest)
    }
}

fn map(row: &[TypedBytes], digest: fn(&[u8]) -> Vec<u8>) -> Destination {
    match value::bytes(&row[0]) {
        Some(bytes) => Destination::KeyspaceId(digest(&collation_key(bytes))),
        None => Destination::None,
    }
}
