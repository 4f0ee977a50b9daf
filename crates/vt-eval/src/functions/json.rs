//! The functions of JSON, a file a family.

mod argument;
pub(crate) mod cast;
mod change;
mod element;
mod make;
mod read;
mod schema;
mod search;
mod text;
mod value;

use vt_value::{Collation, Type};

use crate::collate::coercibility::{COERCIBLE, IMPLICIT};
use crate::function::{Call, Function, MANY};
use crate::kind::{Kind, NOT_FIXED};

pub(crate) use argument::document;
pub(crate) use element::{element_of, is_truth};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("json_array", (0, MANY), make::array_kind, make::array),
    Function::new("json_array_append", (3, MANY), change::pairs_kind, change::array_append),
    Function::new("json_array_insert", (3, MANY), change::pairs_kind, change::array_insert),
    Function::new("json_contains", (2, 3), search::contains_kind, search::contains),
    Function::new("json_contains_path", (3, MANY), search::paths_kind, search::contains_path),
    Function::new("json_depth", (1, 1), read::number_kind, read::depth),
    Function::new("json_extract", (2, MANY), read::extract_kind, read::extract),
    Function::new("json_insert", (3, MANY), change::pairs_kind, change::insert),
    Function::new("json_keys", (1, 2), read::extract_kind, read::keys),
    Function::new("json_length", (1, 2), read::length_kind, read::length),
    Function::new("json_merge", (2, MANY), change::merge_kind, change::merge_preserve),
    Function::new("json_merge_patch", (2, MANY), change::merge_kind, change::merge_patch),
    Function::new("json_merge_preserve", (2, MANY), change::merge_kind, change::merge_preserve),
    Function::new("json_object", (0, MANY), make::object_kind, make::object),
    Function::new("json_overlaps", (2, 2), search::truth_kind, search::overlaps),
    Function::new("json_pretty", (1, 1), text::pretty_kind, text::pretty),
    Function::new("json_quote", (1, 1), text::quote_kind, text::quote),
    Function::new("json_remove", (2, MANY), change::remove_kind, change::remove),
    Function::new("json_replace", (3, MANY), change::pairs_kind, change::replace),
    Function::new("json_schema_valid", (2, 2), schema::valid_kind, schema::valid),
    Function::new("json_schema_validation_report", (2, 2), schema::report_kind, schema::report),
    Function::new("json_search", (3, MANY), search::search_kind, search::search),
    Function::new("json_set", (3, MANY), change::pairs_kind, change::set),
    Function::new("json_storage_free", (1, 1), read::free_kind, read::storage_free),
    Function::new("json_storage_size", (1, 1), read::number_kind, read::storage_size),
    Function::new("json_type", (1, 1), text::type_kind, text::type_name),
    Function::new("json_unquote", (1, 1), text::unquote_kind, text::unquote),
    Function::new("json_valid", (1, 1), read::number_kind, read::valid),
    Function::new("json_value", (7, 7), value::kind, value::eval).internal(),
    Function::new("member of", (2, 2), search::truth_kind, search::member_of).internal(),
];

/// Returns the name of the function that is called, for messages.
fn name_of(call: &Call<'_, '_>) -> &'static str {
    call.func().function().name
}

/// How many characters a document may have, as metadata tells it.
const LENGTH_MAX: u32 = u32::MAX / 4;

/// The kind of documents.
pub(crate) fn json_kind() -> Kind {
    Kind {
        decimals: NOT_FIXED,
        collation: Collation::UTF8MB4_BIN,
        coercibility: IMPLICIT,
        ascii: false,
        ..Kind::new(Type::JSON, LENGTH_MAX, NOT_FIXED)
    }
}

/// The kind of what is told about documents: so many characters.
fn text_kind(length: u32) -> Kind {
    Kind::text(length, Collation::UTF8MB4_BIN, COERCIBLE)
}
