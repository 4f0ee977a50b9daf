//! What lies around a geometry: envelopes, and the functions that compare them.

use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::{Bounds, Shape};

use super::{error, made, name_of, shape, shapes};
use crate::function::Call;

pub(super) fn envelope(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(shape) = shape(call, 0)? else { return Ok(Value::Null) };
    let bounds = shape.bounds().map(|bounds| bounds.shape());
    Ok(made(bounds.unwrap_or(Shape::Collection(Vec::new()))))
}

pub(super) fn make_envelope(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (one, two) = match shapes(call)? {
        None => return Ok(Value::Null),
        Some((Shape::Point(one), Shape::Point(two))) => (one, two),
        Some(_) => {
            let message = format!("Incorrect arguments to {}", name_of(call));
            return Err(error(1210, b"HY000", message));
        }
    };
    let bounds = Shape::MultiPoint(vec![one, two]).bounds();
    Ok(bounds.map_or(Value::Null, |bounds| made(bounds.shape())))
}

/// Compares the rectangles of two geometries; NULL if one has no point.
fn compared(call: &mut Call<'_, '_>, test: fn(&Bounds, &Bounds) -> bool) -> Result<Value, Error> {
    let Some((one, two)) = shapes(call)? else { return Ok(Value::Null) };
    Ok(match (one.bounds(), two.bounds()) {
        (Some(one), Some(two)) => Value::from(test(&one, &two)),
        _ => Value::Null,
    })
}

/// Returns whether the second lies in the first, not only on its edge.
fn holds(one: &Bounds, two: &Bounds) -> bool {
    one.covers(two) && one.overlaps_inside(two)
}

pub(super) fn contains(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    compared(call, holds)
}

pub(super) fn within(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    compared(call, |one, two| holds(two, one))
}

pub(super) fn covers(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    compared(call, Bounds::covers)
}

pub(super) fn covered_by(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    compared(call, |one, two| two.covers(one))
}

pub(super) fn disjoint(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    compared(call, |one, two| !one.intersects(two))
}

pub(super) fn intersects(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    compared(call, Bounds::intersects)
}

pub(super) fn touches(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    compared(call, |one, two| one.intersects(two) && !one.overlaps_inside(two))
}

pub(super) fn overlaps(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    compared(call, |one, two| one.overlaps_inside(two) && !one.covers(two) && !two.covers(one))
}

/// Empty geometries are equal to each other alone.
pub(super) fn equals(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((one, two)) = shapes(call)? else { return Ok(Value::Null) };
    Ok(Value::from(one.bounds() == two.bounds()))
}
