//! Points along lines, and how far two lines lie apart.

use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::{Point, Shape, measure};

use super::measure::{PAIRS_MAX, too_much, unit_is_null};
use super::{made, not_implemented, out_of_range, shape, shapes, unexpected};
use crate::function::Call;

/// Computes a line and a number; `None` if one is NULL.
fn line_and_number(call: &mut Call<'_, '_>) -> Result<Option<(Vec<Point>, f64)>, Error> {
    let Some(shape) = shape(call, 0)? else { return Ok(None) };
    let Some(number) = call.real(1)? else { return Ok(None) };
    match shape {
        Shape::LineString(points) => Ok(Some((points, number))),
        other => Err(unexpected(call, "LINESTRING", &other)),
    }
}

fn point_along(points: &[Point], distance: f64) -> Value {
    let point = measure::along(points, distance);
    point.map_or(Value::Null, |point| made(Shape::Point(point)))
}

pub(super) fn interpolate_point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((points, part)) = line_and_number(call)? else { return Ok(Value::Null) };
    if !(0.0..=1.0).contains(&part) {
        return Err(out_of_range(call, "Distance"));
    }
    Ok(point_along(&points, measure::length([points.as_slice()]) * part))
}

pub(super) fn point_at_distance(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((points, distance)) = line_and_number(call)? else { return Ok(Value::Null) };
    if !(0.0..=measure::length([points.as_slice()])).contains(&distance) {
        return Err(out_of_range(call, "Distance"));
    }
    Ok(point_along(&points, distance))
}

pub(super) fn frechet(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((one, two)) = shapes(call)? else { return Ok(Value::Null) };
    let (Shape::LineString(from), Shape::LineString(to)) = (&one, &two) else {
        if one.is_empty() || two.is_empty() {
            return Ok(Value::Null);
        }
        return Err(not_implemented(call, &one, &two));
    };
    if unit_is_null(call, 2)? {
        return Ok(Value::Null);
    }
    if from.len().saturating_mul(to.len()) > PAIRS_MAX {
        return Err(too_much());
    }
    Ok(measure::frechet(from, to).map_or(Value::Null, Value::Float))
}

/// Computes the discrete Hausdorff distance, of the points alone.
pub(super) fn hausdorff(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((one, two)) = shapes(call)? else { return Ok(Value::Null) };
    if one.is_empty() || two.is_empty() {
        return Ok(Value::Null);
    }
    let lines = |shape: &Shape| match shape {
        Shape::Point(point) => Some(vec![vec![*point]]),
        Shape::LineString(points) | Shape::MultiPoint(points) => Some(vec![points.clone()]),
        Shape::MultiLineString(parts) => Some(parts.clone()),
        _ => None,
    };
    let of_points = |shape: &Shape| matches!(shape, Shape::Point(_) | Shape::MultiPoint(_));
    let both_single = matches!((&one, &two), (Shape::Point(_), Shape::Point(_)));
    let (Some(from), Some(to)) = (lines(&one), lines(&two)) else {
        return Err(not_implemented(call, &one, &two));
    };
    if of_points(&one) != of_points(&two) || both_single {
        return Err(not_implemented(call, &one, &two));
    }
    if unit_is_null(call, 2)? {
        return Ok(Value::Null);
    }
    let count = |lines: &[Vec<Point>]| lines.iter().map(Vec::len).sum::<usize>();
    if count(&from).saturating_mul(count(&to)) > PAIRS_MAX {
        return Err(too_much());
    }
    let pairs = from.iter().flat_map(|one| to.iter().map(move |two| (one, two)));
    let farthest =
        pairs.filter_map(|(one, two)| measure::directed_hausdorff(one, two)).reduce(f64::max);
    Ok(farthest.map_or(Value::Null, Value::Float))
}
