//! `numeric`: the number itself, high byte first.

use vt_base::KeyRange;
use vt_value::TypedBytes;

use super::{Function, value};
use crate::Destination;

#[derive(Debug)]
pub(super) struct Numeric;

impl Function for Numeric {
    fn reads_numbers(&self) -> bool {
        true
    }

    fn map(&self, row: &[TypedBytes]) -> Destination {
        match value::number(&row[0]) {
            Some(number) => Destination::KeyspaceId(number.to_be_bytes().to_vec()),
            None => Destination::None,
        }
    }

    fn map_between(&self, low: u64, high: u64) -> Option<Destination> {
        // The end of a range is not in it; behind the last id there is none.
        let end = high.checked_add(1).map(u64::to_be_bytes);
        let end = end.as_ref().map_or(&[][..], |end| &end[..]);
        Some(Destination::KeyRange(KeyRange::new(&low.to_be_bytes(), end)))
    }

    fn is_reversible(&self) -> bool {
        true
    }

    fn reverse(&self, keyspace_id: &[u8]) -> Option<TypedBytes> {
        let number = u64::from_be_bytes(keyspace_id.try_into().ok()?);
        Some(TypedBytes::uint64(number))
    }
}
