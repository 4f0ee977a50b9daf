//! Geometries of texts and of well-known binary.

use vt_base::Error;
use vt_value::geometry::{Reference, Shape};
use vt_value::{Collation, Type, Value};

use super::{check_shape, invalid, made_in, name_of, system, unexpected};
use crate::convert;
use crate::function::Call;

/// Which coordinate a text or binary has first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AxisOrder {
    /// As the reference system has it.
    Defined,
    LongitudeFirst,
    LatitudeFirst,
}

impl AxisOrder {
    /// Returns how points of degrees are read and told, which are kept longitude first.
    pub(super) fn applied(self, reference: Reference) -> Reference {
        match (reference, self) {
            (Reference::Degrees, AxisOrder::LongitudeFirst) => Reference::Plane,
            (reference, _) => reference,
        }
    }
}

/// Computes the argument of options; `None` for NULL.
pub(super) fn axis_order(
    call: &mut Call<'_, '_>,
    place: usize,
) -> Result<Option<AxisOrder>, Error> {
    let Some(text) = call.text(place)? else { return Ok(None) };
    let text = convert::to_charset(text, Collation::UTF8MB4_BIN, call.context())?;
    let refused = || Error::unsupported("spatial options other than one axis-order");
    let text = std::str::from_utf8(&text).map_err(|_| refused())?.to_ascii_lowercase();
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return Ok(Some(AxisOrder::Defined));
    }
    let (key, value) = text.split_once('=').ok_or_else(refused)?;
    if key.trim_matches(' ') != "axis-order" {
        return Err(refused());
    }
    match value.trim_matches(' ') {
        "srid-defined" => Ok(Some(AxisOrder::Defined)),
        "long-lat" => Ok(Some(AxisOrder::LongitudeFirst)),
        "lat-long" => Ok(Some(AxisOrder::LatitudeFirst)),
        _ => Err(refused()),
    }
}

/// Returns the type that a function reads; `None` where it reads all.
fn wanted(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("st_")?;
    Some(match name.split_once("from")?.0 {
        "point" => "POINT",
        "line" | "linestring" => "LINESTRING",
        "poly" | "polygon" => "POLYGON",
        "mpoint" | "multipoint" => "MULTIPOINT",
        "mline" | "multilinestring" => "MULTILINESTRING",
        "mpoly" | "multipolygon" => "MULTIPOLYGON",
        "geomcoll" | "geometrycollection" => "GEOMCOLLECTION",
        _ => return None,
    })
}

pub(super) fn of_text(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let text = convert::to_charset(text, Collation::UTF8MB4_BIN, call.context())?;
    let read = || std::str::from_utf8(&text).ok().and_then(Shape::of_wkt);
    finish(call, "WKT", &read)
}

pub(super) fn of_binary(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let bytes = match call.value(0)? {
        Value::Null => return Ok(Value::Null),
        Value::Text(bytes, _) => bytes,
        _ => return Err(invalid(call)),
    };
    let is_geometry = call.arg_kind(0).typ == Type::GEOMETRY;
    let read = || if is_geometry { None } else { Shape::of_wkb(&bytes) };
    finish(call, "WKB", &read)
}

/// Reads the other arguments, then the shape.
fn finish(
    call: &mut Call<'_, '_>,
    form: &str,
    read: &dyn Fn() -> Option<Shape>,
) -> Result<Value, Error> {
    let (srid, reference) = match call.len() {
        1 => (0, Reference::Plane),
        _ => match system(call, 1)? {
            Some(system) => system,
            None => return Ok(Value::Null),
        },
    };
    let mut order = AxisOrder::Defined;
    if call.len() > 2 {
        match axis_order(call, 2)? {
            Some(one) => order = one,
            None => return Ok(Value::Null),
        }
    }
    let shape = read().ok_or_else(|| invalid(call))?;
    if let Some(wanted) = wanted(name_of(call))
        && wanted != shape.name()
    {
        return Err(unexpected(call, form, &shape));
    }
    let told = order.applied(reference);
    let shape = shape.map_points(&|point| told.told(point));
    if reference == Reference::Degrees {
        check_shape(call, &shape)?;
    }
    Ok(made_in(srid, shape))
}
