//! The functions that are called by name, a file a family.

mod flow;
mod numeric;
mod string;

use crate::function::Function;

pub(crate) use flow::{choose_if, choose_null_if};

/// The functions of every family.
pub(crate) const GROUPS: &[&[Function]] = &[flow::FUNCTIONS, numeric::FUNCTIONS, string::FUNCTIONS];
