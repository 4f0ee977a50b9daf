//! The functions that are called by name, a file a family.

mod asked;
mod clock;
mod compression;
mod date_arith;
mod date_cast;
mod date_format;
mod date_make;
mod date_parts;
mod digest;
mod extract;
mod flow;
mod gtid;
mod inet;
mod information;
pub(crate) mod json;
mod math;
mod number_text;
mod numeric;
mod random;
mod regexp;
mod spatial;
mod str_to_date;
mod string_about;
mod string_build;
mod string_code;
mod string_length;
mod string_part;
mod string_search;
mod strings;
mod temporal_kinds;
mod time_arith;
mod unix_time;
mod uuid;
mod vector;

use crate::function::Function;

pub(crate) use date_cast::{cast, cast_kind};
pub(crate) use flow::{choose_if, choose_null_if, null_if_how};
pub(crate) use string_search::choose_elt;

/// The functions of every family.
pub(crate) const GROUPS: &[&[Function]] = &[
    clock::FUNCTIONS,
    date_arith::FUNCTIONS,
    date_cast::FUNCTIONS,
    date_format::FUNCTIONS,
    date_make::FUNCTIONS,
    date_parts::FUNCTIONS,
    compression::FUNCTIONS,
    digest::FUNCTIONS,
    extract::FUNCTIONS,
    flow::FUNCTIONS,
    gtid::FUNCTIONS,
    inet::FUNCTIONS,
    information::FUNCTIONS,
    math::FUNCTIONS,
    number_text::FUNCTIONS,
    json::FUNCTIONS,
    numeric::FUNCTIONS,
    random::FUNCTIONS,
    regexp::FUNCTIONS,
    spatial::FUNCTIONS,
    str_to_date::FUNCTIONS,
    string_about::FUNCTIONS,
    string_build::FUNCTIONS,
    string_code::FUNCTIONS,
    string_length::FUNCTIONS,
    string_part::FUNCTIONS,
    string_search::FUNCTIONS,
    time_arith::FUNCTIONS,
    unix_time::FUNCTIONS,
    uuid::FUNCTIONS,
    vector::FUNCTIONS,
];
