//! The kinds of window functions, which are those of the fields of a temporary table.

use vt_base::Error;
use vt_value::{Collation, Type};

use super::WindowFunc;
use crate::aggregate;
use crate::kind::Kind;
use crate::session::Session;

/// Returns the kind of a call with arguments of these kinds.
pub(super) fn of(func: &WindowFunc, args: &[Kind], session: &Session) -> Result<Kind, Error> {
    let first = || args.first().ok_or_else(|| Error::bug("a window function without argument"));
    Ok(match func {
        WindowFunc::RowNumber | WindowFunc::Rank | WindowFunc::DenseRank | WindowFunc::Ntile(_) => {
            Kind::uint(21).with_nullable(false)
        }
        WindowFunc::PercentRank | WindowFunc::CumeDist => Kind::float().with_nullable(false),
        WindowFunc::FirstValue | WindowFunc::LastValue | WindowFunc::NthValue(_) => {
            kept(first()?).with_nullable(true)
        }
        WindowFunc::Lead(_) | WindowFunc::Lag(_) => moved(first()?, args.get(1))?,
        WindowFunc::Aggregate(func) => {
            let kind = aggregate::kind_of(*func, args, session)?;
            let nullable = kind.nullable;
            kept(&kind).with_nullable(nullable)
        }
    })
}

/// From so many characters on an integer is one of 64 bits.
const INT_DIGITS: u32 = 10;

/// What a temporary table makes of a kind.
fn kept(kind: &Kind) -> Kind {
    // What may have more digits than fit is made wide, whatever its own type.
    let short = kind.length < INT_DIGITS;
    let typ = match kind.typ {
        Type::INT8 | Type::INT16 | Type::INT24 | Type::INT32 | Type::INT64 => {
            if short {
                Type::INT32
            } else {
                Type::INT64
            }
        }
        Type::UINT8 | Type::UINT16 | Type::UINT24 | Type::UINT32 | Type::UINT64 | Type::YEAR => {
            if short {
                Type::UINT32
            } else {
                Type::UINT64
            }
        }
        Type::ENUM | Type::SET | Type::CHAR => Type::VARCHAR,
        Type::BINARY => Type::VARBINARY,
        typ => typ,
    };
    let decimals = match typ {
        _ if typ.is_text() || typ.is_binary() || typ == Type::JSON => 0,
        _ => kind.decimals,
    };
    let collation = if typ == Type::JSON { Collation::BINARY } else { kind.collation };
    let unsigned = typ == Type::BIT || (kind.unsigned && !typ.is_binary());
    Kind { typ, decimals, collation, unsigned, ..kind.clone() }
}

/// The kind of LEAD and LAG: of the argument, and of what stands in where no row is.
fn moved(arg: &Kind, default: Option<&Kind>) -> Result<Kind, Error> {
    let kind = kept(arg);
    let kind = match kind.typ {
        Type::FLOAT64 | Type::FLOAT32 => Kind { length: 23, ..kind },
        // The sign that it does not have has room.
        Type::DECIMAL if kind.unsigned => Kind { length: kind.length + 1, unsigned: false, ..kind },
        _ => kind,
    };
    match default {
        None => Ok(kind.with_nullable(true)),
        Some(default) if default.is_null() => Ok(kind.with_nullable(true)),
        Some(default) if default == arg => Ok(kind.with_nullable(arg.nullable)),
        Some(_) => Err(Error::unsupported("LEAD() or LAG() with a default of another type")),
    }
}
