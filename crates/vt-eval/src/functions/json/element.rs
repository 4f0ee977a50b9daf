//! Values of SQL as scalars of JSON.

use vt_base::{Code, Error};
use vt_value::json::{Json, opaque};
use vt_value::{Collation, Type, Value};

use crate::Func;
use crate::context::Context;
use crate::convert;
use crate::function::Text;
use crate::kind::Kind;
use crate::node::Node;

/// Returns what a node computed as an element of a document: a string is a string, NULL is null.
pub(super) fn element(
    value: Value,
    node: &Node,
    function: &str,
    ctx: &mut Context<'_>,
) -> Result<Json, Error> {
    match value {
        Value::Int(number) if is_truth(node) => Ok(Json::Bool(number != 0)),
        Value::Decimal(number) if node.cuts_fraction() => Ok(Json::decimal(number)),
        value => element_of(value, node.kind(), function, ctx),
    }
}

/// The same, for a value of a kind.
pub(crate) fn element_of(
    value: Value,
    kind: &Kind,
    function: &str,
    ctx: &mut Context<'_>,
) -> Result<Json, Error> {
    Ok(match convert::within(value, kind) {
        Value::Null => Json::Null,
        Value::Json(json) => json,
        Value::Int(number) => Json::Int(number),
        Value::UInt(number) => Json::UInt(number),
        Value::Float(number) => Json::Double(number),
        Value::Decimal(number) => Json::decimal(number),
        Value::Temporal(temporal) => Json::Temporal(temporal),
        Value::Text(bytes, collation) => match kind.typ {
            Type::VECTOR => return Err(wrong_argument(function)),
            Type::GEOMETRY => return Err(Error::unsupported("a geometry in a JSON document")),
            _ if collation == Collation::BINARY || kind.is_bits() => {
                Json::opaque(column_type(kind), bytes)
            }
            _ => {
                let text = Text { bytes, collation };
                Json::string(&super::argument::utf8(text, ctx)?)
            }
        },
    })
}

/// `1210`: what has no place in a document.
pub(super) fn wrong_argument(function: &str) -> Error {
    Error::mysql(1210, b"HY000", format!("Incorrect arguments to {function}"))
        .with_code(Code::InvalidArgument)
}

/// Returns the type of column that bytes are kept as.
fn column_type(kind: &Kind) -> u8 {
    match kind.typ {
        Type::BIT => opaque::BIT,
        Type::BLOB => match kind.byte_length() {
            0..=0xff => opaque::TINY_BLOB,
            0x100..=0xffff => opaque::BLOB,
            0x1_0000..=0xff_ffff => opaque::MEDIUM_BLOB,
            _ => opaque::LONG_BLOB,
        },
        Type::BINARY => opaque::STRING,
        _ => opaque::VARCHAR,
    }
}

/// Returns whether a number is TRUE, FALSE or the answer of a predicate, which stays true or false in a document.
///
/// What chooses among values (IF, CASE, COALESCE) gives numbers.
pub(crate) fn is_truth(node: &Node) -> bool {
    if node.is_literal() {
        // A number that is written has room for a sign; TRUE and FALSE have not.
        return *node.kind() == Kind::truth().with_nullable(false);
    }
    let Some(call) = node.call() else { return false };
    match call.func {
        Func::And | Func::Or | Func::Xor | Func::Not | Func::Bang => true,
        Func::Eq | Func::NullSafeEq | Func::Ne | Func::Lt | Func::Le | Func::Gt | Func::Ge => true,
        Func::In | Func::NotIn | Func::Between | Func::NotBetween => true,
        Func::Like | Func::NotLike | Func::IsNull | Func::IsNotNull => true,
        Func::IsTrue | Func::IsNotTrue | Func::IsFalse | Func::IsNotFalse => true,
        Func::Named(id) => PREDICATES.binary_search(&id.function().name).is_ok(),
        _ => false,
    }
}

/// The functions whose answers are true or false to MySQL, STRCMP among them.
const PREDICATES: &[&str] = &[
    "gtid_subset",
    "is_ipv4",
    "is_ipv4_compat",
    "is_ipv4_mapped",
    "is_ipv6",
    "is_uuid",
    "isnull",
    "json_contains",
    "json_contains_path",
    "json_overlaps",
    "json_schema_valid",
    "json_valid",
    "mbrcontains",
    "mbrcoveredby",
    "mbrcovers",
    "mbrdisjoint",
    "mbrequals",
    "mbrintersects",
    "mbroverlaps",
    "mbrtouches",
    "mbrwithin",
    "member of",
    "regexp_like",
    "st_contains",
    "st_crosses",
    "st_disjoint",
    "st_equals",
    "st_intersects",
    "st_isclosed",
    "st_isempty",
    "st_issimple",
    "st_isvalid",
    "st_overlaps",
    "st_touches",
    "st_within",
    "strcmp",
];

#[cfg(test)]
mod tests {
    #[test]
    fn predicates_are_sorted() {
        assert!(super::PREDICATES.is_sorted());
    }
}
