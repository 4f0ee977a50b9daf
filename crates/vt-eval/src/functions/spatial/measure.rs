//! Areas, lengths, distances, centres and hulls, in the plane without a reference system.

use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::{Point, Reference, Shape, convex_hull as hull, measure};

use super::relate::{meet, turn};
use super::{
    check_degrees, error, made, name_of, not_implemented, placed, shape, shapes, unexpected,
};
use crate::function::Call;

/// The most pairs of points that one call measures.
pub(super) const PAIRS_MAX: usize = 1 << 24;

/// The globe's radius in metres, where none is given.
const RADIUS: f64 = 6_370_986.0;

pub(super) fn too_much() -> Error {
    Error::unsupported("comparing geometries of so many points")
}

pub(super) fn area(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(match shape(call, 0)? {
        None => Value::Null,
        Some(Shape::Polygon(rings)) => Value::Float(measure::area(&rings)),
        Some(Shape::MultiPolygon(parts)) => {
            Value::Float(parts.iter().fold(0.0, |sum, rings| sum + measure::area(rings)))
        }
        Some(other) => return Err(unexpected(call, "POLYGON/MULTIPOLYGON", &other)),
    })
}

/// Refuses a unit, which numbers without a reference system do not have.
pub(super) fn unit_is_null(call: &mut Call<'_, '_>, place: usize) -> Result<bool, Error> {
    if call.len() <= place {
        return Ok(false);
    }
    let Some(unit) = super::geojson::utf8(call, place)? else { return Ok(true) };
    let message = format!(
        "The geometry passed to function {} is in SRID 0, which doesn't specify a length unit. \
         Can't convert to '{unit}'.",
        name_of(call)
    );
    Err(error(3882, b"SU001", message))
}

pub(super) fn length(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(shape) = shape(call, 0)? else { return Ok(Value::Null) };
    let length = match &shape {
        Shape::LineString(points) => measure::length([points.as_slice()]),
        Shape::MultiLineString(parts) => measure::length(parts.iter().map(Vec::as_slice)),
        _ => return Ok(Value::Null),
    };
    if unit_is_null(call, 1)? {
        return Ok(Value::Null);
    }
    Ok(Value::Float(length))
}

pub(super) fn centroid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(shape) = shape(call, 0)? else { return Ok(Value::Null) };
    if shape.is_empty() {
        return Ok(Value::Null);
    }
    let refused = || Error::unsupported("the centre of a geometry without size");
    let centre = measure::centroid(&shape).ok_or_else(refused)?;
    Ok(made(Shape::Point(centre)))
}

pub(super) fn convex_hull(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(shape) = shape(call, 0)? else { return Ok(Value::Null) };
    Ok(hull(&shape, turn).map_or(Value::Null, made))
}

/// The lines and single points of a shape.
fn outlines(shape: &Shape) -> Vec<&[Point]> {
    match shape {
        Shape::Point(point) => vec![std::slice::from_ref(point)],
        Shape::MultiPoint(points) => points.iter().map(std::slice::from_ref).collect(),
        Shape::LineString(points) => vec![points],
        Shape::Polygon(lines) | Shape::MultiLineString(lines) => {
            lines.iter().map(Vec::as_slice).collect()
        }
        Shape::MultiPolygon(parts) => parts.iter().flatten().map(Vec::as_slice).collect(),
        Shape::Collection(_) => Vec::new(),
    }
}

/// Returns the distance of lines that do not meet; of one point each likewise.
fn between(one: &[Point], two: &[Point]) -> f64 {
    let from_all = |points: &[Point], line: &[Point]| {
        let nearest = |point: &Point| match line {
            [single] => point.distance(*single),
            _ => line
                .windows(2)
                .map(|pair| measure::from_segment(*point, pair[0], pair[1]))
                .fold(f64::INFINITY, f64::min),
        };
        points.iter().map(nearest).fold(f64::INFINITY, f64::min)
    };
    match (one.len(), two.len()) {
        (1, _) => from_all(one, two),
        (_, 1) => from_all(two, one),
        _ => from_all(one, two).min(from_all(two, one)),
    }
}

pub(super) fn distance(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((one, two)) = shapes(call)? else { return Ok(Value::Null) };
    if unit_is_null(call, 2)? || one.is_empty() || two.is_empty() {
        return Ok(Value::Null);
    }
    if matches!(one, Shape::Collection(_)) || matches!(two, Shape::Collection(_)) {
        return Err(Error::unsupported("the distance of a collection"));
    }
    if let (Shape::Point(one), Shape::Point(two)) = (&one, &two) {
        return Ok(Value::Float(one.distance(*two)));
    }
    let (one_lines, two_lines) = (outlines(&one), outlines(&two));
    let count = |lines: &[&[Point]]| lines.iter().map(|line| line.len()).sum::<usize>();
    if count(&one_lines).saturating_mul(count(&two_lines)) > PAIRS_MAX {
        return Err(too_much());
    }
    if meet(&one, &two)? {
        return Ok(Value::Float(0.0));
    }
    let mut least = f64::INFINITY;
    for one in &one_lines {
        for two in &two_lines {
            least = least.min(between(one, two));
        }
    }
    Ok(Value::Float(least))
}

/// The points of what `ST_Distance_Sphere` takes.
fn places(shape: &Shape) -> Option<&[Point]> {
    match shape {
        Shape::Point(point) => Some(std::slice::from_ref(point)),
        Shape::MultiPoint(points) => Some(points),
        _ => None,
    }
}

pub(super) fn distance_sphere(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((one, reference)) = placed(call, 0)? else { return Ok(Value::Null) };
    let Some((two, _)) = placed(call, 1)? else { return Ok(Value::Null) };
    if reference == Reference::Degrees || one.srid != 0 || two.srid != 0 {
        return Err(super::other_system(one.srid.max(two.srid)));
    }
    let radius = match call.len() {
        2 => RADIUS,
        _ => match call.real(2)? {
            Some(radius) => radius,
            None => return Ok(Value::Null),
        },
    };
    let (Some(from), Some(to)) = (places(&one.shape), places(&two.shape)) else {
        return Err(not_implemented(call, &one.shape, &two.shape));
    };
    if radius <= 0.0 {
        let message = format!(
            "Invalid radius provided to function {}: Radius must be greater than zero.",
            name_of(call)
        );
        return Err(error(3706, b"22003", message));
    }
    for point in from.iter().chain(to) {
        check_degrees(call, *point)?;
    }
    if from.len().saturating_mul(to.len()) > PAIRS_MAX {
        return Err(too_much());
    }
    let mut least = f64::INFINITY;
    for one in from {
        for two in to {
            least = least.min(great_circle(*one, *two) * radius);
        }
    }
    Ok(Value::Float(least))
}

/// Returns the angle between two places on a globe, by the haversine formula.
fn great_circle(one: Point, two: Point) -> f64 {
    let haversine = |angle: f64| {
        let half = (angle * 0.5).sin();
        half * half
    };
    let radians = |degrees: f64| degrees * std::f64::consts::PI / 180.0;
    let (one_latitude, two_latitude) = (radians(one.y), radians(two.y));
    let across = haversine(radians(two.x) - radians(one.x));
    let square =
        haversine(two_latitude - one_latitude) + one_latitude.cos() * two_latitude.cos() * across;
    2.0 * square.sqrt().min(1.0).asin()
}
