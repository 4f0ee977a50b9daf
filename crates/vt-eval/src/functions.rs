//! The functions that are called by name, a file a family.

mod digest;
mod flow;
mod inet;
mod information;
mod numeric;
mod regexp;
mod string_about;
mod string_build;
mod string_code;
mod string_length;
mod string_part;
mod string_search;
mod strings;
mod uuid;

use crate::function::Function;

pub(crate) use flow::{choose_if, choose_null_if};

/// The functions of every family.
pub(crate) const GROUPS: &[&[Function]] = &[
    digest::FUNCTIONS,
    flow::FUNCTIONS,
    inet::FUNCTIONS,
    information::FUNCTIONS,
    numeric::FUNCTIONS,
    regexp::FUNCTIONS,
    string_about::FUNCTIONS,
    string_build::FUNCTIONS,
    string_code::FUNCTIONS,
    string_length::FUNCTIONS,
    string_part::FUNCTIONS,
    string_search::FUNCTIONS,
    uuid::FUNCTIONS,
];
