//! Which functions take vectors and geometries; others refuse them before any value is known.

use vt_base::{Code, Error};
use vt_value::Type;

use crate::describe::message_name;
use crate::expr::CastTarget;
use crate::{Func, node::Node};

/// The functions that take the bytes of a vector.
const TAKERS: &[&str] = &[
    "aes_encrypt",
    "any_value",
    "ascii",
    "bit_count",
    "bit_length",
    "char_length",
    "character_length",
    "charset",
    "coalesce",
    "coercibility",
    "collation",
    "crc32",
    "field",
    "find_in_set",
    "format_bytes",
    "format_pico_time",
    "from_vector",
    "gtid_subset",
    "gtid_subtract",
    "hex",
    "if",
    "ifnull",
    "inet6_aton",
    "inet6_ntoa",
    "inet_aton",
    "inet_ntoa",
    "instr",
    "interval",
    "is_ipv4",
    "is_ipv4_compat",
    "is_ipv4_mapped",
    "is_ipv6",
    "isnull",
    "length",
    "locate",
    "nullif",
    "octet_length",
    "ord",
    "regexp_instr",
    "regexp_like",
    "regexp_replace",
    "regexp_substr",
    "sha2",
    "strcmp",
    "string_to_vector",
    "to_base64",
    "to_vector",
    "vector_dim",
    "vector_to_string",
];

/// The functions of numbers that refuse a geometry.
const NUMERIC: &[&str] = &[
    "acos", "asin", "atan", "atan2", "bin", "conv", "cos", "cot", "degrees", "exp", "ln", "log",
    "log10", "log2", "oct", "pow", "power", "radians", "sin", "sqrt", "tan",
];

/// The functions whose own check of their arguments tells more.
fn checks_itself(name: &str) -> bool {
    let spatial = name.starts_with("st_") || name.starts_with("mbr") || name.starts_with("json_");
    spatial || matches!(name, "greatest" | "least" | "member of")
}

/// Refuses a vector or a geometry as the argument of a call that takes none, as MySQL does: with
/// error 1210.
pub(crate) fn check(func: Func, args: &[Node]) -> Result<(), Error> {
    if let Func::Named(id) = func
        && NUMERIC.contains(&id.function().name)
        && args.iter().any(|arg| arg.kind.typ == Type::GEOMETRY)
    {
        return Err(wrong(message_name(id.function().name)));
    }
    if !args.iter().any(|arg| arg.kind.typ == Type::VECTOR) {
        return Ok(());
    }
    let name = match func {
        Func::Named(id) => {
            let name = id.function().name;
            if TAKERS.contains(&name) || checks_itself(name) {
                return Ok(());
            }
            message_name(name)
        }
        Func::Cast(target) => match cast(target) {
            Some(name) => name,
            None => return Ok(()),
        },
        Func::ConvertUsing(_) => "convert",
        Func::Like | Func::NotLike => "like",
        Func::Between | Func::NotBetween => "between",
        Func::Negate => "-",
        Func::BitNot => "~",
        func if func.is_arithmetic() || func == Func::IntDiv || func.is_bitwise() => {
            func.operator().unwrap_or_default()
        }
        _ => return Ok(()),
    };
    Err(wrong(name))
}

fn wrong(name: &str) -> Error {
    Error::mysql(1210, b"HY000", format!("Incorrect arguments to {name}"))
        .with_code(Code::InvalidArgument)
}

fn cast(target: CastTarget) -> Option<&'static str> {
    Some(match target {
        CastTarget::Signed => "cast_as_signed",
        CastTarget::Unsigned => "cast_as_unsigned",
        CastTarget::Decimal { .. } => "cast_as_decimal",
        CastTarget::Char { .. } | CastTarget::NationalChar { .. } => "cast_as_char",
        CastTarget::Float | CastTarget::Double | CastTarget::Real => "cast_as_real",
        CastTarget::Date => "cast_as_date",
        CastTarget::Time { .. } => "cast_as_time",
        CastTarget::DateTime { .. } => "cast_as_datetime",
        CastTarget::Year => "cast_as_year",
        CastTarget::Json => "cast_as_json",
        CastTarget::Binary { .. } => return None,
    })
}
