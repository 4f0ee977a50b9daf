//! `binary_md5`: MD5 of the value's bytes; NULL counts as the empty string.

use md5::{Digest, Md5};
use vt_value::TypedBytes;

use super::Function;
use crate::Destination;

#[derive(Debug)]
pub(super) struct BinaryMd5;

impl Function for BinaryMd5 {
    fn map(&self, row: &[TypedBytes]) -> Destination {
        Destination::KeyspaceId(md5(&row[0].bytes))
    }
}

pub(super) fn md5(bytes: &[u8]) -> Vec<u8> {
    Md5::digest(bytes).to_vec()
}
