//! Coordinates and reference systems, told and changed.

use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::{Geometry, Point, Reference, Shape};

use super::{
    check_latitude, check_longitude, check_shape, count_kind, error, float_kind, geometry,
    geometry_kind, made_in, name_of, placed, system, unexpected,
};
use crate::function::{Call, Signature};
use crate::kind::Kind;

/// A number is told, a point with another is made.
pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.len() > 1 { geometry_kind(signature) } else { float_kind(signature) }
}

pub(super) fn srid_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.len() > 1 { geometry_kind(signature) } else { count_kind(signature) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    First,
    Second,
    Latitude,
    Longitude,
}

impl Axis {
    /// Returns whether it is what a point of this system keeps as x.
    fn is_x(self, reference: Reference) -> bool {
        match self {
            Axis::Longitude => true,
            Axis::Latitude => false,
            Axis::First => reference == Reference::Plane,
            Axis::Second => reference == Reference::Degrees,
        }
    }
}

pub(super) fn x(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    coordinate(call, Axis::First)
}

pub(super) fn y(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    coordinate(call, Axis::Second)
}

pub(super) fn latitude(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    coordinate(call, Axis::Latitude)
}

pub(super) fn longitude(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    coordinate(call, Axis::Longitude)
}

fn coordinate(call: &mut Call<'_, '_>, axis: Axis) -> Result<Value, Error> {
    let Some((geometry, reference)) = placed(call, 0)? else { return Ok(Value::Null) };
    let new = match call.len() {
        1 => None,
        _ => match call.real(1)? {
            Some(new) => Some(new),
            None => return Ok(Value::Null),
        },
    };
    let Shape::Point(mut point) = geometry.shape else {
        return Err(unexpected(call, "POINT", &geometry.shape));
    };
    if matches!(axis, Axis::Latitude | Axis::Longitude) && reference == Reference::Plane {
        let message = format!(
            "Function {} is only defined for geographic spatial reference systems, but one of \
             its arguments is in SRID {}, which is not geographic.",
            name_of(call),
            geometry.srid
        );
        return Err(error(3726, b"22S00", message));
    }
    let is_x = axis.is_x(reference);
    let Some(new) = new else {
        return Ok(Value::Float(if is_x { point.x } else { point.y }));
    };
    if reference == Reference::Degrees {
        if is_x { check_longitude(call, new)? } else { check_latitude(call, new)? }
    }
    if is_x {
        point.x = new;
    } else {
        point.y = new;
    }
    Ok(made_in(geometry.srid, Shape::Point(point)))
}

pub(super) fn srid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(Geometry { srid, shape }) = geometry(call, 0)? else { return Ok(Value::Null) };
    if call.len() == 1 {
        return Ok(Value::Int(srid.into()));
    }
    let Some((srid, reference)) = system(call, 1)? else { return Ok(Value::Null) };
    if reference == Reference::Degrees && check_shape(call, &shape).is_err() {
        return Err(Error::unsupported("a geometry whose points are not on the globe"));
    }
    Ok(made_in(srid, shape))
}

pub(super) fn swap(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((geometry, reference)) = placed(call, 0)? else { return Ok(Value::Null) };
    let shape = geometry.shape.map_points(&|point| Point { x: point.y, y: point.x });
    if reference == Reference::Degrees && check_shape(call, &shape).is_err() {
        return Err(Error::unsupported("a geometry whose points are not on the globe"));
    }
    Ok(made_in(geometry.srid, shape))
}
