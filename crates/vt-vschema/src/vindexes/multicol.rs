//! `multicol`: several columns, each hashed by a vindex of its own and cut, then joined.

use vt_base::Error;
use vt_value::TypedBytes;

use super::binary::range_of_prefix;
use super::{Body, Built, Function, Params, params};
use crate::Destination;

/// The most columns, and the bytes that all of them share.
const COLUMNS_MAX: usize = 8;
const BYTES_ALL: usize = 8;

const COUNT: &str = "column_count";
const BYTES: &str = "column_bytes";
const VINDEX: &str = "column_vindex";

#[derive(Debug)]
struct Multicol {
    columns: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    function: std::sync::Arc<dyn Function>,
    bytes: usize,
}

pub(super) fn build(name: &str, given: &Params) -> Result<Built, Error> {
    let count = params::required(name, given, COUNT)?;
    let count = count.parse::<usize>().ok().filter(|count| (1..=COLUMNS_MAX).contains(count));
    let count = count.ok_or_else(|| {
        params::invalid(format!("number of columns should be between 1 and 8 in '{COUNT}'"))
    })?;
    let widths = column_bytes(given, count)?;
    let mut cost = 0;
    let mut columns = Vec::with_capacity(count);
    for (index, bytes) in widths.into_iter().enumerate() {
        let typ = given.get(VINDEX).and_then(|list| list.split(',').nth(index)).map(str::trim);
        let typ = typ.filter(|typ| !typ.is_empty()).unwrap_or("hash");
        let built = super::build(typ, name, &Params::new())?;
        match built.body {
            Body::Function(function) if !function.is_multi_column() => {
                columns.push(Part { function, bytes });
            }
            _ => {
                let message = format!(
                    "multicol vindex supports vindexes that exports hashing function, are unique and are non-lookup vindex, passed vindex '{typ}' is invalid"
                );
                return Err(params::invalid(message));
            }
        }
        cost += built.cost;
    }
    if given.get(VINDEX).is_some_and(|list| list.split(',').count() > count) {
        let message =
            "number of vindex function provided are more than column count in the parameter";
        return Err(params::invalid(format!("{message} '{VINDEX}'")));
    }
    Ok(Built::function(Multicol { columns }, cost).with_params(&[COUNT, BYTES, VINDEX]))
}

/// Reads the columns' widths; those that are not given share what is left, the first the most.
fn column_bytes(given: &Params, count: usize) -> Result<Vec<usize>, Error> {
    let mut widths = vec![0; count];
    let list = given.get(BYTES).map_or("", String::as_str);
    for (index, width) in list.split(',').map(str::trim).enumerate() {
        if width.is_empty() {
            continue;
        }
        let slot = widths.get_mut(index).ok_or_else(|| {
            let message = "number of column bytes provided are more than column count";
            params::invalid(format!("{message} in the parameter '{BYTES}'"))
        })?;
        *slot = width
            .parse()
            .ok()
            .filter(|width| (1..=BYTES_ALL).contains(width))
            .ok_or_else(|| params::invalid(format!("wrong width '{width}' in '{BYTES}'")))?;
    }
    let used: usize = widths.iter().sum();
    let mut open = widths.iter().filter(|width| **width == 0).count();
    let mut left = BYTES_ALL.checked_sub(used).filter(|left| *left >= open).ok_or_else(|| {
        let message = "column bytes count exceeds the keyspace id length";
        params::invalid(format!(
            "{message} (total bytes count cannot exceed 8 bytes) in the parameter '{BYTES}'"
        ))
    })?;
    for width in widths.iter_mut().filter(|width| **width == 0) {
        *width = left.div_ceil(open);
        left -= *width;
        open -= 1;
    }
    Ok(widths)
}

impl Function for Multicol {
    fn takes(&self, values: usize) -> bool {
        (1..=self.columns.len()).contains(&values)
    }

    fn is_multi_column(&self) -> bool {
        true
    }

    fn takes_prefix(&self) -> bool {
        true
    }

    fn map(&self, row: &[TypedBytes]) -> Destination {
        let mut id = Vec::with_capacity(BYTES_ALL);
        for (part, value) in self.columns.iter().zip(row) {
            match part.function.map(std::slice::from_ref(value)) {
                // A column that gives fewer bytes than it may is filled up, so that those behind
                // it keep their place.
                Destination::KeyspaceId(mut bytes) => {
                    bytes.resize(part.bytes, 0);
                    id.extend_from_slice(&bytes);
                }
                _ => return Destination::None,
            }
        }
        if row.len() < self.columns.len() {
            return Destination::KeyRange(range_of_prefix(&id));
        }
        Destination::KeyspaceId(id)
    }
}
