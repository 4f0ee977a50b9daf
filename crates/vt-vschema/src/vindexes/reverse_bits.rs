//! `reverse_bits`: the number with all 64 bits mirrored, so that neighbours lie far apart.

use vt_value::TypedBytes;

use super::{Function, value};
use crate::Destination;

#[derive(Debug)]
pub(super) struct ReverseBits;

impl Function for ReverseBits {
    fn reads_numbers(&self) -> bool {
        true
    }

    fn map(&self, row: &[TypedBytes]) -> Destination {
        match value::number(&row[0]) {
            Some(number) => Destination::KeyspaceId(number.reverse_bits().to_be_bytes().to_vec()),
            None => Destination::None,
        }
    }

    fn is_reversible(&self) -> bool {
        true
    }

    fn reverse(&self, keyspace_id: &[u8]) -> Option<TypedBytes> {
        let number = u64::from_be_bytes(keyspace_id.try_into().ok()?);
        Some(TypedBytes::uint64(number.reverse_bits()))
    }
}
