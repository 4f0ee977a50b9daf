//! `binary`: the value's own bytes.

use vt_base::KeyRange;
use vt_value::{Type, TypedBytes};

use super::{Function, value};
use crate::Destination;

#[derive(Debug)]
pub(super) struct Binary;

impl Function for Binary {
    fn map(&self, row: &[TypedBytes]) -> Destination {
        match value::bytes(&row[0]) {
            Some(bytes) => Destination::KeyspaceId(bytes.to_vec()),
            None => Destination::None,
        }
    }

    fn is_reversible(&self) -> bool {
        true
    }

    fn reverse(&self, keyspace_id: &[u8]) -> Option<TypedBytes> {
        Some(TypedBytes::new(Type::VARBINARY, keyspace_id.to_vec()))
    }

    fn map_value_prefix(&self, prefix: &[u8]) -> Option<Destination> {
        Some(Destination::KeyRange(range_of_prefix(prefix)))
    }
}

/// Returns the range of all keyspace ids that begin with some bytes.
pub(super) fn range_of_prefix(prefix: &[u8]) -> KeyRange {
    // The end is the prefix plus one; a prefix of `ff` alone has no end.
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last != 0xff {
            end.push(last + 1);
            break;
        }
    }
    KeyRange::new(prefix, &end)
}
