//! Geometries of numbers, and of other geometries.

use vt_base::Error;
use vt_value::geometry::{Point, Shape};
use vt_value::{Type, Value};

use super::{error, geometry, geometry_kind, invalid, made, name_of};
use crate::function::{Call, Signature};
use crate::kind::Kind;

/// Checks that every argument is a geometry.
pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let other = signature.args().iter().find(|arg| arg.kind.typ != Type::GEOMETRY);
    if let Some(arg) = other {
        let shown = arg.describe();
        let message = format!("Illegal non geometric '{shown}' value found during parsing");
        return Err(error(1367, b"22007", message));
    }
    geometry_kind(signature)
}

pub(super) fn point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(x) = call.real(0)? else { return Ok(Value::Null) };
    let Some(y) = call.real(1)? else { return Ok(Value::Null) };
    Ok(made(Shape::Point(Point { x, y })))
}

/// Computes all arguments and takes what is wanted out of each; `None` if one is NULL.
fn all<T>(call: &mut Call<'_, '_>, take: fn(Shape) -> Option<T>) -> Result<Option<Vec<T>>, Error> {
    let mut parts = Vec::with_capacity(call.len());
    for place in 0..call.len() {
        let Some(part) = geometry(call, place)? else { return Ok(None) };
        let wrong = || error(1210, b"HY000", format!("Incorrect arguments to {}", name_of(call)));
        parts.push(take(part.shape).ok_or_else(wrong)?);
    }
    Ok(Some(parts))
}

fn a_point(shape: Shape) -> Option<Point> {
    match shape {
        Shape::Point(point) => Some(point),
        _ => None,
    }
}

fn a_line(shape: Shape) -> Option<Vec<Point>> {
    match shape {
        Shape::LineString(points) => Some(points),
        _ => None,
    }
}

fn a_polygon(shape: Shape) -> Option<Vec<Vec<Point>>> {
    match shape {
        Shape::Polygon(rings) => Some(rings),
        _ => None,
    }
}

pub(super) fn line_string(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    match all(call, a_point)? {
        None => Ok(Value::Null),
        Some(points) if points.len() < 2 => Err(invalid(call)),
        Some(points) => Ok(made(Shape::LineString(points))),
    }
}

pub(super) fn polygon(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let is_ring = |points: &Vec<Point>| points.len() >= 4 && points.first() == points.last();
    match all(call, a_line)? {
        None => Ok(Value::Null),
        Some(rings) if !rings.iter().all(is_ring) => Err(invalid(call)),
        Some(rings) => Ok(made(Shape::Polygon(rings))),
    }
}

pub(super) fn multi_point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(all(call, a_point)?.map_or(Value::Null, |parts| made(Shape::MultiPoint(parts))))
}

pub(super) fn multi_line_string(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(all(call, a_line)?.map_or(Value::Null, |parts| made(Shape::MultiLineString(parts))))
}

pub(super) fn multi_polygon(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(all(call, a_polygon)?.map_or(Value::Null, |parts| made(Shape::MultiPolygon(parts))))
}

pub(super) fn collection(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(parts) = all(call, Some)? else { return Ok(Value::Null) };
    if parts.iter().any(|part| part.nesting() >= vt_value::geometry::NESTING_MAX) {
        return Err(Error::unsupported("collections that nest so deep"));
    }
    Ok(made(Shape::Collection(parts)))
}
