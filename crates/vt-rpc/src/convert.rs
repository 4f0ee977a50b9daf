//! Between protobuf messages and our own types of values, results, options and health.

mod options;
mod result;
mod state;
mod values;

pub use options::{Included, options_from_proto, options_to_proto};
pub use result::{
    field_from_proto, field_to_proto, result_from_proto, result_to_proto, rows_from_proto,
    rows_to_proto,
};
pub use state::{
    alias_from_proto, caller_from_proto, caller_to_proto, health_from_proto, health_to_proto,
    target_from_proto,
};
pub use values::{binds_from_proto, binds_to_proto, query_from_proto, query_to_proto};
