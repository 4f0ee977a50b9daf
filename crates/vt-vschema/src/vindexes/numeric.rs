//! `numeric`: the number itself, high byte first.

use vt_value::TypedBytes;

use super::{Function, value};
use crate::Destination;

#[derive(Debug)]
pub(super) struct Numeric;

impl Function for Numeric {
    fn map(&self, row: &[TypedBytes]) -> Destination {
        match value::number(&row[0]) {
            Some(number) => Destination::KeyspaceId(number.to_be_bytes().to_vec()),
            None => Destination::None,
        }
    }

    fn is_reversible(&self) -> bool {
        true
    }

    fn reverse(&self, keyspace_id: &[u8]) -> Option<TypedBytes> {
        let number = u64::from_be_bytes(keyspace_id.try_into().ok()?);
        Some(TypedBytes::uint64(number))
    }
}
