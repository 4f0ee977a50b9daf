//! `region_json`: like `region_experimental`, the region's number taken from a map of names.
//!
//! The columns are the number that is hashed, then the region's name.

use std::collections::HashMap;

use vt_base::Error;
use vt_value::TypedBytes;

use super::region_experimental::{region_bytes, region_prefix};
use super::{Built, Function, Params, hash, params, value};
use crate::Destination;

#[derive(Debug)]
struct RegionJson {
    regions: HashMap<String, u64>,
    region_bytes: usize,
}

pub(super) fn build(name: &str, given: &Params) -> Result<Built, Error> {
    let map = params::required(name, given, "region_map")?;
    let regions = params::number_map(name, "region_map", map)?;
    let region_bytes = region_bytes(name, given)?;
    let built = Built::function(RegionJson { regions, region_bytes }, 1);
    Ok(built.with_params(&["region_map", "region_bytes"]))
}

impl Function for RegionJson {
    fn takes(&self, values: usize) -> bool {
        values == 2
    }

    fn is_multi_column(&self) -> bool {
        true
    }

    fn map(&self, row: &[TypedBytes]) -> Destination {
        let region = value::bytes(&row[1])
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .and_then(|name| self.regions.get(name));
        let (Some(number), Some(region)) = (value::number(&row[0]), region) else {
            return Destination::None;
        };
        let mut id = region_prefix(*region, self.region_bytes);
        id.extend_from_slice(&hash::encrypt(number));
        Destination::KeyspaceId(id)
    }
}
