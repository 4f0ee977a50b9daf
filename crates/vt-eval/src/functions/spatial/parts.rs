//! What geometries are made of.

use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::{Point, Shape};

use super::{geometry, made_in};
use crate::function::Call;

/// The rings of a polygon, the outer one first.
type Rings = Vec<Vec<Point>>;

fn shape(call: &mut Call<'_, '_>) -> Result<Option<Shape>, Error> {
    Ok(geometry(call, 0)?.map(|geometry| geometry.shape))
}

fn count(count: usize) -> Value {
    Value::Int(count as i64)
}

pub(super) fn geometry_type(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(shape(call)?.map_or(Value::Null, |shape| call.made(shape.name().as_bytes())))
}

pub(super) fn dimension(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let dimension = shape(call)?.and_then(|shape| shape.dimension());
    Ok(dimension.map_or(Value::Null, |dimension| Value::Int(dimension.into())))
}

pub(super) fn is_empty(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(shape(call)?.map_or(Value::Null, |shape| Value::from(shape.is_empty())))
}

/// Returns the points of a line with its reference system; `None` for every other shape.
fn line(call: &mut Call<'_, '_>) -> Result<Option<(u32, Vec<Point>)>, Error> {
    Ok(geometry(call, 0)?.and_then(|geometry| match geometry.shape {
        Shape::LineString(points) => Some((geometry.srid, points)),
        _ => None,
    }))
}

pub(super) fn number_of_points(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(line(call)?.map_or(Value::Null, |(_, points)| count(points.len())))
}

fn a_point(srid: u32, point: Option<&Point>) -> Value {
    point.map_or(Value::Null, |point| made_in(srid, Shape::Point(*point)))
}

pub(super) fn start_point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (srid, points) = line(call)?.unwrap_or_default();
    Ok(a_point(srid, points.first()))
}

pub(super) fn end_point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (srid, points) = line(call)?.unwrap_or_default();
    Ok(a_point(srid, points.last()))
}

pub(super) fn point_n(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (srid, points) = line(call)?.unwrap_or_default();
    let Some(place) = place(call)? else { return Ok(Value::Null) };
    Ok(a_point(srid, points.get(place)))
}

/// Computes the second argument, a place that counts from one, as one that counts from zero.
fn place(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    Ok(call.int(1)?.and_then(|place| usize::try_from(place.value).ok()?.checked_sub(1)))
}

pub(super) fn is_closed(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let closed = |points: &Vec<Point>| points.first() == points.last();
    let Some(geometry) = geometry(call, 0)? else { return Ok(Value::Null) };
    if geometry.srid != 0 {
        return Err(Error::unsupported("ST_ISCLOSED in a reference system"));
    }
    Ok(match geometry.shape {
        Shape::LineString(points) => Value::from(closed(&points)),
        Shape::MultiLineString(parts) => Value::from(parts.iter().all(closed)),
        _ => Value::Null,
    })
}

/// Returns the parts of what is made of several, with its reference system.
fn parts(call: &mut Call<'_, '_>) -> Result<Option<(u32, Vec<Shape>)>, Error> {
    let Some(geometry) = geometry(call, 0)? else { return Ok(None) };
    Ok(geometry.shape.parts().map(|parts| (geometry.srid, parts)))
}

pub(super) fn number_of_geometries(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(parts(call)?.map_or(Value::Null, |(_, parts)| count(parts.len())))
}

pub(super) fn geometry_n(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (srid, parts) = parts(call)?.unwrap_or_default();
    let Some(place) = place(call)? else { return Ok(Value::Null) };
    Ok(parts.get(place).cloned().map_or(Value::Null, |part| made_in(srid, part)))
}

/// Returns the rings of a polygon with its reference system; `None` for every other shape.
fn rings(call: &mut Call<'_, '_>) -> Result<Option<(u32, Rings)>, Error> {
    Ok(geometry(call, 0)?.and_then(|geometry| match geometry.shape {
        Shape::Polygon(rings) => Some((geometry.srid, rings)),
        _ => None,
    }))
}

fn a_ring(srid: u32, ring: Option<&Vec<Point>>) -> Value {
    ring.map_or(Value::Null, |ring| made_in(srid, Shape::LineString(ring.clone())))
}

pub(super) fn exterior_ring(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (srid, rings) = rings(call)?.unwrap_or_default();
    Ok(a_ring(srid, rings.first()))
}

pub(super) fn number_of_rings(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let rings = rings(call)?;
    Ok(rings.map_or(Value::Null, |(_, rings)| count(rings.len().saturating_sub(1))))
}

pub(super) fn interior_ring(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (srid, rings) = rings(call)?.unwrap_or_default();
    let Some(place) = place(call)? else { return Ok(Value::Null) };
    Ok(a_ring(srid, rings.get(place.saturating_add(1))))
}
