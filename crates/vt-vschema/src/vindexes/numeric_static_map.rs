//! `numeric_static_map`: a JSON map gives numbers for values; others fall back to another vindex.

use std::collections::HashMap;

use vt_base::Error;
use vt_value::TypedBytes;

use super::{Body, Built, Function, Params, numeric, params, value};
use crate::Destination;

#[derive(Debug)]
struct NumericStaticMap {
    numbers: HashMap<String, u64>,
    fallback: Body,
}

pub(super) fn build(name: &str, given: &Params) -> Result<Built, Error> {
    let numbers = match (given.get("json"), given.get("json_path")) {
        (Some(_), Some(_)) => {
            let message = "numeric_static_map: json_path and json params can't be both set";
            return Err(params::invalid(message));
        }
        (Some(json), None) => params::number_map(name, "json", json)?,
        (None, Some(file)) => params::number_map(name, "json_path", file)?,
        (None, None) => {
            let message = "NumericStaticMap: Could not find either `json_path` or `json` params";
            return Err(params::invalid(message));
        }
    };
    let fallback = match given.get("fallback_type").map(String::as_str) {
        None => Built::function(numeric::Numeric, 0).body,
        Some("numeric_static_map") => {
            return Err(params::invalid("numeric_static_map cannot fall back to itself"));
        }
        Some(typ) => super::build(typ, &format!("{name}_fallback"), &Params::new())?.body,
    };
    if matches!(fallback, Body::Lookup(_)) {
        return Err(params::invalid(format!("{name}: fallback_type must be a function")));
    }
    Ok(Built::function(NumericStaticMap { numbers, fallback }, 1).with_params(&[
        "json",
        "json_path",
        "fallback_type",
    ]))
}

impl Function for NumericStaticMap {
    fn reads_numbers(&self) -> bool {
        true
    }

    fn map(&self, row: &[TypedBytes]) -> Destination {
        let Some(bytes) = value::bytes(&row[0]) else { return Destination::None };
        let known = std::str::from_utf8(bytes).ok().and_then(|text| self.numbers.get(text));
        match (known, &self.fallback) {
            (Some(number), _) => Destination::KeyspaceId(number.to_be_bytes().to_vec()),
            (None, Body::Function(function)) if function.takes(1) => function.map(row),
            (None, _) => Destination::None,
        }
    }
}
