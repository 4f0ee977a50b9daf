//! `region_experimental`: the low bytes of a region's number, then `hash` of the second column.

use vt_base::Error;
use vt_value::TypedBytes;

use super::binary::range_of_prefix;
use super::{Built, Function, Params, hash, params, value};
use crate::Destination;

#[derive(Debug)]
struct RegionExperimental {
    region_bytes: usize,
}

pub(super) fn build(name: &str, given: &Params) -> Result<Built, Error> {
    let region_bytes = region_bytes(name, given)?;
    Ok(Built::function(RegionExperimental { region_bytes }, 1).with_params(&["region_bytes"]))
}

/// Reads how many bytes of a region's number lead the keyspace id.
pub(super) fn region_bytes(name: &str, given: &Params) -> Result<usize, Error> {
    match params::required(name, given, "region_bytes")? {
        "1" => Ok(1),
        "2" => Ok(2),
        other => Err(params::invalid(format!("region_bits must be 1 or 2: {other}"))),
    }
}

/// Returns the low bytes of a region's number, high byte first.
pub(super) fn region_prefix(region: u64, region_bytes: usize) -> Vec<u8> {
    region.to_be_bytes()[8 - region_bytes..].to_vec()
}

impl Function for RegionExperimental {
    fn takes(&self, values: usize) -> bool {
        (1..=2).contains(&values)
    }

    fn is_multi_column(&self) -> bool {
        true
    }

    fn takes_prefix(&self) -> bool {
        true
    }

    fn map(&self, row: &[TypedBytes]) -> Destination {
        let Some(region) = value::number(&row[0]) else { return Destination::None };
        let mut id = region_prefix(region, self.region_bytes);
        match row.get(1).map(value::number) {
            None => Destination::KeyRange(range_of_prefix(&id)),
            Some(None) => Destination::None,
            Some(Some(number)) => {
                id.extend_from_slice(&hash::encrypt(number));
                Destination::KeyspaceId(id)
            }
        }
    }
}
