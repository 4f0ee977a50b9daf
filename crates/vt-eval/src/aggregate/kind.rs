//! The kinds of aggregates, as the columns of a result tell them.

use vt_base::{Code, Error};
use vt_value::{Collation, Type};

use super::AggregateFunc;
use crate::collate::coercibility::IMPLICIT;
use crate::kind::{Kind, NOT_FIXED};
use crate::session::Session;

/// How many digits a sum has more than what it adds up.
const SUM_DIGITS: u32 = 22;
/// The most bytes that BIT_AND and its like take.
const BITS_BYTES_MAX: u32 = 511;
/// Longer strings are TEXT.
const VARCHAR_MAX: u32 = 512;

/// Returns the kind of an aggregate of these arguments.
pub(super) fn of(func: AggregateFunc, args: &[Kind], session: &Session) -> Result<Kind, Error> {
    let wanted = match func {
        AggregateFunc::CountStar => 0..=0,
        AggregateFunc::JsonObjectAgg => 2..=2,
        AggregateFunc::Count | AggregateFunc::GroupConcat => 1..=usize::MAX,
        _ => 1..=1,
    };
    if !wanted.contains(&args.len()) {
        return Err(Error::bug(format_args!("{} arguments of {}", args.len(), func.name())));
    }
    let (Some(arg), false) = (args.first(), func == AggregateFunc::CountStar) else {
        return Ok(Kind::int(21).with_nullable(false));
    };
    let takes_geometry = matches!(
        func,
        AggregateFunc::Count
            | AggregateFunc::AnyValue
            | AggregateFunc::GroupConcat
            | AggregateFunc::Collect
    );
    let takes_bits =
        matches!(func, AggregateFunc::BitAnd | AggregateFunc::BitOr | AggregateFunc::BitXor);
    if args.iter().any(|kind| kind.typ == Type::GEOMETRY) && !takes_geometry && !takes_bits {
        let message = format!("Incorrect arguments to {}", func.name());
        return Err(Error::mysql(1210, b"HY000", message).with_code(Code::InvalidArgument));
    }
    Ok(match func {
        AggregateFunc::CountStar | AggregateFunc::Count => Kind::int(21).with_nullable(false),
        AggregateFunc::Sum => sum(arg),
        AggregateFunc::Avg => average(arg, session.div_precision_increment),
        AggregateFunc::Min | AggregateFunc::Max => extreme(arg),
        AggregateFunc::BitAnd | AggregateFunc::BitOr | AggregateFunc::BitXor => bits(arg)?,
        AggregateFunc::VarPop
        | AggregateFunc::VarSamp
        | AggregateFunc::StdPop
        | AggregateFunc::StdSamp => Kind::float(),
        AggregateFunc::GroupConcat => concat(args, session)?,
        AggregateFunc::JsonArrayAgg | AggregateFunc::JsonObjectAgg => json(),
        AggregateFunc::Collect => {
            Kind { coercibility: IMPLICIT, ..Kind::new(Type::GEOMETRY, u32::MAX, 0) }
        }
        AggregateFunc::AnyValue => any_value(arg),
    })
}

/// A JSON document.
fn json() -> Kind {
    let kind = Kind::new(Type::JSON, u32::MAX, NOT_FIXED);
    Kind { coercibility: IMPLICIT, collation: Collation(46), ..kind }
}

/// Returns digits and scale of values that sum up exactly.
fn exact(kind: &Kind) -> Option<(u32, u8)> {
    Some(match kind.typ {
        Type::DECIMAL => (kind.precision(), kind.decimals),
        Type::BIT => (kind.length, 0),
        Type::YEAR => (4, 0),
        _ if kind.is_bits() => (bytes_digits(kind.length), 0),
        Type::DATE => (8, 0),
        Type::DATETIME | Type::TIMESTAMP => (14 + u32::from(kind.decimals), kind.decimals),
        Type::TIME => (7 + u32::from(kind.decimals), kind.decimals),
        typ if typ.is_integral() => (integer_digits(kind), 0),
        _ => return None,
    })
}

/// Returns how many digits the number of so many bytes has.
fn bytes_digits(bytes: u32) -> u32 {
    const DIGITS: [u32; 9] = [1, 3, 5, 8, 10, 13, 15, 17, 20];
    DIGITS.get(bytes as usize).copied().unwrap_or(20)
}

