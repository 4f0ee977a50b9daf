//! CAST, CONVERT, COLLATE, and the types that they name.

use vt_base::{Code, Error};
use vt_collation::Charset as Set;
use vt_eval::{CastTarget, Expr as Eval, Func};
use vt_sql::ast::{Cast, CastKind, CastType, Charset, Collate, ConvertUsing};
use vt_value::Collation;

use super::{ColumnPlace, translate};

pub(super) fn cast<'a>(cast: &Cast<'a>, place: ColumnPlace<'_, 'a>) -> Result<Eval, Error> {
    if cast.time_zone.is_some() {
        return Err(Error::unsupported("CAST ... AT TIME ZONE at the gateway"));
    }
    let target = target(&cast.target)?;
    Ok(Eval::Call(Func::Cast(target), vec![translate(cast.expr, place)?]))
}

/// Returns what a cast to a type makes of a value.
pub(crate) fn target(typ: &CastType<'_>) -> Result<CastTarget, Error> {
    if typ.array {
        return Err(Error::unsupported("CAST ... AS ... ARRAY at the gateway"));
    }
    Ok(match typ.kind {
        CastKind::Signed => CastTarget::Signed,
        CastKind::Unsigned => CastTarget::Unsigned,
        CastKind::Decimal => decimal(typ)?,
        CastKind::Double => CastTarget::Double,
        CastKind::Real => CastTarget::Real,
        CastKind::Float => match number(typ.length)? {
            None | Some(0..=24) => CastTarget::Float,
            Some(25..=53) => CastTarget::Double,
            Some(precision) => return Err(too_big(precision, 53)),
        },
        CastKind::Binary => CastTarget::Binary { length: number(typ.length)? },
        CastKind::Char => character(typ)?,
        CastKind::NChar => CastTarget::NationalChar { length: number(typ.length)? },
        CastKind::Date => CastTarget::Date,
        CastKind::Time => CastTarget::Time { decimals: fraction(typ)? },
        CastKind::Datetime => CastTarget::DateTime { decimals: fraction(typ)? },
        CastKind::Year => CastTarget::Year,
        CastKind::Json => CastTarget::Json,
        CastKind::Vector
        | CastKind::Point
        | CastKind::LineString
        | CastKind::Polygon
        | CastKind::MultiPoint
        | CastKind::MultiLineString
        | CastKind::MultiPolygon
        | CastKind::GeometryCollection => {
            return Err(Error::unsupported(format_args!("CAST AS {:?} at the gateway", typ.kind)));
        }
    })
}

fn number(text: Option<&str>) -> Result<Option<u32>, Error> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse::<u32>().ok();
    number.map(Some).ok_or_else(|| {
        let message = format!("Display width out of range for column 'cast' (max = {})", u32::MAX);
        Error::mysql(1439, b"42000", message).with_code(Code::InvalidArgument)
    })
}

fn too_big(precision: u32, most: u32) -> Error {
    let message = format!("Too-big precision {precision} specified for 'CAST'. Maximum is {most}.");
    Error::mysql(1426, b"42000", message).with_code(Code::InvalidArgument)
}

fn decimal(typ: &CastType<'_>) -> Result<CastTarget, Error> {
    let scale = number(typ.scale)?.unwrap_or(0);
    // Without digits, or with none, it is ten.
    let precision = number(typ.length)?.filter(|precision| *precision > 0 || scale > 0);
    let precision = precision.unwrap_or(10);
    let wrong = |errno, state: &[u8; 5], message: String| {
        Err(Error::mysql(errno, state, message).with_code(Code::InvalidArgument))
    };
    if scale > 30 {
        let message = format!("Too big scale {scale} specified for column 'cast'. Maximum is 30.");
        return wrong(1425, b"42000", message);
    }
    if precision > 65 {
        let message = format!("Too-big precision {precision} specified for 'cast'. Maximum is 65.");
        return wrong(1426, b"42000", message);
    }
    if precision < scale {
        let message =
            "For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column 'cast').";
        return wrong(1427, b"42000", message.to_owned());
    }
    Ok(CastTarget::Decimal { precision: precision as u8, scale: scale as u8 })
}

fn character(typ: &CastType<'_>) -> Result<CastTarget, Error> {
    let length = number(typ.length)?;
    if typ.binary {
        return Err(Error::unsupported("CAST AS CHAR BINARY at the gateway"));
    }
    let collation = match typ.charset {
        None => None,
        Some(Charset::Named(name)) => Some(charset(name)?.default_collation()),
        Some(Charset::Ascii) => Some(Set::Latin1.default_collation()),
        Some(Charset::Unicode) => Some(Set::Ucs2.default_collation()),
        Some(Charset::Byte) => return Ok(CastTarget::Binary { length }),
    };
    if collation == Some(Collation::BINARY) {
        return Ok(CastTarget::Binary { length });
    }
    Ok(CastTarget::Char { length, collation })
}

fn fraction(typ: &CastType<'_>) -> Result<u8, Error> {
    match number(typ.length)?.unwrap_or(0) {
        digits @ 0..=6 => Ok(digits as u8),
        digits => Err(too_big(digits, 6)),
    }
}

/// Finds a character set by its name.
pub(super) fn charset(name: &str) -> Result<Set, Error> {
    Set::from_name(name).ok_or_else(|| {
        let message = format!("Unknown character set: '{name}'");
        Error::mysql(1115, b"42000", message).with_code(Code::InvalidArgument)
    })
}

pub(super) fn convert_using<'a>(
    convert: &ConvertUsing<'a>,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let collation = charset(convert.charset)?.default_collation();
    Ok(Eval::Call(Func::ConvertUsing(collation), vec![translate(convert.expr, place)?]))
}

pub(super) fn collate<'a>(
    collate: &Collate<'a>,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let name = collate.collation;
    let collation = Collation::from_name(name).ok_or_else(|| {
        let message = format!("Unknown collation: '{name}'");
        Error::mysql(1273, b"HY000", message).with_code(Code::InvalidArgument)
    })?;
    Ok(Eval::Call(Func::Collate(collation), vec![translate(collate.expr, place)?]))
}