/// Returns how many digits an integer column or expression has.
fn integer_digits(kind: &Kind) -> u32 {
    let sign = u32::from(!kind.unsigned && !kind.typ.is_unsigned());
    kind.length.saturating_sub(sign).max(1)
}

/// A double with so many digits after the point.
fn double(decimals: u8) -> Kind {
    let length = if decimals < NOT_FIXED { 17 + u32::from(decimals) } else { 23 };
    Kind::new(Type::FLOAT64, length, decimals)
}

fn sum(arg: &Kind) -> Kind {
    match exact(arg) {
        Some((digits, decimals)) => Kind::decimal((digits + SUM_DIGITS).min(65), decimals),
        None if arg.typ.is_float() || arg.is_null() => double(arg.decimals),
        None => double(NOT_FIXED),
    }
}

fn average(arg: &Kind, increment: u8) -> Kind {
    match exact(arg) {
        Some((digits, decimals)) => {
            let scale = (decimals + increment).min(30);
            Kind::decimal((digits + u32::from(increment)).min(65), scale)
        }
        None if arg.typ.is_float() || arg.is_null() => {
            double(arg.decimals.saturating_add(increment).min(NOT_FIXED))
        }
        None => double(NOT_FIXED),
    }
}

/// The kind of a value that is passed on out of a row.
fn passed(arg: &Kind) -> Kind {
    let typ = match arg.typ {
        Type::ENUM | Type::SET => Type::CHAR,
        typ => typ,
    };
    let decimals = match typ {
        _ if matches!(arg.typ, Type::ENUM | Type::SET | Type::JSON) => NOT_FIXED,
        _ if arg.is_string() && !arg.is_bits() => NOT_FIXED,
        _ => arg.decimals,
    };
    let collation = if typ == Type::JSON { Collation(46) } else { arg.collation };
    let unsigned = arg.unsigned || typ == Type::BIT;
    Kind { typ, decimals, collation, unsigned, ..arg.clone() }
}

fn extreme(arg: &Kind) -> Kind {
    passed(arg).with_nullable(true)
}

fn any_value(arg: &Kind) -> Kind {
    let kind = passed(arg);
    let length = match kind.typ {
        // Not the column's own width, but that of the type.
        Type::FLOAT32 if kind.decimals >= NOT_FIXED => 23,
        _ => kind.length,
    };
    Kind { typ: arg.typ, length, ..kind }
}

fn bits(arg: &Kind) -> Result<Kind, Error> {
    let bytes = arg.typ.is_binary() || arg.typ == Type::GEOMETRY;
    if !bytes {
        return Ok(Kind::uint(21).with_nullable(false));
    }
    if arg.length > BITS_BYTES_MAX {
        let message = "Aggregate bitwise functions cannot accept arguments longer than 511 bytes; \
                       consider using the SUBSTRING() function";
        return Err(Error::mysql(3514, b"HY000", message).with_code(Code::InvalidArgument));
    }
    let kind = Kind::new(Type::VARBINARY, arg.length + 1, 0);
    Ok(Kind { unsigned: true, nullable: false, ..kind })
}

fn concat(args: &[Kind], session: &Session) -> Result<Kind, Error> {
    let mut collation: Option<Collation> = None;
    for kind in args {
        let own = match kind.typ {
            Type::JSON => Collation(46),
            Type::NULL_TYPE | Type::GEOMETRY => Collation::BINARY,
            _ if kind.is_bits() => Collation::BINARY,
            _ if kind.is_string() || matches!(kind.typ, Type::ENUM | Type::SET) => kind.collation,
            _ => session.connection_collation,
        };
        collation = Some(match collation {
            None => own,
            Some(held) if held == own => held,
            Some(held) if held == Collation::BINARY || own == Collation::BINARY => {
                Collation::BINARY
            }
            Some(_) => return Err(Error::unsupported("GROUP_CONCAT() of several collations")),
        });
    }
    let collation = collation.unwrap_or(session.connection_collation);
    let bytes = u32::try_from(session.group_concat_max_len).unwrap_or(u32::MAX);
    let width = collation.charset().map_or(1, |charset| charset.max_len() as u32);
    // So many characters as so many bytes could be at the least, each as long as one can be.
    let length = bytes.saturating_mul(width);
    let text = Kind::text(length, collation, IMPLICIT);
    let typ = match (bytes > VARCHAR_MAX, collation == Collation::BINARY) {
        (true, true) => Type::BLOB,
        (true, false) => Type::TEXT,
        (false, _) => text.typ,
    };
    Ok(Kind { typ, ..text })
}
